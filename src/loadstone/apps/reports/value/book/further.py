# SPDX-License-Identifier: Apache-2.0
"""Risk and region: what no formula can rebuild, as values."""

from collections.abc import Sequence

from loadstone.apps.reports.sheet import Book, Cell, Column
from loadstone.apps.reports.value.book.places import Lines
from loadstone.apps.reports.value.sentences import error_words, share_words
from loadstone.model.futures.risk import Risk
from loadstone.model.plan import phase_name
from loadstone.model.valuation import Valuation

RISK, REGION = "Risk", "Region"


def _rows(
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
    _rows(
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
    _rows(
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
    _rows(
        lines, "What explains the spread",
        ("Factor", "", "Share of the variance", f"Value where lowest, {currency}",
         f"Value where highest, {currency}"),
        [(one.text, one.factor, one.share, one.low, one.high) for one in risk.drivers],
    )  # fmt: skip
    _rows(
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
    _rows(
        lines, "What owners may still decide",
        ("Freedom", "", f"Worth on average, {currency}", "Used in", "What they do"),
        [(one.name, "", one.value, one.used, one.text) for one in risk.options],
    )  # fmt: skip
    for text in (error_words(risk.error) if risk.error else "", share_words(risk)):
        if text:
            lines.title(text)


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
