# SPDX-License-Identifier: Apache-2.0
"""Twins fit the ports and fail as the wire fails, in virtual time."""

import asyncio

import pytest

from loadstone.adapters.drivers.miners import DRIVERS
from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.fleet import one_machine
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.miners import FACES
from loadstone.adapters.simulators.physics import Weather, World
from loadstone.adapters.simulators.site import Blower, SimulatedSite
from loadstone.adapters.simulators.twin import TwinDriver, TwinMeter, TwinSwitch
from loadstone.model.errors import DeviceError
from loadstone.model.operations.machine import Address
from loadstone.model.operations.reading import Pool, Reason, State
from tests.virtual_time import run_virtual

HERE = Address(host="127.1.0.1", port=4028)
POOLS = (Pool(url="stratum+tcp://a.example:1", user="u"),)


def with_twins(act, *faults, family="luxos", deadline_s=4.0):
    """Run `act(driver, site, clock)` on a virtual loop and return what it returns."""

    async def main(clock):
        world = World(clock.wall_s, weather=Weather(mean_c=25.0))
        build = Build(id="m", family=family, rated_w=3000.0, group="hall")
        machine = SimulatedMachine(build, world, [f for f in faults if not f.machines])
        machine.address = HERE
        fans = Blower(id="fans", groups=("hall",))
        site = SimulatedSite(
            world, [machine], switches=(fans,), faults=faults, spare_hosts=("127.254.0.1",)
        )
        driver = TwinDriver(site, HERE, family, now_s=clock.wall_s, deadline_s=deadline_s)
        return await act(driver, site, clock)

    return run_virtual(main)


def test_a_stop_is_read_as_stopped_and_a_start_as_running():
    async def act(driver, site, clock):
        first = await driver.read()
        told = await driver.stop()
        await asyncio.sleep(5.0)
        second = await driver.read()
        await driver.resume()
        await asyncio.sleep(300.0)
        return first, told, second, await driver.read()

    first, told, second, third = with_twins(act)
    assert (first.state, first.power_w) == (State.RUNNING, 3000.0)
    assert told.accepted
    assert told.sent_s < told.ended_s < told.sent_s + 1.0
    assert second.state is State.STOPPED
    assert second.power_w < 50.0
    assert third.state is State.RUNNING


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (FaultKind.REFUSE, Reason.REFUSED),
        (FaultKind.HANG, Reason.TIMEOUT),
        (FaultKind.HALF_ANSWER, Reason.RESET),
        (FaultKind.GARBAGE, Reason.GARBAGE),
    ],
)
def test_what_fails_is_unknown_with_its_reason_and_never_stopped(kind, reason):
    async def act(driver, site, clock):
        reading = await driver.read()
        outcome = await driver.stop()
        with pytest.raises(DeviceError):
            await driver.identify()
        return reading, outcome

    reading, outcome = with_twins(act, Fault(kind=kind))
    assert (reading.state, reading.reason) == (State.UNKNOWN, reason)
    assert (outcome.accepted, outcome.reason) == (None, reason)


def test_a_call_ends_with_its_deadline_though_the_machine_may_have_heard():
    async def act(driver, site, clock):
        outcome = await driver.stop()
        return outcome, site.machines["m"].asleep

    outcome, asleep = with_twins(act, Fault(kind=FaultKind.SLOW, amount=9.0), deadline_s=2.0)
    assert (outcome.accepted, outcome.reason) == (None, Reason.TIMEOUT)
    assert outcome.ended_s - outcome.sent_s == pytest.approx(2.0)
    assert asleep


def test_a_sample_that_is_repeated_for_long_is_stale():
    async def act(driver, site, clock):
        said = []
        for _ in range(6):
            said.append(await driver.read())
            await asyncio.sleep(15.0)
        return [(one.state, one.reason) for one in said]

    fresh, old = (State.RUNNING, Reason.NONE), (State.UNKNOWN, Reason.STALE)
    repeats = Fault(kind=FaultKind.STALE, from_s=10.0)  # at first nothing tells old from fresh
    assert with_twins(act, repeats) == [fresh, fresh, fresh, old, old, old]


def test_a_cap_is_read_back():
    async def act(driver, site, clock):
        await driver.detail()
        return driver.capability, await driver.cap(1600.0), await driver.cap(1600.0)

    capability, first, second = with_twins(act)
    assert 1500.0 in capability.levels_w
    assert (
        (first.accepted, first.limit_w) == (second.accepted, second.limit_w) == (True, 1500.0)
    )
    _, refused, _ = with_twins(act, Fault(kind=FaultKind.CAP_REFUSED))
    assert (refused.accepted, refused.reason) == (None, Reason.UNVERIFIED)
    _, unable, _ = with_twins(act, family="antminer")
    assert (unable.accepted, unable.reason) == (False, Reason.UNSUPPORTED)


