# SPDX-License-Identifier: Apache-2.0
"""What all drivers share: the caller, and that a fleet of them takes little memory."""

import asyncio

import pytest

from loadstone.adapters.drivers.calls import Caller, Sample, Told
from loadstone.adapters.drivers.miners import DRIVERS
from loadstone.model.operations.machine import Address
from loadstone.model.operations.reading import Reason, State

pytestmark = pytest.mark.anyio
HERE = Address(host="127.0.0.1", port=4028)


def caller(*, deadline_s: float = 1.0) -> Caller:
    ticks = iter(range(100))
    return Caller(HERE, deadline_s=deadline_s, now_s=lambda: float(next(ticks)))


async def failing(one: Caller, reason: Reason):
    raise one.error(reason, "for a reason")


async def saying(said):
    return said


async def never():
    await asyncio.Event().wait()


@pytest.mark.parametrize("family", DRIVERS)
def test_a_driver_has_no_room_for_more_than_its_fields(family):
    made = DRIVERS[family].make(HERE, None, deadline_s=1.0, now_s=lambda: 0.0)
    assert not hasattr(made, "__dict__")


async def test_a_reading_has_the_times_around_it():
    read = await caller().reading(saying(Sample(State.RUNNING, power_w=3300.0)))
    assert (read.state, read.power_w) == (State.RUNNING, 3300.0)
    assert (read.began_s, read.ended_s) == (0.0, 1.0)


async def test_what_cannot_be_below_zero_is_not_told_below_zero():
    said = Sample(State.RUNNING, Reason.NONE, -1.0, -0.5, -3300.0, -5.0)
    read = await caller().reading(saying(said))
    assert (read.power_w, read.hashrate_th, read.limit_w) == (None, None, None)
    assert read.temperature_c == -5.0  # it may freeze where it stands


async def test_a_reading_that_fails_is_unknown_with_its_reason():
    one = caller()
    read = await one.reading(failing(one, Reason.RESET))
    assert (read.state, read.reason) == (State.UNKNOWN, Reason.RESET)


@pytest.mark.parametrize("reason", [Reason.DENIED, Reason.UNSUPPORTED, Reason.AUTH])
async def test_only_the_machines_own_no_is_a_no(reason):
    one = caller()
    said = await one.outcome(failing(one, reason))
    assert (said.accepted, said.reason) == (False, reason)
    assert said.message == f"127.0.0.1:4028: {reason}: for a reason"


@pytest.mark.parametrize("reason", [Reason.RESET, Reason.GARBAGE, Reason.REFUSED])
async def test_after_another_failure_it_is_not_known_what_arrived(reason):
    one = caller()
    said = await one.outcome(failing(one, reason))
    assert (said.accepted, said.reason) == (None, reason)


async def test_a_yes_that_is_not_seen_after_is_no_yes():
    assert (await caller().outcome(saying(Told("ok", 3000.0)))).accepted is True
    said = await caller().outcome(saying(Told("ok", 3300.0, Reason.UNVERIFIED)))
    assert (said.accepted, said.limit_w) == (None, 3300.0)


async def test_a_call_without_an_answer_ends_at_its_deadline():
    one = caller(deadline_s=0.01)
    assert (await one.reading(never())).reason is Reason.TIMEOUT
    assert (await one.outcome(never())).accepted is None
