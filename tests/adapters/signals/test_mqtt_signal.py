# SPDX-License-Identifier: Apache-2.0
"""Signals over MQTT against mosquitto."""

import asyncio
import json
from contextlib import aclosing

import aiomqtt
import pytest

from loadstone.adapters.signals.mqtt_signal import MqttFeed
from loadstone.model.errors import OutsideError
from loadstone.model.operations.signal import SignalKind
from loadstone.model.operations.terms import MqttSignal
from tests.mosquitto import broker

pytestmark = pytest.mark.anyio
UTC_S = 1.8e9


def feed(port, means="limit_mw", field="value"):
    terms = MqttSignal(
        id="grid", means=means, host="127.0.0.1", port=port, topic="grid", value_field=field
    )
    return MqttFeed(terms, None, now_s=lambda: 50.0, utc_s=lambda: UTC_S)


async def heard_of(given, port, *payloads, keep=False):
    """Publish until the feed listens, and return the first value it tells."""

    heard = asyncio.Event()

    async def publish():
        async with aiomqtt.Client("127.0.0.1", port) as client:
            while not heard.is_set():
                for payload in payloads:
                    said = payload if isinstance(payload, bytes) else json.dumps(payload)
                    await client.publish("grid", said, qos=1, retain=keep)
                await asyncio.sleep(0.02)

    publishing = asyncio.create_task(publish())
    try:
        async with asyncio.timeout(5), aclosing(given.values()) as values:
            return await anext(values)
    finally:
        heard.set()
        await publishing


async def test_a_set_point_is_heard(tmp_path):
    async with broker(tmp_path) as port:
        value = await heard_of(feed(port), port, {"value": 12.5})
    assert (value.kind, value.value, value.heard_s) == (SignalKind.LIMIT_MW, 12.5, 50.0)
    assert (value.starts_s, value.ends_s) == (UTC_S, None)


async def test_a_target_of_nought_or_a_hundred_reads_as_run(tmp_path):
    async with broker(tmp_path) as port:
        value = await heard_of(feed(port, "run", "target"), port, {"target": 100})
        assert value.value == 1.0
        value = await heard_of(feed(port, "run", "target"), port, {"target": 0})
        assert value.value == 0.0


async def test_a_value_is_as_old_as_its_timestamp(tmp_path):
    async with broker(tmp_path) as port:
        value = await heard_of(feed(port), port, {"value": 1, "timestamp": UTC_S - 8})
    assert (value.heard_s, value.starts_s) == (42.0, UTC_S - 8)


async def test_what_cannot_be_read_or_is_days_off_is_left(tmp_path):
    bad = [
        b"{",
        b"\xff",
        b"[" * 1_000,
        b'{"value": 1' + b"0" * 400 + b"}",
        {"value": None},
        {"value": True},
        [1],
        {"other": 1},
        {"value": 1, "timestamp": UTC_S - 90_000},
        {"value": 1, "timestamp": "2027-01-15T08:00:00"},
        b'{"value": 1, "pad": "' + b"x" * 1_100 + b'"}',
    ]
    async with broker(tmp_path) as port:
        value = await heard_of(feed(port), port, *bad, {"value": 3})
    assert value.value == 3


async def test_a_kept_message_without_a_time_is_not_heard(tmp_path):
    async with broker(tmp_path) as port:
        async with aiomqtt.Client("127.0.0.1", port) as client:
            await client.publish("grid", '{"value": 9}', qos=1, retain=True)
        async with aclosing(feed(port).values()) as values:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await anext(values)


async def test_a_lost_broker_is_the_outside_world(tmp_path):
    values = feed(1).values()
    with pytest.raises(OutsideError, match=r"127\.0\.0\.1:1"):
        await anext(values)
