# SPDX-License-Identifier: Apache-2.0
"""Rows in the making: real money by month becomes nominal money, line by line."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.finance.cash import CashRow, CashTable, Group
from loadstone.model.finance.terms import CashTerms
from loadstone.model.site import Site

Floats = NDArray[np.float64]
LEAST = 1e-6  # of the reporting currency; less is no row

_Key = tuple[Group, str, str, str, str, str, bool, str]


@dataclass(frozen=True, slots=True)
class Moves:
    """What moves a line.

    Attributes:
        currency: Currency in which it arises.
        driver: As in `CashRow`.
        contracted: Whether it is owed under a contract.
    """

    currency: str
    driver: str = ""
    contracted: bool = False


@dataclass(slots=True)
class Ledger:
    """Adds up rows by what they are, in nominal money.

    Attributes:
        timeline: The months.
        terms: Inflation and escalation.
        reporting: Reporting currency.
    """

    timeline: Timeline
    terms: CashTerms
    reporting: str
    _rows: dict[_Key, Floats] = field(default_factory=dict)

    def growth(self, group: str, line: str, currency: str) -> Floats:
        """Return nominal over real money of the first month, by month. Shape (M,).

        Real exchange rates stay: a price that follows the inflation of its currency follows
        that of the reporting currency once it is changed into it.
        """
        reporting = self.terms.inflation_of(self.reporting, self.reporting)
        stated, rate = self.terms.growth_of(group, line), 1 + reporting
        if stated is not None:
            rate *= (1 + stated) / (1 + self.terms.inflation_of(currency, self.reporting))
        return np.asarray(rate**self.timeline.elapsed)

    def money(self, group: Group, line: str, site: Site, moves: Moves, real: Floats) -> None:
        """Add money of a site: in positive, out negative, real. Shape (M,)."""
        nominal = real * self.growth(group, line, moves.currency)
        where = (site.id, site.country, moves.currency, moves.driver, moves.contracted, "")
        self._add((group, line, *where), nominal)

    def memo(self, line: str, site: Site, unit: str, amounts: Floats) -> None:
        """Add what is no cash, in its own unit; in money, nominal. Shape (M,)."""
        self._add(("memo", line, site.id, site.country, "", "", False, unit), amounts)

    def _add(self, key: _Key, amounts: Floats) -> None:
        if np.abs(amounts).max(initial=0.0) > LEAST:
            before = self._rows.get(key)
            self._rows[key] = amounts if before is None else before + amounts

    def table(self) -> CashTable:
        """Return all rows, in the order in which they came up."""
        return CashTable(
            first=self.timeline.first,
            months=self.timeline.months,
            currency=self.reporting,
            rows=tuple(
                CashRow(
                    group=key[0],
                    line=key[1],
                    site=key[2],
                    country=key[3],
                    currency=key[4],
                    driver=key[5],
                    contracted=key[6],
                    unit=key[7],
                    amounts=amounts,
                )
                for key, amounts in self._rows.items()
            ),
        )
