# SPDX-License-Identifier: Apache-2.0
"""Reading meters and switches, and turning switches."""

import asyncio
from collections import deque

import numpy as np

from loadstone.model.operations.control import MeterView, SwitchView
from loadstone.model.operations.fleet import Seen
from loadstone.model.operations.meter import MeterReading, SwitchReading
from loadstone.model.operations.reading import Reason
from loadstone.model.operations.status import MeterStatus, SwitchStatus
from loadstone.services.operations.seats import Parts

GRACE_S = 2.0
LOW_S = 60.0
QUIET_S = 60.0  # after the last command, before the draw of others is estimated
FLOOR_S = 900.0
SWITCH_S = 5.0


class Metering:
    """Reads every meter of a site, and works out what the machines do not draw."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._time = parts, parts.time
        self._timing = parts.terms.timing
        self._mains = [meter.id for meter in parts.terms.meters if meter.main][:1]
        self._last: dict[str, MeterReading] = {}
        self._reasons: dict[str, Reason] = {}
        self._trace: deque[tuple[float, float]] = deque()
        self._others: deque[tuple[float, float]] = deque()
        self._over_since_s: float | None = None
        self.others_mw = 0.0

    async def run(self, id_: str) -> None:
        """Read one meter every `meter_s`."""
        while True:
            began_s = self._time.now_s()
            self._take(await self._read(id_))
            left_s = began_s + self._timing.meter_s - self._time.now_s()
            await asyncio.sleep(max(left_s, 0.0))

    async def _read(self, id_: str) -> MeterReading:
        began_s = self._time.now_s()
        try:
            async with asyncio.timeout(self._timing.deadline_s + GRACE_S):
                return await self._parts.doors.meters[id_].read()
        except TimeoutError:
            return MeterReading(meter=id_, began_s=began_s, reason=Reason.TIMEOUT)

    def _take(self, reading: MeterReading) -> None:
        self._reasons[reading.meter] = reading.reason
        doors = self._parts.doors
        doors.telemetry.add_meter(self._parts.terms.site, reading, self._time.utc_s())
        if reading.power_mw is None:
            return
        self._last[reading.meter] = reading
        if reading.meter in self._mains:
            self._take_main(reading.began_s, reading.power_mw)

    def _take_main(self, began_s: float, power_mw: float) -> None:
        self._trace.append((began_s, power_mw))
        while self._trace[0][0] < began_s - LOW_S:
            self._trace.popleft()
        limit_mw = self._parts.terms.limit_mw
        if limit_mw is None or power_mw <= limit_mw:
            self._over_since_s = None
        elif self._over_since_s is None:
            self._over_since_s = began_s
        self._estimate(began_s, power_mw)

    def _estimate(self, now_s: float, power_mw: float) -> None:
        """Take what is left of the meter for others, when no machine was told anything lately.

        An unknown machine is taken at its full load for the least of it, so that the least is
        rather too low than too high.
        """
        book = self._parts.book
        told_s = float(np.max(book.dispatched_s, initial=-np.inf))
        known = book.seen != Seen.UNKNOWN
        if now_s - told_s < QUIET_S or not known.any():
            return
        known_mw = float(book.known_w().sum()) / 1e6
        silent_mw = float((book.full_w * ~known).sum()) / 1e6
        if known.all():
            self.others_mw += 0.2 * (max(power_mw - known_mw, 0.0) - self.others_mw)
        self._others.append((now_s, max(power_mw - known_mw - silent_mw, 0.0)))
        while self._others[0][0] < now_s - FLOOR_S:
            self._others.popleft()

    @property
    def heard(self) -> bool:
        """Whether the main meter has told its power; True where there is none."""
        return all(id_ in self._last for id_ in self._mains)

    @property
    def others_floor_mw(self) -> float:
        """The least that others drew lately, MW; 0 where it is not known."""
        return min((mw for _, mw in self._others), default=0.0)

    def view(self) -> MeterView:
        """Return the main meter as it is known now."""
        last = self._last.get(self._mains[0]) if self._mains else None
        if last is None:
            return MeterView()
        return MeterView(
            power_mw=last.power_mw,
            began_s=last.began_s,
            over_since_s=self._over_since_s,
            low_mw=min((mw for _, mw in self._trace), default=None),
        )

    def status(self) -> tuple[MeterStatus, ...]:
        """Return every meter as it was last read."""
        return tuple(self._status_of(id_) for id_ in self._parts.doors.meters)

    def _status_of(self, id_: str) -> MeterStatus:
        last = self._last.get(id_)
        return MeterStatus(
            id=id_,
            main=id_ in self._mains,
            power_mw=last.power_mw if last else None,
            read_s=self._time.utc_of(last.began_s) if last else None,
            reason=str(self._reasons.get(id_, Reason.NEVER_READ)),
        )


class Switching:
    """Reads and turns the switches of a site."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._time = parts, parts.time
        self._last: dict[str, SwitchReading] = {}
        self._changed_s: dict[str, float] = {}
        self._locks = {id_: asyncio.Lock() for id_ in parts.doors.switches}
        self._turning: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, tuple[bool, bool | None]] = {}
        self._asked: dict[str, tuple[bool, float]] = {}

    async def run(self, id_: str) -> None:
        """Read one switch every few seconds."""
        while True:
            async with self._locks[id_]:
                await self._call(id_, None)
            await asyncio.sleep(SWITCH_S)

    async def _call(self, id_: str, on: bool | None) -> None:
        switch, began_s = self._parts.doors.switches[id_], self._time.now_s()
        try:
            async with asyncio.timeout(self._parts.terms.timing.deadline_s + GRACE_S):
                reading = await (switch.read() if on is None else switch.turn(on))
        except TimeoutError:
            reading = SwitchReading(switch=id_, began_s=began_s, reason=Reason.TIMEOUT)
        self._last[id_] = reading

    def turn(self, id_: str, on: bool) -> None:
        """Have a switch turned; one order at a time, the next decision asks again."""
        if id_ in self._turning or id_ not in self._locks:
            return
        before = self._last.get(id_)
        if self._asked.get(id_, (None, 0.0))[0] is not on:
            self._asked[id_] = (on, self._time.now_s())
        if before is None or before.on is not on:
            self._changed_s[id_] = self._time.now_s()
        task = asyncio.ensure_future(self._turn(id_, on))
        self._turning[id_] = task
        task.add_done_callback(lambda _: self._turning.pop(id_, None))

    async def _turn(self, id_: str, on: bool) -> None:
        async with self._locks[id_]:
            await self._call(id_, on)
        said = self._last[id_]
        if self._told.get(id_) == (on, said.on):
            return  # asked again and again in vain: written once
        self._told[id_] = (on, said.on)
        wanted, shows = _word(on), _word(said.on)
        text = f"{id_} was turned {wanted} and shows {shows}"
        self._parts.desk.note("switch", text, subject=id_, wanted=on, shows=said.on)

    def view(self) -> tuple[SwitchView, ...]:
        """Return the switches as they are known now, in the order of operate.toml."""
        return tuple(self._view_of(switch.id) for switch in self._parts.terms.switches)

    def _view_of(self, id_: str) -> SwitchView:
        last, asked = self._last.get(id_), self._asked.get(id_)
        if asked and last and last.on is asked[0]:
            del self._asked[id_]
            asked = None
        return SwitchView(
            id=id_,
            on=last.on if last else None,
            began_s=last.began_s if last else None,
            changed_s=self._changed_s.get(id_),
            asked_s=asked[1] if asked else None,
        )

    def status(self) -> tuple[SwitchStatus, ...]:
        """Return every switch as it was last read."""
        told = []
        for switch in self._parts.terms.switches:
            last = self._last.get(switch.id)
            read_s = self._time.utc_of(last.began_s) if last else None
            on = last.on if last else None
            told.append(SwitchStatus(id=switch.id, role=switch.role, on=on, read_s=read_s))
        return tuple(told)

    def cancel(self) -> None:
        """Cut off what is under way."""
        for task in list(self._turning.values()):
            task.cancel()


def _word(on: bool | None) -> str:
    return "nothing known" if on is None else "on" if on else "off"
