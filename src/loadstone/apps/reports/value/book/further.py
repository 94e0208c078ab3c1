# SPDX-License-Identifier: Apache-2.0
"""Deals, risk and region: values of the engine, with checks that parts make the whole."""

from collections.abc import Sequence

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from loadstone.apps.charts.value.returns import TIERS
from loadstone.apps.reports.sheet import Book, Cell, Column, Formula
from loadstone.apps.reports.value.book.places import (
    MOST,
    Floats,
    Lines,
    Strip,
    calendar,
)
from loadstone.apps.reports.value.sentences import error_words, share_words
from loadstone.model.finance.returns import DealResult, PartyResult
from loadstone.model.futures.risk import Risk
from loadstone.model.money import major
from loadstone.model.plan import phase_name
from loadstone.model.valuation import Valuation

DEALS = "Deals"
_CENT, _SUM = "0.011", 3


def write_deals(book: Book, valuation: Valuation) -> None:
    """Add the sheet, a block for each deal: in the deal's currency, then in each party's own.

    Args:
        book: The workbook.
        valuation: The valuation; it has deals.
    """
    table = valuation.cash
    lines = Lines(book, DEALS, ("Deal", "Party", "Row", "Sum"), (18, 16, 30, 18))
    days, _, _ = calendar(lines, table)
    lines.widen(table.months, 15)
    for deal in valuation.deals:
        _deal(lines, deal, days)


def _units(amounts: Sequence[float], currency: str) -> list[float]:
    """Return whole minor units as amounts of a currency."""
    return [major(one, currency) for one in amounts]


def _deal(lines: Lines, deal: DealResult, days: Strip) -> None:
    lines.title(f"{deal.id}: {deal.scope}, {deal.style}, {deal.currency}")
    for text, whole, side in (("called", deal.called, 0), ("received", deal.distributed, 1)):
        start, apart = lines.row + 1, np.zeros(days.count)
        for party in deal.parties:
            counted = (
                party.counted_called or party.called,
                party.counted_received or party.received,
            )[side]
            amounts = _units(counted, deal.currency)
            lines.next()
            _row(lines, (deal.id, party.party, text), amounts)
            apart += amounts
        total = _units(whole, deal.currency)
        lines.next()
        strip = _row(lines, (deal.id, "all", text), total)
        _same(lines, strip, start, apart - total)
    _tiers(lines, deal)
    for party in deal.parties:
        _own(lines, deal, party, days)


def _own(lines: Lines, deal: DealResult, party: PartyResult, days: Strip) -> None:
    """Write what a party pays and receives in its own currency, its multiple and its return."""
    words = (deal.id, party.party)
    paid, had = (_units(one, party.currency) for one in (party.called, party.received))
    lines.next(2)
    out = _row(lines, (*words, f"pays in, {party.currency}"), paid)
    lines.next()
    back = _row(lines, (*words, f"receives, {party.currency}"), had)
    flows = np.array(had) - np.array(paid)
    lines.next()
    net = _row(
        lines, (*words, "receives less pays in"),
        [
            Formula(text=f"={back.here(m)}-{out.here(m)}", value=float(flows[m]))
            for m in range(days.count)
        ],
    )  # fmt: skip
    put, sheet = lines.book.put, lines.sheet
    if party.multiple is not None:
        lines.next()
        lines.put((*words, "multiple"), ())
        text = f"=SUM({back.text})/SUM({out.text})"
        put(sheet, lines.row, _SUM, Formula(text=text, value=sum(had) / sum(paid)), "cents")
    moving = np.flatnonzero(flows)
    for rate in party.irr:
        lines.next()
        lines.put((*words, "rate of return a year"), ())
        spans = (one.part(int(moving[0]), days.count - 1) for one in (net, days))
        text = f"=XIRR({','.join(spans)},{rate:.3g})"
        far = not 0 <= rate < MOST or len(party.irr) > 1
        put(sheet, lines.row, _SUM, rate if far else Formula(text=text, value=rate), "percent")
    if not party.irr:
        lines.next()
        lines.put((*words, f"rate of return: none, {party.irr_reason}"), ())


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


RISK, REGION = "Risk", "Region"


