# SPDX-License-Identifier: Apache-2.0
"""A problem seen from above: its master, and every bound that its oracles have found.

The master sees each block's value from above, through cuts; the oracles value its plans from
below. A cut holds for every plan, whatever the bounds of the columns and whatever is sought, so
that searches of one problem may use one relaxation, one after another.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.master import Master, MasterPoint, Pool
from loadstone.engines.plan.oracle import Oracle, Valuation
from loadstone.engines.plan.problem import Aversion, Problem
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
    """Cuts of one pool mixed into one for the whole year, and the recipe of its prices.

    Attributes:
        pool: Index of the pool.
        slope: Shape (1, K).
        recipe: Origin, part of the year, and share of each cut.
    """

    pool: int
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


def _pools(problem: Problem, parts: Sequence[int]) -> list[Pool]:
    """Return what is bounded together: blocks on the same columns, where futures are weighed.

    They are the futures that share a node, and so the site's capacities.
    """
    if problem.aversion is None:
        return [
            Pool(np.array([b]), np.ones(1), block.weight, count)
            for b, (block, count) in enumerate(zip(problem.blocks, parts, strict=True))
        ]
    shared: dict[bytes, list[int]] = {}
    for b, block in enumerate(problem.blocks):
        shared.setdefault(block.columns.tobytes(), []).append(b)
    weights = np.array([block.weight for block in problem.blocks])
    return [Pool(np.array(blocks), weights[blocks], 1.0) for blocks in shared.values()]


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
    _last: tuple[Floats, tuple[Valuation, ...]]

    def __init__(self, problem: Problem, executor: Executor | None = None) -> None:
        """Prepare the blocks.

        Args:
            problem: What is planned.
            executor: Threads that value blocks; None values them one after another.
        """
        parts = int(np.clip(PARTS_IN_ALL // max(len(problem.blocks), 1), 1, MOST_PARTS))
        parts = parts if problem.aversion is None else 1  # stores of futures have no one state
        self.problem = problem
        self.oracle = Oracle(problem, parts=parts)
        self.weights = np.array([block.weight for block in problem.blocks])
        self.begun = False
        self._aversion = problem.aversion
        self.mixed: list[Mixture] = []
        self._executor = executor
        self._pools = _pools(problem, [len(starts) for starts in self.oracle.starts])
        self._inward = INWARD_ALONE if len(problem.blocks) == 1 else INWARD
        self._must_run = _must_run_columns(problem)
        self._hints: list[Floats | None] = [None] * len(problem.blocks)
        self._origins: list[_Origin] = []
        self._cut_pool = np.empty(0, dtype=np.int64)
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
        self.master = Master(self.problem, self._pools, self.money)
        self.begun = True
        self.learn(columns, found)

    def fits(self, problem: Problem) -> bool:
        """Tell whether a problem differs from this one in what no cut depends on.

        That are the bounds of its columns, and how much the worst of its futures count.
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
        return (
            same
            and ours.tail == theirs.tail
            and all(
                getattr(ours, name) is getattr(theirs, name)
                for name in ("probability", "cost", "constant")
            )
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
            self._watch(*self._last)
        self.master.aim()

    def year_master(self) -> Master:
        """Return a small master that knows each pool by mixtures, and none of them yet."""
        base = len(self._pools) - sum(len(self._own(f)) for f in self.master.watched)
        years = [replace(pool, parts=1) for pool in self._pools]
        found = Master(replace(self.problem, aversion=self._aversion), years[:base], self.money)
        self.lead(found)
        return found

    def lead(self, choosing: Master) -> None:
        """Let a master of this kind watch the futures that are watched by now."""
        for f in self.master.watched:
            if f not in choosing.watched:
                choosing.watch(f, self._own(f))

    def _own(self, future: int) -> list[Pool]:
        """Return the blocks of a future, each as a pool of its own."""
        aversion = self.problem.aversion
        assert aversion is not None
        return [
            Pool(np.array([b]), np.ones(1), block.weight / aversion.probability[future])
            for b, block in enumerate(self.problem.blocks)
            if block.future == future
        ]

    def _watch(self, columns: Floats, found: tuple[Valuation, ...]) -> None:
        """Watch the futures that are the worst here, with all that was proven about them."""
        if (aversion := self._aversion) is None or not aversion.weight:
            return
        values = np.array([valuation.value for valuation in found])
        worths = self.problem.future_values(columns, values)
        order = np.argsort(worths, kind="stable")
        before = np.cumsum(aversion.probability[order]) - aversion.probability[order]
        for f in order[before <= aversion.tail * (1 + ROUNDING)].tolist():
            if f not in self.master.watched:
                first, own = len(self._pools), self._own(f)
                self.master.watch(f, own)
                self._pools += own
                for o, origin in enumerate(self._origins):
                    self._cut(range(first, len(self._pools)), o, origin)

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

    def inherit(self, other: "Relaxation", blocks: Ints) -> None:
        """Take over what another relaxation has proven of the same blocks on other columns.

        Both are of problems whose futures are weighed, and this one has begun.

        Args:
            other: The other relaxation.
            blocks: For each block of this problem, the same block of the other. Shape (B,).
        """
        for taken in other._origins:
            origin = _Origin(
                points=tuple(taken.points[b] for b in blocks),
                found=tuple(taken.found[b] for b in blocks),
            )
            self._cut(range(len(self._pools)), len(self._origins), origin)
            self._origins.append(origin)

    def known(self, columns: Floats) -> Best:
        """Return a plan as the best so far; one valued just before is not valued again."""
        if not np.array_equal(columns, self._last[0]):
            best = Best()
            self.attempt(columns, best)
            return best
        found = self._last[1]
        return Best(value=self.value(columns, found), columns=columns, found=found)

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
        if self._must_run.size and best.columns is None:
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
        for b, valuation in enumerate(found):
            if valuation.mu.size and points[b].any():
                self._hints[b] = valuation.mu
        origin = _Origin(points, found)
        self._cut(range(len(self._pools)), len(self._origins), origin)
        self._origins.append(origin)
        self._last = (columns, found)
        self._watch(columns, found)

    def _cut(self, pools: Iterable[int], place: int, origin: _Origin) -> None:
        """Add the cuts of an origin to pools."""
        # a pool without capacities has nothing to say, but each needs one bound
        first = place == 0
        live = [i for i in pools if first or origin.points[self._pools[i].blocks[0]].any()]
        self._add(live, [self._slope(i, place, origin) for i in live], place)
        calm = [
            i
            for i in live
            if any(origin.found[b].calm is not None for b in self._pools[i].blocks)
        ]
        self._add(calm, [self._slope(i, ~place, origin) for i in calm], ~place)

    def _slope(self, pool: int, place: int, origin: _Origin | None = None) -> Floats:
        """Return the slopes of a cut; calmer prices have the complement as their origin."""
        taken = origin or self._origins[~place if place < 0 else place]
        total = None
        for b, factor in zip(self._pools[pool].blocks, self._pools[pool].factors, strict=True):
            found = taken.found[b]
            calm = place < 0 and found.calm is not None
            slope = factor * (found.calm if calm else found.slope)
            total = slope if total is None else total + slope
        assert total is not None
        return np.asarray(total)

    def _add(self, pools: list[int], slopes: list[Floats], origin: int) -> None:
        """Add cuts to the master and remember where they came from."""
        if not pools:
            return  # nothing stands anywhere: the cuts that are there say so already
        self.master.add_cuts(pools, slopes)
        counts = [len(slope) for slope in slopes]
        parts = np.concatenate([np.arange(count) for count in counts])
        self._cut_pool = np.append(self._cut_pool, np.repeat(pools, counts))
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
        bound = np.unique(self._cut_pool[binding] * MOST_PARTS + self._cut_part[binding])
        if len(bound) < sum(pool.parts for pool in self._pools):
            return
        self._cut_idle = np.where(binding, 0, self._cut_idle + 1)
        old = self._cut_idle > IDLE_ROUNDS
        if old.sum() > len(old) // 4:
            self.master.drop_cuts(old)
            keep = ~old
            self._cut_pool, self._cut_part = self._cut_pool[keep], self._cut_part[keep]
            self._cut_origin, self._cut_idle = self._cut_origin[keep], self._cut_idle[keep]
            self._cut_price = self._cut_price[keep]

    def mixtures(self) -> list[Mixture]:
        """Mix each pool's cuts by their weights in the last master solved.

        By convexity the mixture is at least as sharp as the cuts together.
        """
        known = len(self._cut_price)  # cuts younger than that solution have no weight in it
        weighed = np.flatnonzero(self._cut_price > LEAST_WEIGHT)
        order = weighed[np.argsort(self._cut_pool[:known][weighed], kind="stable")]
        ends = np.searchsorted(self._cut_pool[order], np.arange(len(self._pools) + 1))
        found = []
        for i, pool in enumerate(self._pools):
            places = order[ends[i] : ends[i + 1]]
            if not places.size and self.problem.aversion is not None:
                # where the worst futures are all that counts, any cut will do for the average
                places = np.flatnonzero(self._cut_pool[:known] == i)[-1:]
            if not places.size:
                continue
            mine = self.problem.blocks[pool.blocks[0]]
            parts = self._cut_part[places]
            weights = np.maximum(self._cut_price[places], LEAST_WEIGHT)
            count, size = pool.parts, len(mine.capacities)
            sums = np.zeros(count)
            np.add.at(sums, parts, weights)
            if (sums <= 0).any():
                continue
            shares = weights / sums[parts]
            slope = np.zeros((count, size + (2 if count > 1 else 0)))
            for place, p, share in zip(places, parts, shares, strict=True):
                slope[p] += share * self._slope(i, int(self._cut_origin[place]))[p]
            whole = slope[:, :size].sum(axis=0)
            if count > 1 and mine.storage is not None:
                # energy kept from part to part is worth what the next gives more than the last
                kept = slope[:, size] + np.roll(slope[:, size + 1], 1)
                whole[mine.storage.energy] += np.maximum(kept, 0.0).sum()
            recipe = zip(self._cut_origin[places].tolist(), parts.tolist(), shares, strict=True)
            found.append(Mixture(i, whole[None, :], tuple(recipe)))
        return found

    def prices_of(self, mixture: Mixture) -> Iterator[Cut]:
        """Yield the prices of a mixture, found again where its cuts were taken, by block."""
        for b in self._pools[mixture.pool].blocks.tolist():
            yield self._prices(b, mixture)

    def _prices(self, b: int, mixture: Mixture) -> Cut:
        hours = self.problem.hours
        starts = np.append(self.oracle.starts[b], hours)
        water, price = np.zeros(hours), np.zeros(hours)
        multipliers = np.zeros(len(self.problem.blocks[b].accounts))
        for o in dict.fromkeys(origin for origin, _, _ in mixture.recipe):
            taken = self._origins[~o if o < 0 else o]
            calm = o < 0 and taken.found[b].calm is not None
            cut = self.oracle.proof(b, taken.points[b], taken.found[b].mu, calm=calm)
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
            price=np.minimum(price, self.problem.shortage_price),
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
