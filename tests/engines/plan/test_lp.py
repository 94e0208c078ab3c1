# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from benchmarks.b31 import b31, b31_phases
from hypothesis import given, settings

from loadstone.engines.plan.lp import solve_lp, solve_lp_hours
from loadstone.engines.plan.problem import Account, Block, Profile, Segment, Storage
from loadstone.model.errors import InfeasibleError
from loadstone.model.plan import Status
from tests.strategies import Sheet, banned, problems, scaled_budget

PRICES = [20.0, 100.0, 20.0, 100.0]


def one_block(sheet, capacities, segments, series=(PRICES,), groups=(), **block):
    """Return a problem of one block of 4 hours; `capacities` are (name, cost, lower, upper)."""
    columns = [sheet.column(name, cost, low, high) for name, cost, low, high in capacities]
    made = Block(
        site="a",
        capacities=tuple(name for name, *_ in capacities),
        columns=np.array(columns),
        segments=tuple(segments),
        **block,
    )
    return sheet.problem(list(series), list(groups), [made])


GRID = Segment(name="grid", source=True, capacity=0, value=Profile(row=0))
MINE = Segment(name="mine", capacity=1, value=Profile(scale=70.0))


def test_a_miner_runs_only_in_hours_that_pay():
    # 2 cheap hours earn 70 - 20 = 50 per MW each; machines cost 30 per MW, the grid 10
    problem = one_block(Sheet(), [("grid", 10, 0, 5), ("miner", 30, 0, 9)], [GRID, MINE])
    solution, (hours,), _ = solve_lp_hours(problem)
    assert solution.objective == pytest.approx(5 * (2 * 50 - 30 - 10))
    np.testing.assert_allclose(hours.power, [[5, 0, 5, 0], [5, 0, 5, 0]], atol=1e-9)
    np.testing.assert_allclose(solution.values, [500])
    np.testing.assert_allclose(solution.column_price, [60, 0], atol=1e-9)  # 60 per MW of grid


def test_a_row_has_the_worth_of_one_more_unit():
    sheet = Sheet()
    sheet.row("budget", {0: 1.0, 1: 4.0}, upper=20)
    problem = one_block(sheet, [("grid", 10, 0, 9), ("miner", 30, 0, 9)], [GRID, MINE])
    solution = solve_lp(problem)
    # a MW of both takes 5 of the budget and earns 60
    assert solution.objective == pytest.approx(4 * 60)
    np.testing.assert_allclose(solution.row_price, [12])


def test_a_battery_loses_what_its_efficiencies_say():
    # charge 1 MW at 20, give 0.9 * 0.8 = 0.72 MW to a use worth 70, twice a year
    segments = [GRID, MINE]
    storage = Storage(power=2, energy=3, charge_efficiency=0.9, discharge_efficiency=0.8)
    capacities = [
        ("grid", 0, 2, 2),
        ("miner", 0, 1, 1),
        ("power", 0, 1, 1),
        ("energy", 0, 9, 9),
    ]
    problem = one_block(Sheet(), capacities, segments, storage=storage)
    solution, (hours,), _ = solve_lp_hours(problem)
    assert solution.objective == pytest.approx(2 * 50 + 2 * (0.72 * 70 - 20))
    np.testing.assert_allclose(hours.charge - hours.discharge, [1, -0.72, 1, -0.72], atol=1e-9)


def test_what_must_run_and_cannot_is_shortage():
    aux = Segment(name="auxiliary", capacity=1, must_run=True)
    problem = one_block(Sheet(), [("grid", 0, 3, 3), ("one", 0, 5, 5)], [GRID, aux])
    solution, (hours,), _ = solve_lp_hours(problem)
    np.testing.assert_allclose(hours.shortage, [2, 2, 2, 2])
    assert solution.objective == pytest.approx(-4 * 2 * 1e5 - 3 * sum(PRICES))


