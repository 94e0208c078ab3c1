# SPDX-License-Identifier: Apache-2.0
"""Unit costs: what each product bears by month, and its cost as a formula."""

import numpy as np

from loadstone.apps.reports.sheet import Book, Formula
from loadstone.apps.reports.value.book.places import RATES, Lines, Strip, calendar, check
from loadstone.engines.finance.returns import factors
from loadstone.engines.finance.unit_costs import Borne, borne
from loadstone.engines.value.financing import placed
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.returns import UnitCosts
from loadstone.model.valuation import Valuation

UNITS = "Unit costs"
UNITS_MADE = ("BTC", "GPU-h", "kW-month")
_SOLVED = (
    "Found by search, with tax counted again at each price: scale the rows of energy (or of "
    "mining revenue) in Portfolio by month, take tax from Tax, and owners' cash is worth 0."
)


def write_units(book: Book, valuation: Valuation) -> None:
    """Add the sheet; each cost is checked against the engine's."""
    table = valuation.cash
    lines = Lines(book, UNITS, ("Product", "Row", "Value", "Engine", "Same?"),
                  (26, 40, 16, 16, 9))  # fmt: skip
    _, _, index = calendar(lines, table)
    rate = valuation.returns[0].rate if valuation.returns else 0.0
    worth = factors(rate, table.months)
    lines.next()
    discount = lines.put(
        (None, "What money of the month is worth in the first"),
        [
            Formula(text=f"=(1+{RATES['project']})^(-{index.here(m)}/12)", value=float(one))
            for m, one in enumerate(worth)
        ],
        "small",
    )
    for one in borne(placed(table)):
        if float(one.made @ worth) > 0:
            _Product(lines, one, discount, worth).write(valuation.costs, table)
    lines.title("Prices at which nothing is left for owners beyond their rate")
    for name, value in (
        (f"power, {valuation.currency}/MWh", valuation.costs.break_even_power),
        ("hashprice, USD/PH/day", valuation.costs.break_even_hashprice),
    ):
        if value is not None:
            lines.next()
            lines.put((name, _SOLVED), ())
            book.put(lines.sheet, lines.row, 2, value, "cents")


class _Product:
    """One product."""

    def __init__(self, lines: Lines, one: Borne, discount: Strip, worth: np.ndarray) -> None:
        self.lines, self.one, self.discount, self.worth = lines, one, discount, worth

    def write(self, costs: UnitCosts, table: CashTable) -> None:
        """Write its rows and its cost.

        Args:
            costs: What the engine says.
            table: For its currency.
        """
        lines, one = self.lines, self.one
        lines.title(f"{one.product}, {table.currency}/{one.unit}")
        lines.next()
        made = lines.put((one.product, f"made, {one.unit}"), _floats(one.made), "cents")
        self.made = made
        mined = one.unit == "BTC"
        parts = {}
        for part, amounts in one.paid.items():
            lines.next()
            strip = lines.put((one.product, f"borne: {part}"), _floats(amounts))
            engine = costs.btc_parts.get(part) if mined else None
            parts[part] = self._cost(strip, float(amounts @ self.worth), engine)
        if mined:
            self._mined(parts, costs)
            return
        lines.next()
        lines.put((one.product, "left at the end"), ())
        lines.book.put(lines.sheet, lines.row, 2, one.left, "money")
        paid = one.paid["paid"]
        worth = float(paid @ self.worth) - one.left * float(self.worth[-1])
        kind, _, name = one.product.partition(":")
        engine = (costs.gpu_hour if kind == "ai" else costs.kw_month).get(name)
        left = f"C{lines.row + 1}"
        lines.next()
        lines.put((one.product, "cost of a unit"), ())
        last = self.discount.cell(self.discount.count - 1)
        text = (
            f"=(SUMPRODUCT({strip.text},{self.discount.text})-{left}*{last})/"
            f"SUMPRODUCT({made.text},{self.discount.text})"
        )
        self._value(Formula(text=text, value=worth / self._output), engine)

    @property
    def _output(self) -> float:
        return float(self.one.made @ self.worth)

    def _cost(self, strip: Strip, worth: float, engine: float | None) -> tuple[str, float]:
        """Write a part's cost a unit beside its row; return its cell and value."""
        text = (
            f"=SUMPRODUCT({strip.text},{self.discount.text})/"
            f"SUMPRODUCT({self.made.text},{self.discount.text})"
        )
        self._value(Formula(text=text, value=worth / self._output), engine)
        return f"C{strip.row + 1}", worth / self._output

    def _mined(self, parts: dict[str, tuple[str, float]], costs: UnitCosts) -> None:
        """Write what a bitcoin costs in cash and all in."""
        for words, names, engine in (
            ("cost of a bitcoin, cash", ("energy", "direct"), costs.btc_cash),
            ("cost of a bitcoin, all in", tuple(parts), costs.btc_all_in),
        ):
            self.lines.next()
            self.lines.put((self.one.product, words), ())
            text = "=" + "+".join(parts[name][0] for name in names)
            value = sum(parts[name][1] for name in names)
            self._value(Formula(text=text, value=value), engine)

    def _value(self, cell: Formula, engine: float | None) -> None:
        book, sheet, row = self.lines.book, self.lines.sheet, self.lines.row
        book.put(sheet, row, 2, cell, "cents")
        if engine is not None:
            book.put(sheet, row, 3, engine, "cents")
            slack = 1e-6 * max(abs(engine), 1.0)
            holds = abs(float(cell.value) - engine) <= slack
            same = check(f"C{row + 1}", f"D{row + 1}", holds=holds, slack=f"{slack:.3g}")
            book.put(sheet, row, 4, same, "text")


def _floats(amounts: np.ndarray) -> list[float]:
    return [float(amount) for amount in amounts]
