# SPDX-License-Identifier: Apache-2.0
"""The text of series.toml: one block per imported file, the user's own lines kept."""

import re
from collections.abc import Mapping
from datetime import date

HEADER = """# What is in this folder. `loadstone import` adds [[file]] blocks. Blocks of
# [[typical]], written by hand, ask for a synthetic year; a file wins over one of its zone.
"""

Value = str | int | float | bool | date | tuple[str, ...]


def with_block(text: str, block: Mapping[str, Value]) -> str:
    """Return the text with a [[file]] block added, or put in place of the one of its path.

    Args:
        text: Of series.toml; "" where there is none yet.
        block: Fields of the block; `path` tells blocks apart.
    """
    parts = re.split(r"(?m)^(?=\[\[?)", text or HEADER)
    mark = f"path = {_written(block['path'])}"
    kept = [part for part in parts if mark not in part.splitlines()]
    head = "".join(kept).rstrip()
    rows = [f"{name} = {_written(value)}" for name, value in block.items()]
    return (head + "\n\n" if head else "") + "\n".join(["[[file]]", *rows]) + "\n"


def _written(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return "[" + ", ".join(_written(one) for one in value) + "]"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda m: f"\\u{ord(m[0]):04x}", escaped) + '"'
