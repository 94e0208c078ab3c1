# SPDX-License-Identifier: Apache-2.0
"""Passwords at rest: only the key opens them, only at their place, and nobody shows them."""

import logging
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from loadstone.adapters.store import SqlStore, open_store
from loadstone.adapters.store.schema import credentials
from loadstone.adapters.store.sealing import key_in_memory, make_key, read_key
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.machine import Credential

SECRET = Credential(user="root", password="very-secret")


def opened(folder: Path, key: str = "store.key") -> SqlStore:
    return open_store("sqlite:///agent.db", Path(key), folder)


def sealed(store: SqlStore) -> list[tuple[str, str, bytes]]:
    with store._database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(credentials))]


@given(st.binary(), st.lists(st.text(), max_size=3))
def test_what_is_sealed_opens_at_its_place(plain, place):
    key = key_in_memory()
    assert key.open(key.seal(plain, *place), *place) == plain


@given(st.data())
def test_what_was_changed_in_a_single_byte_does_not_open(data):
    key = key_in_memory()
    whole = bytearray(key.seal(b"secret", "site", "machine"))
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(InputError, match="does not open"):
        key.open(bytes(whole), "site", "machine")


@pytest.mark.parametrize("cut", [b"", b"\x01", b"\x01" + bytes(12)])
def test_what_was_cut_does_not_open(cut):
    with pytest.raises(InputError, match="does not open"):
        key_in_memory().open(cut)


def test_two_places_that_read_alike_are_two_places():
    key = key_in_memory()
    with pytest.raises(InputError, match="does not open"):
        key.open(key.seal(b"x", "a b", "c"), "a", "b c")


def test_the_same_password_is_never_sealed_alike():
    key = key_in_memory()
    assert len({key.seal(b"x", "place") for _ in range(100)}) == 100


def test_a_key_is_made_once_for_its_owner_alone(tmp_path):
    file = tmp_path / "keys" / "store.key"
    made = make_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert make_key(file).open(made.seal(b"x")) == b"x"
    assert [path.name for path in file.parent.iterdir()] == ["store.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622])
def test_a_key_that_others_may_touch_is_refused_with_what_to_do(tmp_path, mode):
    file = tmp_path / "store.key"
    make_key(file)
    file.chmod(mode)
    with pytest.raises(InputError, match=rf"chmod 600 {file}"):
        read_key(file)


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 44, b"QUJD"])
def test_a_file_that_holds_no_key_is_refused(tmp_path, content):
    file = tmp_path / "store.key"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(InputError, match="32 bytes"):
        read_key(file)


def test_a_key_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutsideError, match="key file"):
        make_key(tmp_path / "file" / "store.key")


def test_a_key_that_cannot_be_read_is_told(tmp_path):
    with pytest.raises(OutsideError, match="key file"):
        read_key(tmp_path)


def test_the_wrong_key_is_told_before_anything_is_read(tmp_path):
    opened(tmp_path).close()
    make_key(tmp_path / "other.key")
    with pytest.raises(InputError, match=r"other\.key.*not the key of this store"):
        opened(tmp_path, "other.key")


@pytest.mark.skipif(os.name != "posix", reason="Windows syncs no folders")
def test_a_key_is_on_the_disk_with_its_name_before_anything_is_sealed(tmp_path, monkeypatch):
    synced, sync = [], os.fsync

    def noted(handle):
        synced.append(stat.S_ISDIR(os.fstat(handle).st_mode))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    make_key(tmp_path / "k")
    assert synced == [False, True]


def test_a_key_that_is_lost_is_not_made_anew(tmp_path):
    opened(tmp_path).close()
    (tmp_path / "store.key").unlink()
    with pytest.raises(InputError, match="put it back"):
        opened(tmp_path)
    assert not (tmp_path / "store.key").exists()


def test_a_password_is_nowhere_in_the_file(tmp_path):
    store = opened(tmp_path)
    store.put_credential("north", "a", SECRET)
    store.close()
    content = b"".join(path.read_bytes() for path in tmp_path.glob("agent.db*"))
    assert b"north" in content
    assert b"secret" not in content
    assert b"root" not in content


def test_a_row_that_is_copied_to_another_machine_does_not_open(tmp_path):
    store = opened(tmp_path)
    store.put_credential("north", "a", SECRET)
    store.put_credential("north", "b", Credential(user="", password=""))
    ((_, _, of_a), _) = sealed(store)
    with store._database.writing() as connection:
        moved = update(credentials).where(credentials.c.machine == "b").values(sealed=of_a)
        connection.execute(moved)
    with pytest.raises(InputError, match="north b"):
        store.credentials("north")


def test_a_new_key_opens_everything_and_the_old_one_nothing(tmp_path):
    store = opened(tmp_path)
    store.put_credential("north", "a", SECRET)
    store.put_credential("south", "", SECRET)
    before = sealed(store)
    assert store.rekey(tmp_path / "store.key", tmp_path / "new.key") == 2
    assert store.credentials("north") == {"a": SECRET}
    assert not {row[2] for row in before} & {row[2] for row in sealed(store)}
    store.close()
    with pytest.raises(InputError, match="not the key of this store"):
        opened(tmp_path)
    assert opened(tmp_path, "new.key").credentials("south") == {"": SECRET}


def test_a_program_that_was_opened_with_the_old_key_seals_nothing_with_it(tmp_path):
    scan, store = opened(tmp_path), opened(tmp_path)
    store.put_credential("north", "a", SECRET)
    store.rekey(tmp_path / "store.key", tmp_path / "new.key")
    with pytest.raises(InputError, match="not the key of this store"):
        scan.put_credential("north", "b", SECRET)
    assert store.credentials("north") == {"a": SECRET}


def test_a_change_of_key_that_fails_changes_nothing(tmp_path):
    store = opened(tmp_path)
    store.put_credential("north", "a", SECRET)
    make_key(tmp_path / "wrong.key")
    with pytest.raises(InputError, match="not the key of this store"):
        store.rekey(tmp_path / "wrong.key", tmp_path / "new.key")
    assert opened(tmp_path).credentials("north") == {"a": SECRET}


def test_no_error_repr_or_log_shows_a_secret(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    store = opened(tmp_path)
    store.put_credential("north", "a", SECRET)
    key = (tmp_path / "store.key").read_text().strip()
    shown = [repr(store), repr(store._key), repr(store.credentials("north")), caplog.text]
    (tmp_path / "agent.db").rename(tmp_path / "away")
    (tmp_path / "agent.db").mkdir()
    store.close()
    for path in tmp_path.glob("agent.db-*"):
        path.unlink()
    with pytest.raises(OutsideError) as told:
        store.put_credential("north", "b", SECRET)
    shown.append(str(told.value))
    assert not [text for text in shown if "very-secret" in text or key in text]


def test_the_password_of_a_database_is_never_shown(tmp_path):
    with pytest.raises(OutsideError) as told:
        open_store("postgresql://me:very-secret@127.0.0.1:1/x", tmp_path / "k")
    assert "very-secret" not in str(told.value)
    assert "127.0.0.1:1" in str(told.value)
    with pytest.raises(InputError) as wrong:
        open_store("mysql://me:very-secret@host/x")
    assert "very-secret" not in str(wrong.value)


def test_the_key_file_is_sought_from_the_folder(tmp_path):
    opened(tmp_path, "keys/a.key").close()
    assert (tmp_path / "keys" / "a.key").exists()
    assert os.listdir(tmp_path / "keys") == ["a.key"]  # noqa: PTH208
