# SPDX-License-Identifier: Apache-2.0
"""`loadstone rekey`: another key for the passwords, and nothing in between."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from loadstone.adapters.files.agent_files import AgentLock
from loadstone.adapters.store import open_store
from loadstone.adapters.store.sealing import make_key
from loadstone.apps.cli import app
from loadstone.model.errors import InputError
from loadstone.model.operations.machine import Credential

SECRET = Credential(user="root", password="very secret")
URL = "sqlite:///operate/agent.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A network folder whose store keeps a password."""
    made = tmp_path / "campus"
    assert run("new", made).exit_code == 0
    store = open_store(URL, Path("operate.key"), made)
    store.put_credential("araguari", "", SECRET)
    store.close()
    return made


def run(command: str, *words: object) -> Result:
    return CliRunner().invoke(app, [command, *map(str, words)])


def opened_by(folder: Path, key: str) -> bool:
    try:
        store = open_store(URL, Path(key), folder)
    except InputError:
        return False
    found = store.credentials("araguari")
    store.close()
    return found == {"": SECRET}


def test_another_key_opens_the_passwords_and_stands_in_the_file(folder):
    before = (folder / "operate.toml").read_text(encoding="utf-8")
    result = run("rekey", folder, "keys/2027.key")
    assert result.exit_code == 0, result.output
    assert "1 password is sealed with keys/2027.key" in result.output
    assert not opened_by(folder, "operate.key")
    assert opened_by(folder, "keys/2027.key")
    after = (folder / "operate.toml").read_text(encoding="utf-8")
    assert after == before.replace('key_file = "operate.key"', 'key_file = "keys/2027.key"')
    assert (folder / "keys" / "2027.key").stat().st_mode & 0o077 == 0
    assert run("events", folder).exit_code == 0  # other commands find the new key
    secret = SECRET.password.encode()
    assert all(secret not in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_the_answer_is_one_object(folder):
    said = json.loads(run("rekey", folder, "new.key", "--json").output)
    assert (said["passwords"], said["key_file"], said["old_key_file"]) == (
        *(1, "new.key"),
        "operate.key",
    )


def test_the_key_of_a_site_that_runs_is_not_changed(folder):
    lock = AgentLock(folder / "operate" / "araguari")
    assert lock.take()
    result = run("rekey", folder, "new.key")
    lock.let_go()
    assert result.exit_code == 2
    assert "must be stopped first" in result.output
    assert opened_by(folder, "operate.key")
    assert not (folder / "new.key").exists()
    assert run("rekey", folder, "new.key").exit_code == 0


def test_what_was_cut_off_before_the_file_was_written_is_finished_by_asking_again(folder):
    store = open_store(URL, Path("operate.key"), folder)
    store.rekey(folder / "operate.key", folder / "new.key")
    store.close()  # and here the program was killed
    assert run("events", folder).exit_code == 2
    result = run("rekey", folder, "new.key")
    assert result.exit_code == 0, result.output
    assert opened_by(folder, "new.key")
    assert 'key_file = "new.key"' in (folder / "operate.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("key", ["operate.key", "./operate.key", ""])
def test_the_same_key_again_is_refused(folder, key):
    result = run("rekey", folder, key)
    assert result.exit_code == 2
    assert "must be another file than operate.key" in result.output


def test_a_file_that_is_no_key_changes_nothing(folder):
    before = (folder / "operate.toml").read_bytes()
    result = run("rekey", folder, "network.toml")
    assert result.exit_code == 2
    assert "network.toml" in result.output
    assert opened_by(folder, "operate.key")
    assert (folder / "operate.toml").read_bytes() == before


def test_a_lost_key_is_told_and_no_other_takes_its_place(folder):
    (folder / "operate.key").unlink()
    make_key(folder / "other.key")
    result = run("rekey", folder, "other.key")
    assert result.exit_code == 2
    assert "operate.key" in result.output
    assert "put it back" in result.output
