# SPDX-License-Identifier: Apache-2.0
"""The site oracle against linear programmes written apart from it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loadstone.engines.plan.certificate import slope as proven
from loadstone.engines.plan.oracle import Oracle
from loadstone.engines.plan.recount import recount_hours
from loadstone.engines.plan.site_year import SiteYears
from tests.engines.plan.site_lp import best_value
from tests.strategies import problems

single = problems(most_blocks=1, whole=False)
seeds = st.integers(0, 2**32 - 1)
TIGHT = 1e-9  # of the value
LEAST = 1e-3  # currency a year: 1e-8 MWh, the least energy there is, at the price of shortage


def money(value, rel=TIGHT):
    return rel * abs(value) + LEAST


def capacities(problem, seed):
    """Return capacities of block 0: some small, some missing, batteries of hours to weeks."""
    rng = np.random.default_rng(seed)
    block = problem.blocks[0]
    lower, upper = problem.lower[block.columns], problem.upper[block.columns]
    share = rng.random(len(lower)) ** rng.choice([1, 3]) * (rng.random(len(lower)) < 0.9)
    return lower + share * (upper - lower)


def with_storage(problem, **changes):
    block = problem.blocks[0]
    return replace(problem, blocks=(replace(block, storage=replace(block.storage, **changes)),))


@settings(max_examples=200)
@given(single, seeds)
def test_the_value_is_that_of_a_linear_programme(problem, seed):
    x = capacities(problem, seed)
    found = Oracle(problem).evaluate(0, x)
    assert found.ok
    value = best_value(problem, 0, x)
    assert found.value == pytest.approx(value, abs=money(value))


@settings(max_examples=100)
@given(single, seeds)
def test_the_bound_touches_the_value_where_it_was_made(problem, seed):
    x = capacities(problem, seed)
    block = problem.blocks[0]
    if block.storage is not None:
        x[[block.storage.power, block.storage.energy]] += 0.5
    found = Oracle(problem).evaluate(0, x)
    assert found.slope[0] @ x == pytest.approx(found.value, abs=money(found.value))


@settings(max_examples=100)
@given(single, seeds, seeds)
def test_the_bound_holds_at_any_capacities(problem, seed, other):
    oracle = Oracle(problem)
    z = capacities(problem, other)
    value = oracle.evaluate(0, z).value
    assert value <= oracle.evaluate(0, capacities(problem, seed)).slope[0] @ z + money(value)


@settings(max_examples=60)
@given(single, seeds, st.floats(0.01, 100))
def test_the_value_grows_as_all_capacities_do(problem, seed, factor):
    oracle, x = Oracle(problem), capacities(problem, seed)
    value = factor * oracle.evaluate(0, x).value
    assert oracle.evaluate(0, factor * x).value == pytest.approx(
        value, abs=money(value, 1e-8) + LEAST * factor
    )


@settings(max_examples=60)
@given(single, seeds, seeds)
def test_a_mixture_of_capacities_is_worth_no_less_than_its_parts(problem, seed, other):
    oracle = Oracle(problem)
    x, z = capacities(problem, seed), capacities(problem, other)
    mean = (oracle.evaluate(0, x).value + oracle.evaluate(0, z).value) / 2
    assert oracle.evaluate(0, (x + z) / 2).value >= mean - money(mean)


@settings(max_examples=100)
@given(single, seeds)
def test_a_dispatch_keeps_every_limit_and_earns_the_value(problem, seed):
    oracle, x = Oracle(problem), capacities(problem, seed)
    found = oracle.evaluate(0, x)
    count = recount_hours(problem, 0, x, oracle.dispatch(0, x, found))
    assert {n: b for n, b in count.breaches.items() if n != "shortage" and b.size > 1e-6} == {}
    assert count.value == pytest.approx(found.value, abs=money(found.value, 1e-8))


@settings(max_examples=60)
@given(single, seeds, st.integers(1, 6))
def test_the_prices_prove_the_bound_of_the_parts(problem, seed, parts):
    oracle, x = Oracle(problem, parts=parts), capacities(problem, seed)
    found, block = oracle.evaluate(0, x), problem.blocks[0]
    K = len(x)
    total = found.slope[:, :K].sum(axis=0)
    if len(oracle.starts[0]) > 1 and block.storage is not None:
        handed = found.slope[:, K] + np.roll(found.slope[:, K + 1], 1)
        total[block.storage.energy] += np.maximum(handed, 0.0).sum()
    again = proven(problem, oracle.proof(0, x, found.mu))
    np.testing.assert_allclose(again, total, rtol=1e-9, atol=1e-6)


@settings(max_examples=60)
@given(single, seeds, st.sampled_from([40.0, 160.0, 1500.0]), st.sampled_from([0.9, 1.0]))
def test_a_store_of_weeks_closes_its_year(problem, seed, duration, efficiency):
    storage = problem.blocks[0].storage
    assume(storage is not None)
    problem = with_storage(
        problem, charge_efficiency=efficiency, discharge_efficiency=efficiency
    )
    x = capacities(problem, seed)
    x[storage.power] = 0.3
    x[storage.energy] = 0.3 * duration
    oracle = Oracle(problem)
    found = oracle.evaluate(0, x)
    value = best_value(problem, 0, x)
    assert found.ok
    assert found.value == pytest.approx(value, abs=money(value))
    assert found.slope[0] @ x >= value - money(value)
    if duration < 1000:
        assert found.slope[0] @ x == pytest.approx(value, abs=money(value))


@settings(max_examples=40)
@given(single, seeds, st.sampled_from(["power", "energy"]))
def test_half_a_battery_is_worth_what_it_can_burn(problem, seed, missing):
    storage = problem.blocks[0].storage
    assume(storage is not None)
    x = capacities(problem, seed)
    x[getattr(storage, missing)] = 0.0
    value = best_value(problem, 0, x)
    assert Oracle(problem).evaluate(0, x).value == pytest.approx(value, abs=money(value))


@settings(max_examples=30)
@given(single, seeds)
def test_a_small_room_joins_pieces_and_keeps_the_bound(problem, seed):
    storage = problem.blocks[0].storage
    assume(storage is not None)
    x = capacities(problem, seed)
    x[[storage.power, storage.energy]] = 5.0, 60.0
    mu = np.zeros(len(problem.blocks[0].accounts))
    whole, small = (
        SiteYears(problem, (np.array([0]),), most_room=room).at(0, x, mu)
        for room in (1 << 22, 12 * problem.hours)
    )
    assert small.slope[0] @ x >= whole.value - money(whole.value)
    assert small.value - mu @ small.usage.sum(axis=1) <= whole.value + money(whole.value, 1e-8)
    assert small.amiss <= 1e-6 * 60


@settings(max_examples=20)
@given(single, seeds, st.floats(0, 60))
def test_a_hint_changes_the_effort_alone(problem, seed, price):
    x = capacities(problem, seed)
    oracle, hint = Oracle(problem), np.full(len(problem.blocks[0].accounts), price)
    found, other = oracle.evaluate(0, x), oracle.evaluate(0, x, hint)
    assert other.value == pytest.approx(found.value, abs=money(found.value))
    assert other.slope[0] @ x == pytest.approx(found.slope[0] @ x, abs=money(found.value, 1e-8))


@settings(max_examples=10)
@given(problems(whole=False), seeds)
def test_threads_find_what_one_thread_finds(problem, seed):
    rng = np.random.default_rng(seed)
    columns = problem.lower + rng.random(len(problem.lower)) * (problem.upper - problem.lower)
    points = [columns[block.columns] for block in problem.blocks]
    hints = [None] * len(points)
    oracle = Oracle(problem, parts=3)
    alone = oracle.evaluate_all(points, hints)
    with ThreadPoolExecutor(2) as executor:
        together = oracle.evaluate_all(points, hints, executor)
    for one, other in zip(alone, together, strict=True):
        assert one.value == other.value
        np.testing.assert_array_equal(one.slope, other.slope)
