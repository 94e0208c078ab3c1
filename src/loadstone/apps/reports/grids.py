# SPDX-License-Identifier: Apache-2.0
"""Tables and lists for a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table as Grid
from rich.text import Text

from loadstone.apps.reports.tables import Table

_HEAD_WIDTH, _FEW = 8, 7


def grid(*heads: str, title: str) -> Grid:
    """Return an empty table; the first column is text, the others are numbers.

    Args:
        heads: Names of the columns; several words stand below each other.
        title: Name of the table.
    """
    made = Grid(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
        show_edge=False, pad_edge=False, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for i, head in enumerate(heads):
        lines = [head]
        if len(heads) > _FEW:
            lines = wrap(head, _HEAD_WIDTH, break_on_hyphens=False, break_long_words=False)
        made.add_column(
            Text("\n".join(lines)), justify="right" if i else "left", no_wrap=i > 0,
            vertical="bottom",
        )  # fmt: skip
    return made


def grid_of(table: Table, title: str) -> Grid:
    """Return a table of the report for a terminal; a line stands for a heading of rows."""
    made = grid(*table.columns, title=title)
    for i, cells in enumerate(table.rows):
        if len(cells) > 1:
            made.add_row(*(Text(cell) for cell in cells))
        elif i:
            made.add_section()
    if table.totals:
        made.add_section()
        made.add_row(*(Text(cell, style="bold") for cell in table.totals))
    return made


@dataclass(frozen=True, slots=True)
class Fitting:
    """The wide form where the terminal has room for it, else the narrow one.

    Attributes:
        wide, narrow: The two forms.
        width: Characters that the wide form needs.
    """

    wide: Sequence[RenderableType]
    narrow: Sequence[RenderableType]
    width: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the form that fits."""
        yield from self.wide if options.max_width >= self.width else self.narrow


def item(text: str) -> Text:
    """Return an item of a list."""
    return Text(f"- {text}")


def block(title: str, items: list[Text], most: int | None = None) -> list[RenderableType]:
    """Return a title and some items, with how many are left out."""
    if not items:
        return []
    shown = items[:most]
    left = len(items) - len(shown)
    more = [Text(f"  and {left} more in the report", style="dim")] if left else []
    return [Text(), Text(title, style="bold"), *shown, *more]
