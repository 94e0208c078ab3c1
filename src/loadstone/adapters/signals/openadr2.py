# SPDX-License-Identifier: Apache-2.0
"""OpenADR 2.0b through openleadr, the extra `openadr2`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from math import inf, isfinite
from typing import Any

from loadstone.model.errors import OutsideError
from loadstone.model.operations.signal import SignalKind, SignalValue
from loadstone.model.operations.terms import OpenAdrSignal
from loadstone.model.ports import SignalFeed

_LISTENING_S = 1.0
KEPT_S = 86_400.0  # an event that ended longer ago is not told any more
_OVER = {"completed", "cancelled"}
_SCALES = {"none": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}


class OpenAdr2Feed:
    """Registers at the server, opts in to its events and tells what they ask.

    ELECTRICITY_PRICE is a price per kWh; LOAD_DISPATCH is a limit (setpoint) or a reduction
    (delta, negative), in W by its scale; SIMPLE levels 1 to 3 are a stop. Other signals and
    other types of these say nothing to a site. The answer to the server says that the event
    was heard; whether it is accepted is decided by the site, and is in its record. It opts
    out of an event that cannot be read, or that has nothing for a site. What an event no
    longer asks, after it was modified, ends.
    """

    def __init__(
        self,
        terms: OpenAdrSignal,
        *,
        now_s: Callable[[], float],
        utc_s: Callable[[], float],
    ) -> None:
        self._terms, self._now_s, self._utc_s = terms, now_s, utc_s
        self._events: dict[str, dict[str, Any]] = {}
        self._told: dict[str, SignalValue] = {}
        self._heard = asyncio.Event()

    async def values(self) -> AsyncIterator[SignalValue]:
        """Tell what holds or will hold whenever the server has answered."""
        client = self._client()
        running = asyncio.create_task(client.run())
        try:
            while True:
                await self._next_answer(client, running)
                for value in list(self._values()):
                    yield value
        finally:
            running.cancel()
            await client.stop()

    async def _next_answer(self, client: Any, running: "asyncio.Task[None]") -> None:
        while not self._heard.is_set():
            if running.done():
                error = running.exception()
                if error is None and not client.registration_id:
                    error = OutsideError("no registration was to be had")
                if error is not None:
                    raise OutsideError(f"OpenADR server {self._terms.url}: {error}")
            try:
                async with asyncio.timeout(_LISTENING_S):
                    await self._heard.wait()
            except TimeoutError:
                continue
        self._heard.clear()

    def _client(self) -> Any:
        try:
            openleadr = import_module("openleadr")
        except ImportError as error:
            text = "OpenADR 2.0b needs the extra: pip install 'loadstone[openadr2]'"
            raise OutsideError(text) from error
        client = openleadr.OpenADRClient(
            ven_name=self._terms.ven or "loadstone",
            vtn_url=self._terms.url,
            allow_jitter=False,
        )
        client.add_handler("on_event", self._on_event)
        client.add_handler("on_update_event", self._on_event)
        ask = client.poll

        async def poll() -> Any:
            answer = await ask()
            if answer[0] is not None:
                self._heard.set()
            return answer

        client.poll = poll
        return client

    async def _on_event(self, event: dict[str, Any]) -> str:
        name = event["event_descriptor"]["event_id"]
        try:
            asks = any(list(self._of_event(event)))
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            asks = False
        if asks:
            self._events[name] = event
        elif _is_over(event):
            self._events.pop(name, None)
        else:
            return "optOut"
        self._heard.set()
        return "optIn"

    def _values(self) -> Iterator[SignalValue]:
        utc_s = self._utc_s()
        before, self._told = self._told, {}
        for name, event in list(self._events.items()):
            over, values = _is_over(event), list(self._of_event(event))
            if all(_end(value) < utc_s - KEPT_S for value in values):
                del self._events[name]  # servers do not say that one ran its course
                continue
            for value in values:
                before.pop(value.reference, None)
                if not over:
                    self._told[value.reference] = value
                yield value.ended(utc_s, heard_s=value.heard_s) if over else value
            if over:
                del self._events[name]
        for old in before.values():
            if not old.over(utc_s):
                yield old.ended(utc_s, heard_s=self._now_s())
        if not any(one.starts_s <= utc_s for one in self._told.values()):
            yield self._value(SignalKind.RUN, 1.0, utc_s, None, "")

    def _of_event(self, event: dict[str, Any]) -> Iterator[SignalValue]:
        descriptor, period = event["event_descriptor"], event["active_period"]
        name, version = descriptor["event_id"], descriptor.get("modification_number")
        if version:  # what was asked before is told under another name, and ends
            name = f"{name}.{version}"
        for signal in event["event_signals"]:
            following_s: float | None = period["dtstart"].timestamp()
            for number, interval in enumerate(signal["intervals"]):
                start = interval.get("dtstart")  # most servers leave it to the lengths before
                starts_s = following_s if start is None else start.timestamp()
                if starts_s is None:
                    break
                length_s = interval.get("duration", period["duration"]).total_seconds()
                ends_s = following_s = starts_s + length_s if length_s > 0 else None
                read = _read(signal, float(interval["signal_payload"]))
                if read is not None:
                    reference = f"{name}/{number}/{signal['signal_name']}"
                    yield self._value(*read, starts_s, ends_s, reference)

    def _value(
        self, kind: SignalKind, value: float, starts_s: float, ends_s: float | None, name: str
    ) -> SignalValue:
        return SignalValue(
            signal=self._terms.id,
            kind=kind,
            value=value,
            heard_s=self._now_s(),
            starts_s=starts_s,
            ends_s=ends_s,
            reference=name,
        )


def _end(value: SignalValue) -> float:
    return inf if value.ends_s is None else value.ends_s


def _is_over(event: dict[str, Any]) -> bool:
    return str(event["event_descriptor"]["event_status"]) in _OVER


def _read(signal: dict[str, Any], value: float) -> tuple[SignalKind, float] | None:
    """Return what a signal asks; None for one that asks nothing of a site."""
    name, type_ = str(signal["signal_name"]).upper(), str(signal["signal_type"])
    if not isfinite(value):
        raise ValueError(f"{name} is {value}")
    if name == "SIMPLE":
        return SignalKind.RUN, float(value <= 0)
    if (name, type_) == ("ELECTRICITY_PRICE", "price"):
        return SignalKind.PRICE, value * 1e3
    if name != "LOAD_DISPATCH" or type_ not in {"setpoint", "delta"}:
        return None
    measured = signal.get("measurement") or {}
    megawatts = value * _SCALES.get(str(measured.get("scale", "none")), 1.0) / 1e6
    if type_ == "delta":
        return SignalKind.BY_MW, max(0.0, -megawatts)
    return SignalKind.LIMIT_MW, max(0.0, megawatts)


_: type[SignalFeed] = OpenAdr2Feed
