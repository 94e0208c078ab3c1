# SPDX-License-Identifier: Apache-2.0
"""The whole problem solved as one linear or mixed-integer programme.

It is the fall-back where the structured method does not hold, and the judge of that method on
small problems.
"""

from dataclasses import replace
from typing import Any

import linopy
import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.highs import Answer, End, Option, Programme, minimise
from loadstone.engines.plan.monolith import THOUSAND, Monolith, build_model
from loadstone.engines.plan.problem import Problem
from loadstone.engines.plan.solution import BlockDispatch, Cut, Solution
from loadstone.model.errors import Conflict, InfeasibleError
from loadstone.model.plan import Status

Floats = NDArray[np.float64]


def solve_lp(
    problem: Problem, *, gap: float = 1e-5, time_limit: float | None = None
) -> Solution:
    """Solve a problem as one model with HiGHS.

    Args:
        problem: The problem.
        gap: Distance from the bound to stop at where there are whole columns.
        time_limit: Seconds for the solver, or None for no limit.

    Raises:
        InfeasibleError: No plan meets the rows and bounds.
        OutsideError: The solver failed, took other options, or found no plan in time.
    """
    return solve_lp_hours(problem, gap=gap, time_limit=time_limit)[0]


def solve_lp_hours(
    problem: Problem, *, gap: float = 1e-5, time_limit: float | None = None
) -> tuple[Solution, tuple[BlockDispatch, ...], tuple[Cut, ...]]:
    """Solve a problem as one model, and return the plan, the hours of each block and its proof.

    With whole columns it is solved twice: to find them, and with them fixed, because only a
    linear programme has prices; those then prove nothing of other whole numbers.

    Args:
        problem: The problem.
        gap: As for `solve_lp`.
        time_limit: As for `solve_lp`.

    Raises:
        InfeasibleError: As for `solve_lp`.
        OutsideError: As for `solve_lp`.
    """
    monolith = build_model(problem)
    programme = _programme(monolith.model, problem)
    options: dict[str, Option] = {} if time_limit is None else {"time_limit": float(time_limit)}
    if not programme.is_whole:
        answer = _feasible(minimise(programme, options))
        solution = _solution(problem, monolith, answer, answer)
        weights = _weights(problem, monolith, answer)
        cuts = tuple(
            _cut(problem, monolith, answer, b, weight) for b, weight in enumerate(weights)
        )
        return solution, _hours(problem, monolith, answer), cuts
    found = _feasible(minimise(programme, {**options, "mip_rel_gap": gap / 2}))
    columns = np.flatnonzero(problem.whole)
    lower, upper = programme.lower.copy(), programme.upper.copy()
    lower[columns] = upper[columns] = np.rint(found.x[columns])
    priced = _feasible(minimise(replace(programme, lower=lower, upper=upper, whole=None)))
    return _solution(problem, monolith, found, priced), _hours(problem, monolith, priced), ()


def _programme(model: linopy.Model, problem: Problem) -> Programme:
    matrices = model.matrices
    rows: Any = matrices.A  # a sparse matrix, None only without rows
    rows = rows.tocsr()
    whole = np.zeros(len(matrices.vlabels), dtype=np.bool_)
    whole[: len(problem.whole)] = problem.whole
    return Programme(
        cost=matrices.c,
        lower=matrices.lb,
        upper=matrices.ub,
        row_start=rows.indptr.astype(np.int64),
        row_column=rows.indices.astype(np.int64),
        row_value=rows.data,
        row_lower=np.where(matrices.sense == "<", -np.inf, matrices.b),
        row_upper=np.where(matrices.sense == ">", np.inf, matrices.b),
        whole=whole,
    )


def _feasible(answer: Answer) -> Answer:
    if answer.end == End.INFEASIBLE:
        rules = ("the rows and bounds of the problem",)
        raise InfeasibleError([Conflict(rules=rules, relax="relax one of its rows")])
    return answer


