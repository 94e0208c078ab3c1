# SPDX-License-Identifier: Apache-2.0
"""value.json: what `loadstone value` finds, amounts by month as lists."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from loadstone.adapters.json_files import read_checked, write_json
from loadstone.adapters.tables import schema
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashRow, CashTable
from loadstone.model.valuation import Valuation

VALUE = "value.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Row(CashRow):
    """A row with its amounts as a list."""

    amounts: tuple[float, ...]  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Leave the checks to the row that is made of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table(CashTable):
    """All cash, as it stands in the file."""

    rows: tuple[_Row, ...]

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.amounts) != self.months:
                rule = f"must have {self.months} months"
                raise InputError(f"rows.{row.line}", len(row.amounts), rule)

    def table(self) -> CashTable:
        """Return it with arrays."""
        rows = tuple(
            CashRow(**(_fields(row) | {"amounts": np.array(row.amounts, dtype=np.float64)}))
            for row in self.rows
        )
        return CashTable(**(_fields(self) | {"rows": rows}))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _File(Valuation):
    """A valuation, as it stands in the file."""

    cash: _Table


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def write_valuation(run: Path, valuation: Valuation) -> Path:
    """Write value.json into a run and return it."""
    return write_json(run / VALUE, _plain(asdict(valuation)))


def _plain(value: Any) -> Any:
    """Return a value with lists for arrays and text for days."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value.isoformat() if hasattr(value, "isoformat") else value


def read_valuation(run: Path) -> Valuation | None:
    """Return what a run is worth, or None where nobody has valued it.

    Raises:
        InputErrors: Its value.json is not what this version writes.
    """
    path = run / VALUE
    if not path.is_file():
        return None
    found = read_checked(path, _File)
    return Valuation(**(_fields(found) | {"cash": found.cash.table()}))


def valuation_schema() -> dict[str, Any]:
    """Return the JSON Schema of value.json."""
    whole = schema(_File)
    definitions = whole["$defs"]
    for ours, name in (("_Row", "CashRow"), ("_Table", "CashTable")):
        definitions[name] = definitions.pop(ours) | {"title": name}
    renamed: dict[str, Any] = _renamed(whole)
    return renamed | {"title": "Valuation"}


def _renamed(value: Any) -> Any:
    """Return a schema whose references have the names of the model."""
    if isinstance(value, dict):
        return {key: _renamed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each) for each in value]
    if isinstance(value, str) and value.startswith("#/$defs/_"):
        return value.replace("/_Row", "/CashRow").replace("/_Table", "/CashTable")
    return value
