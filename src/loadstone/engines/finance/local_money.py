# SPDX-License-Identifier: Apache-2.0
"""The money of a country beside the reporting currency, month by month."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from loadstone.model.country import Country
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.terms import MONTHS, CashTerms
from loadstone.model.network import Network

Floats = NDArray[np.float64]


def drift(terms: CashTerms, currency: str, reporting: str, months: int) -> Floats:
    """Return units of a currency for one of the reporting one, over those of the first month.

    Prices in both follow their inflation, so the rate follows the difference. Shape (M,).
    """
    here = terms.inflation_of(currency, reporting)
    there = terms.inflation_of(reporting, reporting)
    return np.asarray(((1 + here) / (1 + there)) ** (np.arange(months) / MONTHS))


def nominal_rates(network: Network, months: int) -> dict[str, Floats]:
    """Return the exchange rates of a network by month: the stated ones, moved by inflation.

    Args:
        network: Its rates are those of the first month; from then on each follows the
            difference of inflation, where that is stated.
        months: How many months, M.

    Returns:
        Units of each currency for one of the reporting currency. Shapes (M,).
    """
    study, terms = network.study, network.deals.cash
    stated = {study.currency: 1.0, **{code: rate.value for code, rate in study.fx.items()}}
    return {
        code: value * drift(terms, code, study.currency, months)
        for code, value in stated.items()
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class Abroad:
    """A country whose tax office counts in its own money.

    Attributes:
        table: Cash in the reporting currency.
        country: The country.
        terms: Inflation by currency.
    """

    table: CashTable
    country: Country
    terms: CashTerms

    @cached_property
    def per(self) -> Floats:
        """Local money for one unit of the reporting currency, see `drift`. Shape (M,)."""
        table = self.table
        return drift(self.terms, self.country.currency, table.currency, table.months)

    def by_year(self, amounts: Floats) -> Floats:
        """Return reporting money by month as local money by calendar year. Shape (Y,)."""
        return self.table.by_year(amounts * self.per)

    def month_of(self, year: int, later: float = 0.0) -> int:
        """Return the last month of a year counted from 0, or one some months later."""
        december = (year + 1) * MONTHS - self.table.first.month
        return min(round(december + later), self.table.months - 1)


def in_local_money(table: CashTable, network: Network, code: str) -> CashTable:
    """Return the cash of one country in its own money.

    Args:
        table: Cash in the reporting currency.
        network: Its rates of exchange, which move with the difference of inflations.
        code: ISO 3166-1 code of the country.

    Raises:
        InputError: The network says no rate for its currency.
    """
    study, country = network.study, network.facts.countries[code]
    abroad = Abroad(table=table, country=country, terms=network.deals.cash)
    rate = 1.0
    if country.currency != table.currency:
        if country.currency not in study.fx:
            raise InputError("fx", country.currency, f"must have a rate, which {code} needs")
        rate = study.fx[country.currency].value
    rows = tuple(
        replace(
            row,
            amounts=row.amounts * abroad.per * rate,
            unit=country.currency if row.unit else "",
        )
        if row.unit in ("", table.currency)
        else row
        for row in table.rows
        if row.country == code
    )
    return replace(table, currency=country.currency, rows=rows)
