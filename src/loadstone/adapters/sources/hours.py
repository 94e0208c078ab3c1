# SPDX-License-Identifier: Apache-2.0
"""Rows of any even interval up to an hour, brought to whole hours."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.adapters.sources.columns import Columns
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Times = NDArray[np.datetime64]

HOUR = np.timedelta64(3600, "s")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hours:
    """Hours of a file, in the order of time, each once.

    Attributes:
        utc: Start of each hour, UTC. Shape (T,), datetime64[s].
        values: By variable; NaN where the hour is not complete. Shapes (T,).
        errors: Doubled times, and times that are not on the interval.
        said: What was averaged.
        file: Name of the file.
    """

    utc: Times
    values: Mapping[str, Floats]
    errors: tuple[InputError, ...]
    said: tuple[str, ...]
    file: str


def to_hours(columns: Columns, utc: Times, values: Mapping[str, Floats]) -> Hours:
    """Average the rows of each hour; an hour counts only when all its intervals are there.

    Args:
        columns: The file, for the places of rows.
        utc: Start of each row's interval, UTC. Shape (T,).
        values: By variable. Shapes (T,).
    """
    order = np.argsort(utc, kind="stable")
    utc = utc[order]
    minutes, errors = _interval_minutes(utc)
    errors += _doubled(columns, utc, order)
    errors += _uneven(columns, utc, order, minutes)
    per_hour = 60 // minutes if minutes and 60 % minutes == 0 else 1
    start = utc - (utc - utc.astype("datetime64[h]").astype("datetime64[s]"))
    hours, place, count = np.unique(start, return_inverse=True, return_counts=True)
    means = {}
    for variable, column in values.items():
        total = np.bincount(place, column[order])  # NaN of a row makes its hour NaN
        means[variable] = np.where(count >= per_hour, total / count, np.nan)
    said = [f"{minutes}-minute values averaged to hours"] if per_hour > 1 else []
    late = int(np.bincount((utc - start).astype(np.int64) // 60).argmax())
    if per_hour == 1 and late:
        said.append(
            f"hours start {late} minutes past; each counts from the full UTC hour before"
        )
    return Hours(
        utc=hours, values=means, errors=tuple(errors), said=tuple(said), file=columns.file
    )


def _interval_minutes(utc: Times) -> tuple[int, list[InputError]]:
    steps = np.diff(np.unique(utc)).astype("timedelta64[s]").astype(np.int64)
    if not len(steps):
        return 60, []
    found, count = np.unique(steps, return_counts=True)
    seconds = int(found[count.argmax()])
    if seconds % 60 or seconds > 3600 or 3600 % seconds:
        rule = "rows must be an hour apart, or a part of an hour that divides it"
        return 60, [InputError("interval", f"{seconds} s", rule)]
    return seconds // 60, []


def _doubled(columns: Columns, utc: Times, order: NDArray[np.int64]) -> list[InputError]:
    twice = np.flatnonzero(np.diff(utc) == np.timedelta64(0, "s")) + 1
    return [
        InputError(
            f"{columns.at(order[i])}, time",
            f"{_text(utc[i])} UTC",
            f"comes twice: first on {columns.at(order[i - 1])}",
            file=columns.file,
        )
        for i in twice
    ]


def _uneven(
    columns: Columns, utc: Times, order: NDArray[np.int64], minutes: int
) -> list[InputError]:
    past = (utc - utc.astype("datetime64[h]").astype("datetime64[s]")).astype(np.int64)
    off = np.flatnonzero(past % (minutes * 60)) if minutes < 60 else _off_hour(past)
    rule = f"is not on the {minutes}-minute interval of the other rows"
    return [
        InputError(
            f"{columns.at(order[i])}, time", f"{_text(utc[i])} UTC", rule, file=columns.file
        )
        for i in off
    ]


def _off_hour(past: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return rows off the commonest minute: zones of half hours start theirs at :30 UTC."""
    found, count = np.unique(past, return_counts=True)
    return np.flatnonzero(past != found[count.argmax()])


def _text(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[m]")).replace("T", " ")
