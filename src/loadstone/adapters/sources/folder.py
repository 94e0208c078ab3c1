# SPDX-License-Identifier: Apache-2.0
"""The `series/` folder of a network: written by an import, read by everything else.

series.toml lists what is there: [[file]] blocks for observed or stated series in Parquet or CSV
(columns `utc`, one per variable, and `provenance`), and [[typical]] blocks for synthetic years,
which are made when read.
"""

import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadstone.adapters.sources.file_entry import FOLDER, read_file_entry
from loadstone.adapters.sources.importing import Imported
from loadstone.adapters.sources.series_toml import Value, with_block
from loadstone.adapters.sources.typical_entry import typical_series
from loadstone.model.errors import InputError, InputErrors, OutsideError
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Provenance, Series

Floats = NDArray[np.float64]

INDEX = "series.toml"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeriesLibrary:
    """All series of a network.

    Attributes:
        series: One per kind, zone, variable and year; files before typical years.
        folder: The network folder; None where there is none.
        typical_year: Calendar year of typical years that name none.
    """

    series: tuple[Series, ...]
    folder: Path | None = None
    typical_year: int = 0

    def find(
        self, kind: str, zone: str, variable: str, year: int | None = None
    ) -> Series | None:
        """Return a series, the newest where no year is given, or None."""
        found = [
            one
            for one in self.series
            if (one.kind, one.zone, one.variable) == (kind, zone, variable)
            and year in {None, one.year}
        ]
        return max(found, key=lambda one: one.year, default=None)

    def by_zone(self, kind: str, variable: str, year: int | None = None) -> dict[str, Series]:
        """Return the series of a variable by zone, the newest where no year is given."""
        zones = {one.zone for one in self.series if one.kind == kind}
        found = {zone: self.find(kind, zone, variable, year) for zone in sorted(zones)}
        return {zone: one for zone, one in found.items() if one is not None}

    @property
    def drawn(self) -> bool:
        """Whether some of the series are typical years, which can be drawn again."""
        return any(one.share(Provenance.SYNTHETIC) > 0 for one in self.series)

    def measured_years(self) -> list[int]:
        """Return the calendar years that all series from files share, the newest first."""
        by_zone: dict[tuple[str, str], set[int]] = {}
        for one in self.series:
            if not one.share(Provenance.SYNTHETIC):
                by_zone.setdefault((one.kind, one.zone), set()).add(one.year)
        shared = reduce(set.intersection, by_zone.values()) if by_zone else set[int]()
        return sorted(shared, reverse=True)

    def weather_years(self, count: int) -> list[int | None]:
        """Return the weather years there are: calendar years, or None for another drawing.

        Args:
            count: How many are wanted; there are fewer where measured years are fewer and
                nothing is drawn, and one where nothing changes from year to year.
        """
        years = self.measured_years()
        if years and not self.drawn:
            return list(years[:count])
        if not years:
            return [None] * (count if self.drawn else 1)
        return [years[i % len(years)] for i in range(count)]

    def again(self, number: int, only: str = "") -> "SeriesLibrary":
        """Return the series with typical years drawn again; number 0 is these."""
        if self.folder is None or not number or not self.drawn:
            return self
        return read_series_folder(
            self.folder, typical_year=self.typical_year, again=number, only=only
        )

    def price_years(self, count: int) -> dict[str, Floats]:
        """Return prices of weather years over those of the first, which is the plan's.

        Args:
            count: How many weather years are wanted.

        Returns:
            Of each zone the mean of each month over that of the plan's. Shape (W, 12). A month
            whose mean is not above 0 counts as 1.
        """
        found: dict[str, list[Floats]] = {}
        for i, year in enumerate(self.weather_years(count)):
            shelf = self.again(i, "prices")
            newest = shelf.by_zone("prices", "price")
            measured = shelf.by_zone("prices", "price", year) if year is not None else {}
            for zone, one in {**newest, **measured}.items():
                found.setdefault(zone, []).append(_monthly(one))
        return {zone: over_first(np.array(rows)) for zone, rows in found.items()}


def _monthly(one: Series) -> Floats:
    """Return the mean of each month of UTC. Shape (12,)."""
    month = TimeGrid.planning_year(one.year).utc().astype("datetime64[M]").astype(np.int64) % 12
    return np.array([one.values[month == m].mean() for m in range(12)])


def over_first(rows: Floats) -> Floats:
    """Return rows over the first; 1 where one of the two is not above 0."""
    good = (rows > 0) & (rows[0] > 0)
    return np.where(good, rows / np.where(rows[0] > 0, rows[0], 1.0), 1.0)