def _solution(problem: Problem, monolith: Monolith, found: Answer, priced: Answer) -> Solution:
    columns = priced.x[: len(problem.columns)]
    columns = np.where(problem.whole, np.rint(columns), columns)
    weight = 0.0 if problem.aversion is None else problem.aversion.weight
    fixed = (1 - weight) * problem.constant
    objective = fixed - priced.objective * THOUSAND
    return Solution(
        status=Status.STOPPED if found.end == End.TIME_LIMIT else Status.OPTIMAL,
        objective=objective,
        bound=max(objective, fixed - found.bound * THOUSAND),
        columns=np.clip(columns, problem.lower, problem.upper),
        values=np.array(
            [_value(problem, monolith, b, priced) for b in range(len(problem.blocks))]
        ),
        row_price=_row_prices(problem, monolith, priced),
        column_price=-priced.column_dual[: len(problem.columns)] * THOUSAND,
    )


def _duals(monolith: Monolith, name: str, answer: Answer) -> Floats:
    """Return the duals of a constraint, 0 where it is masked."""
    labels = monolith.model.constraints[name].labels.values
    there = labels >= 0
    place = np.searchsorted(monolith.row_labels, labels[there])
    duals = np.zeros(labels.shape)
    duals[there] = answer.row_dual[place]
    return duals


def _row_prices(problem: Problem, monolith: Monolith, answer: Answer) -> Floats:
    """Return the gain in the objective per unit by which each row's limit grows. Shape (M,)."""
    price = np.zeros(len(problem.rows))
    for name in ("rows_equal", "rows_upper", "rows_lower"):
        if name in monolith.model.constraints:
            rows = monolith.model.constraints[name].coords["row"].values
            price[rows] -= _duals(monolith, name, answer)
    return price * THOUSAND / monolith.row_scale


def _value(problem: Problem, monolith: Monolith, b: int, answer: Answer) -> float:
    """Return the yearly value of a block at the model's hours."""
    block, variables = problem.blocks[b], monolith.model.variables
    power = answer.x[variables[f"power_{b}"].labels.values]
    missing = float(answer.x[variables[f"shortage_{b}"].labels.values].sum())
    value = -problem.shortage_price * missing
    for j, segment in enumerate(block.segments):
        earned = float(power[j] @ problem.profile(segment.value))
        value += -earned if segment.source else earned
    for a, account in enumerate(block.accounts):
        value -= account.penalty * float(answer.x[variables[f"beyond_{b}_{a}"].labels.item()])
    return value


def _hours(problem: Problem, monolith: Monolith, answer: Answer) -> tuple[BlockDispatch, ...]:
    variables = monolith.model.variables

    def hourly(name: str) -> Floats:
        if name not in variables:
            return np.zeros(problem.hours)
        return np.asarray(np.maximum(answer.x[variables[name].labels.values], 0.0))

    return tuple(
        BlockDispatch(
            power=hourly(f"power_{b}"),
            charge=hourly(f"charge_{b}"),
            discharge=hourly(f"discharge_{b}"),
            stored=hourly(f"stored_{b}"),
            shortage=hourly(f"shortage_{b}"),
            worth=_duals(monolith, f"balance_{b}", answer) * THOUSAND / weight,
        )
        for b, weight in enumerate(_weights(problem, monolith, answer))
    )


def _weights(problem: Problem, monolith: Monolith, answer: Answer) -> list[float]:
    """Return what a block's yearly value counts, those of the worst futures more.

    A block that does not count has duals of 0; it gets any weight but that.
    """
    weights = np.array([block.weight for block in problem.blocks])
    if (aversion := problem.aversion) is not None:
        share = (1 - aversion.weight) + np.array(
            [
                _duals(monolith, f"future_{f}", answer).item() / probability
                for f, probability in enumerate(aversion.probability.tolist())
            ]
        )
        weights *= share[[block.future for block in problem.blocks]]
    return [float(weight) if weight > 0 else 1.0 for weight in weights]


def _cut(problem: Problem, monolith: Monolith, answer: Answer, b: int, weight: float) -> Cut:
    """Read one block's prices from the duals of its hours."""
    block = problem.blocks[b]

    def duals(name: str) -> Floats:
        # duals of a programme in thousands that weighs the block
        return _duals(monolith, name, answer) * THOUSAND / weight

    most = np.array([account.penalty for account in block.accounts])
    paid = [float(-duals(f"account_{b}_{a}").item()) for a in range(len(most))]
    return Cut(
        block=b,
        water=np.zeros(problem.hours) if block.storage is None else -duals(f"store_{b}"),
        price=np.minimum(duals(f"balance_{b}"), problem.shortage_price),
        multipliers=np.clip(np.array(paid), 0.0, most),
    )
