# SPDX-License-Identifier: Apache-2.0
"""What tax offices and borders do to cash: a table before tax becomes one after it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.income import (
    OPENING,
    Income,
    treatment_of,
    use_of,
)
from loadstone.engines.finance.local_money import Abroad
from loadstone.engines.finance.losses import TaxRules, tax_by_year
from loadstone.engines.finance.timing import delayed, leaving
from loadstone.engines.finance.vat import settled
from loadstone.model.finance.cash import (
    DEPRECIATION,
    LOST_ON_POWER,
    TAX_DEPRECIATION,
    CashRow,
    CashTable,
    Group,
)
from loadstone.model.network import Network
from loadstone.model.source import Fact

__all__ = ["TaxRules", "tax_by_year", "taxed"]

Floats = NDArray[np.float64]
_BUILT = ("capex", "refresh", "duty")
_EARNED = ("revenue", "flexibility", "energy", "direct", "levies", "resale", "hedge", "fees")


def taxed(
    table: CashTable, network: Network, interest: Mapping[str, Floats] | None = None
) -> CashTable:
    """Return cash after tax, value-added tax, working capital and what borders hold back.

    Each country is counted in its own money, which its inflation moves against the reporting
    currency. Rows without a country are not taxed and not held back.

    Args:
        table: Cash before tax; debt may be in it already.
        network: Whose countries and terms are meant.
        interest: Interest that may be deducted, by country and month, positive, reporting
            currency; None takes the rows of interest that have a country. Shapes (M,).

    Returns:
        The table with rows of "working_capital", "vat", "tax", "withholding" and "trapped"
        added, and memo rows of what is written off for tax.

    Raises:
        InputError: A country does not say how machines are written off.
    """
    rows = [*table.rows, *_working_capital(table, network)]
    for code in sorted({row.country for row in table.rows if row.country}):
        here = _Country(replace(table, rows=tuple(rows)), network, code)
        paid = -table.total("interest", country=code)
        if interest is not None:
            paid = interest.get(code, np.zeros(table.months))
        rows += here.rows(paid)
    return replace(table, rows=tuple(rows))


def _working_capital(table: CashTable, network: Network) -> Iterator[CashRow]:
    """Yield what paying later moves, by site and group."""
    for group, days in network.deals.cash.paid_after_days.items():
        if not days:
            continue
        keys = {(r.site, r.country, r.currency, r.contracted) for r in table.select(group)}
        for site, country, currency, contracted in sorted(keys):
            amounts = sum(
                (
                    row.amounts
                    for row in table.select(group, contracted=contracted)
                    if (row.site, row.country, row.currency) == (site, country, currency)
                ),
                np.zeros(table.months),
            )
            yield CashRow(
                group="working_capital",
                line=group,
                amounts=delayed(amounts, days) - amounts,
                site=site,
                country=country,
                currency=currency,
                contracted=contracted,
            )


class _Country:
    """The tax office and the border of one country."""

    def __init__(self, table: CashTable, network: Network, code: str) -> None:
        self.table, self.network, self.code = table, network, code
        self.country, self.terms = network.facts.countries[code], network.deals.cash
        self.finance = self.country.finance
        self.abroad = Abroad(table=table, country=self.country, terms=self.terms)
        owners = {s.owner or network.study.owner for s in network.sites if s.country == code}
        self.is_foreign = any(owner not in ("", code) for owner in owners)

    def rows(self, interest: Floats) -> list[CashRow]:
        """Return all rows that the country adds.

        Args:
            interest: That may be deducted, positive. Shape (M,).
        """
        found = [*self._value_added(), *self._tax(interest)]
        if self.is_foreign:
            abroad = interest * self.terms.interest_abroad
            rate = _value(self.finance.withholding_interest)
            found += self._row("withholding", "interest", -abroad * rate)
            found += self._leaving(found, interest)
        return found

    def _row(self, group: Group, line: str, amounts: Floats, unit: str = "") -> list[CashRow]:
        if not np.abs(amounts).max(initial=0.0):
            return []
        return [
            CashRow(
                group=group,
                line=line,
                amounts=amounts,
                country=self.code,
                currency=self.country.currency,
                unit=unit,
            )
        ]

    def _tax(self, interest: Floats) -> list[CashRow]:
        """Return tax on income, and what is written off for it."""
        income = Income(self.abroad, self.network)
        lag, per = _value(self.finance.tax_lag_months), self.abroad.per
        paid = np.zeros(self.table.months)
        for (rate, _), profit in income.profits(interest).items():
            rules = TaxRules.of(self.country, rate)
            for y, tax in enumerate(tax_by_year(profit[None, :], rules)[0]):
                month = self.abroad.month_of(y, lag)
                paid[month] += tax / per[month]
        rows = self._row("tax", "income", -paid)
        for row, by_year in income.written_off():
            amounts = np.zeros(self.table.months)
            for y, amount in enumerate(by_year):
                month = self.abroad.month_of(y)
                amounts[month] += amount / per[month]
            line = f"{TAX_DEPRECIATION}:{row.line.partition(':')[2]}"
            unit = self.table.currency
            rows += [replace(r, site=row.site) for r in self._row("memo", line, amounts, unit)]
        return rows

    def _value_added(self) -> list[CashRow]:
        """Return value-added tax on purchases and sales, and when it is settled."""
        if self.country.vat is None:
            return []
        rate, per = self.country.vat.value, self.abroad.per
        paid, collected = np.zeros(self.table.months), np.zeros(self.table.months)
        for row in self.table.select(country=self.code):
            if row.group in ("energy", *_BUILT):
                paid -= rate * self._back(row) * row.amounts
            elif row.group == "revenue":
                collected += rate * self._at_home(row.line) * row.amounts
        paid, collected = np.maximum(paid, 0.0), np.maximum(collected, 0.0)
        stated, known = self.terms.vat_refund_months, _value(self.finance.vat_refund_months)
        months = stated.get(self.code, known)
        refunded, remitted = settled(paid * per, collected * per, round(months))
        return [
            *self._row("vat", "paid on purchases", -paid),
            *self._row("vat", "collected on sales", collected),
            *self._row("vat", "refunded", refunded / per),
            *self._row("vat", "remitted", -remitted / per),
        ]

    def _back(self, row: CashRow) -> float:
        """Return the share of the tax on a purchase that may be had back.

        What does not come back is in the price already, or in rows of its own.
        """
        given = treatment_of(self.country, use_of(row.line))
        if given is None or row.line in (OPENING, "fuel"):
            return 0.0
        return given.input_vat_recoverable_share.value

    def _at_home(self, line: str) -> float:
        stated = self.terms.sold_with_vat
        return stated.get(line, stated.get(line.partition(":")[0], 0.0))

    def _leaving(self, added: list[CashRow], interest: Floats) -> list[CashRow]:
        """Return what keeps cash in the country, and what is taken when it leaves."""
        per = self.abroad.per
        cash = self.table.total(country=self.code)
        cash = cash + sum((r.amounts for r in added if r.group != "memo"), 0.0)
        moved = leaving(cash * per, self._profit(added, interest) * per, self._every)
        stated, known = self.terms.trapped_months, _value(self.finance.trapped_months)
        lag = round(stated.get(self.code, known))
        amounts = -moved.kept / per
        for m in np.flatnonzero(moved.left):
            arrives = min(int(m) + lag, self.table.months - 1)
            amounts[arrives] += moved.left[m] / per[arrives]
        amounts[np.abs(amounts) < 1e-6] = 0.0  # kept and left on one day
        rate = _value(self.finance.withholding_dividends)
        held = -rate * moved.dividend / per
        return [
            *self._row("trapped", "kept in the country", amounts),
            *self._row("withholding", "dividends", held),
        ]

    @property
    def _every(self) -> int:
        return self.terms.dividend_months

    def _profit(self, added: list[CashRow], interest: Floats) -> Floats:
        """Return book profit by month. Shape (M,)."""
        rows = [*self.table.rows, *added]
        found = -interest
        for row in rows:
            if row.country != self.code:
                continue
            lost = row.group == "vat" and row.line.startswith(LOST_ON_POWER)
            if row.group in (*_EARNED, "tax") or lost:
                found = found + row.amounts
            elif row.group == "memo" and row.line.startswith(f"{DEPRECIATION}:"):
                found = found - row.amounts
        return found


def _value(fact: Fact | None) -> float:
    return 0.0 if fact is None else fact.value
