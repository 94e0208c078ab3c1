# SPDX-License-Identifier: Apache-2.0
"""Events: orders and agreements to reduce load, from receipt to proof."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from math import isfinite
from typing import Literal

from loadstone.model.errors import InputError


class EventKind(StrEnum):
    """What is asked of the site."""

    TO_MW = "to_mw"  # the meter at or below a power
    BY_MW = "by_mw"  # the meter below its baseline by a power
    STOP = "stop"  # every machine stopped


class EventState(StrEnum):
    """Where an event is in its life."""

    RECEIVED = "received"
    REFUSED = "refused"  # with a reason; ends here
    ACCEPTED = "accepted"
    ARMED = "armed"  # the start is near: groups chosen, sessions warm
    ACTIVE = "active"
    RESTORING = "restoring"
    DONE = "done"
    ABORTED = "aborted"  # let go without restoring: the machines stay as they are


OPEN = frozenset(
    {
        EventState.RECEIVED,
        EventState.ACCEPTED,
        EventState.ARMED,
        EventState.ACTIVE,
        EventState.RESTORING,
    }
)
BaselineMethod = Literal["meter-before-after", "matching-day-pair", "middle-8-of-10"]
Adjustment = Literal["none", "additive", "multiplicative"]
SATURDAY = 5
MOST_S = 7 * 86_400.0  # every event has an end: an unbounded one is looked at after a week


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How the reduction of an event is measured. Fixed before the event, and recorded.

    Attributes:
        baseline: What the site would have drawn: its meter just before the event; the days
            that followed the most like pairs of days; the mean of the middle 8 of the last 10
            like days.
        adjustment: How the baseline is fitted to the meter before the event: not at all, by a
            difference or by a factor. None takes what is usual: not at all for the meter just
            before, by a factor for the others.
        adjust_from_s: The fit looks at the meter from this long before the event, s.
        adjust_until_s: To this long before it, s.
        adjust_most: Largest change of the baseline by the fit, as a share of it; None for any.
        before_s: Length of the time just before the event whose mean is the baseline, s.
        pairs: Like pairs of days that are taken.
        interval_s: Length of an interval of the proof, s.
        holidays: Local dates of the site that count as days of a weekend; () for none.
    """

    baseline: BaselineMethod = "meter-before-after"
    adjustment: Adjustment | None = None
    adjust_from_s: float = 10_800.0
    adjust_until_s: float = 3_600.0
    adjust_most: float | None = None
    before_s: float = 60.0
    pairs: int = 10
    interval_s: int = 300
    holidays: tuple[date, ...] = ()

    def __post_init__(self) -> None:
        if self.interval_s <= 0 or 86_400 % self.interval_s:
            raise InputError("interval_s", self.interval_s, "must divide a day")
        if not 0 <= self.adjust_until_s < self.adjust_from_s:
            rule = f"must be at least 0 and below adjust_from_s = {self.adjust_from_s}"
            raise InputError("adjust_until_s", self.adjust_until_s, rule)
        if self.adjust_most is not None and not 0 < self.adjust_most < 1:
            raise InputError("adjust_most", self.adjust_most, "must be above 0 and below 1")
        if not self.before_s > 0:
            raise InputError("before_s", self.before_s, "must be above 0")
        if self.pairs < 1:
            raise InputError("pairs", self.pairs, "must be at least 1")
        if len(set(self.holidays)) != len(self.holidays):
            given = [str(day) for day in self.holidays]
            raise InputError("holidays", given, "must be given once each")

    def rests_on(self, day: date) -> bool:
        """Return whether a local date counts as one of a weekend."""
        return day.weekday() >= SATURDAY or day in self.holidays

    @property
    def fitted_by(self) -> Adjustment:
        """How the baseline is fitted, the usual way where none is given."""
        if self.adjustment is not None:
            return self.adjustment
        return "none" if self.baseline == "meter-before-after" else "multiplicative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An order or agreement to reduce load. Times are seconds since 1970, UTC.

    Attributes:
        id: Its name, never used twice.
        site: Site it is for.
        kind: What is asked.
        mw: The power of that kind, MW; 0 for a full stop.
        source: Who asks: "operator", "price", "schedule", "site limit" or the id of a signal.
        reference: The sender's own name of it; the same source and reference are one event.
        penalty_per_mwh: What a MWh not delivered costs, in the network's currency; 0 unknown.
        received_s: When it was heard.
        starts_s: When the reduction must be there.
        ends_s: When it ends; None until it is released, a week at most.
        notice_s: Seconds of warning given to the site, 0 for none.
        method: How it is measured.
        state: Where it is in its life.
        reason: Why it was refused or aborted; "".
        baseline_mw: Power before it, MW, frozen when it became active; None before.
        accepted_s: When it was accepted; None.
        armed_s: When it was armed; None.
        active_s: When the first machine was told; None.
        restoring_s: When restoring began; None.
        done_s: When it ended, in whichever state; None.
    """

    id: str
    site: str
    kind: EventKind
    mw: float
    source: str
    reference: str = ""
    penalty_per_mwh: float = 0.0
    received_s: float
    starts_s: float
    ends_s: float | None = None
    notice_s: float = 0.0
    method: Method = Method()
    state: EventState = EventState.RECEIVED
    reason: str = ""
    baseline_mw: float | None = None
    accepted_s: float | None = None
    armed_s: float | None = None
    active_s: float | None = None
    restoring_s: float | None = None
    done_s: float | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.mw) and self.mw >= 0):
            raise InputError("mw", self.mw, "must be finite and at least 0")
        if (
            self.ends_s is not None
            and not self.starts_s < self.ends_s <= self.starts_s + MOST_S
        ):
            rule = "must be after starts_s, by a week at most"
            raise InputError("ends_s", self.ends_s, rule)
        if self.notice_s < 0:
            raise InputError("notice_s", self.notice_s, "must be at least 0")

    @property
    def open(self) -> bool:
        """Whether it still wants something of the site."""
        return self.state in OPEN
