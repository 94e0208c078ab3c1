# SPDX-License-Identifier: Apache-2.0
"""Charges beside the energy: fixed, minimum, capacity and network charges, and losses."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from loadstone.model.grid import TimeGrid
from loadstone.model.tariff.approximated import MinimumTerm
from loadstone.model.tariff.calendar import Window, any_window
from loadstone.model.tariff.energy import check_loss
from loadstone.model.tariff.entry import Prices, TariffEntry, check_at_least
from loadstone.model.tariff.load import Floats
from loadstone.model.tariff.rate_card import RateCard
from loadstone.model.tariff.terms import ConnectionTerm, EnergyTerm, FixedTerm, totals


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedCharge(TariffEntry):
    """An amount by the month, whatever the load.

    Attributes:
        per_month: Amount, currency.
    """

    kind: Literal["fixed"] = "fixed"
    per_month: float

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_at_least("per_month", self.per_month)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the amount, spread over each month."""
        per_interval = self.per_month * month_part(self, grid)
        return self.card(grid, FixedTerm(name=self.label, per_interval=per_interval))


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityCharge(TariffEntry):
    """An amount by the month on the contracted power of the connection, used or not.

    Attributes:
        per_mw_month: Amount, currency/MW.
    """

    kind: Literal["capacity"] = "capacity"
    per_mw_month: float

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_at_least("per_mw_month", self.per_mw_month)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the amount, spread over each month."""
        per_interval = self.per_mw_month * month_part(self, grid)
        return self.card(grid, ConnectionTerm(name=self.label, per_mw_interval=per_interval))


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkCharge(TariffEntry):
    """A price on all energy drawn through the connection, whoever sold it.

    Attributes:
        per_mwh: Price, currency/MWh.
        when: Hours in which it is due; empty for all.
    """

    kind: Literal["network"] = "network"
    per_mwh: float
    when: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_at_least("per_mwh", self.per_mwh)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the price in the hours in which it is due."""
        due = self.in_force(grid) & any_window(self.when, self.calendar(grid))
        per_mwh = np.where(due, self.per_mwh, 0.0)
        return self.card(grid, EnergyTerm(name=self.label, per_mwh=per_mwh, on="import"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumCharge(TariffEntry):
    """A least amount for the supplier's bill of each month.

    Attributes:
        per_month: Least amount, currency.
    """

    kind: Literal["minimum"] = "minimum"
    per_month: float

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_at_least("per_month", self.per_month)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the least amount; `RateCard.joined` lays it over the other charges."""
        months = self.calendar(grid).periods("month")
        part = totals(month_part(self, grid), months, int(months.max()) + 1)
        term = MinimumTerm(
            name=self.label,
            periods=np.where(self.in_force(grid), months, -1),
            minimum=self.per_month * part,
        )
        return self.card(grid, term)


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses(TariffEntry):
    """Energy lost between the point where it is bought and the meter.

    The prices of the grid's energy apply to the metered energy / (1 - share). It lies on
    every energy price, tier and network charge of the site, not on demand or levies; a
    power contract states its own losses.

    Attributes:
        share: Share lost, 0 to below 1.
    """

    kind: Literal["losses"] = "losses"
    share: float

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_loss("share", self.share)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return a card without a term, whose loss `RateCard.joined` lays on the others."""
        lost = np.where(self.in_force(grid), self.share, 0.0)
        return self.card(grid, loss_share=lost)


def month_part(entry: TariffEntry, grid: TimeGrid) -> Floats:
    """Return the share of its month that each interval in force is. Shape (T,)."""
    return np.where(entry.in_force(grid), entry.calendar(grid).month_part, 0.0)
