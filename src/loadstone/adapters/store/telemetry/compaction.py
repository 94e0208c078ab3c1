# SPDX-License-Identifier: Apache-2.0
"""Many small files joined into few, and what is old kept as means of five minutes.

Each step writes the new file whole before it removes what the file took the place of. After a
crash in between, the name of the new file hides the old ones, and the next run removes them.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loadstone.adapters.store.durable import sync_folder
from loadstone.adapters.store.telemetry import shelf
from loadstone.adapters.store.telemetry.columns import SCHEMAS, WORD, column, reals, words
from loadstone.adapters.store.telemetry.history import HELD_S, METER_RAW, database, filled
from loadstone.adapters.store.telemetry.shelf import DAY_S, MACHINES, MEAN_S, METERS, Part
from loadstone.engines.measurement.intervals import held_between, trace_of

FULL_ROWS = 5_000_000  # a file of as many is left as it is
GROUP_ROWS = 500_000
MANY = 24
"""So many small files of a day are joined; once the day is over, any two are."""

HOUR_S = 3600.0
METER_DAYS = 400.0
"""Readings of meters are few, and a proof is to be recomputed while it may be disputed."""

MACHINE_MEANS = f"""
    SELECT floor(at_s / {MEAN_S}) * {MEAN_S} AS at_s, machine,
        count(*) FILTER (seen = 1)::INTEGER AS running,
        count(*) FILTER (seen = 2)::INTEGER AS stopped,
        count(*) FILTER (seen = 0)::INTEGER AS unknown,
        count(power_w)::INTEGER AS known,
        avg(power_w)::FLOAT AS power_w, min(power_w) AS power_min_w,
        max(power_w) AS power_max_w, avg(hashrate_th)::FLOAT AS hashrate_th
    FROM read_parquet($files) WHERE at_s >= $from_s AND at_s < $until_s
    GROUP BY 1, 2 ORDER BY 1, 2
"""
METER_SPANS = f"""
    SELECT floor(at_s / {MEAN_S}) * {MEAN_S} AS span, meter, count(*) AS readings,
        min(power_mw), max(power_mw), arg_min(energy_mwh, at_s)
    FROM read_parquet($files) GROUP BY 1, 2 ORDER BY 2, 1
