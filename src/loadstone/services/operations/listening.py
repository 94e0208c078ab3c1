# SPDX-License-Identifier: Apache-2.0
"""Listening to signals: each feed on its own, begun again when it breaks."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from math import inf

from loadstone.engines.control.signals import RUNS_FROM, Asked, signal_orders
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.event import Event, EventKind
from loadstone.model.operations.signal import SignalKind, SignalValue
from loadstone.model.operations.status import SignalStatus
from loadstone.model.operations.target import Entry
from loadstone.model.operations.terms import SiteTerms
from loadstone.services.operations.seats import Parts

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
KEPT_PRICES = 50  # a strike may count prices one after the other
KINDS = {
    SignalKind.LIMIT_MW: EventKind.TO_MW,
    SignalKind.BY_MW: EventKind.BY_MW,
    SignalKind.RUN: EventKind.STOP,
}
BASELINE = "baseline"  # kind of the lines that say from what power reductions count
KEPT_S = 3600.0  # values that ended longer ago say nothing any more
MOST_KEPT = 5000


class Listening:
    """What was heard of each signal, and what it asks for now."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._time = parts, parts.time
        self._heard: dict[str, list[SignalValue]] = {one.id: [] for one in parts.terms.signals}
        self._heard_s: dict[str, float] = {}
        self._said: dict[str, tuple[SignalKind, float] | None] = {}  # by the record
        self._broken: dict[str, str] = {}
        self._baselines: Mapping[str, float] = {}
        self._before: dict[str, float] = {}  # of a former life, of signals not heard in this
        self._counted: Mapping[str, float] = {}  # by the record
        self._ends_s: dict[str, float] = {}  # of events that were named
        self.fresh: dict[str, Event] = {}  # not yet in the store

    async def run(self, id_: str) -> None:
        """Follow one feed. When it breaks it is begun again after a pause that doubles."""
        pause_s = FIRST_PAUSE_S
        while True:
            heard_s = self._heard_s.get(id_)
            try:
                async for value in self._parts.doors.feeds[id_].values():
                    self._hear(value)
                self._broken[id_] = "its source ended"
            except OutsideError as error:
                self._broken[id_] = str(error)
            if self._heard_s.get(id_) != heard_s:
                pause_s = FIRST_PAUSE_S
            text = f"{self._broken[id_]}; it is asked again"
            self._parts.alarms.set("signal broken", text, subject=id_)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _hear(self, value: SignalValue) -> None:
        said_s = min(value.heard_s, self._time.now_s())  # a broker may have kept it for long
        self._heard_s[value.signal] = max(self._heard_s.get(value.signal, said_s), said_s)
        self._broken.pop(value.signal, None)
        self._parts.alarms.clear("signal broken", subject=value.signal)
        if value.reference and value.kind is not SignalKind.PRICE:
            self._take_event(value)
            return
        kept = self._heard.setdefault(value.signal, [])
        kept[:] = [one for one in kept if _named(one) != _named(value)]
        if not value.over(self._time.utc_s()):  # else it is taken back
            kept.append(value)
        kept.sort(key=lambda one: one.starts_s)
        self._forget(kept)

    def _forget(self, kept: list[SignalValue]) -> None:
        old_s = self._time.utc_s() - KEPT_S
        begun = [one for one in kept if one.ends_s is None and one.starts_s < old_s]
        over = [one for one in kept if one.ends_s is not None and one.ends_s < old_s]
        for one in [*over, *begun[:-KEPT_PRICES]]:
            kept.remove(one)
        del kept[:-MOST_KEPT]

    def orders(self, meter_mw: float | None) -> Asked:
        """Return the limits that signals ask for now, and which signals are silent.

        What signals say goes on record when it comes into force.
        """
        self._note_changes()
        now_s = self._time.now_s()
        begun_s = self._time.started_s
        signals = self._parts.terms.signals
        silent_s = {one.id: now_s - self._heard_s.get(one.id, begun_s) for one in signals}
        asked = signal_orders(
            signals,
            self._heard,
            silent_s,
            now_s=self._time.utc_s(),
            meter_mw=meter_mw,
            baselines={**self._baselines, **self._before},
            unheard={one.id for one in signals} - self._heard_s.keys(),
        )
        self._baselines = asked.baselines
        self._note_baselines()
        return asked

    def remember(self, baselines: Mapping[str, float]) -> None:
        """Take over from what power reductions of a former life count, MW by signal.

        After a restart the meter shows the site as it was reduced: taken anew, the same
        reduction would be made twice.
        """
        self._before = dict(baselines)
        self._counted = {**baselines, **self._counted}

    def _note_baselines(self) -> None:
        for id_ in [id_ for id_ in self._before if self._holding(id_) is not None]:
            del self._before[id_]
        now = {**self._before, **self._baselines}
        for id_ in sorted({*now, *self._counted}):
            mw = now.get(id_)
            if mw != self._counted.get(id_):
                words = "no power any more" if mw is None else f"{mw:.3f} MW"
                text = f"a reduction by {id_} counts from {words}"
                self._parts.desk.note(BASELINE, text, subject=id_, baseline_mw=mw)
        self._counted = now

    def _holding(self, id_: str) -> SignalValue | None:
        return holding(self._heard.get(id_, ()), self._time.utc_s())

    def _note_changes(self) -> None:
        utc_s = self._time.utc_s()
        for id_, kept in self._heard.items():
            now = holding(kept, utc_s)
            said = None if now is None else (now.kind, now.value)
            if said == self._said.get(id_):
                continue
            self._said[id_] = said
            words = "nothing now" if now is None else f"{now.kind} {now.value:g}"
            data = {} if now is None else _data(now)
            self._parts.desk.note("signal", f"{id_} says {words}", subject=id_, **data)

    def _take_event(self, value: SignalValue) -> None:
        """Take a named reduction over as an event: heard twice, it is one.

        One that is over, even by a life of the agent, ends; so does one that now lets the site
        run, or was taken back before it began.
        """
        id_, now_s = id_of(value), self._time.utc_s()
        runs = value.kind is SignalKind.RUN and value.value >= RUNS_FROM
        ends_s = inf if value.ends_s is None else value.ends_s
        ends_s = min(ends_s, now_s) if runs else ends_s
        is_new, before_s = id_ not in self._ends_s, self._ends_s.get(id_, inf)
        if is_new and not runs and value.starts_s < ends_s:
            self._begin(id_, value)
        if ends_s < before_s and (ends_s <= now_s or not is_new):
            self._parts.desk.waiting.ends[id_] = ends_s
        self._ends_s[id_] = min(ends_s, before_s)

    def _begin(self, id_: str, value: SignalValue) -> None:
        desk = self._parts.desk
        try:
            event = event_of(value, self._parts.terms, self._time.utc_s())
        except InputError as error:
            text = f"{id_} is not followed: {error}"
            desk.note("refused", text, subject=value.signal, **_data(value))
            return
        self.fresh[id_] = desk.waiting.heard[id_] = event

    def status(self) -> tuple[SignalStatus, ...]:
        """Return each signal as it was last heard."""
        return tuple(self._status_of(one.id) for one in self._parts.terms.signals)

    def _status_of(self, id_: str) -> SignalStatus:
        heard_s = self._heard_s.get(id_)
        now = self._holding(id_)
        means = {one.id: getattr(one, "means", "price") for one in self._parts.terms.signals}
        return SignalStatus(
            id=id_,
            kind=now.kind if now else means[id_],
            value=now.value if now else None,
            heard_s=None if heard_s is None else self._time.utc_of(heard_s),
            reason=self._broken.get(id_, ""),
        )


