# SPDX-License-Identifier: Apache-2.0
"""Months of history from a user's file, for the parameters of futures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from loadstone.adapters.sources.columns import Columns, choose, only_number, read_columns
from loadstone.adapters.sources.moments import to_utc
from loadstone.adapters.sources.numbers import to_numbers
from loadstone.model.errors import InputError, InputErrors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Take = Literal["last", "mean", "median"]

NAMES: Mapping[str, tuple[str, ...]] = {
    "btc": ("price_usd", "close", "px_close_usd", "price"),
    "hashprice": ("hashprice_usd_ph_day", "hashprice_usd_ph_day_subsidy_only", "hashprice"),
    "hashrate": ("network_eh", "hashrate", "hashrate_th", "difficulty", "difficulty_est"),
    "power": ("price_per_mwh", "price", "spot_price", "day_ahead_price", "lmp"),
    "fx": ("units_per_usd", "rate", "close", "price"),
    "ai": ("usd_per_gpu_hour", "price", "usd_per_hour"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Values of months in a row.

    Attributes:
        first: Month of the first, e.g. "2021-01".
        last: Month of the last.
        values: One a month. Shape (M,).
        month: Calendar month of each, 1 to 12. Shape (M,).
        file: Name of the file.
        column: Column that was read.
        where: What rows were chosen by.
    """

    first: str
    last: str
    values: Floats
    month: Ints
    file: str
    column: str
    where: str

    @property
    def source(self) -> str:
        """What parameters computed from it name as their source."""
        rows = f" where {self.where}" if self.where else ""
        period = f"{self.first} to {self.last}, {self.values.size} months"
        return f"computed from {self.file}, {self.column}{rows}, {period}"


def read_history(
    file: Path,
    meaning: str,
    *,
    take: Take,
    time: str | None = None,
    value: str | None = None,
    where: Mapping[str, str] | None = None,
    since: str = "",
) -> History:
    """Return the months of a file.

    Args:
        file: CSV or Parquet.
        meaning: A key of `NAMES`, by which the column is guessed.
        take: What stands for a month: its last value, its mean, or its median.
        time, value: Columns; None to guess.
        where: Only rows in which a column has this text.
        since: First month, e.g. "2021-01"; "" for all.

    Raises:
        InputErrors: All that is wrong, with its place.
        OutsideError: The file cannot be read.
    """
    try:
        columns = read_columns(file, dict(where or {}))
        column = _column(columns, meaning, time, value)
        months = _months(columns, time)
        numbers, errors = to_numbers(columns, column, blank_allowed=True)
        if errors:
            raise InputErrors(errors)
        first, values = _by_month(months, numbers, take, since)
    except InputError as error:
        raise InputErrors([error if error.file else error.in_file(file.name)]) from error
    zero = first.astype(np.int64)
    return History(
        first=str(first),
        last=str(first + np.timedelta64(values.size - 1, "M")),
        values=values,
        month=(zero + np.arange(values.size)) % 12 + 1,
        file=file.name,
        column=column,
        where=", ".join(f"{key} is {text}" for key, text in (where or {}).items()),
    )


def _column(columns: Columns, meaning: str, time: str | None, value: str | None) -> str:
    if value is not None:
        if value not in columns.names:
            rule = f"must be one of {', '.join(columns.names)}"
            raise InputError("--value", value, rule)
        return value
    lower = {name.lower().strip(): name for name in columns.names}
    for name in NAMES[meaning]:
        if name in lower:
            return lower[name]
    # beside hashprice, hashrate is never the only column of numbers
    guess = None if meaning == "hashrate" else only_number(columns, [time])
    if guess is None:
        rule = f"name the column of {meaning}: one of {', '.join(columns.names)}"
        raise InputError("--value", None, rule)
    return guess


def _months(columns: Columns, time: str | None) -> NDArray[np.datetime64]:
    """Return the month of each row."""
    name, _ = choose(columns, "time", time)
    if name is None:
        rule = f"name the column of times: one of {', '.join(columns.names)}"
        raise InputError("--time", None, rule)
    utc, errors, _ = to_utc(columns, name, "UTC", label_end=False)
    if errors:
        raise InputErrors(errors)
    return utc.astype("datetime64[M]")


def _by_month(
    months: NDArray[np.datetime64], values: Floats, take: Take, since: str
) -> tuple[np.datetime64, Floats]:
    """Return the first month and one value a month; a month without a value is refused.

    A first or last month with less than half of the usual rows is no whole month, and is left
    out.
    """
    there = np.isfinite(values)
    if since:
        there &= months >= _month(since)
    if not there.any():
        raise InputError("FILE", since or "", "must have values in some month")
    months, values = months[there], values[there]
    first, last = _whole(months)
    found = []
    for i in range(int((last - first).astype(np.int64)) + 1):
        month = first + np.timedelta64(i, "M")
        inside = values[months == month]
        if not inside.size:
            rule = "has no value; months must be in a row: choose later ones with --since"
            raise InputError(str(month), None, rule)
        found.append(_TAKE[take](inside))
    return first, np.array(found)


def _whole(months: NDArray[np.datetime64]) -> tuple[np.datetime64, np.datetime64]:
    """Return the first and the last month that are whole."""
    there, rows = np.unique(months, return_counts=True)
    enough = rows * 2 >= np.median(rows)
    return there[enough][0], there[enough][-1]


def _last(values: Floats) -> float:
    return float(values[-1])


def _mean(values: Floats) -> float:
    return float(values.mean())


def _median(values: Floats) -> float:
    return float(np.median(values))


_TAKE: Mapping[str, Callable[[Floats], float]] = {
    "last": _last,
    "mean": _mean,
    "median": _median,
}


def _month(text: str) -> np.datetime64:
    try:
        return np.datetime64(text, "M")
    except ValueError as error:
        raise InputError("--since", text, "must be a month, e.g. 2021-01") from error
