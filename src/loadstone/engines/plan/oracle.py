# SPDX-License-Identifier: Apache-2.0
"""The site oracle: the exact value of one block's year, and a bound that holds everywhere.

`Oracle.evaluate` is a function of its arguments: workspaces are reused, nothing is remembered.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.mixing import Limits, Mix, search_prices
from loadstone.engines.plan.problem import Problem
from loadstone.engines.plan.site_year import SiteYears, Year
from loadstone.engines.plan.solution import BlockDispatch, Cut

Floats = NDArray[np.float64]

LEAST_BATTERY = 1e-5  # of the largest other capacity: prices a battery that does not exist yet
LONGEST_BATTERY_H = 1000.0  # with less power for its energy, power is lifted for a price
AMISS = 1e-6  # of the store's size, at least 1 MWh: a cycle that closes but for this is closed
SAME_VALUE = 1e-10  # share of a value: closer is the same


@dataclass(frozen=True, slots=True, eq=False)
class Valuation:
    """What the oracle says of a block at capacities x.

    Attributes:
        value: A dispatch reaches it: F(x) is at least this, currency a year.
        ok: Whether that dispatch is feasible: the store ends the year as it began.
        shortage: Energy missing in that dispatch, MWh.
        slope: Bounds of the parts of the year: F(z) <= sum over parts of slope . z for every
            z of at least 0, with the energy stored as a part begins and as it ends behind the
            capacities, where there is more than one part. Shape (M, K) or (M, K + 2).
        mu: Prices of the accounts that prove it. Shape (A,).
        mix: The account prices whose years, mixed, are that dispatch; None without accounts.
        calm: Where energy is missing, a second bound that holds as well: it says how much more
            capacity is enough, where the first says how bad it is.
    """

    value: float
    ok: bool
    shortage: float
    slope: Floats
    mu: Floats
    mix: Mix | None = None
    calm: Floats | None = None


class Oracle:
    """Values blocks of a problem. Threads may share it."""

    def __init__(self, problem: Problem, *, parts: int = 1) -> None:
        """Prepare the blocks.

        Args:
            problem: What is planned.
            parts: Parts of the year that get a bound of their own, where a block has no
                account, whose price holds the year together.
        """
        self.problem, self._parts = problem, parts
        self.starts = tuple(
            np.arange(1 if block.accounts else parts) * problem.hours // parts
            for block in problem.blocks
        )
        self._years = SiteYears(problem, self.starts)

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process as the problem: its workspaces are made there."""
        return partial(Oracle, parts=self._parts), (self.problem,)

    def _lifted(self, b: int, x: Floats) -> Floats:
        """Return x with a battery just large enough to have a price."""
        power, energy, _, _ = self._years.coded[b].battery
        if power < 0:
            return x
        x = x.copy()
        least = LEAST_BATTERY * np.delete(x, [power, energy]).max(initial=1e-3)
        x[energy] = max(x[energy], 2 * least)
        x[power] = max(x[power], least, x[energy] / LONGEST_BATTERY_H)
        return x

    def _idle(self, b: int, x: Floats) -> bool:
        """Tell whether a block has no battery at x: one without energy can still burn power."""
        power = self._years.coded[b].battery[0]
        return power < 0 or not x[power] > 0

    def _closed(self, b: int, x: Floats, amiss: float) -> bool:
        energy = self._years.coded[b].battery[1]
        return amiss <= AMISS * (max(1.0, float(x[energy])) if energy >= 0 else 1.0)

    def evaluate(self, b: int, x: Floats, hint: Floats | None = None) -> Valuation:
        """Value block b at capacities x.

        Args:
            b: Index of the block.
            x: Capacities. Shape (K,).
            hint: A guess of the accounts' prices; it changes the effort, hardly the answer.
                Shape (A,).
        """
        x = np.maximum(x, 0.0)
        if self.problem.blocks[b].accounts:
            return self._priced(b, x, hint)
        none = np.empty(0)
        lifted = self._lifted(b, x)
        bound = year = self._years.at(b, lifted, none)
        if not np.array_equal(lifted, x):
            year = self._years.at(b, x, none, idle=self._idle(b, x))
        ok = self._closed(b, x, year.amiss)
        return Valuation(year.value, ok, year.shortage, bound.slope, none, calm=bound.calm)

    def _priced(self, b: int, x: Floats, hint: Floats | None) -> Valuation:
        """Value a block with accounts, whose best prices are searched for."""
        lifted, code, idle = self._lifted(b, x), self._years.coded[b], self._idle(b, x)
        whole = bool(np.array_equal(lifted, x))
        limits = Limits(
            limit=code.limits(x),
            penalty=code.penalty,
            reach=self._years.reach(b, x),
            energy=0.0 if idle else float(x[code.battery[1]]),
        )

        def at(mu: Floats) -> tuple[float, Year]:
            year = self._years.at(b, x, mu, idle=idle)
            # the slope proves nothing tight of a battery that is not there
            bound = float(year.slope[0] @ x) if whole else limits.worth(year, mu)
            return bound, year

        found = search_prices(at, limits, guess=hint, tolerance=SAME_VALUE)
        bound = found.year if whole else self._years.at(b, lifted, found.price)
        ok = self._closed(b, x, found.amiss)
        return Valuation(
            found.value, ok, found.shortage, bound.slope, found.price, found.mix, bound.calm
        )

    def evaluate_all(
        self,
        points: Sequence[Floats],
        hints: Sequence[Floats | None],
        executor: Executor | None = None,
    ) -> list[Valuation]:
        """Value every block at its capacities, side by side where an executor is given."""
        blocks = range(len(points))
        if executor is None:
            return [self.evaluate(b, points[b], hints[b]) for b in blocks]
        return list(executor.map(self.evaluate, blocks, points, hints))

    def proof(self, b: int, x: Floats, mu: Floats, *, calm: bool = False) -> Cut:
        """Return the water values and prices behind a bound found at x and mu."""
        lifted = self._lifted(b, np.maximum(x, 0.0))
        water, price = self._years.prices(b, lifted, mu, calm=calm)
        return Cut(block=b, water=water, price=price, multipliers=mu.copy())

    def dispatch(self, b: int, x: Floats, found: Valuation) -> BlockDispatch:
        """Return the hours behind a valuation of block b at x."""
        x = np.maximum(x, 0.0)
        idle = self._idle(b, x)
        if found.mix is None:
            return self._years.hours(b, x, found.mu, idle=idle)
        hourly = found.mix.share[:, self._years.mixed_part]
        years = (self._years.hours(b, x, price, idle=idle) for price in found.mix.prices)
        return _mixed(zip(hourly, years, strict=True))


def _mixed(years: Iterable[tuple[Floats, BlockDispatch]]) -> BlockDispatch:
    """Return a mixture of years, given with their hourly shares."""
    total: dict[str, Floats] = {}
    for share, hours in years:
        for name in BlockDispatch.__slots__:
            part = share * getattr(hours, name)
            total[name] = total[name] + part if name in total else part
    return BlockDispatch(**total)
