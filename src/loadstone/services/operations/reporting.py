# SPDX-License-Identifier: Apache-2.0
"""The snapshot of a site that is told each second."""

from collections import Counter

import numpy as np

from loadstone.model.operations.event import Event
from loadstone.model.operations.fleet import Seen, Step
from loadstone.model.operations.status import EventStatus, GroupStatus, Status, UnknownMachine
from loadstone.model.operations.target import Progress
from loadstone.services.operations.seats import Parts
from loadstone.services.operations.sweeping import Sweeper
from loadstone.services.operations.ticking import Ticker

MOST_UNKNOWN = 50
STATES = ("unknown", "running", "stopped")  # in the order of `Seen`


def status_of(parts: Parts, ticker: Ticker, sweeper: Sweeper, lease_number: int) -> Status:
    """Return how the site stands now."""
    book, time, decision = parts.book, parts.time, ticker.decision
    metering, switching = ticker.metering, ticker.switching
    over_s = metering.view().over_since_s
    read = book.read_began_s[book.seen != Seen.UNKNOWN]
    return Status(
        site=parts.terms.site,
        at_s=time.utc_s(),
        started_s=time.started_s,
        lease_number=lease_number,
        store_ok=parts.desk.ok,
        recovered=ticker.recovery.done,
        limit_mw=decision.limit_mw if decision else None,
        owner_of_limit=decision.owner_of_limit if decision else "",
        site_limit_mw=parts.terms.limit_mw,
        target_mw=decision.target_mw if decision else None,
        expected_mw=decision.expected_mw if decision else None,
        others_mw=metering.others_mw,
        over_since_s=None if over_s is None else time.utc_of(over_s),
        machines=len(book),
        by_state=_by_state(parts),
        by_progress=_by_progress(parts),
        by_owner=_by_owner(parts),
        by_reason=_by_reason(parts),
        known_mw=float(np.nansum(book.power_w)) / 1e6,
        hashrate_ph=float(np.nansum(book.hashrate_th)) / 1e3,
        oldest_read_s=time.utc_of(float(read.min())) if len(read) else None,
        sweep_s=sweeper.sweep_s,
        meters=metering.status(),
        switches=switching.status(),
        groups=_groups(parts),
        events=tuple(_event(parts, one) for one in ticker.events.values() if one.open),
        signals=ticker.listening.status(),
        alarms=parts.alarms.standing,
        unknown=_unknown(parts),
        notes=decision.notes if decision else (),
        late=parts.desk.late,
    )


def _by_state(parts: Parts) -> tuple[tuple[str, int], ...]:
    counts = np.bincount(parts.book.seen, minlength=3)
    return tuple((STATES[code], int(counts[code])) for code in (1, 2, 0))


def _by_progress(parts: Parts) -> tuple[tuple[str, int], ...]:
    counts = np.bincount(parts.book.step, minlength=len(Progress))
    pairs = zip(Progress, counts, strict=True)
    return tuple((str(progress), int(count)) for progress, count in pairs if count)


def _by_owner(parts: Parts) -> tuple[tuple[str, int], ...]:
    book = parts.book
    counts = np.bincount(book.owner + 1, minlength=1)
    pairs = zip(book.owners, counts[1:], strict=False)
    return tuple((name, int(count)) for name, count in pairs if count)


def _by_reason(parts: Parts) -> tuple[tuple[str, int], ...]:
    book = parts.book
    unknown = np.flatnonzero(book.seen == Seen.UNKNOWN)
    counts = Counter(str(book.reasons[i]) for i in unknown)
    return tuple(counts.most_common())


def _groups(parts: Parts) -> tuple[GroupStatus, ...]:
    book, told = parts.book, []
    for place, group in enumerate(parts.terms.groups):
        mine = book.group == place
        counts = np.bincount(book.seen[mine], minlength=3)
        told.append(
            GroupStatus(
                id=group.id,
                machines=int(mine.sum()),
                running=int(counts[Seen.RUNNING]),
                stopped=int(counts[Seen.STOPPED]),
                unknown=int(counts[Seen.UNKNOWN]),
                power_mw=float(np.nansum(book.power_w[mine])) / 1e6,
            )
        )
    return tuple(told)


def _event(parts: Parts, event: Event) -> EventStatus:
    book = parts.book
    at = book.owners.index(event.id) if event.id in book.owners else -2
    mine = book.owner == at
    return EventStatus(
        id=event.id,
        kind=event.kind,
        mw=event.mw,
        source=event.source,
        state=event.state,
        starts_s=event.starts_s,
        ends_s=event.ends_s,
        penalty_per_mwh=event.penalty_per_mwh,
        baseline_mw=event.baseline_mw,
        stopped=int((mine & (book.step == Step.CONFIRMED)).sum()),
        owned=int(mine.sum()),
    )


def _unknown(parts: Parts) -> tuple[UnknownMachine, ...]:
    book = parts.book
    unknown = np.flatnonzero(book.seen == Seen.UNKNOWN)
    longest = unknown[np.argsort(book.read_began_s[unknown], kind="stable")][:MOST_UNKNOWN]
    ahead_s = parts.time.utc_s() - parts.time.now_s()
    return tuple(
        UnknownMachine(
            id=book.ids[i],
            reason=str(book.reasons[i]),
            known_s=_dated(float(book.read_began_s[i]), ahead_s),
        )
        for i in longest
    )


def _dated(agent_s: float, ahead_s: float) -> float | None:
    return agent_s + ahead_s if np.isfinite(agent_s) else None
