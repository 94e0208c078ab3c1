# SPDX-License-Identifier: Apache-2.0
"""What the model is given: rates, inflation, tax, terms, each in a cell with a name."""

import re

from loadstone.apps.reports.sheet import Book, Cell, Kind
from loadstone.apps.reports.value.book.places import RATES
from loadstone.apps.reports.value.book.pools import Pool
from loadstone.model.network import Network
from loadstone.model.valuation import Valuation

INPUTS = "Model inputs"
NEVER = 1_000.0
"""Years after which a loss that is never lost is written as lost."""


def safe(text: str) -> str:
    """Return text as a part of a name that workbooks accept."""
    return re.sub(r"[^A-Za-z0-9]+", "_", text)


def inflation_name(currency: str) -> str:
    """Return the name of the cell with a currency's inflation."""
    return f"inflation_{safe(currency)}"


def pool_name(what: str, pool: Pool) -> str:
    """Return the name of a cell of a tax pool, e.g. "tax_rate_RU_1"."""
    return f"{what}_{safe(pool.name)}"


def loan_name(id_: str) -> str:
    """Return the name of the cell with a loan's interest rate."""
    return f"loan_rate_{safe(id_)}"


class _Sheet:
    def __init__(self, book: Book) -> None:
        self.book, self.row = book, 0
        self.sheet = book.workbook.add_worksheet(INPUTS)
        for j, width in enumerate((46, 16, 26, 80)):
            self.sheet.set_column(j, j, width)
        for j, head in enumerate(("Input", "Value", "Name", "Who says so, what it means")):
            book.put(self.sheet, 0, j, head, "head")
        self.sheet.freeze_panes(1, 1)

    def title(self, text: str) -> None:
        self.row += 2
        self.book.put(self.sheet, self.row, 0, text, "strong")

    def add(self, text: str, value: Cell, name: str = "", about: str = "") -> None:
        """Write an input; one with a name can be used by formulas."""
        self.row += 1
        kind: Kind = "text" if isinstance(value, str) else "input"
        for j, (cell, look) in enumerate(
            ((text, "text"), (value, kind), (name, "text"), (about, "prose"))
        ):
            self.book.put(self.sheet, self.row, j, cell, look)
        if name:
            self.book.workbook.define_name(name, f"='{INPUTS}'!$B${self.row + 1}")


def write_inputs(
    book: Book, valuation: Valuation, network: Network, pools: tuple[Pool, ...]
) -> None:
    """Add the sheet of inputs.

    Args:
        book: The workbook.
        valuation: The valuation.
        network: Its network, for the terms of deals.toml.
        pools: What is taxed together.
    """
    sheet = _Sheet(book)
    terms = network.deals.cash
    sheet.title("Cash rows are the engine's values; whatever is computed from them is live.")
    _rates(sheet, valuation)
    sheet.title("Inflation a year")
    currencies = {network.facts.countries[p.country].currency for p in pools}
    currencies |= {valuation.currency, *(debt.currency for debt in network.deals.debts)}
    for currency in sorted(currencies):
        stated = terms.inflation.get(currency)
        value = terms.inflation_of(currency, valuation.currency)
        about = (
            stated.source if stated else "follows the reporting currency; none if that has none"
        )
        sheet.add(currency, value, inflation_name(currency), about)
    _tax(sheet, network, pools)
    if network.deals.debts:
        sheet.title("Loans")
    for debt in network.deals.debts:
        sheet.add(f"{debt.id}: interest a year", debt.rate, loan_name(debt.id), debt.source)
        limits: tuple[tuple[str, float | None], ...] = (
            ("months in which it can be drawn", float(debt.draw_months)),
            ("years to the last payment", debt.tenor_years), ("gearing, most", debt.gearing),
            ("cover by contracted cash, least", debt.dscr), ("loan to value, most", debt.ltv),
            ("cover below which owners are paid nothing", debt.lockup_dscr),
            ("cover below which the covenant breaks", debt.default_dscr),
        )  # fmt: skip
        for words, limit in limits:
            if limit is not None:
                sheet.add(f"{debt.id}: {words}", limit)
    if terms.paid_after_days:
        sheet.title("Days until paid")
        for group, days in terms.paid_after_days.items():
            sheet.add(group, days)
    if valuation.notes:
        sheet.title("What the numbers leave out")
        for note in valuation.notes:
            sheet.add("", None, "", note)


def _rates(sheet: _Sheet, valuation: Valuation) -> None:
    sheet.title("Discount rates a year, nominal")
    for one in valuation.returns:
        if one.scope == "portfolio" and one.flow in RATES:
            sheet.add(f"{one.flow} of the portfolio", one.rate, RATES[one.flow])


def _tax(sheet: _Sheet, network: Network, pools: tuple[Pool, ...]) -> None:
    if pools:
        sheet.title("Tax on income, by what is taxed together")
    for pool in pools:
        country = network.facts.countries[pool.country]
        rule = pool.rules
        years = min(rule.loss_years, NEVER)
        sheet.add(f"{pool.name}, {country.name}: rate", rule.rate, pool_name("tax_rate", pool))
        sheet.add(
            f"{pool.name}: part of income that losses may reduce", rule.loss_limit,
            pool_name("loss_limit", pool),
        )  # fmt: skip
        sheet.add(
            f"{pool.name}: years in which a loss may be used", years,
            pool_name("loss_years", pool), "1000 stands for all",
        )  # fmt: skip
        sheet.add(f"{pool.name}: months until it is paid", pool.lag)
        sheet.add(
            f"{pool.name}: share of costs that is deducted", pool.deductible,
            pool_name("deductible", pool),
        )  # fmt: skip
