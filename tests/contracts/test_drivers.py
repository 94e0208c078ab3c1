# SPDX-License-Identifier: Apache-2.0
"""What every driver promises, against the simulator of its family, on the wire.

A family joins with its row in `DRIVERS` and its faces in `FACES`.
"""

import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest

from loadstone.adapters.drivers.miners import DRIVERS
from loadstone.adapters.simulators.faults import FaultKind
from loadstone.adapters.simulators.listener import free_port
from loadstone.adapters.simulators.miners import FACES
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import CapKind, Outcome
from loadstone.model.operations.machine import Address, Credential
from loadstone.model.operations.reading import Pool, Reading, Reason, State
from tests.adapters.drivers.served import (
    HASHRATE_TH,
    MAC,
    POOLS,
    RATED_W,
    SERIAL,
    Rig,
    served,
)

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
SECRET = Credential(user="root", password="pa55-of-nobody")
SOON_S = 0.6  # enough for all that is asked, and soon over where it is looked for in vain
SHORT_S = 0.1  # a deadline that a silent machine uses up
LATE_S = 2.5  # what a busy computer adds counted in; half of what a slow machine takes
TRANSPORT = {
    FaultKind.HANG: {Reason.TIMEOUT},
    FaultKind.HALF_ANSWER: {Reason.RESET, Reason.GARBAGE},
    FaultKind.SLOW: {Reason.TIMEOUT},
}
DEADLINE_S = {
    FaultKind.HANG: SHORT_S,
    FaultKind.HALF_ANSWER: 5.0,  # it is there at once, and later on a busy computer
    FaultKind.SLOW: SHORT_S,
}


@pytest.fixture(params=sorted(DRIVERS))
async def rig(request) -> AsyncIterator[Rig]:
    async with served(request.param) as rig:
        yield rig


def in_order(reading: Reading | Outcome) -> bool:
    began = reading.began_s if isinstance(reading, Reading) else reading.sent_s
    return began <= reading.ended_s


def pairs(pools) -> list[tuple[str, str]]:
    return [(pool.url, pool.user) for pool in pools]


async def error_of(call: Awaitable) -> DeviceError | None:
    """Return the error of a call; anything but a `DeviceError` fails the test."""
    try:
        await call
    except DeviceError as error:
        return error
    return None


# ---- reading ----


async def test_a_machine_says_who_it_is(rig):
    identity = await rig.driver().identify()
    assert identity.family == rig.family
    assert identity.key in {MAC, SERIAL}
    assert identity.model


async def test_a_machine_at_work_is_running_and_tells_its_figures(rig):
    reading = await rig.driver().read()
    assert (reading.state, reading.reason) == (State.RUNNING, Reason.NONE)
    assert reading.hashrate_th == pytest.approx(HASHRATE_TH, rel=0.02)
    if reading.power_w is not None:
        assert reading.power_w == pytest.approx(rig.machine.power_w(), rel=0.02)
    assert in_order(reading)


async def test_details_tell_boards_fans_heat_and_pools(rig):
    detail = await rig.driver().detail()
    assert detail.identity.family == rig.family
    assert (detail.boards, detail.boards_expected) == (3, 3)
    assert all(rpm > 1000 for rpm in detail.fan_rpm)
    assert all(20 < heat < 120 for heat in detail.temperatures_c)
    assert detail.temperatures_c
    assert detail.uptime_s == pytest.approx(rig.machine.uptime_s(), abs=60)
    assert detail.pools is not None
    assert pairs(detail.pools) == pairs(POOLS)


async def test_a_board_that_has_failed_is_missed(rig):
    rig.fault(FaultKind.BOARD_FAILURE)
    rig.later()
    assert (await rig.driver().detail()).boards == 2


# ---- stop and resume ----


