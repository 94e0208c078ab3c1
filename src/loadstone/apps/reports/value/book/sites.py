# SPDX-License-Identifier: Apache-2.0
"""Sites by year: values of the engine as inputs, sums as formulas."""

from collections.abc import Sequence

import numpy as np

from loadstone.apps.reports.sheet import Book, Cell, Formula
from loadstone.apps.reports.value.book.months import OWNERS
from loadstone.apps.reports.value.book.places import YEARS, Floats, Lines, Strip, check
from loadstone.model.finance.cash import CashTable

SITES = "Sites by year"
ALL = "all"
_KINDS = (
    ("revenue", ("revenue",)), ("flexibility", ("flexibility",)), ("energy", ("energy",)),
    ("levies", ("levies",)), ("other running costs", ("direct",)),
    ("capex, duty", ("capex", "duty")), ("machines bought again", ("refresh",)),
    ("resale, salvage", ("resale",)),
    ("VAT, working capital", ("vat", "working_capital", "trapped")),
    ("tax, withholding", ("tax", "withholding")), ("hedges", ("hedge",)),
    ("loans", ("draw", "interest", "principal", "fees", "reserve")),
)  # fmt: skip


def write_sites(book: Book, table: CashTable, portfolio: dict[str, Strip]) -> None:
    """Add the sheet: a block for each site, one for what no site has, and all together.

    Args:
        book: The workbook.
        table: All cash.
        portfolio: Rows of the sheet by year, which the sums must meet.
    """
    lines = Lines(book, SITES, ("Site", "Country", table.currency), (20, 9, 24))
    years = table.years
    lines.widen(len(years) + 1, 15)
    lines.put((), [*(float(year) for year in years), "Sum"], "year")
    lines.sheet.freeze_panes(1, 3)
    first = lines.row + 1
    for site, country in sorted({(row.site, row.country) for row in table.select()}):
        _block(lines, table, site, country)
    last = lines.row
    lines.title("All sites and what no site has")
    for name, groups in _KINDS:
        amounts = table.by_year(table.total(*groups))
        if not np.abs(amounts).max(initial=0.0):
            continue
        _summed(lines, name, amounts, (first, last))
    total = _summed(lines, "cash", table.by_year(table.total()), (first, last))
    lines.next()
    owners = portfolio[OWNERS]
    cells = [check(total.here(i), owners.cell(i), holds=True) for i in range(len(years))]
    lines.put((None, None, f"Same as {YEARS}?"), cells, "text")


def _block(lines: Lines, table: CashTable, site: str, country: str) -> None:
    """Write the kinds of cash of one site, or of what one country has and no site."""
    rows = []
    for name, groups in _KINDS:
        amounts = table.by_year(table.total(*groups, site=site, country=country))
        if np.abs(amounts).max(initial=0.0):
            rows.append((name, amounts))
    if not rows:
        return
    lines.next()
    place = (site or "(no site)", country or ALL)
    start = lines.row + 1
    for name, amounts in rows:
        lines.next()
        _row(lines, (*place, name), [float(a) for a in amounts])
    lines.next()
    whole = sum((amounts for _, amounts in rows), np.zeros(len(table.years)))
    here = lines.strip(len(table.years))
    cells = []
    for i in range(len(table.years)):
        letter = here.here(i).rstrip("0123456789")
        span = f"{letter}{start + 1}:{letter}{lines.row}"
        cells.append(Formula(text=f"=SUM({span})", value=float(whole[i])))
    _row(lines, (*place, "cash"), cells)


def _row(lines: Lines, words: tuple[str, ...], cells: Sequence[Cell]) -> Strip:
    """Write a row of money with its sum behind it."""
    strip = lines.put(words, cells)
    lines.across(strip, cells, strip.first + strip.count, "money")
    return strip


def _summed(lines: Lines, name: str, amounts: Floats, rows: tuple[int, int]) -> Strip:
    """Write the sum of all blocks of one kind of cash."""
    row = lines.next()
    here = lines.strip(len(amounts))
    cells = []
    for i in range(len(amounts)):
        letter = here.here(i).rstrip("0123456789")
        span = f"{letter}${rows[0] + 1}:{letter}${rows[1] + 1}"
        keys = f"$C${rows[0] + 1}:$C${rows[1] + 1}"
        text = f"=SUMIFS({span},{keys},$C{row + 1})"
        cells.append(Formula(text=text, value=float(amounts[i])))
    return _row(lines, (ALL, ALL, name), cells)
