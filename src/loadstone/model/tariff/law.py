# SPDX-License-Identifier: Apache-2.0
"""What a law lays on electricity by its use: levies and prohibitions."""

from dataclasses import dataclass
from math import nan
from typing import Literal

import numpy as np

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff.approximated import AverageBandTerm, ShareOfCostTerm
from loadstone.model.tariff.calendar import Period, Window, any_window
from loadstone.model.tariff.entry import Prices, TariffEntry, check_at_least
from loadstone.model.tariff.load import Use
from loadstone.model.tariff.rate_card import RateCard
from loadstone.model.tariff.terms import EnergyTerm, ProhibitionTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatLevy(TariffEntry):
    """One levy on every MWh of a use.

    Attributes:
        use: The use that is levied.
        per_mwh: Levy, currency/MWh.
    """

    kind: Literal["flat_levy"] = "flat_levy"
    use: Use
    per_mwh: float

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_at_least("per_mwh", self.per_mwh)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the levy as a price on the use."""
        per_mwh = np.where(self.in_force(grid), self.per_mwh, 0.0)
        return self.card(grid, EnergyTerm(name=self.label, per_mwh=per_mwh, on=self.use))


@dataclass(frozen=True, slots=True, kw_only=True)
class BandedLevy(TariffEntry):
    """A levy on every MWh of a use, set by the average price of electricity in a period.

    Attributes:
        use: The use that is levied.
        edges_per_mwh: Average price at which each band but the first starts, currency/MWh.
        rates_per_mwh: Levy in each band, currency/MWh: one more than edges.
        assessed: Period over which the average is taken.
        expected_per_mwh: Average price that a plan takes for granted, currency/MWh; None
            for the mean price of the site's first source.
    """

    kind: Literal["banded_levy"] = "banded_levy"
    use: Use
    edges_per_mwh: tuple[float, ...]
    rates_per_mwh: tuple[float, ...]
    assessed: Period = "quarter"
    expected_per_mwh: float | None = None

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        for rate in self.rates_per_mwh:
            check_at_least("rates_per_mwh", rate)
        if any(
            b <= a for a, b in zip(self.edges_per_mwh, self.edges_per_mwh[1:], strict=False)
        ):
            raise InputError("edges_per_mwh", self.edges_per_mwh, "must rise")
        if len(self.rates_per_mwh) != len(self.edges_per_mwh) + 1:
            rule = "must have one rate more than edges"
            raise InputError("rates_per_mwh", self.rates_per_mwh, rule)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the bands; `RateCard.joined` adds the cost that the average is of."""
        periods = self.calendar(grid).periods(self.assessed)
        term = AverageBandTerm(
            name=self.label,
            use=self.use,
            periods=np.where(self.in_force(grid), periods, -1),
            edges_per_mwh=np.array(self.edges_per_mwh, dtype=np.float64),
            rates_per_mwh=np.array(self.rates_per_mwh, dtype=np.float64),
            expected_per_mwh=nan if self.expected_per_mwh is None else self.expected_per_mwh,
        )
        return self.card(grid, term)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostShareLevy(TariffEntry):
    """A levy that is a share of the cost of the electricity of a use.

    Attributes:
        use: The use that is levied.
        share: Share of the cost, at least 0.
    """

    kind: Literal["cost_share_levy"] = "cost_share_levy"
    use: Use
    share: float

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        check_at_least("share", self.share)

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the share; `RateCard.joined` adds the cost that it is of."""
        share = np.where(self.in_force(grid), self.share, 0.0)
        return self.card(grid, ShareOfCostTerm(name=self.label, use=self.use, share=share))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prohibition(TariffEntry):
    """Local hours and dates in which a use is forbidden. Its source must be named.

    Attributes:
        use: The use that is forbidden; "all_use" forbids every use.
        when: Hours, seasons and months; empty for always.
    """

    kind: Literal["prohibition"] = "prohibition"
    use: Use
    when: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        if not self.source:
            raise InputError("source", self.source, "must say where the rule stands")

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return the intervals in which the use must draw nothing."""
        mask = self.in_force(grid) & any_window(self.when, self.calendar(grid))
        term = ProhibitionTerm(name=self.label, use=self.use, mask=mask, source=self.source)
        return self.card(grid, term)
