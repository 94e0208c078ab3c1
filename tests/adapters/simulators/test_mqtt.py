# SPDX-License-Identifier: Apache-2.0
"""Simulated meters publish over a real broker what our own reader understands."""

import asyncio
import json
from contextlib import AsyncExitStack

import aiomqtt
import pytest

from loadstone.adapters.meters import open_metering
from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.mqtt import message, serving_mqtt
from loadstone.adapters.simulators.physics import Weather, World
from loadstone.adapters.simulators.site import SimulatedSite
from loadstone.model.operations.terms import MqttMeter
from tests.mosquitto import broker, free_port

pytestmark = pytest.mark.anyio

EVERY_S = 0.02


def site_of(*faults):
    world = World(lambda: 100.0, start_s=1_800_000_000.0, weather=Weather(mean_c=25.0))
    machine = SimulatedMachine(Build(id="m1", family="luxos", rated_w=3000.0), world)
    held = [Fault(kind=FaultKind(kind), machines=("main",)) for kind in faults]
    return SimulatedSite(world, [machine], faults=held)


def meter(port=1883, **terms):
    whole = {"id": "main", "topic": "site/meter", "energy_field": "wh", "time_field": "at"}
    return MqttMeter(host="127.0.0.1", port=port, **whole | terms)


async def read(terms):
    metering = open_metering(
        [terms], [], deadline_s=5.0, now_s=lambda: 50.0, utc_s=lambda: 1_800_000_100.0
    )
    try:
        return await metering.meters["main"].read()
    finally:
        await metering.close()


async def test_our_reader_hears_power_energy_and_time(tmp_path):
    async with broker(tmp_path) as port:
        terms = meter(port, power_field="kw", power_unit_w=1000.0)
        async with serving_mqtt(site_of(), [terms], every_s=EVERY_S):
            reading = await read(terms)
    assert reading.power_mw == pytest.approx(0.003)
    assert reading.energy_mwh == pytest.approx(0.0)
    assert reading.began_s == 50.0  # its time is the reader's


async def test_a_broker_that_comes_late_is_dialled_again(tmp_path):
    port = free_port()
    serving = serving_mqtt(site_of(), [meter(port)], every_s=EVERY_S, again_s=EVERY_S)
    async with AsyncExitStack() as stack:  # the meter goes before the broker does
        await stack.enter_async_context(serving)
        await asyncio.sleep(EVERY_S)
        async with broker(tmp_path, port):
            assert (await read(meter(port))).power_mw == pytest.approx(0.003)
            await stack.aclose()


async def test_a_meter_that_hangs_publishes_nothing(tmp_path):
    async with broker(tmp_path) as port:
        site = site_of("hang")
        async with serving_mqtt(site, [meter(port)], every_s=EVERY_S):
            metering = open_metering(
                [meter(port)], [], deadline_s=0.2, now_s=lambda: 0.0, utc_s=lambda: 0.0
            )
            assert (await metering.meters["main"].read()).power_mw is None
            await metering.close()


async def test_meter_and_reader_end_where_the_broker_fails_as_they_leave(tmp_path, monkeypatch):
    leave = aiomqtt.Client.__aexit__

    async def fail(client, *error):
        await leave(client, *error)
        raise aiomqtt.MqttError("gone")  # hides the cancellation

    monkeypatch.setattr(aiomqtt.Client, "__aexit__", fail)
    async with (
        asyncio.timeout(20),
        broker(tmp_path) as port,
        serving_mqtt(site_of(), [meter(port)], every_s=EVERY_S),
    ):
        assert (await read(meter(port))).power_mw == pytest.approx(0.003)


def test_a_message_has_the_fields_of_its_terms():
    told = json.loads(message(site_of(), meter()))
    assert told == {"power_w": pytest.approx(3000.0), "wh": 0.0, "at": 1_800_000_100.0}
    bare = meter(energy_field="", time_field="")
    assert list(json.loads(message(site_of(), bare))) == ["power_w"]


def test_a_wrong_clock_is_told_and_garbage_cannot_be_read():
    assert json.loads(message(site_of("clock-skew"), meter()))["at"] == 1_800_003_700.0
    with pytest.raises(json.JSONDecodeError):
        json.loads(message(site_of("garbage"), meter()))
