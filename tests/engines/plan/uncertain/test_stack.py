# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.b31 import b31_phases

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.problem import ONES, Aversion
from loadstone.engines.plan.uncertain.stack import EVER, stack
from loadstone.engines.plan.verify import verify
from loadstone.model.errors import InputError
from tests.engines.plan.uncertain.futures import PROBABILITY, TAIL, futures, solved


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_a_plan_over_futures_is_that_of_one_linear_programme(weight):
    _, stacked, search = solved(weight)
    found, whole = search.solution(), solve_lp(stacked.problem)
    assert found.gap <= 1e-6
    assert found.objective == pytest.approx(whole.objective, rel=1e-6)
    assert found.bound >= whole.objective * (1 - 1e-9)


@pytest.mark.parametrize(("weight", "level"), [(0.3, 0), (1.0, 2), (0.3, 3)])
def test_a_plan_over_futures_is_proven_apart_from_the_search(weight, level):
    _, stacked, search = solved(weight)
    cuts = search.proof()
    found = verify(
        stacked.problem, search.solution(), search.dispatch(), cuts, level=level, gap=1e-5
    )
    assert [check.name for check in found.checks if not check.ok] == []
    assert found.gap <= 1e-5


def test_sites_that_open_in_some_futures_are_that_of_one_programme():
    problems, tree = futures(phases=2, binary=True)
    stacked = stack(problems, PROBABILITY, tree.nodes, tail=TAIL, weight=0.5)
    search = Search(stacked.problem, gap=1e-4)
    for _ in search.steps():
        pass
    found, whole = search.solution(), solve_lp(stacked.problem, gap=1e-7)
    assert found.gap <= 1e-4
    assert found.objective <= whole.bound * (1 + 1e-7)
    assert found.bound >= whole.objective * (1 - 1e-7)
    again = verify(stacked.problem, found, search.dispatch(), search.proof(), level=2, gap=1e-3)
    assert again.ok


def test_one_future_alone_is_its_own_problem():
    problems, tree = futures()
    alone = stack(problems[:1], np.ones(1), tree.nodes[:1]).problem
    assert solve_lp(alone).objective == pytest.approx(solve_lp(problems[0]).objective, rel=1e-9)


def test_the_same_future_twice_is_worth_what_it_is_once():
    problems, _ = futures(phases=2)
    nodes = np.zeros((2, 2), dtype=np.int64)
    twice = stack([problems[0]] * 2, np.array([0.4, 0.6]), nodes, tail=0.3, weight=0.7)
    assert len(twice.problem.rows) == len(problems[0].rows)
    expected = solve_lp(problems[0]).objective
    assert solve_lp(twice.problem).objective == pytest.approx(expected, rel=1e-9)


def test_futures_that_share_a_node_share_its_columns():
    problems, tree = futures()
    stacked = stack(problems, PROBABILITY, tree.nodes)
    for c, label in enumerate(problems[0].columns):
        nodes = tree.nodes[:, label.phase]
        for f in range(4):
            for g in range(4):
                same = stacked.column[f, c] == stacked.column[g, c]
                assert same == (nodes[f] == nodes[g])
    now = stacked.here_and_now()
    assert now[stacked.column[0, 0]]  # a build of the first phase
    assert set(stacked.node[now]) == {0}


def test_columns_of_no_phase_are_decided_once():
    problems = [b31_phases(1, 2, hours=24, binary=True, openings="per_site")] * 2
    no_phase = [replace(one, phase=-1) for one in problems[0].columns[-1:]]
    problem = replace(problems[0], columns=(*problems[0].columns[:-1], *no_phase))
    nodes = np.array([[0, 0], [0, 1]])
    stacked = stack([problem] * 2, np.array([0.5, 0.5]), nodes)
    assert stacked.node[stacked.column[0, -1]] == EVER
    assert stacked.column[0, -1] == stacked.column[1, -1]


