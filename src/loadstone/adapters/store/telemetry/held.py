# SPDX-License-Identifier: Apache-2.0
"""Energy from readings of power: each is held until the next one, for a minute at most."""

from dataclasses import dataclass

import numpy as np

from loadstone.model.series import Floats

SPAN_S = 300
"""Length of what is kept of old readings, s."""

HELD_S = 60.0
"""A reading of power holds until the next, this long at most, s."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeterColumns:
    """Readings of a meter in time order.

    Attributes:
        at_s: When, shape (N,).
        span_s: 0 for one reading; for a mean, the seconds for which power was known, (N,).
        power_mw: Power, shape (N,); nan unknown.
        energy_mwh: Counter, shape (N,); nan unknown.
    """

    at_s: Floats
    span_s: Floats
    power_mw: Floats
    energy_mwh: Floats


def held_between(found: MeterColumns, edges: Floats) -> tuple[Floats, Floats]:
    """Return energy and time of known power between each two edges.

    A reading that failed ends the one before it: what it would have shown is unknown.

    Args:
        found: Readings, from a minute before the first edge.
        edges: E edges, s, ascending.

    Returns:
        MWh, shape (E - 1,); seconds for which power is known, shape (E - 1,).
    """
    known = ~np.isnan(found.power_mw)
    if not known.any():
        return np.zeros(edges.size - 1), np.zeros(edges.size - 1)
    next_s = np.append(found.at_s[1:], np.inf)
    held_s = np.where(found.span_s > 0, found.span_s, HELD_S)
    begins, ends = found.at_s[known], np.minimum(next_s, found.at_s + held_s)[known]
    times = np.column_stack([begins, ends]).ravel()
    mwh = (ends - begins) * found.power_mw[known] / 3600
    return _between(times, mwh, edges), _between(times, ends - begins, edges)


def _between(times: Floats, amounts: Floats, edges: Floats) -> Floats:
    """Return the amount between each two edges, spread evenly over each span of `times`."""
    total = np.concatenate([[0.0], np.cumsum(amounts)])
    so_far = np.column_stack([total[:-1], total[1:]]).ravel()
    return np.diff(np.interp(edges, times, so_far))
