# SPDX-License-Identifier: Apache-2.0
"""What cash carries, and what holds the amount."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.finance.debt.carrying import carried, payment, smallest
from loadstone.engines.finance.debt.repaying import repaid

services = st.lists(st.floats(0, 1e6), min_size=1, max_size=30).map(np.array)
rates = st.floats(0, 0.3)


def test_the_present_value_of_service_is_carried():
    assert carried(np.array([110.0, 121.0]), 0.10) == pytest.approx(200.0)


def test_a_lean_first_year_limits_the_debt_to_its_interest():
    # 10 pays the interest of 100 only, whatever comes later
    assert carried(np.array([10.0, 1e6]), 0.10) == pytest.approx(100.0)


def test_in_grace_only_interest_counts():
    # without grace 100 / 1.1 + 100 / 1.21 = 173.6; with it, the second payment alone
    assert carried(np.array([100.0, 100.0]), 0.10, grace=1) == pytest.approx(100 / 1.1)


@given(services, rates, st.integers(0, 3))
def test_what_is_carried_is_paid_back_and_the_balance_never_rises(service, rate, grace):
    grace = min(grace, len(service) - 1)
    debt = carried(service, rate, grace)
    paid = repaid(debt, service, rate, grace)
    balance = np.concatenate([[debt], paid.balance])
    slack = 1e-9 * (1 + service.sum())
    assert (np.diff(balance) <= slack).all()
    assert balance[-1] <= slack
    assert (paid.service <= service + slack).all()
    assert (paid.principal[:grace] == 0).all()


@given(services, rates)
def test_a_little_more_could_not_be_paid_back(service, rate):
    debt = carried(service, rate) * 1.001 + 1.0
    paid = repaid(debt, service, rate)
    assert paid.balance[-1] > 0 or (paid.service > service).any()


@given(st.floats(0, 0.5), st.integers(1, 60))
def test_a_level_payment_repays_a_debt_of_one(rate, periods):
    service = np.full(periods, payment(rate, periods))
    assert repaid(1.0, service, rate).balance[-1] == pytest.approx(0, abs=1e-6)


def test_the_smallest_limit_binds_and_is_named():
    assert smallest({"gearing": 60.0, "dscr": 50.0, "stated": None}) == (50.0, "dscr")
    assert smallest({"gearing": 50.0, "dscr": 50.0}) == (50.0, "gearing")
    assert smallest({"gearing": 60.0, "dscr": 0.0}) == (0.0, "none")
    assert smallest({"gearing": 60.0, "dscr": 0.5}) == (0.0, "none")  # nobody lends half a unit
    assert smallest({"gearing": None}) == (0.0, "none")
