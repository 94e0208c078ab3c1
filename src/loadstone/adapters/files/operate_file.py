# SPDX-License-Identifier: Apache-2.0
"""operate.toml: read strictly, against the network it stands in; all errors at once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from loadstone.adapters.tables import Table, checked, gathered, parse_toml, schema, top_of
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.network import Network
from loadstone.model.operations.agreement import operation_disagreements
from loadstone.model.operations.terms import (
    FileSignal,
    Group,
    MachineRow,
    ModbusMeter,
    ModbusSwitch,
    MqttMeter,
    MqttSignal,
    OpenAdrSignal,
    Operation,
    SiteTerms,
    Window,
)

OPERATE = "operate.toml"
STORES = ("sqlite:///", "postgresql+psycopg://")
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NOBODY = "?"  # stands for sites of which nothing can be read
_KINDS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "meters": {"modbus": ModbusMeter, "mqtt": MqttMeter},
        "signals": {
            "file": FileSignal,
            "mqtt": MqttSignal,
            "openadr3": OpenAdrSignal,
            "openadr2": OpenAdrSignal,
        },
    }
)
_ROWS: Mapping[str, Any] = MappingProxyType(
    {
        "groups": Group,
        "machines": MachineRow,
        "switches": ModbusSwitch,
        "schedule": Window,
    }
)
# what stands for a wrong row that others name, so that they are not blamed
_NAMED: Mapping[str, Table] = MappingProxyType({"groups": {}, "switches": {"host": "stand-in"}})
_TOGETHER = {"groups": ("machines",), "switches": ("groups", "machines")}


def read_operation(folder: Path, network: Network, on: date) -> Operation:
    """Return how the sites of a network are run.

    Args:
        folder: A network folder.
        network: The network of that folder.
        on: The day, for connections that come in tranches.

    Raises:
        InputErrors: All that is wrong, each with its file, field, value and rule.
    """
    path = folder / OPERATE
    if not path.is_file():
        rule = f"must have an {OPERATE}, which says how its sites are run"
        raise InputErrors([InputError("folder", str(folder), rule)])
    errors = _Errors()
    try:
        table = parse_toml(path)
        operation = _whole(table, errors)
    except InputError as error:
        raise _in_file(path, [error]) from error
    except InputErrors as all_wrong:
        raise _in_file(path, [*errors.found, *all_wrong.errors]) from all_wrong
    errors.found += _of_files(operation, folder)
    if operation.sites[0].site != _NOBODY:
        further = operation_disagreements(operation, network, on)
        errors.found += [error for error in further if not errors.explain(error)]
    if errors.found:
        raise _in_file(path, errors.found)
    return operation


def operation_schema() -> dict[str, Any]:
    """Return the JSON Schema of operate.toml, for editors."""
    made: Table = {"$schema": DIALECT, **schema(Operation), "title": OPERATE}
    for definition in made["$defs"].values():
        kind = definition.get("properties", {}).get("kind", {})
        if "const" in kind:  # which it is cannot be left to a default
            definition["required"] = ["kind", *definition.get("required", ())]
    return made


class _Errors:
    """What was found wrong so far, and where rows were left out for it."""

    def __init__(self) -> None:
        self.found: list[InputError] = []
        self.broken: set[str] = set()

    def note(self, field: str, value: object, rule: str) -> None:
        """Keep an error."""
        self.found.append(InputError(field, value, rule))

    def explain(self, error: InputError) -> bool:
        """Return whether an error may only follow from one that was found before."""
        return any(error.field.startswith(field) for field in self.broken)


def _whole(table: Table, errors: _Errors) -> Operation:
    """Return the file; where it is wrong, something to look for further errors with."""
    rows = table.get("sites")
    if not isinstance(rows, list) or not rows:
        errors.note("sites", rows, "must be at least one [[sites]]")
        rows = []
    sites: dict[str, SiteTerms] = {}
    for i, row in enumerate(rows):
        site = _site(row, i, errors)
        if site is not None and site.site in sites:
            errors.note("sites.site", site.site, "must be given once")
        if site is not None:
            sites[site.site] = site
    top = {name: value for name, value in table.items() if name != "sites"}
    stand_in = [{"site": _NOBODY}]
    operation, wrong = gathered(Operation, top | {"sites": stand_in}, {"sites": stand_in})
    errors.found += wrong
    found: Operation = operation
    return replace(found, sites=tuple(sites.values())) if sites else found


def _site(row: Any, i: int, errors: _Errors) -> SiteTerms | None:
    """Return one site; where it is wrong, one to look for further errors with."""
    name = row.get("site") if isinstance(row, dict) else None
    place = f"sites.{name}" if isinstance(name, str) and name else f"sites[{i}]"
    if not isinstance(row, dict):
        errors.note(place, row, "must be a table")
        return None
    table, broken = dict(row), set[str]()
    for field in (*_KINDS, *_ROWS):
        wrong = _wrong_rows(field, table)
        if wrong:
            errors.found += [error.within(place) for one in wrong.values() for error in one]
            table[field] = list(_kept(field, table[field], wrong))
            broken.add(field)
    try:
        site, found = gathered(SiteTerms, table, {"site": _NOBODY}, _TOGETHER)
    except InputErrors as all_wrong:
        errors.found += [error.within(place) for error in all_wrong.errors]
        return None
    errors.found += [error.within(place) for error in found]
    broken |= {top_of(error) for error in found}
    errors.broken |= {f"{place}.{field}" for field in broken}
    terms: SiteTerms = site
    return None if "site" in broken else terms


def _wrong_rows(field: str, table: Table) -> dict[int, list[InputError]]:
    """Return what is wrong with rows of a list, by their place in it."""
    rows = table.get(field, [])
    wrong = {}
    for i, row in enumerate(rows if isinstance(rows, list) else []):
        id_ = row.get("id") if isinstance(row, dict) else None
        place = f"{field}.{id_}" if isinstance(id_, str) and id_ else f"{field}[{i}]"
        found = _wrong_row(field, row)
        if found:
            wrong[i] = [error.within(place) if error.field else error for error in found]
    return wrong


def _wrong_row(field: str, row: Any) -> tuple[InputError, ...]:
    """Return what is wrong with a row, by its kind where rows have kinds."""
    if not isinstance(row, dict):
        return ()  # told with the site
    type_ = _ROWS.get(field)
    if type_ is None:
        kinds = _KINDS[field]
        type_ = kinds.get(str(row.get("kind")))
        if type_ is None:
            rule = f"must be one of {', '.join(sorted(kinds))}"
            return (InputError("kind", row.get("kind"), rule),)
    try:
        checked(type_, row)
    except InputErrors as found:
        return found.errors
    return ()


def _kept(field: str, rows: list[Any], wrong: Mapping[int, list[InputError]]) -> Iterator[Any]:
    """Yield the rows that are right, and what stands for those that others name."""
    for i, row in enumerate(rows):
        if i not in wrong:
            yield row
        elif field in _NAMED and not any(error.field.endswith(".id") for error in wrong[i]):
            coil = {"coil": i} if field == "switches" else {}  # each its own
            yield {"id": row["id"], **_NAMED[field], **coil}


def _of_files(operation: Operation, folder: Path) -> list[InputError]:
    """Return what does not fit the folder: paths of signals and of the plan, the store."""
    found = []
    for name in ("store", "telemetry", "key_file"):
        if "\0" in getattr(operation, name):
            rule = "must be a path, which has no NUL"
            found.append(InputError(name, getattr(operation, name), rule))
    if not operation.store.startswith(STORES):
        rule = f"must begin with {' or '.join(STORES)}"
        found.append(InputError("store", operation.store, rule))
    elif operation.store.partition("://")[2].strip("/") in ("", ":memory:"):
        rule = "must name a file or a database; one in memory would be no other program's"
        found.append(InputError("store", operation.store, rule))
    if operation.plan and not (folder / operation.plan / "plan.json").is_file():
        rule = "must be the folder of a run, with a plan.json"
        found.append(InputError("plan", operation.plan, rule))
    for site in operation.sites:
        for signal in site.signals:
            if isinstance(signal, FileSignal) and not (folder / signal.path).is_file():
                field = f"sites.{site.site}.signals.{signal.id}.path"
                found.append(InputError(field, signal.path, "must be a file in the folder"))
    return found


def _in_file(path: Path, errors: Iterable[InputError]) -> InputErrors:
    return InputErrors(error.in_file(str(path)) for error in errors)
