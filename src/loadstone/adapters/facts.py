# SPDX-License-Identifier: Apache-2.0
"""Read the facts: those that are shipped, with a user's `facts/` laid over them.

Both have one layout: bitcoin.toml, cooling.toml, costs.toml, sources.toml, spend.toml,
countries/<code>.toml, machines/miners.toml and machines/gpus.toml. A user's table with the
id of a shipped one replaces it, one with a new id is added.
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from loadstone.adapters.tables import iso
from loadstone.model.bitcoin import Bitcoin
from loadstone.model.cooling import CoolingPlant
from loadstone.model.country import Country
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.fact import Facts, sourced_in
from loadstone.model.machine import Miner, Server
from loadstone.model.source import Fact, Source
from loadstone.model.spend import SpendCurve

Table = dict[str, Any]

_STRICT = ConfigDict(extra="forbid", strict=True)
_FILES = {
    "miners": "machines/miners.toml",
    "servers": "machines/gpus.toml",
    "costs": "costs.toml",
    "cooling": "cooling.toml",
    "sources": "sources.toml",
    "bitcoin": "bitcoin.toml",
    "spend": "spend.toml",
}
_WITH_IDS = ("miners", "servers")
_ROWS = ("duties", "rules", "incentives", "levies", "texts")
_LAID_OVER_BY_ID = (*_ROWS, "zones", "figures", "halvings", "market")
_SHIPPED = "shipped facts"


def read_facts(overlay: Path | None = None) -> Facts:
    """Return the shipped facts, with those of a folder laid over them.

    Args:
        overlay: A user's `facts/` folder; None for the shipped facts alone.

    Raises:
        InputErrors: All that is wrong in all files, each with its file, field and rule.
    """
    reading = _Reading()
    user = {} if overlay is None else reading.user_tables(overlay)
    reading.stop_on_errors()
    shipped = _shipped()
    merged = {
        name: _laid_over(shipped.get(name, {}), user.get(name, {})) for name in shipped | user
    }
    values = {kind: reading.values(kind, merged[file]) for kind, file in _FILES.items()}
    values["countries"] = reading.countries(merged)
    reading.stop_on_errors()
    reading.check_sources(values)
    reading.stop_on_errors()
    return Facts(**values)


@dataclass(slots=True)
class _Reading:
    """Errors found so far, and the user's files by their name in the layout."""

    errors: list[InputError] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    def user_tables(self, folder: Path) -> dict[str, Table]:
        """Return a user's tables by file name, marked as the user's."""
        tables = {}
        for path in sorted(folder.rglob("*.toml")):
            name = path.relative_to(folder).as_posix()
            self.files[name] = str(path)
            if name not in _FILES.values() and PurePosixPath(name).parent.name != "countries":
                rule = f"must be countries/<code>.toml or one of {', '.join(_FILES.values())}"
                self.errors.append(InputError("file name", name, rule, file=str(path)))
                continue
            try:
                tables[name] = _marked(_parsed(path), source=name == _FILES["sources"])
            except InputError as error:
                self.errors.append(error.in_file(str(path)))
        return tables

    def values(self, kind: str, table: Table) -> Any:
        """Return the checked values of one file, or None where it is wrong."""
        if kind in _WITH_IDS:
            table = {id_: _named(row, id=id_) for id_, row in table.items()}
        if kind == "bitcoin":
            rows = {name: _by_date(rows) for name, rows in table.items()}
            found = self._checked(kind, {"bitcoin": rows}, _FILES[kind])
            return found and found["bitcoin"]
        return self._checked(kind, table, _FILES[kind])

    def countries(self, merged: Mapping[str, Table]) -> dict[str, Country]:
        """Return the checked countries by code, without those that are wrong."""
        found: dict[str, Country] = {}
        for name in sorted(merged):
            if name.startswith("countries/"):
                code = PurePosixPath(name).stem
                table = {code: _country_table(code, merged[name])}
                found |= self._checked("countries", table, name) or {}
        return found

    def check_sources(self, values: Mapping[str, Any]) -> None:
        """Note every key of a source that sources.toml does not have."""
        for path, value in sourced_in(values):
            if value.source not in values["sources"]:
                kind, rest = path.split(".", 1)
                name = _FILES.get(kind, f"countries/{rest.split('.')[0]}.toml")
                file = self.files.get(name, _SHIPPED)
                rule = "must be a key of sources.toml"
                self.errors.append(InputError(f"{rest}.source", value.source, rule, file=file))

    def stop_on_errors(self) -> None:
        """Raise all that was found so far, if anything was."""
        if self.errors:
            raise InputErrors(self.errors)

    def _checked(self, kind: str, table: Table, name: str) -> Any:
        try:  # as JSON, since strictness takes tables for dataclasses only there
            return _adapters()[kind].validate_json(json.dumps(table, default=iso))
        except ValidationError as error:
            file = self.files.get(name, _SHIPPED)
            self.errors.extend(e.in_file(file) for e in _input_errors(error, table))
            return None


