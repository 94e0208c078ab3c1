# SPDX-License-Identifier: Apache-2.0
"""Read a network folder: network.toml, sites/*.toml, facts/ and series/.

The files are the model: each is read strictly into its frozen values. All that is wrong in
all files is told at once.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from loadstone.adapters.facts import read_facts
from loadstone.adapters.tables import Table, checked, parse_toml
from loadstone.model.agreement import disagreements
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.fact import Facts
from loadstone.model.network import Network, Study
from loadstone.model.ports import SeriesShelf
from loadstone.model.site import Site
from loadstone.model.tariff import Tariff

ReadSeries = Callable[..., SeriesShelf]
FALLBACK_YEAR = 2025  # of typical years, only where network.toml itself is wrong


def read_network(folder: Path, read_series: ReadSeries) -> Network:
    """Return the network of a folder.

    Args:
        folder: A network folder.
        read_series: Reads its series; takes the folder and the year of typical years.

    Raises:
        InputErrors: All that is wrong, each with its file, field, value and rule.
    """
    if not (folder / "network.toml").is_file():
        rule = "must be a network folder, with a network.toml"
        raise InputErrors([InputError("folder", str(folder), rule)])
    reading = _Reading()
    study = reading.value(Study, folder / "network.toml")
    sites = [reading.site(path) for path in sorted((folder / "sites").glob("*.toml"))]
    if not sites:
        error = InputError("sites", [], "must have at least one file, such as sites/first.toml")
        reading.errors.append(error.in_file(str(folder / "sites")))
    facts = reading.facts(folder / "facts")
    year = study.phases[0].year if study else FALLBACK_YEAR
    series = reading.series(folder, read_series, year)
    if study is None or facts is None or series is None:
        raise InputErrors(reading.errors)
    network = Network(
        study=study,
        sites=tuple(site for site in sites if site is not None),
        facts=facts,
        prices=series.by_zone("prices", "price"),
        drybulb_c=series.by_zone("weather", "drybulb_c"),
        wetbulb_c=series.by_zone("weather", "wetbulb_c"),
        solar=series.by_zone("solar", "capacity_factor"),
        wind=series.by_zone("wind", "capacity_factor"),
        carbon_kg_per_mwh=series.by_zone("carbon", "kg_per_mwh"),
    )
    reading.errors += [
        error.in_file(str(folder / error.file)) for error in disagreements(network)
    ]
    if reading.errors:
        raise InputErrors(reading.errors)
    return network


class _Reading:
    """What has been found wrong so far."""

    def __init__(self) -> None:
        self.errors: list[InputError] = []

    def value(self, type_: Any, path: Path, table: Table | None = None) -> Any:
        """Return the value of a file, or None where it is wrong."""
        try:
            return checked(type_, parse_toml(path) if table is None else table)
        except InputError as error:
            self.errors.append(error.in_file(str(path)))
        except InputErrors as found:
            self.errors += [error.in_file(str(path)) for error in found.errors]
        return None

    def site(self, path: Path) -> Site | None:
        """Return the site of a file, or None where it is wrong."""
        try:
            table = parse_toml(path)
        except InputError as error:
            self.errors.append(error.in_file(str(path)))
            return None
        wrong = [error.in_file(str(path)) for error in _wrong_in_site(path.stem, table)]
        try:
            site: Site = checked(Site, table | {"id": path.stem})
        except InputErrors as found:
            # rows of supply are told by their kind, not against all kinds
            wrong += [
                error.in_file(str(path))
                for error in found.errors
                if not error.field.startswith("supply[")
            ]
            self.errors += wrong
            return None
        self.errors += wrong
        return None if wrong else site

    def facts(self, folder: Path) -> Facts | None:
        """Return the shipped facts with the user's laid over, or None where they are wrong."""
        try:
            return read_facts(folder if folder.is_dir() else None)
        except InputErrors as found:
            self.errors += found.errors
            return None

    def series(self, folder: Path, read_series: ReadSeries, year: int) -> SeriesShelf | None:
        """Return the series, or None where they are wrong."""
        try:
            return read_series(folder, typical_year=year)
        except InputErrors as found:
            self.errors += [error.in_file(str(folder / error.file)) for error in found.errors]
        return None


def _kinds() -> dict[str, Any]:
    """Return the class of each kind of tariff and levy."""
    return {type_.__dataclass_fields__["kind"].default: type_ for type_ in get_args(Tariff)}


def _wrong_in_site(name: str, table: Table) -> list[InputError]:
    """Return what is wrong with a site's id and with the rows of its supply."""
    wrong = []
    if table.get("id", name) != name:
        wrong.append(InputError("id", table["id"], f"must be the name of the file, {name}"))
    rows = table.get("supply", [])
    kinds = _kinds()
    for i, row in enumerate(rows if isinstance(rows, list) else []):
        kind = row.get("kind") if isinstance(row, dict) else None
        if kind not in kinds:
            rule = f"must be one of {', '.join(sorted(kinds))}"
            wrong.append(InputError(f"supply[{i}].kind", kind, rule))
            continue
        try:
            checked(kinds[kind], row)
        except InputErrors as found:
            wrong += [error.within(f"supply[{i}]") for error in found.errors]
    return wrong
