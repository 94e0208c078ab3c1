# SPDX-License-Identifier: Apache-2.0
"""Bring an observed series in: from a user's file to planning years with provenance."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from loadstone.adapters.sources.columns import Columns, choose, only_number, read_columns
from loadstone.adapters.sources.hours import Hours, to_hours
from loadstone.adapters.sources.moments import to_utc
from loadstone.adapters.sources.numbers import to_numbers
from loadstone.adapters.sources.units import KINDS, UNITS, bounds, in_our_unit, price_unit
from loadstone.adapters.sources.years import Year, planning_years
from loadstone.engines.series import FillMethod, wetbulb_c
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.series import Series

Floats = NDArray[np.float64]

MOST_ERRORS = 20
LONGEST_GAP_HOURS = {"linear": 6, "previous-day": 48, "previous-week": 336}
_VARIABLE = {
    "prices": "price",
    "weather": "drybulb_c",
    "carbon": "kg_per_mwh",
    "solar": "capacity_factor",
    "wind": "capacity_factor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user says of a file; what is left open is guessed and said.

    Attributes:
        kind: "prices", "weather", "carbon", "solar" or "wind".
        zone: Market zone, weather station or site that the values are of.
        time: Column of times.
        value: Column of values; of weather, the air temperature.
        where: Only rows in which a column has this text.
        tz: IANA zone of times that say none.
        label: Whether a time is the start or the end of its interval.
        unit: Unit of the values; "" for the usual one of the kind.
        currency: ISO 4217 code of prices.
        fill: How to fill gaps; None refuses them.
        longest_gap_hours: Longest gap that may be filled; None for that of the method.
    """

    kind: str
    zone: str
    time: str | None = None
    value: str | None = None
    where: tuple[tuple[str, str], ...] = ()
    tz: str | None = None
    label: Literal["start", "end"] = "start"
    unit: str = ""
    currency: str = ""
    fill: FillMethod | None = None
    longest_gap_hours: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise InputError("kind", self.kind, f"must be one of {', '.join(KINDS)}")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.zone):
            raise InputError(
                "--zone", self.zone, "must be of letters, digits, '.', '_' and '-'"
            )
        if self.label not in {"start", "end"}:
            raise InputError("--label", self.label, "must be start or end")
        if self.fill is not None and self.fill not in LONGEST_GAP_HOURS:
            rule = f"must be one of {', '.join(LONGEST_GAP_HOURS)}"
            raise InputError("--fill", self.fill, rule)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Imported:
    """What an import found.

    Attributes:
        request: What was asked for, with guessed columns and currency filled in.
        series: One per calendar year and variable, by year.
        said: What was guessed, filled or derived, in sentences.
        file: Name of the file.
        sha256: Of the file's bytes.
        columns: Column of the file behind each variable.
    """

    request: Request
    series: tuple[Series, ...]
    said: tuple[str, ...]
    file: str
    sha256: str
    columns: Mapping[str, str]


def import_series(
    file: Path,
    *,
    kind: str,
    zone: str,
    time_column: str | None = None,
    value_column: str | None = None,
    where: Mapping[str, str] | None = None,
    tz: str | None = None,
    label: Literal["start", "end"] = "start",
    unit: str = "",
    currency: str = "",
    fill: FillMethod | None = None,
    longest_gap_hours: int | None = None,
) -> Imported:
    """Read an observed series from a CSV or Parquet file; nothing is written.

    Args:
        file: The file.
        kind, zone, tz, label, unit, currency, fill, longest_gap_hours: As in `Request`.
        time_column, value_column: Names of columns; None to guess.
        where: Only rows in which a column has this text.

    Raises:
        InputErrors: All that is wrong, each with its place.
        OutsideError: The file cannot be read.
    """
    try:
        request = Request(
            kind=kind,
            zone=zone,
            time=time_column,
            value=value_column,
            where=tuple((where or {}).items()),
            tz=tz,
            label=label,
            unit=unit,
            currency=currency,
            fill=fill,
            longest_gap_hours=longest_gap_hours,
        )
        return _import(file, request)
    except InputError as error:
        raise InputErrors([error if error.file else error.in_file(file.name)]) from error


