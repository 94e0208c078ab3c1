# SPDX-License-Identifier: Apache-2.0
"""TOML tables read strictly into frozen values; every error by its field, value and rule."""

import datetime
import json
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from loadstone.model.errors import InputError, InputErrors

Table = dict[str, Any]

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
_ONE = "value"
_WORDS = (
    ("Input should", "must"),
    ("a valid array", "a list"),
    ("an object", "a table"),
    ("a valid integer", "a whole number"),
    ("a valid ", "a "),
)
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


def parse_toml(file: Traversable) -> Table:
    """Return a TOML file as plain values.

    Raises:
        InputError: It is not TOML.
    """
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))  # some editors write a mark
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
        text = json.dumps({_ONE: table}, default=iso)
        return _adapter(type_).validate_json(text)[_ONE]
    except ValidationError as error:
        raise InputErrors(_input_errors(error, table)) from error


def gathered(
    type_: Any,
    table: Mapping[str, Any],
    stand_ins: Mapping[str, Any],
    together: Mapping[str, Collection[str]] | None = None,
) -> tuple[Any, list[InputError]]:
    """Return a value, and all that is wrong with its table.

    A field that is wrong hides the rules that come after it. So each is replaced and the table
    is read again, until nothing more is found; what is then returned serves only to look for
    further errors elsewhere.

    Args:
        type_: A frozen dataclass of plain values.
        table: What the file says.
        stand_ins: A value for each field that must be given.
        together: By field: those that are replaced with it, because they must fit it.

    Raises:
        InputErrors: All that is wrong; with what stands in for it nothing can be read.
    """
    errors: list[InputError] = []
    whole = dict(table)
    replaced: set[str] = set()
    while True:
        try:
            return checked(type_, whole), errors
        except InputErrors as found:
            known = {error.field for error in errors}
            new = [error for error in found.errors if error.field not in known]
            # what is wrong with a stand-in says nothing of the file
            errors += [error for error in new if top_of(error) not in replaced]
            broken = {top_of(error) for error in found.errors}
            broken = broken.union(*((together or {}).get(name, ()) for name in broken))
            replaced |= broken
            before = whole
            whole = {name: value for name, value in before.items() if name not in broken}
            whole |= {name: stand_ins[name] for name in broken & stand_ins.keys()}
            if whole == before:
                raise InputErrors(errors) from found


def top_of(error: InputError) -> str:
    """Return the field of the file that an error is in."""
    return re.split(r"[.\[,]", error.field)[0]


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


def iso(value: object) -> str:
    """Return a date or a time as JSON has it; `default` of `json.dumps`."""
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
            shown = "a table" if isinstance(value, dict) else value
            shown = "a list" if isinstance(value, list) else shown
            yield InputError(path, shown, _rule(found["msg"]))


def _rule(message: str) -> str:
    """Return a rule in the words of TOML."""
    for theirs, ours in _WORDS:
        message = message.replace(theirs, ours)
    return message


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
