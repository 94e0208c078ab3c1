# SPDX-License-Identifier: Apache-2.0
"""The master problem: columns and rows, with the blocks' values held from above by cuts.

Money is scaled by a unit that suits the problem, and each row by a power of two, here and
nowhere else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.highs import Option
from loadstone.engines.plan.problem import Aversion, Problem
from loadstone.model.errors import Conflict, InfeasibleError, OutsideError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

UNWANTED = 1e4  # money units a unit: more than anything earns
TOLERANCE = 1e-9  # of HiGHS, on rows and prices as they are scaled here
DISTRACTIONS = ("rins", "rens", "root_reduced_cost", "feasibility_jump")
"""Heuristics of HiGHS that solve ever smaller programmes and take most of its time; the plans
that they find are worth little here, where the search has its own."""
COARSE_TOLERANCE = 1e-7  # its own, where it gives up with the finer one


@dataclass(frozen=True, slots=True, eq=False)
class Aim:
    """Something else to seek than value: the most of an amount in a plan worth enough.

    Attributes:
        weights: What one unit of each column counts. Shape (C,).
        unit: Amount that counts 1 in HiGHS, so that amounts are around 100.
        target: What a plan must be worth, currency.
    """

    weights: Floats
    unit: float
    target: float


@dataclass(frozen=True, slots=True, eq=False)
class MasterPoint:
    """The master's answer. Where it has an aim, worth is in units of the amount aimed at.

    Attributes:
        value: Worth of the columns as the cuts see it, currency.
        bound: No plan within the master's bounds is worth more, currency.
        columns: Amount of each column. Shape (C,).
        row_price: Worth of one more unit of each row's limit, currency. Shape (M,).
        column_price: Worth of one more unit of each column, currency. Shape (C,).
        cut_price: Weight of each cut in the proof. Shape (cuts,).
        cut_slack: How far each cut is from binding, money units. Shape (cuts,).
    """

    value: float
    bound: float
    columns: Floats
    row_price: Floats
    column_price: Floats
    cut_price: Floats
    cut_slack: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Blocks on the same columns, whose values are bounded together.

    Attributes:
        blocks: Their indices.
        factors: What the yearly value of each counts in the value of the pool. Shape as blocks.
        gain: What the value of the pool counts in the objective, or in that of its future.
        parts: Parts of the year that are bounded apart; 1 for more than one block.
    """

    blocks: Ints
    factors: Floats
    gain: float
    parts: int = 1


