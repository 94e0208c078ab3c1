# SPDX-License-Identifier: Apache-2.0
"""Whether a plan is what it says it is, found out apart from the code that made it.

Level 0 counts the plan again from its hours and reads its gap. Level 1 gives one block, drawn
at random, to HiGHS. Level 2 gives every block to HiGHS, which proves a value the plan reaches,
and computes the bound again from the stored water values, which proves a value that no plan
passes. Level 3 gives HiGHS the whole problem.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.certificate import beyond_range, recount_bound
from loadstone.engines.plan.lp import solve_lp, solve_lp_hours
from loadstone.engines.plan.problem import Label, Problem
from loadstone.engines.plan.recount import Breach, recount_columns, recount_hours
from loadstone.engines.plan.solution import BlockDispatch, Cut, Solution
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]

LEVELS = 4
SAME = 1e-6
"""Two computations of one amount agree within this share."""

LIMITS = {
    "bounds": (1e-7, "every amount is within its bounds, as a share"),
    "rows": (1e-6, "every shared limit holds, as a share"),
    "whole numbers": (1e-6, "what must be whole is whole"),
    "balance": (1e-5, "power in equals power out in every hour, MW"),
    "widths": (1e-5, "no use or source goes beyond its capacity, MW"),
    "must run": (1e-5, "what must run runs, MW"),
    "shortage": (1e-5, "no power is missing in any hour, MW"),
    "battery power": (1e-5, "charging and discharging stay within the battery's power, MW"),
    "stored energy": (1e-5, "stored energy stays within the battery's size, MWh"),
    "battery cycle": (
        1e-5,
        "stored energy follows the flows around the cyclic year, MWh",
    ),
}
"""How far each rule may be broken, and the rule in words. 1e-5 MW are ten watts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was found out.

    Attributes:
        name: A short name.
        ok: Whether it holds.
        worst: The figure found.
        limit: What it may be at most.
        text: What was checked, and where the worst place is, in words.
    """

    name: str
    ok: bool
    worst: float
    limit: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What a verification found.

    Attributes:
        level: 0 to 3.
        checks: Everything that was checked.
        lower: Value that the plan reaches, by the strongest check done, currency.
        upper: Value that no plan passes, by the strongest check done, currency.
    """

    level: int
    checks: tuple[Check, ...]
    lower: float
    upper: float

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)

    @property
    def gap(self) -> float:
        """Distance between the two values, as a share of the lower."""
        return (self.upper - self.lower) / max(abs(self.lower), 1e-9)


def verify(
    problem: Problem,
    solution: Solution,
    dispatch: Sequence[BlockDispatch],
    cuts: Sequence[Cut] = (),
    *,
    level: int = 0,
    gap: float = 1e-3,
    rng: np.random.Generator | None = None,
) -> Verification:
    """Check a plan.

    Args:
        problem: What was asked.
        solution: What was found.
        dispatch: The hours of each block.
        cuts: The prices that prove the bound, for level 2.
        level: 0 to 3; see the module.
        gap: Largest distance from the bound that is accepted.
        rng: Draws the block of level 1.

    Raises:
        InputError: There is no such level, or it lacks its generator or its cuts.
        OutsideError: HiGHS failed.
    """
    if level not in range(LEVELS):
        raise InputError("level", level, f"must be 0 to {LEVELS - 1}")
    checks = [_limit("gap", solution.gap, gap, "the plan is this close to its proven bound")]
    checks += _recounted(problem, solution, dispatch)
    lower, upper = solution.objective, solution.bound
    if level == 1:
        if rng is None:
            raise InputError("rng", None, "must be given at level 1")
        checks.append(_dispatch_check(problem, solution, [int(rng.integers(len(dispatch)))]))
    if level == 2:
        if not cuts:
            raise InputError("cuts", (), "must be given at level 2")
        second, lower, upper = _proof(problem, solution, cuts, gap)
        checks += second
    if level == 3:
        third, lower, upper = _whole(problem, solution, gap)
        checks += third
    return Verification(level=level, checks=tuple(checks), lower=lower, upper=upper)


def _limit(name: str, worst: float, limit: float, text: str, place: str = "") -> Check:
    where = f"; worst at {place}" if place and worst > 0 else ""
    return Check(
        name=name, ok=bool(worst <= limit), worst=worst, limit=limit, text=f"{text}{where}"
    )


def _apart(one: float, other: float, least: float = 1.0) -> float:
    return abs(one - other) / max(least, abs(other))


def _least_size(problem: Problem, solution: Solution) -> float:
    """Return the smallest amount of money that shares are taken of: a thousandth of all."""
    weight = np.array([block.weight for block in problem.blocks])
    gross = problem.cost @ solution.columns + weight @ np.abs(solution.values)
    return max(1.0, 1e-3 * float(gross))


def _recounted(
    problem: Problem, solution: Solution, dispatch: Sequence[BlockDispatch]
) -> Iterator[Check]:
    """Count a plan again from its columns and hours."""
    worst: dict[str, Breach] = dict(recount_columns(problem, solution.columns))
    values = np.empty(len(problem.blocks))
    for b, (block, hours) in enumerate(zip(problem.blocks, dispatch, strict=True)):
        count = recount_hours(problem, b, solution.columns[block.columns], hours)
        values[b] = count.value
        _keep_worst(worst, count.breaches)
    for name, breach in worst.items():
        limit, text = LIMITS[name]
        yield _limit(name, breach.size, limit, text, breach.place)
    names = [block.name for block in problem.blocks]
    least = _least_size(problem, solution)
    pairs = zip(solution.values.tolist(), values.tolist(), strict=True)
    apart = [_apart(one, other, least) for one, other in pairs]
    b = int(np.argmax(apart))
    text = "each block's value follows from its hours, as a share"
    yield _limit("block values", apart[b], SAME, text, names[b])
    objective = problem.worth(solution.columns, values)
    text = "the objective follows from the hours and the amounts, as a share"
    yield _limit("objective", _apart(solution.objective, objective, least), SAME, text)


