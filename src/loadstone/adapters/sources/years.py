# SPDX-License-Identifier: Apache-2.0
"""Calendar years of hours: complete, filled when asked, or refused with the gaps named.

A year of a local clock lacks some hours of the UTC year at one end and has as many beyond the
other. These stand in for the missing ones and are marked as filled; nothing else is filled
unless asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.adapters.sources.hours import HOUR, Hours
from loadstone.engines.series import FillMethod, fill, gaps
from loadstone.model.errors import InputError
from loadstone.model.grid import HOURS_PER_YEAR, TimeGrid
from loadstone.model.series import Codes, Provenance

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Times = NDArray[np.datetime64]

MOST_OFFSET_HOURS = 14


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Year:
    """One planning year of an import.

    Attributes:
        year: Calendar year.
        values: By variable. Shapes (8760,); NaN only where errors say so.
        provenance: Observed or filled, per hour. Shape (8760,).
        errors: Gaps that were not filled.
        said: What was filled.
    """

    year: int
    values: Mapping[str, Floats]
    provenance: Codes
    errors: tuple[InputError, ...]
    said: tuple[str, ...]


def planning_years(hours: Hours, method: FillMethod | None, longest_gap: int) -> list[Year]:
    """Return each calendar year that the hours are of, 29 February dropped.

    Args:
        hours: Hours of a file.
        method: How to fill gaps; None refuses them.
        longest_gap: Longest gap that may be filled, hours.
    """
    count = np.bincount(hours.utc.astype("datetime64[Y]").astype(np.int64) + 1970)
    found = [int(y) for y in np.flatnonzero(count)]
    years = [y for y in found if count[y] > MOST_OFFSET_HOURS] or found
    return [_year(hours, year, method, longest_gap) for year in years]


def _year(hours: Hours, year: int, method: FillMethod | None, longest_gap: int) -> Year:
    utc = hours.utc
    wanted = TimeGrid.planning_year(year).utc()
    values = {name: _at(utc, column, wanted) for name, column in hours.values.items()}
    present = np.all([np.isfinite(column) for column in values.values()], axis=0)
    provenance = np.where(present, Provenance.OBSERVED, Provenance.FILLED).astype(np.uint8)
    said = []
    edge = _edge(utc, present, wanted)
    if edge is not None:
        taken, placed = edge
        for name, column in hours.values.items():
            values[name][placed] = _at(utc, column, taken)
        present = np.all([np.isfinite(column) for column in values.values()], axis=0)
        said.append(
            f"{year} is a year of a local clock: {len(taken)} hours at its other end stand in "
            "for those of the UTC year it lacks, and count as filled"
        )
    if present.all():
        errors: list[InputError] = []
    elif method is None or present.sum() < HOURS_PER_YEAR / 2:
        errors = _missing(hours.file, year, present, wanted)
    else:
        errors = _too_long(hours.file, present, wanted, method, longest_gap)
        if not errors:
            errors = _fill_all(values, present, method, wanted, hours.file)
            said.append(f"{int((~present).sum())} hours of {year} filled: {method}")
    return Year(
        year=year, values=values, provenance=provenance, errors=tuple(errors), said=tuple(said)
    )


def _at(utc: Times, column: Floats, wanted: Times) -> Floats:
    """Return a column at wanted hours, NaN where it has none. Shape of `wanted`."""
    place = np.clip(np.searchsorted(utc, wanted), 0, len(utc) - 1)
    return np.where(utc[place] == wanted, column[place], np.nan)


def _edge(utc: Times, present: Bools, wanted: Times) -> tuple[Times, NDArray[np.int64]] | None:
    """Return hours beyond one end of the year, and the places at the other that lack them."""
    runs = gaps(present)
    if not runs:
        return None
    (first, head), (last, tail) = runs[0], runs[-1]
    if not _whole_years(utc):
        return None
    if first == 0 and head <= MOST_OFFSET_HOURS and utc[0] == wanted[head]:
        return wanted[-1] + HOUR * np.arange(1, head + 1), np.arange(head)
    end = last + tail
    if end == len(wanted) and 0 < tail <= MOST_OFFSET_HOURS and utc[-1] == wanted[last - 1]:
        return wanted[0] - HOUR * np.arange(tail, 0, -1), np.arange(last, end)
    return None


def _whole_years(utc: Times) -> bool:
    """Return whether the hours begin and end at the same distance from a new year."""
    return _from_new_year(utc[0]) == _from_new_year(utc[-1] + HOUR)


def _from_new_year(moment: np.datetime64) -> int:
    """Return the seconds from the nearest new year, negative before it."""
    year = (moment + np.timedelta64(180, "D")).astype("datetime64[Y]")
    return int((moment - year.astype("datetime64[s]")).astype(np.int64))


def _missing(file: str, year: int, present: Bools, wanted: Times) -> list[InputError]:
    there = int(present.sum())
    rule = "must be in the file; --fill fills short gaps"
    errors = [
        InputError(f"hours from {_text(wanted[start])} UTC", f"{n} missing", rule, file=file)
        for start, n in gaps(present)
    ]
    if there < HOURS_PER_YEAR / 2:
        rule = f"a year must have {HOURS_PER_YEAR} hours; leave out years that are not whole"
        return [InputError(str(year), f"{there} hours", rule, file=file)]
    if len(errors) > 1:
        total = f"{there} of {HOURS_PER_YEAR} hours"
        errors.insert(0, InputError(str(year), total, "must be whole", file=file))
    return errors


def _too_long(
    file: str, present: Bools, wanted: Times, method: str, longest_gap: int
) -> list[InputError]:
    rule = f"is longer than the {longest_gap} hours that {method} may fill"
    return [
        InputError(f"hours from {_text(wanted[start])} UTC", f"{n} missing", rule, file=file)
        for start, n in gaps(present)
        if n > longest_gap
    ]


def _fill_all(
    values: dict[str, Floats], present: Bools, method: FillMethod, wanted: Times, file: str
) -> list[InputError]:
    """Fill every variable in place."""
    try:
        values |= {name: fill(one, present, method, len(one)) for name, one in values.items()}
    except InputError as error:
        hour = int(error.field.removeprefix("hour "))
        place = f"{_text(wanted[hour])} UTC"
        return [InputError(place, error.value, error.rule, file=file)]
    return []


def _text(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[m]")).replace("T", " ")
