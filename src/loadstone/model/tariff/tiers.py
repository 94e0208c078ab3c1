# SPDX-License-Identifier: Apache-2.0
"""Prices that change with the energy of the month."""

from dataclasses import dataclass
from datetime import date
from math import inf, isinf
from typing import Literal

import numpy as np

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff.approximated import TieredTerm
from loadstone.model.tariff.calendar import WEEKDAYS, Window
from loadstone.model.tariff.energy import SUNDAY, check_cover, window_masks
from loadstone.model.tariff.entry import Prices, TariffEntry, check_at_least
from loadstone.model.tariff.load import Floats, Ints
from loadstone.model.tariff.rate_card import RateCard
from loadstone.model.tariff.terms import BlockTerm, EnergyTerm, Term, totals


@dataclass(frozen=True, slots=True, kw_only=True)
class TieredWindow:
    """Prices by tier in some local hours.

    Attributes:
        name: What the bill calls it.
        per_mwh: Price in each tier, currency/MWh.
        when: The hours; empty for all that the other windows leave.
    """

    name: str
    per_mwh: tuple[float, ...]
    when: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers(TariffEntry):
    """Prices by the energy of the month, in one window or several.

    Attributes:
        edges_mwh: Energy of a month at which each tier but the last ends, MWh, rising.
        windows: The prices; every quarter hour of every date is in exactly one.
        scope: What reaches the tiers. "month_total_prorated": the month's energy, each
            window holding its share of every tier. "per_period": the energy of each window
            by itself. "whole_bracket": the month's energy, and the tier that it reaches
            prices all of it.
        expected_mw: Mean power that a plan takes for granted where the price is not convex,
            MW; None for the last tier.
        holidays: Local dates that count as another day of the week.
        holidays_as: The day of the week they count as, Monday 0 to Sunday 6.
    """

    kind: Literal["tiers"] = "tiers"
    edges_mwh: tuple[float, ...]
    windows: tuple[TieredWindow, ...]
    scope: Literal["month_total_prorated", "per_period", "whole_bracket"]
    expected_mw: float | None = None
    holidays: tuple[date, ...] = ()
    holidays_as: int = SUNDAY

    def __post_init__(self) -> None:
        TariffEntry.__post_init__(self)
        if not self.edges_mwh or any(
            b <= a for a, b in zip((0.0, *self.edges_mwh), self.edges_mwh, strict=False)
        ):
            raise InputError("edges_mwh", self.edges_mwh, "must be above 0 and rise")
        for window in self.windows:
            if len(window.per_mwh) != len(self.edges_mwh) + 1:
                rule = "must have one price more than edges"
                raise InputError(f"windows.{window.name}.per_mwh", window.per_mwh, rule)
        check_cover(tuple((window.name, window.when) for window in self.windows))
        if self.expected_mw is not None:
            check_at_least("expected_mw", self.expected_mw)
        if self.holidays_as not in WEEKDAYS:
            raise InputError("holidays_as", self.holidays_as, "must be from 0 to 6")

    @property
    def rates_per_mwh(self) -> Floats:
        """Price of each window and tier, currency/MWh. Shape (W, K + 1)."""
        return np.array([window.per_mwh for window in self.windows], dtype=np.float64)

    @property
    def convex(self) -> bool:
        """Whether more energy never costs less, so that the planner can charge it exactly."""
        steps = np.diff(self.rates_per_mwh, axis=1)
        alike = self.scope == "per_period" or bool((steps == steps[0]).all())
        return self.scope != "whole_bracket" and alike and bool((steps >= 0).all())

    def rate_card(self, grid: TimeGrid, prices: Prices) -> RateCard:
        """Return blocks where more energy never costs less, else tiers."""
        on = self.in_force(grid)
        calendar = self.calendar(grid).with_holidays(self.holidays, self.holidays_as)
        masks = window_masks(tuple(window.when for window in self.windows), calendar)
        window = np.argmax(masks, axis=0).astype(np.int64)
        months = calendar.periods("month")
        part = totals(np.where(on, calendar.month_part, 0.0), months, int(months.max()) + 1)
        pools, pool_part = months, part
        if self.scope == "per_period":
            pools = months * len(self.windows) + window
            pool_part = np.repeat(part, len(self.windows))
        pools = np.where(on, pools, -1)
        edges_mwh = pool_part[:, None] * np.array(self.edges_mwh)
        terms = (
            self._blocks(pools, window, edges_mwh)
            if self.convex
            else self._tiers(pools, window, edges_mwh, grid.step_hours)
        )
        return self.card(grid, *terms, priced=on)

    def _blocks(self, pools: Ints, window: Ints, edges_mwh: Floats) -> tuple[Term, ...]:
        rates = self.rates_per_mwh
        first = [
            EnergyTerm(
                name=f"{self.label}, {priced.name}",
                per_mwh=np.where((pools >= 0) & (window == w), rates[w, 0], 0.0),
                on="residual",
            )
            for w, priced in enumerate(self.windows)
        ]
        steps = np.diff(rates, axis=1)
        repeats = len(edges_mwh) // len(steps) if self.scope == "per_period" else len(edges_mwh)
        adders = np.tile(steps if self.scope == "per_period" else steps[:1], (repeats, 1))
        block = BlockTerm(
            name=self.label, periods=pools, edges_mwh=edges_mwh, adders_per_mwh=adders
        )
        return (*first, block)

    def _tiers(
        self, pools: Ints, window: Ints, edges_mwh: Floats, step_hours: float
    ) -> tuple[Term, ...]:
        expected_mw = inf if self.expected_mw is None else self.expected_mw
        hours = totals(np.full(pools.size, step_hours), pools, len(edges_mwh))
        expected = np.full(hours.size, inf) if isinf(expected_mw) else expected_mw * hours
        return (
            TieredTerm(
                name=self.label,
                pools=pools,
                groups=window,
                edges_mwh=edges_mwh,
                rates_per_mwh=self.rates_per_mwh,
                whole_bracket=self.scope == "whole_bracket",
                expected_mwh=expected,
            ),
        )
