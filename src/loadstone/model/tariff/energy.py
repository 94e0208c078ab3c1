# SPDX-License-Identifier: Apache-2.0
"""Where energy comes from and what it costs: prices of the grid, contracts, generators."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff.calendar import (
    WEEKDAYS,
    Calendar,
    Period,
    Window,
    any_window,
    every_quarter_hour,
)
from loadstone.model.tariff.entry import Prices, TariffEntry, check_at_least, check_share
from loadstone.model.tariff.load import Bools
from loadstone.model.tariff.rate_card import RateCard
from loadstone.model.tariff.terms import (
    EnergyTerm,
    OwnGenerationTerm,
    TakeOrPayTerm,
    totals,
)

SUNDAY = WEEKDAYS[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatPrice(TariffEntry):
    """One price for all energy.

    Attributes:
        per_mwh: Price, currency/MWh.
    """

    kind: Literal["flat"] = "flat"
    per_mwh: float

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the price in every interval in force."""
        on = self.in_force(grid)
        per_mwh = np.where(on, self.per_mwh, 0.0)
        return self.card(
            grid, EnergyTerm(name=self.label, per_mwh=per_mwh, on="residual"), priced=on
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotPrice(TariffEntry):
    """The market price passed through: multiplier x price + adder.

    Attributes:
        series: Name of the price series.
        multiplier: What the price is multiplied by, e.g. 1.02 for a margin of 2 %.
        adder_per_mwh: What is added to it, currency/MWh.
    """

    kind: Literal["spot"] = "spot"
    series: str
    multiplier: float = 1.0
    adder_per_mwh: float = 0.0

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_at_least("multiplier", self.multiplier)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the market price and the adder, each as a term."""
        on = self.in_force(grid)
        market = np.where(on, self.multiplier * self.market(self.series, grid, prices), 0.0)
        adder = np.where(on, self.adder_per_mwh, 0.0)
        return self.card(
            grid,
            EnergyTerm(name=self.label, per_mwh=market, on="residual"),
            EnergyTerm(name=f"{self.label}, adder", per_mwh=adder, on="residual"),
            priced=on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPrice(TariffEntry):
    """What the grid pays for energy fed in: multiplier x price of a series, or one price.

    Attributes:
        series: Name of the price series; empty for none.
        multiplier: What the price of the series is multiplied by.
        per_mwh: What is paid besides, currency/MWh.
    """

    kind: Literal["export"] = "export"
    series: str = ""
    multiplier: float = 1.0
    per_mwh: float = 0.0

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the payment as a negative price on the export."""
        paid = np.full(grid.count, self.per_mwh)
        if self.series:
            paid = paid + self.multiplier * self.market(self.series, grid, prices)
        per_mwh = np.where(self.in_force(grid), -paid, 0.0)
        return self.card(grid, EnergyTerm(name=self.label, per_mwh=per_mwh, on="export"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedWindow:
    """A price in some local hours.

    Attributes:
        name: What the bill calls it, e.g. "peak".
        per_mwh: Price, currency/MWh.
        when: The hours; empty for all that the other windows leave.
    """

    name: str
    per_mwh: float
    when: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOfUse(TariffEntry):
    """Prices by local season, day of the week and hour.

    Attributes:
        windows: The prices; every quarter hour of every date has exactly one.
        holidays: Local dates that count as another day of the week.
        holidays_as: The day of the week they count as, Monday 0 to Sunday 6.
    """

    kind: Literal["time_of_use"] = "time_of_use"
    windows: tuple[PricedWindow, ...]
    holidays: tuple[date, ...] = ()
    holidays_as: int = SUNDAY

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_cover(tuple((window.name, window.when) for window in self.windows))
        if self.holidays_as not in WEEKDAYS:
            raise InputError("holidays_as", self.holidays_as, "must be from 0 to 6")

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return a term for each window."""
        on = self.in_force(grid)
        calendar = self.calendar(grid).with_holidays(self.holidays, self.holidays_as)
        masks = window_masks(tuple(window.when for window in self.windows), calendar)
        terms = [
            EnergyTerm(
                name=f"{self.label}, {window.name}",
                per_mwh=np.where(on & mask, window.per_mwh, 0.0),
                on="residual",
            )
            for window, mask in zip(self.windows, masks, strict=True)
        ]
        return self.card(grid, *terms, priced=on)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOrPay(TariffEntry):
    """A power contract: what is not taken of a least energy is paid for all the same.

    Attributes:
        limit_mw: Most it delivers, MW.
        per_mwh: Price, currency/MWh.
        minimum_share: Least share of `limit_mw` over all hours that is taken or paid, 0 to 1.
        shortfall_share: Share of the price that is paid for what is not taken, at least 0.
        settled: Time over which more at one hour makes up for less at another: "month",
            "year", or "grid" for all years of a phase.
        loss_share: Share lost between the seller and the meter, 0 to below 1.
    """

    kind: Literal["take_or_pay"] = "take_or_pay"
    limit_mw: float
    per_mwh: float
    minimum_share: float
    shortfall_share: float = 1.0
    settled: Period = "year"
    loss_share: float = 0.0

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        for name in ("limit_mw", "per_mwh", "shortfall_share"):
            check_at_least(name, getattr(self, name))
        check_share("minimum_share", self.minimum_share)
        check_loss("loss_share", self.loss_share)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the contract as a source of its own, seen from the meter."""
        kept = 1 - self.loss_share
        on = self.in_force(grid)
        limit_mw = np.where(on, self.limit_mw * kept, 0.0)
        periods = self.calendar(grid).periods(self.settled)
        offered_mwh = totals(limit_mw * grid.step_hours, periods, int(periods.max()) + 1)
        term = TakeOrPayTerm(
            name=self.label,
            limit_mw=limit_mw,
            per_mwh=np.full(grid.count, self.per_mwh / kept),
            periods=periods,
            minimum_mwh=self.minimum_share * offered_mwh,
            shortfall_per_mwh=np.full(
                offered_mwh.size, self.shortfall_share * self.per_mwh / kept
            ),
        )
        return self.card(grid, term)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnGeneration(TariffEntry):
    """A generator behind the meter that can run at will.

    Attributes:
        limit_mw: Most it generates, MW.
        per_mwh: Variable cost, currency/MWh.
        firm: Whether AI may count on it, as on a firm connection.
    """

    kind: Literal["own_generation"] = "own_generation"
    limit_mw: float
    per_mwh: float
    firm: bool = False

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_at_least("limit_mw", self.limit_mw)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the generator as a source of its own."""
        return self.card(
            grid,
            OwnGenerationTerm(
                name=self.label,
                limit_mw=np.where(self.in_force(grid), self.limit_mw, 0.0),
                per_mwh=np.full(grid.count, self.per_mwh),
                firm=self.firm,
            ),
        )


def check_loss(field_name: str, value: float) -> None:
    """Refuse a loss outside 0 to below 1."""
    if not 0 <= value < 1:
        raise InputError(field_name, value, "must be from 0 to below 1")


def window_masks(whens: tuple[tuple[Window, ...], ...], calendar: Calendar) -> list[Bools]:
    """Return the intervals of each choice of hours; an empty one takes what is left."""
    named = [any_window(when, calendar) for when in whens if when]
    left: Bools = ~np.any(named, axis=0) if named else np.ones(calendar.day.size, np.bool_)
    return [any_window(when, calendar) if when else left for when in whens]


def check_cover(windows: tuple[tuple[str, tuple[Window, ...]], ...]) -> None:
    """Refuse windows that leave a quarter hour out or share one.

    Args:
        windows: Name and hours of each.

    Raises:
        InputError: Says which windows, and the first quarter hour.
    """
    calendar = every_quarter_hour()
    masks = window_masks(tuple(when for _, when in windows), calendar)
    count = np.sum(masks, axis=0, dtype=np.int64) if masks else np.zeros(calendar.day.size)
    wrong = np.flatnonzero(count != 1)
    if not wrong.size:
        return
    first = wrong[0]
    hour, minute = divmod(int(calendar.minute[first]), 60)
    day = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    month = int(calendar.month[first])
    at = f"{day[int(calendar.weekday[first])]} {hour:02d}:{minute:02d} in month {month}"
    both = [name for (name, _), mask in zip(windows, masks, strict=True) if mask[first]]
    rule = "must cover every quarter hour once: "
    rule += f"{' and '.join(both)} overlap on {at}" if both else f"none covers {at}"
    raise InputError("windows", [name for name, _ in windows], rule)
