# SPDX-License-Identifier: Apache-2.0
"""`pyasic_rs` behind the promises of a driver, against simulated machines on usual ports."""

import asyncio
import errno
import os
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from loadstone.adapters.drivers.miners.asic_rs import AsicRs, state_of
from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.listener import Listener, Mode
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.miners import FACES
from loadstone.adapters.simulators.physics import World
from loadstone.adapters.simulators.site import SimulatedSite
from loadstone.model.errors import DeviceError, InputError
from loadstone.model.operations.command import CapKind
from loadstone.model.operations.machine import Address, Credential
from loadstone.model.operations.reading import Pool, Reason, State

pytestmark = pytest.mark.anyio


class Paused:
    """Named as the library names its states."""


class Mining:
    pass


class Stopping:
    pass


@pytest.mark.parametrize(
    ("operating", "mining", "hashrate_th", "state"),
    [
        (None, False, None, State.UNKNOWN),  # a Braiins machine that is gone, as 0.8.6 has it
        (None, True, None, State.UNKNOWN),  # any other that is gone
        (None, True, 0.0, State.UNKNOWN),  # a LuxOS machine asleep, or one that starts
        (None, True, 95.0, State.RUNNING),
        (None, False, 0.0, State.STOPPED),
        (None, False, 95.0, State.UNKNOWN),
        (None, None, 0.0, State.UNKNOWN),
        (Mining(), False, None, State.RUNNING),
        (Paused(), True, 0.0, State.STOPPED),
        (Paused(), False, 95.0, State.UNKNOWN),
        (Stopping(), False, 0.0, State.UNKNOWN),
    ],
)
async def test_a_state_needs_more_than_one_word(operating, mining, hashrate_th, state):
    assert state_of(operating, mining, hashrate_th) is state


async def test_other_ports_than_the_usual_are_refused():
    with pytest.raises(InputError, match="usual"):
        AsicRs(Address(host="127.0.0.1", port=14028), None, deadline_s=1.0, now_s=lambda: 0.0)


async def test_without_the_library_the_error_says_which_extra_to_install():
    code = (
        "import sys; sys.modules['pyasic_rs'] = None\n"
        "from loadstone.adapters.drivers.miners.asic_rs import AsicRs\n"
        "from loadstone.model.errors import OutsideError\n"
        "from loadstone.model.operations.machine import Address\n"
        "try:\n"
        "    AsicRs(Address(host='127.0.0.1', port=80), None, deadline_s=1, now_s=float)\n"
        "except OutsideError as error:\n"
        "    print(error)\n"
    )
    told = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "loadstone[asicrs]" in told.stdout


# ---- on the wire ----


class Clock:
    def __init__(self):
        self.s = 10_000.0

    def __call__(self):
        return self.s


@asynccontextmanager
async def served(family, last, *, credential=None):
    pytest.importorskip("pyasic_rs")
    if os.geteuid() != 0:
        pytest.skip("the usual ports need root")
    clock = Clock()
    world = World(clock_s=clock)
    build = Build(
        id="m1",
        family=family,
        model="M50S_VH50" if "whatsminer" in family else "Antminer S19 Pro",
        rated_w=3300.0,
        hashrate_th=110.0,
        mac="02:00:00:ab:cd:01",
        credential=credential,
    )
    machine = SimulatedMachine(build, world)
    faces = FACES[family]
    web_port = faces[1].default_port if len(faces) > 1 else None
    machine.address = Address(
        host=f"127.78.0.{last}", port=faces[0].default_port, web_port=web_port
    )
    listener = Listener(SimulatedSite(world, [machine]), FACES, Mode.EACH)
    try:
        listener.open()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        pytest.skip("somebody else holds the usual ports of every address")
    try:
        yield machine, clock
    finally:
        listener.close()
        await asyncio.sleep(0)


def driver_of(machine, clock, *, deadline_s=10.0, credential=None):
    web = 80 if machine.family == "braiins" else None
    address = Address(host=machine.address.host, port=machine.address.port, web_port=web)
    return AsicRs(address, credential, deadline_s=deadline_s, now_s=clock)


