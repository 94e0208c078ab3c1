# SPDX-License-Identifier: Apache-2.0
"""What a site-year earned with flexibility, counted as the objective counts it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.lowered_site import Pledge
from loadstone.engines.plan.problem import Block, Problem

Floats = NDArray[np.float64]


class PledgedYear:
    """Counts pledges in one year of a block; the site has lines for what is paid by the year."""

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
        return sum(
            float(((self._could(name) - self.power[name]) * window).sum())
            for name, window in windows.items()
        )

    def _could(self, name: str) -> Floats:
        """Return what a segment could draw, MW. Shape (T,)."""
        segment = next(s for s in self.block.segments if s.name == name)
        return self.problem.profile(segment.width) * float(self.capacities[segment.capacity])

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