def test_an_account_beyond_its_limit_pays_the_penalty():
    # take or pay: 3 MWh per MW must be imported; 2 pay for themselves, the third costs 30 net
    account = Account(
        name="take or pay",
        segments=(0,),
        coefficients=(-1.0,),
        limit=0,
        per_unit=-3.0,
        penalty=12.0,
    )
    capacities = [("grid", 0, 1, 1), ("miner", 0, 1, 1)]
    problem = one_block(Sheet(), capacities, [GRID, MINE], accounts=(account,))
    assert solve_lp(problem).objective == pytest.approx(2 * 50 - 12)


def test_a_group_moves_a_segment_to_the_capacity_of_its_month():
    grid = Segment(name="grid", source=True, capacity=0, value=Profile(row=0), group=0)
    mine = Segment(name="mine", capacity=2, value=Profile(scale=70.0))
    capacities = [("peak:0", 60, 0, 9), ("peak:1", 40, 0, 9), ("miner", 0, 1, 1)]
    problem = one_block(Sheet(), capacities, [grid, mine], groups=([0, 0, 1, 1],))
    solution = solve_lp(problem)
    np.testing.assert_allclose(
        solution.columns, [0, 1, 1]
    )  # 50 pays for a peak at 40, not at 60
    assert solution.objective == pytest.approx(50 - 40)


def test_a_whole_column_is_all_or_nothing():
    sheet = Sheet()
    sheet.row("open_first", {0: 1.0, 2: -5.0}, upper=0)
    capacities = [("grid", 10, 0, 5), ("miner", 30, 0, 9), ("open", 299, 0, 1)]
    problem = one_block(sheet, capacities, [GRID, MINE])
    problem.whole[2] = True
    solution = solve_lp(problem)
    assert solution.status == Status.OPTIMAL
    assert solution.objective == pytest.approx(5 * 60 - 299)
    assert solution.columns[2] == 1
    assert solution.bound >= solution.objective


def test_rows_that_cannot_hold_are_infeasible():
    sheet = Sheet()
    sheet.row("smallest", {0: 1.0}, lower=10)
    problem = one_block(sheet, [("grid", 10, 0, 5), ("miner", 30, 0, 9)], [GRID, MINE])
    with pytest.raises(InfeasibleError, match="rows and bounds"):
        solve_lp(problem)


@settings(max_examples=10)
@given(problems(most_accounts=2))
def test_the_objective_is_the_value_of_the_blocks_less_the_cost(problem):
    solution = solve_lp(problem, gap=1e-9)
    weight = np.array([block.weight for block in problem.blocks])
    total = weight @ solution.values - problem.cost @ solution.columns + problem.constant
    assert solution.objective == pytest.approx(total, rel=1e-7, abs=1e-2)


@settings(max_examples=6)
@given(problems(whole=False))
def test_more_budget_never_hurts(problem):
    less, more = solve_lp(problem), solve_lp(scaled_budget(problem, 1.5))
    assert more.objective >= less.objective - 1e-6 * abs(less.objective) - 1e-2


@settings(max_examples=6)
@given(problems(whole=False))
def test_a_tighter_ban_never_helps(problem):
    evening = np.arange(problem.hours) % 24 >= 17
    free, tight = solve_lp(problem), solve_lp(banned(problem, evening))
    assert tight.objective <= free.objective + 1e-6 * abs(free.objective) + 1e-2


def test_phases_of_b31_keep_their_whole_columns():
    solution = solve_lp(b31_phases(2, 2, binary=True, hours=48), gap=1e-6)
    problem = b31_phases(2, 2, binary=True, hours=48)
    opened = solution.columns[problem.whole]
    np.testing.assert_array_equal(opened, np.rint(opened))


@pytest.mark.long
def test_b31_with_one_site_has_its_published_optimum():
    # notes of the benchmark: HiGHS through PyPSA and through arrays, 20,060,764.678
    assert solve_lp(b31(1)).objective == pytest.approx(20_060_764.678, rel=1e-8)
