# SPDX-License-Identifier: Apache-2.0
"""What it is worth to know the future, to decide later, and how builds do in other futures."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.held import value_of
from loadstone.engines.plan.problem import Problem
from loadstone.engines.plan.relaxation import Relaxation, never
from loadstone.engines.plan.uncertain.gist import gist
from loadstone.engines.plan.uncertain.outcome import Outcome, first_builds, holding, outcome
from loadstone.engines.plan.uncertain.stack import Stacked, stack
from loadstone.model.errors import InfeasibleError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Foresight:
    """What the best plans would be worth if each future were known from the start.

    Attributes:
        values: Value of the best plan found for each future, currency. Shape (S,).
        bounds: No plan for that future is worth more. Shape (S,).
        mean: Average of the values; less the mean of the plan over futures, it is the expected
            value of perfect information.
        mean_bound: Average of the bounds.
    """

    values: Floats
    bounds: Floats
    mean: float
    mean_bound: float


def foresight(
    problems: Sequence[Problem],
    stacked: Stacked,
    search: Search,
    *,
    gap: float = 1e-3,
    executor: Executor | None = None,
    stop: Callable[[], bool] = never,
) -> Foresight:
    """Return what each future's best plan is worth: wait and see.

    Args:
        problems: What was stacked.
        stacked: The futures.
        search: A search of their problem that has found a plan; each future starts from its
            plan and its cuts.
        gap: Proven gap at which each future ends, as a share of its value.
        executor: Threads that value blocks.
        stop: Where it says so, the rest are the plan's values and what its cuts prove.
    """
    plan = search.solution().columns
    values, bounds = np.empty(len(problems)), np.empty(len(problems))
    for f, problem in enumerate(problems):
        alone = stack([problem], np.ones(1), stacked.nodes[:1])
        relaxation = Relaxation(alone.problem, executor)
        start = np.clip(
            stacked.of_future(plan, f)[alone.origin], alone.problem.lower, alone.problem.upper
        )
        relaxation.begin(start)
        count = len(problem.blocks)
        relaxation.inherit(search.relaxation, f * count + np.arange(count))
        found = Search(alone.problem, gap=gap, stop=stop, relaxation=relaxation, start=start)
        solution = found.run().solution()
        values[f], bounds[f] = solution.objective, solution.bound
    return Foresight(
        values=values,
        bounds=bounds,
        mean=float(stacked.probability @ values),
        mean_bound=float(stacked.probability @ bounds),
    )


def decided_now(
    problems: Sequence[Problem],
    stacked: Stacked,
    search: Search,
    *,
    gap: float = 1e-3,
    executor: Executor | None = None,
    stop: Callable[[], bool] = never,
) -> Outcome:
    """Return the best plan whose builds of all phases are decided today.

    What the plan over the tree is worth more is the value of waiting for what is learnt.

    Args:
        problems: What was stacked.
        stacked: The futures.
        search: A search of their problem that has found a plan; its cuts are used.
        gap: Proven gap at which to end, as a share of the value.
        executor: Threads that value blocks.
        stop: Where it says so, the plan is the best so far.

    Raises:
        InfeasibleError: No plan keeps the rows of all futures.
    """
    aversion = stacked.problem.aversion
    assert aversion is not None  # every stack has one
    one = stack(
        problems,
        stacked.probability,
        np.zeros_like(stacked.nodes),
        tail=aversion.tail,
        weight=aversion.weight,
    )
    relaxation = Relaxation(one.problem, executor)
    mean = one.place(stacked.mean(search.solution().columns))
    relaxation.begin(np.clip(mean, one.problem.lower, one.problem.upper))
    relaxation.inherit(search.relaxation, np.arange(len(one.problem.blocks)))
    found = Search(one.problem, gap=gap, stop=stop, relaxation=relaxation)
    return outcome(one, found.run().solution(), "decided now")


def planned_for_the_mean(
    problems: Sequence[Problem],
    stacked: Stacked,
    search: Search,
    kinds: frozenset[str] = frozenset({"build"}),
    *,
    gap: float = 1e-3,
    executor: Executor | None = None,
    stop: Callable[[], bool] = never,
) -> Outcome:
    """Return the best plan whose first builds are those for the mean of the futures.

    What the plan over futures is worth more is the value of the stochastic solution.

    Args:
        problems: What was stacked.
        stacked: The futures.
        search: A search of their problem that has found a plan; its cuts are used and added to.
        kinds: Kinds of columns that are first builds, as in `Label.kind`.
        gap: Proven gap at which to end, as a share of the value.
        executor: Threads that value blocks.
        stop: Where it says so, the plan is the best so far.

    Raises:
        InfeasibleError: The first builds for the mean cannot stand in some future.
    """
    one = stack(problems, stacked.probability, np.zeros_like(stacked.nodes))
    found = Search(gist(one.problem), gap=gap, executor=executor, stop=stop)
    first = first_builds(stacked, kinds)
    amounts = one.of_future(found.run().solution().columns, 0)[stacked.origin[first]]
    return holding(stacked, search, "planned for the mean", first, amounts, gap=gap, stop=stop)


def fresh_values(
    problems: Sequence[Problem],
    plans: Sequence[Floats],
    kinds: frozenset[str],
    *,
    gap: float = 1e-3,
    executor: Executor | None = None,
    stop: Callable[[], bool] = never,
) -> Floats:
    """Return what builds are worth in futures that they were not planned for. Shape (F,).

    In each of them the builds are held and everything else is chosen anew with that future
    known, so that a value is an upper end of what it would be; nan where the builds cannot
    stand, or where it was stopped before.

    Args:
        problems: One for each fresh future.
        plans: Its builds: `Stacked.of_future` of a future that went the same way through the
            tree (`Tree.find`). Shape (C,) each.
        kinds: Kinds of columns that are held; whole columns always are.
        gap: Proven gap at which each future ends, as a share of its value.
        executor: Threads that value blocks.
        stop: Where it says so, the rest stay nan.
    """
    values = np.full(len(problems), np.nan)
    for f, (problem, plan) in enumerate(zip(problems, plans, strict=True)):
        if stop():
            break
        search = Search(problem, executor=executor)
        try:
            values[f] = value_of(search, plan, kinds, gap=gap, stop=stop).objective
        except InfeasibleError:
            continue
    return values
