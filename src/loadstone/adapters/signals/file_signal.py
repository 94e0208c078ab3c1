# SPDX-License-Identifier: Apache-2.0
"""A signal in a CSV file: prices or limits by time."""

import asyncio
import csv
from collections.abc import AsyncIterator, Callable
from math import isfinite
from pathlib import Path

from loadstone.adapters.signals.moments import seconds_since_1970
from loadstone.model.errors import InputError, InputErrors, OutsideError
from loadstone.model.operations.signal import SignalKind, SignalValue
from loadstone.model.operations.terms import FileSignal
from loadstone.model.ports import SignalFeed

LOOK_S = 5.0  # between two looks at the file
AHEAD_S = 2 * 86_400.0  # values further ahead are told when they come nearer

_Row = tuple[float, float | None, float]


def read_rows(path: Path) -> tuple[_Row, ...]:
    """Return (start, end or None, value) of each row in the order of time, seconds since 1970.

    Raises:
        InputErrors: All that is wrong in the file.
        OutsideError: The file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OutsideError(f"{path}: {error}") from error
    table = csv.DictReader(text.splitlines())
    try:
        columns, found = table.fieldnames, list(table)
    except csv.Error as error:
        raise InputErrors([InputError("table", "", str(error), file=str(path))]) from None
    if not {"start", "value"} <= set(columns or ()):
        rule = 'must have columns "start" and "value", and may have "end"'
        raise InputErrors([InputError("columns", columns, rule, file=str(path))])
    rows: dict[float, _Row] = {}
    errors: list[InputError] = []
    for number, row in enumerate(found, 2):
        try:
            one = _row(row)
            if rows.setdefault(one[0], one) != one:
                raise ValueError("another row starts at that time")
        except (ValueError, TypeError) as error:
            errors.append(InputError(f"line {number}", row, str(error), file=str(path)))
    if errors:
        raise InputErrors(errors)
    return tuple(rows[start] for start in sorted(rows))


def _row(row: dict[str, str]) -> _Row:
    start, value = seconds_since_1970(row["start"]), float(row["value"])
    end = seconds_since_1970(row["end"]) if row.get("end") else None
    if not isfinite(value):
        raise ValueError("value must be finite")
    if end is not None and end <= start:
        raise ValueError("end must be after start")
    return start, end, value


class FileFeed:
    """Tells the rows of a file that are not over; a row without an end ends with the next."""

    def __init__(
        self,
        terms: FileSignal,
        folder: Path,
        *,
        now_s: Callable[[], float],
        utc_s: Callable[[], float],
    ) -> None:
        self._terms, self._path = terms, folder / terms.path
        self._now_s, self._utc_s = now_s, utc_s
        self._read_at: tuple[int, int] | None = None
        self._seen_at: tuple[int, int] | None = None
        self._rows: tuple[_Row, ...] = ()
        self._told: set[_Row] = set()

    async def values(self) -> AsyncIterator[SignalValue]:
        """Tell rows of the next two days once, and the one that holds now at each look.

        A row that is taken out of the file ends. So does one whose value or end is changed,
        and what it says now is told under a name of its own: an event is heard but once.
        """
        while True:
            changed, utc_s = self._changed(), self._utc_s()
            if changed:
                told, self._told = self._told, set()
                names = {_name(row) for row in self._rows}
                for row in sorted(told, key=lambda one: one[0]):
                    if _name(row) not in names and (row[1] is None or row[1] > utc_s):
                        yield self._value(*row).ended(utc_s, heard_s=self._now_s())
            for row in self._near(utc_s):
                if row[0] <= utc_s or row not in self._told:
                    self._told.add(row)
                    yield self._value(*row)
            await asyncio.sleep(LOOK_S)

    def _near(self, utc_s: float) -> list[_Row]:
        return [
            row
            for row in self._rows
            if (row[1] is None or row[1] > utc_s) and row[0] < utc_s + AHEAD_S
        ]

    def _changed(self) -> bool:
        """Read the file when it has changed, and return whether it has.

        One that changes while the site runs is read when two looks find it the same: rows
        that are not written yet would be taken for rows that were taken out.
        """
        try:
            stat = self._path.stat()
        except OSError as error:
            raise OutsideError(f"{self._path}: {error}") from error
        seen = stat.st_mtime_ns, stat.st_size
        before, self._seen_at = self._seen_at, seen
        if seen == self._read_at or (self._read_at is not None and seen != before):
            return False
        try:
            rows = read_rows(self._path)
        except InputErrors as error:  # a file may be spoilt while the site runs
            raise OutsideError(str(error)) from error
        followed = [*(row[0] for row in rows[1:]), None][: len(rows)]
        self._rows = tuple(
            (start, end if end is not None else after, value)
            for (start, end, value), after in zip(rows, followed, strict=True)
        )
        self._read_at = seen
        return True

    def _value(self, start: float, end: float | None, value: float) -> SignalValue:
        terms = self._terms
        return SignalValue(
            signal=terms.id,
            kind=SignalKind(terms.means),
            value=value,
            heard_s=self._now_s(),
            starts_s=start,
            ends_s=end,
            reference=_name((start, end, value)),
        )


def _name(row: _Row) -> str:
    start, end, value = row
    return f"{start:.0f}/{value:.12g}" + ("" if end is None else f"/{end:.0f}")


_: type[SignalFeed] = FileFeed