def test_pools_are_written_and_read_back():
    async def act(driver, site, clock):
        return await driver.set_pools(POOLS), await driver.pools()

    written, found = with_twins(act)
    assert written.accepted
    assert found == POOLS
    lost, found = with_twins(act, Fault(kind=FaultKind.POOLS_RESET))
    assert (lost.accepted, lost.reason) == (None, Reason.UNVERIFIED)
    assert found == ()


def test_a_machine_with_another_address_answers_there_and_not_here():
    async def act(driver, site, clock):
        before = await driver.identify()
        await asyncio.sleep(100.0)
        here = await driver.read()
        there = TwinDriver(
            site, Address(host="127.254.0.1", port=4028), "luxos", now_s=clock.wall_s
        )
        return before, here, await there.identify()

    before, here, moved = with_twins(act, Fault(kind=FaultKind.NEW_ADDRESS, from_s=50.0))
    assert here.reason is Reason.REFUSED
    assert moved == before


def test_meters_and_switches_answer_or_say_why_not():
    silent = Fault(kind=FaultKind.HANG, machines=("main",), from_s=50.0)

    async def act(driver, site, clock):
        meter = TwinMeter(site, "main", now_s=clock.wall_s)
        switch = TwinSwitch(site, "fans", now_s=clock.wall_s)
        shown, on = await meter.read(), await switch.read()
        off = await switch.turn(on=False)
        await asyncio.sleep(60.0)
        return shown, on, off, await meter.read()

    shown, on, off, later = with_twins(act, silent)
    assert shown.power_mw == pytest.approx(0.003)
    assert shown.energy_mwh is not None
    assert (on.on, off.on) == (True, False)
    assert (later.power_mw, later.reason) == (None, Reason.TIMEOUT)


def test_a_stale_meter_shows_what_it_showed():
    stale = Fault(kind=FaultKind.STALE, machines=("main",), from_s=5.0)

    async def act(driver, site, clock):
        meter = TwinMeter(site, "main", now_s=clock.wall_s)
        first = await meter.read()
        await driver.stop()
        await asyncio.sleep(30.0)
        return first, await meter.read(), site.power_mw()

    first, second, true_mw = with_twins(act, stale)
    assert (first.power_mw, first.energy_mwh) == (second.power_mw, second.energy_mwh)
    assert true_mw < 0.001


def test_the_same_seed_gives_the_same_to_the_bit():
    async def act(driver, site, clock):
        seen = []
        for _ in range(20):
            seen.append(await driver.read())
            seen.append(await driver.stop() if len(seen) % 3 else await driver.resume())
        return seen

    often = Fault(kind=FaultKind.HANG, per_machine_hour=600.0, for_s=2.0)
    assert with_twins(act, often) == with_twins(act, often)


TROUBLES = (
    None,
    FaultKind.REFUSE,
    FaultKind.HANG,
    FaultKind.HALF_ANSWER,
    FaultKind.CAP_REFUSED,
)


async def _told(driver, rest):
    """Return the states and outcomes of a machine that is stopped, started and capped."""
    said = [(await driver.read()).state]
    outcomes = [await driver.stop()]
    await rest()
    said.append((await driver.read()).state)
    outcomes.append(await driver.resume())
    await rest()
    said.append((await driver.read()).state)
    outcomes.append(await driver.cap(2000.0))
    return said, [one.accepted is True for one in outcomes]


@pytest.mark.anyio
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("family", sorted(set(DRIVERS) & set(FACES)))
async def test_a_twin_says_what_a_driver_on_the_wire_says(family, trouble):
    faults = [Fault(kind=FaultKind(trouble))] if trouble else []
    build = Build(id="m", family=family, rated_w=3000.0)
    passed_s = [0.0]  # time that a busy computer cannot stretch

    async def rest():
        passed_s[0] += 600.0

    async with one_machine(build, wall_s=lambda: passed_s[0], faults=faults) as fleet:
        address = fleet.scene.seats[0].address
        wired = DRIVERS[family].make(address, None, deadline_s=0.5, now_s=lambda: passed_s[0])
        on_the_wire = await _told(wired, rest)
        await wired.close()

    async def main(clock):
        world = World(clock.wall_s)
        machine = SimulatedMachine(build, world, faults)
        machine.address = HERE
        site = SimulatedSite(world, [machine])
        driver = TwinDriver(site, HERE, family, now_s=clock.wall_s)
        return await _told(driver, lambda: asyncio.sleep(600.0))

    assert on_the_wire == await asyncio.to_thread(run_virtual, main)
