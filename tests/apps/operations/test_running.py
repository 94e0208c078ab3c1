# SPDX-License-Identifier: Apache-2.0
"""Processes beside an agent: which of them is taken for the one that serves."""

import asyncio
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from loadstone.apps.operations import running
from loadstone.apps.operations.children import Child
from loadstone.apps.operations.places import FLEET, read_place
from loadstone.apps.operations.running import Course
from loadstone.apps.operations.served import Served, write_served
from tests.apps.cli.commands import run

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def campus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("running") / "campus"
    run("new", folder)
    return read_place(folder, NOW.date(), simulated=True)


def served(pid: int) -> Served:
    return Served(pid=pid, speed=1.0, start_s=0.0, machines={}, meters=(), switches=())


def test_a_fleet_that_was_killed_is_not_taken_for_the_one_that_comes_up(campus, monkeypatch):
    terms = campus.operation.sites[0]
    folder, lock = campus.agent_folder(terms.site), campus.lock(terms.site, FLEET)
    write_served(folder, served(1))  # and its process was killed

    def start(_: Child) -> None:
        assert lock.take()  # it is up, and tells only then where it answers
        threading.Timer(0.3, write_served, (folder, served(2))).start()

    monkeypatch.setattr(Child, "start", start)
    asyncio.run(running._fleet_up(campus, terms, 1.0))
    assert campus.served(terms.site) == served(2)
    lock.let_go()


def test_a_process_with_the_number_of_a_fleet_that_was_killed_is_left_alone(campus):
    terms = campus.operation.sites[0]
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    write_served(campus.agent_folder(terms.site), served(other.pid))
    asyncio.run(running._end_fleets(campus, Course(sites=(terms,))))
    with pytest.raises(subprocess.TimeoutExpired):
        other.wait(0.3)
    other.communicate(b"\n", timeout=60)
    assert other.returncode == 0


def test_an_agent_that_ends_waits_until_its_fleet_has_ended(campus, monkeypatch):
    terms = campus.operation.sites[0]
    lock = campus.lock(terms.site, FLEET)
    assert lock.take()
    write_served(campus.agent_folder(terms.site), served(1))
    told = []

    def end(pid: int) -> None:
        told.append(pid)
        threading.Timer(0.3, lock.let_go).start()

    monkeypatch.setattr(running, "end", end)
    asyncio.run(running._end_fleets(campus, Course(sites=(terms,))))
    assert told == [1]
    assert not lock.held()
