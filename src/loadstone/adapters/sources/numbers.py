# SPDX-License-Identifier: Apache-2.0
"""Numbers as files write them."""

import re

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from loadstone.adapters.sources.columns import Columns
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]

_BLANK = frozenset({"", "nan", "null", "none", "na", "n/a", "-"})
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def to_numbers(
    columns: Columns, name: str, *, blank_allowed: bool
) -> tuple[Floats, list[InputError]]:
    """Return a column as numbers, NaN where there is none, and an error for each bad cell.

    Args:
        columns: The file.
        name: The column.
        blank_allowed: Whether an empty cell is a gap that will be filled, not an error.
    """
    column = columns.table[name]
    if pa.types.is_floating(column.type) or pa.types.is_integer(column.type):
        cells = column.cast(pa.float64()).to_pylist()
        values = np.array([np.nan if cell is None else cell for cell in cells])
        bad = ~np.isfinite(values) if not blank_allowed else np.isinf(values)
    else:
        texts = [str(cell).strip() for cell in column.to_pylist()]
        cells = texts
        values = np.array([_number(text) for text in texts])
        blank = np.array([text.lower() in _BLANK for text in texts])
        bad = ~np.isfinite(values) & ~(blank & blank_allowed)
    errors = [
        InputError(f"{columns.at(i)}, {name}", cells[i], "must be a number", file=columns.file)
        for i in np.flatnonzero(bad)
    ]
    return values, errors


def _number(text: str) -> float:
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    elif _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        return float(text)
    except ValueError:
        return float("nan")
