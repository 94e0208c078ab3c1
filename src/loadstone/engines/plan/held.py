# SPDX-License-Identifier: Apache-2.0
"""Plans of which a part is held: the best without something, and what given builds are worth.

Only bounds of columns change, so every cut of a search of the same problem holds as well.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.problem import Problem
from loadstone.engines.plan.relaxation import never
from loadstone.engines.plan.solution import Solution
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ROUNDING = 1e-7  # of a held amount, at least one unit: what rounding may move it


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Restriction:
    """Something that a plan goes without.

    Attributes:
        name: A short name.
        text: What it goes without, in words.
        columns: Columns held to 0.
    """

    name: str
    text: str
    columns: Ints


def restricted(
    search: Search,
    restriction: Restriction,
    *,
    gap: float = 1e-3,
    stop: Callable[[], bool] = never,
) -> Search:
    """Return a finished search for the best plan that goes without something.

    Args:
        search: A search that has found a plan; its cuts are used and added to.
        restriction: What to go without.
        gap: Proven gap at which to end, as a share of the value.
        stop: Where it says so, the plan is the best so far.

    Raises:
        InfeasibleError: No plan does without.
    """
    p = search.problem
    lower, upper = p.lower.copy(), p.upper.copy()
    lower[restriction.columns] = upper[restriction.columns] = 0.0
    return search_on(search, replace(p, lower=lower, upper=upper), gap, stop)


def value_of(
    search: Search,
    columns: Floats,
    kinds: Set[str],
    *,
    gap: float = 1e-3,
    stop: Callable[[], bool] = never,
) -> Solution:
    """Return what given builds are worth: what is built is held, the rest is chosen anew.

    The search may be of other prices than those that the builds were planned for, and need not
    have begun. Its cuts are used and added to, so that further builds are valued faster.

    Args:
        search: A search of the problem in which the builds are valued.
        columns: A plan. Shape (C,).
        kinds: Kinds of columns that are held, as in `Label.kind`; whole columns always are.
        gap: Proven gap at which to end, as a share of the value.
        stop: Where it says so, the value is the best so far.

    Raises:
        InfeasibleError: No plan of the problem has these builds.
        InputError: The plan is of a problem of another shape.
    """
    p = search.problem
    if columns.shape != p.cost.shape:
        raise InputError("columns", columns.shape, f"must be {p.cost.shape}")
    which = p.whole | np.array([label.kind in kinds for label in p.columns], dtype=np.bool_)
    if not search.relaxation.begun:
        search.relaxation.begin(columns)
    return search_on(search, holding(p, columns, which), gap, stop).solution()


def holding(problem: Problem, columns: Floats, which: Flags) -> Problem:
    """Return a problem of which some columns are held at what a plan has of them.

    Args:
        problem: The problem.
        columns: The plan. Shape (C,).
        which: What is held. Shape (C,).
    """
    p = problem
    at = np.where(p.whole, np.round(columns), columns)
    # amounts and rows agree to rounding only; what is whole needs no such room
    room = np.where(p.whole, 0.0, ROUNDING * np.maximum(1.0, np.abs(at)))
    lower = np.where(which, np.clip(at - room, p.lower, p.upper), p.lower)
    upper = np.where(which, np.clip(at + room, p.lower, p.upper), p.upper)
    return replace(p, lower=lower, upper=upper)


def search_on(
    search: Search,
    problem: Problem,
    gap: float,
    stop: Callable[[], bool],
    start: Floats | None = None,
) -> Search:
    """Return a finished search that uses what another has proven, and adds to it.

    Args:
        search: A search that has found a plan.
        problem: What its relaxation fits: other bounds, or another weight of the tail.
        gap: Proven gap at which to end, as a share of the value.
        stop: Where it says so, the plan is the best so far.
        start: A plan to start from. Shape (C,).
    """
    search.keep()
    found = Search(problem, gap=gap, stop=stop, relaxation=search.relaxation, start=start)
    found.run().keep()
    return found
