# SPDX-License-Identifier: Apache-2.0
"""Beginning where the agent before left off: what was wanted, who holds what, open events."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from loadstone.model.operations.command import Action
from loadstone.model.operations.event import MOST_S, Event, EventState
from loadstone.model.operations.fleet import Step, Want
from loadstone.model.operations.machine import Credential, Machine
from loadstone.model.operations.target import Entry, PowerLease, Progress, Target
from loadstone.model.ports import Store
from loadstone.services.operations.book import DAY_S, FleetBook
from loadstone.services.operations.listening import BASELINE, baselines_in
from loadstone.services.operations.seats import Parts

OWN_KINDS = ("price ", "signal ")  # names of owners that begin so are orders of signals
WANTS = {Action.RESUME: Want.RUN, Action.STOP: Want.STOP, Action.CAP: Want.CAP}
# what was sent in a former life may have arrived or not: only a reading of this life tells
STEPS = {
    Progress.PENDING: Step.PENDING,
    Progress.DISPATCHING: Step.DISPATCHED,
    Progress.DISPATCHED: Step.DISPATCHED,
    Progress.CONFIRMED: Step.DISPATCHED,
    Progress.DRIFTED: Step.DISPATCHED,
    Progress.UNAVAILABLE: Step.UNAVAILABLE,
    Progress.FAILED: Step.FAILED,
}
OWN = frozenset(
    {
        "site limit",
        "group limit",
        "meter silent",
        "price",
        "schedule",
        "signal",
        "operator",
        "prohibition",
        "cooling",
        "safe state",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the store knows of a site.

    Attributes:
        machines: Machines by id, with their identity where it was read.
        credentials: What machines ask for, by id.
        targets: What is wanted, by machine.
        owners: Who holds each machine.
        events: Open events, and others that still hold machines or are wanted by name.
        leases: Power leases.
        starts: When each machine was told to start in the last day, seconds since 1970, UTC.
        baselines: From what power reductions of signals count, MW by signal.
    """

    machines: Mapping[str, Machine]
    credentials: Mapping[str, Credential]
    targets: Mapping[str, Target]
    owners: Mapping[str, str]
    events: tuple[Event, ...]
    leases: tuple[PowerLease, ...]
    starts: Mapping[str, Sequence[float]]
    baselines: Mapping[str, float]


def remembered(store: Store, site: str, now_s: float) -> Memory:
    """Read what the store knows of a site.

    Args:
        store: The store.
        site: Id of the site.
        now_s: Seconds since 1970, UTC.
    """
    targets, owners = store.targets(site), store.owners(site)
    events = list(store.events(site))
    known = {event.id for event in events}
    names = sorted({*owners.values(), *(one.owner for one in targets.values())})
    for name in names:
        ended = store.event(name) if name and name not in known | OWN else None
        if ended is not None:
            events.append(ended)
    return Memory(
        machines={machine.id: machine for machine in store.machines(site)},
        credentials=store.credentials(site),
        targets=targets,
        owners=owners,
        events=tuple(events),
        leases=store.leases(site),
        starts=starts_in(store.entries(site, since_s=now_s - DAY_S, kinds=("command",))),
        baselines=baselines_in(store.entries(site, since_s=now_s - MOST_S, kinds=(BASELINE,))),
    )


def starts_in(entries: Iterable[Entry]) -> dict[str, list[float]]:
    """Return when machines were told to start, by machine, from lines of the record.

    A line is written before its command is sent, so a start that a crash cut off counts.
    """
    starts: dict[str, list[float]] = {}
    for entry in entries:
        said = json.loads(entry.data)
        if said.get("action") == Action.RESUME:
            for id_ in set(said["machines"]) - set(said.get("running", ())):
                starts.setdefault(id_, []).append(entry.at_s)
    return starts


