# SPDX-License-Identifier: Apache-2.0
"""What is written down: intents before commands, outcomes after, alarms once each."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.control import Alarm
from loadstone.model.operations.event import Event
from loadstone.model.operations.machine import Machine
from loadstone.model.operations.status import AlarmStatus
from loadstone.model.operations.target import Entry, Observed, PowerLease, Target
from loadstone.model.ports import Store
from loadstone.services.operations.doors import AgentTime, Offload

T = TypeVar("T")

WAIT_S = 4.0  # a store that takes longer counts as gone; its own timeouts are shorter
PAUSE_S = 5.0  # between two questions to a store that is gone: they must not slow the ticks
MOST_LATE = 100_000
CALM_S = 10.0  # an alarm ends when it has been absent for this long


@dataclass(slots=True)
class Batch:
    """What one tick wants written, in one go.

    Attributes:
        moves: Of machines that change hands, who held them and who takes them; "" nobody.
        free: Machines that are told something though nobody here holds them.
        targets: What is wanted of machines.
        heard: Events that a signal asks for; one that is there already stays as it is.
        ends: Events that their sender ends sooner, and when.
        events: Events that changed.
        observed: What was seen of machines.
        machines: Machines whose identity became known.
        entries: Lines of the record.
        lease: The lease, when it is renewed in the store.
    """

    moves: dict[str, tuple[str, str]] = field(default_factory=dict)
    free: list[str] = field(default_factory=list)
    targets: dict[str, Target] = field(default_factory=dict)
    heard: dict[str, Event] = field(default_factory=dict)
    ends: dict[str, float] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    observed: dict[str, Observed] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    lease: PowerLease | None = None

    def __len__(self) -> int:
        machines = len(self.moves) + len(self.targets) + len(self.observed)
        events = len(self.heard) + len(self.ends) + len(self.events)
        return machines + len(self.machines) + events + len(self.entries)

    def add(self, later: "Batch") -> None:
        """Take over what came later; the later word on the same thing holds."""
        for id_, (holder, taker) in later.moves.items():
            self.moves[id_] = (self.moves.get(id_, (holder, ""))[0], taker)
        self.free = later.free
        self.targets.update(later.targets)
        self.heard.update(later.heard)
        self.ends.update(later.ends)
        self.events.update(later.events)
        self.observed.update(later.observed)
        self.machines.update(later.machines)
        self.entries.extend(later.entries)
        self.lease = later.lease or self.lease


class Desk:
    """Everything that goes to and comes from the store passes here.

    What waits is in `waiting`. While the desk is shut or the store is gone, what should have
    been written is kept, marked late, and written when the store is back.
    """

    def __init__(self, site: str, store: Store, time: AgentTime, offload: Offload) -> None:
        self.site, self.ok = site, True
        self.shut = True  # until what the store knows has been taken over
        self.waiting = Batch()
        self.dropped = 0
        self._store, self._time, self._offload = store, time, offload
        self._late = Batch()
        self._ask_again_s = 0.0
        self._hung: asyncio.Future[Any] | None = None
        self._turn = asyncio.Lock()
        self._writing: asyncio.Future[Any] | None = None

    @property
    def late(self) -> int:
        """How much waits for a store that is gone."""
        return len(self._late)

    def note(self, kind: str, text: str, *, subject: str = "", **data: Any) -> None:
        """Keep a line of the record for the next writing."""
        self.waiting.entries.append(self.entry(kind, text, subject=subject, **data))

    def entry(self, kind: str, text: str, *, subject: str = "", **data: Any) -> Entry:
        """Return a line of the record, dated now."""
        return Entry(
            at_s=self._time.utc_s(),
            site=self.site,
            kind=kind,
            subject=subject,
            text=text,
            data=json.dumps(data, sort_keys=True, separators=(",", ":")),
        )

    async def ask(self, call: Callable[[Store], T]) -> T:
        """Return what the store answers.

        Raises:
            OutsideError: The store is gone, or was a moment ago.
        """
        if self._time.now_s() < self._ask_again_s:
            raise OutsideError("the store was gone a moment ago")
        if self._hung is not None and not self._hung.done():
            raise OutsideError("the store still holds the last call")
        try:
            answer = await self._within(lambda: call(self._store))
        except OutsideError:
            self.ok = False
            self._ask_again_s = self._time.now_s() + PAUSE_S
            raise
        self.ok = True
        return answer

    async def _within(self, call: Callable[[], T]) -> T:
        future = asyncio.ensure_future(self._offload(call))
        done, _ = await asyncio.wait([future], timeout=WAIT_S)
        if not done:
            self._hung = future
            future.add_done_callback(_look_at)
            raise OutsideError(f"the store did not answer within {WAIT_S:g} s")
        return future.result()

    async def write(self, batch: Batch | None = None) -> frozenset[str] | None:
        """Write what waits, then `batch`; return machines that others hold.

        Returns None when the store is gone: all is kept and will be written late. What is begun
        is brought to its end, though nobody waits for it any more.
        """
        self._writing = asyncio.ensure_future(self._in_turn(batch or Batch()))
        return await asyncio.shield(self._writing)

    async def write_last(self) -> None:
        """Write what waits, though the store was gone a moment ago: there is no later."""
        async with self._turn:
            self._ask_again_s = 0.0
        await self.write()

    async def _in_turn(self, batch: Batch) -> frozenset[str] | None:
        async with self._turn:
            return await self._written(batch)

    async def _written(self, batch: Batch) -> frozenset[str] | None:
        now, self.waiting = self.waiting, Batch()
        now.add(batch)
        late = self._late
        if not len(now) and not len(late) and now.lease is None:
            return frozenset()
        whole = Batch()
        whole.add(late)
        whole.add(now)
        try:
            if self.shut:
                raise OutsideError("what the store knows is not taken over yet")
            refused = await self.ask(lambda store: _write(store, self.site, whole))
        except OutsideError:
            self._keep(now)
            return None
        self._late = Batch()
        return refused

    @property
    def begun(self) -> frozenset[str]:
        """Events that this life took up and has not written yet."""
        return frozenset({*self._late.events, *self.waiting.events})

    def begun_before(self, events: Iterable[str]) -> None:
        """Leave to the store what it knows of events that this life took for new ones."""
        known = frozenset(events)
        for batch in (self._late, self.waiting):
            for id_ in known:
                batch.events.pop(id_, None)
            batch.entries = [_again(entry, known) for entry in batch.entries]

    def _keep(self, batch: Batch) -> None:
        batch.entries = [_late(entry) for entry in batch.entries]
        self._late.add(batch)
        over = len(self._late.entries) - MOST_LATE
        if over > 0:
            del self._late.entries[:over]
            self.dropped += over


def _look_at(future: "asyncio.Future[Any]") -> None:
    """Take the error of a call that nobody waits for any more."""
    if not future.cancelled():
        future.exception()


def _late(entry: Entry) -> Entry:
    data = json.loads(entry.data)
    if data.get("late"):
        return entry
    said = json.dumps({**data, "late": True}, sort_keys=True, separators=(",", ":"))
    return replace(entry, data=said)


def _again(entry: Entry, known: frozenset[str]) -> Entry:
    if entry.kind != "event" or entry.subject not in known:
        return entry
    text = f"without its store the agent took it for a new one: {entry.text}"
    return replace(entry, kind="event again", text=text)


def _write(store: Store, site: str, batch: Batch) -> frozenset[str]:
    """Write a batch. Owners go first: what another holds is neither wanted nor told.

    A call that fails leaves those before it written; each may be made twice, but for the
    lines of the record, which go last.
    """
    if batch.machines:
        store.put_machines(batch.machines.values())
    at_s = batch.entries[-1].at_s if batch.entries else 0.0
    if batch.lease is not None:
        store.renew(batch.lease)
    refused = _change_hands(store, site, batch.moves, at_s)
    if batch.free:
        refused |= store.owners(site).keys() & set(batch.free)
    targets = [one for id_, one in batch.targets.items() if id_ not in refused]
    for event in batch.heard.values():
        store.add_event(event)
    for id_, end_s in batch.ends.items():
        with suppress(InputError):
            store.release(id_, end_s, abort=False, reason="ended by its sender")
    for event in batch.events.values():
        # one that was ended meanwhile by somebody else stays as it is; it is read again
        with suppress(InputError):
            store.put_events([event], ())
    if batch.observed:
        store.put_observed(site, batch.observed.values())
    if targets:
        store.put_targets(site, targets, batch.entries)
    elif batch.entries:
        store.record(batch.entries)
    return frozenset(refused)


def _change_hands(
    store: Store, site: str, moves: Mapping[str, tuple[str, str]], at_s: float
) -> set[str]:
    let_go: dict[str, list[str]] = {}
    take: dict[str, list[str]] = {}
    for id_, (holder, taker) in moves.items():
        if holder != taker:
            let_go.setdefault(holder, []).append(id_)
            take.setdefault(taker, []).append(id_)
    refused: set[str] = set()
    for owner, ids in let_go.items():
        if owner:
            store.let_go(site, owner, ids, at_s)
    for owner, ids in take.items():
        if owner:
            refused.update(set(ids) - store.take(site, owner, ids, at_s))
    return refused


class Alarms:
    """Alarms that stand. Each is written once when raised and once when it ends."""

    def __init__(self, desk: Desk, time: AgentTime) -> None:
        self._desk, self._time = desk, time
        self._own: dict[tuple[str, str], Alarm] = {}
        self._raised: dict[tuple[str, str], AlarmStatus] = {}
        self._last_s: dict[tuple[str, str], float] = {}

    def set(self, kind: str, text: str, *, subject: str = "") -> None:
        """Raise an alarm of the service, which stands until it is cleared."""
        self._own[kind, subject] = Alarm(kind=kind, subject=subject, text=text)

    def clear(self, kind: str, *, subject: str = "") -> None:
        """End an alarm of the service, if it stands."""
        self._own.pop((kind, subject), None)

    def look(self, decided: Iterable[Alarm]) -> None:
        """Note which alarms stand now: those of the service, and those decided."""
        now_s = self._time.now_s()
        standing = {**{(one.kind, one.subject): one for one in decided}, **self._own}
        for key, alarm in standing.items():
            self._last_s[key] = now_s
            before = self._raised.get(key)
            since_s = self._time.utc_s() if before is None else before.since_s
            self._raised[key] = AlarmStatus(
                kind=alarm.kind, subject=alarm.subject, text=alarm.text, since_s=since_s
            )
            if before is None:
                self._desk.note("alarm", alarm.text, subject=alarm.subject, alarm=alarm.kind)
        for key in [one for one in self._raised if self._last_s[one] + CALM_S < now_s]:
            over = self._raised.pop(key)
            text = f"over: {over.text}"
            self._desk.note("alarm over", text, subject=over.subject, alarm=over.kind)

    @property
    def standing(self) -> tuple[AlarmStatus, ...]:
        """The alarms that stand, the oldest first."""
        return tuple(sorted(self._raised.values(), key=lambda one: one.since_s))
