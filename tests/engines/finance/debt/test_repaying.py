# SPDX-License-Identifier: Apache-2.0
"""Debt is drawn for its share of the costs, its own among them, and is repaid to nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.finance.debt.repaying import drawn, level, repaid

costs = st.lists(st.floats(0, 1e6), min_size=1, max_size=24).map(np.array)


def test_without_interest_and_fees_the_share_of_each_cost_is_drawn():
    debt = drawn(np.array([100.0, 0.0, 50.0]), 0.6, 0.0)
    assert debt.draw.tolist() == [60, 0, 30]
    assert debt.balance.tolist() == [60, 60, 90]


def test_interest_while_building_is_a_cost_like_others():
    # one period: x = 0.5 (100 + 0.1 x), so x = 50 / 0.95
    debt = drawn(np.array([100.0]), 0.5, 0.10)
    assert debt.draw[0] == pytest.approx(50 / 0.95)
    assert debt.interest[0] == pytest.approx(0.1 * 50 / 0.95)


def test_a_fee_on_the_amount_is_part_of_what_it_is_a_share_of():
    # x = 0.5 (100 + 0.02 x)
    debt = drawn(np.array([100.0]), 0.5, 0.0, upfront=0.02)
    assert debt.draw[0] == pytest.approx(50 / 0.99)


def test_what_is_promised_and_not_drawn_costs_a_fee():
    debt = drawn(np.array([0.0, 100.0]), 1.0, 0.0, commitment=0.01)
    assert debt.fees[0] == pytest.approx(0.01 * debt.draw.sum())


@given(costs, st.floats(0, 0.95), st.floats(0, 0.02), st.floats(0, 0.03), st.floats(0, 0.002))
def test_the_debt_is_its_share_of_all_that_is_paid(costs, share, rate, upfront, commitment):
    debt = drawn(costs, share, rate, upfront=upfront, commitment=commitment)
    paid = costs + debt.interest + debt.fees
    np.testing.assert_allclose(debt.draw, share * paid, atol=1e-6, rtol=1e-9)
    np.testing.assert_allclose(np.cumsum(debt.draw), debt.balance, atol=1e-6)


@given(st.floats(1, 1e6), st.floats(0, 0.05), st.integers(2, 60), st.integers(0, 5))
def test_level_debt_is_repaid_with_the_same_service(amount, rate, periods, grace):
    grace = min(grace, periods - 1)
    debt = level(amount, rate, periods, grace)
    assert debt.balance[-1] == 0
    assert debt.principal.sum() == pytest.approx(amount)
    assert np.ptp(debt.service[grace:]) <= 1e-6 * amount
    assert (debt.principal[:grace] == 0).all()


def test_more_service_than_needed_ends_the_debt_early():
    debt = repaid(100.0, np.array([60.0, 60.0, 60.0]), 0.0)
    assert debt.principal.tolist() == [60, 40, 0]
