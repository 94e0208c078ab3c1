# SPDX-License-Identifier: Apache-2.0
"""How the tests of the repository's shape read it."""

import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
DATA = ROOT / "src" / "loadstone" / "data"
SOURCES = DATA / "sources.toml"
REFERENCE = ROOT / "docs" / "reference"


def tracked_files() -> list[Path]:
    """Return the files git would carry: committed, added, or new and not ignored.

    Files that are only listed, because a colleague moved them meanwhile, are left out.
    """
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        names = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is not a git checkout, so there is no list of files")
    paths = (ROOT / name for name in names.split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def text_of(path: Path) -> str:
    """Return a file's text; "" for one that is not text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def fact_files() -> list[Path]:
    """Return the TOML files of facts, the list of sources apart."""
    return sorted(
        path
        for path in DATA.rglob("*.toml")
        if path != SOURCES and "networks" not in path.relative_to(DATA).parts
    )


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file as plain values."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def is_number(value: object) -> bool:
    """Return whether a TOML value is a number, or a list that holds one."""
    if isinstance(value, list):
        return any(is_number(item) for item in value)
    return isinstance(value, int | float) and not isinstance(value, bool)


def number_tables(
    table: dict[str, Any], path: str = "", above: dict[str, Any] | None = None
) -> Iterator[tuple[str, object, object]]:
    """Yield the path, source and date of each table that holds a number.

    A table without `source` or `date` has those of the table it stands in.
    """
    here = {**(above or {}), **{key: table[key] for key in ("source", "date") if key in table}}
    if any(is_number(value) for value in table.values()):
        yield path or "(top)", here.get("source"), here.get("date")
    for key, value in table.items():
        items = value if isinstance(value, list) else [value]
        for i, item in enumerate(items):
            if isinstance(item, dict):
                name = f"{key}[{i}]" if isinstance(value, list) else key
                yield from number_tables(item, f"{path}.{name}".lstrip("."), here)
