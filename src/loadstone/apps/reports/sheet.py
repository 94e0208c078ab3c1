# SPDX-License-Identifier: Apache-2.0
"""Write rows into a worksheet: formats, widths, frozen heads, totals that are formulas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

Kind = str
FORMATS: dict[Kind, dict[str, Any]] = {
    "text": {"valign": "top"},
    "prose": {"valign": "top", "text_wrap": True},
    "head": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "bottom"},
    "title": {"bold": True, "font_size": 14},
    "strong": {"bold": True, "valign": "top"},
    "year": {"num_format": "General", "valign": "top"},
    "whole": {"num_format": "#,##0", "valign": "top"},
    "amount": {"num_format": "#,##0.0", "valign": "top"},
    "money": {"num_format": "#,##0;[Red]-#,##0", "valign": "top"},
    "cents": {"num_format": "#,##0.00;[Red]-#,##0.00", "valign": "top"},
    "percent": {"num_format": "0.0%", "valign": "top"},
    "gap": {"num_format": "0.0000%", "valign": "top"},
    "small": {"num_format": "0.00E+00", "valign": "top"},
    "day": {"num_format": "mmm yy", "valign": "bottom", "bold": True, "bottom": 1},
    "input": {
        "num_format": "General",
        "valign": "top",
        "font_color": "#1f4e79",
        "bg_color": "#fff8e1",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A live formula with the value it has, for readers that do not calculate."""

    text: str
    value: float | str


Cell = str | float | int | Formula | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a worksheet.

    Attributes:
        name: Its head, with the unit.
        kind: How its cells are written, a key of `FORMATS`.
        width: Width in characters.
        total: Whether its last cell is the sum of the others.
    """

    name: str
    kind: Kind = "text"
    width: float = 14
    total: bool = False


def number_in(cell: Cell) -> float:
    """Return the number that a cell shows; 0 for one that shows none."""
    if isinstance(cell, Formula):
        cell = cell.value
    return float(cell) if isinstance(cell, int | float) else 0.0


class Book:
    """A workbook with its formats."""

    def __init__(self, workbook: Any) -> None:
        self.workbook = workbook
        self.formats = {name: workbook.add_format(look) for name, look in FORMATS.items()}
        self.total_formats = {
            name: workbook.add_format({**look, "bold": True, "top": 1})
            for name, look in FORMATS.items()
        }

    def put(self, sheet: Any, row: int, column: int, cell: Cell, kind: Kind) -> None:
        """Write one cell. Text is never read as a formula or an address."""
        self._put(sheet, (row, column), cell, self.formats[kind])

    def _put(self, sheet: Any, place: tuple[int, int], cell: Cell, look: Any) -> None:
        if cell is None:
            sheet.write_blank(*place, None, look)
        elif isinstance(cell, Formula):
            sheet.write_formula(*place, cell.text, look, cell.value)
        elif isinstance(cell, str):
            sheet.write_string(*place, cell, look)
        elif isinstance(cell, date):
            sheet.write_datetime(*place, datetime.combine(cell, time()), look)
        else:
            sheet.write_number(*place, float(cell), look)

    def table(
        self, name: str, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]
    ) -> Any:
        """Add a worksheet with one table: heads in row 1, rows from row 2, totals below.

        Args:
            name: Name of the worksheet.
            columns: Its columns.
            rows: Its cells.
        """
        sheet = self.workbook.add_worksheet(name)
        for j, column in enumerate(columns):
            sheet.set_column(j, j, column.width)
            self.put(sheet, 0, j, column.name, "head")
        for i, cells in enumerate(rows, start=1):
            for j, (cell, column) in enumerate(zip(cells, columns, strict=True)):
                self.put(sheet, i, j, cell, column.kind)
        if rows and any(column.total for column in columns):
            self._totals(sheet, columns, rows)
        sheet.freeze_panes(1, 1)
        if rows:
            sheet.autofilter(0, 0, len(rows), len(columns) - 1)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        return sheet

    def _totals(
        self, sheet: Any, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]
    ) -> None:
        last = len(rows) + 1
        for j, column in enumerate(columns):
            cell: Cell = "Total" if j == 0 else None
            if column.total:
                letter = xl_col_to_name(j)
                value = sum(number_in(cells[j]) for cells in rows)
                cell = Formula(text=f"=SUM({letter}2:{letter}{last})", value=value)
            self._put(sheet, (last, j), cell, self.total_formats[column.kind])


def column_range(sheet: str, column: int, rows: int) -> str:
    """Return a table's column, head and total left out, e.g. "'A b'!$C$2:$C$9"."""
    letter = xl_col_to_name(column)
    return f"'{sheet}'!${letter}$2:${letter}${max(rows, 1) + 1}"


def cell_name(row: int, column: int) -> str:
    """Return the name of a cell, e.g. "B3" for row 2 and column 1."""
    return str(xl_rowcol_to_cell(row, column))