"""
_REAL, _COUNT, _SMALL = pa.float64(), pa.int32(), pa.float32()
MEANS_SCHEMAS = {
    METERS: pa.schema(
        {
            "at_s": _REAL,
            "meter": WORD,
            "readings": _COUNT,
            "known_s": _REAL,
            "power_mw": _REAL,
            "power_min_mw": _REAL,
            "power_max_mw": _REAL,
            "energy_mwh": _REAL,
        }
    ),
    MACHINES: pa.schema(
        {
            "at_s": _REAL,
            "machine": WORD,
            "running": _COUNT,
            "stopped": _COUNT,
            "unknown": _COUNT,
            "known": _COUNT,
            "power_w": _SMALL,
            "power_min_w": _SMALL,
            "power_max_w": _SMALL,
            "hashrate_th": _SMALL,
        }
    ),
}


def compact_site(site: Path, now_s: float, days: float) -> None:
    """Join small files of a site, and keep means alone of what is older than some days.

    Single readings of meters are kept for `METER_DAYS` at least.

    Args:
        site: Folder of the site.
        now_s: The time, seconds since 1970, UTC.
        days: For how long single readings are kept, days.

    Raises:
        OSError: The disk is full or gone, or a file cannot be read; nothing is lost.
    """
    first: OSError | None = None
    for what, kept in ((METERS, max(days, METER_DAYS)), (MACHINES, days)):
        for day in shelf.days(site, what):
            try:
                _compact_day(site, what, day, age_s=now_s - (day + 1) * DAY_S, kept_days=kept)
            except (OSError, pa.ArrowException, duckdb.Error) as error:
                # a day that cannot be read stays as it is; the others go on
                first = first or OSError(str(error).splitlines()[0])
    if first:
        raise first


def _compact_day(site: Path, what: str, day: int, *, age_s: float, kept_days: float) -> None:
    if age_s >= kept_days * DAY_S:
        _keep_means(site, what, day)
    else:
        _join(site, what, day, least=2 if age_s > 0 else MANY)
    _remove(site, what, day)


def _remove(site: Path, what: str, day: int) -> None:
    for path in shelf.hidden(site, what, day):
        path.unlink(missing_ok=True)
    folder = shelf.day_folder(site, what, day)
    if not any(folder.iterdir()):
        folder.rmdir()


def _join(site: Path, what: str, day: int, *, least: int) -> None:
    """Join neighbouring files that are not full."""
    raw, _ = shelf.in_force(site, what, day)
    small = {part: pq.read_metadata(part.path).num_rows < FULL_ROWS for part in raw}
    if sum(small.values()) < least:
        return
    for is_small, together in groupby(raw, small.__getitem__):
        run = list(together)
        if is_small and len(run) > 1:
            _replace(site, what + shelf.RAW, day, run, _in_groups(run, SCHEMAS[what]))


def _keep_means(site: Path, what: str, day: int) -> None:
    raw, _ = shelf.in_force(site, what, day)
    if raw:
        tables = _means(what, day, [str(part.path) for part in raw])
        _replace(site, what + shelf.MEANS, day, raw, tables)


def _means(what: str, day: int, files: list[str]) -> Iterable[Any]:
    connection = database()
    try:
        yield from (_of_meters if what == METERS else _of_machines)(connection, day, files)
    finally:
        connection.close()


def _of_machines(
    connection: duckdb.DuckDBPyConnection, day: int, files: list[str]
) -> Iterable[Any]:
    """Give means of machines hour by hour, so that memory is bounded."""
    for hour in range(24):
        from_s = day * DAY_S + hour * HOUR_S
        values = {"files": files, "from_s": from_s, "until_s": from_s + HOUR_S}
        found: Any = connection.sql(MACHINE_MEANS, params=values).to_arrow_table()
        if found.num_rows:
            yield found.cast(MEANS_SCHEMAS[MACHINES])


def _of_meters(
    connection: duckdb.DuckDBPyConnection, day: int, files: list[str]
) -> Iterable[Any]:
    """Give means of each meter over the time that its power was known: energy stays."""
    edges = day * DAY_S + np.arange(0.0, DAY_S + 1, MEAN_S)
    spans = connection.execute(METER_SPANS, {"files": files}).fetchall()
    rows: list[tuple[Any, ...]] = []
    for meter, of_meter in groupby(spans, lambda span: str(span[1])):
        values = {"files": files, "name": meter, "from_s": edges[0], "until_s": edges[-1]}
        raw = connection.execute(METER_RAW, values).fetchnumpy().values()
        found = trace_of(*map(filled, raw), hold_s=HELD_S)
        told = {float(began_s): numbers for began_s, _, *numbers in of_meter}
        for began_s, held, known_s in zip(edges, *held_between(found, edges), strict=False):
            mean = held / known_s if known_s > 0 else None
            # without a reading of its own, one of the five minutes before may reach into it
            numbers = told.get(float(began_s), [0, mean, mean, None])
            if numbers[0] or mean is not None:
                rows.append((began_s, meter, numbers[0], known_s, mean, *numbers[1:]))
    began, names, readings, *others = zip(*rows, strict=True)
    counts = column(np.array(readings, dtype=np.int32), _COUNT)
    columns = [reals(began), words(names), counts, *map(reals, others)]
    yield pa.table(columns, schema=MEANS_SCHEMAS[METERS])


def _in_groups(run: Sequence[Part], schema: Any) -> Iterable[Any]:
    """Give the rows of files in pieces that are worth a row group each."""
    held: list[Any] = []
    for part in run:
        with pq.ParquetFile(part.path, read_dictionary=_words(schema)) as file:
            for number in range(file.num_row_groups):
                held.append(file.read_row_group(number).cast(schema))
                if sum(piece.num_rows for piece in held) >= GROUP_ROWS:
                    yield pa.concat_tables(held).unify_dictionaries()
                    held = []
    if held:
        yield pa.concat_tables(held).unify_dictionaries()


def _words(schema: Any) -> list[str]:
    return [field.name for field in schema if field.type == WORD]


def _replace(
    site: Path, kind: str, day: int, run: Sequence[Part], tables: Iterable[Any]
) -> None:
    """Write tables as the file that takes the place of a run of files."""
    folder = shelf.day_folder(site, kind, day)
    name = shelf.file_name(run[0].first, run[-1].last)

    def write(path: Path) -> None:
        writer = None
        for table in tables:
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
        if writer is not None:
            writer.close()

    aside = shelf.write_aside(folder, name, write)
    aside.replace(folder / name)
    sync_folder(folder)
    sync_folder(folder.parent)
