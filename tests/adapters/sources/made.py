# SPDX-License-Identifier: Apache-2.0
"""Invented files to import."""

import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from loadstone.model.grid import TimeGrid

UTC_2023 = TimeGrid.planning_year(2023).utc()
PRICES = 50 + 10 * np.sin(np.arange(8760) / 24)


def rows(utc=UTC_2023, values=PRICES, form="{}+00:00"):
    """Return times as text and values, one pair a row."""
    return [
        (form.format(str(t.astype("datetime64[m]")).replace("T", " ")), f"{v:.6f}")
        for t, v in zip(utc, values, strict=True)
    ]


def csv_file(folder: Path, lines, header="time,price", name="prices.csv", separator=","):
    """Write a CSV file and return its path."""
    path = folder / name
    path.write_text(
        "\n".join([header, *(separator.join(line) for line in lines)]) + "\n", "utf-8"
    )
    return path


def parquet_file(folder: Path, columns, name="prices.parquet"):
    """Write a Parquet file and return its path."""
    path = folder / name
    pq.write_table(pa.table(columns), path)
    return path


def local_rows(zone, year=2023, minutes=60, label_end=False):
    """Return a year of a local clock as files write it: wall time, doubled hours twice."""
    grid_start = np.datetime64(f"{year}-01-01T00:00:00") - np.timedelta64(1, "D")
    utc = grid_start + np.arange(0, 368 * 1440, minutes) * np.timedelta64(60, "s")
    found = []
    for moment in utc.tolist():
        aware = moment.replace(tzinfo=datetime.UTC)
        local = aware.astimezone(ZoneInfo(zone))
        if local.year == year:
            shown = local.replace(tzinfo=None)
            if label_end:
                shown += datetime.timedelta(minutes=minutes)
            found.append((shown.strftime("%Y-%m-%d %H:%M"), f"{aware.timestamp() / 1e6:.6f}"))
    return found
