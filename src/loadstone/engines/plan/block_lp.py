# SPDX-License-Identifier: Apache-2.0
"""One block's year as a linear programme in HiGHS, for blocks with several accounts.

The site oracle prices one account by search; with more, HiGHS finds their prices together. The
programme is built once; capacities only move its bounds, so each solve starts from the last.
One thread at a time may use it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.highs import Option, by_rows
from loadstone.engines.plan.problem import ONES, SHORTAGE_PRICE, Problem, Segment
from loadstone.engines.plan.solution import BlockDispatch
from loadstone.model.errors import OutsideError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

THOUSAND = 1e3
OPTIONS: dict[str, Option] = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    "solver": "simplex",  # starts from the last basis
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockYear:
    """A block's best year by HiGHS.

    Attributes:
        value: What it earns, currency.
        shortage: Energy missing, MWh.
        mu: Price of each account, from 0 to its penalty. Shape (A,).
        hours: Its dispatch.
    """

    value: float
    shortage: float
    mu: Floats
    hours: BlockDispatch


class BlockProgramme:
    """The linear programme of one block, in thousands of the currency.

    Its columns are the hours of each segment, of charge, discharge, stored energy and
    shortage, then what is beyond each account's limit. Its rows are the balance of each hour,
    the battery's, and the accounts.
    """

    def __init__(self, problem: Problem, b: int) -> None:
        """Build the programme of block b."""
        self.problem, self.block = problem, problem.blocks[b]
        self._segments, self._accounts = len(self.block.segments), len(self.block.accounts)
        self._hourly = (self._segments + 4) * problem.hours
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, value in OPTIONS.items():
            self._highs.setOptionValue(name, value)
            if self._highs.getOptionValue(name)[1] != value:
                raise OutsideError(
                    f"HiGHS did not take {name} = {value!r}; its version may differ"
                )
        self._highs.passModel(self._model())

    def _model(self) -> highspy.HighsLp:
        T, A = self.problem.hours, self._accounts
        start, column, value = by_rows(*self._matrix(), 2 * T + A)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = self._hourly + A, 2 * T + A
        model.col_cost_ = self._cost() / THOUSAND
        model.col_lower_, model.col_upper_ = np.zeros(model.num_col_), self._no_limit()
        model.row_lower_ = np.append(np.zeros(2 * T), np.full(A, -np.inf))
        model.row_upper_ = np.zeros(2 * T + A)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = start.astype(np.int32)
        model.a_matrix_.index_ = column.astype(np.int32)
        model.a_matrix_.value_ = value
        return model

    def _no_limit(self) -> Floats:
        return np.full(self._hourly + self._accounts, np.inf)

    def _cost(self) -> Floats:
        p, T = self.problem, self.problem.hours
        signs = [1.0 if s.source else -1.0 for s in self.block.segments]
        values = [p.profile(s.value) for s in self.block.segments]
        of_segments = [sign * v for sign, v in zip(signs, values, strict=True)]
        battery, missing = np.zeros(3 * T), np.full(T, SHORTAGE_PRICE)
        penalties = np.array([account.penalty for account in self.block.accounts])
        return np.concatenate([*of_segments, battery, missing, penalties])

    def _matrix(self) -> tuple[Ints, Ints, Floats]:
        """Return the entries of the matrix: rows, columns and values."""
        rows, columns, values = zip(*self._entries(), strict=True)
        return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)

    def _entries(self) -> Iterator[tuple[Ints, Ints, Floats]]:
        T, J, block = self.problem.hours, self._segments, self.block
        hours, one = np.arange(T), np.ones(T)
        charge, discharge, stored, shortage = ((J + i) * T + hours for i in range(4))
        for j, segment in enumerate(block.segments):
            yield hours, j * T + hours, one if segment.source else -one
        for column, sign in ((charge, -one), (discharge, one), (shortage, one)):
            yield hours, column, sign
        store = block.storage
        yield T + hours, stored, one
        yield T + hours, np.roll(stored, 1), -one
        yield T + hours, charge, -one * (store.charge_efficiency if store else 1.0)
        yield T + hours, discharge, one / (store.discharge_efficiency if store else 1.0)
        for a, account in enumerate(block.accounts):
            row = np.full(T, 2 * T + a)
            weight = one if account.hours == ONES else self.problem.series[account.hours]
            share = np.zeros(J)
            np.add.at(share, list(account.segments), account.coefficients)
            for j in np.flatnonzero(share).tolist():
                yield row, j * T + hours, share[j] * weight
            yield row[:1], np.array([self._hourly + a]), -one[:1]

    def _width(self, segment: Segment, x: Floats) -> Floats:
        """Return a segment's hourly limit. Shape (T,)."""
        offset = 0 if segment.group == ONES else self.problem.groups[segment.group]
        capacity = np.full(self.problem.hours, segment.capacity) + offset
        return np.asarray(self.problem.profile(segment.width) * x[capacity])

    def _resize(self, x: Floats) -> None:
        """Set the bounds to capacities x."""
        T, A, store = self.problem.hours, self._accounts, self.block.storage
        widths = [self._width(segment, x) for segment in self.block.segments]
        power, energy = (x[store.power], x[store.energy]) if store else (0.0, 0.0)
        battery = np.repeat([power, power, energy], T)
        upper = self._no_limit()
        upper[: self._hourly - T] = np.concatenate([*widths, battery])
        lower = np.zeros(len(upper))
        for j, segment in enumerate(self.block.segments):
            if segment.must_run:
                lower[j * T : (j + 1) * T] = widths[j]
        every = np.arange(len(upper), dtype=np.int32)
        self._highs.changeColsBounds(len(upper), every, lower, upper)
        for a, account in enumerate(self.block.accounts):
            limit = account.per_unit * float(x[account.limit])
            self._highs.changeRowBounds(2 * T + a, -np.inf, limit)
        assert len(upper) == self._hourly + A

    def solve(self, x: Floats) -> BlockYear:
        """Return the best year at capacities x, at least 0. Shape (K,).

        Raises:
            OutsideError: HiGHS found no optimum.
        """
        self._resize(x)
        self._highs.run()
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kUnknown:  # a worn-out basis
            self._highs.clearSolver()
            self._highs.run()
            status = self._highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            text = self._highs.modelStatusToString(status)
            raise OutsideError(f"HiGHS found no year of {self.block.name}: {text}")
        solution = self._highs.getSolution()
        row_dual = np.asarray(solution.row_dual) * THOUSAND
        most = np.array([account.penalty for account in self.block.accounts])
        hours = self._hours(np.asarray(solution.col_value), row_dual)
        return BlockYear(
            value=-float(self._highs.getInfo().objective_function_value) * THOUSAND,
            shortage=float(hours.shortage.sum()),
            mu=np.clip(-row_dual[2 * self.problem.hours :], 0.0, most),
            hours=hours,
        )

    def _hours(self, found: Floats, row_dual: Floats) -> BlockDispatch:
        T, J = self.problem.hours, self._segments
        power = np.maximum(found[: self._hourly], 0.0).reshape(J + 4, T)
        return BlockDispatch(
            power=power[:J],
            charge=power[J],
            discharge=power[J + 1],
            stored=power[J + 2],
            shortage=power[J + 3],
            worth=row_dual[:T],
        )
