# SPDX-License-Identifier: Apache-2.0

import threading

import pytest

from loadstone.adapters.files.agent_files import (
    LEASE,
    LOCK,
    STATUS,
    TAKEN,
    WATCHDOG,
    AgentFiles,
    AgentLock,
)
from loadstone.model.errors import OutsideError
from loadstone.model.operations.event import EventState
from loadstone.model.operations.status import EventStatus, MeterStatus, Status
from loadstone.model.operations.target import Entry, PowerLease


def entry(text: str) -> Entry:
    return Entry(at_s=1.0, site="a", kind="watchdog", text=text)


def test_a_lease_comes_back_as_it_was_written(tmp_path):
    files = AgentFiles(tmp_path / "a")
    assert files.read_lease() is None
    lease = PowerLease(site="a", pool="mining", mw=2.0, number=7, granted_s=1.0, expires_s=31.0)
    files.write_lease(lease)
    assert files.read_lease() == lease
    assert [path.name for path in (tmp_path / "a").iterdir()] == [LEASE]


def test_a_status_comes_back_as_it_was_written(tmp_path):
    files = AgentFiles(tmp_path)
    status = Status(
        site="a",
        at_s=2.0,
        started_s=1.0,
        by_state=(("unknown", 3),),
        meters=(MeterStatus(id="feeder", main=True, reason="timeout"),),
        events=(
            EventStatus(
                id="e", kind="stop", mw=0.0, source="operator",
                state=EventState.ACTIVE, starts_s=1.0, ends_s=None,
            ),
        ),
    )  # fmt: skip
    files.write_status(status)
    assert files.read_status() == status


@pytest.mark.parametrize(
    "said", [b'{"site": ', b"", b"null", b"[1]", b"\xff\x00", b'{"site": 1, "at_s": "now"}']
)
def test_a_file_that_somebody_broke_is_told(tmp_path, said):
    (tmp_path / STATUS).write_bytes(said)
    with pytest.raises(OutsideError, match="not what this version writes"):
        AgentFiles(tmp_path).read_status()


def test_a_file_that_cannot_be_read_is_told_with_what_to_do(tmp_path):
    (tmp_path / STATUS).mkdir()
    with pytest.raises(OutsideError, match="see that it can be read"):
        AgentFiles(tmp_path).read_status()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "a").write_text("a file where a folder should be")
    with pytest.raises(OutsideError, match="lease"):
        AgentFiles(tmp_path / "a").write_lease(
            PowerLease(site="a", pool="mining", mw=1, number=1, granted_s=0, expires_s=1)
        )


def record(files: AgentFiles, clear: bool = False) -> list[str]:
    return [one.text for one in files.watchdog_record(clear)]


def test_the_watchdogs_record_is_kept_until_it_is_in_the_store(tmp_path):
    files = AgentFiles(tmp_path)
    files.add_watchdog(entry("one"))
    files.add_watchdog(entry("two"))
    with (tmp_path / WATCHDOG).open("a") as file:
        file.write('{"at_s": 3')  # cut off by a crash
    assert record(files) == ["one", "two"]
    assert record(files, clear=True) == ["one", "two"]
    assert record(files) == []


def test_a_line_is_not_lost_behind_one_that_was_cut_off(tmp_path):
    files = AgentFiles(tmp_path)
    (tmp_path / WATCHDOG).write_bytes(b'{"at_s": 3, "text": "\xff')
    files.add_watchdog(entry("one"))
    assert record(files) == ["one"]


def test_a_line_written_while_others_go_to_the_store_comes_after_them(tmp_path):
    files = AgentFiles(tmp_path)
    files.add_watchdog(entry("one"))
    assert record(files) == ["one"]
    files.add_watchdog(entry("two"))
    assert record(files, clear=True) == ["one"]
    assert record(files) == ["two"]


def test_what_a_crash_left_aside_is_read_next_time_and_not_written_over(tmp_path):
    files = AgentFiles(tmp_path)
    files.add_watchdog(entry("one"))
    record(files)  # and the agent dies
    files.add_watchdog(entry("two"))
    after = AgentFiles(tmp_path)
    assert (record(after), record(after, clear=True)) == (["one"], ["one"])
    assert record(after) == ["two"]
    assert [path.name for path in tmp_path.iterdir()] == [TAKEN]


def test_nothing_is_lost_between_one_who_writes_and_one_who_takes(tmp_path):
    files, found = AgentFiles(tmp_path), []
    lines = [f"line {number}" for number in range(200)]
    writing = threading.Thread(target=lambda: [files.add_watchdog(entry(one)) for one in lines])
    writing.start()
    while writing.is_alive():
        found += record(files)
        files.watchdog_record(True)
    writing.join()
    found += record(files)
    assert list(dict.fromkeys(found)) == lines


def test_one_agent_holds_the_lock_of_a_site(tmp_path):
    first, second = AgentLock(tmp_path), AgentLock(tmp_path)
    assert not second.held()
    assert first.take()
    assert second.held()
    assert not second.take()
    first.let_go()
    assert not second.held()
    assert second.take()
    second.let_go()


def test_who_only_looks_at_a_lock_is_no_holder_and_keeps_nobody_from_taking_it(tmp_path):
    fcntl = pytest.importorskip("fcntl", reason="Windows has no lock that is shared")
    lock, other = AgentLock(tmp_path), (tmp_path / LOCK).open("a+")
    fcntl.flock(other, fcntl.LOCK_SH)  # somebody looks, and is slow
    assert not AgentLock(tmp_path).held()
    threading.Timer(0.1, other.close).start()
    assert lock.take(wait_s=30.0)
    assert AgentLock(tmp_path).held()
    lock.let_go()
