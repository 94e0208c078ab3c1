# SPDX-License-Identifier: Apache-2.0
"""Blocks with several accounts at once, against linear programmes written apart from them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.plan.certificate import slope as proven
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.mixing import Limits, Mixtures, search_prices
from loadstone.engines.plan.oracle import Oracle
from loadstone.engines.plan.problem import ONES, Account
from loadstone.engines.plan.recount import recount_hours
from loadstone.engines.plan.site_year import Year
from loadstone.engines.plan.verify import verify
from loadstone.model.errors import OutsideError
from tests.engines.plan.site_lp import best_value
from tests.engines.plan.test_oracle import capacities, money
from tests.strategies import problems

single = problems(most_blocks=1, whole=False)
counts = st.integers(2, 5)
seeds = st.integers(0, 2**32 - 1)


def with_accounts(problem, count, seed):
    """Return a problem whose blocks have accounts of all sorts instead of their own.

    Each counts one or two segments in all hours, in some or with a weight; its limit is a
    share of what they can reach, sometimes 0, and some accounts are there twice.
    """
    rng = np.random.default_rng(seed)
    series, blocks = list(problem.series), []
    for block in problem.blocks:
        accounts = [_account(rng, problem, block, f"account {a}", series) for a in range(count)]
        if count > 1 and rng.random() < 0.3:
            accounts[1] = replace(accounts[0], name="again")
        blocks.append(replace(block, accounts=tuple(accounts)))
    return replace(problem, series=np.array(series), blocks=tuple(blocks))


def _account(rng, problem, block, name, series):
    T, many = problem.hours, int(rng.integers(1, 3))
    picked = rng.choice(len(block.segments), many, replace=False).tolist()
    signs = rng.choice([1.0, 1.0, 0.5, -0.5], many)
    masks = (np.ones(T), rng.random(T), (rng.random(T) < 0.4) * 1.0, _month(rng, T))
    kind = int(rng.integers(len(masks) + 1))
    hours = masks[kind] if kind < len(masks) else np.ones(T)
    if kind < len(masks):
        series.append(hours)
    taken = rng.random() < 0.5  # at least so much must be taken, or at most
    share = 0.0 if rng.random() < 0.1 else float(rng.uniform(0.05, 0.8))
    return Account(
        name=name,
        segments=tuple(picked),
        coefficients=tuple((-signs if taken else signs).tolist()),
        hours=len(series) - 1 if kind < len(masks) else ONES,
        limit=block.segments[picked[0]].capacity,
        per_unit=float((-share if taken else share) * hours.sum()),
        penalty=float(rng.choice([0.0, rng.uniform(5, 60), rng.uniform(5, 60), 3000.0])),
    )


def biting(problem, x, seed):
    """Return a problem whose limits are a little tighter than what block 0 would use at x."""
    rng = np.random.default_rng(seed)
    (block,) = problem.blocks
    hours = Oracle(problem).dispatch(0, x, Oracle(without(problem)).evaluate(0, x))
    accounts = []
    for account in block.accounts:
        weight = 1.0 if account.hours == ONES else problem.series[account.hours]
        pairs = zip(account.segments, account.coefficients, strict=True)
        used = sum(c * (hours.power[j] * weight).sum() for j, c in pairs)
        limit = used - rng.uniform(0.02, 0.4) * abs(used)
        accounts.append(replace(account, per_unit=limit / max(x[account.limit], 1e-3)))
    return replace(problem, blocks=(replace(block, accounts=tuple(accounts)),))


def without(problem):
    """Return a problem without accounts."""
    blocks = tuple(replace(block, accounts=()) for block in problem.blocks)
    return replace(problem, blocks=blocks)


def _month(rng, hours):
    return (np.arange(hours) * 3 // hours == rng.integers(3)) * 1.0


@settings(max_examples=100)
@given(single, counts, seeds, seeds)
def test_the_value_is_that_of_a_linear_programme(problem, count, seed, other):
    problem = with_accounts(problem, count, other)
    x = capacities(problem, seed)
    for one in (problem, biting(problem, x, other)):
        found, value = Oracle(one).evaluate(0, x), best_value(one, 0, x)
        assert found.ok
        assert found.value == pytest.approx(value, abs=money(value))


@settings(max_examples=60)
@given(single, counts, seeds, seeds)
def test_the_bound_touches_the_value_and_its_prices_prove_it(problem, count, seed, other):
    problem = with_accounts(problem, count, other)
    x, block, oracle = capacities(problem, seed), problem.blocks[0], Oracle(problem, parts=3)
    if block.storage is not None:
        x[[block.storage.power, block.storage.energy]] += 0.5
    found = oracle.evaluate(0, x)
    assert found.slope.shape == (1, len(x))
    assert found.slope[0] @ x == pytest.approx(found.value, abs=money(found.value))
    again = proven(problem, oracle.proof(0, x, found.mu))
    np.testing.assert_allclose(again, found.slope[0], rtol=1e-9, atol=1e-6)


@settings(max_examples=40)
@given(single, counts, seeds, seeds, seeds)
def test_the_bound_holds_at_any_capacities(problem, count, seed, other, account_seed):
    problem = with_accounts(problem, count, account_seed)
    oracle, z = Oracle(problem), capacities(problem, other)
    value = oracle.evaluate(0, z).value
    assert value <= oracle.evaluate(0, capacities(problem, seed)).slope[0] @ z + money(value)


@settings(max_examples=60)
@given(single, counts, seeds, seeds)
def test_a_mixture_of_years_keeps_every_limit_and_earns_the_value(problem, count, seed, other):
    problem = with_accounts(problem, count, other)
    x = capacities(problem, seed)
    problem = biting(problem, x, other)
    oracle = Oracle(problem)
    found = oracle.evaluate(0, x)
    hours = oracle.dispatch(0, x, found)
    count = recount_hours(problem, 0, x, hours)
    assert {n: b for n, b in count.breaches.items() if n != "shortage" and b.size > 1e-6} == {}
    assert count.value == pytest.approx(found.value, abs=money(found.value))
    assert hours.shortage.sum() == pytest.approx(found.shortage, abs=1e-6)


@settings(max_examples=40)
@given(single, counts, seeds, seeds, st.sampled_from([1.0, 1.02, 3.0]))
def test_prices_of_an_earlier_year_change_the_effort_alone(problem, count, seed, other, factor):
    problem = with_accounts(problem, count, other)
    x = capacities(problem, seed)
    oracle = Oracle(problem := biting(problem, x, other))
    found = oracle.evaluate(0, x)
    again = oracle.evaluate(0, x, factor * found.mu)
    assert again.value == pytest.approx(found.value, abs=money(found.value))
    assert again.slope[0] @ x == pytest.approx(found.slope[0] @ x, abs=money(found.value))


@settings(max_examples=20)
@given(single, seeds, seeds)
def test_what_costs_nothing_beyond_its_limit_changes_nothing(problem, seed, other):
    problem = with_accounts(problem, 3, other)
    (block,), x = problem.blocks, capacities(problem, seed)
    free = tuple(replace(account, penalty=0.0) for account in block.accounts)
    none = replace(problem, blocks=(replace(block, accounts=()),))
    problem = replace(problem, blocks=(replace(block, accounts=free),))
    value = Oracle(none).evaluate(0, x).value
    found = Oracle(problem).evaluate(0, x)
    assert found.value == pytest.approx(value, abs=money(value))
    assert found.mu.tolist() == [0.0] * 3


@settings(max_examples=30)
@given(single, counts, seeds, seeds)
def test_a_year_that_lacks_power_has_two_bounds_that_hold(problem, count, seed, other):
    problem = with_accounts(problem, count, other)
    x, oracle = capacities(problem, seed), Oracle(problem)
    x[0] *= 0.01
    found, value = oracle.evaluate(0, x), best_value(problem, 0, x)
    assert found.value == pytest.approx(value, abs=money(value))
    if found.calm is not None:
        assert found.calm[0] @ x >= value - money(value)


@settings(max_examples=10)
@given(single, seeds, seeds)
def test_a_dozen_accounts_of_months_are_priced_together(problem, seed, other):
    rng = np.random.default_rng(other)
    (block,), T = problem.blocks, problem.hours
    months = np.arange(T) * 12 // T == np.arange(12)[:, None]
    first = len(problem.series)
    accounts = tuple(
        Account(
            name=f"month {m}",
            segments=(0,),
            coefficients=(-1.0,),
            hours=first + m,
            limit=block.segments[0].capacity,
            per_unit=-float(rng.uniform(0.2, 0.9) * months[m].sum()),
            penalty=float(rng.uniform(5, 60)),
        )
        for m in range(12)
    )
    series = np.concatenate([problem.series, months])
    problem = replace(problem, series=series, blocks=(replace(block, accounts=accounts),))
    x = capacities(problem, seed)
    value = best_value(problem, 0, x)
    assert Oracle(problem).evaluate(0, x).value == pytest.approx(value, abs=money(value))


@settings(max_examples=8)
@given(problems(most_blocks=2), counts, seeds)
def test_a_plan_is_that_of_one_linear_programme(problem, count, seed):
    problem = with_accounts(problem, count, seed)
    search = Search(problem, gap=1e-8)
    for _ in search.steps():
        pass
    solution = search.solution()
    whole = solve_lp(problem, gap=1e-9)
    least = max(abs(whole.objective), float(problem.cost @ solution.columns))
    assert solution.objective == pytest.approx(whole.objective, abs=1e-6 * least)
    assert solution.bound >= whole.objective - 1e-6 * least


@settings(max_examples=4)
@given(problems(most_blocks=2), counts, seeds)
@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_plan_with_accounts_is_proven(level, problem, count, seed):
    problem = with_accounts(problem, count, seed)
    search = Search(problem, gap=1e-7)
    for _ in search.steps():
        pass
    rng = np.random.default_rng(0)
    found = verify(
        problem, search.solution(), search.dispatch(), search.proof(), level=level, rng=rng
    )
    assert [check for check in found.checks if not check.ok] == []


def one_year():
    """Return a year that earns 7 and uses 3, and a limit of 1 at a penalty of 1."""
    year = Year(
        earned=np.array([7.0]), missing=np.zeros(1), usage=np.array([[3.0]]),
        stored=np.zeros(1), slope=np.zeros((1, 1)), calm=None, amiss=0.0,
    )  # fmt: skip
    limits = Limits(limit=np.ones(1), penalty=np.ones(1), reach=np.full(1, 5.0), energy=0.0)
    return year, limits


def test_a_bound_that_stays_above_ends_the_search_and_is_kept():
    year, limits = one_year()
    found = search_prices(lambda _: (9.0, year), limits, tolerance=1e-9)
    assert (found.value, found.bound) == (5.0, 9.0)  # 2 beyond the limit
    assert found.mix.share.tolist() == [[1.0]]


def test_a_programme_that_cannot_be_solved_is_an_error():
    year, limits = one_year()
    mixtures = Mixtures(limits, year, 1.0)
    mixtures.add(year)
    price, share = mixtures.solve(np.zeros(1), np.ones(1))
    assert (price.tolist(), share.tolist()) == ([1.0], [[1.0]])
    with pytest.raises(OutsideError, match="no mixture of years"):
        mixtures.solve(np.ones(1), np.zeros(1))  # what is left earns more than what is beyond
