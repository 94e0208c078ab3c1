# SPDX-License-Identifier: Apache-2.0
"""The site oracle: the exact value of one block's year, and a bound that holds everywhere.

`Oracle.evaluate` is a function of its arguments: workspaces are reused, nothing is remembered.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.block_lp import BlockProgramme
from loadstone.engines.plan.price_search import search_price
from loadstone.engines.plan.problem import Block, Problem
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
        mix: Two account prices, where the dispatch is a mixture of theirs.
        calm: Where energy is missing, a second bound that holds as well: it says how much more
            capacity is enough, where the first says how bad it is.
    """

    value: float
    ok: bool
    shortage: float
    slope: Floats
    mu: Floats
    mix: tuple[float, float] | None = None
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
        self.problem = problem
        self.starts = tuple(
            np.arange(1 if block.accounts else parts) * problem.hours // parts
            for block in problem.blocks
        )
        self._years = SiteYears(problem, self.starts)
        self._programmes: dict[int, BlockProgramme] = {}

    @property
    def forced(self) -> tuple[str, ...]:
        """What forced a slower way: a sentence for each set of accounts that did."""
        sites: dict[str, dict[str, None]] = {}
        for block in self.problem.blocks:
            if not accounts_fit(block):
                times = Counter(account.name for account in block.accounts)
                names = ", ".join(
                    f"{name} ({n})" if n > 1 else name for name, n in times.items()
                )
                sites.setdefault(names, {})[block.site] = None
        return tuple(
            f"{', '.join(where)}: {names} are several yearly amounts at once, so HiGHS finds "
            "these years; that takes tens of times longer than the site oracle"
            for names, where in sites.items()
        )

    def _programme(self, b: int) -> BlockProgramme:
        if b not in self._programmes:
            self._programmes[b] = BlockProgramme(self.problem, b)
        return self._programmes[b]

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

    def evaluate(self, b: int, x: Floats, hint: float = 0.0) -> Valuation:
        """Value block b at capacities x.

        Args:
            b: Index of the block.
            x: Capacities. Shape (K,).
            hint: A guess of an account's price; it changes the effort, hardly the answer.
        """
        x = np.maximum(x, 0.0)
        if not accounts_fit(self.problem.blocks[b]):
            return self._programmed(b, x)
        if self.problem.blocks[b].accounts:
            return self._priced(b, x, hint)
        none = np.empty(0)
        lifted = self._lifted(b, x)
        bound = year = self._years.at(b, lifted, none)
        if not np.array_equal(lifted, x):
            year = self._years.at(b, x, none, idle=self._idle(b, x))
        ok = self._closed(b, x, year.amiss)
        return Valuation(year.value, ok, year.shortage, bound.slope, none, calm=bound.calm)

    def _programmed(self, b: int, x: Floats) -> Valuation:
        """Value a block with several accounts: HiGHS finds their prices, and they bound it."""
        year = self._programme(b).solve(x)
        bound = self._years.at(b, self._lifted(b, x), year.mu)
        return Valuation(year.value, True, year.shortage, bound.slope, year.mu)

    def _priced(self, b: int, x: Floats, hint: float) -> Valuation:
        """Value a block with an account, whose best price is searched for.

        At a price the dual bound is D(price), convex, with slope limit - usage. Where it is
        least, two dispatches on either side meet the limit as a mixture.
        """
        lifted = self._lifted(b, x)
        tried: dict[float, Year] = {}

        def at(price: float) -> tuple[float, float]:
            if price not in tried:
                tried[price] = self._years.at(b, lifted, np.array([price]))
            year = tried[price]
            return float(year.slope[0] @ lifted), -self._over(b, lifted, year)

        code = self._years.coded[b]
        top = float(code.penalty[0])
        first = at(0.0 if hint <= 0 else min(hint, top))[0]
        tolerance = SAME_VALUE * max(1.0, abs(first))
        least = search_price(at, 0.0, top, guess=hint, tolerance=tolerance)
        mix = (least.low, least.high)
        if np.array_equal(lifted, x):
            years = (tried[least.low], tried[least.high])
        else:
            years = self._mixed_years(b, x, mix)
        value, short = self._mixed(b, x, years)
        ok = self._closed(b, x, max(year.amiss for year in years))
        mu = np.array([least.price])
        year = tried[least.price]
        return Valuation(value, ok, short, year.slope, mu, mix, year.calm)

    def _mixed_years(self, b: int, x: Floats, mix: tuple[float, float]) -> tuple[Year, Year]:
        idle = self._idle(b, x)
        first, second = (self._years.at(b, x, np.array([p]), idle=idle) for p in mix)
        return first, second

    def _over(self, b: int, x: Floats, year: Year) -> float:
        """Return how far a year is beyond the account's limit; negative within."""
        return float((year.usage.sum(axis=1) - self._years.coded[b].limits(x))[0])

    def _share(self, b: int, x: Floats, years: tuple[Year, Year]) -> float:
        """Return the share of the first year in the mixture that meets the limit."""
        over, under = self._over(b, x, years[0]), -self._over(b, x, years[1])
        if over <= 0 or under <= 0:
            return float(over <= 0)
        return under / (over + under)

    def _mixed(self, b: int, x: Floats, years: tuple[Year, Year]) -> tuple[float, float]:
        """Return value and shortage of a mixture of two years."""
        first, second = years
        share = self._share(b, x, years)
        over = share * self._over(b, x, first) + (1 - share) * self._over(b, x, second)
        value = share * first.value + (1 - share) * second.value
        short = share * first.shortage + (1 - share) * second.shortage
        return value - float(self._years.coded[b].penalty[0]) * max(0.0, over), short

    def evaluate_all(
        self, points: Sequence[Floats], hints: Floats, executor: Executor | None = None
    ) -> list[Valuation]:
        """Value every block at its capacities, in threads where an executor is given."""
        blocks = range(len(points))
        if executor is None:
            return [self.evaluate(b, points[b], float(hints[b])) for b in blocks]
        return list(executor.map(self.evaluate, blocks, points, hints.tolist()))

    def proof(self, b: int, x: Floats, mu: Floats, *, calm: bool = False) -> Cut:
        """Return the water values and prices behind a bound found at x and mu."""
        lifted = self._lifted(b, np.maximum(x, 0.0))
        water, price = self._years.prices(b, lifted, mu, calm=calm)
        return Cut(block=b, water=water, price=price, multipliers=mu.copy())

    def dispatch(self, b: int, x: Floats, found: Valuation) -> BlockDispatch:
        """Return the hours behind a valuation of block b at x."""
        x = np.maximum(x, 0.0)
        if not accounts_fit(self.problem.blocks[b]):
            return self._programme(b).solve(x).hours
        idle = self._idle(b, x)
        if found.mix is None:
            return self._years.hours(b, x, found.mu, idle=idle)
        share = self._share(b, x, self._mixed_years(b, x, found.mix))
        one, two = (self._years.hours(b, x, np.array([p]), idle=idle) for p in found.mix)
        return BlockDispatch(
            **{
                name: share * getattr(one, name) + (1 - share) * getattr(two, name)
                for name in BlockDispatch.__slots__
            }
        )


def accounts_fit(block: Block) -> bool:
    """Tell whether the oracle holds a block: it searches the price of at most one account."""
    return len(block.accounts) <= 1
