# SPDX-License-Identifier: Apache-2.0
"""Readings that wait in memory, and the columns of the files they go to.

Numbers of machines are kept as 32-bit floats, 7 digits; those of meters as they were read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadstone.adapters.store.telemetry.shelf import MACHINES, METERS
from loadstone.model.operations.meter import MeterReading

WORD = pa.dictionary(pa.int32(), pa.string())
SCHEMAS = {
    METERS: pa.schema(
        {
            "at_s": pa.float64(),
            "meter": WORD,
            "power_mw": pa.float64(),
            "energy_mwh": pa.float64(),
            "reason": WORD,
        }
    ),
    MACHINES: pa.schema(
        {
            "at_s": pa.float64(),
            "machine": WORD,
            "seen": pa.int8(),
            "power_w": pa.float32(),
            "hashrate_th": pa.float32(),
        }
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sweep:
    """One sweep of M machines.

    Attributes:
        at_s: When it was made.
        machines: Their ids, M.
        seen: Codes of `Seen`, shape (M,).
        power_w: Draw, W, shape (M,); nan unknown.
        hashrate_th: Hashrate, TH/s, shape (M,); nan unknown.
    """

    at_s: float
    machines: tuple[str, ...]
    seen: NDArray[np.int8]
    power_w: NDArray[np.float32]
    hashrate_th: NDArray[np.float32]

    @property
    def rows(self) -> int:
        """How many rows it makes."""
        return len(self.machines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """One reading of a meter and when it was taken, seconds since 1970, UTC."""

    at_s: float
    reading: MeterReading
    rows: int = 1


Taken = Sweep | Metered


@dataclass(slots=True)
class Waiting:
    """Readings of one kind, site and day that wait to be written, in the order of arrival."""

    taken: list[Any] = field(default_factory=list)
    rows: int = 0

    def add(self, one: Taken) -> None:
        """Keep one more."""
        self.taken.append(one)
        self.rows += one.rows

    def drop_oldest(self) -> Taken:
        """Let go of the oldest."""
        one: Taken = self.taken.pop(0)
        self.rows -= one.rows
        return one


def sweep_of(
    at_s: float,
    machines: Sequence[str],
    seen: Sequence[int],
    power_w: Sequence[float],
    hashrate_th: Sequence[float],
) -> Sweep:
    """Return a sweep with columns of its own: the caller may go on using its arrays."""
    return Sweep(
        at_s=at_s,
        machines=tuple(machines),
        seen=np.array(seen, dtype=np.int8),
        power_w=np.array(power_w, dtype=np.float32),
        hashrate_th=np.array(hashrate_th, dtype=np.float32),
    )


def table_of(what: str, taken: Sequence[Any]) -> pa.Table:
    """Return readings as a table with the columns of `SCHEMAS`."""
    if what == METERS:
        return _meters(taken)
    tables = [_sweeps(names, list(same)) for names, same in groupby(taken, _machines)]
    return pa.concat_tables(tables).unify_dictionaries()


def _machines(sweep: Sweep) -> tuple[str, ...]:
    return sweep.machines


def _meters(taken: Sequence[Metered]) -> pa.Table:
    readings = [one.reading for one in taken]
    columns = [
        reals([one.at_s for one in taken]),
        words([reading.meter for reading in readings]),
        reals([reading.power_mw for reading in readings]),
        reals([reading.energy_mwh for reading in readings]),
        words([reading.reason.value for reading in readings]),
    ]
    return pa.table(columns, schema=SCHEMAS[METERS])


def _sweeps(machines: tuple[str, ...], sweeps: list[Sweep]) -> pa.Table:
    """Return sweeps of the same machines: their names are written once."""
    count = len(machines)
    places = np.tile(np.arange(count, dtype=np.int32), len(sweeps))
    at_s = np.repeat(np.array([sweep.at_s for sweep in sweeps]), count)
    return pa.table(
        [
            column(at_s, pa.float64()),
            pa.DictionaryArray.from_arrays(column(places, pa.int32()), _texts(machines)),
            column(np.concatenate([sweep.seen for sweep in sweeps]), pa.int8()),
            column(np.concatenate([sweep.power_w for sweep in sweeps]), pa.float32()),
            column(np.concatenate([sweep.hashrate_th for sweep in sweeps]), pa.float32()),
        ],
        schema=SCHEMAS[MACHINES],
    )


# `pa.array` would do for these three, and load pandas: a second and 75 MB in an agent that has
# no use for it.


def column(values: NDArray[Any], kind: Any) -> Any:
    """Return numbers as a column of Arrow, nan as nothing.

    Args:
        values: Numbers, shape (N,), of the same width as `kind`.
        kind: Type of the column.
    """
    known = None
    if values.dtype.kind == "f" and np.isnan(values).any():
        known = pa.py_buffer(np.packbits(~np.isnan(values), bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [known, pa.py_buffer(values)])


def reals(values: Sequence[float | None]) -> Any:
    """Return numbers as a column, None as nothing."""
    return column(np.array(values, dtype=np.float64), pa.float64())


def words(values: Sequence[str]) -> Any:
    """Return a column of words that repeat, each kept once."""
    known = sorted(set(values))
    place = {word: number for number, word in enumerate(known)}
    places = np.array([place[word] for word in values], dtype=np.int32)
    return pa.DictionaryArray.from_arrays(column(places, pa.int32()), _texts(known))


def _texts(texts: Sequence[str]) -> Any:
    encoded = [text.encode("utf-8", "replace") for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as one file of Parquet.

    Raises:
        OSError: It cannot be written.
    """
    pq.write_table(table, path, compression="zstd")