@cache
def _adapters() -> dict[str, TypeAdapter[Any]]:
    types = {
        "miners": dict[str, Miner],
        "servers": dict[str, Server],
        "costs": dict[str, Fact],
        "cooling": dict[str, CoolingPlant],
        "sources": dict[str, Source],
        "bitcoin": dict[str, Bitcoin],
        "spend": dict[str, SpendCurve],
        "countries": dict[str, Country],
    }
    return {kind: TypeAdapter(type_, config=_STRICT) for kind, type_ in types.items()}


@cache
def _shipped() -> dict[str, Table]:
    data = files("loadstone") / "data"
    countries = [
        item.name for item in (data / "countries").iterdir() if item.name.endswith(".toml")
    ]
    names = [*_FILES.values(), *(f"countries/{name}" for name in sorted(countries))]
    return {name: _parsed(data / name) for name in names}


def _parsed(file: Traversable) -> Table:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("file", file.name, f"must be TOML: {error}") from error


def _marked(value: Any, *, source: bool) -> Any:
    """Return a user's table with provenance "user" wherever a source is named.

    Args:
        value: The table, or a part of it.
        source: Whether the tables within are themselves sources.
    """
    if isinstance(value, list):
        return [_marked(item, source=source) for item in value]
    if not isinstance(value, dict):
        return value
    marked = {key: _marked(item, source=source) for key, item in value.items()}
    own = "publisher" in marked if source else "source" in marked
    return marked | ({"provenance": "user"} if own else {})


def _laid_over(base: Table, top: Table) -> Table:
    merged = base | top
    for name in _LAID_OVER_BY_ID:
        below, above = base.get(name), top.get(name)
        if isinstance(below, dict) and isinstance(above, dict):
            # the user's rows come first, because of duties the first that holds is used
            merged[name] = above | {id_: row for id_, row in below.items() if id_ not in above}
    return merged


def _named(row: Any, **names: str) -> Any:
    return row | names if isinstance(row, dict) else row


def _country_table(code: str, table: Table) -> Table:
    merged = table | {"code": code}
    for name in _ROWS:
        if isinstance(table.get(name), dict):
            merged[name] = [_named(row, id=id_) for id_, row in table[name].items()]
    if isinstance(table.get("zones"), dict):
        merged["zones"] = {id_: _named(zone, id=id_) for id_, zone in table["zones"].items()}
    return merged


def _by_date(rows: Any) -> Any:
    """Return the rows of a table in the order of their dates; Bitcoin checks the rest."""
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        return rows
    return sorted(rows.values(), key=lambda row: str(row.get("date")))


def _input_errors(error: ValidationError, table: Table) -> Iterator[InputError]:
    for found in error.errors(include_url=False):
        path = _path(found["loc"], table)
        cause = found.get("ctx", {}).get("error")
        if isinstance(cause, InputError):
            yield cause.within(path) if path else cause
        elif found["type"] == "missing":
            yield InputError(path, None, "is missing")
        elif found["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
            yield InputError(path, "given", "is not a known field")
        else:
            value = found["input"]
            shown = "a table" if isinstance(value, dict | list) else value
            yield InputError(path, shown, found["msg"].replace("Input should", "must"))


def _path(places: tuple[int | str, ...], table: Any) -> str:
    """Return the place of an error, rows by their id and not by their number."""
    names = []
    for place in places:
        try:
            table = table[place]
        except (KeyError, IndexError, TypeError):
            table = None
        named = isinstance(place, int) and isinstance(table, dict) and "id" in table
        names.append(str(table["id"]) if named else str(place))
    return ".".join(names)
