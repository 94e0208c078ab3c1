# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.uncertain.gist import gist
from loadstone.engines.plan.uncertain.information import (
    decided_now,
    foresight,
    fresh_values,
    planned_for_the_mean,
)
from loadstone.engines.plan.uncertain.outcome import (
    first_builds,
    frontier,
    holding,
    outcome,
    regret,
    weighed,
    without,
)
from loadstone.engines.plan.uncertain.stack import stack
from loadstone.model.errors import InputError
from tests.engines.plan.uncertain.futures import PROBABILITY, TAIL, futures, solved

BUILD = frozenset({"build"})


def test_the_frontier_trades_the_mean_for_the_tail():
    _, stacked, search = solved(0.3)
    weights = [0.0, 0.4, 0.8, 1.0]
    found = frontier(stacked, search, weights, gap=1e-6)
    means = [one.mean for one in found]
    tails = [one.tail_mean for one in found]
    slack = 1e-5 * abs(means[0])
    assert all(a >= b - slack for a, b in pairwise(means))
    assert all(a <= b + slack for a, b in pairwise(tails))
    assert tails[-1] > tails[0]
    expected = solve_lp(weighed(stacked.problem, weights[2])).objective
    assert found[2].worth == pytest.approx(expected, rel=2e-6)
    for weight, one in zip(weights, found, strict=True):
        assert one.worth == pytest.approx((1 - weight) * one.mean + weight * one.tail_mean)


def test_the_weight_is_of_worst_futures_that_there_are():
    problems, _ = futures()
    with pytest.raises(InputError, match="aversion"):
        weighed(problems[0], 0.5)


def test_what_was_proven_serves_another_weight_but_not_another_tail():
    _, stacked, search = solved(0.3)
    again = Search(weighed(stacked.problem, 0.9), relaxation=search.relaxation)
    assert again.relaxation is search.relaxation
    aversion = replace(stacked.problem.aversion, tail=0.5)
    other = replace(stacked.problem, aversion=aversion)
    with pytest.raises(InputError, match="relaxation"):
        Search(other, relaxation=search.relaxation)


def test_to_wait_is_worth_less_than_to_build_where_building_pays():
    _, stacked, search = solved(0.0)
    best = outcome(stacked, search.solution())
    first = first_builds(stacked)
    assert {stacked.problem.columns[c].phase for c in first} == {0}
    wait = without(stacked, search, "wait", first)
    assert (wait.columns[first] == 0).all()
    assert wait.worth < best.worth
    lost = regret([best, wait])
    assert all((one >= 0).all() for one in lost.values())
    assert (np.minimum(lost["plan"], lost["wait"]) == 0).all()


def test_holding_the_best_first_builds_loses_nothing():
    _, stacked, search = solved(0.0)
    plan, first = search.solution().columns, first_builds(stacked)
    held = holding(stacked, search, "held", first, plan[first])
    assert held.worth == pytest.approx(search.solution().objective, rel=1e-3)
    none = holding(stacked, search, "none", first, np.zeros(len(first)))
    assert none.worth < held.worth


def test_knowing_each_future_is_worth_what_its_own_best_plan_is():
    problems, stacked, search = solved(0.0)
    known = foresight(problems, stacked, search, gap=1e-6)
    best = [solve_lp(problem).objective for problem in problems]
    np.testing.assert_allclose(known.values, best, rtol=2e-6)
    assert (known.bounds >= np.array(best) * (1 - 1e-9)).all()
    assert known.mean == pytest.approx(PROBABILITY @ best, rel=2e-6)
    assert known.mean > search.solution().objective


def test_what_is_decided_now_is_worth_less_than_what_may_follow_the_futures():
    problems, stacked, search = solved(0.3)
    now = decided_now(problems, stacked, search, gap=1e-6)
    nodes = np.zeros_like(stacked.nodes)
    one = stack(problems, PROBABILITY, nodes, tail=TAIL, weight=0.3)
    assert now.worth == pytest.approx(solve_lp(one.problem).objective, rel=2e-6)
    assert now.worth < search.solution().objective


def test_first_builds_for_the_mean_future_are_worth_no_more_than_those_for_all():
    problems, stacked, search = solved(0.0)
    mean = planned_for_the_mean(problems, stacked, search, gap=1e-5)
    assert mean.worth <= search.solution().bound * (1 + 1e-9)
    first = first_builds(stacked)
    alone = holding(stacked, search, "again", first, mean.columns[first], gap=1e-5)
    assert mean.worth == pytest.approx(alone.worth, rel=1e-4)


def test_builds_are_worth_as_much_in_the_futures_they_were_planned_for():
    problems, stacked, search = solved(0.0)
    best = outcome(stacked, search.solution())
    plans = [stacked.of_future(best.columns, f) for f in range(4)]
    again = fresh_values(problems, plans, BUILD, gap=1e-6)
    np.testing.assert_allclose(again, best.values, rtol=1e-4)


def test_builds_that_cannot_stand_have_no_value_in_a_fresh_future():
    problems, _ = futures()
    none = np.array([np.nan])
    plan = np.asarray(problems[0].upper) * 1.0
    np.testing.assert_array_equal(fresh_values(problems[:1], [plan], BUILD), none)
    stopped = fresh_values(problems[:1], [plan], BUILD, stop=lambda: True)
    np.testing.assert_array_equal(stopped, none)


def test_the_gist_of_futures_has_their_mean_prices():
    _, stacked, _ = solved(0.3)
    small = gist(stacked.problem)
    assert small.aversion is None
    assert len(small.blocks) < len(stacked.problem.blocks)
    assert sum(b.weight for b in small.blocks) == pytest.approx(
        sum(b.weight for b in stacked.problem.blocks)
    )
    first = small.blocks[0]
    same = [b for b in stacked.problem.blocks if (b.columns == first.columns).all()]
    shares = np.array([b.weight for b in same]) / first.weight
    for j, segment in enumerate(first.segments):
        hours = [stacked.problem.profile(b.segments[j].value) for b in same]
        np.testing.assert_allclose(small.profile(segment.value), shares @ hours, rtol=1e-12)
