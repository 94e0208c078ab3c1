# SPDX-License-Identifier: Apache-2.0
"""The exact method: its bounds, its whole numbers, and that nothing but the problem counts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.b31 import b31, b31_phases

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.verify import verify
from loadstone.model.errors import InfeasibleError
from loadstone.model.plan import Status

WEEK = 168


def searched(problem, gap=1e-7, **options):
    search = Search(problem, gap=gap, **options)
    for _ in search.steps():
        pass
    return search


def openings(sites, phases, **options):
    """A week of B31 whose sites open at a price that some of them are worth."""
    problem = b31_phases(sites, phases, binary=True, hours=WEEK, **options)
    return replace(problem, cost=np.where(problem.whole, 0.05 * problem.cost, problem.cost))


@pytest.mark.parametrize("sites", [1, 4])
def test_a_week_of_b31_agrees_with_the_whole_model(sites):
    problem = b31(sites, hours=WEEK)
    found, whole = searched(problem).solution(), solve_lp(problem, gap=1e-9)
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(whole.objective, rel=1e-6)
    assert found.objective <= whole.objective * (1 + 1e-9)
    assert whole.objective <= found.bound * (1 + 1e-9)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["per_phase", "per_site"])
def test_sites_that_open_or_do_not_agree_with_the_whole_model(kind):
    problem = openings(4, 3, openings=kind)
    found, whole = searched(problem, gap=1e-6).solution(), solve_lp(problem, gap=1e-7)
    assert found.objective == pytest.approx(whole.objective, rel=2e-6)
    chosen = found.columns[problem.whole]
    assert chosen.sum() > 0
    np.testing.assert_allclose(chosen, np.round(chosen), atol=1e-9)


def test_the_same_problem_gives_the_same_plan_to_the_bit_whatever_the_threads():
    problem = b31(5, hours=WEEK)
    alone = searched(problem).solution()
    with ThreadPoolExecutor(2) as executor:
        shared = searched(problem, executor=executor).solution()
    np.testing.assert_array_equal(alone.columns, shared.columns)
    assert (alone.objective, alone.bound) == (shared.objective, shared.bound)


def test_the_bound_never_rises_and_the_plan_never_falls():
    progress = list(Search(b31(3, hours=WEEK), gap=1e-6).steps())
    bounds = [step.bound for step in progress]
    values = [step.objective for step in progress]
    assert bounds == sorted(bounds, reverse=True)
    assert values == sorted(values)
    assert progress[-1].gap <= 1e-6


def test_a_search_left_early_has_a_plan_and_an_honest_gap():
    problem = openings(3, 2)
    search = Search(problem, gap=1e-6)
    next(search.steps())
    found = search.solution()
    best = searched(problem, gap=1e-6).solution()
    assert found.status is Status.STOPPED
    assert found.objective <= best.objective <= found.bound
    checked = verify(problem, found, search.dispatch(), gap=found.gap)
    assert checked.ok, checked


def test_a_search_told_to_stop_ends():
    search = Search(b31(3, hours=WEEK), gap=1e-9, stop=lambda: True)
    assert len(list(search.steps())) == 1


@pytest.mark.parametrize("binary", [False, True])
def test_the_prices_it_leaves_prove_its_bound(binary):
    problem = openings(3, 2) if binary else b31_phases(3, 2, hours=WEEK)
    search = searched(problem, gap=1e-5)
    checked = verify(
        problem, search.solution(), search.dispatch(), search.proof(), level=2, gap=1e-5
    )
    assert checked.ok, checked


def test_the_price_of_the_budget_is_what_a_little_more_of_it_brings():
    problem = b31(3, hours=WEEK)
    row = next(i for i, label in enumerate(problem.rows) if label.kind == "budget")
    more = problem.row_upper.copy()
    more[row] *= 1.001
    found = searched(problem, gap=1e-9).solution()
    richer = searched(replace(problem, row_upper=more), gap=1e-9).solution()
    gained = (richer.objective - found.objective) / (more[row] - problem.row_upper[row])
    assert gained > 0
    assert found.row_price[row] == pytest.approx(gained, rel=0.05)


def test_limits_that_cannot_hold_together_are_infeasible():
    problem = b31(2, hours=WEEK)
    lower = problem.row_lower.copy()
    lower[0] = 2 * problem.row_upper[0] if problem.row_upper[0] > 0 else 1.0
    impossible = replace(problem, row_lower=lower)
    with pytest.raises(InfeasibleError):
        searched(impossible)


def test_a_block_that_can_have_nothing_is_worth_nothing():
    problem = b31(2, hours=WEEK)
    upper = problem.upper.copy()
    upper[problem.blocks[1].columns] = 0.0
    found = searched(replace(problem, upper=upper)).solution()
    assert found.values[1] == 0.0
    assert found.values[0] > 0


def test_where_building_nothing_is_best_the_search_ends_with_nothing():
    problem = b31(2, hours=WEEK)
    found = searched(replace(problem, cost=1e4 * problem.cost)).solution()
    assert found.status is Status.OPTIMAL
    assert found.objective == pytest.approx(0.0, abs=1e-3)