def baselines_in(entries: Iterable[Entry]) -> dict[str, float]:
    """Return from what power reductions count, MW by signal, from lines of the record."""
    said = {entry.subject: json.loads(entry.data)["baseline_mw"] for entry in entries}
    return {id_: mw for id_, mw in said.items() if mw is not None}


def id_of(value: SignalValue) -> str:
    """Return the id of the event that a named value of a signal asks for."""
    return f"{value.signal}:{value.reference}"


def event_of(value: SignalValue, terms: SiteTerms, now_s: float) -> Event:
    """Return the event that a named value of a signal asks for."""
    signal = next(one for one in terms.signals if one.id == value.signal)
    kind, mw = KINDS[value.kind], value.value
    if value.kind is SignalKind.RUN:
        mw = 0.0
    return Event(
        id=id_of(value),
        site=terms.site,
        kind=kind,
        mw=max(mw, 0.0),
        source=value.signal,
        reference=value.reference,
        penalty_per_mwh=signal.penalty_per_mwh,
        received_s=now_s,
        starts_s=value.starts_s,
        ends_s=value.ends_s,
        method=terms.method,
    )


def holding(heard: Sequence[SignalValue], now_s: float) -> SignalValue | None:
    """Return the value that holds now: of those that do, the one that began last."""
    for value in reversed(heard):
        if value.starts_s <= now_s and not value.over(now_s):
            return value
    return None


def _named(value: SignalValue) -> tuple[SignalKind, str | float]:
    return value.kind, value.reference or value.starts_s


def _data(value: SignalValue) -> dict[str, object]:
    return {
        "means": value.kind,
        "value": value.value,
        "starts_s": value.starts_s,
        "ends_s": value.ends_s,
        "reference": value.reference,
    }