async def test_a_stopped_machine_reads_as_stopped_and_a_resumed_one_as_running(rig):
    driver = rig.driver()
    assert (await driver.read()).state is State.RUNNING
    for _ in range(2):  # twice is the same as once
        outcome = await driver.stop()
        assert outcome.accepted is True
        assert outcome.reason is Reason.NONE
        assert in_order(outcome)
        rig.later()
        reading = await driver.read()
        assert (reading.state, reading.reason) == (State.STOPPED, Reason.NONE)
        assert rig.machine.asleep
    for _ in range(2):
        assert (await driver.resume()).accepted is True
        rig.later(5.0)
        assert (await driver.read()).state is not State.STOPPED
        rig.later()
        assert (await driver.read()).state is State.RUNNING
        assert rig.machine.hashing


async def test_a_new_driver_sees_that_a_machine_was_stopped(rig):
    assert (await rig.driver().stop()).accepted
    rig.later()
    fresh = rig.driver()
    assert (await fresh.read()).state is State.STOPPED
    assert (await fresh.identify()).key in {MAC, SERIAL}
    await fresh.detail()
    assert (await fresh.resume()).accepted


async def test_pools_survive_a_stop_and_a_resume(rig):
    driver = rig.driver()
    await driver.stop()
    assert rig.machine.pools == POOLS
    rig.later()
    await driver.resume()
    assert rig.machine.pools == POOLS


async def test_pools_that_a_stop_loses_are_not_passed_over(rig):
    rig.fault(FaultKind.POOLS_RESET)
    outcome = await rig.driver().stop()
    if rig.machine.pools != POOLS:
        assert outcome.accepted is not True
        assert outcome.reason is Reason.UNVERIFIED


async def test_a_machine_that_drifts_back_to_work_is_seen(rig):
    rig.fault(FaultKind.DRIFT)
    driver = rig.driver()
    await driver.stop()
    rig.later()
    assert (await driver.read()).state is State.RUNNING


async def test_a_warm_driver_stops_even_when_its_session_has_ended_meanwhile(rig):
    rig.fault(FaultKind.TOKEN_EXPIRY, amount=5.0)
    driver = rig.driver()
    await driver.warm()
    rig.later(20.0)
    assert (await driver.stop()).accepted is True
    rig.later(20.0)
    assert (await driver.resume()).accepted is True


# ---- caps ----


async def test_a_cap_is_what_the_machine_says_is_in_force(rig):
    driver = rig.driver()
    asked_w = 0.73 * RATED_W
    outcome = await driver.cap(asked_w)
    if driver.capability.cap is CapKind.NONE:
        assert (outcome.accepted, outcome.reason) == (False, Reason.UNSUPPORTED)
        assert rig.machine.limit_w is None
        return
    assert outcome.accepted is True
    assert outcome.limit_w == pytest.approx(rig.machine.limit_w, abs=1)
    assert outcome.limit_w <= asked_w
    rig.later()
    again = await driver.cap(asked_w)
    assert (again.accepted, again.limit_w) == (True, outcome.limit_w)
    rig.later()
    reading = await driver.read()
    assert reading.state is State.RUNNING
    assert reading.limit_w is None or reading.limit_w == pytest.approx(outcome.limit_w, abs=1)
    assert reading.power_w is None or reading.power_w <= 1.02 * outcome.limit_w
    assert (await driver.cap(RATED_W)).limit_w == pytest.approx(RATED_W, abs=1)


async def test_levels_are_known_once_details_were_read(rig):
    driver = rig.driver()
    await driver.detail()
    if driver.capability.cap is CapKind.PRESET:
        assert driver.capability.levels_w == rig.machine.levels_w
        assert driver.capability.min_w == rig.machine.levels_w[0]


async def test_a_cap_that_is_refused_in_silence_is_noticed(rig):
    driver = rig.driver(deadline_s=SOON_S)
    before_w = rig.machine.limit_w or RATED_W
    rig.fault(FaultKind.CAP_REFUSED)
    outcome = await driver.cap(0.6 * RATED_W)
    assert outcome.accepted is not True
    if driver.capability.cap is not CapKind.NONE and outcome.limit_w is not None:
        assert outcome.limit_w == pytest.approx(before_w, abs=1)


