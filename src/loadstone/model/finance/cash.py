# SPDX-License-Identifier: Apache-2.0
"""Cash month by month: one table of rows that reports, debt, deals and futures all read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Group = Literal[
    "revenue",  # machines, leases, hosting, export of power
    "flexibility",  # paid for drawing less: a line of its own, never a negative cost
    "energy",  # power, demand and connection charges
    "direct",  # other running costs: staff, repairs, insurance, fees
    "levies",  # on energy by use
    "capex",  # the first building, before duty and value-added tax
    "duty",  # import duty on machines
    "refresh",  # machines bought again when their life ends
    "resale",  # resale of machines, salvage, deposits that come back
    "vat",  # value-added tax paid and refunded
    "working_capital",  # money bound in receivables, less in payables
    "tax",  # on income
    "withholding",  # on dividends and interest that cross a border
    "trapped",  # cash that waits before it may leave a country: out, later in
    "hedge",  # payoffs and margin
    "draw",  # debt drawn
    "interest",
    "principal",
    "fees",  # of debt
    "reserve",  # into and out of reserve accounts
    "memo",  # no cash: depreciation, coins mined, GPU-hours, energy
]
GROUPS: tuple[str, ...] = get_args(Group)
LOST_ON, LOST_ON_POWER = "lost on ", "lost on power:"
"""First words of value-added tax that does not come back: of all, and of power by use."""
IN_SERVICE = "in service"
"""First words of memo rows of what is put to use, at its nominal cost on that day."""
DEPRECIATION = "depreciation"
"""First word of memo rows of what is written off in the books, over the lives of assets."""
TAX_DEPRECIATION = "tax depreciation"
"""First words of memo rows of what the tax office lets be written off."""
OPERATING = ("revenue", "flexibility", "energy", "direct", "levies")
FINANCING = ("draw", "interest", "principal", "fees", "reserve")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CashRow:
    """One kind of money of one site, month by month.

    Attributes:
        group: What kind of row it is, one of `GROUPS`.
        line: What it is within its group, e.g. "mining", "ai:gb200-nvl72", "lease:tenant-a",
            "lease power:tenant-a", "energy:mining", "levies:mining", "miner:antminer-s21-xp",
            "staff". Memo rows: what is sold in its unit ("mining" BTC, "ai:..." GPU-h,
            "lease:..." kW-month), power at the bus by use (MWh), and money by asset ("in
            service:...", "depreciation:...").
        amounts: Nominal, reporting currency, at the rates of the base case; what comes in is
            positive, what goes out negative. A memo row is in its own unit. Shape (M,).
        site: Id of the site; "" for what belongs to a country or to the whole.
        country: ISO 3166-1 code; "" for the whole.
        currency: Currency in which it arises.
        driver: Factor of `Paths` that moves it in proportion, e.g. "ai:blackwell",
            "power:RU-2", "lease"; "mining" for what follows hashprice and may stand idle;
            "" for what no future moves but its currency.
        contracted: Whether it is owed under a contract.
        unit: Unit of a memo row, e.g. "BTC", "GPU-h", "kW-month", "MWh"; "" for money.
    """

    group: Group
    line: str
    amounts: Floats
    site: str = ""
    country: str = ""
    currency: str = ""
    driver: str = ""
    contracted: bool = False
    unit: str = ""

    def __post_init__(self) -> None:
        if self.group not in GROUPS:
            raise InputError("group", self.group, f"must be one of {', '.join(GROUPS)}")
        if not np.isfinite(self.amounts).all():
            raise InputError("amounts", self.line, "must be finite")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CashTable:
    """All cash of a plan, month by month.

    Attributes:
        first: First day of the first month.
        months: Number of months, M.
        currency: Reporting currency.
        rows: The rows; all but memo rows together are what owners put in and take out.
    """

    first: date
    months: int
    currency: str
    rows: tuple[CashRow, ...]

    def __post_init__(self) -> None:
        if self.first.day != 1:
            raise InputError("first", self.first, "must be the first day of a month")
        for row in self.rows:
            if row.amounts.shape != (self.months,):
                rule = f"must have {self.months} months"
                raise InputError(f"rows.{row.line}", row.amounts.shape, rule)

    def select(
        self,
        *groups: str,
        site: str | None = None,
        country: str | None = None,
        contracted: bool | None = None,
    ) -> Iterator[CashRow]:
        """Yield rows of these groups, all but memo rows where none is named."""
        for row in self.rows:
            if (
                (row.group in groups if groups else row.group != "memo")
                and site in (None, row.site)
                and country in (None, row.country)
                and contracted in (None, row.contracted)
            ):
                yield row

    def total(
        self,
        *groups: str,
        site: str | None = None,
        country: str | None = None,
        contracted: bool | None = None,
    ) -> Floats:
        """Return the sum of these rows by month. Shape (M,)."""
        found = np.zeros(self.months)
        for row in self.select(*groups, site=site, country=country, contracted=contracted):
            found += row.amounts
        return found

    def month(self, index: int) -> date:
        """Return the first day of a month, counted from 0."""
        months = self.first.year * 12 + self.first.month - 1 + index
        return date(months // 12, months % 12 + 1, 1)

    @property
    def years(self) -> tuple[int, ...]:
        """The calendar years that it touches."""
        last = self.month(self.months - 1).year if self.months else self.first.year
        return tuple(range(self.first.year, last + 1))

    @property
    def year_of_month(self) -> Ints:
        """Calendar year of each month, from 0 for that of the first. Shape (M,)."""
        return (np.arange(self.months) + self.first.month - 1) // 12

    def by_year(self, amounts: Floats) -> Floats:
        """Return sums by calendar year. Shape (Y,).

        Args:
            amounts: By month. Shape (M,).
        """
        sums = np.bincount(self.year_of_month, weights=amounts, minlength=len(self.years))
        return sums.astype(np.float64)
