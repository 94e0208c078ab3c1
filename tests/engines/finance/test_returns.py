# SPDX-License-Identifier: Apache-2.0
"""Rates of return are right or are not told; present values and paybacks by hand."""

from datetime import date, timedelta

import numpy as np
import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.finance.returns import (
    REASONS,
    Reason,
    irr,
    irr_of_many,
    mirr,
    npv,
    payback,
    peak,
    present_value_ratio,
    xirr,
)
from loadstone.model.errors import InputError

amounts = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-3)
rows = st.lists(amounts, min_size=2, max_size=25).map(np.array)


def test_the_first_flow_is_at_once_where_excel_discounts_it():
    flows = np.array([-100.0, 60.0, 60.0])
    excel = -100 / 1.1 + 60 / 1.1**2 + 60 / 1.1**3
    assert npv(flows, 0.10) == pytest.approx(excel * 1.1, rel=1e-15)


def test_parts_of_a_year_compound():
    assert npv(np.array([0.0] * 12 + [110.0]), 0.10, per_year=12) == pytest.approx(100.0)


def test_a_negative_discount_rate_is_refused():
    with pytest.raises(InputError, match=r"rate = -0.01: must be finite and at least 0"):
        npv(np.array([-1.0, 2.0]), -0.01)


@pytest.mark.parametrize(
    ("flows", "rates", "reason"),
    [
        ([-100, 110], [0.10], Reason.ONE),
        ([-100, 0, 0, 133.1], [0.10], Reason.ONE),
        ([-100, 10], [-0.9], Reason.ONE),
        ([-100, 230, -132], [0.10, 0.20], Reason.SEVERAL),
        ([-1, 6, -11, 6], [0.0, 1.0, 2.0], Reason.SEVERAL),
        ([-100, 220, -121], [0.10], Reason.ONE),  # touches zero, and only once
        ([-100, 200, -132], [], Reason.NO_RATE),
        ([100, 10], [], Reason.NOTHING_IN),
        ([-100, -10], [], Reason.NOTHING_BACK),
        ([0, 0], [], Reason.NOTHING_MOVES),
        ([], [], Reason.NOTHING_MOVES),
        ([100, -110], [], Reason.COMES_FIRST),  # 10 % is what the loan costs
        ([-100, 110, -1e-9], [0.10], Reason.ONE),  # what rounding leaves makes no second rate
    ],
)
def test_all_rates_are_found_or_a_reason_is_told(flows, rates, reason):
    found = irr(np.array(flows, dtype=float))
    assert found.reason == reason
    assert found.rates == pytest.approx(rates, abs=1e-6)


@given(st.lists(st.floats(0.2, 4.0), min_size=2, max_size=5), st.floats(0.1, 10))
def test_rates_that_flows_are_made_of_are_found_again(growths, scale):
    apart = sorted({round(growth, 1) for growth in growths})
    found = irr(-scale * np.poly(apart))
    if found.reason == Reason.COMES_FIRST:
        return
    assert [1 + rate for rate in found.rates] == pytest.approx(apart, rel=1e-6)


@given(rows)
def test_every_real_root_of_the_polynomial_is_found(flows):
    found = irr(flows)
    for rate in found.rates:
        worth = flows * (1 + rate) ** -np.arange(len(flows), dtype=float)
        assert abs(worth.sum()) <= 1e-6 * np.abs(worth).sum()
    signs = np.sign(flows[flows != 0])
    changes = int((signs[1:] != signs[:-1]).sum())
    assert len(found.rates) <= changes
    roots = len(found.rates) + (found.reason == Reason.COMES_FIRST)
    if changes == 1 and np.abs(flows[flows != 0]).min() > 1e-8 * np.abs(flows).max():
        assert roots == 1  # Descartes' rule


@given(st.lists(rows.map(lambda row: np.resize(row, 12)), min_size=1, max_size=5))
def test_many_rows_get_what_each_gets_alone(flows):
    many = irr_of_many(np.array(flows))
    for row, rate, code in zip(flows, many.rates, many.codes, strict=True):
        alone = irr(row)
        assert REASONS[code] == alone.reason
        if alone.reason == Reason.ONE:
            assert rate == alone.rates[0]
        else:
            assert np.isnan(rate)


def test_reasons_are_counted():
    many = irr_of_many(np.array([[-1.0, 2.0], [1.0, 1.0], [1.0, 2.0], [0.0, 0.0]]))
    assert many.reasons == {Reason.NOTHING_IN: 2, Reason.NOTHING_MOVES: 1}


def test_flows_that_are_no_numbers_are_refused():
    with pytest.raises(InputError, match="must be finite"):
        irr_of_many(np.array([[1.0, np.nan]]))


@given(
    st.lists(st.integers(1, 400), min_size=1, max_size=30),
    st.lists(st.floats(1, 100), min_size=30, max_size=30),
)
def test_dated_flows_return_what_pyxirr_says(gaps, back):
    days = [date(2027, 1, 1)]
    for gap in gaps:
        days.append(days[-1] + timedelta(days=gap))
    flows = np.array([-300.0, *back[: len(gaps)]])
    theirs = pyxirr.xirr(days, flows)
    (ours,) = xirr(days, flows).rates
    if theirs is not None and theirs > -0.99:
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-7)


def test_excels_own_example_of_xirr():
    # Microsoft's page on XIRR: 0.373362535
    days = [
        *(date(2008, 1, 1), date(2008, 3, 1), date(2008, 10, 30)),
        *(date(2009, 2, 15), date(2009, 4, 1)),
    ]
    flows = np.array([-10_000.0, 2_750.0, 4_250.0, 3_250.0, 2_750.0])
    assert xirr(days, flows).rates == pytest.approx([0.373362535], abs=1e-8)


def test_days_must_rise():
    with pytest.raises(InputError, match="must rise"):
        xirr([date(2027, 1, 1)] * 2, np.array([-1.0, 2.0]))


def test_excels_own_example_of_mirr():
    # Microsoft's page on MIRR: 12.61 %
    flows = np.array([-120_000.0, 39_000.0, 30_000.0, 21_000.0, 37_000.0, 46_000.0])
    assert mirr(flows, 0.10, 0.12) == pytest.approx(0.126094, abs=1e-6)
    assert mirr(np.array([1.0, 1.0]), 0.1, 0.1) is None


@pytest.mark.parametrize(
    ("flows", "years"),
    [
        ([-100, 40, 40, 40], 3.5),  # 20 of 40 are missing when the fourth year begins
        ([-100, 120, -50, 40], 3.75),  # for good: the second dip counts
        ([-100, 50], None),
        ([10, 10], 0.0),
        ([-100, 100, -1], None),
    ],
)
def test_payback_is_linear_within_a_period_and_for_good(flows, years):
    assert payback(np.array(flows, dtype=float), per_year=1) == years


def test_discounted_payback_takes_longer():
    flows = np.array([-100.0, 55.0, 60.5, 66.55])
    assert payback(flows, 0.10, per_year=1) == pytest.approx(3.0)


def test_peak_is_the_most_that_is_out_at_once():
    assert peak(np.array([-50.0, 20.0, -60.0, 200.0])) == 90
    assert peak(np.array([5.0])) == 0


@given(rows, st.floats(0, 0.5))
def test_a_constant_price_at_the_ratio_pays_all_costs(costs, rate):
    output = np.ones(len(costs))
    price = present_value_ratio(costs, output, rate)
    assert npv(price * output - costs, rate, 12) == pytest.approx(0, abs=1e-4)
    assert present_value_ratio(costs, output * 0, rate) is None