def test_series_that_differ_by_a_line_are_kept_once():
    problem = b31_phases(2, 2, hours=48)
    moved = replace(problem, series=problem.series * 1.25 - 3.0)
    stacked = stack([problem, moved], np.array([0.5, 0.5]), np.zeros((2, 2), dtype=np.int64))
    assert len(stacked.problem.series) == 10  # those of the two suns, which are widths, twice
    for b, block in enumerate(stacked.problem.blocks):
        given = (problem, moved)[block.future]
        own = given.blocks[b % len(given.blocks)]
        for one, other in zip(block.segments, own.segments, strict=True):
            assert one.value.row != ONES or other.value.row == ONES
            np.testing.assert_allclose(
                stacked.problem.profile(one.value), given.profile(other.value), rtol=1e-11
            )
            np.testing.assert_array_equal(
                stacked.problem.profile(one.width), given.profile(other.width)
            )


def test_the_value_of_a_plan_is_that_of_its_futures():
    problems, stacked, search = solved(0.3)
    found = search.solution()
    values = stacked.values(found.columns, found.values)
    count = len(problems[0].blocks)
    for f, problem in enumerate(problems):
        own = problem.worth(
            stacked.of_future(found.columns, f), found.values[f * count : (f + 1) * count]
        )
        assert values[f] == pytest.approx(own, rel=1e-12)
    mean = PROBABILITY @ [stacked.of_future(found.columns, f) for f in range(4)]
    np.testing.assert_allclose(stacked.mean(found.columns), mean)


def test_the_same_problem_gives_the_same_plan_to_the_bit():
    _, stacked, search = solved(0.3)
    again = Search(stacked.problem, gap=1e-6)
    for _ in again.steps():
        pass
    np.testing.assert_array_equal(again.solution().columns, search.solution().columns)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda p: replace(p, blocks=p.blocks[1:]), "future 1"),
        (lambda p: replace(p, columns=p.columns[::-1]), "future 1"),
        (lambda p: replace(p, row_value=p.row_value * 2), "equation"),
        (lambda p: replace(p, lower=p.upper, upper=p.upper), None),
        (lambda p: replace(p, lower=p.upper + 1, upper=p.upper + 2), "bounds"),
    ],
)
def test_futures_that_do_not_fit_together_are_refused(change, match):
    problem = b31_phases(1, 2, hours=24)
    pair = [problem, change(problem)]
    args = (pair, np.array([0.5, 0.5]), np.zeros((2, 2), dtype=np.int64))
    if match is None:
        assert stack(*args).problem.lower.max() > 0
        return
    with pytest.raises(InputError, match=match):
        stack(*args)


def test_probabilities_are_one_for_each_future():
    problem = b31_phases(1, 2, hours=24)
    with pytest.raises(InputError, match="probability"):
        stack([problem], np.array([0.5, 0.5]), np.zeros((1, 2), dtype=np.int64))
    with pytest.raises(InputError, match="probability"):
        stack([problem] * 2, np.array([0.5, 0.4]), np.zeros((2, 2), dtype=np.int64))


def averse(tail=0.25, weight=0.5, probability=(0.25, 0.25, 0.5)):
    return Aversion(
        probability=np.array(probability),
        cost=np.zeros((3, 0)),
        constant=np.zeros(3),
        tail=tail,
        weight=weight,
    )


def test_the_tail_takes_the_share_of_the_last_future_that_fits():
    values = np.array([10.0, 2.0, 6.0])
    assert averse(tail=0.25).tail_mean(values) == pytest.approx(2.0)
    assert averse(tail=0.5).tail_mean(values) == pytest.approx((0.25 * 2 + 0.25 * 6) / 0.5)
    assert averse(tail=1.0).tail_mean(values) == pytest.approx(6.0)
    assert averse(tail=0.25).worth(values) == pytest.approx(0.5 * 6.0 + 0.5 * 2.0)


@pytest.mark.parametrize(
    "wrong", [{"tail": 0.0}, {"tail": 1.1}, {"weight": -0.1}, {"weight": 2}]
)
def test_a_tail_or_weight_out_of_range_is_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        averse(**wrong)
