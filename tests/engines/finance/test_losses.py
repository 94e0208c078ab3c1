# SPDX-License-Identifier: Apache-2.0
"""Losses wait for profit: used in order, up to a limit, and lost after some years."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.finance.losses import TaxRules, tax_by_year
from loadstone.model.errors import InputError

YEARS = 6
profits = st.lists(
    st.lists(st.integers(-100, 100), min_size=YEARS, max_size=YEARS), min_size=1, max_size=4
).map(lambda rows: np.array(rows, dtype=float))
rules = st.builds(
    TaxRules,
    rate=st.sampled_from([0.0, 0.21, 0.34, 1.0]),
    loss_limit=st.sampled_from([0.0, 0.3, 0.5, 0.8, 1.0]),
    loss_years=st.sampled_from([0, 1, 2, 5, float("inf")]),
)


def test_profit_is_taxed_in_its_year_and_a_loss_is_not_paid_back():
    tax = tax_by_year(np.array([[100.0, -50.0]]), TaxRules(rate=0.25))
    assert tax == pytest.approx(np.array([[25.0, 0.0]]))


def test_a_loss_is_lost_after_its_years():
    # 100 is lost in the first year and may be used in the two after it
    profit = np.array([[-100.0, 30.0, 30.0, 30.0]])
    tax = tax_by_year(profit, TaxRules(rate=0.5, loss_years=2))
    assert tax == pytest.approx(np.array([[0.0, 0.0, 0.0, 15.0]]))


def test_the_oldest_loss_is_used_first():
    # 20 of the first year and none of the second are used in the third, so that the second's
    # loss is there in the fourth, when the first's would have been lost
    profit = np.array([[-20.0, -20.0, 20.0, 20.0]])
    tax = tax_by_year(profit, TaxRules(rate=0.5, loss_years=2))
    assert tax == pytest.approx(np.zeros((1, 4)))


def one_by_one(profit, rule):
    """Return the tax of one future in plain steps, written down apart."""
    bank, found = [], []
    for year, amount in enumerate(profit):
        bank = [[made, left] for made, left in bank if year - made <= rule.loss_years]
        taxable, room = max(amount, 0.0), rule.loss_limit * max(amount, 0.0)
        for loss in bank:
            used = min(loss[1], room)
            loss[1] -= used
            room -= used
            taxable -= used
        found.append(rule.rate * taxable)
        if amount < 0:
            bank.append([year, -amount])
    return found


@given(profits, rules)
def test_many_futures_are_taxed_as_each_alone(profit, rule):
    alone = [one_by_one(row, rule) for row in profit]
    assert tax_by_year(profit, rule) == pytest.approx(np.array(alone), abs=1e-9)


@given(profits, rules)
def test_tax_is_never_negative_and_never_more_than_without_losses(profit, rule):
    tax = tax_by_year(profit, rule)
    assert (tax >= -1e-9).all()
    assert (tax <= rule.rate * np.maximum(profit, 0.0) + 1e-9).all()


@given(profits, st.sampled_from([0.21, 0.34]))
def test_a_higher_limit_never_costs_more_in_all(profit, rate):
    totals = [
        tax_by_year(profit, TaxRules(rate=rate, loss_limit=limit)).sum()
        for limit in (0.0, 0.3, 0.8, 1.0)
    ]
    assert all(a >= b - 1e-9 for a, b in pairwise(totals))


@pytest.mark.parametrize("wrong", [{"rate": 1.5}, {"rate": 0.2, "loss_limit": -0.1}])
def test_rules_that_are_none_are_refused(wrong):
    with pytest.raises(InputError):
        TaxRules(**wrong)
