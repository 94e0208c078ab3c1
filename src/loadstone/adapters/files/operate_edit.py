# SPDX-License-Identifier: Apache-2.0
"""Changes of operate.toml: machines, their addresses, the key; comments and order stay."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import ParseError

from loadstone.adapters.files.operate_file import OPERATE
from loadstone.model.errors import InputError
from loadstone.model.operations.terms import MachineRow


def edited(
    text: str,
    site: str,
    rows: Iterable[MachineRow] = (),
    moves: Mapping[str, str] | None = None,
) -> tuple[str, frozenset[str]]:
    """Return operate.toml with further machines, and with some at other addresses.

    Args:
        text: The file.
        site: Site that the machines are at.
        rows: Rows to add.
        moves: New addresses by the id of the machine.

    Returns:
        The file, and the ids that were moved: those that stand in `ids` of a row.

    Raises:
        InputError: It is not TOML, or has no such site.
    """
    document = _parsed(text)
    sites: Any = document.get("sites", [])
    table: Any = next((one for one in sites if one.get("site") == site), None)
    if table is None:
        raise InputError("--site", site, f"must be a site of {OPERATE}")
    moved = _move(table, moves or {})
    for row in rows:
        if "machines" not in table:
            table.add("machines", tomlkit.aot())
        table["machines"].append(_table(row))
    return tomlkit.dumps(document), frozenset(moved)


def with_key_file(text: str, key_file: str) -> str:
    """Return operate.toml with another key file.

    Raises:
        InputError: It is not TOML.
    """
    document = _parsed(text)
    document["key_file"] = key_file
    return tomlkit.dumps(document)


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except ParseError as error:
        raise InputError("file", OPERATE, f"must be TOML: {error}") from error


def write_operation(folder: Path, text: str) -> Path:
    """Write operate.toml whole, and return it."""
    path = folder / OPERATE
    made = path.with_name(f".{OPERATE}.new")
    made.write_text(text, encoding="utf-8")
    made.replace(path)
    return path


def _move(table: Any, moves: Mapping[str, str]) -> set[str]:
    moved = set()
    for row in table.get("machines", []):
        for i, id_ in enumerate(row.get("ids", [])):
            if str(id_) in moves:
                row["addresses"][i] = moves[str(id_)]
                moved.add(str(id_))
    return moved


def _table(row: MachineRow) -> Any:
    table = tomlkit.table()
    table["group"] = row.group
    table["family"] = row.family
    for name in ("port", "web_port"):
        if getattr(row, name) is not None:
            table[name] = getattr(row, name)
    table["model"] = row.model
    for name in ("addresses", "ids"):
        values = tomlkit.array()
        values.extend(getattr(row, name))
        table[name] = values.multiline(len(values) > 1)
    return table
