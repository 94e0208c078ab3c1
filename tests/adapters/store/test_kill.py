# SPDX-License-Identifier: Apache-2.0
"""A program that writes is killed at any moment: what it was told is kept is there, whole."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from loadstone.adapters.store import open_store
from loadstone.adapters.store.telemetry import History, open_telemetry
from tests.postgres import postgres

__all__ = ["postgres"]  # a fixture
LONG = pytest.param(25, marks=pytest.mark.long)
NAMES = [f"m{number}" for number in range(40)]
DAY = 1_795_046_400.0 // 86_400 * 86_400

DECIDER = """
import sys
from itertools import count
from pathlib import Path
from loadstone.adapters.store import open_store
from loadstone.model.operations.command import Action
from loadstone.model.operations.event import Event, EventKind, EventState
from loadstone.model.operations.target import Entry, PowerLease, Target

url, key, first = sys.argv[1:]
store = open_store(url, Path(key))
names = [machine.id for machine in store.machines("north")]
for number in count(int(first)):
    targets = [
        Target(machine=name, action=Action.STOP, owner="e", since_s=0.0, attempts=number)
        for name in names
    ]
    line = Entry(at_s=1.0, site="north", kind="n", text=str(number))
    store.put_targets("north", targets, [line])
    print(number, flush=True)
"""

READER = """
import sys
from itertools import count
from pathlib import Path
from loadstone.adapters.store.telemetry import open_telemetry
from loadstone.model.operations.meter import MeterReading

folder, first, day = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
telemetry = open_telemetry(folder, {"north": 1.0})
for number in count(first):
    at_s = day + number
    reading = MeterReading(meter="main", began_s=0.0, power_mw=number)
    telemetry.add_meter("north", reading, at_s)
    columns = {"seen": [1, 1], "power_w": [number] * 2, "hashrate_th": [1.0] * 2}
    telemetry.add_sweep("north", at_s, machines=("a", "b"), **columns)
    if number % 3 == 2:
        telemetry.flush()
        print(number, flush=True)
    if number % 30 == 29:
        telemetry.compact(day + 86_401)
"""


def killed(program: str, *arguments: str, after: int) -> int:
    """Run a program until it has told `after` numbers, kill it, and return the last it told."""
    child = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
    )
    told = [child.stdout.readline() for _ in range(after)]
    child.kill()  # at whatever it is doing now
    told += child.stdout.read().splitlines()
    child.stdout.close()
    assert child.wait(10) == -9
    return int(told[-1])


def machines_of(url: str, key: Path) -> None:
    from loadstone.model.operations.machine import Address, Machine

    store = open_store(url, key)
    store.put_machines(
        Machine(
            id=name,
            site="north",
            group="g",
            family="luxos",
            address=Address(host="h", port=1),
            rated_w=1.0,
            hashrate_th=1.0,
        )
        for name in NAMES
    )
    store.close()


@pytest.mark.parametrize("rounds", [2, LONG])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_a_killed_program_decided_is_there_and_nothing_is_half_written(
    request, tmp_path, kind, rounds
):
    url = f"sqlite:///{tmp_path}/agent.db"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    key = tmp_path / "store.key"
    machines_of(url, key)
    moments = random.Random(rounds)
    first = 0
    for _ in range(rounds):
        told = killed(DECIDER, url, str(key), str(first), after=moments.randint(1, 60))
        store = open_store(url, key)
        written = {target.attempts for target in store.targets("north").values()}
        lines = [int(entry.text) for entry in store.entries("north")]
        store.close()
        assert len(written) == 1  # all machines of one call, or none
        (last,) = written
        assert last in (told, told + 1)  # it may have been killed before it could tell
        assert lines == list(range(last + 1))
        first = last + 1


@pytest.mark.parametrize("rounds", [2, LONG])
def test_what_a_killed_program_had_written_of_its_readings_is_there_once(tmp_path, rounds):
    moments = random.Random(rounds)
    first, folder = 0, tmp_path
    for round_ in range(rounds):
        told = killed(READER, str(folder), str(first), str(DAY), after=moments.randint(1, 40))
        before = History(folder)
        meter = [row.power_mw for row in before.meter_trace("north", "main", DAY, DAY + 86_400)]
        machine = [one.power_w for one in before.machine_trace("north", "b", DAY, DAY + 86_400)]
        (loss,) = open_telemetry(folder, {"north": 1.0}).losses("north")
        for numbers in (meter, machine):
            assert numbers == list(range(len(numbers)))  # each once, none left out
            assert len(numbers) - 1 >= told
        assert DAY + told <= loss.from_s <= DAY + max(len(meter), len(machine)) - 1
        first = len(meter)
        if len(meter) != len(machine):  # killed between the two files: a batch of one is lost
            first, folder = 0, tmp_path / str(round_)
