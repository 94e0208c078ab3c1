# SPDX-License-Identifier: Apache-2.0
"""Which rows of cash are taxed together, and how much of each counts."""

from dataclasses import dataclass, replace

import numpy as np

from loadstone.apps.reports.value.book.places import Floats
from loadstone.engines.finance.income import (
    DEPOSIT,
    Income,
    Regime,
)
from loadstone.engines.finance.local_money import Abroad
from loadstone.engines.finance.tax import TaxRules
from loadstone.model.finance.cash import (
    IN_SERVICE,
    LOST_ON_POWER,
    TAX_DEPRECIATION,
    CashRow,
    CashTable,
)
from loadstone.model.network import Network

_INCOME = ("revenue", "flexibility", "resale", "hedge")
_COSTS = ("energy", "direct", "levies", "fees")
NOWHERE = ("", 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """Income of one country that is taxed together.

    Attributes:
        name: What the sheets call it, e.g. "RU 1".
        country: ISO 3166-1 code.
        rules: How it is taxed.
        deductible: Share of costs that is deducted.
        interest: Whether the country's interest is deducted here.
        lag: Months from the end of a year until its tax is paid.
    """

    name: str
    country: str
    rules: TaxRules
    deductible: float
    interest: bool
    lag: float


class Pools:
    """All that is taxed, country by country."""

    def __init__(self, table: CashTable, network: Network) -> None:
        self.table, self.network = table, network
        self.abroad: dict[str, Abroad] = {}
        self._incomes: dict[str, Income] = {}
        self._names: dict[tuple[str, Regime], Pool] = {}
        terms = network.deals.cash
        for code in sorted({row.country for row in table.rows if row.country}):
            country = network.facts.countries.get(code)
            if country is not None:
                here = Abroad(table=table, country=country, terms=terms)
                self.abroad[code], self._incomes[code] = here, Income(here, network)
        for row in table.rows:
            self.of(row)

    @property
    def all(self) -> tuple[Pool, ...]:
        """All pools, by country."""
        return tuple(sorted(self._names.values(), key=lambda pool: pool.name))

    def of(self, row: CashRow) -> tuple[str, float]:
        """Return the pool in which a row counts, and which part of it does."""
        if row.country not in self._incomes:
            return NOWHERE
        if row.group in _INCOME and not row.line.startswith(DEPOSIT):
            return self._pool(row, self._regime(row)).name, 1.0
        lost = row.group == "vat" and row.line.startswith(LOST_ON_POWER)
        if row.group in _COSTS or lost:
            regime = self._regime(row)
            return self._pool(row, regime).name, regime[1]
        if row.group == "memo" and row.line.startswith(f"{TAX_DEPRECIATION}:"):
            asset = row.line.partition(":")[2]
            regime = self._regime(replace(row, line=f"{IN_SERVICE}:{asset}"))
            return self._pool(row, regime).name, -regime[1]
        return NOWHERE

    def _regime(self, row: CashRow) -> Regime:
        return self._incomes[row.country].regime(row)

    def shared(self, code: str) -> Regime:
        """Return the regime in which a country's interest is deducted."""
        empty = CashRow(
            group="memo", line="", amounts=np.zeros(self.table.months), country=code
        )
        return self._regime(empty)

    def _pool(self, row: CashRow, regime: Regime) -> Pool:
        key = (row.country, regime)
        if key not in self._names:
            country = self.network.facts.countries[row.country]
            count = sum(code == row.country for code, _ in self._names)
            lag = country.finance.tax_lag_months
            self._names[key] = Pool(
                name=f"{row.country} {count + 1}", country=row.country,
                rules=TaxRules.of(country, regime[0]), deductible=regime[1],
                interest=regime == self.shared(row.country),
                lag=0.0 if lag is None else lag.value,
            )  # fmt: skip
        return self._names[key]

    def profit(self, pool: Pool, interest: Floats) -> Floats:
        """Return the profit of a pool by year before losses, local money. Shape (Y,).

        Args:
            pool: The pool.
            interest: Deducted in it, by year, local money. Shape (Y,).
        """
        found = -pool.deductible * interest
        for row in self.table.rows:
            name, share = self.of(row)
            if name == pool.name:
                found = found + share * self.abroad[pool.country].by_year(row.amounts)
        return np.asarray(found)
