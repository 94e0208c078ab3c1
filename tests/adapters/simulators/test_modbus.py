# SPDX-License-Identifier: Apache-2.0
"""Our own readers of meters and switches agree with a simulated site over Modbus."""

from contextlib import asynccontextmanager

import pytest
from pymodbus.client import AsyncModbusTcpClient

from loadstone.adapters.meters import open_metering
from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.modbus import serving_modbus
from loadstone.adapters.simulators.physics import Weather, World
from loadstone.adapters.simulators.site import Blower, OtherLoad, SimulatedSite
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.reading import Reason
from loadstone.model.operations.terms import ModbusMeter, ModbusSwitch
from tests.mosquitto import free_port

pytestmark = pytest.mark.anyio

HOST = "127.0.0.1"
SITE_MW = 2.003  # one machine and other load


class Hands:
    """A clock that is moved by hand."""

    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def site_of(clock, *faults):
    world = World(clock, weather=Weather(mean_c=25.0))
    machine = SimulatedMachine(Build(id="m1", family="luxos", rated_w=3000.0), world)
    return SimulatedSite(
        world,
        [machine],
        other=OtherLoad(mw=(2.0,)),
        switches=[Blower(id="fans"), Blower(id="outlet", on=False)],
        faults=[Fault(kind=FaultKind(kind), machines=(name,)) for name, kind in faults],
    )


@asynccontextmanager
async def served(site, clock, meters=(), switches=(), deadline_s=1.0):
    async with serving_modbus(site, meters, switches):
        metering = open_metering(
            meters, switches, deadline_s=deadline_s, now_s=clock, utc_s=clock
        )
        try:
            yield metering
        finally:
            await metering.close()


def meter(port, **terms):
    whole = {"id": "main", "power_register": 10, "energy_register": 20} | terms
    return ModbusMeter(host=HOST, port=port, **whole)


@pytest.mark.parametrize("format_", ["float32", "int32", "uint32", "int64", "int16"])
@pytest.mark.parametrize("order", ["big", "little"])
async def test_power_and_energy_are_told_in_every_format(format_, order):
    clock = Hands()
    terms = meter(
        free_port(),
        format=format_,
        word_order=order,
        table="input" if order == "big" else "holding",
        power_unit_w=1000.0,
        energy_unit_wh=1000.0,
    )
    async with served(site_of(clock), clock, [terms]) as metering:
        clock.now_s = 3600.0
        reading = await metering.meters["main"].read()
    within = 1e-6 if format_ == "float32" else 0.001  # whole kW and kWh
    assert reading.power_mw == pytest.approx(SITE_MW, abs=within)
    assert reading.energy_mwh == pytest.approx(SITE_MW, abs=within)


async def test_a_meter_may_count_export_up():
    clock = Hands()
    terms = meter(free_port(), format="int32", power_unit_w=-1.0, energy_register=None)
    async with served(site_of(clock), clock, [terms]) as metering:
        reading = await metering.meters["main"].read()
        assert reading.power_mw == pytest.approx(SITE_MW)


async def test_a_number_too_large_for_its_registers_stands_at_their_end():
    clock = Hands()
    terms = meter(free_port(), format="int16", energy_register=None)
    async with served(site_of(clock), clock, [terms]) as metering:
        reading = await metering.meters["main"].read()
        assert reading.power_mw == pytest.approx(0.032767)


async def test_a_register_is_worked_out_when_it_is_asked_for():
    clock = Hands()
    site = site_of(clock)
    async with served(site, clock, [meter(free_port())]) as metering:
        site.machines["m1"].sleep()
        clock.now_s = 60.0
        reading = await metering.meters["main"].read()
        assert reading.power_mw == pytest.approx(site.power_mw(), abs=1e-6)
        assert reading.power_mw == pytest.approx(2.000018, abs=1e-6)


async def test_switches_are_turned_and_read_back_by_their_input():
    clock, port = Hands(), free_port()
    switches = [
        ModbusSwitch(id="fans", host=HOST, port=port, coil=3, state_input=40),
        ModbusSwitch(id="outlet", host=HOST, port=port, coil=19),
    ]
    site = site_of(clock)
    async with served(site, clock, [meter(port)], switches) as metering:
        fans, outlet = metering.switches["fans"], metering.switches["outlet"]
        assert (await fans.read()).on is True
        assert (await outlet.read()).on is False
        assert (await fans.turn(False)).on is False
        assert (await outlet.turn(True)).on is True
        assert (site.is_on("fans"), site.is_on("outlet")) == (False, True)
        assert (await metering.meters["main"].read()).power_mw is not None


async def test_what_there_is_not_is_an_exception():
    clock, port = Hands(), free_port()
    async with served(site_of(clock), clock, [meter(port)]):
        client = AsyncModbusTcpClient(HOST, port=port)
        await client.connect()
        try:
            for asked in (
                client.read_holding_registers(500, count=2),
                client.read_holding_registers(0, count=1),
                client.read_input_registers(10, count=2),
                client.read_coils(0, count=1),
                client.write_register(10, 1),
                client.write_coil(7, True),
            ):
                assert (await asked).isError()
        finally:
            client.close()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("refuse", Reason.DENIED), ("hang", Reason.TIMEOUT), ("garbage", Reason.GARBAGE)],
)
async def test_a_meter_with_a_fault_tells_no_power(fault, reason):
    clock = Hands()
    site = site_of(clock, ("main", fault))
    async with served(site, clock, [meter(free_port())], deadline_s=1.0) as metering:
        reading = await metering.meters["main"].read()
        assert reading.power_mw is None
        assert reading.reason is reason


async def test_a_stale_meter_repeats_itself():
    clock = Hands()
    site = site_of(clock, ("main", "stale"))
    async with served(site, clock, [meter(free_port())]) as metering:
        before = await metering.meters["main"].read()
        site.machines["m1"].sleep()
        clock.now_s = 60.0
        after = await metering.meters["main"].read()
        assert (after.power_mw, after.energy_mwh) == (before.power_mw, before.energy_mwh)


async def test_a_switch_that_hangs_is_unknown():
    clock = Hands()
    switch = ModbusSwitch(id="fans", host=HOST, port=free_port(), coil=0)
    site = site_of(clock, ("fans", "hang"))
    async with served(site, clock, switches=[switch], deadline_s=1.0) as metering:
        assert (await metering.switches["fans"].turn(False)).on is None


async def test_two_values_in_the_same_registers_are_refused():
    clock, port = Hands(), free_port()
    with pytest.raises(InputError, match="apart"):
        async with serving_modbus(site_of(clock), [meter(port, energy_register=11)]):
            pass
    one = ModbusSwitch(id="fans", host=HOST, port=port, coil=0)
    two = ModbusSwitch(id="outlet", host=HOST, port=port, coil=0)
    with pytest.raises(InputError, match="fans"):
        async with serving_modbus(site_of(clock), switches=[one, two]):
            pass


async def test_a_port_that_is_taken_is_told():
    clock, port = Hands(), free_port()
    async with served(site_of(clock), clock, [meter(port)]):
        with pytest.raises(OutsideError, match=str(port)):
            async with serving_modbus(site_of(clock), [meter(port)]):
                pass
