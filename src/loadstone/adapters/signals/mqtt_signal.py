# SPDX-License-Identifier: Apache-2.0
"""A signal over MQTT: prices, limits, on and off."""

from collections.abc import AsyncIterator, Callable
from math import isfinite
from typing import Any

import aiomqtt
import msgspec

from loadstone.adapters.signals.moments import seconds_since_1970
from loadstone.model.errors import OutsideError
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.signal import SignalKind, SignalValue
from loadstone.model.operations.terms import MqttSignal
from loadstone.model.ports import SignalFeed

LARGEST = 1_024  # bytes of a message that is looked at
_UNREADABLE = (msgspec.DecodeError, OverflowError, RecursionError)  # numbers, nesting too
SANE_S = 86_400.0  # a timestamp further from now is a broken clock, and the message is left


class MqttFeed:
    """Tells each message of a topic.

    A message that the broker kept from before has an unknown age: it counts only with a
    timestamp. A message that cannot be read is left; the silence of good ones is what counts.
    """

    def __init__(
        self,
        terms: MqttSignal,
        credential: Credential | None,
        *,
        now_s: Callable[[], float],
        utc_s: Callable[[], float],
    ) -> None:
        self._terms, self._credential = terms, credential
        self._now_s, self._utc_s = now_s, utc_s

    async def values(self) -> AsyncIterator[SignalValue]:
        """Tell each message that can be read; raise `OutsideError` when the broker is gone."""
        terms, known = self._terms, self._credential
        try:
            async with aiomqtt.Client(
                terms.host,
                terms.port,
                username=known.user if known else None,
                password=known.password if known else None,
            ) as client:
                await client.subscribe(terms.topic, qos=1)
                async for message in client.messages:
                    value = self._value(message.payload, kept=bool(message.retain))
                    if value is not None:
                        yield value
        except aiomqtt.MqttError as error:
            raise OutsideError(f"MQTT broker {terms.host}:{terms.port}: {error}") from error

    def _value(self, payload: object, *, kept: bool) -> SignalValue | None:
        if not isinstance(payload, bytes) or len(payload) > LARGEST:
            return None
        try:
            said = msgspec.json.decode(payload)
            number = _number(said[self._terms.value_field])
            at_s = _moment(said.get("timestamp"))
        except (*_UNREADABLE, KeyError, TypeError, ValueError, AttributeError):
            return None
        age_s = 0.0 if at_s is None else self._utc_s() - at_s
        if abs(age_s) > SANE_S or (kept and at_s is None):
            return None
        age_s = max(age_s, 0.0)
        kind = SignalKind(self._terms.means)
        if kind is SignalKind.RUN:
            number = float(number > 0)  # targets of 0 and 100 are as good as 0 and 1
        return SignalValue(
            signal=self._terms.id,
            kind=kind,
            value=number,
            heard_s=self._now_s() - age_s,
            starts_s=self._utc_s() - age_s,
        )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise TypeError(value)
    return float(value)


def _moment(value: Any) -> float | None:
    if value is None:
        return None
    return seconds_since_1970(value) if isinstance(value, str) else _number(value)


_: type[SignalFeed] = MqttFeed
