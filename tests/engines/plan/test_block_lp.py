# SPDX-License-Identifier: Apache-2.0
"""Blocks with more accounts than the oracle holds, whose years HiGHS finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.plan.block_lp import BlockProgramme
from loadstone.engines.plan.certificate import slope as proven
from loadstone.engines.plan.oracle import MOST_ACCOUNTS, Oracle
from loadstone.engines.plan.recount import recount_hours
from loadstone.model.errors import OutsideError
from tests.engines.plan.site_lp import best_value
from tests.engines.plan.test_oracle import capacities, money
from tests.strategies import problems

HELD = 1  # accounts; the oracle itself holds many more
several = problems(most_blocks=1, whole=False, most_accounts=2).filter(
    lambda problem: len(problem.blocks[0].accounts) > HELD
)
any_accounts = problems(most_blocks=1, whole=False, most_accounts=2)
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=40)
@given(several, seeds, seeds)
def test_accounts_together_are_priced_as_a_linear_programme_prices_them(problem, seed, other):
    oracle = Oracle(problem, parts=3, most_accounts=HELD)
    for x in (capacities(problem, seed), capacities(problem, other)):  # the second starts warm
        found, value = oracle.evaluate(0, x), best_value(problem, 0, x)
        assert found.value == pytest.approx(value, abs=money(value))
        assert found.slope.shape == (1, len(x))
        assert found.slope[0] @ x >= value - money(value)


@settings(max_examples=40)
@given(several, seeds)
def test_the_bound_of_their_prices_is_tight_and_proven(problem, seed):
    x = capacities(problem, seed)
    block = problem.blocks[0]
    if block.storage is not None:
        x[[block.storage.power, block.storage.energy]] += 0.5
    oracle = Oracle(problem, most_accounts=HELD)
    found = oracle.evaluate(0, x)
    assert found.slope[0] @ x == pytest.approx(found.value, abs=money(found.value, 1e-8))
    again = proven(problem, oracle.proof(0, x, found.mu))
    np.testing.assert_allclose(again, found.slope[0], rtol=1e-9, atol=1e-6)


@settings(max_examples=40)
@given(several, seeds)
def test_their_dispatch_keeps_every_limit_and_earns_the_value(problem, seed):
    oracle, x = Oracle(problem, most_accounts=HELD), capacities(problem, seed)
    found = oracle.evaluate(0, x)
    count = recount_hours(problem, 0, x, oracle.dispatch(0, x, found))
    assert {n: b for n, b in count.breaches.items() if n != "shortage" and b.size > 1e-6} == {}
    assert count.value == pytest.approx(found.value, abs=money(found.value))


@settings(max_examples=40)
@given(any_accounts, seeds)
def test_the_programme_holds_blocks_of_every_kind(problem, seed):
    x = capacities(problem, seed)
    value = Oracle(problem).evaluate(0, x).value
    assert BlockProgramme(problem, 0).solve(x).value == pytest.approx(value, abs=money(value))


@settings(max_examples=5)
@given(several)
def test_what_forced_a_slower_way_is_said(problem):
    (sentence,) = Oracle(problem, most_accounts=HELD).forced
    assert sentence.startswith("s0: take or pay, carbon are more yearly amounts")
    assert Oracle(problem, most_accounts=MOST_ACCOUNTS).forced == ()


@settings(max_examples=1)
@given(several)
def test_a_programme_without_a_year_is_an_error(problem):
    x = np.full(len(problem.blocks[0].capacities), 1.0)
    programme = BlockProgramme(problem, 0)
    with pytest.raises(OutsideError, match="no year of s0/0"):
        programme.solve(np.where(np.arange(len(x)) == 0, np.nan, x))
