# SPDX-License-Identifier: Apache-2.0
"""JSON files: read strictly into frozen values, written whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any, TypeVar

from loadstone.adapters.tables import checked, iso
from loadstone.model.errors import InputError, InputErrors

_T = TypeVar("_T")


def read_checked(path: Path, type_: type[_T]) -> _T:
    """Return the value that a file holds.

    Raises:
        InputErrors: It is not what this version writes.
    """
    try:
        value: _T = checked(type_, read_json(path))
    except InputErrors as found:
        raise InputErrors(error.in_file(str(path)) for error in found.errors) from found
    return value


def read_json(path: Path) -> Any:
    """Return a JSON file as plain values.

    Raises:
        InputErrors: It is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        wrong = InputError("file", path.name, f"must be JSON: {error}", file=str(path))
        raise InputErrors([wrong]) from error


def write_json(path: Path, value: Any) -> Path:
    """Write plain values and dates as JSON, whole or not at all, and return the file."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False, default=iso) + "\n"
    beside = path.with_name(f".{path.name}.{os.getpid()}")  # another program may write it, too
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(path)
    return path
