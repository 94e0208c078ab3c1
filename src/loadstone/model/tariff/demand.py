# SPDX-License-Identifier: Apache-2.0
"""Charges on the highest power: demand charges and coincident peaks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Literal

import numpy as np

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff.calendar import MONTHS, Calendar, Window, any_window
from loadstone.model.tariff.entry import Prices, TariffEntry, check_at_least, check_share
from loadstone.model.tariff.load import Floats, Ints
from loadstone.model.tariff.rate_card import RateCard
from loadstone.model.tariff.terms import EnergyTerm, PeakTerm, totals


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandCharge(TariffEntry):
    """A charge on the highest import of a month or a year, in all hours or in some.

    billed = max(actual, lookback_share x highest of the months looked back on, floor)

    The months looked back on are either named or the previous ones. On a planning year they
    wrap over the year end; in a bill they are the months of the grid and `earlier_mw`, none
    later than the month billed.

    Attributes:
        rates: Currency per MW, or MVA, of billed demand and month: one, or twelve by month.
            With `assessed` "year": one, for the whole year.
        per: Whether the rates are per MW or per MVA.
        power_factor: MW per MVA, above 0 to 1.
        assessed: Whether each month or each year has its own peak.
        when: Hours in which demand counts; empty for all.
        lookback_share: Share of an earlier peak that is billed, 0 to 1.
        lookback_months: Months looked back on, 1 to 12.
        lookback_previous: How many previous months are looked back on, 0 to 11.
        earlier_mw: Peaks measured before a bill's grid starts, by month "YYYY-MM", MW.
        contract_mw: Contracted demand, MW; None for the contracted power of the connection.
        floor_share: Share of the contracted demand that is billed at least, 0 to 1.
        excess_rate: Further currency per MW, or MVA, and month on demand above `contract_mw`.
    """

    kind: Literal["demand"] = "demand"
    rates: tuple[float, ...]
    per: Literal["MW", "MVA"] = "MW"
    power_factor: float = 1.0
    assessed: Literal["month", "year"] = "month"
    when: tuple[Window, ...] = ()
    lookback_share: float = 0.0
    lookback_months: tuple[int, ...] = ()
    lookback_previous: int = 0
    earlier_mw: Mapping[str, float] = field(default_factory=dict)
    contract_mw: float | None = None
    floor_share: float = 0.0
    excess_rate: float = 0.0

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        for rate in self.rates:
            check_at_least("rates", rate)
        if len(self.rates) not in ((1, 12) if self.assessed == "month" else (1,)):
            raise InputError("rates", self.rates, "must be one, or twelve by month")
        if not 0 < self.power_factor <= 1:
            raise InputError("power_factor", self.power_factor, "must be above 0, to 1")
        if self.per == "MW" and self.power_factor != 1:
            raise InputError("power_factor", self.power_factor, 'must come with per = "MVA"')
        check_share("floor_share", self.floor_share)
        check_at_least("excess_rate", self.excess_rate)
        if self.contract_mw is not None:
            check_at_least("contract_mw", self.contract_mw)
        elif self.excess_rate:
            raise InputError("excess_rate", self.excess_rate, "must come with contract_mw")
        self._check_lookback()

    def _check_lookback(self) -> None:
        check_share("lookback_share", self.lookback_share)
        if not set(self.lookback_months) <= set(MONTHS):
            raise InputError("lookback_months", self.lookback_months, "must be from 1 to 12")
        if not 0 <= self.lookback_previous < len(MONTHS):
            rule = "must be from 0 to 11"
            raise InputError("lookback_previous", self.lookback_previous, rule)
        chosen = bool(self.lookback_months) + bool(self.lookback_previous)
        if chosen != (self.lookback_share > 0) or (chosen and self.assessed == "year"):
            rule = "must come with lookback_months or lookback_previous, by the month"
            raise InputError("lookback_share", self.lookback_share, rule)
        for month, peak_mw in self.earlier_mw.items():
            _month_number(month)
            check_at_least(f"earlier_mw.{month}", peak_mw)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return a term with a peak for each month or year."""
        calendar = self.calendar(grid)
        on = self.in_force(grid)
        number = calendar.periods(self.assessed)
        months = calendar.first_months(self.assessed)
        scale = self._part(calendar, number, months.size, grid) / self.power_factor
        rates = np.array(self.rates)[months % 12 if len(self.rates) > 1 else months * 0]
        ratchet, looked_back_mw = self._lookback(months, circle=calendar.circle)
        floor_mw = self.floor_share * (self.contract_mw or 0.0)
        term = PeakTerm(
            name=self.label,
            periods=np.where(on & any_window(self.when, calendar), number, -1),
            per_mw=rates * scale,
            ratchet=ratchet,
            floor_mw=np.maximum(looked_back_mw, floor_mw),
            floor_share=self.floor_share if self.contract_mw is None else 0.0,
            contract_mw=inf if self.contract_mw is None else self.contract_mw,
            excess_per_mw=np.full(months.size, self.excess_rate) * scale,
        )
        return self.card(grid, term)

    def _part(self, calendar: Calendar, number: Ints, count: int, grid: TimeGrid) -> Floats:
        """Return the share of each period that is in force and on the grid. Shape (P,)."""
        part = totals(np.where(self.in_force(grid), calendar.month_part, 0.0), number, count)
        return part / 12 if self.assessed == "year" else part

    def _lookback(self, months: Ints, *, circle: bool) -> tuple[Floats, Floats]:
        """Return the ratchet, shape (P, P), and the earlier demand billed, shape (P,), MW."""
        age = months[:, None] - months[None, :]
        ratchet = self.lookback_share * self._looked_at(age % 12 if circle else age, months)
        known = {_month_number(month): mw for month, mw in self.earlier_mw.items()}
        if circle or not known:
            return ratchet, np.zeros(months.size)
        then = np.array([month for month in known if month < months[0]], dtype=np.int64)
        peaks_mw = np.array([known[int(month)] for month in then])
        counts = self._looked_at(months[:, None] - then[None, :], then)
        return ratchet, self.lookback_share * (counts * peaks_mw).max(axis=1, initial=0.0)

    def _looked_at(self, age: Ints, months: Ints) -> Floats:
        """Return 1 where a period looks back on a month of that age, else 0."""
        if self.lookback_previous:
            looked = (age >= 1) & (age <= self.lookback_previous)
        else:
            named = np.isin(months % 12 + 1, self.lookback_months)
            looked = (age >= 0) & (age < len(MONTHS)) & named[None, :]
        return looked.astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoincidentPeak(TariffEntry):
    """A charge on the site's power while the whole system peaks, e.g. ERCOT's 4CP.

    charge = per_mw x mean import over the system's peak intervals

    Which intervals those are is known only afterwards. A bill gives them in `actual`; a plan
    leaves it empty and spreads the charge evenly over the hours in which they are expected.
    The charge accrues in the year of the peaks, though it may be paid in the next.

    Attributes:
        per_mw: Charge for the whole year, currency/MW.
        expected: Hours in which the peaks are expected.
        share_inside: Share of the peaks expected to fall in those hours, 0 to 1.
        actual: Starts of the system's peak intervals, with their offset from UTC.
    """

    kind: Literal["coincident_peak"] = "coincident_peak"
    per_mw: float
    expected: tuple[Window, ...]
    share_inside: float = 1.0
    actual: tuple[datetime, ...] = ()

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_at_least("per_mw", self.per_mw)
        check_share("share_inside", self.share_inside)
        for start in self.actual:
            if start.utcoffset() is None:
                raise InputError("actual", start, "must have an offset from UTC")

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return a price on the import of the expected, or of the actual, intervals."""
        per_mwh = self._actual(grid) if self.actual else self._expected(grid)
        per_mwh = np.where(self.in_force(grid), self.per_mw * per_mwh, 0.0)
        return self.card(grid, EnergyTerm(name=self.label, per_mwh=per_mwh, on="import"))

    def _expected(self, grid: TimeGrid) -> Floats:
        """Return the part of the charge on each MWh, spread over the expected hours."""
        year = Calendar.of(TimeGrid.planning_year(grid.start.year), self.zone)
        hours = max(1, int(any_window(self.expected, year).sum()))
        inside = any_window(self.expected, self.calendar(grid))
        return np.where(inside, self.share_inside / hours, 0.0)

    def _actual(self, grid: TimeGrid) -> Floats:
        """Return the part of the charge on each MWh of the system's peak intervals."""
        weight = np.zeros(grid.count)
        starts = grid.utc()
        for start in self.actual:
            moment = np.datetime64((start - _offset(start)).replace(tzinfo=None), "s")
            place = int(np.searchsorted(starts, moment, side="right")) - 1
            if place >= 0 and moment < starts[place] + np.timedelta64(grid.step_minutes, "m"):
                weight[place] += 1 / len(self.actual)
        return weight / grid.step_hours


def _offset(moment: datetime) -> timedelta:
    return moment.utcoffset() or timedelta(0)


def _month_number(month: str) -> int:
    """Return a month "YYYY-MM", counted from January 1970."""
    try:
        return int(np.datetime64(month, "M").astype(np.int64))
    except ValueError as error:
        raise InputError("earlier_mw", month, 'must be a month as "YYYY-MM"') from error
