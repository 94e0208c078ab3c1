# SPDX-License-Identifier: Apache-2.0
"""Energy and mean power of intervals from the readings of a meter."""

from dataclasses import dataclass

import numpy as np

from loadstone.model.errors import InputError
from loadstone.model.series import Floats

COVERED_ENOUGH = 0.9  # an interval less known than this is not known


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """Readings of one meter in the order of time.

    Attributes:
        at_s: When, seconds since 1970, UTC, rising. Shape (N,).
        power_mw: Power, MW; nan unknown. Shape (N,).
        energy_mwh: Counter, MWh; nan unknown. Shape (N,).
        hold_s: How long a reading says something, at most; for a mean, the time it is of.
            Shape (N,).
    """

    at_s: Floats
    power_mw: Floats
    energy_mwh: Floats
    hold_s: Floats

    def __post_init__(self) -> None:
        shapes = [getattr(self, name).shape for name in self.__slots__]
        if len(set(shapes)) != 1:
            raise InputError("trace", shapes, "must have one shape")
        if self.at_s.size and not (np.diff(self.at_s) > 0).all():
            raise InputError("at_s", "not rising", "must rise")


def trace_of(
    at_s: Floats, power_mw: Floats, energy_mwh: Floats, mean_of_s: Floats, *, hold_s: float
) -> Trace:
    """Return the history of a meter as a trace; of two rows at one time the last counts.

    Args:
        at_s: When, seconds since 1970, UTC. Shape (N,).
        power_mw: Power, MW; nan unknown. Shape (N,).
        energy_mwh: Counter, MWh; nan unknown. Shape (N,).
        mean_of_s: Seconds that a mean stands for; 0 for a single reading. Shape (N,).
        hold_s: How long a single reading says something, at most, s.
    """
    order = np.argsort(at_s, kind="stable")
    kept = order[np.diff(at_s[order], append=np.inf) > 0]
    return Trace(
        at_s=at_s[kept],
        power_mw=power_mw[kept],
        energy_mwh=energy_mwh[kept],
        hold_s=np.where(mean_of_s > 0, mean_of_s, hold_s)[kept],
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Means:
    """Mean power of intervals.

    Attributes:
        mw: Mean power, MW; nan where less than nine tenths are known. Shape (T,).
        covered: Share that is known. Shape (T,).
    """

    mw: Floats
    covered: Floats


def interval_means(trace: Trace, edges_s: Floats) -> Means:
    """Return the mean power between edges.

    The counter decides where it was read near both edges, for it misses nothing between two
    readings; a counter that falls was changed or reset, and says nothing there. Elsewhere a
    reading of power holds until the next one, or as long as it says something.

    Args:
        trace: Readings.
        edges_s: Edges of the intervals, rising. Shape (T + 1,).
    """
    held, known_s = held_between(trace, edges_s)
    length_s = np.diff(edges_s)
    covered = np.minimum(known_s / length_s, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(covered >= COVERED_ENOUGH, held / known_s, np.nan)
    counted = _counted(trace, edges_s) / length_s * 3_600.0
    by_counter = np.isfinite(counted)
    return Means(
        mw=np.where(by_counter, counted, mean), covered=np.where(by_counter, 1.0, covered)
    )


def held_between(trace: Trace, edges_s: Floats) -> tuple[Floats, Floats]:
    """Return the energy and the time of known power between each two edges.

    A reading that failed ends the one before it: what it would have shown is unknown.

    Args:
        trace: Readings, from as long before the first edge as one holds.
        edges_s: Edges of the intervals, rising. Shape (T + 1,).

    Returns:
        MW s, shape (T,); seconds for which power is known, shape (T,).
    """
    if not trace.at_s.size:
        nothing = np.zeros(len(edges_s) - 1)
        return nothing, nothing
    until = np.minimum(np.append(trace.at_s[1:], np.inf), trace.at_s + trace.hold_s)
    known = np.isfinite(trace.power_mw)
    seconds = np.where(known, until - trace.at_s, 0.0)
    power = np.where(known, trace.power_mw, 0.0)

    def until_edge(weight: Floats) -> Floats:
        whole = np.concatenate(([0.0], np.cumsum(weight * seconds)))
        last = np.searchsorted(trace.at_s, edges_s, side="right") - 1
        inside = np.maximum(last, 0)
        part = np.minimum(edges_s - trace.at_s[inside], seconds[inside])
        return np.where(last < 0, 0.0, whole[inside] + weight[inside] * np.maximum(part, 0.0))

    return np.diff(until_edge(power)), np.diff(until_edge(np.ones_like(power)))


def _counted(trace: Trace, edges_s: Floats) -> Floats:
    """Return MWh in each interval by the counter; nan where it cannot tell."""
    known = np.isfinite(trace.energy_mwh)
    at_s, mwh, hold_s = trace.at_s[known], trace.energy_mwh[known], trace.hold_s[known]
    nothing = np.full(len(edges_s) - 1, np.nan)
    if at_s.size < 2:
        return nothing
    after = np.searchsorted(at_s, edges_s, side="left")
    inside = (after > 0) & (after < at_s.size) | (
        (after < at_s.size) & (at_s[np.minimum(after, at_s.size - 1)] == edges_s)
    )
    right = np.minimum(after, at_s.size - 1)
    left = np.maximum(right - 1, 0)
    near = inside & ((at_s[right] - at_s[left] <= hold_s[left]) | (at_s[right] == edges_s))
    at_edge = np.where(near, np.interp(edges_s, at_s, mwh), np.nan)
    falls = np.concatenate(([0], np.cumsum(np.diff(mwh) < 0)))[right]
    first_falls = np.concatenate(([0], np.cumsum(np.diff(mwh) < 0)))[left]
    whole = first_falls[:-1] == falls[1:]  # no fall from before the first edge to the last
    return np.where(whole, np.diff(at_edge), nothing)
