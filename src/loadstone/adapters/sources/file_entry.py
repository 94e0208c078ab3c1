# SPDX-License-Identifier: Apache-2.0
"""[[file]] blocks of series.toml, and the planning years in their files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from loadstone.adapters.sources.units import FILE_KINDS, UNITS, bounds
from loadstone.model.errors import InputError
from loadstone.model.grid import HOURS_PER_YEAR, TimeGrid
from loadstone.model.series import Provenance, Series

FOLDER = "series"

_VARIABLES: Mapping[str, tuple[str, ...]] = {
    "prices": ("price",),
    "weather": ("drybulb_c", "wetbulb_c"),
    "carbon": ("kg_per_mwh",),
    "solar": ("capacity_factor",),
    "wind": ("capacity_factor",),
    "availability": ("availability",),
}
_NEEDED = ("kind", "zone", "year", "path", "source")
_FILE_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "kind": str,
    "zone": str,
    "year": int,
    "path": str,
    "source": str,
    "currency": str,
    "unit": str,
    "provenance": str,
    "note": str,
    "date": object,
    "sha256": str,
    "columns": list,
    "where": list,
    "tz": str,
    "label": str,
    "fill": str,
    "observed": float,
    "filled": float,
}


def read_file_entry(folder: Path, entry: Mapping[str, Any]) -> list[Series]:
    """Return the series of a [[file]] block.

    Args:
        folder: The folder that its path is in.
        entry: Its fields.

    Raises:
        InputError: A field is unknown, missing or wrong, or the file is not a planning year.
    """
    _check_entry(entry)
    kind, year = entry["kind"], entry["year"]
    path = folder / entry["path"]
    place = f"{FOLDER}/{entry['path']}"
    if not path.is_file():
        raise InputError("path", entry["path"], "no such file; import it again", file=place)
    table = _read_table(path, place)
    _check_hours(table, year, place)
    default = Provenance[entry.get("provenance", "user").upper()]
    codes = _codes(table, default, place)
    currency = entry.get("currency", "")
    found = []
    for variable in _VARIABLES[kind]:
        values = _values(table, variable, place)
        low, high = bounds(variable, currency)
        for hour in np.flatnonzero((values < low) | (values > high))[:1]:
            rule = f"cannot be: must be from {low:g} to {high:g}"
            raise InputError(f"{variable}[{hour}]", float(values[hour]), rule, file=place)
        found.append(
            Series(
                kind=kind,
                zone=entry["zone"],
                variable=variable,
                unit=UNITS[kind],
                currency=currency,
                year=year,
                values=values,
                provenance=codes.copy(),
                source=entry["source"],
                note=entry.get("note", ""),
            )
        )
    return found


def _check_entry(entry: Mapping[str, Any]) -> None:
    for name, value in entry.items():
        if name not in _FILE_FIELDS:
            raise InputError(name, value, "is no field of a [[file]]")
        if not isinstance(value, _FILE_FIELDS[name]):
            raise InputError(name, value, f"must be {_FILE_FIELDS[name]}")
    for name in _NEEDED:
        if name not in entry:
            raise InputError(name, None, "must be given")
    path = Path(entry["path"])
    if path.is_absolute() or ".." in path.parts:
        raise InputError("path", entry["path"], "must lie within the folder series")
    _check_meaning(entry)


def _check_meaning(entry: Mapping[str, Any]) -> None:
    if entry["kind"] not in FILE_KINDS:
        raise InputError("kind", entry["kind"], f"must be one of {', '.join(FILE_KINDS)}")
    if entry["kind"] == "prices" and not entry.get("currency"):
        raise InputError("currency", None, "must be given for prices")
    if entry.get("unit", UNITS[entry["kind"]]) != UNITS[entry["kind"]]:
        raise InputError("unit", entry["unit"], f"must be {UNITS[entry['kind']]}")
    if entry.get("provenance", "user").upper() not in Provenance.__members__:
        names = ", ".join(name.lower() for name in Provenance.__members__)
        raise InputError("provenance", entry["provenance"], f"must be one of {names}")


def _read_table(path: Path, place: str) -> pa.Table:
    try:
        return pa_csv.read_csv(path) if path.suffix == ".csv" else pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError("path", path.name, f"must be readable: {error}", file=place) from error


def _check_hours(table: pa.Table, year: int, place: str) -> None:
    if table.num_rows != HOURS_PER_YEAR:
        rule = f"must be {HOURS_PER_YEAR}, 29 February left out"
        raise InputError("hours", table.num_rows, rule, file=place)
    if "utc" not in table.column_names:
        raise InputError("utc", None, "must be a column: the start of each hour", file=place)
    column = table["utc"]
    if not pa.types.is_timestamp(column.type):
        raise InputError("utc", str(column.type), "must be times in UTC", file=place)
    naive = column.cast(pa.timestamp("s", column.type.tz)).cast(pa.int64()).to_numpy()
    wanted = TimeGrid.planning_year(year).utc()
    wrong = np.flatnonzero(naive.astype("datetime64[s]") != wanted)
    if wrong.size:
        found = str(naive.astype("datetime64[s]")[wrong[0]])
        rule = f"must be {wanted[wrong[0]]}, hour {wrong[0]} of the planning year {year}"
        raise InputError(f"utc[{wrong[0]}]", found, rule, file=place)


def _values(
    table: pa.Table, variable: str, place: str
) -> np.ndarray[Any, np.dtype[np.float64]]:
    if variable not in table.column_names:
        raise InputError(variable, None, "must be a column", file=place)
    column = table[variable]
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise InputError(variable, str(column.type), "must be numbers", file=place)
    values = np.array(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        rule = f"must be a number in each hour; {bad.size} hours have none"
        raise InputError(f"{variable}[{bad[0]}]", float(values[bad[0]]), rule, file=place)
    return values


def _codes(
    table: pa.Table, default: Provenance, place: str
) -> np.ndarray[Any, np.dtype[np.uint8]]:
    if "provenance" not in table.column_names:
        return np.full(HOURS_PER_YEAR, default, np.uint8)
    cells = table["provenance"].to_pylist()
    names = {member.name.lower(): int(member) for member in Provenance}
    names |= {str(int(member)): int(member) for member in Provenance}
    for hour, cell in enumerate(cells):
        if str(cell).lower() not in names:
            rule = f"must be one of {', '.join(names)}"
            raise InputError(f"provenance[{hour}]", cell, rule, file=place)
    return np.array([names[str(cell).lower()] for cell in cells], dtype=np.uint8)
