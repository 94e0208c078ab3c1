# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a command of operation is said in a line, and nothing is lost by it."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from loadstone.apps.cli import app
from loadstone.model.operations.event import EventState
from tests.apps.operations.real_site import SITE, RealSite, free_ports

WRONG, OUTSIDE = 2, 3
GOES_ON = ["--site", SITE, "--stop"]
A_YEAR = "must be at most a year ahead"
BESIDE = "must be a site of operate.toml: araguari"
LENGTH = "must be a length of time"
NOT_A_FOLDER = "must be a network folder"

COMMANDS = [
    (["status", "--site", "nowhere"], BESIDE),
    (["machines", "--site", "nowhere"], BESIDE),
    (["events", "--site", "nowhere"], BESIDE),
    (["operate", "--site", "nowhere"], BESIDE),
    (["scan", "127.0.0.1", "--site", "nowhere"], BESIDE),
    (["curtail", "--stop", "--site", "nowhere"], BESIDE),
    (["release", "--event", "nothing"], "is not there"),
    (["release", "--event", "kept", "--abort"], "must say why"),
    (["proof", "--event", "nothing"], "must be the id of an event"),
    (["proof", "--event", "kept"], "active"),
    (["curtail", "--site", SITE], "must be one of --to-mw, --by-mw and --stop"),
    (["curtail", *GOES_ON, "--by-mw", "1"], "must be one of --to-mw, --by-mw and --stop"),
    *(
        (["curtail", "--site", SITE, "--to-mw", value], "below the site's limit, 1 MW")
        for value in ("-1", "nan", "inf", "1.0", "5")
    ),
    *(
        (["curtail", "--site", SITE, "--by-mw", value], "at most the site's limit, 1 MW")
        for value in ("-1", "nan", "inf", "0", "5")
    ),
    (["curtail", *GOES_ON, "--for", "0s"], "a week at most"),
    (["curtail", *GOES_ON, "--for", "8d"], "a week at most"),
    (["curtail", *GOES_ON, "--for", "-5min"], LENGTH),
    (["curtail", *GOES_ON, "--for", "\u0663min"], LENGTH),
    (["curtail", *GOES_ON, "--at", "yesterday"], "must be a time such as"),
    (["curtail", *GOES_ON, "--at", "2027-01-15T18:00"], "must have its offset"),
    (["curtail", *GOES_ON, "--at", "2020-01-01T00:00Z"], "must not have passed"),
    (["curtail", *GOES_ON, "--at", "9999-12-31T00:00Z"], A_YEAR),
    (["curtail", *GOES_ON, "--at", "+99999999999d"], A_YEAR),
    (["curtail", *GOES_ON, "--notice", "99999999999d"], A_YEAR),
    (["curtail", *GOES_ON, "--at", "+1min", "--notice", "9min"], "must leave 9min of notice"),
    (["operate", "--speed", "0"], "--speed"),
    (["operate", "--speed", "nan", "--simulated"], "--speed"),
    (["operate", "--for", "soon"], LENGTH),
    (["scan", "10.0.0.0/8"], "addresses"),
    (["scan", "10.0.0.9-10.0.0.1"], "must not end before it begins"),
    (["scan", "127.0.0.1", "--port", "luxos=99999"], "must be FAMILY=PORT"),
    (["scan", "127.0.0.1", "--group", "nothing"], "must be one of hall-1"),
    (["scan", "127.0.0.1", "--model", "nothing"], "must be the id of a miner"),
]
NO_STORE = "postgresql+psycopg://u@127.0.0.1:{port}/none"
FILES = [
    ("limit_mw = 1.0", "limit_mw = -1.0", WRONG, "limit_mw = -1.0: must be finite and above 0"),
    ("limit_mw = 1.0", "limit_mw = nan", WRONG, "must be a finite number"),
    ("tick_s = 0.2", "tick_s = 0", WRONG, "timing.tick_s = 0.0: must be finite and above 0"),
    ("tick_s = 0.2", 'tick_s = "x"', WRONG, "must be a number"),
    ("\nstale_s = 6.0", "\nstale_s = 0.5", WRONG, "must be above sweep_s = 1.0"),
    ("[[sites.groups]]", "[[sites.groups", WRONG, "must be TOML"),
    (f'site = "{SITE}"', 'site = "araguary"', WRONG, "such as araguari"),
    ('family = "luxos"', 'family = "luxor"', WRONG, "must be one of antminer"),
    ('"operate.key"', '"network.toml"', WRONG, "key"),
    ('"operate.key"', '"other.key"', WRONG, "is missing: put it back"),
    ("sqlite:///operate/agent.db", "oracle://x", WRONG, "must begin with sqlite:///"),
    ("sqlite:///operate/agent.db", "sqlite:///operate.toml", OUTSIDE, "not a database"),
    ("sqlite:///operate/agent.db", "sqlite:////proc/x/a.db", OUTSIDE, "see its folder"),
    ("sqlite:///operate/agent.db", NO_STORE, OUTSIDE, "see that the server runs"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory):
    made = RealSite(tmp_path_factory.mktemp("wrong"), each=2)
    made.curtail(to_mw=0.05, id_="kept")
    yield made
    made.store.close()


def run(command: list[str], folder: Path) -> Result:
    words = [command[0], str(folder), *command[1:]]
    return CliRunner().invoke(app, words)


def check(result: Result, code: int, words: str) -> None:
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert words in result.output
    assert "Traceback" not in result.output
    (line,) = [one for one in result.output.splitlines() if one.startswith("error: ")]
    assert line


@pytest.mark.parametrize(("command", "words"), COMMANDS, ids=lambda one: str(one)[:60])
def test_a_wrong_command_is_told_in_a_line_and_changes_nothing(
    command: list[str], words: str, site: RealSite
) -> None:
    before = (site.folder / "operate.toml").read_bytes()
    check(run(command, site.folder), WRONG, words)
    (kept,) = site.store.events(SITE, open_only=False)
    assert kept.state is EventState.RECEIVED
    assert (site.folder / "operate.toml").read_bytes() == before


@pytest.mark.parametrize(("good", "bad", "code", "words"), FILES, ids=lambda one: str(one)[:40])
def test_a_wrong_file_is_told_in_a_line_and_changes_nothing(
    good: str, bad: str, code: int, words: str, site: RealSite
) -> None:
    path = site.folder / "operate.toml"
    kept = path.read_text(encoding="utf-8")
    assert good in kept
    path.write_text(kept.replace(good, bad.format(port=free_ports(1)[0]), 1), encoding="utf-8")
    try:
        for command in (["status"], ["operate", "--for", "1s"]):
            check(run(command, site.folder), code, words)
    finally:
        path.write_text(kept, encoding="utf-8")
    assert len(site.store.events(SITE, open_only=False)) == 1


def test_a_folder_that_is_none_and_a_file_that_is_no_text_are_told(
    site: RealSite, tmp_path: Path
) -> None:
    for folder in (tmp_path / "nowhere", site.folder / "operate.toml", Path("/dev/null")):
        check(run(["status"], folder), WRONG, NOT_A_FOLDER)
    spoilt = tmp_path / "fleet.toml"
    spoilt.write_bytes(b"\xff\xfe\x00 no text")
    check(run(["fleet-sim"], spoilt), WRONG, "must be TOML")
    check(run(["fleet-sim"], tmp_path), WRONG, "must be readable")


def test_an_order_is_not_told_as_failed_because_a_file_for_onlookers_is_spoilt(
    tmp_path: Path,
) -> None:
    site = RealSite(tmp_path, each=2)
    site.files.folder.mkdir(parents=True)
    (site.files.folder / "status.json").write_text("{half", encoding="utf-8")
    result = run(["curtail", "--site", SITE, "--stop"], site.folder)
    assert result.exit_code == 0
    assert "NO AGENT RUNS" in result.output
    (event,) = site.store.events(SITE)
    assert run(["release", "--event", event.id], site.folder).exit_code == 0
    site.store.close()


@pytest.mark.parametrize("said", [b"{half", b"\xff\x00", b'{"site": 1, "at_s": "now"}'])
def test_a_status_that_is_spoilt_is_unknown_and_stops_no_command(
    tmp_path: Path, said: bytes
) -> None:
    site = RealSite(tmp_path, each=2)
    site.files.folder.mkdir(parents=True)
    (site.files.folder / "status.json").write_bytes(said)
    result = run(["status"], site.folder)
    assert result.exit_code == 0
    page = " ".join(result.output.split())
    assert "CANNOT BE READ" in page
    assert "it is written anew when the agent runs" in page
    (told,) = json.loads(run(["status", "--json"], site.folder).output)["sites"]
    assert (told["alive"], told["status"], told["power_mw"]) == (False, None, None)
    assert told["unread"].count("status.json") == 1
    for command in ("machines", "events"):
        assert run([command], site.folder).exit_code == 0
    site.store.close()


def test_what_is_spoilt_is_named_with_what_to_do(tmp_path: Path) -> None:
    site = RealSite(tmp_path, each=2)
    key, database = site.folder / "operate.key", site.folder / "operate" / "agent.db"
    good = key.read_bytes()
    key.write_bytes(b"rubbish")
    check(run(["status"], site.folder), WRONG, "must hold a key of 32 bytes")
    key.write_bytes(good)
    key.chmod(0o644)
    check(run(["status"], site.folder), WRONG, "chmod 600")
    key.chmod(0o600)
    site.store.close()
    database.write_bytes(b"rubbish " * 1000)
    check(run(["curtail", "--site", SITE, "--stop"], site.folder), OUTSIDE, "not a database")
    assert database.read_bytes() == b"rubbish " * 1000
