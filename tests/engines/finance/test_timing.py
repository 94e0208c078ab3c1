# SPDX-License-Identifier: Apache-2.0
"""Late money is all there in the end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.finance.timing import DAYS_PER_MONTH, delayed, leaving

MONTHS = 10
money = st.lists(st.integers(-100, 100), min_size=MONTHS, max_size=MONTHS).map(
    lambda row: np.array(row, dtype=float)
)


def test_a_month_and_a_half_later_is_half_a_month_each():
    late = delayed(np.eye(MONTHS)[2] * 10, 1.5 * DAYS_PER_MONTH)
    assert late == pytest.approx(np.eye(MONTHS)[3] * 5 + np.eye(MONTHS)[4] * 5)


def test_what_would_come_after_the_end_comes_with_it():
    assert delayed(np.eye(MONTHS)[9] * 10, 90.0) == pytest.approx(np.eye(MONTHS)[9] * 10)


@given(money, st.floats(0, 400))
def test_delay_loses_nothing(amounts, days):
    assert delayed(amounts, days).sum() == pytest.approx(amounts.sum(), abs=1e-6)


def test_cash_leaves_on_its_days_and_what_is_spent_is_taken_from_it_first():
    # 10 and 10 come in, 5 is spent from them, 15 leave; then 8 is spent by the owners
    cash = np.array([10.0, 10, -5, -8, 0, 3])
    found = leaving(cash, np.zeros(6), every=3)
    assert found.kept == pytest.approx([10, 10, -5, 0, 0, 3])
    assert found.left == pytest.approx([0, 0, 15, 0, 0, 3])


def test_only_profit_is_a_dividend_the_rest_gives_capital_back():
    cash, profit = np.array([10.0, 10, 10]), np.array([4.0, -1, 20])
    found = leaving(cash, profit, every=1)
    # 4; nothing with a loss of 1; 10 of the 19 that are left
    assert found.dividend == pytest.approx([4, 0, 10])


@given(money, money, st.integers(1, 12))
def test_what_is_kept_leaves_in_the_end(cash, profit, every):
    found = leaving(cash, profit, every)
    assert found.left.sum() == pytest.approx(found.kept.sum(), abs=1e-6)
    assert (np.cumsum(found.kept) - np.cumsum(found.left) >= -1e-6).all()
    assert (found.dividend <= found.left + 1e-9).all()
    assert found.dividend.sum() <= np.maximum(profit, 0).sum() + 1e-9
