# SPDX-License-Identifier: Apache-2.0
"""How cash is counted: inflation, payment terms and what moves money in time."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Literal

from loadstone.model.bounds import at_least_zero
from loadstone.model.errors import InputError

LEAST_RATE, MOST_RATE = -0.5, 10.0  # a year; beyond it no plan can be told in that money
MONTHS = 12
MOST_DAYS, MOST_MONTHS = 730.0, 120.0
PAID_LATER = ("revenue", "flexibility", "energy", "direct", "levies")
"""Groups of cash that are invoiced and paid later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inflation:
    """How fast a currency loses its worth.

    Attributes:
        value: Rate a year, e.g. 0.025.
        source: Who says so.
        date: When it was said.
    """

    value: float
    source: str
    date: datetime.date

    def __post_init__(self) -> None:
        _rate("value", self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class CashTerms:
    """What `[cash]` of deals.toml says. What is not said is not counted.

    Attributes:
        inflation: By currency. A currency without one follows the reporting currency; without
            that there is none at all. Exchange rates follow the difference.
        escalation: Growth a year of what a line pays or costs in its own money, by line (e.g.
            "lease:tenant-a") or group, in place of the inflation of its currency.
        paid_after_days: Days from a month's end, on average, until it is paid, by group of
            cash: "revenue", "flexibility", "energy", "direct", "levies".
        vat_refund_months: Months until value-added tax comes back, by country, in place of the
            country's fact.
        trapped_months: Months that cash waits before it may leave, by country, in place of the
            country's fact.
        sold_with_vat: Share of a line's revenue ("ai", "lease", "lease power", "hosting",
            "export", "mining") that is sold at home, with value-added tax on top.
        dividend_months: Months between the days on which cash may leave a country.
        interest_abroad: Share of interest that is paid across a border, 0 to 1.
        end_value: Share of what is left of an asset that it brings at the horizon, by kind of
            asset ("miner", "ai_hall_liquid"), "" for all others; empty for nothing.
        end_basis: What is left: "book", the price not yet written off in equal parts, or
            "owed", what the planner's annuities have still to pay in the money of that day.
        end_cost: Cost of removal at the horizon over the price, by kind of asset, "" for all
            others, beside what the plan sets aside for it.
        start: First month that is counted; None takes the month of the decision.
    """

    inflation: Mapping[str, Inflation] = field(default_factory=dict, hash=False)
    escalation: Mapping[str, float] = field(default_factory=dict, hash=False)
    paid_after_days: Mapping[str, float] = field(default_factory=dict, hash=False)
    vat_refund_months: Mapping[str, float] = field(default_factory=dict, hash=False)
    trapped_months: Mapping[str, float] = field(default_factory=dict, hash=False)
    sold_with_vat: Mapping[str, float] = field(default_factory=dict, hash=False)
    dividend_months: int = 1
    interest_abroad: float = 0.0
    end_value: Mapping[str, float] = field(default_factory=dict, hash=False)
    end_basis: Literal["book", "owed"] = "book"
    end_cost: Mapping[str, float] = field(default_factory=dict, hash=False)
    start: datetime.date | None = None

    def __post_init__(self) -> None:
        for line, rate in self.escalation.items():
            _rate(f"escalation.{line}", rate)
        for group, days in self.paid_after_days.items():
            if group not in PAID_LATER:
                rule = f"must be one of {', '.join(PAID_LATER)}"
                raise InputError("paid_after_days", group, rule)
            _within(f"paid_after_days.{group}", days, MOST_DAYS)
        for name in ("vat_refund_months", "trapped_months"):
            for code, months in getattr(self, name).items():
                _within(f"{name}.{code}", months, MOST_MONTHS)
        for name in ("sold_with_vat", "end_value", "end_cost"):
            for key, share in getattr(self, name).items():
                _within(f"{name}.{key}", share, 1)
        if not 1 <= self.dividend_months <= MOST_MONTHS:
            rule = f"must be from 1 to {MOST_MONTHS:g}"
            raise InputError("dividend_months", self.dividend_months, rule)
        at_least_zero(self, "interest_abroad")
        _within("interest_abroad", self.interest_abroad, 1)
        if self.start is not None and self.start.day != 1:
            raise InputError("start", str(self.start), "must be the first day of a month")

    def inflation_of(self, currency: str, reporting: str) -> float:
        """Return the inflation of a currency a year; of the reporting one where unstated."""
        stated = self.inflation.get(currency) or self.inflation.get(reporting)
        return stated.value if stated else 0.0

    def nominal_rate(self, real: float, reporting: str) -> float:
        """Return the nominal rate a year of a real one, in the reporting currency."""
        return (1 + real) * (1 + self.inflation_of(reporting, reporting)) - 1

    def growth_of(self, group: str, line: str) -> float | None:
        """Return the escalation that is stated for a line, None where it follows inflation."""
        for key in (line, line.partition(":")[0], group):
            if key in self.escalation:
                return self.escalation[key]
        return None


def _rate(name: str, value: float) -> None:
    if not LEAST_RATE < value < MOST_RATE:
        rule = f"must be a rate a year from {LEAST_RATE:g} to {MOST_RATE:g}"
        raise InputError(name, value, rule)


def _within(name: str, value: float, most: float) -> None:
    if not 0 <= value <= most or value == inf:
        raise InputError(name, value, f"must be from 0 to {most:g}")
