# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.b31 import b31, b31_phases
from hypothesis import assume, given, settings

from loadstone.engines.plan.certificate import recount_bound, slope
from loadstone.engines.plan.lp import solve_lp_hours
from loadstone.engines.plan.problem import SHORTAGE_PRICE
from loadstone.engines.plan.verify import dispatch_by_lp, verify
from loadstone.model.errors import InputError
from tests.strategies import problems


@pytest.fixture(scope="module")
def solved():
    problem = b31(3, hours=96)
    return problem, *solve_lp_hours(problem)


def failed(found):
    return [check.name for check in found.checks if not check.ok]


def tampered(hours, b, **changes):
    return (*hours[:b], replace(hours[b], **changes), *hours[b + 1 :])


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_a_good_plan_passes_every_level(solved, level):
    problem, solution, hours, cuts = solved
    rng = np.random.default_rng(1)
    found = verify(problem, solution, hours, cuts, level=level, gap=1e-9, rng=rng)
    assert failed(found) == []
    assert found.ok
    assert found.level == level
    assert abs(found.gap) < 1e-6


def test_power_from_nowhere_is_found(solved):
    problem, solution, hours, _ = solved
    power = hours[1].power.copy()
    mine = [s.name for s in problem.blocks[1].segments].index("mine:new")
    power[mine, 7] += 0.01
    found = verify(problem, solution, tampered(hours, 1, power=power))
    assert "balance" in failed(found)
    assert "s01/0, hour 7" in next(c for c in found.checks if c.name == "balance").text


def test_more_than_a_capacity_allows_is_found(solved):
    problem, solution, hours, _ = solved
    power = hours[0].power.copy()
    names = [s.name for s in problem.blocks[0].segments]
    most = solution.columns[problem.blocks[0].columns[0]]
    power[names.index("grid"), 3] = most + 1
    assert "widths" in failed(verify(problem, solution, tampered(hours, 0, power=power)))


def test_ai_that_stops_below_its_floor_is_found():
    problem = b31(1, hours=48)
    problem.lower[3] = 1.0  # one MW of GPUs
    solution, hours, _ = solve_lp_hours(problem)
    names = [s.name for s in problem.blocks[0].segments]
    floor, export = names.index("ai:floor"), names.index("export")
    power = hours[0].power.copy()
    power[export] += power[floor]
    power[floor] = 0
    assert "must run" in failed(verify(problem, solution, tampered(hours, 0, power=power)))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda h: {"stored": h.stored + 0.01 * np.arange(96)}, "battery cycle"),
        (lambda h: {"stored": h.stored + 700.0}, "stored energy"),
        (lambda h: {"charge": h.charge + 400.0}, "battery power"),
        (lambda h: {"shortage": h.shortage + 1.0}, "shortage"),
        (lambda h: {"discharge": np.full(96, np.nan)}, "balance"),
    ],
)
def test_a_battery_or_a_shortage_that_breaks_a_rule_is_found(solved, change, rule):
    problem, solution, hours, _ = solved
    assert rule in failed(verify(problem, solution, tampered(hours, 0, **change(hours[0]))))


def test_a_value_that_does_not_follow_from_the_hours_is_found(solved):
    problem, solution, hours, _ = solved
    better = replace(solution, objective=solution.objective * 1.01, bound=solution.bound * 1.01)
    assert failed(verify(problem, better, hours)) == ["objective"]
    better = replace(solution, values=solution.values * 1.01)
    assert "block values" in failed(verify(problem, better, hours))


def test_columns_that_break_a_row_or_a_bound_are_found(solved):
    problem, solution, hours, _ = solved
    over = replace(solution, columns=solution.columns * 1.1)
    assert {"bounds", "rows"} <= set(failed(verify(problem, over, hours)))


def test_half_a_site_is_found():
    problem = b31_phases(1, 2, binary=True, hours=24)
    solution, hours, _ = solve_lp_hours(problem)
    columns = solution.columns.copy()
    columns[np.flatnonzero(problem.whole)[0]] = 0.5
    found = verify(problem, replace(solution, columns=columns), hours)
    assert "whole numbers" in failed(found)


def test_a_gap_too_wide_is_found(solved):
    problem, solution, hours, _ = solved
    wide = replace(solution, bound=solution.objective * 1.02)
    assert failed(verify(problem, wide, hours, gap=1e-2)) == ["gap"]
    assert failed(verify(problem, wide, hours, gap=3e-2)) == []