@pytest.mark.parametrize(("family", "last"), [("braiins", 2), ("whatsminer-v2", 3)])
async def test_a_machine_is_read_stopped_resumed_and_capped(family, last):
    async with served(family, last) as (machine, clock):
        driver = driver_of(machine, clock)
        identity = await driver.identify()
        assert (identity.family, identity.mac) == ("asic-rs", "02:00:00:ab:cd:01")
        read = await driver.read()
        assert (read.state, read.hashrate_th) == (State.RUNNING, pytest.approx(110.0, rel=0.02))
        assert read.power_w == pytest.approx(machine.power_w(), rel=0.02)
        told = await driver.detail()
        assert told.boards == 3
        assert told.pools == tuple(Pool(url=p.url, user=p.user) for p in machine.pools)
        assert (await driver.stop()).accepted is True
        clock.s += 900.0
        read = await driver.read()
        assert read.state is State.STOPPED
        assert machine.asleep
        assert (await driver.resume()).accepted is True
        clock.s += 900.0
        capped = await driver.cap(2500.0)
        assert driver.capability.cap is CapKind.PRESET
        assert (capped.accepted, capped.limit_w) == (True, 2500.0)
        assert machine.limit_w == 2500.0
        await driver.close()


async def test_a_machine_that_is_gone_is_unknown_and_not_stopped():
    async with served("braiins", 4) as (machine, clock):
        driver = driver_of(machine, clock)
        assert (await driver.stop()).accepted is True
    read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, Reason.REFUSED)
    assert read.power_w is None
    said = await driver.resume()
    assert said.accepted is None
    with pytest.raises(DeviceError):
        await driver.pools()


async def test_a_machine_that_hangs_costs_no_more_than_the_deadline():
    async with served("whatsminer-v2", 5) as (machine, clock):
        driver = driver_of(machine, clock, deadline_s=0.3)
        assert (await driver.read()).state is State.RUNNING
        machine.add(Fault(kind=FaultKind.HANG, from_s=clock.s))
        clock.s += 0.01
        read = await driver.read()
        assert (read.state, read.reason) == (State.UNKNOWN, Reason.TIMEOUT)
        said = await driver.stop()
        assert (said.accepted, said.reason) == (None, Reason.TIMEOUT)


async def test_stock_antminers_are_left_to_their_own_driver():
    async with served("antminer", 6) as (machine, clock):
        driver = driver_of(machine, clock)
        said = await driver.stop()
        assert (said.accepted, said.reason) == (False, Reason.UNSUPPORTED)
        assert machine.told == []


async def test_a_luxos_machine_asleep_is_unknown_for_its_word_says_otherwise():
    async with served("luxos", 7) as (machine, clock):
        driver = driver_of(machine, clock)
        assert (await driver.stop()).accepted is True
        clock.s += 900.0
        read = await driver.read()
        assert (read.state, read.reason) == (State.UNKNOWN, Reason.INCOMPLETE)


async def test_no_configuration_is_ever_written():
    async with served("whatsminer-v2", 8) as (machine, clock):
        driver = driver_of(machine, clock)
        said = await driver.set_pools([Pool(url="stratum+tcp://b.example:1", user="w")])
        assert (said.accepted, said.reason) == (False, Reason.UNSUPPORTED)
        assert machine.told == []


async def test_a_wrong_password_is_no_success_and_never_shown():
    right = Credential(user="root", password="right-one")
    wrong = Credential(user="root", password="s3cr3t")
    async with served("braiins", 9, credential=right) as (machine, clock):
        driver = driver_of(machine, clock, credential=wrong)
        said = await driver.stop()
        assert (said.accepted, said.reason) == (False, Reason.AUTH)
        assert (await driver.read()).state is State.UNKNOWN
        assert "s3cr3t" not in said.message + repr(driver)
        assert machine.told == []
    async with served("braiins", 10, credential=right) as (machine, clock):
        assert (await driver_of(machine, clock, credential=right).stop()).accepted is True
