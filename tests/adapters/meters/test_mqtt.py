# SPDX-License-Identifier: Apache-2.0
"""A meter over MQTT against mosquitto."""

import asyncio
import json

import aiomqtt
import pytest

from loadstone.adapters.meters import open_metering
from loadstone.model.operations.reading import Reason
from loadstone.model.operations.terms import MqttMeter
from tests.mosquitto import broker

pytestmark = pytest.mark.anyio
NOW_S, UTC_S = 1_000.0, 1.8e9


def meter(port: int, **terms):
    given = MqttMeter(id="main", host="127.0.0.1", port=port, topic="site/meter", **terms)
    site = open_metering([given], [], deadline_s=0.5, now_s=lambda: NOW_S, utc_s=lambda: UTC_S)
    return site.meters["main"]


async def tell(port: int, payload: object, *, keep: bool = False) -> None:
    said = payload if isinstance(payload, str) else json.dumps(payload)
    said = said.encode(errors="surrogateescape")
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.publish("site/meter", said, retain=keep)


async def until_heard(one, wanted):
    async with asyncio.timeout(5):
        while not wanted(reading := await one.read()):
            await asyncio.sleep(0.01)
    return reading


async def test_a_reading_is_heard_in_its_unit_with_its_age(tmp_path):
    async with broker(tmp_path) as port:
        one = meter(
            port, power_unit_w=1e3, energy_field="kwh", energy_unit_wh=1e3, time_field="t"
        )
        assert (await one.read()).reason is Reason.TIMEOUT  # nobody has said anything yet
        await tell(port, {"power_w": 2_500, "kwh": 4e6, "t": UTC_S - 3})
        reading = await until_heard(one, lambda r: r.power_mw is not None)
        assert (reading.power_mw, reading.energy_mwh) == (2.5, 4_000.0)
        assert reading.began_s == NOW_S - 3
        await one.close()


async def test_a_kept_message_of_unknown_age_says_nothing_about_now(tmp_path):
    async with broker(tmp_path) as port:
        await tell(port, {"power_w": 1.0}, keep=True)
        one = meter(port)
        assert (await one.read()).reason is Reason.TIMEOUT
        await one.close()


async def test_a_kept_message_with_its_time_is_as_old_as_it_says(tmp_path):
    async with broker(tmp_path) as port:
        await tell(port, {"power_w": 1e6, "at": "2027-01-15T07:00:00+00:00"}, keep=True)
        one = meter(port, time_field="at")
        reading = await until_heard(one, lambda r: r.power_mw is not None)
        assert reading.began_s == NOW_S - 3_600  # 1.8e9 is 2027-01-15T08:00:00 UTC
        await one.close()


async def test_an_older_reading_does_not_take_the_place_of_a_newer_one(tmp_path):
    async with broker(tmp_path) as port:
        one = meter(port, time_field="t")
        await one.read()
        await tell(port, {"power_w": 2e6, "t": UTC_S - 3})
        assert (await until_heard(one, lambda r: r.power_mw is not None)).power_mw == 2.0
        await tell(port, {"power_w": 9e6, "t": UTC_S - 600})
        await tell(port, {"power_w": 3e6, "t": UTC_S - 2})
        seen = await until_heard(one, lambda r: r.power_mw != 2.0)
        assert (seen.power_mw, seen.began_s) == (3.0, NOW_S - 2)
        await one.close()


@pytest.mark.parametrize(
    "payload",
    [
        "{",
        '{"power": 1}',
        '{"power_w": "high"}',
        '{"power_w": true}',
        "[]",
        '{"power_w": null}',
        f'{{"power_w": 1{"0" * 400}}}',
        "[" * 20_000,
        "\udcff",
    ],
)
async def test_what_is_no_reading_makes_the_power_unknown(tmp_path, payload):
    async with broker(tmp_path) as port:
        one = meter(port)
        await one.read()
        await tell(port, payload)
        reading = await until_heard(one, lambda r: r.reason is Reason.GARBAGE)
        assert reading.power_mw is None
        await tell(port, {"power_w": 5e6})  # and the next is heard again
        assert (await until_heard(one, lambda r: r.power_mw is not None)).power_mw == 5.0
        await one.close()


async def test_without_a_broker_the_power_is_unknown(tmp_path):
    one = meter(1)
    assert (await one.read()).reason is Reason.REFUSED
    await one.close()
