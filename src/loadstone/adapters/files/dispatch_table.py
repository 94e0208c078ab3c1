# SPDX-License-Identifier: Apache-2.0
"""RUN/dispatch.parquet: one row per site, phase and hour.

Columns: `site`, `phase` (its start in calendar years; 2027.5 is July), `utc` (start of the
hour), then mean MW of the hour, power drawn positive:

- at the meter: `grid_import_mw`, `grid_export_mw`;
- at the bus: `solar_mw`, `wind_mw`, `charge_mw`, `discharge_mw`, `shortage_mw`, and machines
  with their cooling: `mining_mw`, `ai_mw`, and for each `miner:<model>`, `hosting:<id>`,
  `server:<model>` or `lease:<id>`;
- `stored_mwh` at the end of the hour;
- `price` of the grid's power and `worth` of one more MWh at the bus, network currency/MWh;
- `supply:<name>` for each power contract and generator, at the meter.

Where a site has no such machine or supply the column is null.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.plan import SiteDispatch, Year

Floats = NDArray[np.float64]

NAME = "dispatch.parquet"
_HOURLY = (
    "grid_import_mw",
    "grid_export_mw",
    "solar_mw",
    "wind_mw",
    "charge_mw",
    "discharge_mw",
    "shortage_mw",
    "stored_mwh",
    "price",
    "worth",
)
_USES = {"mining_mw": ("miner:", "hosting:"), "ai_mw": ("server:", "lease:")}
_MACHINES = ("miner:", "hosting:", "server:", "lease:")


def write_dispatch(folder: Path, dispatch: Sequence[SiteDispatch]) -> Path:
    """Write the hours of a plan, and return the file."""
    path = folder / NAME
    machines = sorted({name for one in dispatch for name in one.machine_mw})
    supplies = sorted({f"supply:{name}" for one in dispatch for name in one.supply_mw})
    numbers = [*_HOURLY, *_USES, *machines, *supplies]
    schema = pa.schema(
        [
            ("site", pa.dictionary(pa.int32(), pa.string())),
            ("phase", pa.float64()),
            ("utc", pa.timestamp("s", "UTC")),
            *((name, pa.float64()) for name in numbers),
        ]
    )
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for one in dispatch:
            writer.write_table(_table(one, schema))
    return path


def read_dispatch(
    folder: Path, site: str | None = None, phase: Year | None = None
) -> tuple[SiteDispatch, ...]:
    """Return the hours of a run.

    Args:
        folder: The run.
        site: Id of a site; None for all.
        phase: Start of a phase in calendar years; None for all.

    Raises:
        InputError: The run has none, or one that somebody broke.
    """
    path = folder / NAME
    if not path.is_file():
        raise InputError("RUN", str(folder), f"must hold {NAME}")
    try:
        file = pq.ParquetFile(path)
        about = [file.metadata.row_group(i) for i in range(file.num_row_groups)]
        wanted = [i for i, group in enumerate(about) if _is_of(group, site, phase)]
        return tuple(_site(file.read_row_group(i)) for i in wanted)
    except (pa.ArrowException, KeyError) as error:
        rule = f"must hold {NAME} as it was written: {error}"
        raise InputError("RUN", str(folder), rule) from error


def _is_of(group: Any, site: str | None, phase: Year | None) -> bool:
    """Return whether a row group, which holds one site and phase, is asked for."""
    held = group.column(0).statistics.min, group.column(1).statistics.min
    return site in {None, held[0]} and phase in {None, held[1]}


def _table(one: SiteDispatch, schema: pa.Schema) -> pa.Table:
    count = one.grid_import_mw.size
    columns: dict[str, object] = {
        "site": pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), [one.site]),
        "phase": np.full(count, float(one.phase)),
        "utc": pa.array(TimeGrid.planning_year(int(one.phase)).utc()[:count]).cast(
            pa.timestamp("s", "UTC")
        ),
    }
    columns |= {name: getattr(one, name) for name in _HOURLY}
    for name, start in _USES.items():
        drawn = (mw for machine, mw in one.machine_mw.items() if machine.startswith(start))
        columns[name] = sum(drawn, np.zeros(count))
    columns |= dict(one.machine_mw)
    columns |= {f"supply:{name}": mw for name, mw in one.supply_mw.items()}
    for field in schema:
        if field.name not in columns:
            columns[field.name] = pa.nulls(count, field.type)
    return pa.table({field.name: columns[field.name] for field in schema}, schema=schema)


def _site(table: pa.Table) -> SiteDispatch:
    held = {
        name: table[name].to_numpy()
        for name in table.column_names
        if name not in {"site", "phase", "utc"} and not table[name].null_count
    }
    return SiteDispatch(
        site=table["site"][0].as_py(),
        phase=_whole(table["phase"][0].as_py()),
        supply_mw={
            name.removeprefix("supply:"): mw for name, mw in _named(held, ("supply:",)).items()
        },
        machine_mw=_named(held, _MACHINES),
        **{name: held[name] for name in _HOURLY},
    )


def _whole(phase: float) -> Year:
    return int(phase) if phase == int(phase) else phase


def _named(held: dict[str, Floats], starts: tuple[str, ...]) -> dict[str, Floats]:
    return {name: mw for name, mw in held.items() if name.startswith(starts)}
