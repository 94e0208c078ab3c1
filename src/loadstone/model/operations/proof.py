# SPDX-License-Identifier: Apache-2.0
"""The measured record of an event. What is not known in it is None, never zero."""

from collections.abc import Mapping
from dataclasses import dataclass

from loadstone.model.operations.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment in the life of an event.

    Attributes:
        at_s: When, seconds since 1970, UTC.
        what: What happened, e.g. "received", "first machine told", "last stop confirmed".
    """

    at_s: float
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LikeDay:
    """A day that was looked at for a baseline.

    Attributes:
        date: Local date, YYYY-MM-DD.
        mwh: Its metered energy, MWh; of a pair of days, that of the second.
        distance: Root mean square difference from the day of the event, MW, for pairs.
        taken: Whether it is in the baseline.
        reason: Why not: "highest", "lowest", "less like", "too few", "event", "holiday",
            "clock change", "meter incomplete"; "".
    """

    date: str
    mwh: float | None = None
    distance: float | None = None
    taken: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the site would have drawn, and what that was made from.

    Attributes:
        method: Name of the method.
        mw: Power in each interval of the event, MW; None where it cannot be told.
        raw_mw: The same before the fit.
        adjustment: How it was fitted.
        factor: The factor of a multiplicative fit, after its limit; 1 for none.
        offset_mw: The difference of an additive fit, MW, after its limit; 0 for none.
        metered_before_mw: Mean of the meter in the time of the fit, MW; None not known.
        baseline_before_mw: Mean of the raw baseline in that time, MW; None not known.
        days: Days that were looked at.
        missing: Why there is no baseline; "".
    """

    method: str
    mw: tuple[float | None, ...]
    raw_mw: tuple[float | None, ...]
    adjustment: str
    factor: float = 1.0
    offset_mw: float = 0.0
    metered_before_mw: float | None = None
    baseline_before_mw: float | None = None
    days: tuple[LikeDay, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofInterval:
    """One interval of an event.

    Attributes:
        starts_s: Its start, seconds since 1970, UTC.
        ends_s: Its end.
        metered_mw: Mean of the meter, MW; None where too little of it was read.
        covered: Share of the interval in which the meter was known.
        baseline_mw: Mean of the baseline, MW; None not known.
        delivered_mw: Baseline less meter, MW; None not known. Below 0 when more was drawn.
        obliged_mw: Reduction that was owed, MW; None where it follows from an unknown baseline.
        kept: Whether what was asked was kept; None not known.
    """

    starts_s: float
    ends_s: float
    metered_mw: float | None
    covered: float
    baseline_mw: float | None
    delivered_mw: float | None
    obliged_mw: float | None
    kept: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The measured record of one event, made again from the record whenever it is asked for.

    Attributes:
        event: The event as the store has it.
        simulated: Whether its machines and meter were simulated.
        zone: Time zone of the site, for like days.
        meter: Id of the meter.
        timeline: What happened when, in order.
        trace: The meter through the event: seconds since 1970 and MW, None where unknown.
        baseline: What the site would have drawn.
        intervals: Intervals from start to end; the last may be short.
        delivered_mwh: Sum over the intervals that are known, MWh; None when none is.
        obliged_mwh: Sum of what was owed in the same intervals, MWh; None when none is.
        shortfall_mwh: Sum of what was owed and not delivered, MWh; None when not known.
        unknown_s: Seconds of the event in which delivery is not known.
        penalty: Shortfall times the event's penalty, in the network's currency; None unknown.
        outcomes: Machines by outcome at the end of the event, e.g. "confirmed".
        reasons: Reasons of those that were not confirmed, with counts.
        record: SHA-256 of all that this was made from: event, meter readings, audit lines.
    """

    event: Event
    simulated: bool
    zone: str
    meter: str
    timeline: tuple[Moment, ...]
    trace: tuple[tuple[float, float | None], ...]
    baseline: Baseline
    intervals: tuple[ProofInterval, ...]
    delivered_mwh: float | None
    obliged_mwh: float | None
    shortfall_mwh: float | None
    unknown_s: float
    penalty: float | None
    outcomes: Mapping[str, int]
    reasons: Mapping[str, int]
    record: str
