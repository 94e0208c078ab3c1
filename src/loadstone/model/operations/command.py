# SPDX-License-Identifier: Apache-2.0
"""What can be asked of a machine, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from loadstone.model.operations.reading import Reason


class Action(StrEnum):
    """What a machine is told."""

    STOP = "stop"
    RESUME = "resume"
    CAP = "cap"


class CapKind(StrEnum):
    """What a firmware makes of a cap."""

    NONE = "none"  # it has none
    WATTS = "watts"  # any level between its bounds
    PERCENT = "percent"  # whole percents of its full power
    PRESET = "preset"  # the highest of its levels at or below what is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """What a firmware can do. Declared by its driver, known levels filled in from the machine.

    Attributes:
        cap: How it caps power.
        levels_w: Levels it knows, W, ascending; () where any level is possible or none known.
        min_w: Lowest cap, W; None where not known.
        max_w: Highest cap, W; None where not known.
        stop_s: Seconds from the command until it draws next to nothing, typically.
        resume_s: Seconds from the command until it works at full load, typically.
        idle_w: Draw when stopped, W, typically.
        cap_restarts: Whether a change of cap interrupts hashing.
        forgets: Whether a reboot undoes a stop: the machine hashes again.
    """

    cap: CapKind
    levels_w: tuple[float, ...] = ()
    min_w: float | None = None
    max_w: float | None = None
    stop_s: float
    resume_s: float
    idle_w: float
    cap_restarts: bool = False
    forgets: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing to tell one machine.

    Attributes:
        machine: Its id.
        action: What to do.
        limit_w: The cap, W; None for stop and resume.
        owner: Who wants it: the id of an event, or "site limit", "operator" and the like.
    """

    machine: str
    action: Action
    limit_w: float | None = None
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a command at the machine's own word. It proves nothing: readings do.

    Attributes:
        accepted: True when the machine said yes; False when it said no; None when it is not
            known whether the command arrived.
        reason: Why it was not accepted, or is not known; none when accepted.
        message: The machine's own words, cut to 200 characters.
        sent_s: When the command was sent, seconds of the agent's clock.
        ended_s: When its answer was whole or the attempt given up.
        limit_w: After a cap: what the machine says is now in force, W, read back after.
    """

    accepted: bool | None
    reason: Reason = Reason.NONE
    message: str = ""
    sent_s: float
    ended_s: float
    limit_w: float | None = None
