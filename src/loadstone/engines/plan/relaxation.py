# SPDX-License-Identifier: Apache-2.0
"""A problem seen from above: its master, and every bound that its oracles have found.

The master sees each block's value from above, through cuts; the oracles value its plans from
below. A cut holds for every plan, whatever the bounds of the columns and whatever is sought, so
that searches of one problem may use one relaxation, one after another.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.master import Master, MasterPoint
from loadstone.engines.plan.oracle import Oracle, Valuation
from loadstone.engines.plan.problem import SHORTAGE_PRICE, Aversion, Problem
from loadstone.engines.plan.solution import BlockDispatch, Cut

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INWARD = 0.75  # share of the master's point in the next one; the rest is the best plan
INWARD_ALONE = 0.9  # the same for a single block, which nothing else pulls about
STALLED_ROUNDS = 10  # without any progress, after which rounding is all that is left
PARTS_IN_ALL = 1000  # parts of years in the master: finer parts converge faster, cost more
MOST_PARTS = 12
LEAST_WEIGHT = 1e-12  # in the master's proof: a cut with less has none
IDLE_ROUNDS = 12  # a cut that has not been binding for so many rounds is forgotten
ROUNDING = 1e-9  # of the masters' money unit: nothing, where a plan is worth nothing


def never() -> bool:
    """Never stop."""
    return False


@dataclass(slots=True, eq=False)
class Best:
    """The best plan under the present bounds."""

    value: float = -np.inf
    columns: Floats | None = None
    found: tuple[Valuation, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Origin:
    """Where a round's cuts were taken: enough to find their prices again."""

    points: tuple[Floats, ...]
    found: tuple[Valuation, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Cuts of one block mixed into one for the whole year, and the recipe of its prices.

    Attributes:
        block: Index of the block.
        slope: Shape (1, K).
        recipe: Origin, part of the year, and share of each cut.
    """

    block: int
    slope: Floats
    recipe: tuple[tuple[int, int, float], ...]


def _must_run_columns(problem: Problem) -> Ints:
    """Return the columns that limit what must run: a plan without them lacks no power."""
    return np.unique(
        [
            int(block.columns[segment.capacity])
            for block in problem.blocks
            for segment in block.segments
            if segment.must_run
        ]
    ).astype(np.int64)


class Relaxation:
    """The master of a problem with its cuts, and the oracles that make them.

    Whoever uses it says first between which bounds, by `hold`.

    Attributes:
        problem: What is planned.
        oracle: Values its blocks.
        weights: Weight of each block. Shape (B,).
        money: What counts 1 in the masters, currency; set by `begin`.
        master: The master; set by `begin`.
        begun: Whether there is a master yet.
        mixed: Mixtures of cuts that choosing masters were given.
    """

    money: float
    master: Master

    def __init__(self, problem: Problem, executor: Executor | None = None) -> None:
        """Prepare the blocks.

        Args:
            problem: What is planned.
            executor: Threads that value blocks; None values them one after another.
        """
        parts = int(np.clip(PARTS_IN_ALL // max(len(problem.blocks), 1), 1, MOST_PARTS))
        self.problem = problem
        self.oracle = Oracle(problem, parts=parts)
        self.weights = np.array([block.weight for block in problem.blocks])
        self.begun = False
        self._aversion = problem.aversion
        self.mixed: list[Mixture] = []
        self._executor = executor
        self._inward = INWARD_ALONE if len(problem.blocks) == 1 else INWARD
        self._must_run = _must_run_columns(problem)
        self._hints: list[Floats | None] = [None] * len(problem.blocks)
        self._origins: list[_Origin] = []
        self._cut_block = np.empty(0, dtype=np.int64)
        self._cut_part = np.empty(0, dtype=np.int64)
        self._cut_origin = np.empty(0, dtype=np.int64)
        self._cut_idle = np.empty(0, dtype=np.int64)
        self._cut_price = np.empty(0)

    def begin(self, columns: Floats) -> None:
        """Value a first plan; a hundredth of the money that it moves is the masters' unit."""
        found = self.valued(columns)
        earned = self.weights @ np.abs([valuation.value for valuation in found])
        moved = float(earned + np.abs(self.problem.cost) @ columns)
        self.money = 2.0 ** float(np.round(np.log2(max(moved, 1e-6) / 100)))
        self.master = Master(self.problem, self.oracle.starts, self.money)
        self.begun = True
        self.learn(columns, found)

    def fits(self, problem: Problem) -> bool:
        """Tell whether a problem differs from this one in what no cut depends on.

        That are the bounds of its columns, and how much the tail of its futures counts.
        """
        mine, free = self.problem, {"lower", "upper", "aversion"}
        same = all(
            getattr(mine, name) is getattr(problem, name)
            for name in Problem.__slots__
            if name not in free
        )
        ours, theirs = mine.aversion, problem.aversion
        if ours is None or theirs is None:
            return same and ours is theirs
        return same and all(
            getattr(ours, name) is getattr(theirs, name)
            for name in ("probability", "cost", "constant")
        )

    def hold(self, lower: Floats, upper: Floats, aversion: Aversion | None = None) -> None:
        """Hold the columns between these bounds from now on, and seek the value of plans.

        Args:
            lower, upper: The bounds. Shape (C,).
            aversion: How futures count from now on; None leaves it as the problem says.
        """
        self.master.hold(lower, upper)
        wanted = aversion or self.problem.aversion
        if wanted is not self._aversion:
            self._aversion = wanted
            self.master.weigh(wanted)
        self.master.aim()

    def year_master(self) -> Master:
        """Return a small master that knows each block by mixtures, and none of them yet."""
        years = [np.zeros(1, dtype=np.int64)] * len(self.weights)
        return Master(replace(self.problem, aversion=self._aversion), years, self.money)

    def valued(self, columns: Floats) -> tuple[Valuation, ...]:
        """Value every block at these columns."""
        points = [columns[block.columns] for block in self.problem.blocks]
        return tuple(self.oracle.evaluate_all(points, self._hints, self._executor))

    def value(self, columns: Floats, found: tuple[Valuation, ...]) -> float:
        """Return what a plan is worth; minus infinity where its hours are none."""
        if not all(valuation.ok for valuation in found):
            return -np.inf
        p = self.problem
        values = np.array([valuation.value for valuation in found])
        if self._aversion is not None:
            return self._aversion.worth(p.future_values(columns, values))
        return float(p.constant - p.cost @ columns + self.weights @ values)

    def attempt(self, columns: Floats, best: Best) -> bool:
        """Value a plan, cut the master with it, and keep it where it is the best so far."""
        found = self.valued(columns)
        self.learn(columns, found)
        value = self.value(columns, found)
        if not value > best.value:
            return False
        best.value, best.columns, best.found = value, columns, found
        return True

    def calm(self) -> Floats:
        """Return a plan of the master with as little as can be of what must run."""
        return self.master.solve_without(self._must_run).columns

    def solve(self) -> MasterPoint:
        """Solve the master, and forget cuts that have long not been binding."""
        point = self.master.solve()
        self._age(point)
        return point

    def close(self, best: Best, gap: float, stop: Callable[[], bool]) -> Iterator[MasterPoint]:
        """Bring the bound and the best plan together under the master's present bounds.

        Yields every point of the master before a plan on the way to it is valued.
        """
        bound, still = np.inf, 0
        if self._must_run.size:
            self.attempt(self.calm(), best)
        while True:
            point = self.solve()
            still = still + 1 if point.bound >= bound else 0
            bound = min(bound, point.bound)
            yield point
            if self.within(bound, best.value, gap) or still > STALLED_ROUNDS or stop():
                return
            if self.attempt(self.inward(point.columns, best.columns), best):
                still = 0

    def inward(self, columns: Floats, best: Floats | None) -> Floats:
        """Return a plan most of the way from the best one to the master's."""
        if best is None:
            return columns
        return self._inward * columns + (1 - self._inward) * best

    def within(self, bound: float, value: float, gap: float) -> bool:
        """Tell whether a value is within a gap of its bound, or only rounding is between."""
        least = ROUNDING * self.money
        return bool(np.isfinite(value)) and bound - value <= max(gap * abs(value), least)

    def learn(self, columns: Floats, found: tuple[Valuation, ...]) -> None:
        """Add what valuations at these columns prove to the master."""
        points = tuple(columns[block.columns] for block in self.problem.blocks)
        # a block without capacities has nothing to say, but each needs one bound
        live = [b for b, x in enumerate(points) if x.any() or not self._origins]
        for b in live:
            if found[b].mu.size:
                self._hints[b] = found[b].mu
        slopes = [found[b].slope for b in live]
        self._add(live, slopes, len(self._origins))
        calm = [(b, slope) for b in live if (slope := found[b].calm) is not None]
        self._add([b for b, _ in calm], [slope for _, slope in calm], ~len(self._origins))
        self._origins.append(_Origin(points, found))

    def _add(self, blocks: list[int], slopes: list[Floats], origin: int) -> None:
        """Add cuts to the master and remember where they came from."""
        if not blocks:
            return  # nothing stands anywhere: the cuts that are there say so already
        self.master.add_cuts(blocks, slopes)
        counts = [len(slope) for slope in slopes]
        parts = np.concatenate([np.arange(count) for count in counts])
        self._cut_block = np.append(self._cut_block, np.repeat(blocks, counts))
        self._cut_part = np.append(self._cut_part, parts)
        self._cut_origin = np.append(self._cut_origin, np.full(sum(counts), origin))
        self._cut_idle = np.append(self._cut_idle, np.zeros(sum(counts), dtype=np.int64))

    def _age(self, point: MasterPoint) -> None:
        """Forget cuts that have long not been binding.

        Where value does not limit what is sought, no cut binds and none has been idle; so each
        part of each block always keeps a cut.
        """
        binding = point.cut_price > LEAST_WEIGHT
        self._cut_price = point.cut_price
        bound = np.unique(self._cut_block[binding] * MOST_PARTS + self._cut_part[binding])
        if len(bound) < sum(len(starts) for starts in self.oracle.starts):
            return
        self._cut_idle = np.where(binding, 0, self._cut_idle + 1)
        old = self._cut_idle > IDLE_ROUNDS
        if old.sum() > len(old) // 4:
            self.master.drop_cuts(old)
            keep = ~old
            self._cut_block, self._cut_part = self._cut_block[keep], self._cut_part[keep]
            self._cut_origin, self._cut_idle = self._cut_origin[keep], self._cut_idle[keep]
            self._cut_price = self._cut_price[keep]

    def mixtures(self) -> list[Mixture]:
        """Mix each block's cuts by their weights in the last master solved.

        By convexity the mixture is at least as sharp as the cuts together.
        """
        known = len(self._cut_price)  # cuts younger than that solution have no weight in it
        block, part, origin = (
            each[:known] for each in (self._cut_block, self._cut_part, self._cut_origin)
        )
        found = []
        for b, mine in enumerate(self.problem.blocks):
            places = np.flatnonzero((block == b) & (self._cut_price > LEAST_WEIGHT))
            if not places.size:
                continue
            parts, weights = part[places], self._cut_price[places]
            count, size = len(self.oracle.starts[b]), len(mine.capacities)
            sums = np.zeros(count)
            np.add.at(sums, parts, weights)
            if (sums <= 0).any():
                continue
            shares = weights / sums[parts]
            slope = np.zeros((count, size + (2 if count > 1 else 0)))
            for i, p, share in zip(places, parts, shares, strict=True):
                slope[p] += share * self._slope(b, int(origin[i]))[p]
            whole = slope[:, :size].sum(axis=0)
            if count > 1 and mine.storage is not None:
                # energy kept from part to part is worth what the next gives more than the last
                kept = slope[:, size] + np.roll(slope[:, size + 1], 1)
                whole[mine.storage.energy] += np.maximum(kept, 0.0).sum()
            recipe = tuple(zip(origin[places].tolist(), parts.tolist(), shares, strict=True))
            found.append(Mixture(b, whole[None, :], recipe))
        return found

    def _slope(self, b: int, origin: int) -> Floats:
        """Return the slopes of a cut; calmer prices have the complement as their origin."""
        found = self._origins[~origin if origin < 0 else origin].found[b]
        slope = found.calm if origin < 0 else found.slope
        assert slope is not None
        return slope

    def prices_of(self, mixture: Mixture) -> Cut:
        """Return the prices of a mixture, found again where its cuts were taken."""
        b, hours = mixture.block, self.problem.hours
        starts = np.append(self.oracle.starts[b], hours)
        water, price = np.zeros(hours), np.zeros(hours)
        multipliers = np.zeros(len(self.problem.blocks[b].accounts))
        for o in dict.fromkeys(origin for origin, _, _ in mixture.recipe):
            taken = self._origins[~o if o < 0 else o]
            cut = self.oracle.proof(b, taken.points[b], taken.found[b].mu, calm=o < 0)
            for origin, part, share in mixture.recipe:
                if origin == o:
                    part_hours = slice(starts[part], starts[part + 1])
                    water[part_hours] += share * cut.water[part_hours]
                    price[part_hours] += share * cut.price[part_hours]
                    if part == 0:
                        multipliers += share * cut.multipliers
        # a mixture may leave the range of its parts by rounding
        top = np.array([account.penalty for account in self.problem.blocks[b].accounts])
        return Cut(
            block=b,
            water=water,
            price=np.minimum(price, SHORTAGE_PRICE),
            multipliers=np.clip(multipliers, 0.0, top),
        )

    def dispatch(
        self, columns: Floats, found: tuple[Valuation, ...]
    ) -> tuple[BlockDispatch, ...]:
        """Return the hours behind valuations of every block at these columns."""
        return tuple(
            self.oracle.dispatch(b, columns[block.columns], found[b])
            for b, block in enumerate(self.problem.blocks)
        )
