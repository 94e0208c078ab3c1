# SPDX-License-Identifier: Apache-2.0
"""What is wanted of a machine, and how far that has come."""

from dataclasses import dataclass
from enum import StrEnum

from loadstone.model.operations.command import Action
from loadstone.model.operations.reading import Reason


class Progress(StrEnum):
    """How far a machine is on the way to what is wanted of it."""

    PENDING = "pending"  # wanted, not yet sent
    DISPATCHING = "dispatching"  # about to be sent: written before the command
    DISPATCHED = "dispatched"  # sent; no reading begun after it has shown it
    CONFIRMED = "confirmed"  # a reading begun after it shows it
    DRIFTED = "drifted"  # was confirmed, and a reading now shows otherwise
    UNAVAILABLE = "unavailable"  # it does not answer
    FAILED = "failed"  # the retries are used up; tried again after a long pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is wanted of one machine. Times are seconds since 1970, UTC.

    Attributes:
        machine: Its id.
        action: Stop, resume or cap; the last thing wanted of it.
        limit_w: The cap, W; None for stop and resume.
        owner: Who wants it: the id of an event, "site limit", "price", "schedule", "signal",
            "operator", "prohibition", "cooling" or "safe state".
        progress: How far it is.
        since_s: When it became wanted.
        dispatched_s: When it was last sent; None before.
        confirmed_s: When the reading that showed it began; None before.
        attempts: How often it was sent.
        not_before_s: No further attempt before this time.
        reason: Why the last attempt failed, or its reading does not show it; none.
        baseline_w: Draw before, W, frozen when it became wanted; None unknown.
    """

    machine: str
    action: Action
    limit_w: float | None = None
    owner: str
    progress: Progress = Progress.PENDING
    since_s: float
    dispatched_s: float | None = None
    confirmed_s: float | None = None
    attempts: int = 0
    not_before_s: float = 0.0
    reason: Reason = Reason.NONE
    baseline_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLease:
    """A share of a site's budget that a pool of loads holds until it expires.

    The agent renews it at every tick. When it is not renewed the watchdog takes the pool to
    its safe state.

    Attributes:
        site: Its site.
        pool: "mining" or "ai".
        mw: Power it may draw, MW.
        number: Counts the renewals; a watchdog needs no common clock to see that it stands.
        granted_s: When it was renewed, seconds since 1970, UTC.
        expires_s: When it runs out.
    """

    site: str
    pool: str
    mw: float
    number: int
    granted_s: float
    expires_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the audit record, which only grows.

    Attributes:
        at_s: When, seconds since 1970, UTC.
        site: Site.
        kind: What happened, in one word or two, e.g. "command", "event", "alarm", "recovered".
        subject: Id of the machine, event, meter or signal; "" for the site.
        text: What happened, in a sentence.
        data: Its figures as a JSON object; "{}" for none.
    """

    at_s: float
    site: str
    kind: str
    subject: str = ""
    text: str
    data: str = "{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What was last seen of a machine, as the store keeps it. Seconds since 1970, UTC.

    Attributes:
        machine: Its id.
        state: Running, stopped or unknown, as text.
        reason: Why it is unknown; "".
        since_s: Since when it is in this state.
        read_s: When the last reading began; None where it never answered.
        power_w: Draw at the last reading that told it, W.
        hashrate_th: Hashrate at the last reading that told it, TH/s.
    """

    machine: str
    state: str
    reason: str = ""
    since_s: float
    read_s: float | None = None
    power_w: float | None = None
    hashrate_th: float | None = None