async def test_a_cap_below_the_lowest_is_not_said_to_be_in_force(rig):
    outcome = await rig.driver(deadline_s=SOON_S).cap(0.05 * RATED_W)
    if outcome.accepted:
        assert outcome.limit_w == pytest.approx(rig.machine.limit_w, abs=1)
    elif outcome.limit_w is not None:
        assert outcome.limit_w > 0.05 * RATED_W


async def test_a_stopped_machine_may_be_capped_and_stays_stopped(rig):
    driver = rig.driver()
    await driver.stop()
    rig.later()
    await driver.cap(0.7 * RATED_W)
    rig.later()
    assert (await driver.read()).state is State.STOPPED


# ---- pools ----


async def test_pools_are_read_as_the_machine_has_them(rig):
    assert pairs(await rig.driver().pools()) == pairs(POOLS)


async def test_pools_are_written_and_read_back(rig):
    wanted = (
        Pool(url="stratum+tcp://three.example:3333", user="site.c", password="x"),
        POOLS[0],
    )
    driver = rig.driver()
    outcome = await driver.set_pools(wanted)
    assert outcome.accepted is True
    assert pairs(rig.machine.pools) == pairs(wanted)
    assert pairs(await driver.pools()) == pairs(wanted)


async def test_a_write_of_pools_that_did_not_last_is_not_called_success(rig):
    rig.fault(FaultKind.POOLS_RESET)
    outcome = await rig.driver(deadline_s=SOON_S).set_pools((POOLS[1],))
    assert outcome.accepted is not True


# ---- when something is wrong ----


@pytest.mark.parametrize("kind", sorted(TRANSPORT))
async def test_a_machine_that_cannot_be_read_is_unknown_with_the_reason(rig, kind):
    driver = rig.driver(deadline_s=DEADLINE_S[kind])
    rig.fault(kind, 5.0 if kind is FaultKind.SLOW else None)
    began_s = time.perf_counter()
    reading = await driver.read()
    assert time.perf_counter() - began_s < LATE_S
    assert reading.state is State.UNKNOWN
    assert reading.reason in TRANSPORT[kind]
    assert reading.power_w is None
    assert reading.hashrate_th is None


@pytest.mark.parametrize("kind", sorted(TRANSPORT))
async def test_a_command_that_is_not_answered_is_no_success_and_keeps_its_deadline(rig, kind):
    driver = rig.driver(deadline_s=DEADLINE_S[kind])
    rig.fault(kind, 5.0 if kind is FaultKind.SLOW else None)
    for call in (driver.stop, driver.resume, lambda: driver.set_pools((POOLS[1],))):
        began_s = time.perf_counter()
        outcome = await call()
        assert time.perf_counter() - began_s < LATE_S
        assert outcome.accepted is None
        assert outcome.reason in TRANSPORT[kind]
    assert not rig.wrote()  # the configuration could not be read before


@pytest.mark.parametrize("kind", [FaultKind.HANG, FaultKind.HALF_ANSWER])
async def test_only_device_errors_are_raised(rig, kind):
    driver = rig.driver(deadline_s=DEADLINE_S[kind])
    rig.fault(kind)
    for call in (driver.identify, driver.detail, driver.pools):
        error = await error_of(call())
        assert error is not None
        assert Reason(error.reason) in TRANSPORT[kind]
    await driver.warm()
    assert (await driver.cap(2000.0)).accepted is not True


