# SPDX-License-Identifier: Apache-2.0
"""Loans that a network takes: what they finance, how they are sized and paid."""

from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Literal

from loadstone.model.bounds import at_least_zero, plain_name
from loadstone.model.eligibility import COUNTRY
from loadstone.model.errors import InputError

DebtKind = Literal["term", "machine"]
Repayment = Literal["sculpted", "level"]
MONTHS = 12
SHARES = ("gearing", "ltv", "upfront_fee", "commitment_fee", "downside_share", "sweep_share")
LARGEST_RATE = 1.0  # a year
MOST_COVER = 100.0
LONGEST = 50.0  # years


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """One loan: a row of `[[debts]]` in deals.toml. Rows are in the order of their rank.

    A term loan pays for what is built in its scope, from `starts` on, and is carried by
    contracted cash. A machine loan pays for machines, each lot for itself, as they are bought.
    The amount is the least of all that is stated: a limit that is not stated is none.

    Attributes:
        id: Its name in results.
        kind: "term" or "machine".
        scope: "portfolio", "country:BR" or "site:araguari".
        use: Machines that a machine loan pays for, "mining" or "ai"; "" for both.
        lender: Who lends.
        lender_country: ISO 3166-1 code of the lender; "" for one in the country that pays.
        currency: ISO 4217; it is drawn and paid back in it.
        rate: Nominal interest a year, paid monthly: a twelfth of it on the balance.
        starts: First day of the month from which it can be drawn.
        draw_years: Years in which it can be drawn.
        grace_years: Years after the last day of drawing without repayment; of each lot, for a
            machine loan.
        tenor_years: Years from `starts` to the last payment; from its purchase, of each lot of
            a machine loan.
        repayment: "sculpted" to contracted cash (term loans), or "level": the same every month.
        amount: Most that is lent, in its currency; None for any.
        gearing: Most it may be of the cost of what it finances, interest and fees until the
            last drawing included, 0 to 1.
        dscr: Least contracted cash of a year over its service, by which it is sized.
        ltv: Most it may be of the price of machines, 0 to 1.
        upfront_fee: Share of the amount that is paid on the first day.
        commitment_fee: Share a year of what is promised and not yet drawn.
        reserve_months: Months of service that a reserve account holds.
        refresh_reserve_months: Months over which a reserve account saves for each purchase of
            machines that replace others.
        lockup_dscr: Cover of a year below which owners are paid nothing until it is back.
        default_dscr: Cover of a year below which the covenant is broken.
        downside_share: Part of the cash beyond contracts that comes in in the lender's downside
            case, 0 to 1; 0 for contracts alone.
        sweep_share: Share of a year's cash after service that repays it early, 0 to 1.
        source: Who says so.
    """

    id: str
    kind: DebtKind
    scope: str = "portfolio"
    use: Literal["", "mining", "ai"] = ""
    lender: str = ""
    lender_country: str = ""
    currency: str
    rate: float
    starts: date
    draw_years: float
    grace_years: float = 0.0
    tenor_years: float
    repayment: Repayment = "level"
    amount: float | None = None
    gearing: float | None = None
    dscr: float | None = None
    ltv: float | None = None
    upfront_fee: float = 0.0
    commitment_fee: float = 0.0
    reserve_months: int = 0
    refresh_reserve_months: int = 0
    lockup_dscr: float | None = None
    default_dscr: float | None = None
    downside_share: float = 0.0
    sweep_share: float = 0.0
    source: str

    def __post_init__(self) -> None:
        plain_name(self, "id")
        names = ("rate", "draw_years", "grace_years", "tenor_years", "amount", *SHARES)
        at_least_zero(self, *names, "reserve_months", "refresh_reserve_months")
        self._check_scope()
        self._check_shares()
        self._check_times()
        self._check_limits()
        self._check_covers()

    def _check_scope(self) -> None:
        kind, _, name = self.scope.partition(":")
        if self.scope != "portfolio" and not (kind in {"country", "site"} and name):
            rule = 'must be "portfolio", "country:" with a code, or "site:" with an id'
            raise InputError("scope", self.scope, rule)
        if self.lender_country and not COUNTRY.fullmatch(self.lender_country):
            rule = "must be an ISO 3166-1 code of two letters"
            raise InputError("lender_country", self.lender_country, rule)
        if self.use and self.kind != "machine":
            raise InputError("use", self.use, "must be given for machine loans only")

    def _check_shares(self) -> None:
        if self.rate > LARGEST_RATE:
            rule = f"must be a rate a year, at most {LARGEST_RATE:g}"
            raise InputError("rate", self.rate, rule)
        for name in SHARES:
            share = getattr(self, name)
            if share is not None and share > 1:
                above = ": no debt is above its cost" if name in ("gearing", "ltv") else ""
                raise InputError(name, share, f"must be from 0 to 1{above}")

    def _check_times(self) -> None:
        if self.starts.day != 1:
            raise InputError("starts", str(self.starts), "must be the first day of a month")
        for name in ("draw_years", "grace_years", "tenor_years"):
            months = getattr(self, name) * MONTHS
            if abs(months - round(months)) > 1e-6 or months > LONGEST * MONTHS:
                rule = f"must be whole months of at most {LONGEST:g} years, such as 0.5"
                raise InputError(name, getattr(self, name), rule)
        for name in ("reserve_months", "refresh_reserve_months"):
            if getattr(self, name) > LONGEST * MONTHS:
                rule = f"must be at most {LONGEST * MONTHS:g}"
                raise InputError(name, getattr(self, name), rule)
        if not self.draw_years:
            raise InputError("draw_years", self.draw_years, "must be above 0")
        waits = self.grace_years + (self.draw_years if self.kind == "term" else 0.0)
        if self.tenor_years <= waits:
            rule = f"must end after drawing and grace, {waits:g} years"
            raise InputError("tenor_years", self.tenor_years, rule)

    def _check_limits(self) -> None:
        term = self.kind == "term"
        limits = ("gearing", "dscr", "amount") if term else ("ltv",)
        for name in ("ltv",) if term else ("gearing", "dscr"):
            if getattr(self, name) is not None:
                rule = f"must not be given for a {self.kind} loan"
                raise InputError(name, getattr(self, name), rule)
        if all(getattr(self, name) is None for name in limits):
            rule = "must be given: something must limit the loan"
            raise InputError(limits[0], None, rule)
        if self.repayment == "sculpted" and self.dscr is None:
            raise InputError("dscr", None, "must be given with sculpted repayment")

    def _check_covers(self) -> None:
        for name in ("dscr", "lockup_dscr", "default_dscr"):
            cover = getattr(self, name)
            if cover is not None and not 1 <= cover <= MOST_COVER:
                raise InputError(name, cover, f"must be from 1 to {MOST_COVER:g}")
        names = ("default_dscr", "lockup_dscr", "dscr")
        for below, above in combinations(names, 2):
            low, high = getattr(self, below), getattr(self, above)
            if low is not None and high is not None and low > high:
                raise InputError(below, low, f"must not be above {above} {high:g}")

    @property
    def draw_months(self) -> int:
        """Months in which it can be drawn."""
        return round(self.draw_years * MONTHS)

    @property
    def grace_months(self) -> int:
        """Months without repayment after that."""
        return round(self.grace_years * MONTHS)

    @property
    def tenor_months(self) -> int:
        """Months to the last payment."""
        return round(self.tenor_years * MONTHS)
