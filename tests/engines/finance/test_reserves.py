# SPDX-License-Identifier: Apache-2.0
"""Reserves hold what falls due and end empty: no money is made or lost in them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.finance.reserves import flows, purchase_reserve, service_reserve

rows = st.lists(st.floats(0, 1e6), min_size=1, max_size=40).map(np.array)


def test_a_reserve_holds_the_service_of_the_months_to_come():
    held = service_reserve(np.array([0.0, 10, 20, 30, 40]), 2, 0)
    assert held.tolist() == [30, 50, 70, 40, 0]
    assert flows(held).tolist() == [-30, -20, -20, 30, 40]


def test_purchases_are_saved_for_in_equal_parts():
    held = purchase_reserve(np.array([0.0, 0, 0, 0, 90]), 3)
    assert held.tolist() == [0, 30, 60, 90, 0]


def test_a_purchase_that_comes_soon_is_saved_for_in_fewer_parts():
    assert purchase_reserve(np.array([0.0, 0, 90]), 12).tolist() == [45, 90, 0]
    assert purchase_reserve(np.array([90.0, 0]), 12).tolist() == [0, 0]


@given(rows, st.integers(0, 12), st.integers(0, 5))
def test_what_is_paid_in_comes_out_again(row, months, since):
    for held in (service_reserve(row, months, since), purchase_reserve(row, months, since)):
        assert held.min() >= 0
        assert held[-1] == pytest.approx(0, abs=1e-6)
        assert flows(held).sum() == pytest.approx(0, abs=1e-6)