def _import(file: Path, request: Request) -> Imported:
    found = read_observed(file, request)
    years = planning_years(found.hours, request.fill, _longest_gap(request))
    problems = [*found.errors, *found.hours.errors]
    _stop(problems + [error for year in years for error in year.errors])
    said = [*found.said, *found.hours.said, *(text for year in years for text in year.said)]
    return Imported(
        request=request,
        series=tuple(
            _series(request, year, variable, found.currency, file.name)
            for year in years
            for variable in found.hours.values
        ),
        said=tuple(dict.fromkeys(said)),
        file=file.name,
        sha256=hashlib.sha256(file.read_bytes()).hexdigest(),
        columns=found.columns,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """Hours of a file, before they are years.

    Attributes:
        hours: The hours.
        columns: Column of the file behind each meaning.
        currency: ISO 4217 code of prices, else "".
        errors: Cells that are wrong; times that are wrong stop the reading.
        said: What was guessed or derived.
    """

    hours: Hours
    columns: Mapping[str, str]
    currency: str
    errors: tuple[InputError, ...]
    said: tuple[str, ...]


def read_observed(file: Path, request: Request) -> Observed:
    """Read the hours of a file.

    Raises:
        InputError: The file or the request is wrong as a whole.
        InputErrors: Times cannot be read.
        OutsideError: The file cannot be read.
    """
    columns = read_columns(file, dict(request.where))
    chosen, said = _choose(columns, request)
    factor, currency, more = _currency(columns, request)
    utc, errors, assumed = to_utc(
        columns, chosen["time"], request.tz, label_end=request.label == "end"
    )
    values, bad, derived = _values(columns, request, chosen, factor, currency)
    _stop(errors + bad if errors else [])
    return Observed(
        hours=to_hours(columns, utc, values),
        columns=chosen,
        currency=currency,
        errors=tuple(bad),
        said=(*said, *more, *assumed, *derived),
    )


def _values(
    columns: Columns, request: Request, chosen: Mapping[str, str], factor: float, currency: str
) -> tuple[dict[str, Floats], list[InputError], list[str]]:
    """Return each variable in our unit, the cells that are wrong, and what was derived."""
    values: dict[str, Floats] = {}
    errors = []
    for variable, name in chosen.items():
        if variable == "time":
            continue
        numbers, bad = to_numbers(columns, name, blank_allowed=request.fill is not None)
        if request.kind == "prices":
            numbers = numbers * factor
        elif variable != "humidity_pct":
            numbers = in_our_unit(request.kind, numbers, request.unit)
        errors += bad + _impossible(columns, name, numbers, bounds(variable, currency))
        # A wrong cell is named once, not again as a gap.
        values[variable] = np.where(np.isfinite(numbers), numbers, 0.0) if bad else numbers
    made, derived = _with_wetbulb(values)
    return made, errors, derived


def _choose(columns: Columns, request: Request) -> tuple[dict[str, str], list[str]]:
    """Return the column of each meaning, and what was guessed."""
    said = []
    time, guess = choose(columns, "time", request.time)
    said.append(guess)
    if time is None:
        rule = f"name the column of times: one of {', '.join(columns.names)}"
        raise InputError("--time", None, rule)
    variable = _VARIABLE[request.kind]
    value, guess = choose(columns, variable, request.value)
    if value is None:
        value = only_number(columns, [time])
        guess = f"column {value} taken for {variable}, the only one of numbers"
    if value is None or value == time:
        rule = f"name the column of values: one of {', '.join(columns.names)}"
        raise InputError("--value", None, rule)
    said.append(guess)
    chosen = {"time": time, variable: value}
    if request.kind == "weather":
        said.append(_choose_moisture(columns, chosen))
    return chosen, [sentence for sentence in said if sentence]


def _choose_moisture(columns: Columns, chosen: dict[str, str]) -> str:
    for meaning in ("wetbulb_c", "humidity_pct"):
        name, guess = choose(columns, meaning, None)
        if name is not None and name not in chosen.values():
            chosen[meaning] = name
            return guess
    rule = "must have a column wetbulb_c, or relative humidity as rh_pct"
    raise InputError("FILE", ", ".join(columns.names), rule)


def _currency(columns: Columns, request: Request) -> tuple[float, str, list[str]]:
    if request.kind != "prices":
        if request.currency:
            raise InputError("--currency", request.currency, "is for prices only")
        return 1.0, "", []
    if request.currency or "/" in request.unit or "currency" not in columns.names:
        factor, currency = price_unit(request.unit, request.currency)
        return factor, currency, []
    found = sorted({str(cell) for cell in columns.table["currency"].to_pylist()})
    if len(found) > 1:
        raise InputError("currency", ", ".join(found), "must be one; choose rows with --where")
    factor, currency = price_unit(request.unit, found[0])
    return factor, currency, [f"currency {currency} taken from the column currency"]


def _impossible(
    columns: Columns, name: str, values: Floats, limits: tuple[float, float]
) -> list[InputError]:
    low, high = limits
    rule = f"cannot be: must be from {low:g} to {high:g}"
    return [
        InputError(f"{columns.at(i)}, {name}", float(values[i]), rule, file=columns.file)
        for i in np.flatnonzero((values < low) | (values > high))
    ]


def _with_wetbulb(values: dict[str, Floats]) -> tuple[dict[str, Floats], list[str]]:
    if "humidity_pct" not in values:
        return values, []
    air, humidity = values["drybulb_c"], values["humidity_pct"]
    there = np.isfinite(air) & np.isfinite(humidity)
    wet = np.full(air.shape, np.nan)
    wet[there] = wetbulb_c(air[there], np.clip(humidity[there], 0.1, 100.0))
    said = (
        "wet bulb derived from relative humidity at sea-level pressure (psychrometer equation)"
    )
    return {"drybulb_c": air, "wetbulb_c": wet}, [said]


def _longest_gap(request: Request) -> int:
    if request.longest_gap_hours is not None:
        return request.longest_gap_hours
    return LONGEST_GAP_HOURS.get(request.fill or "", 0)


def _stop(errors: list[InputError]) -> None:
    if not errors:
        return
    shown = errors[:MOST_ERRORS]
    if len(errors) > MOST_ERRORS:
        more = len(errors) - MOST_ERRORS
        shown.append(InputError("further errors", more, "mend the first ones and import again"))
    raise InputErrors(shown)


def _series(request: Request, year: Year, variable: str, currency: str, file: str) -> Series:
    return Series(
        kind=request.kind,
        zone=request.zone,
        variable=variable,
        unit=UNITS[request.kind],
        currency=currency,
        year=year.year,
        values=year.values[variable],
        provenance=year.provenance.copy(),
        source=file,
        note="; ".join(year.said),
    )
