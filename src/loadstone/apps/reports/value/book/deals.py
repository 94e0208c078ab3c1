# SPDX-License-Identifier: Apache-2.0
"""Deals: what each party pays and receives by year, and checks that parts make the whole."""

from collections.abc import Sequence

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from loadstone.apps.charts.value.returns import TIERS
from loadstone.apps.reports.sheet import Book, Cell, Formula
from loadstone.apps.reports.value.book.places import Floats, Lines, Strip
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.returns import DealResult, PartyResult
from loadstone.model.money import major
from loadstone.model.valuation import Valuation

DEALS = "Deals"
_CENT, _SUM = "0.011", 3


def write_deals(book: Book, valuation: Valuation) -> None:
    """Add the sheet, a block for each deal, in the deal's currency.

    Args:
        book: The workbook.
        valuation: The valuation; it has deals.
    """
    table = valuation.cash
    lines = Lines(book, DEALS, ("Deal", "Party", "Row", "Sum"), (18, 16, 24, 18))
    lines.widen(len(table.years) + len(TIERS), 16)
    lines.put((), [float(year) for year in table.years], "year")
    lines.sheet.freeze_panes(1, 4)
    for deal in valuation.deals:
        _deal(lines, deal, table)


def _own(party: PartyResult, deal: DealResult) -> tuple[Floats, Floats]:
    """Return what a party pays and receives by month in the deal's currency."""
    called = party.counted_called or party.called
    received = party.counted_received or party.received
    return (
        np.array([major(one, deal.currency) for one in called]),
        np.array([major(one, deal.currency) for one in received]),
    )


def _deal(lines: Lines, deal: DealResult, table: CashTable) -> None:
    lines.title(f"{deal.id}: {deal.scope}, {deal.style}, {deal.currency}")
    for text, whole, side in (("called", deal.called, 0), ("received", deal.distributed, 1)):
        start = lines.row + 1
        parts = []
        for party in deal.parties:
            amounts = table.by_year(_own(party, deal)[side])
            lines.next()
            _row(lines, (deal.id, party.party, text), _floats(amounts))
            parts.append(amounts)
        total = table.by_year(np.array([major(one, deal.currency) for one in whole]))
        lines.next()
        strip = _row(lines, (deal.id, "all", text), _floats(total))
        _same(lines, strip, start, sum(parts, np.zeros(len(total))) - total)
    _tiers(lines, deal)


def _floats(amounts: Floats) -> list[float]:
    return [float(amount) for amount in amounts]


def _row(lines: Lines, words: tuple[str, ...], cells: Sequence[Cell]) -> Strip:
    """Write a row of money with its sum."""
    strip = lines.put(words, cells, "cents")
    if cells:
        lines.across(strip, cells, _SUM, "cents")
    return strip


def _same(lines: Lines, strip: Strip, start: int, apart: Floats) -> None:
    """Write whether the parts of each year make the whole."""
    lines.next()
    cells = []
    for i in range(strip.count):
        letter = xl_col_to_name(strip.first + i)
        text = (
            f"=IF(ABS(SUM({letter}{start + 1}:{letter}{strip.row})-{strip.here(i)})<={_CENT},"
            '"OK","CHECK")'
        )
        holds = abs(float(apart[i])) <= float(_CENT)
        cells.append(Formula(text=text, value="OK" if holds else "CHECK"))
    lines.put((None, None, "parts make the whole?"), cells, "text")


def _tiers(lines: Lines, deal: DealResult) -> None:
    """Write what each party receives by tier, with sums both ways."""
    tiers = [tier for tier in TIERS if any(party.by_tier.get(tier) for party in deal.parties)]
    lines.next()
    for j, tier in enumerate(tiers):
        lines.book.put(lines.sheet, lines.row, lines.words + j, tier, "head")
    start = lines.row + 1
    sums = np.zeros(len(tiers))
    for party in deal.parties:
        amounts = [major(party.by_tier.get(tier, 0.0), deal.currency) for tier in tiers]
        sums += amounts
        lines.next()
        _row(lines, (deal.id, party.party, "by tier"), amounts)
    lines.next()
    cells = []
    for j in range(len(tiers)):
        letter = xl_col_to_name(lines.words + j)
        text = f"=SUM({letter}{start + 1}:{letter}{lines.row})"
        cells.append(Formula(text=text, value=float(sums[j])))
    _row(lines, (deal.id, "all", "by tier"), cells)
