# SPDX-License-Identifier: Apache-2.0
"""What plans over futures are worth: in each future, on average and where it goes wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan import held
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.held import Restriction, restricted, search_on
from loadstone.engines.plan.problem import Problem
from loadstone.engines.plan.relaxation import never
from loadstone.engines.plan.solution import Solution
from loadstone.engines.plan.uncertain.stack import Stacked
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """A plan over futures and what it is worth.

    Attributes:
        name: A short name.
        columns: The plan, in the columns of the stacked problem. Shape (C',).
        values: Worth in each future, currency. Shape (S,).
        mean: Average of the values.
        tail_mean: Mean of the worst of them.
        worth: What was sought: both, by the weight of the tail.
        bound: No plan is worth more.
    """

    name: str
    columns: Floats
    values: Floats
    mean: float
    tail_mean: float
    worth: float
    bound: float


def outcome(stacked: Stacked, solution: Solution, name: str = "plan") -> Outcome:
    """Return what a plan of a stacked problem is worth."""
    values = stacked.values(solution.columns, solution.values)
    aversion = stacked.problem.aversion
    assert aversion is not None  # every stack has one
    return Outcome(
        name=name,
        columns=solution.columns,
        values=values,
        mean=float(aversion.probability @ values),
        tail_mean=aversion.tail_mean(values),
        worth=solution.objective,
        bound=solution.bound,
    )


def weighed(problem: Problem, weight: float) -> Problem:
    """Return the problem with another weight of its worst futures; all cuts stay true."""
    if problem.aversion is None:
        raise InputError("aversion", None, "must be given to weigh the worst futures")
    return replace(problem, aversion=replace(problem.aversion, weight=weight))


def frontier(
    stacked: Stacked,
    search: Search,
    weights: Sequence[float],
    *,
    gap: float = 1e-3,
    stop: Callable[[], bool] = never,
) -> tuple[Outcome, ...]:
    """Return the best plan for each weight of the worst futures: return against risk.

    Cuts know nothing of the weight, so that each plan starts from all that was proven before.

    Args:
        stacked: The futures.
        search: A search of their problem that has found a plan; its cuts are used and added to.
        weights: What the worst futures count, 0 to 1 each.
        gap: Proven gap at which to end, as a share of the value.
        stop: Where it says so, plans are the best so far.
    """
    found, start = [], search.solution().columns
    for weight in weights:
        problem = weighed(stacked.problem, weight)
        solution = search_on(search, problem, gap, stop, start).solution()
        start = solution.columns
        found.append(outcome(stacked, solution, f"{weight:g}"))
    return tuple(found)


def first_builds(stacked: Stacked, kinds: frozenset[str] = frozenset({"build"})) -> Ints:
    """Return the columns of these kinds that are the same in all futures, of a phase.

    Args:
        stacked: The futures.
        kinds: Kinds of columns, as in `Label.kind`.
    """
    now = stacked.here_and_now()
    labels = stacked.problem.columns
    chosen = [label.kind in kinds and label.phase >= 0 for label in labels]
    return np.flatnonzero(now & np.array(chosen, dtype=np.bool_))


def without(
    stacked: Stacked,
    search: Search,
    name: str,
    columns: Ints,
    *,
    gap: float = 1e-3,
    stop: Callable[[], bool] = never,
) -> Outcome:
    """Return the best plan that has none of some columns, such as one that waits.

    Args:
        stacked: The futures.
        search: A search of their problem that has found a plan; its cuts are used and added to.
        name: A short name of what is left.
        columns: Columns of the stacked problem that are held to 0.
        gap: Proven gap at which to end, as a share of the value.
        stop: Where it says so, the plan is the best so far.

    Raises:
        InfeasibleError: No plan does without.
    """
    rule = Restriction(name=name, text=name, columns=columns)
    return outcome(stacked, restricted(search, rule, gap=gap, stop=stop).solution(), name)


def holding(
    stacked: Stacked,
    search: Search,
    name: str,
    columns: Ints,
    amounts: Floats,
    *,
    gap: float = 1e-3,
    stop: Callable[[], bool] = never,
) -> Outcome:
    """Return the best plan that has given amounts of some columns.

    So it is found what the first builds of a plan for the mean future are worth over futures.

    Args:
        stacked: The futures.
        search: A search of their problem that has found a plan; its cuts are used and added to.
        name: A short name.
        columns: Columns of the stacked problem that are held. Shape (n,).
        amounts: What they are held to. Shape (n,).
        gap: Proven gap at which to end, as a share of the value.
        stop: Where it says so, the plan is the best so far.

    Raises:
        InfeasibleError: No plan has these amounts.
    """
    p = stacked.problem
    plan, which = np.zeros(len(p.columns)), np.zeros(len(p.columns), dtype=np.bool_)
    plan[columns], which[columns] = amounts, True
    problem = held.holding(p, plan, which)
    return outcome(stacked, search_on(search, problem, gap, stop).solution(), name)


def regret(outcomes: Sequence[Outcome]) -> Mapping[str, Floats]:
    """Return by how much each plan stays behind the best of them, future by future.

    Each plan was chosen before the future was known; so the best in one future is no plan that
    anybody could have chosen with certainty.
    """
    best = np.max([one.values for one in outcomes], axis=0)
    return {one.name: best - one.values for one in outcomes}