def write_series(folder: Path, imported: Imported) -> tuple[Path, ...]:
    """Write an import into a network folder, whole or not at all.

    Args:
        folder: The network folder; `series/` is made in it where missing.
        imported: What `import_series` returned.

    Returns:
        The files written, series.toml last.

    Raises:
        InputError: No such folder, or its series.toml cannot be read.
        OutsideError: The files cannot be written.
    """
    if not folder.is_dir():
        raise InputError("DIR", str(folder), "must be a folder that exists")
    target = folder / FOLDER
    text = _index_text(target / INDEX)
    by_year: dict[int, list[Series]] = {}
    for one in imported.series:
        by_year.setdefault(one.year, []).append(one)
    try:
        target.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".import-") as made:
            files = []
            for year, series in by_year.items():
                name = f"{imported.request.kind}_{imported.request.zone}_{year}.parquet"
                pq.write_table(_table(series), Path(made) / name)
                text = with_block(text, _block(imported, series, name))
                files.append(name)
            (Path(made) / INDEX).write_text(text, encoding="utf-8")
            # The index last: until it is there, nothing refers to the new files.
            for name in [*files, INDEX]:
                shutil.move(str(Path(made) / name), str(target / name))
    except OSError as error:
        raise OutsideError(f"{target}: {error}; check that it can be written") from error
    return tuple(target / name for name in [*files, INDEX])


def read_series_folder(
    folder: Path, *, typical_year: int, again: int = 0, only: str = ""
) -> SeriesLibrary:
    """Read all series of a network folder, and make its typical years.

    Args:
        folder: The network folder.
        typical_year: Calendar year of typical years that name none.
        again: Number of another drawing of the typical years; 0 is the one that is planned.
        only: Kind of the typical years that are made; "" for all.

    Raises:
        InputErrors: All that is wrong, each with its file, field and rule.
    """
    index = folder / FOLDER / INDEX
    place = f"{FOLDER}/{INDEX}"
    if not index.is_file():
        return SeriesLibrary(series=())
    errors: list[InputError] = []
    files: list[Series] = []
    made: list[Series] = []
    try:
        table = tomllib.loads(_index_text(index))
    except InputError as error:
        raise InputErrors([error]) from error
    for name in sorted(set(table) - {"file", "typical"}):
        errors.append(InputError(name, "", "must be [[file]] or [[typical]]", file=place))
    for kind in ("file", "typical"):
        for i, entry in enumerate(table.get(kind, ())):
            try:
                if kind == "file":
                    files += read_file_entry(index.parent, entry)
                elif only in {"", entry.get("kind")}:
                    made += typical_series(entry, typical_year, again)
            except InputError as error:
                found = error if error.file else error.within(f"{kind}[{i}]").in_file(place)
                errors.append(found)
    errors += _twice(files, place) + _twice(made, place)
    if errors:
        raise InputErrors(errors)
    known = {(one.kind, one.zone) for one in files}
    left = [one for one in made if (one.kind, one.zone) not in known]
    return SeriesLibrary(series=(*files, *left), folder=folder, typical_year=typical_year)


def _index_text(index: Path) -> str:
    if not index.is_file():
        return ""
    text = index.read_text(encoding="utf-8")
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            "TOML", str(error), "must be valid", file=f"{FOLDER}/{INDEX}"
        ) from error
    return text


def _table(series: list[Series]) -> pa.Table:
    utc = TimeGrid.planning_year(series[0].year).utc()
    columns = {"utc": pa.array(utc, pa.timestamp("s", "UTC"))}
    columns |= {one.variable: pa.array(one.values) for one in series}
    columns["provenance"] = pa.array(series[0].provenance)
    return pa.table(columns)


def _block(imported: Imported, series: list[Series], name: str) -> dict[str, Value]:
    request, first = imported.request, series[0]
    block: dict[str, Value] = {
        "kind": request.kind,
        "zone": request.zone,
        "year": first.year,
        "path": name,
        "unit": first.unit,
        "currency": first.currency,
        "source": imported.file,
        "sha256": imported.sha256,
        "columns": tuple(f"{meaning}={column}" for meaning, column in imported.columns.items()),
        "where": tuple(f"{column}={text}" for column, text in request.where),
        "tz": request.tz or "",
        "label": request.label,
        "fill": request.fill or "",
        "observed": round(first.share(Provenance.OBSERVED), 6),
        "filled": round(first.share(Provenance.FILLED), 6),
        "note": first.note,
    }
    return {field: value for field, value in block.items() if value not in ("", ())}


def _twice(series: list[Series], place: str) -> list[InputError]:
    seen: set[tuple[str, str, str, int]] = set()
    errors = []
    for one in series:
        key = (one.kind, one.zone, one.variable, one.year)
        if key in seen and one.variable != "wetbulb_c":
            text = f"{one.kind} of {one.zone}, {one.year}"
            errors.append(InputError("zone", text, "is given twice", file=place))
        seen.add(key)
    return errors
