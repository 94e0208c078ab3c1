# SPDX-License-Identifier: Apache-2.0
"""Plans beside the best one: as far as one model for HiGHS goes, and from a warm start."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.b31 import b31, b31_phases
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loadstone.engines.plan.alternatives import Direction, alternatives
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.held import Restriction, restricted, value_of
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.verify import verify
from loadstone.model.errors import InfeasibleError, InputError
from loadstone.model.plan import Status
from tests.engines.plan.aimed_lp import most_of
from tests.strategies import problems

WEEK = 168


def searched(problem, gap=1e-6):
    search = Search(problem, gap=gap)
    for _ in search.steps():
        pass
    return search


def openings(sites=3, phases=2):
    """Two days of B31 whose sites open at a price that some of them are worth."""
    problem = b31_phases(sites, phases, binary=True, hours=48, openings="per_site")
    return replace(problem, cost=np.where(problem.whole, 0.05 * problem.cost, problem.cost))


def towards(problem, kind, asset="", *, largest=True):
    weights = [label.kind == kind and asset in label.asset for label in problem.columns]
    return Direction(
        name=f"{kind} {asset}",
        text="",
        unit="MW",
        weights=np.array(weights, dtype=float),
        largest=largest,
    )


def furthest(problem, direction, target):
    """Return what the whole model says."""
    sign = 1.0 if direction.largest else -1.0
    return sign * most_of(problem, sign * direction.weights, target)


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize("asset", ["miner_new", "gpu", "battery_energy", "grid"])
def test_the_furthest_plan_is_that_of_the_whole_model(asset, largest):
    problem = b31(2, hours=WEEK)
    direction = towards(problem, "capacity", asset, largest=largest)
    search = searched(problem)
    [found] = alternatives(search, [direction], gap=1e-7, most_rounds=400)
    whole = furthest(problem, direction, found.target)
    scale = max(abs(whole), found.amount_in_best)
    assert found.closed
    assert abs(found.amount - whole) <= 1e-6 * scale
    assert abs(found.amount_bound - whole) <= 1e-6 * scale
    assert found.solution.objective >= found.target


@pytest.mark.parametrize("largest", [True, False])
@pytest.mark.parametrize(
    ("kind", "asset", "slack"),
    [("build", "battery_energy", 0.01), ("build", "solar", 0.3), ("open", "", 0.5)],
)
def test_with_sites_that_open_it_is_within_the_gap_of_the_whole_model(
    kind, asset, slack, largest
):
    problem = openings()
    direction = towards(problem, kind, asset, largest=largest)
    search = searched(problem)
    [found] = alternatives(search, [direction], slack=slack, gap=1e-4, most_rounds=300)
    whole = furthest(problem, direction, found.target)
    assert found.closed
    assert found.amount == pytest.approx(whole, abs=1.1e-4 * max(whole, found.amount_in_best))
    chosen = found.solution.columns[problem.whole]
    np.testing.assert_allclose(chosen, np.round(chosen), atol=1e-9)


def test_many_directions_one_after_another_all_end_well():
    problem = openings()
    search = searched(problem)
    for slack in (0.05, 0.5):
        directions = [
            towards(problem, kind, asset, largest=largest)
            for kind, asset in (("open", ""), ("build", "miner_old"), ("build", "grid"))
            for largest in (False, True)
        ]
        for found in alternatives(search, directions, slack=slack, gap=1e-3):
            assert found.closed, found.name
            assert found.rounds <= 40
            assert found.solution.objective >= found.target


def test_giving_up_more_value_goes_further():
    problem = b31(3, hours=WEEK)
    search, direction = searched(problem), towards(problem, "capacity", "battery_energy")
    amounts = [
        next(alternatives(search, [direction], slack=slack, gap=1e-4)).amount
        for slack in (0.002, 0.01, 0.05)
    ]
    assert amounts == sorted(amounts)
    assert amounts[2] > 1.2 * amounts[0]


@settings(max_examples=10)
@given(problems(most_blocks=2), st.integers(0, 2**32 - 1), st.booleans())
def test_a_bound_is_never_passed_by_the_whole_model(problem, seed, largest):
    search = searched(problem)
    value = search.solution().objective
    assume(value > 1e3)
    weights = np.random.default_rng(seed).uniform(0, 1, len(problem.columns))
    direction = Direction(name="", text="", unit="", weights=weights, largest=largest)
    [found] = alternatives(search, [direction], gap=1e-3, most_rounds=300)
    whole = furthest(problem, direction, found.target)
    sign, scale = (1 if largest else -1), max(abs(whole), abs(found.amount_in_best))
    assert sign * (found.amount_bound - found.amount) >= 0
    assert sign * (found.amount_bound - whole) >= -1e-6 * scale
    assert sign * (whole - found.amount) >= -1e-6 * scale
    assert found.solution.objective >= found.target
    assert found.closed
    assert found.amount_gap <= 1e-3 * (1 + 1e-9)


def test_an_alternative_keeps_every_limit_and_is_worth_what_it_says():
    problem = openings()
    search = searched(problem, gap=1e-4)
    found = next(alternatives(search, [towards(problem, "open", largest=False)]))
    columns = found.solution.columns
    hours = search.relaxation.dispatch(columns, search.relaxation.valued(columns))
    checked = verify(problem, found.solution, hours, gap=0.011)
    assert checked.ok, checked


def test_the_search_is_left_as_it_was():
    problem = openings()
    search = searched(problem, gap=1e-4)
    before = search.solution()
    directions = [towards(problem, "build", "gpu", largest=False)]
    assert len(list(alternatives(search, directions))) == 1
    restricted(search, without(problem, "battery"))
    after = search.solution()
    np.testing.assert_array_equal(after.columns, before.columns)
    assert (after.objective, after.bound) == (before.objective, before.bound)
    np.testing.assert_allclose(after.row_price, before.row_price, rtol=1e-9)
    checked = verify(problem, after, search.dispatch(), search.proof(), level=2, gap=1e-4)
    assert checked.ok, checked


def test_a_search_without_whole_numbers_keeps_its_proof_too():
    problem = b31(3, hours=WEEK)
    search = searched(problem, gap=1e-5)
    assert list(alternatives(search, [towards(problem, "capacity", "grid")]))
    checked = verify(
        problem, search.solution(), search.dispatch(), search.proof(), level=2, gap=1e-5
    )
    assert checked.ok, checked


def test_what_the_search_knows_is_used():
    problem = b31(4, hours=WEEK)
    search = searched(problem, gap=1e-4)
    kinds = [("miner_old", True), ("gpu", True), ("gpu", False), ("grid", False)]
    directions = [towards(problem, "capacity", a, largest=most) for a, most in kinds]
    found = list(alternatives(search, directions))
    assert all(one.closed for one in found)
    assert sum(one.rounds for one in found) <= 2 * search.solution().iterations
    given_up = without(problem, "solar")
    warm = restricted(search, given_up, gap=1e-4).solution()
    cold = searched(held_to_nothing(problem, given_up.columns), gap=1e-4).solution()
    assert warm.iterations < cold.iterations
    assert warm.objective == pytest.approx(cold.objective, rel=2e-4)


def test_a_pursuit_cut_short_says_how_far_it_may_be_from_the_end():
    problem = b31(3, hours=WEEK)
    search, direction = searched(problem), towards(problem, "capacity", "battery_energy")
    [short] = alternatives(search, [direction], gap=1e-6, most_rounds=2)
    assert not short.closed
    assert short.solution.status is Status.STOPPED
    [none] = alternatives(search, [direction], stop=lambda: True)
    whole = furthest(problem, direction, short.target)
    for found in (short, none):
        assert found.amount <= whole * (1 + 1e-9)
        assert whole <= found.amount_bound * (1 + 1e-9)
        assert found.solution.objective >= found.target


def test_no_slack_is_no_question():
    problem = b31(1, hours=WEEK)
    with pytest.raises(InputError, match="above 0"):
        next(alternatives(searched(problem), [], slack=0.0))


def without(problem, asset):
    columns = [asset in label.asset for label in problem.columns]
    return Restriction(name=asset, text="", columns=np.flatnonzero(columns))


def held_to_nothing(problem, columns):
    lower, upper = problem.lower.copy(), problem.upper.copy()
    lower[columns] = upper[columns] = 0.0
    return replace(problem, lower=lower, upper=upper)


@pytest.mark.parametrize("asset", ["battery", "gpu"])
@pytest.mark.parametrize("make", [openings, lambda: b31(2, hours=WEEK)])
def test_a_plan_that_goes_without_is_that_of_the_whole_model(make, asset):
    problem = make()
    restriction = without(problem, asset)
    found = restricted(searched(problem), restriction, gap=1e-6)
    whole = solve_lp(held_to_nothing(problem, restriction.columns), gap=1e-7)
    solution = found.solution()
    assert solution.objective == pytest.approx(whole.objective, rel=2e-6)
    assert not solution.columns[restriction.columns].any()
    checked = verify(found.problem, solution, found.dispatch(), found.proof(), level=2)
    assert checked.ok, checked


def test_what_cannot_be_done_without_is_infeasible():
    problem = b31(2, hours=WEEK)
    row = next(i for i, label in enumerate(problem.rows) if label.kind == "budget")
    lower = problem.row_lower.copy()
    lower[row] = 0.5 * problem.row_upper[row]
    spend = replace(problem, row_lower=lower)
    search = searched(spend)
    with pytest.raises(InfeasibleError):
        restricted(search, without(spend, ""))


def dearer(problem, factor):
    """Return a problem whose mining earns another price."""
    blocks = []
    for block in problem.blocks:
        segments = [
            replace(s, value=replace(s.value, scale=factor * s.value.scale))
            if "miner" in block.capacities[s.capacity]
            else s
            for s in block.segments
        ]
        blocks.append(replace(block, segments=tuple(segments)))
    return replace(problem, blocks=tuple(blocks))


def test_given_builds_are_worth_at_other_prices_what_the_whole_model_says():
    problem = openings()
    plan = searched(problem, gap=1e-4).solution().columns
    stressed = dearer(problem, 0.7)
    there = Search(stressed)
    found = value_of(there, plan, {"build", "open"}, gap=1e-6)
    held = np.array([label.kind in {"build", "open"} for label in problem.columns])
    at = replace(
        stressed,
        lower=np.where(held, np.maximum(plan - 1e-6, stressed.lower), stressed.lower),
        upper=np.where(held, np.minimum(plan + 1e-6, stressed.upper), stressed.upper),
    )
    assert found.objective == pytest.approx(solve_lp(at, gap=1e-7).objective, rel=1e-5)
    np.testing.assert_allclose(found.columns[held], plan[held], atol=1e-4)
    best = searched(stressed).solution()
    assert found.objective < best.objective
    again = value_of(there, plan, {"build", "open"}, gap=1e-6)
    assert again.iterations <= found.iterations
    assert again.objective == pytest.approx(found.objective, rel=2e-6)


def test_a_plan_is_worth_what_it_is_worth():
    problem = b31(3, hours=WEEK)
    search = searched(problem)
    solution = search.solution()
    found = value_of(search, solution.columns, {"capacity"})
    assert found.objective == pytest.approx(solution.objective, rel=1e-6)


def test_a_plan_of_another_shape_has_no_value():
    problem = b31(2, hours=WEEK)
    with pytest.raises(InputError, match="columns"):
        value_of(Search(problem), np.zeros(3), {"capacity"})


def test_cuts_of_another_problem_are_refused():
    search = searched(b31(1, hours=WEEK))
    with pytest.raises(InputError, match="bounds only"):
        Search(b31(2, hours=WEEK), relaxation=search.relaxation)
