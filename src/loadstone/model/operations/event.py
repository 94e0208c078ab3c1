# SPDX-License-Identifier: Apache-2.0
"""Events: orders and agreements to reduce load, from receipt to proof."""

from dataclasses import dataclass
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
MOST_S = 7 * 86_400.0  # every event has an end: an unbounded one is looked at after a week


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How the reduction of an event is measured. Fixed before the event, and recorded.

    Attributes:
        baseline: What the site would have drawn: its meter before the event; the best matching
            pair of a like day; the mean of the middle 8 of the last 10 like days.
        adjustment: How the baseline is fitted to the hours before the event.
        interval_s: Length of an interval of the proof, s.
    """

    baseline: BaselineMethod = "meter-before-after"
    adjustment: Adjustment = "none"
    interval_s: int = 300

    def __post_init__(self) -> None:
        if self.interval_s <= 0 or 86_400 % self.interval_s:
            raise InputError("interval_s", self.interval_s, "must divide a day")


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