class Recovery:
    """Takes over what the store knows, once, as soon as the store can be read."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        signals = {signal.id for signal in parts.terms.signals}
        self.own = set(OWN | signals)  # names that this agent gives as owners
        self.done = False
        self.lease_number = 0
        self.events: tuple[Event, ...] = ()
        self.baselines: Mapping[str, float] = {}

    async def run(self) -> None:
        """Take over.

        Raises:
            OutsideError: The store is gone; to be tried again.
        """
        parts = self._parts
        site = parts.terms.site
        utc_s = parts.time.utc_s()
        memory = await parts.desk.ask(lambda store: remembered(store, site, utc_s))
        self.events, self.baselines = memory.events, memory.baselines
        await self._begun_before()
        self.own |= {event.id for event in memory.events}
        self.own |= {target.owner for target in memory.targets.values()} - {""}
        self._machines(memory)
        parts.seats.use(memory.credentials)
        self._wanted(memory)
        ahead_s = parts.time.now_s() - parts.time.utc_s()
        parts.book.remember_starts(
            {id_: [at_s + ahead_s for at_s in times] for id_, times in memory.starts.items()}
        )
        self.hold(memory.owners)
        self._hands(memory)
        self._away(memory.leases)
        parts.desk.shut = False
        self.done = True

    async def _begun_before(self) -> None:
        """Go on with events that were begun in a former life as they were begun then."""
        desk = self._parts.desk
        ids = sorted(desk.begun)
        found = await desk.ask(lambda store: [store.event(id_) for id_ in ids])
        begun = [one for one in found if one is not None]
        desk.begun_before(one.id for one in begun if one.state is not EventState.RECEIVED)

    def _machines(self, memory: Memory) -> None:
        book, waiting = self._parts.book, self._parts.desk.waiting
        for i, listed in enumerate(book.machines):
            known, machine = memory.machines.get(listed.id), listed
            if known is not None and listed.identity is None:
                machine = book.machines[i] = replace(listed, identity=known.identity)
            if known != machine:
                waiting.machines[machine.id] = machine

    def _wanted(self, memory: Memory) -> None:
        """Want what was wanted, but where this life has decided already."""
        book = self._parts.book
        names = list(book.owners)
        now_s = self._parts.time.now_s()
        offset_s = now_s - self._parts.time.utc_s()
        for id_, target in memory.targets.items():
            i = book.index.get(id_)
            if i is None or book.dispatched_s[i] > -np.inf or book.owner[i] >= 0:
                continue
            if target.owner and target.owner not in names:
                names.append(target.owner)
            _want(book, i, target, offset_s)
            told_s = [] if target.dispatched_s is None else [target.dispatched_s]
            if target.action is Action.RESUME:  # it may have gone out and not been written
                told_s += memory.starts.get(id_, ())[-1:]
            if told_s:
                turned = book.stopped_s if target.action is Action.STOP else book.resumed_s
                turned[i] = min(max(told_s) + offset_s, now_s)
            book.owner[i] = names.index(target.owner) if target.owner else -1
        book.owners = tuple(names)

    def hold(self, owners: Mapping[str, str]) -> None:
        """Note which machines somebody outside this agent holds."""
        book = self._parts.book
        own = {name for name in set(owners.values()) if self._is_own(name)}
        held = {id_ for id_, owner in owners.items() if owner not in own}
        for i, id_ in enumerate(book.ids):
            if book.held[i] != (id_ in held):
                book.held[i] = id_ in held
                text = f"{id_} is held by {owners[id_]}" if id_ in held else f"{id_} is free"
                self._parts.desk.note("ownership", text, subject=id_)

    def _is_own(self, name: str) -> bool:
        return name in self.own or name.startswith(OWN_KINDS)

    def _hands(self, memory: Memory) -> None:
        """Mend what a crash left between taking a machine and writing what is wanted of it."""
        book, waiting = self._parts.book, self._parts.desk.waiting
        for i, id_ in enumerate(book.ids):
            holder, wanted = memory.owners.get(id_, ""), book.owner_name(i)
            if not book.held[i] and holder != wanted:
                waiting.moves[id_] = (holder, wanted)

    def _away(self, leases: Iterable[PowerLease]) -> None:
        mine = [lease for lease in leases if lease.pool == "mining"]
        note = self._parts.desk.note
        if not mine:
            note("started", "first start of an agent at this site")
            return
        last = mine[-1]
        self.lease_number = last.number
        now_s = self._parts.time.utc_s()
        away_s = max(now_s - last.granted_s, 0.0)
        text = f"agent was away for {away_s:.0f} s; machines are read anew"
        note("recovered", text, from_s=last.granted_s, to_s=now_s)


def _want(book: FleetBook, i: int, target: Target, offset_s: float) -> None:
    book.want[i] = WANTS[target.action]
    book.want_w[i] = np.nan if target.limit_w is None else target.limit_w
    book.step[i] = STEPS[target.progress]
    book.attempts[i] = target.attempts
    book.not_before_s[i] = target.not_before_s + offset_s if target.not_before_s else -np.inf
    book.why[i] = target.reason
    book.wanted_s[i] = target.since_s + offset_s
    if target.baseline_w is not None:
        book.baseline_w[i] = target.baseline_w
