# SPDX-License-Identifier: Apache-2.0
"""Where things stand in the sheets of value, and how formulas name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from xlsxwriter.utility import xl_col_to_name

from loadstone.apps.reports.sheet import Book, Cell, Formula, Kind, number_in
from loadstone.model.finance.cash import CashTable

Floats = NDArray[np.float64]

MONTHS, YEARS, FLOWS = "Portfolio by month", "Portfolio by year", "Flows"
RATES = {"project": "rate_project", "equity": "rate_equity"}
"""Names of the cells with discount rates."""
LEAST, MOST = -0.9, 10.0
"""Rates a year between which spreadsheets find them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """A row of cells in a sheet.

    Attributes:
        sheet: Name of the sheet.
        row: Its row, from 0.
        first: Its first column, from 0.
        count: How many cells.
    """

    sheet: str
    row: int
    first: int
    count: int

    @property
    def text(self) -> str:
        """The range as formulas name it, e.g. "'Flows'!$F$4:$H$4"."""
        return self.part(0, self.count - 1)

    def part(self, start: int, end: int) -> str:
        """Return a part of the range, ends included."""
        a, b = xl_col_to_name(self.first + start), xl_col_to_name(self.first + end)
        return f"'{self.sheet}'!${a}${self.row + 1}:${b}${self.row + 1}"

    def cell(self, index: int) -> str:
        """Return one cell of it with its sheet."""
        return f"'{self.sheet}'!{self.here(index)}"

    def here(self, index: int) -> str:
        """Return one cell of it as formulas of the same sheet name it."""
        return f"{xl_col_to_name(self.first + index)}{self.row + 1}"


def column(sheet: str, index: int, rows: tuple[int, int]) -> str:
    """Return a part of a column with its sheet, rows from 0, ends included."""
    letter = xl_col_to_name(index)
    return f"'{sheet}'!${letter}${rows[0] + 1}:${letter}${rows[1] + 1}"


class Lines:
    """A sheet that is filled line by line: some words, then a strip of numbers."""

    def __init__(
        self, book: Book, name: str, heads: Sequence[str], widths: Sequence[float]
    ) -> None:
        self.book, self.name = book, name
        self.sheet: Any = book.workbook.add_worksheet(name)
        self.words, self.row = len(heads), 0
        for j, (head, width) in enumerate(zip(heads, widths, strict=True)):
            self.sheet.set_column(j, j, width)
            book.put(self.sheet, 0, j, head, "head")
        self.sheet.set_landscape()
        self.sheet.fit_to_pages(1, 0)

    def widen(self, count: int, width: float = 12.5) -> None:
        """Make the columns of numbers wide enough."""
        self.sheet.set_column(self.words, self.words + count - 1, width)

    def next(self, skip: int = 1) -> int:
        """Go down some rows and return the row."""
        self.row += skip
        return self.row

    def strip(self, count: int, row: int | None = None) -> Strip:
        """Return the place of a strip in the present row, or in another one."""
        return Strip(
            sheet=self.name,
            row=self.row if row is None else row,
            first=self.words,
            count=count,
        )

    def put(self, words: Sequence[Cell], cells: Sequence[Cell], kind: Kind = "money") -> Strip:
        """Write words and numbers into the present row and return where the numbers stand."""
        for j, word in enumerate(words):
            if word is not None:
                self.book.put(self.sheet, self.row, j, word, "text")
        for j, cell in enumerate(cells, start=self.words):
            self.book.put(self.sheet, self.row, j, cell, kind)
        return self.strip(len(cells))

    def across(self, strip: Strip, cells: Sequence[Cell], at: int, kind: Kind) -> None:
        """Write the sum of a strip into a column of its row.

        Args:
            strip: The numbers.
            cells: As they were written.
            at: The column of the sum, from 0.
            kind: How it is written.
        """
        text = f"=SUM({strip.here(0)}:{strip.here(strip.count - 1)})"
        total = Formula(text=text, value=fsum(number_in(cell) for cell in cells))
        self.book.put(self.sheet, strip.row, at, total, kind)

    def title(self, text: str, skip: int = 2) -> None:
        """Write a heading of what follows."""
        self.next(skip)
        self.book.put(self.sheet, self.row, 0, text, "strong")


def calendar(lines: Lines, table: CashTable) -> tuple[Strip, Strip, Strip]:
    """Write days, calendar years and months since the start; return their places."""
    count = table.months
    lines.widen(count)
    for m in range(count):
        lines.book.put(lines.sheet, 0, lines.words + m, table.month(m), "day")
    days = lines.strip(count, 0)
    lines.next()
    years = lines.put(
        ("Calendar year",),
        [
            Formula(text=f"=YEAR({days.here(m)})", value=float(table.month(m).year))
            for m in range(count)
        ],
        "year",
    )
    lines.next()
    index = lines.put(("Months since the start",), [float(m) for m in range(count)], "year")
    lines.sheet.freeze_panes(3, lines.words)
    return days, years, index


def check(first: str, second: str, holds: bool, slack: str = "1") -> Formula:
    """Return a cell that says OK where two cells agree, CHECK where they do not."""
    return Formula(
        text=f'=IF(ABS({first}-{second})<={slack},"OK","CHECK")',
        value="OK" if holds else "CHECK",
    )