class Master:
    """A growing linear or mixed-integer programme in HiGHS.

    Where futures are weighed, the mean of the worst of them is the most that
    `z - sum of probability * below / tail` can be, over z and how far each future's value is
    below z. A future that is not watched is taken to be above z, which can only raise the
    bound; so the master stays small, and exact where those that are the worst are watched.
    """

    def __init__(self, problem: Problem, pools: Sequence[Pool], unit: float) -> None:
        """Pass the columns and rows of the problem.

        Args:
            problem: What is planned.
            pools: What is bounded together; each block is in one of them.
            unit: Money that counts 1 in HiGHS, so that values are around 100.
        """
        self.problem, self._unit = problem, unit
        self.width = len(problem.columns)
        self._pools = list(pools)
        parts = [pool.parts for pool in pools]
        self._first = (self.width + np.concatenate([[0], np.cumsum(parts)[:-1]])).tolist()
        self._thetas = sum(parts)
        self._tail = self.width + 2 * self._thetas
        self._below: dict[int, int] = {}
        self._aversion = problem.aversion
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        self._infinity = self._highs.getInfinity()
        self.option("output_flag", False)
        self.option("threads", 1)
        self.option("random_seed", 0)
        self.option("primal_feasibility_tolerance", TOLERANCE)
        self.option("dual_feasibility_tolerance", TOLERANCE)
        self.option("mip_heuristic_effort", 0.0)
        for name in DISTRACTIONS:
            self.option(f"mip_heuristic_run_{name}", False)
        # what a unit of each column counts in the average, and in the mean of the worst futures
        self._average = np.concatenate(
            [
                -problem.cost / unit,
                np.repeat([pool.gain for pool in pools], parts),
                np.zeros(self._thetas if problem.aversion is None else self._thetas + 1),
            ]
        )
        self._worst = np.zeros(len(self._average))
        if problem.aversion is not None:
            self._worst[self._tail] = 1.0
        self._gain = self._gains()
        self._aimed = False
        self._objective_unit, self._required = unit, np.zeros(len(self._gain))
        self.lower, self.upper = problem.lower, problem.upper
        self._pass_columns()
        self._pass_rows()
        self._pass_value()
        self._pass_stores()
        self._futures = self._highs.getNumRow()
        if self._aversion is not None:
            self._pass_futures(self._aversion)
        self._rows = self._highs.getNumRow()

    def option(self, name: str, value: Option) -> None:
        """Set an option and read it back, since HiGHS may fall back without a word."""
        self._highs.setOptionValue(name, value)
        if self._highs.getOptionValue(name)[1] != value:
            raise OutsideError(f"HiGHS did not take {name} = {value!r}; its version may differ")

    @property
    def _risk(self) -> float:
        return 0.0 if self._aversion is None else self._aversion.weight

    @property
    def _offset(self) -> float:
        return (1 - self._risk) * self.problem.constant / self._unit

    def _gains(self) -> Floats:
        """Return what a unit of each column adds to the objective.

        The columns are those of the problem, the value of each part of each pool, the energy
        stored as it begins, then with futures that are weighed the value z, and for each that
        is watched the values of its pools and how far it is below z.
        """
        return np.asarray((1 - self._risk) * self._average + self._risk * self._worst)

    def _pass_columns(self) -> None:
        p, free = self.problem, self._thetas
        tail = np.full(len(self._gain) - self._tail, -self._infinity)
        self._highs.addCols(
            len(self._gain),
            self._gain,
            np.concatenate([p.lower, np.full(free, -self._infinity), np.zeros(free), tail]),
            np.concatenate([p.upper, np.full(len(self._gain) - self.width, self._infinity)]),
            0,
            np.empty(0, dtype=np.int32),
            np.empty(0, dtype=np.int32),
            np.empty(0),
        )
        self._highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self._highs.changeObjectiveOffset(self._offset)

    def _pass_rows(self) -> None:
        p = self.problem
        largest = np.array(
            [
                np.abs(p.row_value[a:b]).max(initial=0.0)
                for a, b in zip(p.row_start, p.row_start[1:], strict=False)
            ]
        )
        self._scale = 2.0 ** -np.round(np.log2(np.where(largest > 0, largest, 1.0)))
        if len(p.rows):
            self._add(
                p.row_lower * self._scale,
                p.row_upper * self._scale,
                p.row_start[:-1],
                p.row_column,
                p.row_value * np.repeat(self._scale, np.diff(p.row_start)),
            )

    def _pass_value(self) -> None:
        """Add the rows of an aim, free without one: what a plan is worth, and its amount."""
        self._worth = self._highs.getNumRow()
        index = np.flatnonzero(self._gain)
        free, start = np.full(2, self._infinity), np.array([0, len(index)])
        self._add(-free, free, start, index, self._gain[index])

    def _pass_stores(self) -> None:
        """Hold the energy stored as a part begins to the store's size, or to 0 without one."""
        for pool, first in zip(self._pools, self._first, strict=True):
            block, count = self.problem.blocks[pool.blocks[0]], pool.parts
            states = self._thetas + first + np.arange(count)
            if count == 1 or block.storage is None:
                self._bounds(states, np.zeros(count), np.zeros(count))
                continue
            energy = int(block.columns[block.storage.energy])
            index = np.column_stack([states, np.full(count, energy)])
            value = np.tile([1.0, -1.0], (count, 1))
            none = np.full(count, -self._infinity)
            self._add(none, np.zeros(count), 2 * np.arange(count), index.ravel(), value.ravel())

    def _pass_futures(self, aversion: Aversion) -> None:
        """Add a row for each future: value and what it lacks are at least z, once watched."""
        start, index, value = [0], [], []
        for cost in aversion.cost:
            paid = np.flatnonzero(cost)
            index += [paid, np.array([self._tail])]
            value += [-cost[paid] / self._unit, np.array([-1.0])]
            start.append(start[-1] + len(paid) + 1)
        free = np.full(len(aversion.cost), self._infinity)
        self._add(
            -free, free, np.array(start[:-1]), np.concatenate(index), np.concatenate(value)
        )

    def weigh(self, aversion: Aversion | None) -> None:
        """Let the worst futures count otherwise from now on; the next `aim` shows it."""
        self._aversion = aversion
        gain = self._gains()
        for column in np.flatnonzero(gain != self._gain):
            self._highs.changeCoeff(self._worth, int(column), gain[column])
        self._gain = gain

    def watch(self, future: int, pools: Sequence[Pool]) -> None:
        """Tell apart the value of a future from now on; its pools follow those there are."""
        aversion = self._aversion
        assert aversion is not None
        width, count = len(self._gain), len(pools)
        self._pools += pools
        self._first += range(width, width + count)
        self._below[future] = width + count
        lack = np.append(np.zeros(count), -aversion.probability[future] / aversion.tail)
        self._average = np.append(self._average, np.zeros(count + 1))
        self._worst = np.append(self._worst, lack)
        self._gain = self._gains()
        self._required = np.append(self._required, np.zeros(count + 1))
        gain = self._gain[width:] if not self._aimed else np.zeros(count + 1)
        row = self._futures + future
        self._highs.addCols(
            count + 1,
            gain,
            np.append(np.full(count, -self._infinity), 0.0),
            np.full(count + 1, self._infinity),
            count + 1,
            np.arange(count + 1, dtype=np.int32),
            np.full(count + 1, row, dtype=np.int32),
            np.append([pool.gain for pool in pools], 1.0),
        )
        self._highs.changeCoeff(self._worth, width + count, self._gain[-1])
        least = -aversion.constant[future] / self._unit
        self._highs.changeRowBounds(row, least, self._infinity)

    @property
    def watched(self) -> tuple[int, ...]:
        """Futures that are watched, in the order of their pools."""
        return tuple(self._below)

    def _add(
        self, lower: Floats, upper: Floats, start: Ints, index: Ints, value: Floats
    ) -> None:
        self._highs.addRows(
            len(lower),
            np.maximum(lower, -self._infinity),
            np.minimum(upper, self._infinity),
            len(value),
            np.asarray(start, dtype=np.int32),
            np.asarray(index, dtype=np.int32),
            np.asarray(value, dtype=float),
        )

    def _bounds(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        self._highs.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)

    def fix(self, columns: Ints, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns of the problem."""
        if len(columns):
            self._bounds(columns, lower, upper)

    def hold(self, lower: Floats, upper: Floats) -> None:
        """Hold the columns of the problem between these bounds from now on."""
        self.lower, self.upper = lower, upper
        self._bounds(np.arange(self.width), lower, upper)

    def aim(self, aim: Aim | None = None, least: float | None = None) -> None:
        """Seek the most of an amount in plans worth enough, or with None the most value.

        Args:
            aim: What to seek.
            least: Amount that a plan must have; None for any.
        """
        places = np.arange(len(self._gain), dtype=np.int32)
        gain, offset, worth = self._gain, self._offset, -self._infinity
        self._objective_unit = self._unit if aim is None else aim.unit
        self._aimed = aim is not None
        if aim is not None:
            worth = aim.target / self._unit - offset
            gain = np.zeros(len(self._gain))
            gain[: self.width], offset = aim.weights / aim.unit, 0.0
        self._highs.changeColsCost(len(places), places, gain)
        self._highs.changeObjectiveOffset(offset)
        self._highs.changeRowBounds(self._worth, worth, self._infinity)
        self._require(gain, least)

    def _require(self, gain: Floats, least: float | None) -> None:
        """Hold the objective to an amount, where one is given."""
        row, wanted = self._worth + 1, np.zeros(len(gain)) if least is None else gain
        for column in np.flatnonzero(wanted != self._required):
            self._highs.changeCoeff(row, int(column), wanted[column])
        self._required = wanted
        amount = -self._infinity if least is None else least / self._objective_unit
        self._highs.changeRowBounds(row, amount, self._infinity)

    @property
    def cuts(self) -> int:
        """Number of cuts held."""
        return int(self._highs.getNumRow()) - self._rows

    def add_cuts(self, pools: Sequence[int], slopes: Sequence[Floats]) -> None:
        """Hold the parts of these pools' years under new bounds: see `Valuation.slope`."""
        if not len(pools):
            return
        starts, index, value, at = [], [], [], 0
        for place, slope in zip(pools, slopes, strict=True):
            count, width = slope.shape
            theta = self._first[place] + np.arange(count)
            block = self.problem.blocks[self._pools[place].blocks[0]]
            own = np.broadcast_to(block.columns, (count, len(block.columns)))
            states = [self._thetas + theta, self._thetas + np.roll(theta, -1)]
            columns = np.column_stack([own, *(states if count > 1 else []), theta])
            index.append(columns.ravel())
            value.append(np.column_stack([-slope / self._unit, np.ones(count)]).ravel())
            starts.append(at + (width + 1) * np.arange(count))
            at += (width + 1) * count
        start = np.concatenate(starts)
        none = np.full(len(start), -self._infinity)
        self._add(
            none, np.zeros(len(start)), start, np.concatenate(index), np.concatenate(value)
        )

    def drop_cuts(self, which: Flags) -> None:
        """Forget the cuts marked. Shape (cuts,)."""
        places = (self._rows + np.flatnonzero(which)).astype(np.int32)
        if places.size:
            self._highs.deleteRows(len(places), places)

    def solve(self) -> MasterPoint:
        """Solve the linear programme.

        Raises:
            InfeasibleError: The rows and bounds cannot hold together.
            OutsideError: HiGHS ends in any other way.
        """
        self._run()
        value = self._highs.getObjectiveValue() * self._objective_unit
        return self._point(value, value)

    def solve_without(self, columns: Ints) -> MasterPoint:
        """Solve the linear programme with as little as can be of some columns."""
        if not columns.size:
            return self.solve()
        places = columns.astype(np.int32)
        own = self._gain[columns]
        self._highs.changeColsCost(len(places), places, own - UNWANTED)
        try:
            return self.solve()
        finally:
            self._highs.changeColsCost(len(places), places, own)

    def solve_whole(
        self, gap: float, start: Floats | None, stop: Callable[[], bool]
    ) -> MasterPoint | None:
        """Solve with the whole columns whole, and leave the programme linear again.

        Args:
            gap: Gap at which HiGHS may stop.
            start: Columns to start from.
            stop: Asked from time to time; where it says so, the search ends.

        Returns:
            The point, or None where the search ended without one.
        """
        whole = np.flatnonzero(self.problem.whole).astype(np.int32)
        kinds = highspy.HighsVarType
        self._highs.changeColsIntegrality(
            len(whole), whole, np.full(len(whole), int(kinds.kInteger), dtype=np.uint8)
        )
        self.option("mip_rel_gap", gap)
        if start is not None:
            self._highs.setSolution(len(whole), whole, start[whole])
        self._highs.cbMipInterrupt += lambda event: event.interrupt() if stop() else None
        try:
            self._run(may_stop=True)
            info = self._highs.getInfo()
            if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
                return None
            value = self._highs.getObjectiveValue() * self._objective_unit
            return self._point(value, info.mip_dual_bound * self._objective_unit)
        finally:
            self._highs.cbMipInterrupt.clear()  # type: ignore[no-untyped-call]
            self._highs.changeColsIntegrality(
                len(whole), whole, np.full(len(whole), int(kinds.kContinuous), dtype=np.uint8)
            )

    def _point(self, value: float, bound: float) -> MasterPoint:
        solution = self._highs.getSolution()
        columns = np.array(solution.col_value)[: self.width]
        count = len(self.problem.rows)
        rows = np.array(solution.row_value)[self._rows :]
        dual = np.array(solution.row_dual) if solution.dual_valid else np.zeros(0)
        prices = (
            np.array(solution.col_dual)[: self.width] if solution.dual_valid else columns * 0
        )
        return MasterPoint(
            value=value,
            bound=bound,
            columns=np.clip(columns, self.lower, self.upper),
            row_price=dual[:count] * self._scale * self._objective_unit
            if len(dual)
            else np.zeros(count),
            column_price=prices * self._objective_unit,
            cut_price=dual[self._rows :] if len(dual) else np.zeros(len(rows)),
            cut_slack=-rows,
        )

    def _run(self, *, may_stop: bool = False) -> None:
        """Run HiGHS, a second time from scratch and less finely where it gives up."""
        ends = highspy.HighsModelStatus
        for tolerance in (TOLERANCE, COARSE_TOLERANCE):
            self._highs.run()
            status = self._highs.getModelStatus()
            if status == ends.kOptimal or (may_stop and status == ends.kInterrupt):
                return
            if status in {ends.kInfeasible, ends.kUnboundedOrInfeasible}:
                rules = ("the limits of the plan together",)
                raise InfeasibleError([Conflict(rules=rules, relax="relax one of them")])
            if tolerance == TOLERANCE:
                self._highs.clearSolver()
                self.option("primal_feasibility_tolerance", COARSE_TOLERANCE)
                self.option("dual_feasibility_tolerance", COARSE_TOLERANCE)
        name = self._highs.modelStatusToString(status)
        raise OutsideError(f"HiGHS ended with {name!r} in the master problem")
