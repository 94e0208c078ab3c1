# SPDX-License-Identifier: Apache-2.0
"""The exact method: block oracles under a stabilised cutting-plane master.

The master sees each block's value from above, through cuts; the oracles value its plans from
below. Where columns must be whole, the relaxation is closed first; then whole numbers are
chosen by the master as a mixed-integer programme, and the plan around each choice is closed
again, until no other choice can be better.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.master import Master, MasterPoint
from loadstone.engines.plan.oracle import Oracle, Valuation
from loadstone.engines.plan.problem import SHORTAGE_PRICE, Problem
from loadstone.engines.plan.solution import BlockDispatch, Cut, Solution
from loadstone.model.errors import InfeasibleError
from loadstone.model.plan import Status

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INWARD = 0.75  # share of the master's point in the next one; the rest is the best plan
INWARD_ALONE = 0.9  # the same for a single block, which nothing else pulls about
FIRST_SHARE = 0.4  # of the columns' bounds: where the first cuts are taken
STALLED_ROUNDS = 10  # without any progress, after which rounding is all that is left
PARTS_IN_ALL = 1000  # parts of years in the master: finer parts converge faster, cost more
MOST_PARTS = 12
LEAST_WEIGHT = 1e-12  # in the master's proof: a cut with less has none
IDLE_ROUNDS = 12  # a cut that has not been binding for so many rounds is forgotten
ROUNDING = 1e-9  # of the masters' money unit: nothing, where a plan is worth nothing
WHOLE = 1e-6  # distance from a whole number that is none


def never() -> bool:
    """Never stop."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a search is.

    Attributes:
        stage: "relaxation", "whole numbers" or "plan".
        round: Rounds so far.
        objective: Value of the best plan; minus infinity before the first.
        bound: No plan is worth more.
    """

    stage: str
    round: int
    objective: float
    bound: float

    @property
    def gap(self) -> float:
        """Distance from the bound, as a share of the objective."""
        if not np.isfinite(self.objective):
            return np.inf
        return (self.bound - self.objective) / max(abs(self.objective), 1e-9)


@dataclass(slots=True, eq=False)
class _Best:
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
class _Mixture:
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


class Search:
    """A search for the best plan of a problem.

    `steps` yields after every round and may be left at any time; `solution` is then the best
    plan so far with its proven bound. The same problem gives the same plan to the bit,
    whatever the executor.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        gap: float = 1e-5,
        executor: Executor | None = None,
        stop: Callable[[], bool] = never,
    ) -> None:
        """Prepare a search.

        Args:
            problem: What is planned.
            gap: Proven gap at which it ends, as a share of the objective.
            executor: Threads that value blocks; None values them one after another.
            stop: Asked inside long stretches; where it says so, `steps` ends early.
        """
        parts = int(np.clip(PARTS_IN_ALL // max(len(problem.blocks), 1), 1, MOST_PARTS))
        self.problem, self.gap = problem, gap
        self.oracle = Oracle(problem, parts=parts)
        self._executor, self._stop = executor, stop
        self._money = 1.0  # and the master: see `_scaled`
        self._master: Master
        self._weights = np.array([block.weight for block in problem.blocks])
        self._inward = INWARD_ALONE if len(problem.blocks) == 1 else INWARD
        self._must_run = _must_run_columns(problem)
        self._hints = np.zeros(len(problem.blocks))
        self._origins: list[_Origin] = []
        self._cut_block = np.empty(0, dtype=np.int64)
        self._cut_part = np.empty(0, dtype=np.int64)
        self._cut_origin = np.empty(0, dtype=np.int64)
        self._cut_idle = np.empty(0, dtype=np.int64)
        self._cut_price = np.empty(0)
        self._mixed: list[_Mixture] = []
        self._best = _Best()
        self._bound = np.inf
        self._last: MasterPoint | None = None
        self._rounds = 0

    def steps(self) -> Iterator[Progress]:
        """Search, yielding after every round.

        Raises:
            InfeasibleError: No plan keeps the rows and bounds.
        """
        lower, upper = self.problem.lower, self.problem.upper
        first = lower + FIRST_SHARE * (upper - lower)
        self._add_cuts(first, self._scaled(first))
        whole = bool((self.problem.whole & (upper > lower)).any())
        if whole:
            self._begin()
        relaxed = _Best()
        target = self.gap / 4 if whole else self.gap
        for point, best in self._close(relaxed, target):
            self._bound = min(self._bound, point.bound)
            if not whole:
                self._best = best
            yield self._progress("relaxation" if whole else "plan")
        if whole:
            yield from self._choose(relaxed)

    def _scaled(self, columns: Floats) -> tuple[Valuation, ...]:
        """Value a first plan; a hundredth of the money that it moves is the masters' unit."""
        found = self._valued(columns)
        earned = self._weights @ np.abs([valuation.value for valuation in found])
        moved = float(earned + np.abs(self.problem.cost) @ columns)
        self._money = 2.0 ** float(np.round(np.log2(max(moved, 1e-6) / 100)))
        self._master = Master(self.problem, self.oracle.starts, self._money)
        return found

    def _begin(self) -> None:
        """Value the plan that chooses as little as can be, so that there always is one."""
        whole = np.flatnonzero(self.problem.whole)
        lower, upper = self.problem.lower[whole], self.problem.upper[whole]
        self._master.fix(whole, lower, lower)
        with suppress(InfeasibleError):  # where something must be chosen
            self._try(self._master.solve_without(self._must_run).columns, self._best)
        self._master.fix(whole, lower, upper)

    def _progress(self, stage: str) -> Progress:
        return Progress(
            stage=stage, round=self._rounds, objective=self._best.value, bound=self._bound
        )

    def _close(self, best: _Best, gap: float) -> Iterator[tuple[MasterPoint, _Best]]:
        """Bring the bound and the best plan together under the master's present bounds."""
        bound, still = np.inf, 0
        if self._must_run.size:
            self._try(self._master.solve_without(self._must_run).columns, best)
        while True:
            point = self._master.solve()
            self._last = point
            self._age(point)
            still = still + 1 if point.bound >= bound else 0
            bound = min(bound, point.bound)
            yield point, best
            if self._within(bound, best.value, gap) or still > STALLED_ROUNDS or self._stop():
                return
            columns = point.columns
            if best.columns is not None:
                columns = self._inward * columns + (1 - self._inward) * best.columns
            if self._try(columns, best):
                still = 0
            self._rounds += 1

    def _try(self, columns: Floats, best: _Best) -> bool:
        """Value a plan, cut the master with it, and keep it where it is the best so far."""
        found = self._valued(columns)
        self._add_cuts(columns, found)
        value = self._value(columns, found)
        if not value > best.value:
            return False
        best.value, best.columns, best.found = value, columns, found
        return True

    def _valued(self, columns: Floats) -> tuple[Valuation, ...]:
        """Value every block at these columns."""
        points = [columns[block.columns] for block in self.problem.blocks]
        return tuple(self.oracle.evaluate_all(points, self._hints, self._executor))

    def _add_cuts(self, columns: Floats, found: tuple[Valuation, ...]) -> None:
        """Add what valuations at these columns prove to the master."""
        points = tuple(columns[block.columns] for block in self.problem.blocks)
        # a block without capacities has nothing to say, but each needs one bound
        live = [b for b, x in enumerate(points) if x.any() or not self._origins]
        for b in live:
            if found[b].mu.size:
                self._hints[b] = found[b].mu[0]
        slopes = [found[b].slope for b in live]
        self._add(live, slopes, len(self._origins))
        calm = [(b, slope) for b in live if (slope := found[b].calm) is not None]
        self._add([b for b, _ in calm], [slope for _, slope in calm], ~len(self._origins))
        self._origins.append(_Origin(points, found))

    def _add(self, blocks: list[int], slopes: list[Floats], origin: int) -> None:
        """Add cuts to the master and remember where they came from."""
        if not blocks:
            return  # nothing stands anywhere: the cuts that are there say so already
        self._master.add_cuts(blocks, slopes)
        counts = [len(slope) for slope in slopes]
        parts = np.concatenate([np.arange(count) for count in counts])
        self._cut_block = np.append(self._cut_block, np.repeat(blocks, counts))
        self._cut_part = np.append(self._cut_part, parts)
        self._cut_origin = np.append(self._cut_origin, np.full(sum(counts), origin))
        self._cut_idle = np.append(self._cut_idle, np.zeros(sum(counts), dtype=np.int64))

    def _age(self, point: MasterPoint) -> None:
        """Forget cuts that have long not been binding."""
        binding = point.cut_price > LEAST_WEIGHT
        self._cut_idle = np.where(binding, 0, self._cut_idle + 1)
        self._cut_price = point.cut_price
        old = self._cut_idle > IDLE_ROUNDS
        if old.sum() > len(old) // 4:
            self._master.drop_cuts(old)
            keep = ~old
            self._cut_block, self._cut_part = self._cut_block[keep], self._cut_part[keep]
            self._cut_origin, self._cut_idle = self._cut_origin[keep], self._cut_idle[keep]
            self._cut_price = self._cut_price[keep]

    def _value(self, columns: Floats, found: tuple[Valuation, ...]) -> float:
        if not all(valuation.ok for valuation in found):
            return -np.inf
        p = self.problem
        values = np.array([valuation.value for valuation in found])
        return float(p.constant - p.cost @ columns + self._weights @ values)

    def _choose(self, relaxed: _Best) -> Iterator[Progress]:
        """Choose whole numbers, close the plan around them, and prove that none are better.

        The choosing master is small: it knows each block by the mixed cuts of the relaxation
        and of every choice that was looked at. A choice it makes is looked at, and its cuts
        say what it is really worth; so it makes none twice, but for rounding.
        """
        if relaxed.columns is None:
            return
        whole = np.flatnonzero(self.problem.whole)
        years = [np.zeros(1, dtype=np.int64)] * len(self._weights)
        choosing = Master(self.problem, years, self._money)
        self._learn(choosing)
        looked_at: set[bytes] = set()
        while True:
            point = choosing.solve_whole(self.gap / 4, self._best.columns, self._stop)
            if point is None:
                return
            # what `_narrow` left out is worth no more than the best plan
            self._bound = min(self._bound, max(point.bound, self._best.value))
            yield self._progress("whole numbers")
            choice = np.round(point.columns[whole])
            if self._closed() or self._stop() or choice.tobytes() in looked_at:
                return
            looked_at.add(choice.tobytes())
            yield from self._around(whole, choice)
            self._learn(choosing)
            self._narrow(whole, choosing)

    def _learn(self, choosing: Master) -> None:
        """Give the choosing master what the last solution of the master proves."""
        mixtures = list(self._mixtures())
        self._mixed += mixtures
        choosing.add_cuts([m.block for m in mixtures], [m.slope for m in mixtures])

    def _within(self, bound: float, value: float, gap: float) -> bool:
        """Tell whether a value is within a gap of its bound, or only rounding is between."""
        least = ROUNDING * self._money
        return bool(np.isfinite(value)) and bound - value <= max(gap * abs(value), least)

    def _closed(self) -> bool:
        return self._within(self._bound, self._best.value, self.gap)

    def _around(self, whole: Ints, choice: Floats) -> Iterator[Progress]:
        """Close the plan around a choice of whole numbers, unless it cannot be better."""
        self._master.fix(whole, choice, choice)
        best = _Best()
        try:
            point = self._master.solve()
            self._age(point)
            if point.bound > self._best.value:
                for point, _ in self._close(best, self.gap / 4):
                    if best.value > self._best.value:
                        self._best = best
                    yield self._progress("plan")
                    if point.bound <= self._best.value and best is not self._best:
                        break
        except InfeasibleError:
            pass  # within its tolerances the choosing master may break a row
        self._master.fix(whole, self.problem.lower[whole], self.problem.upper[whole])

    def _narrow(self, whole: Ints, choosing: Master) -> None:
        """Fix whole columns that cannot move by one without losing to the best plan."""
        point = self._master.solve()
        self._age(point)
        self._bound = min(self._bound, max(point.bound, self._best.value))
        at, price = point.columns[whole], np.abs(point.column_price[whole])
        lower, upper = self.problem.lower[whole], self.problem.upper[whole]
        settled = point.bound - price < self._best.value
        low, high = settled & (at <= lower + WHOLE), settled & (at >= upper - WHOLE)
        choosing.fix(whole, np.where(high, upper, lower), np.where(low, lower, upper))

    def solution(self) -> Solution:
        """Return the best plan so far with its proven bound.

        Raises:
            InfeasibleError: The search ended before it found a plan.
        """
        best, p = self._best, self.problem
        if best.columns is None:
            raise InfeasibleError([])
        values = np.array([valuation.value for valuation in best.found])
        objective = float(p.constant - p.cost @ best.columns + self._weights @ values)
        last = self._prices()
        return Solution(
            status=Status.OPTIMAL
            if self._within(self._bound, objective, self.gap)
            else Status.STOPPED,
            objective=objective,
            bound=max(self._bound, objective),
            columns=best.columns,
            values=values,
            row_price=last.row_price,
            column_price=last.column_price,
            iterations=self._rounds,
            notes=self.oracle.forced,
        )

    def _prices(self) -> MasterPoint:
        """Solve the master around the best plan's whole numbers, for its prices."""
        best, p = self._best, self.problem
        whole = np.flatnonzero(p.whole)
        if not whole.size or best.columns is None:
            assert self._last is not None
            return self._last
        choice = np.round(best.columns[whole])
        self._master.fix(whole, choice, choice)
        point = self._master.solve()
        self._age(point)
        self._master.fix(whole, p.lower[whole], p.upper[whole])
        return point

    def dispatch(self) -> tuple[BlockDispatch, ...]:
        """Return the hours of the best plan, block by block."""
        columns = self._best.columns
        if columns is None:
            return ()
        return tuple(
            self.oracle.dispatch(b, columns[block.columns], self._best.found[b])
            for b, block in enumerate(self.problem.blocks)
        )

    def proof(self) -> tuple[Cut, ...]:
        """Return prices that prove the bound, apart from the search that found them.

        The master's weights on a block's cuts mix their prices into one cut, which by
        convexity is at least as sharp as the mixture of the cuts.
        """
        if not self._mixed:
            self._mixed += self._mixtures()
        return tuple(self._prices_of(mixture) for mixture in self._mixed)

    def _mixtures(self) -> Iterator[_Mixture]:
        """Mix each block's cuts by their weights in the last master solved."""
        for b, block in enumerate(self.problem.blocks):
            mine = np.flatnonzero((self._cut_block == b) & (self._cut_price > LEAST_WEIGHT))
            if not mine.size:
                continue
            parts, weights = self._cut_part[mine], self._cut_price[mine]
            count, size = len(self.oracle.starts[b]), len(block.capacities)
            sums = np.zeros(count)
            np.add.at(sums, parts, weights)
            if (sums <= 0).any():
                continue
            shares = weights / sums[parts]
            slope = np.zeros((count, size + (2 if count > 1 else 0)))
            for i, part, share in zip(mine, parts, shares, strict=True):
                slope[part] += share * self._slope(b, int(self._cut_origin[i]))[part]
            whole = slope[:, :size].sum(axis=0)
            if count > 1 and block.storage is not None:
                # energy kept from part to part is worth what the next gives more than the last
                kept = slope[:, size] + np.roll(slope[:, size + 1], 1)
                whole[block.storage.energy] += np.maximum(kept, 0.0).sum()
            origins = self._cut_origin[mine].tolist()
            recipe = tuple(zip(origins, parts.tolist(), shares, strict=True))
            yield _Mixture(b, whole[None, :], recipe)

    def _slope(self, b: int, origin: int) -> Floats:
        """Return the slopes of a cut; calmer prices have the complement as their origin."""
        found = self._origins[~origin if origin < 0 else origin].found[b]
        slope = found.calm if origin < 0 else found.slope
        assert slope is not None
        return slope

    def _prices_of(self, mixture: _Mixture) -> Cut:
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
