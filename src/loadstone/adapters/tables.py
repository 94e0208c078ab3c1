# SPDX-License-Identifier: Apache-2.0
"""TOML tables read strictly into frozen values; every error by its field, value and rule."""

import datetime
import json
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from loadstone.model.errors import InputError, InputErrors

Table = dict[str, Any]

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
_ONE = "value"
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


def parse_toml(file: Traversable) -> Table:
    """Return a TOML file as plain values.

    Raises:
        InputError: It is not TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError("file", file.name, f"must be TOML: {error}") from error


def checked(type_: Any, table: Mapping[str, Any]) -> Any:
    """Return the value of a table; unknown fields are refused.

    Args:
        type_: A frozen dataclass, or another type of plain values.
        table: What the file says.

    Raises:
        InputErrors: All that is wrong with it.
    """
    try:  # as JSON, since strictness takes tables for dataclasses only there
        text = json.dumps({_ONE: table}, default=_iso)
        return _adapter(type_).validate_json(text)[_ONE]
    except ValidationError as error:
        raise InputErrors(_input_errors(error, table)) from error


def schema(type_: Any) -> Table:
    """Return the JSON Schema of a frozen dataclass."""
    whole = _adapter(type_).json_schema()
    definitions: Table = whole["$defs"]
    name = whole["additionalProperties"]["$ref"].rpartition("/")[2]
    return {**definitions.pop(name), "$defs": definitions}


@cache
def _adapter(type_: Any) -> TypeAdapter[Any]:
    """Return the strict reader of a table of one value: pydantic takes strictness there."""
    return TypeAdapter(dict[str, type_], config=_STRICT)


def _iso(value: object) -> str:
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    raise TypeError(value)


def _input_errors(error: ValidationError, table: Any) -> Iterator[InputError]:
    for found in error.errors(include_url=False):
        path = _path(found["loc"][1:], table)
        cause = found.get("ctx", {}).get("error")
        if isinstance(cause, InputErrors):
            yield from (each.within(path) if path else each for each in cause.errors)
        elif isinstance(cause, InputError):
            yield cause.within(path) if path else cause
        elif found["type"] == "missing":
            yield InputError(path, None, "is missing")
        elif found["type"] in _UNKNOWN:
            yield InputError(path, "given", "is not a known field")
        else:
            value = found["input"]
            shown = "a table" if isinstance(value, dict | list) else value
            rule = found["msg"].replace("Input should", "must").replace("a valid ", "a ")
            yield InputError(path, shown, rule)


def _path(places: tuple[int | str, ...], table: Any) -> str:
    """Return the place of an error, rows by their id where they have one."""
    path = ""
    for place in places:
        try:
            table = table[place]
        except (KeyError, IndexError, TypeError):
            table = None
        if not isinstance(place, int):
            path += f".{place}" if path else place
        elif isinstance(table, dict) and "id" in table:
            path += f".{table['id']}"
        else:
            path += f"[{place}]"
    return path
