# SPDX-License-Identifier: Apache-2.0
"""Read a network folder: network.toml, sites/, offers, deals, futures, facts/ and series/.

The files are the model: each is read strictly into its frozen values. All that is wrong in
all files is told at once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

from loadstone.adapters.facts import read_facts
from loadstone.adapters.tables import Table, checked, gathered, parse_toml, top_of
from loadstone.model.agreement import disagreements
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.fact import Facts
from loadstone.model.finance.deals import Deals
from loadstone.model.futures.terms import DRAWN, Futures
from loadstone.model.network import Network, Study
from loadstone.model.offer import Offers
from loadstone.model.ports import SeriesShelf
from loadstone.model.series import Floats, Series
from loadstone.model.site import Site
from loadstone.model.tariff import Tariff

ReadSeries = Callable[..., SeriesShelf]

STUDY = "network.toml"
OFFERS, DEALS, FUTURES = "offers.toml", "deals.toml", "futures.toml"
# what a file may be called that is read
_READ = ("network", "offers", "deals", "futures", "operate")
_CLOSE = 0.85  # "deal" is close to "deals" and "deals-old" is not
# what stands for a field that is wrong, only to look for further errors
_YEAR = 2025
_STUDY: Table = {
    "name": "unknown",
    "discount_rate": 0.1,
    "phases": [{"year": _YEAR}],
    "outlook": {
        "btc_price": [1.0],
        "network_eh": [1.0],
        "fee_share": [0.0],
        "ai_price_factor": [1.0],
        "power_price_factor": [1.0],
        "source": "unknown",
        "date": f"{_YEAR}-01-01",
    },
}
_FUTURES: Table = {"source": "unknown", "date": f"{_YEAR}-01-01"}
# fields of earlier versions, and what to write instead
_RENAMED = {"curtailment": 'is now [[flexibility]], with kind = "curtailment"'}
_BY_PHASE = ("phases", "outlook", "ai_demand", "investors")
_TOGETHER = dict.fromkeys(_BY_PHASE, _BY_PHASE) | {"connection": ("status",)}
# what sites are read with
_SHARED = ("currency", "fx", "phases", "decided")
_WITH_SHARED = ("supply", "flexibility", "connection", "standing", "halls")
# what deals and futures speak of
_PLACES = frozenset({"file", "id", "country", "zone"})
_OF_OFFERS = ("cash", "default", "named")
_SITE: Table = {
    "name": "unknown",
    "country": "",
    "zone": "",
    "latitude": 0.0,
    "longitude": 0.0,
    "station": "",
    "status": "candidate",
    "status_date": f"{_YEAR}-01-01",
    "connection": {"max_mw": 1e6},
    "supply": [{"kind": "flat", "currency": "USD", "zone": "UTC", "per_mwh": 0.0}],
}


def read_network(folder: Path, read_series: ReadSeries | None) -> Network:
    """Return the network of a folder.

    Args:
        folder: A network folder.
        read_series: Reads its series; takes the folder and the year of typical years. None
            leaves them out, for who asks for no hour: what needs them is not checked then.

    Raises:
        InputErrors: All that is wrong, each with its file, field, value and rule.
    """
    if not (folder / STUDY).is_file():
        rule = f"must be a network folder, with a {STUDY}"
        raise InputErrors([InputError("folder", str(folder), rule), *_misnamed(folder)])
    reading = _Reading(folder)
    reading.errors += _misnamed(folder)
    study = reading.value(Study, STUDY, _STUDY)
    paths = sorted((folder / "sites").glob("*.toml"))
    sites = [reading.site(path.stem) for path in paths]
    if not sites:
        rule = "must have at least one file, such as sites/first.toml"
        reading.note([InputError("sites", [], rule)], "sites")
    offers = reading.value(Offers, OFFERS, {}) if (folder / OFFERS).is_file() else Offers()
    deals = reading.value(Deals, DEALS, {}) if (folder / DEALS).is_file() else Deals()
    futures = None
    if (folder / FUTURES).is_file():
        futures = reading.value(Futures, FUTURES, _FUTURES)
    facts = reading.facts()
    shelf = reading.series(read_series, study.phases[0].year) if read_series else _NoSeries()
    if facts is None:
        raise InputErrors(reading.errors)
    network = Network(
        study=study,
        sites=tuple(sites),
        facts=facts,
        prices=shelf.by_zone("prices", "price"),
        drybulb_c=shelf.by_zone("weather", "drybulb_c"),
        wetbulb_c=shelf.by_zone("weather", "wetbulb_c"),
        solar=shelf.by_zone("solar", "capacity_factor"),
        wind=shelf.by_zone("wind", "capacity_factor"),
        carbon_kg_per_mwh=shelf.by_zone("carbon", "kg_per_mwh"),
        availability=shelf.by_zone("availability", "availability"),
        offers=offers if sites else Offers(),
        deals=deals,
        futures=futures,
        price_years=_price_years(shelf, futures),
    )
    for error in disagreements(network, hourly=read_series is not None):
        if not reading.explains(error):
            reading.note([error], error.file)
    if reading.errors:
        raise InputErrors(reading.errors)
    return network


def _misnamed(folder: Path) -> list[InputError]:
    """Return an error for each file that nobody reads, as its name is nearly one that is."""
    found = []
    for path in sorted(folder.glob("*.toml")):
        if not (close := get_close_matches(path.stem.lower(), _READ, n=1, cutoff=_CLOSE)):
            continue
        right = path.with_name(f"{close[0]}.toml")
        if path == right or (right.is_file() and path.samefile(right)):
            continue
        rule = f"must be called {right.name} to be read, or else something less like it"
        found.append(InputError("file", path.name, rule, file=str(path)))
    return found


class _NoSeries:
    """What stands for a series folder that is not read, or cannot be."""

    def by_zone(self, kind: str, variable: str) -> Mapping[str, Series]:
        """Return nothing."""
        return {}

    def price_years(self, count: int) -> Mapping[str, Floats]:
        """Return nothing."""
        return {}


def _price_years(shelf: SeriesShelf, futures: Futures | None) -> Mapping[str, Floats]:
    """Return prices of the weather years that futures resample."""
    if futures is None or futures.weather_years == 1:
        return {}
    return shelf.price_years(futures.weather_years)


class _Reading:
    """A folder, and what has been found wrong in it so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.errors: list[InputError] = []
        self.broken: dict[str, set[str]] = {}

    def note(self, errors: Iterable[InputError], file: str) -> None:
        """Keep errors with the file they are in."""
        self.errors += [error.in_file(str(self.folder / file)) for error in errors]

    def value(self, type_: Any, file: str, stand_ins: Table, **given: str) -> Any:
        """Return the value of a file; where it is wrong, one to look for more errors with."""
        broken: set[str] = set()
        try:
            table = given | parse_toml(self.folder / file)
        except InputError as error:
            self.note([error], file)
            table, broken = given | stand_ins, {"file", *stand_ins}
        wrong = _wrong_rows(table)
        try:
            value, errors = gathered(type_, table, stand_ins | given, _TOGETHER)
        except InputErrors as found:  # nothing in it can be told apart
            value, errors = checked(type_, given | stand_ins), list(found.errors)
            broken = set(type_.__dataclass_fields__)
        # rows of supply are told by their kind, not against all kinds
        errors = wrong + [error for error in errors if not error.field.startswith("supply[")]
        errors = [
            InputError(error.field, error.value, _RENAMED.get(error.field, error.rule))
            for error in errors
        ]
        self.note(errors, file)
        broken |= {top_of(error) for error in errors}
        together = (_TOGETHER.get(name, ()) for name in broken)
        self.broken[file] = broken.union(*together)
        return value

    def site(self, name: str) -> Site:
        """Return the site of a file; where it is wrong, one to look for further errors with."""
        file = f"sites/{name}.toml"
        site: Site = self.value(Site, file, _SITE, id=name)
        if "id" not in self.broken[file] and site.id != name:
            rule = f"must be the name of the file, {name}"
            self.note([InputError("id", site.id, rule)], file)
        return replace(site, id=name)

    def facts(self) -> Facts | None:
        """Return the shipped facts with the user's laid over, or None where they are wrong."""
        folder = self.folder / "facts"
        try:
            return read_facts(folder if folder.is_dir() else None)
        except InputErrors as found:
            self.errors += found.errors
            return None

    def series(self, read_series: ReadSeries, year: int) -> SeriesShelf:
        """Return the series, or none where they are wrong."""
        try:
            return read_series(self.folder, typical_year=year)
        except InputErrors as found:
            for error in found.errors:
                self.note([error], error.file)
            self.broken["series"] = {"station", "supply", "limits"}
            return _NoSeries()

    def explains(self, error: InputError) -> bool:
        """Return whether an error may only follow from one that was found before."""
        field = top_of(error)
        broken = self.broken.get(error.file, set())
        if field in broken or "file" in broken:
            return True
        if error.file == FUTURES and field == "named" and not error.value:
            return not broken.isdisjoint(DRAWN)
        if error.file == STUDY:
            return False
        if field in self.broken.get("series", ()):
            return True
        shared = not self.broken[STUDY].isdisjoint(_SHARED)
        sites = [broken for file, broken in self.broken.items() if "/" in file]
        if error.file == OFFERS:  # offers are for sites
            return shared or any(sites)
        if error.file in (DEALS, FUTURES):  # of places, money, times and offers
            offers = bool(self.broken.get(OFFERS)) and field in _OF_OFFERS
            return shared or offers or any(broken & _PLACES for broken in sites)
        return shared and field in _WITH_SHARED


def _kinds() -> dict[str, Any]:
    """Return the class of each kind of tariff and levy."""
    return {type_.__dataclass_fields__["kind"].default: type_ for type_ in get_args(Tariff)}


def _wrong_rows(table: Table) -> list[InputError]:
    """Return what is wrong with the rows of a site's supply."""
    wrong = []
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
