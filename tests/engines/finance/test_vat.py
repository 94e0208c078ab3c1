# SPDX-License-Identifier: Apache-2.0
"""Value-added tax comes back late, and in the end nothing of it is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.finance.vat import settled

MONTHS = 12
money = st.lists(st.integers(0, 100), min_size=MONTHS, max_size=MONTHS).map(
    lambda row: np.array(row, dtype=float)
)
NOTHING = np.zeros(MONTHS)


def test_tax_on_a_purchase_comes_back_after_its_months():
    paid = np.eye(MONTHS)[2] * 50
    refunded, remitted = settled(paid, NOTHING, 4)
    assert refunded == pytest.approx(np.eye(MONTHS)[6] * 50)
    assert not remitted.any()


def test_tax_on_sales_is_due_a_month_later():
    refunded, remitted = settled(NOTHING, np.eye(MONTHS)[2] * 50, 4)
    assert remitted == pytest.approx(np.eye(MONTHS)[3] * 50)
    assert not refunded.any()


def test_tax_on_sales_takes_up_what_waits_before_anything_is_paid():
    # 50 wait from month 0; 30 are due in month 2 and 40 in month 3: 20 of them are paid
    collected = np.eye(MONTHS)[1] * 30 + np.eye(MONTHS)[2] * 40
    refunded, remitted = settled(np.eye(MONTHS)[0] * 50, collected, 10)
    assert remitted == pytest.approx(np.eye(MONTHS)[3] * 20)
    assert not refunded.any()


@given(money, money, st.integers(0, 30))
def test_all_is_settled_in_the_end(paid, collected, months):
    refunded, remitted = settled(paid, collected, months)
    assert refunded.sum() - remitted.sum() == pytest.approx(paid.sum() - collected.sum())
    assert (refunded >= 0).all()
    assert (remitted >= 0).all()


@given(money, money, st.integers(0, 30))
def test_nothing_comes_back_before_it_is_paid(paid, collected, months):
    refunded, _ = settled(paid, collected, months)
    assert (np.cumsum(paid) - np.cumsum(refunded) >= -1e-6).all()
