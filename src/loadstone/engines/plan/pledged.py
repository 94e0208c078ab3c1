# SPDX-License-Identifier: Apache-2.0
"""What a site-year earned with flexibility, counted as the objective counts it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.lowered_site import Pledge
from loadstone.engines.plan.problem import Block, Problem

Floats = NDArray[np.float64]

SAME_PRICE = 1e-6  # currency/MWh


class PledgedYear:
    """Counts pledges in a year of a block; what is paid by the year is in the site's lines."""

    def __init__(
        self, problem: Problem, block: Block, columns: Floats, power: Mapping[str, Floats]
    ) -> None:
        """Take the hours of a block.

        Args:
            problem: The problem.
            block: The block.
            columns: The columns of the solution. Shape (C,).
            power: Power of each segment by name, MW. Shapes (T,).
        """
        self.problem, self.block, self.power = problem, block, power
        self.capacities = columns[block.columns]

    def earned(self, pledge: Pledge) -> float:
        """Return what a product pays for energy, less what is beyond its hours, before tax."""
        by_energy = sum(
            float((self.power[name] * worth).sum()) for name, worth in pledge.per_mwh.items()
        )
        return by_energy - pledge.pay * self._beyond(pledge)

    def not_drawn(self, pledges: list[Pledge]) -> float:
        """Return the energy that could be drawn in windows of curtailment and was not, MWh."""
        windows: dict[str, Floats] = {}
        for pledge in pledges:
            if pledge.line == "curtailment":
                for name in pledge.per_mwh:
                    windows[name] = np.maximum(windows.get(name, 0.0), pledge.window)
        return sum(float((self._still(name) * w).sum()) for name, w in windows.items())

    def idle(
        self, pledge: Pledge, pledges: list[Pledge], kept: float, worth: Floats
    ) -> tuple[float, float]:
        """Return the energy that is paid as not drawn, and what of it nobody would have drawn.

        The second is a bound: an hour in which mining alone is not worth its power counts, and
        hours with such energy may be those that are called. In MWh.

        Args:
            pledge: A product.
            pledges: All of this year.
            kept: Share of revenue that tax leaves.
            worth: Worth of a MWh at the bus, as the objective counts it. Shape (T,).
        """
        if not pledge.pay:
            return 0.0, 0.0
        still = idle = 0.0
        for name in pledge.per_mwh:
            segment = next(s for s in self.block.segments if s.name == name)
            extra = [one.per_mwh[name] for one in pledges if name in one.per_mwh]
            alone = self.problem.profile(segment.value) - kept * np.sum(extra, axis=0)
            lost = self._still(name) * pledge.window
            still += float(lost.sum())
            idle += float(lost[alone < worth - SAME_PRICE].sum())
        paid = still - self._beyond(pledge)
        return paid, min(idle, paid)

    def _still(self, name: str) -> Floats:
        """Return what a segment could draw and does not, MW. Shape (T,)."""
        segment = next(s for s in self.block.segments if s.name == name)
        could = self.problem.profile(segment.width) * self.capacities[segment.capacity]
        return np.asarray(could - self.power[name])

    def _beyond(self, pledge: Pledge) -> float:
        """Return the energy beyond the hours that are paid, MWh."""
        for account in self.block.accounts:
            if account.name == pledge.account:
                drawn = sum(
                    float((self.power[name] * pledge.window).sum()) for name in pledge.per_mwh
                )
                limit = account.per_unit * float(self.capacities[account.limit])
                return max(0.0, -drawn - limit)
        return 0.0