def _keep_worst(worst: dict[str, Breach], found: Mapping[str, Breach]) -> None:
    for name, breach in found.items():
        if name not in worst or breach.size > worst[name].size:
            worst[name] = breach


def dispatch_problem(problem: Problem, b: int, columns: Floats) -> Problem:
    """Return the problem of one block alone, its capacities fixed to those of the columns."""
    block = problem.blocks[b]
    count = len(block.capacities)
    x = np.maximum(columns[block.columns], 0.0)
    return replace(
        problem,
        blocks=(replace(block, weight=1.0, columns=np.arange(count)),),
        columns=tuple(Label(kind="capacity", asset=name) for name in block.capacities),
        cost=np.zeros(count),
        lower=x,
        upper=x,
        whole=np.zeros(count, dtype=np.bool_),
        aversion=None,
        rows=(),
        row_start=np.zeros(1, dtype=np.int64),
        row_column=np.empty(0, dtype=np.int64),
        row_value=np.empty(0),
        row_lower=np.empty(0),
        row_upper=np.empty(0),
        constant=0.0,
    )


def dispatch_by_lp(problem: Problem, b: int, columns: Floats) -> tuple[float, BlockDispatch]:
    """Return the best yearly value of one block at given columns, by HiGHS, and its hours."""
    solution, (hours,), _ = solve_lp_hours(dispatch_problem(problem, b, columns))
    return solution.objective, hours


def _dispatch_check(problem: Problem, solution: Solution, blocks: Sequence[int]) -> Check:
    return _compare_dispatch(problem, solution, blocks)[0]


def _compare_dispatch(
    problem: Problem, solution: Solution, blocks: Sequence[int]
) -> tuple[Check, Floats]:
    """Give blocks to HiGHS at the plan's capacities and return the check and the values."""
    values = [
        solve_lp(dispatch_problem(problem, b, solution.columns)).objective for b in blocks
    ]
    least = _least_size(problem, solution)
    apart = [
        _apart(float(solution.values[b]), v, least) for b, v in zip(blocks, values, strict=True)
    ]
    worst = int(np.argmax(apart))
    of = f"{len(blocks)} of {len(problem.blocks)} blocks"
    text = f"HiGHS finds the same value for {of}, as a share"
    place = problem.blocks[blocks[worst]].name
    return _limit("dispatch by HiGHS", apart[worst], SAME, text, place), np.array(values)


def _proof(
    problem: Problem, solution: Solution, cuts: Sequence[Cut], gap: float
) -> tuple[list[Check], float, float]:
    """Prove both sides again: every dispatch by HiGHS, the bound by plain arithmetic."""
    blocks = range(len(problem.blocks))
    check, values = _compare_dispatch(problem, solution, blocks)
    lower = problem.worth(solution.columns, values)
    bare = set(blocks) - {cut.block for cut in cuts}
    text = "every block has prices that bound it; blocks without"
    checks = [check, _limit("cuts", len(bare), 0, text)]
    outside = max((beyond_range(problem, cut) for cut in cuts), default=0.0)
    text = "every price of a cut is in the range where it proves something, beyond it by"
    checks.append(_limit("prices", outside, 0, text))
    if bare or outside > 0:
        return checks, lower, np.inf
    least = max(1.0, abs(solution.bound))
    goal = solution.bound + SAME / 2 * least
    upper = recount_bound(problem, cuts, gap=min(gap, SAME), goal=goal)
    text = "the prices of the cuts alone prove the stated bound; the share they miss"
    # whole numbers were proven with more cuts than are kept; the proven gap still decides
    room = gap if problem.whole.any() else SAME
    checks.append(_limit("bound", max(0.0, (upper - solution.bound) / least), room, text))
    apart = (upper - lower) / max(abs(lower), 1e-9)
    text = "the plan is this close to the bound, by HiGHS and plain arithmetic alone"
    checks.append(_limit("proven gap", apart, gap + SAME, text))
    return checks, lower, upper


def _whole(
    problem: Problem, solution: Solution, gap: float
) -> tuple[list[Check], float, float]:
    """Solve the whole problem as one model and compare."""
    model = solve_lp(problem, gap=min(gap, 1e-6))
    size = max(1.0, abs(model.objective))
    better = max(0.0, model.objective - solution.bound) / size
    worse = max(0.0, solution.objective - model.bound) / size
    text = "the whole model, solved by HiGHS, finds no plan above the stated bound, as a share"
    checks = [_limit("whole model, plan", better, SAME, text)]
    text = "the plan is not worth more than the whole model allows, as a share"
    checks.append(_limit("whole model, bound", worse, SAME, text))
    text = "the plan is this close to the bound of the whole model"
    apart = (model.bound - solution.objective) / max(abs(solution.objective), 1e-9)
    checks.append(_limit("whole model, gap", apart, gap + SAME, text))
    return checks, solution.objective, model.bound
