# SPDX-License-Identifier: Apache-2.0
"""What both WhatsMiner protocols tell of a machine that works, and of one that does not.

Whether the machine is switched off is told by one field alone: `mineroff` of `status` in
version 2 (`btmineroff` in old firmware), `working` of `get.device.info` in version 3. What
`summary` says of a machine that is off differs by firmware: an error, zeros, or the last
numbers it had. So `summary` alone may say that a machine runs, while it counts on and tells
a hashrate; it never says that one is stopped. One request is enough for most of a fleet,
and a second is made only in doubt. A machine that says it is off and counts on at a hashrate
is unknown.
"""

from dataclasses import replace
from typing import NamedTuple

from loadstone.adapters.drivers.calls import Sample
from loadstone.model.operations.command import Capability, CapKind
from loadstone.model.operations.reading import Reason, State

POOLS = 3  # both versions have three places
STALE_S = 10.0  # `elapsed` counts seconds; firmware may keep an answer for some (assumed)

CAPABILITY = Capability(
    cap=CapKind.WATTS,
    stop_s=10.0,
    resume_s=180.0,
    idle_w=40.0,
    cap_restarts=True,
)
"""Both versions alike. Times and idle draw are assumed, to be verified in the field: field
notes speak of 6 to 10 minutes to full hashrate without fast boot. Whether a stop survives a
reboot is not documented; drift is found by reading, so nothing rests on it."""


class Summary(NamedTuple):
    """What `summary` tells; None for what it does not."""

    elapsed_s: float | None = None
    power_w: float | None = None
    hashrate_th: float | None = None
    limit_w: float | None = None
    temperature_c: float | None = None


class Watch:
    """Decides when `summary` is enough, and what it comes to.

    Attributes:
        told_off: Whether the last thing it was told is to stop: then a second look is due.
    """

    __slots__ = ("_elapsed_s", "_seen_s", "told_off")

    def __init__(self) -> None:
        self.told_off = False
        self._elapsed_s: float | None = None
        self._seen_s = 0.0

    def stands_still(self, summary: Summary, at_s: float) -> bool:
        """Take a summary, and say whether it repeats one of some time ago."""
        if summary.elapsed_s is None or summary.elapsed_s != self._elapsed_s:
            self._elapsed_s, self._seen_s = summary.elapsed_s, at_s
            return False
        return at_s - self._seen_s >= STALE_S

    def sample(self, summary: Summary | None, off: bool | None, stands_still: bool) -> Sample:
        """Return what a summary and the word on its being off come to."""
        told = summary or Summary()
        if off is None:
            return Sample(State.UNKNOWN, Reason.INCOMPLETE, told.power_w)
        if off:
            if told.hashrate_th and not stands_still:
                # it says that it is off and hashes: one of the two is not so
                return Sample(State.UNKNOWN, Reason.INCOMPLETE, told.power_w, told.hashrate_th)
            power_w = None if stands_still else told.power_w  # left over from before
            return Sample(State.STOPPED, Reason.NONE, power_w, 0.0, told.limit_w)
        if stands_still:
            return Sample(State.UNKNOWN, Reason.STALE)
        return Sample(State.RUNNING, Reason.NONE, *told[1:])


def runs(summary: Summary) -> bool:
    """Return whether a summary shows work."""
    return (summary.hashrate_th or 0.0) > 0.0 and (summary.power_w or 0.0) > 0.0


def taken(asked_w: float, in_force_w: float, before_w: float | None, most_w: float) -> bool:
    """Return whether a cap was taken: as asked, or the most that the machine can draw.

    Args:
        asked_w: What was asked, W.
        in_force_w: What is in force after, W.
        before_w: What was in force before, W.
        most_w: Most it is known to take, W; 0 where not known.
    """
    if abs(in_force_w - asked_w) <= 1.0:
        return True
    if in_force_w > asked_w:
        return False
    return in_force_w == most_w or (before_w is not None and in_force_w > before_w)


def learned(
    known: Capability, asked_w: float, in_force_w: float, before_w: float
) -> Capability:
    """Return what is known with a bound that a cap met: it moved, and not all the way."""
    if before_w < in_force_w < asked_w - 1.0:
        return replace(known, max_w=in_force_w)
    if asked_w + 1.0 < in_force_w < before_w:
        return replace(known, min_w=in_force_w)
    return known