def _listed(
    lines: Lines, title: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]]
) -> None:
    lines.title(title)
    lines.next()
    for j, head in enumerate(heads):
        lines.book.put(lines.sheet, lines.row, j, head, "head")
    for row in rows:
        lines.next()
        for j, cell in enumerate(row):
            kind = "text" if isinstance(cell, str) or cell is None else "cents"
            small = isinstance(cell, float) and 0 < abs(cell) < 1
            lines.book.put(lines.sheet, lines.row, j, cell, "gap" if small else kind)


def write_risk(book: Book, risk: Risk, currency: str) -> None:
    """Add the sheet of value over futures: values, since no formula draws them again."""
    lines = Lines(book, RISK, ("Value over futures",), (34,))
    lines.widen(14, 17)
    _listed(
        lines, "What was drawn", ("", ""),
        [
            ("Futures", float(risk.futures)), ("Seed", float(risk.seed)),
            ("Seconds", risk.seconds), ("Share of futures below 0", risk.loss),
            ("Share in which a covenant breaks", risk.breach),
            ("Own hashrate over the network's, mean of largest", risk.network_share[0]),
            ("The same, at most", risk.network_share[1]), ("Outlook", risk.source),
        ],
    )  # fmt: skip
    levels = list(dict.fromkeys(level for one in risk.spreads for level in one.quantiles))
    tails = list(dict.fromkeys(tail for one in risk.spreads for tail in one.cvar))
    _listed(
        lines, "Spread",
        ("Number", "Unit", "Mean", "Standard deviation", *(f"{float(p):.0%}" for p in levels),
         *(f"Mean of the worst {float(p):.0%}" for p in tails), "Undefined in", "Why"),
        [
            (
                one.name, one.unit, one.mean, one.sd,
                *(one.quantiles.get(level) for level in levels),
                *(one.cvar.get(tail) for tail in tails), one.undefined, one.reason,
            )
            for one in risk.spreads
        ],
    )  # fmt: skip
    _listed(
        lines, "What explains the spread",
        ("Factor", "", "Share of the variance", f"Value where lowest, {currency}",
         f"Value where highest, {currency}"),
        [(one.text, one.factor, one.share, one.low, one.high) for one in risk.drivers],
    )  # fmt: skip
    _listed(
        lines, "Stresses",
        ("Stress", "Hours", f"Value, {currency}", "Change", "Equity IRR", "Least cover",
         "What goes wrong"),
        [
            (
                one.name, "exact" if one.exact else "fast", one.npv, one.change,
                one.equity_irr, one.dscr_min, one.text,
            )
            for one in risk.stresses
        ],
    )  # fmt: skip
    _listed(
        lines, "What owners may still decide",
        ("Freedom", "", f"Worth on average, {currency}", "Used in", "What they do"),
        [(one.name, "", one.value, one.used, one.text) for one in risk.options],
    )  # fmt: skip
    for text in (error_words(risk.error) if risk.error else "", share_words(risk)):
        if text:
            lines.next(2)
            lines.put((text,), ())


def write_region(book: Book, valuation: Valuation) -> None:
    """Add the sheet of value added by country; what is paid once and yearly stand apart."""
    rows = valuation.region
    once = list(dict.fromkeys(name for row in rows for name in row.one_off))
    yearly = list(dict.fromkeys(name for row in rows for name in row.yearly))
    columns = (
        Column(name="Country", width=10), Column(name="Phase", width=10),
        *(Column(name=f"{name}, paid once", kind="money", width=16) for name in once),
        Column(name="Imported hardware, paid once", kind="money", width=16),
        *(Column(name=f"{name}, a year", kind="money", width=16) for name in yearly),
        Column(name="Profit and interest that leave, a year", kind="money", width=16),
        Column(name="Multiplier, lowest", kind="cents", width=11),
        Column(name="Multiplier, highest", kind="cents", width=11),
        Column(name="Who says so", kind="prose", width=40),
    )  # fmt: skip
    cells = [
        (
            row.country, phase_name(row.phase),
            *(row.one_off.get(name, 0.0) for name in once), row.imported,
            *(row.yearly.get(name, 0.0) for name in yearly), row.leaving,
            *(row.multiplier or (None, None)), row.multiplier_source,
        )
        for row in rows
    ]  # fmt: skip
    sheet = book.table(REGION, columns, cells)
    book.put(sheet, len(cells) + 2, 0, valuation.ceiling, "text")