def test_a_dispatch_that_could_be_better_is_found_by_highs(solved):
    problem, solution, hours, _ = solved
    idle = [replace(h, power=h.power * 0, charge=h.charge * 0, discharge=h.discharge * 0,
                    stored=h.stored * 0) for h in hours]  # fmt: skip
    floor = replace(solution, values=solution.values * 0)
    found = verify(problem, floor, idle, level=1, rng=np.random.default_rng(0))
    assert "dispatch by HiGHS" in failed(found)


def test_a_bound_that_its_prices_do_not_prove_is_found(solved):
    problem, solution, hours, cuts = solved
    first = replace(cuts[0], price=cuts[0].price + 5.0)
    found = verify(problem, solution, hours, (first, *cuts[1:]), level=2)
    assert {"bound", "proven gap"} <= set(failed(found))
    assert found.upper > solution.bound


def test_prices_that_prove_nothing_are_found(solved):
    problem, solution, hours, cuts = solved
    first = replace(cuts[0], price=cuts[0].price + SHORTAGE_PRICE)
    found = verify(problem, solution, hours, (first, *cuts[1:]), level=2)
    assert "prices" in failed(found)
    assert found.upper == np.inf


def test_a_block_without_prices_is_found(solved):
    problem, solution, hours, cuts = solved
    found = verify(problem, solution, hours, cuts[1:], level=2)
    assert "cuts" in failed(found)


def test_a_better_plan_found_by_the_whole_model_is_told(solved):
    problem, _, _, _ = solved
    poor = replace(problem, upper=problem.upper * 0.5)
    solution, hours, _ = solve_lp_hours(poor)
    found = verify(problem, solution, hours, level=3)
    assert "whole model, plan" in failed(found)


def test_levels_say_what_they_lack(solved):
    problem, solution, hours, _ = solved
    with pytest.raises(InputError, match="level"):
        verify(problem, solution, hours, level=4)
    with pytest.raises(InputError, match="rng"):
        verify(problem, solution, hours, level=1)
    with pytest.raises(InputError, match="cuts"):
        verify(problem, solution, hours, level=2)


def test_whole_numbers_are_proven_by_prices_at_several_points():
    problem = b31_phases(2, 2, binary=True, hours=48)
    solution, _, _ = solve_lp_hours(problem, gap=1e-7)
    relaxed = replace(problem, whole=np.zeros_like(problem.whole))
    cuts = list(solve_lp_hours(relaxed)[2])
    for pattern in ([1, 0, 1, 0], [1, 0, 0, 1], [0, 1, 1, 0], [0, 1, 0, 1], [1, 0, 0, 0]):
        fixed = problem.lower.copy()
        fixed[problem.whole] = pattern
        upper = np.where(problem.whole, fixed, problem.upper)
        cuts += solve_lp_hours(replace(relaxed, lower=fixed, upper=upper))[2]
    upper = recount_bound(problem, cuts, goal=solution.bound)
    assert upper >= solution.objective - 1e-6 * abs(solution.objective)
    relaxed_upper = recount_bound(relaxed, cuts)
    assert upper <= relaxed_upper + 1e-6 * abs(relaxed_upper)


@settings(max_examples=8)
@given(problems(most_accounts=2, whole=False))
def test_the_duals_of_the_whole_model_prove_its_bound(problem):
    solution, _, cuts = solve_lp_hours(problem)
    assume(abs(solution.objective) > 1e3)
    upper = recount_bound(problem, cuts)
    assert upper == pytest.approx(solution.objective, rel=1e-6, abs=1e-2)


@settings(max_examples=6)
@given(problems(most_blocks=1, most_accounts=2))
def test_any_prices_bound_the_value_at_any_capacities(problem):
    rng = np.random.default_rng(problem.hours)
    (cut,) = solve_lp_hours(replace(problem, whole=np.zeros_like(problem.whole)))[2]
    cut = replace(
        cut,
        price=cut.price + rng.normal(0, 20, problem.hours),
        water=cut.water + rng.normal(0, 20, problem.hours),
        multipliers=cut.multipliers / 2,
    )
    cut = replace(cut, price=np.minimum(cut.price, SHORTAGE_PRICE))
    bound = slope(problem, cut)
    for _ in range(2):
        columns = problem.lower + rng.random(len(problem.lower)) * (
            problem.upper - problem.lower
        )
        value, _ = dispatch_by_lp(problem, 0, columns)
        x = columns[problem.blocks[0].columns]
        assert value <= bound @ x + 1e-6 * abs(value) + 1e-3