async def test_where_nobody_listens_the_state_is_unknown_never_stopped(rig):
    await rig.driver().stop()
    rig.later()
    address = Address(host=rig.machine.address.host, port=free_port(), web_port=free_port())
    nobody = DRIVERS[rig.family].make(address, None, deadline_s=1.0, now_s=rig.now_s)
    reading = await nobody.read()
    assert (reading.state, reading.reason) == (State.UNKNOWN, Reason.REFUSED)
    outcome = await nobody.stop()
    assert (outcome.accepted, outcome.reason) == (None, Reason.REFUSED)
    error = await error_of(nobody.identify())
    assert error is not None
    assert error.reason == Reason.REFUSED
    await nobody.close()


@pytest.mark.parametrize("stopped", [False, True])
async def test_garbage_is_unknown_or_told_rightly(rig, stopped):
    driver = rig.driver(deadline_s=1.0)
    if stopped:
        await driver.stop()
        rig.later()
    rig.fault(FaultKind.GARBAGE)
    right = State.STOPPED if stopped else State.RUNNING
    seen = set()
    for _ in range(40):  # another kind of garbage each second
        rig.later(1.0)
        reading = await driver.read()
        seen.add(reading.reason)
        assert reading.state in {State.UNKNOWN, right}
        if reading.state is State.UNKNOWN:
            assert reading.reason in {Reason.GARBAGE, Reason.INCOMPLETE, Reason.AUTH}
        for call in (driver.identify, driver.detail, driver.pools):
            await error_of(call())
    assert seen & {Reason.GARBAGE, Reason.INCOMPLETE}


async def test_commands_on_garbage_claim_nothing_that_did_not_happen(rig):
    driver = rig.driver(deadline_s=1.0)
    rig.fault(FaultKind.GARBAGE)
    for _ in range(12):
        rig.later(1.0)
        outcome = await driver.stop()
        if outcome.accepted:
            assert rig.machine.asleep
        assert rig.machine.pools == POOLS


async def test_a_machine_that_comes_back_is_read_again(rig):
    driver = rig.driver(deadline_s=SOON_S)
    rig.fault(FaultKind.HANG)
    assert (await driver.read()).reason is Reason.TIMEOUT
    rig.machine.clear()
    assert (await driver.read()).state is State.RUNNING
    assert (await driver.stop()).accepted is True


# ---- secrets ----


@pytest.mark.parametrize("family", sorted(DRIVERS))
async def test_a_wrong_password_is_told_as_such_and_never_shown(family):
    wrong = Credential(user="root", password="wr0ng-and-secret")
    async with served(family, credential=SECRET) as rig:
        driver = rig.driver(credential=wrong, deadline_s=1.0)
        outcome = await driver.stop()
        said = [outcome.message, repr(driver), repr(outcome), str(outcome)]
        for call in (driver.identify, driver.detail, driver.pools):
            said.append(repr(await error_of(call())))
        reading = await driver.read()
        assert reading.state is not State.STOPPED or rig.machine.asleep
        if rig.machine.asleep:  # this firmware asks for no password
            assert outcome.accepted is True
        else:
            assert outcome.accepted is False
            assert outcome.reason in {Reason.AUTH, Reason.DENIED}
        assert not any(wrong.password in text for text in said)
        assert not any(SECRET.password in text for text in said)


@pytest.mark.parametrize("family", sorted(DRIVERS))
async def test_the_right_password_is_obeyed(family):
    async with served(family, credential=SECRET) as rig:
        driver = rig.driver(credential=SECRET)
        assert (await driver.stop()).accepted is True
        rig.later()
        assert (await driver.read()).state is State.STOPPED


# ---- the table ----


def test_every_family_has_a_simulator_and_a_row_in_the_reference():
    page = (ROOT / "docs/reference/drivers.md").read_text()
    for family in DRIVERS:
        assert family in FACES
        assert f"| {family} |" in page


def test_ports_are_those_of_the_simulated_machines():
    for family, kind in DRIVERS.items():
        ports = [face.default_port for face in FACES[family]]
        assert kind.port in ports
        assert kind.web_port is None or kind.web_port in ports
