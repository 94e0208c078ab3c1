# SPDX-License-Identifier: Apache-2.0
"""HiGHS, told what to do by arrays, and checked that it did it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import OutsideError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Option = bool | int | float | str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Programme:
    """Minimise cost . x with rows and bounds; infinite where there is no bound.

    Attributes:
        cost, lower, upper: Of each column. Shape (n,).
        row_start, row_column, row_value: The matrix by rows. Shapes (m + 1,), (z,), (z,).
        row_lower, row_upper: Bounds of the rows. Shape (m,).
        whole: Columns that must be whole numbers, if any. Shape (n,).
    """

    cost: Floats
    lower: Floats
    upper: Floats
    row_start: Ints
    row_column: Ints
    row_value: Floats
    row_lower: Floats
    row_upper: Floats
    whole: NDArray[np.bool_] | None = None

    @property
    def is_whole(self) -> bool:
        """Whether some column must be a whole number."""
        return self.whole is not None and bool(self.whole.any())


class End(StrEnum):
    """How HiGHS ended."""

    OPTIMAL = "optimal"
    TIME_LIMIT = "time limit"  # with a feasible point
    ENOUGH = "enough"  # the bound asked for is proven; there may be no point
    INFEASIBLE = "infeasible"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answer:
    """What HiGHS found. Arrays are empty where there is no point.

    Attributes:
        end: How it ended.
        objective: Value of x.
        bound: No point is below this.
        x: The point. Shape (n,).
        row_dual, column_dual: Change of the objective per unit of a bound; 0 with whole
            columns. Shapes (m,), (n,).
    """

    end: End
    objective: float
    bound: float
    x: Floats
    row_dual: Floats
    column_dual: Floats


def by_rows(rows: Ints, columns: Ints, values: Floats, count: int) -> tuple[Ints, Ints, Floats]:
    """Return a matrix given by its entries as start, column and value by rows."""
    order = np.argsort(rows, kind="stable")
    start = np.searchsorted(rows[order], np.arange(count + 1)).astype(np.int64)
    return start, columns[order].astype(np.int64), values[order]


def minimise(
    programme: Programme,
    options: Mapping[str, Option] | None = None,
    *,
    enough: float | None = None,
) -> Answer:
    """Solve a programme.

    Args:
        programme: The programme.
        options: HiGHS options; each is asked for again afterwards, because HiGHS falls back
            silently where it cannot do what it was told.
        enough: With whole columns, a bound at which to stop.

    Raises:
        OutsideError: HiGHS took another option, failed, or found no point within its limits.
    """
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    wanted: dict[str, Option] = {"output_flag": False, **(options or {})}
    for name, value in wanted.items():
        highs.setOptionValue(name, value)
    highs.passModel(_model(programme))
    if enough is not None and programme.is_whole:
        highs.cbMipInterrupt += lambda event: _stop_at(event, enough)
    highs.run()
    for name, value in wanted.items():
        _, taken = highs.getOptionValue(name)
        if taken != value:
            raise OutsideError(f"HiGHS took {name} = {taken!r}, not {value!r}")
    return _answer(highs, programme)


def _stop_at(event: Any, enough: float) -> None:
    if event.data_out.mip_dual_bound >= enough:
        event.interrupt()


def _model(programme: Programme) -> highspy.HighsLp:
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = len(programme.cost), len(programme.row_lower)
    model.col_cost_, model.col_lower_ = programme.cost, programme.lower
    model.col_upper_ = programme.upper
    model.row_lower_, model.row_upper_ = programme.row_lower, programme.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = programme.row_start.astype(np.int32)
    model.a_matrix_.index_ = programme.row_column.astype(np.int32)
    model.a_matrix_.value_ = programme.row_value
    if programme.is_whole and programme.whole is not None:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[int(whole)] for whole in programme.whole]
    return model


def _answer(highs: highspy.Highs, programme: Programme) -> Answer:
    status, info = highs.getModelStatus(), highs.getInfo()
    statuses = highspy.HighsModelStatus
    if status in (statuses.kInfeasible, statuses.kUnboundedOrInfeasible):
        none = np.empty(0)
        return Answer(
            end=End.INFEASIBLE,
            objective=np.inf,
            bound=np.inf,
            x=none,
            row_dual=none,
            column_dual=none,
        )
    feasible = highspy.SolutionStatus.kSolutionStatusFeasible
    found = info.primal_solution_status == feasible
    late = status == statuses.kTimeLimit and found and programme.is_whole
    if status == statuses.kInterrupt:
        none = np.empty(0)
        return Answer(
            end=End.ENOUGH,
            objective=float(info.objective_function_value) if found else np.inf,
            bound=float(info.mip_dual_bound),
            x=np.asarray(highs.getSolution().col_value) if found else none,
            row_dual=none,
            column_dual=none,
        )
    # a model without rows may be called empty though its bounds decide it
    if not (status in (statuses.kOptimal, statuses.kModelEmpty) or late):
        text = highs.modelStatusToString(status)
        raise OutsideError(
            f"HiGHS found no point: {text}; allow more time or try another solver"
        )
    solution = highs.getSolution()
    bound = info.mip_dual_bound if programme.is_whole else info.objective_function_value
    return Answer(
        end=End.TIME_LIMIT if late else End.OPTIMAL,
        objective=float(info.objective_function_value),
        bound=float(bound),
        x=np.asarray(solution.col_value),
        row_dual=np.asarray(solution.row_dual),
        column_dual=np.asarray(solution.col_dual),
    )
