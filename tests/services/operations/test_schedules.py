# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to a site, in whatever order, the promises of its agent hold.

A seed that fails is repeated with
`pytest tests/services/operations/test_schedules.py -k "holds and 17"`. LOADSTONE_SEEDS=8:5000
before `pytest -m long` tries others than the usual thousand.
"""

import os

import pytest

from tests.services.operations.schedules import lived
from tests.virtual_time import run_virtual

SEEDS = range(8)
MANY = range(*map(int, os.environ.get("LOADSTONE_SEEDS", "8:1008").split(":")))


def told(schedule) -> str:
    lines = "\n".join(
        f"{one.at_s - schedule.living.world.start_s:8.1f} {one.kind:12} {one.text}"
        for one in schedule.living.entries()
    )
    return "\n".join(["broken:", *schedule.judge.wrong, "the record:", lines])


@pytest.mark.parametrize("seed", SEEDS)
def test_every_promise_holds(seed):
    schedule = run_virtual(lambda clock: lived(seed, clock))
    assert not schedule.judge.wrong, told(schedule)


@pytest.mark.long
@pytest.mark.parametrize("seed", MANY)
def test_every_promise_holds_for_many(seed):
    schedule = run_virtual(lambda clock: lived(seed, clock))
    assert not schedule.judge.wrong, told(schedule)


def test_the_same_seed_twice_leaves_the_same_record_to_the_byte():
    records = [
        run_virtual(lambda clock: lived(7, clock)).living.record_text() for _ in range(2)
    ]
    assert records[0] == records[1]
