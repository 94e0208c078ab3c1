# SPDX-License-Identifier: Apache-2.0
"""The prices of a block's accounts together, and the mixture of years that they prove best.

At account prices m the oracle gives a best year, hence D(m) = F_m(x) + m limit >= F(x). D is
convex, and its least value is F(x). Years that were tried are kept as P parts each: what a part
earns, its amounts and the energy stored as it begins. Parts of different years may be mixed
where the energy stored at the borders between them agrees in the mean. A small linear
programme finds the best mixture; the prices of its limits are tried next. No year is better at
those prices once value and D meet, since all the parts of a year together are a mixture.

At first the programme looks at prices in a range around the best so far, which grows where
they lie at its end: far from every price that was tried it knows nothing.

Source: Dantzig and Wolfe (1960), Decomposition principle for linear programs, Operations
Research 8; Marsten, Hogan and Blankenship (1975), The boxstep method for large-scale
optimization, Operations Research 23.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.highs import Option
from loadstone.engines.plan.site_year import Year
from loadstone.model.errors import OutsideError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEAR = 0.01  # of a guess, at least 1: how far from it prices are looked for first
FARTHER = 8.0  # times as far each time they lie at the end
AT_END = 1e-6  # of the range: closer to its end is at its end
REPEAT = 1e-12  # of a price, at least 1: closer has been tried
MOST_YEARS = 200  # after which the best bound and mixture are kept, apart or not
ALIKE = 1e-13  # of the programme's units: parts that differ by less are the same
LEAST_SHARE = 1e-12  # of a part in a mixture
MONEY = 1e-3  # of a block's value: the programme's unit of money
FINEST = 1e-3  # of the most amount there is: the programme's least unit of an account
OPTIONS: dict[str, Option] = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    "solver": "simplex",  # starts from the last basis
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
LOOSE = OPTIONS | {"primal_feasibility_tolerance": 1e-7, "dual_feasibility_tolerance": 1e-7}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Limits:
    """What holds a block's accounts at given capacities.

    Attributes:
        limit: Limit of each account. Shape (A,).
        penalty: Its price beyond the limit, currency. Shape (A,).
        reach: An amount that no year is beyond. Shape (A,).
        energy: Size of the store, MWh.
    """

    limit: Floats
    penalty: Floats
    reach: Floats
    energy: float

    def cost(self, usage: Floats) -> float:
        """Return what amounts cost beyond their limits. `usage` has shape (A,)."""
        return float(self.penalty @ np.maximum(usage - self.limit, 0.0))

    def worth(self, year: Year, price: Floats) -> float:
        """Return what a year earns at given prices of its accounts, currency."""
        return year.value - float(price @ (year.usage.sum(axis=1) - self.limit))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mix:
    """A mixture of years, part by part.

    Attributes:
        prices: Account prices of each year. Shape (n, A).
        share: Share of each year in each part; its columns sum to 1. Shape (n, P).
    """

    prices: Floats
    share: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """What a search for account prices found.

    Attributes:
        mix: The best mixture.
        value: What it earns, currency.
        shortage: Energy missing in it, MWh.
        amiss: How far its stores end the year from where they began, MWh.
        price: The prices with the least bound. Shape (A,).
        bound: That bound, currency.
        year: The year at these prices.
    """

    mix: Mix
    value: float
    shortage: float
    amiss: float
    price: Floats
    bound: float
    year: Year


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """A year that was tried."""

    price: Floats
    bound: float
    year: Year


@dataclass(slots=True, eq=False)
class _Range:
    """Prices near the best that was tried."""

    center: Floats
    width: Floats
    most: Floats

    @property
    def low(self) -> Floats:
        low = self.center - self.width
        return np.where(low > AT_END * self.width, low, 0.0)

    @property
    def high(self) -> Floats:
        return np.minimum(self.center + self.width, self.most)

    def ends(self, price: Floats) -> NDArray[np.bool_]:
        """Tell which prices lie at an end beyond which there is more. Shape (A,)."""
        close = AT_END * self.width
        below = (price <= self.low + close) & (self.low > 0)
        return below | ((price >= self.high - close) & (self.high < self.most))


def search_prices(
    at: Callable[[Floats], tuple[float, Year]],
    limits: Limits,
    *,
    guess: Floats | None = None,
    tolerance: float,
) -> Found:
    """Find the prices with the least bound, and the mixture of years that reaches it.

    Args:
        at: The bound D and the year at given prices. Shape (A,).
        limits: What holds the accounts.
        guess: Prices that were best for like capacities. Shape (A,).
        tolerance: Share of the value within which bound and value have met.

    Raises:
        OutsideError: HiGHS did not solve a programme of mixtures.
    """
    most = limits.penalty
    start = np.zeros(len(most)) if guess is None else np.clip(guess, 0.0, most)
    near = most if guess is None else NEAR * np.maximum(start, 1.0)
    bound, year = at(start)
    tried = [_Tried(start, bound, year)]
    around = _Range(start.copy(), near.copy(), most)
    moved = np.abs(year.earned).sum() + limits.cost(year.usage.sum(axis=1))
    mixtures = Mixtures(limits, year, MONEY * max(float(moved), 1.0))
    least, best, value = tried[0], np.empty(0), -np.inf
    mixtures.add(year)
    while True:
        price, share = mixtures.solve(around.low, around.high)
        reached = _value(tried, share, limits)
        if reached > value:
            best, value = share, reached
        same = tolerance * max(1.0, abs(least.bound))
        if least.bound - value <= same or len(tried) >= MOST_YEARS:
            break
        ends = around.ends(price)
        apart = np.abs(np.array([one.price for one in tried]) - price).max(axis=1)
        if not ends.any() and apart.min() <= REPEAT * max(1.0, float(price.max())):
            break
        around.width = np.where(ends, FARTHER * around.width, around.width)
        tried.append(_Tried(price, *at(price)))
        mixtures.add(tried[-1].year)
        if tried[-1].bound < least.bound:
            least = tried[-1]
            around.center = price
    return _found(tried, best, value, least)


def _value(tried: list[_Tried], share: Floats, limits: Limits) -> float:
    """Return what a mixture earns."""
    pairs = list(zip(tried, share, strict=False))
    earned = sum(float(part @ one.year.earned) for one, part in pairs)
    usage = np.sum([one.year.usage @ part for one, part in pairs], axis=0)
    return earned - limits.cost(usage)


def _found(tried: list[_Tried], share: Floats, value: float, least: _Tried) -> Found:
    used = np.flatnonzero((share > LEAST_SHARE).any(axis=1)).tolist()
    years = [tried[i].year for i in used]
    pairs = zip(years, share[used], strict=True)
    return Found(
        mix=Mix(prices=np.array([tried[i].price for i in used]), share=share[used]),
        value=value,
        shortage=sum(float(part @ year.missing) for year, part in pairs),
        amiss=max(year.amiss for year in years),
        price=least.price,
        bound=least.bound,
        year=least.year,
    )


class Mixtures:
    """The linear programme of the best mixture of years.

    Its columns are, for each account, what is beyond its limit and what is left within, then
    the share of each part of each year. Its rows are the shares of each part, the accounts, and
    the energy stored at the border before each part. Amounts and earnings count from those of
    the first year, so that they stay small.
    """

    def __init__(self, limits: Limits, first: Year, money: float) -> None:
        A, P = first.usage.shape
        self.limits, self.first, self.money = limits, first, money
        reach = np.where(limits.reach > 0, limits.reach, 1.0)
        # what breaks a row by rounding must not matter at the penalty
        worth = money / np.maximum(limits.penalty, 1e-300)
        self.amount = np.clip(worth, FINEST * reach, reach)
        self.borders = P if limits.energy > 0 and P > 1 else 0
        self.parts = np.empty((0, P, A + 3))
        self.year, self.part = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        self.highs = _highs(OPTIONS)
        room = (limits.limit - first.usage.sum(axis=1)) / self.amount
        sides = np.concatenate([np.ones(P), room, np.zeros(self.borders)])
        none = np.empty(0, dtype=np.int32)
        self.highs.addRows(len(sides), sides, sides, 0, none, none, np.empty(0))
        rows = np.repeat(P + np.arange(A), 2)
        self._add_columns(np.zeros(2 * A), rows, np.arange(2 * A), np.tile([-1.0, 1.0], A))

    def _add_columns(self, cost: Floats, row: Ints, column: Ints, value: Floats) -> None:
        """Add columns of at least 0; their entries are given column by column."""
        count = len(cost)
        start = np.searchsorted(column, np.arange(count)).astype(np.int32)
        zero, most = np.zeros(count), np.full(count, highspy.kHighsInf)
        row = row.astype(np.int32)
        self.highs.addCols(count, cost, zero, most, len(value), start, row, value)

    def add(self, year: Year) -> None:
        """Add the parts of a year that are unlike all that are there."""
        A, P = year.usage.shape
        parts = np.empty((P, A + 3))  # earnings, amounts, and what is stored at both ends
        parts[:, 0] = (year.earned - self.first.earned) / self.money
        parts[:, 1 : A + 1] = ((year.usage - self.first.usage) / self.amount[:, None]).T
        stored = year.stored / max(self.limits.energy, 1e-12)
        parts[:, A + 1], parts[:, A + 2] = -stored, np.roll(stored, -1)
        parts[np.abs(parts) <= ALIKE] = 0.0  # rounding
        apart = np.abs(self.parts - parts).max(axis=2)
        new = np.flatnonzero((apart > ALIKE).all(axis=0))
        border = np.stack([new, (new + 1) % P], axis=1) + P + A
        shared = np.broadcast_to(P + np.arange(A), (len(new), A))
        rows = np.concatenate([new[:, None], shared, border], axis=1)
        values = np.concatenate([np.ones((len(new), 1)), parts[new, 1:]], axis=1)
        there = values != 0.0
        if not self.borders:
            there[:, A + 1 :] = False
        column = np.nonzero(there)[0]
        self._add_columns(-parts[new, 0], rows[there], column, values[there])
        self.part = np.append(self.part, new)
        self.year = np.append(self.year, np.full(len(new), len(self.parts)))
        self.parts = np.concatenate([self.parts, parts[None]])

    def solve(self, low: Floats, high: Floats) -> tuple[Floats, Floats]:
        """Find the best mixture.

        Args:
            low, high: What an amount left within its limit earns, and one beyond it costs.
                Shape (A,).

        Returns:
            The price of each account, shape (A,), and the share of each year in each part,
            shape (n, P).

        Raises:
            OutsideError: HiGHS failed.
        """
        A, P = self.first.usage.shape
        unit = self.money / self.amount
        cost = np.stack([high / unit, -low / unit], axis=1).ravel()
        self.highs.changeColsCost(2 * A, np.arange(2 * A, dtype=np.int32), cost)
        self._run()
        found = self.highs.getSolution()
        dual = np.asarray(found.row_dual)[P : P + A]
        share = np.zeros((len(self.parts), P))
        share[self.year, self.part] = np.maximum(np.asarray(found.col_value)[2 * A :], 0.0)
        return np.clip(-dual * unit, low, high), share / share.sum(axis=0)

    def _run(self) -> None:
        """Solve the programme; where HiGHS is stuck, again from nothing, then less exactly."""
        for options in (None, OPTIONS, LOOSE):
            if options is not None:
                model = self.highs.getLp()
                self.highs = _highs(options)
                self.highs.passModel(model)
            self.highs.run()
            status = self.highs.getModelStatus()
            if status == highspy.HighsModelStatus.kOptimal:
                return
        text = self.highs.modelStatusToString(status)
        raise OutsideError(f"HiGHS found no mixture of years: {text}")


def _highs(options: Mapping[str, Option]) -> highspy.Highs:
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in options.items():
        highs.setOptionValue(name, value)
    return highs
