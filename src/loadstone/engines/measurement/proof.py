# SPDX-License-Identifier: Apache-2.0
"""The proof of an event, made from the record alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from loadstone.engines.measurement.baseline import Times, baseline_of
from loadstone.engines.measurement.intervals import Means, Trace, interval_means
from loadstone.model.errors import InputError
from loadstone.model.operations.event import Event, EventKind
from loadstone.model.operations.proof import Moment, Proof, ProofInterval
from loadstone.model.series import Floats

AROUND_S = 900.0  # the trace of a proof begins so long before the event


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the record holds of an event besides the meter.

    Attributes:
        timeline: What happened when.
        first_told_s: When the first machine was told; None when none was.
        outcomes: Machines by outcome.
        reasons: Reasons of those not confirmed.
        event_days: Local dates of other events of the site, which cannot serve as like days.
        simulated: Whether machines and meter were simulated.
        record: SHA-256 of the record.
    """

    timeline: tuple[Moment, ...]
    first_told_s: float | None
    outcomes: Mapping[str, int]
    reasons: Mapping[str, int]
    event_days: frozenset[date]
    simulated: bool
    record: str


def proof_of(event: Event, trace: Trace, evidence: Evidence, *, meter: str, zone: str) -> Proof:
    """Return the measured record of an event that has ended, or is under way.

    Args:
        event: The event.
        trace: The main meter, from as long before the event as its method looks back.
        evidence: What else the record holds.
        meter: Id of the meter.
        zone: Time zone of the site.

    Raises:
        InputError: The event was never active, so that there is nothing to prove.
    """
    edges_s = _edges(event, trace)
    told = evidence.first_told_s
    times = Times(
        edges_s=tuple(edges_s.tolist()),
        untouched_until_s=event.starts_s if told is None else min(event.starts_s, told),
        zone=zone,
        event_days=evidence.event_days,
    )

    def means_of(edges: Floats) -> Floats:
        return interval_means(trace, edges).mw

    baseline = baseline_of(event.method, times, means_of)
    metered = interval_means(trace, edges_s)
    intervals = _intervals(event, edges_s, metered, baseline.mw)
    known = [one for one in intervals if one.delivered_mw is not None]
    owed = [one for one in known if one.obliged_mw is not None]
    shortfall = _mwh(owed, lambda one: _missed(event, one))
    return Proof(
        event=event,
        simulated=evidence.simulated,
        zone=zone,
        meter=meter,
        timeline=evidence.timeline,
        trace=_shown(trace, edges_s[0] - AROUND_S, event.done_s),
        baseline=baseline,
        intervals=intervals,
        delivered_mwh=_mwh(known, lambda one: one.delivered_mw or 0.0),
        obliged_mwh=_mwh(owed, lambda one: one.obliged_mw or 0.0),
        shortfall_mwh=shortfall,
        unknown_s=_seconds(intervals) - _seconds(known),
        penalty=None if shortfall is None else shortfall * event.penalty_per_mwh,
        outcomes=evidence.outcomes,
        reasons=evidence.reasons,
        record=evidence.record,
    )


def _edges(event: Event, trace: Trace) -> Floats:
    """Return the edges of the intervals, from the start to the end or the last reading."""
    ends = [event.ends_s, event.restoring_s, event.done_s]
    known = [one for one in ends if one is not None]
    if event.open or not known:
        known.append(float(trace.at_s[-1]) if trace.at_s.size else event.starts_s)
    until_s = min(known)
    if event.active_s is None or until_s <= event.starts_s:
        raise InputError("event", event.id, "was never active: there is nothing to prove")
    inner = np.arange(event.starts_s, until_s - 1e-6, event.method.interval_s, dtype=np.float64)
    return np.append(inner, until_s)


def _intervals(
    event: Event, edges_s: Floats, metered: Means, baseline: tuple[float | None, ...]
) -> tuple[ProofInterval, ...]:
    found = []
    for i, raw in enumerate(metered.mw.tolist()):
        mw = raw if np.isfinite(raw) else None
        base = baseline[i]
        obliged = _obliged(event, base)
        found.append(
            ProofInterval(
                starts_s=float(edges_s[i]),
                ends_s=float(edges_s[i + 1]),
                metered_mw=mw,
                covered=float(metered.covered[i]),
                baseline_mw=base,
                delivered_mw=None if mw is None or base is None else base - mw,
                obliged_mw=obliged,
                kept=_kept(event, mw, base),
            )
        )
    return tuple(found)


def _obliged(event: Event, baseline_mw: float | None) -> float | None:
    """Return the reduction that is owed, MW; a full stop owes machines, not megawatts."""
    if event.kind is EventKind.BY_MW:
        return event.mw
    if event.kind is EventKind.STOP or baseline_mw is None:
        return None
    return max(0.0, baseline_mw - event.mw)


def _missed(event: Event, one: ProofInterval) -> float:
    """Return what is missing, MW; below the power of a `to_mw` event it is nothing."""
    if event.kind is EventKind.TO_MW:
        return max(0.0, (one.metered_mw or 0.0) - event.mw)
    return max(0.0, (one.obliged_mw or 0.0) - (one.delivered_mw or 0.0))


def _kept(event: Event, metered_mw: float | None, baseline_mw: float | None) -> bool | None:
    if metered_mw is None or event.kind is EventKind.STOP:
        return None
    if event.kind is EventKind.TO_MW:
        return metered_mw <= event.mw
    return None if baseline_mw is None else baseline_mw - metered_mw >= event.mw


def _mwh(
    intervals: Sequence[ProofInterval], mw_of: Callable[[ProofInterval], float]
) -> float | None:
    if not intervals:
        return None
    return sum(mw_of(one) * (one.ends_s - one.starts_s) / 3_600.0 for one in intervals)


def _seconds(intervals: Sequence[ProofInterval]) -> float:
    return sum(one.ends_s - one.starts_s for one in intervals)


def _shown(
    trace: Trace, from_s: float, until_s: float | None
) -> tuple[tuple[float, float | None], ...]:
    """Return a trace to the end of the event, after which a proof no longer changes."""
    shown = (trace.at_s >= from_s) & (trace.at_s <= (np.inf if until_s is None else until_s))
    return tuple(
        (float(at), float(mw) if np.isfinite(mw) else None)
        for at, mw in zip(trace.at_s[shown], trace.power_mw[shown], strict=True)
    )
