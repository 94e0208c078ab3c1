# SPDX-License-Identifier: Apache-2.0
"""Fill gaps of an hourly series, only when asked, and mark what was filled."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

FillMethod = Literal["linear", "previous-day", "previous-week"]
_STEPS_BACK = {"previous-day": 24, "previous-week": 168}


def gaps(present: Bools) -> list[tuple[int, int]]:
    """Return each run of missing hours as (first hour, number of hours)."""
    edges = np.diff(np.concatenate(([True], present, [True])).astype(np.int8))
    starts, ends = np.flatnonzero(edges == -1), np.flatnonzero(edges == 1)
    return [(int(a), int(b - a)) for a, b in zip(starts, ends, strict=True)]


def fill(values: Floats, present: Bools, method: FillMethod, max_gap_hours: int) -> Floats:
    """Return the values with each gap filled.

    "linear" draws a straight line between the neighbours; "previous-day" and "previous-week"
    repeat the value 24 or 168 hours before, going back further while that is missing too.

    Args:
        values: Any number where missing. Shape (T,).
        present: Whether a value is there. Shape (T,).
        method: How to fill.
        max_gap_hours: Longest gap that may be filled.

    Raises:
        InputError: No such method, a gap is longer, or has nothing to be filled from.
    """
    if method != "linear" and method not in _STEPS_BACK:
        rule = "must be linear, previous-day or previous-week"
        raise InputError("fill", method, rule)
    for start, length in gaps(present):
        if length > max_gap_hours:
            rule = f"the gap is longer than the {max_gap_hours} hours that may be filled"
            raise InputError(f"hour {start}", f"{length} hours missing", rule)
    if method == "linear":
        return _between(values, present)
    return _from_before(values, present, _STEPS_BACK[method])


def _between(values: Floats, present: Bools) -> Floats:
    if not (present[0] and present[-1]):
        end = 0 if not present[0] else len(values) - 1
        raise InputError(
            f"hour {end}", "missing", "a straight line needs a value on both sides"
        )
    hours = np.arange(len(values))
    return np.interp(hours, hours[present], values[present])


def _from_before(values: Floats, present: Bools, back: int) -> Floats:
    filled = values.copy()
    for hour in np.flatnonzero(~present):
        if hour < back:
            rule = f"nothing {back} hours before to fill it from"
            raise InputError(f"hour {hour}", "missing", rule)
        filled[hour] = filled[hour - back]
    return filled
