# SPDX-License-Identifier: Apache-2.0
"""A meter that publishes its readings over MQTT."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from math import isfinite
from typing import Any

import aiomqtt
import msgspec

from loadstone.model.operations.meter import MeterReading
from loadstone.model.operations.reading import Reason
from loadstone.model.operations.terms import MqttMeter
from loadstone.model.ports import Meter

_LARGEST = 65_536  # bytes of a message that is looked at
_LONGEST_PAUSE_S = 30.0
_UNREADABLE = (msgspec.DecodeError, OverflowError, RecursionError)  # numbers, nesting too
_HIDDEN_S = 0.5  # after which a cancellation that showed nothing is taken for hidden


class MqttMeterReader:
    """Listens to a topic and remembers the last reading.

    A message that the broker kept has an unknown age; it counts only where it says when it was
    measured.
    """

    def __init__(
        self,
        terms: MqttMeter,
        *,
        deadline_s: float,
        now_s: Callable[[], float],
        utc_s: Callable[[], float],
    ) -> None:
        self._terms, self._deadline_s = terms, deadline_s
        self._now_s, self._utc_s = now_s, utc_s
        self._listening: asyncio.Task[None] | None = None
        self._heard = asyncio.Event()
        self._last = self._unknown(Reason.NEVER_READ)

    async def read(self) -> MeterReading:
        """Return the last reading with the time it is of; it may be old."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        if self._last.power_mw is None and not self._heard.is_set():
            try:
                async with asyncio.timeout(self._deadline_s):
                    await self._heard.wait()
            except TimeoutError:
                return self._unknown(Reason.TIMEOUT)
        return self._last

    async def close(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            while not self._listening.done():  # a client may hide a cancellation
                self._listening.cancel()
                await asyncio.wait([self._listening], timeout=_HIDDEN_S)
            self._listening = None

    async def _listen(self) -> None:
        terms, pause_s = self._terms, 1.0
        while True:
            try:
                async with aiomqtt.Client(terms.host, terms.port) as client:
                    await client.subscribe(terms.topic)
                    pause_s = 1.0
                    async for message in client.messages:
                        self._keep(message)
            except aiomqtt.MqttError:
                self._tell(self._unknown(Reason.REFUSED))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _keep(self, message: aiomqtt.Message) -> None:
        payload = message.payload
        if not isinstance(payload, bytes) or len(payload) > _LARGEST:
            return
        reading = self._reading(payload, kept=bool(message.retain))
        if reading is not None:
            self._tell(reading)

    def _tell(self, reading: MeterReading) -> None:
        if self._last.power_mw is not None and reading.began_s < self._last.began_s:
            return  # kept from before, or overtaken on its way
        self._last = reading
        self._heard.set()

    def _reading(self, payload: bytes, *, kept: bool) -> MeterReading | None:
        """Return what a message says; None for one that says nothing about now."""
        terms = self._terms
        try:
            said = msgspec.json.decode(payload)
            power = _number(said[terms.power_field]) * terms.power_unit_w / 1e6
            energy = None
            if terms.energy_field:
                energy = _number(said[terms.energy_field]) * terms.energy_unit_wh / 1e6
            age_s = self._age_s(said)
        except (*_UNREADABLE, KeyError, TypeError, ValueError):
            return self._unknown(Reason.GARBAGE)
        if age_s is None and kept:
            return None
        return MeterReading(
            meter=terms.id,
            began_s=self._now_s() - (age_s or 0.0),
            power_mw=power,
            energy_mwh=energy,
        )

    def _age_s(self, said: dict[str, Any]) -> float | None:
        """Return how old a reading is; None where it does not say, 0 from a clock ahead."""
        if not self._terms.time_field:
            return None
        at = said[self._terms.time_field]
        if isinstance(at, str):
            moment = datetime.fromisoformat(at)
            if moment.tzinfo is None:
                raise ValueError(at)
            at = moment.timestamp()
        return max(0.0, self._utc_s() - _number(at))

    def _unknown(self, reason: Reason) -> MeterReading:
        return MeterReading(meter=self._terms.id, began_s=self._now_s(), reason=reason)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise TypeError(value)
    return float(value)


_: type[Meter] = MqttMeterReader
