# SPDX-License-Identifier: Apache-2.0
"""Meters of a simulated site that publish over MQTT. The broker is somebody else's.

A meter that refuses or hangs publishes nothing; one whose clock is wrong says a wrong time.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import msgspec

from loadstone.adapters.simulators.faults import FaultKind
from loadstone.adapters.simulators.site import SimulatedSite
from loadstone.model.operations.terms import MqttMeter

EVERY_S = 2.0
AGAIN_S = 1.0
_PATIENCE_S = 2.0  # a broker's longest silence when a meter comes or goes
_HIDDEN_S = 0.5  # after which a cancellation that showed nothing is taken for hidden
_GARBAGE = b'{"power_w": nan, }'


@asynccontextmanager
async def serving_mqtt(
    site: SimulatedSite,
    meters: Iterable[MqttMeter],
    *,
    every_s: float = EVERY_S,
    again_s: float = AGAIN_S,
) -> AsyncIterator[None]:
    """Publish readings while a block runs; a broker that is lost is dialled again.

    Args:
        site: What meters show.
        meters: Meters, with their brokers and topics. All show the whole site.
        every_s: Seconds between two readings.
        again_s: Seconds before a broker that is gone is tried again.
    """
    tasks = [asyncio.create_task(_publish(site, meter, every_s, again_s)) for meter in meters]
    try:
        yield
    finally:
        left = set(tasks)
        while left:  # again and again: a client that ends a call just now hides a cancellation
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=_HIDDEN_S)


async def _publish(
    site: SimulatedSite, meter: MqttMeter, every_s: float, again_s: float
) -> None:
    said = b""
    while True:
        try:
            async with aiomqtt.Client(meter.host, meter.port, timeout=_PATIENCE_S) as client:
                while True:
                    if not (said and site.has(meter.id, FaultKind.STALE)):
                        said = message(site, meter)
                    if not _silent(site, meter):
                        await client.publish(meter.topic, said)
                    await asyncio.sleep(every_s)
        except aiomqtt.MqttError:
            await asyncio.sleep(again_s)


def _silent(site: SimulatedSite, meter: MqttMeter) -> bool:
    kinds = FaultKind.REFUSE, FaultKind.HANG
    return any(site.has(meter.id, kind) for kind in kinds)


def message(site: SimulatedSite, meter: MqttMeter) -> bytes:
    """Return what a meter publishes now: a JSON object with the fields of its terms."""
    if site.has(meter.id, FaultKind.GARBAGE):
        return _GARBAGE
    told: dict[str, Any] = {meter.power_field: 1e6 * site.power_mw() / meter.power_unit_w}
    if meter.energy_field:
        told[meter.energy_field] = 1e6 * site.energy_mwh() / meter.energy_unit_wh
    if meter.time_field:
        skew = site.has(meter.id, FaultKind.CLOCK_SKEW)
        told[meter.time_field] = site.world.utc_s() + (skew.size if skew else 0.0)
    return msgspec.json.encode(told)
