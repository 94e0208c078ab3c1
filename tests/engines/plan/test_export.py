# SPDX-License-Identifier: Apache-2.0
import warnings

import pytest
from benchmarks.b31 import b31, b31_phases
from hypothesis import given, settings

from loadstone.engines.plan.lp import solve_lp
from tests.strategies import problems

export = pytest.importorskip("loadstone.engines.plan.export")


def solved_by_pypsa(problem):
    network, extra = export.to_pypsa(problem)
    with warnings.catch_warnings():
        # PyPSA tells of defaults of its version 2
        warnings.simplefilter("ignore")
        status, condition = network.optimize(
            extra_functionality=extra,
            include_objective_constant=False,
            solver_options={"output_flag": False, "mip_rel_gap": 1e-9},
        )
    assert (status, condition) == ("ok", "optimal")
    return problem.constant - network.objective


@pytest.mark.parametrize("sites", [1, 3])
def test_pypsa_finds_the_plan_of_the_whole_model(sites):
    problem = b31(sites, hours=168)
    assert solved_by_pypsa(problem) == pytest.approx(solve_lp(problem).objective, rel=1e-8)


def test_pypsa_finds_the_plan_with_vintages_and_whole_numbers():
    problem = b31_phases(2, 2, binary=True, hours=48)
    expected = solve_lp(problem, gap=1e-9).objective
    assert solved_by_pypsa(problem) == pytest.approx(expected, rel=1e-7)


@pytest.mark.long
@settings(max_examples=8)
@given(problems(most_accounts=2))
def test_pypsa_finds_the_plan_of_any_problem(problem):
    expected = solve_lp(problem, gap=1e-9).objective
    assert solved_by_pypsa(problem) == pytest.approx(expected, rel=1e-6, abs=0.1)


def test_a_written_network_can_be_read_and_says_what_it_lacks(tmp_path):
    problem = b31_phases(1, 2, binary=True, hours=24)
    lacks = export.export_pypsa(problem, tmp_path / "plan.nc")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of PyPSA about pandas
        network = export.pypsa.Network(tmp_path / "plan.nc")
    assert set(network.buses.index) == {"s00/0", "s00/0 store", "s00/1", "s00/1 store"}
    assert "s00/0 mine:new" in network.generators.index
    assert "row: budget, phase 0" in lacks
    assert "column: open s00, a whole number" in lacks
    assert "size of s00/0 export: equals that of s00/0 grid" in lacks


@pytest.mark.long
def test_b31_with_one_site_is_the_same_in_pypsa_and_in_the_whole_model():
    problem = b31(1)
    assert solved_by_pypsa(problem) == pytest.approx(solve_lp(problem).objective, rel=1e-6)
