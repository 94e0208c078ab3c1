# SPDX-License-Identifier: Apache-2.0
"""Columns of a CSV or Parquet file, and a guess at which one is meant."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadstone.model.errors import InputError, OutsideError

SEPARATORS = ",;\t|"

NAMES: Mapping[str, tuple[str, ...]] = {
    "time": (
        *("ts_utc", "utc", "time_utc", "utc_time", "timestamp", "datetime", "date_time"),
        *("time", "ts", "date", "hour", "period", "ts_local"),
    ),
    "price": ("price_per_mwh", "price", "spot_price", "day_ahead_price", "lmp", "value"),
    "kg_per_mwh": ("kg_per_mwh", "ci_direct_g", "carbon_intensity", "ci_lifecycle_g", "carbon"),
    "capacity_factor": ("capacity_factor", "cf", "output", "value"),
    "drybulb_c": (
        "drybulb_c",
        "temperature_2m",
        "temperature",
        "air_temperature",
        "temp",
        "t2m",
    ),
    "wetbulb_c": ("wetbulb_c", "wet_bulb", "wetbulb", "wet_bulb_temperature"),
    "humidity_pct": ("rh_pct", "relative_humidity_2m", "relative_humidity", "humidity", "rh"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """Chosen rows of a file.

    Attributes:
        file: Name of the file.
        table: The rows; of a CSV file all columns are text.
        lines: Place of each row in the file, as an editor counts lines, or from 1 in Parquet.
        place: Word for that place, "line" or "row".
    """

    file: str
    table: pa.Table
    lines: NDArray[np.int64]
    place: str

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return list(self.table.column_names)

    def at(self, index: int | np.signedinteger[Any]) -> str:
        """Say where a row stands in the file."""
        return f"{self.place} {self.lines[index]}"


def read_columns(file: Path, where: Mapping[str, str]) -> Columns:
    """Read a file, keeping the rows in which each column of `where` has its text.

    Raises:
        InputError: No such file, not a table, no such column, or no such row.
        OutsideError: The file cannot be read.
    """
    if not file.is_file():
        raise InputError("FILE", str(file), "must be a file that exists")
    try:
        columns = _parquet(file) if file.suffix in {".parquet", ".pq"} else _csv(file)
    except pa.ArrowInvalid as error:
        raise InputError(
            "FILE", file.name, f"must be a CSV or Parquet table: {error}"
        ) from error
    except OSError as error:
        raise OutsideError(f"{file}: {error}; check that it can be read") from error
    for name, text in where.items():
        columns = _rows_with(columns, name, text)
    if not len(columns.lines):
        raise InputError("FILE", file.name, "must have at least one row")
    return columns


def choose(columns: Columns, meaning: str, named: str | None) -> tuple[str | None, str]:
    """Return the column of a meaning, and what to say where it was guessed.

    Args:
        columns: The file.
        meaning: A key of `NAMES`.
        named: The user's choice, or None to guess by name.

    Raises:
        InputError: The user's choice is no column of the file.
    """
    if named is not None:
        if named not in columns.names:
            raise InputError("column", named, f"must be one of {', '.join(columns.names)}")
        return named, ""
    lower = {name.lower().strip(): name for name in columns.names}
    for candidate in NAMES[meaning]:
        if candidate in lower:
            return lower[candidate], f"column {lower[candidate]} taken for {meaning}"
    if meaning == "time":
        likely = [name for name in columns.names if _looks_like_time(name, columns.table[name])]
        if len(likely) == 1:
            return likely[0], f"column {likely[0]} taken for time"
    return None, ""


def only_number(columns: Columns, but: Iterable[str | None]) -> str | None:
    """Return the only column of numbers beside some others, or None."""
    left = [name for name in columns.names if name not in set(but)]
    found = [name for name in left if _looks_like_number(columns.table[name])]
    return found[0] if len(found) == 1 else None


def _parquet(file: Path) -> Columns:
    table = pq.read_table(file)
    lines = np.arange(1, table.num_rows + 1)
    return Columns(file=file.name, table=table, lines=lines, place="row")


def _csv(file: Path) -> Columns:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        first = stream.readline()
    if not first.strip():
        raise InputError("FILE", file.name, "must start with a line of column names")
    separator = max(SEPARATORS, key=first.count)
    header = next(csv.reader([first], delimiter=separator))
    if len(set(header)) < len(header):
        raise InputError("FILE", first.strip(), "must name each column once")
    table = pa_csv.read_csv(
        file,
        read_options=pa_csv.ReadOptions(column_names=header, skip_rows=1),
        parse_options=pa_csv.ParseOptions(delimiter=separator),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )
    return Columns(
        file=file.name, table=table, lines=np.arange(2, table.num_rows + 2), place="line"
    )


def _rows_with(columns: Columns, name: str, text: str) -> Columns:
    if name not in columns.names:
        raise InputError("--where", name, f"must be one of {', '.join(columns.names)}")
    cells = columns.table[name].to_pylist()
    chosen = np.array([str(cell).strip() == text for cell in cells], dtype=bool)
    if not chosen.any():
        found = sorted({str(cell) for cell in cells})[:10]
        raise InputError(
            "--where", f"{name}={text}", f"no such row; there is {', '.join(found)}"
        )
    kept = columns.table.filter(pa.array(chosen))
    return Columns(
        file=columns.file, table=kept, lines=columns.lines[chosen], place=columns.place
    )


def _looks_like_time(name: str, column: pa.ChunkedArray) -> bool:
    if pa.types.is_timestamp(column.type):
        return True
    return name.lower().startswith(("ts_", "time", "date", "utc"))


def _looks_like_number(column: pa.ChunkedArray) -> bool:
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        return True
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return False
    for cell in column.slice(0, 20).to_pylist():
        try:
            float(cell.replace(",", "."))
        except ValueError:
            return False
    return True
