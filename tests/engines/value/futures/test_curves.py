# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.value.futures.case import curves_of
from loadstone.engines.value.futures.curves import STEP, cleared
from loadstone.engines.value.futures.plain import on_curve
from loadstone.engines.value.operating.table import site_times
from tests.engines.value.futures.planned import planned

amounts = st.lists(st.floats(0.0, 100.0), min_size=4, max_size=4)


@given(amounts, amounts, st.floats(0, 100), st.floats(0.5, 2))
def test_a_curve_is_the_sum_of_steps_that_pay(mw, cost, at, least):
    power, costs = np.array([mw]), np.array([cost])
    earns = np.array([[1.0, 2.0, 0.5, 1.5]])
    margin, revenue = cleared(power, earns, costs, np.array([at]), least)
    runs = at * earns >= least * costs
    assert margin[0] == pytest.approx((runs * power * (at * earns - costs)).sum(), abs=1e-6)
    assert revenue[0] == pytest.approx((runs * power * at * earns).sum(), abs=1e-6)


@given(amounts, amounts)
def test_a_curve_never_falls_and_bends_upwards(mw, cost):
    at = np.linspace(0, 200, 50)
    margin, _ = cleared(np.array([mw]), np.ones((1, 4)), np.array([cost]), at)
    assert np.diff(margin).min() >= -1e-9
    assert np.diff(margin, 2).min() >= -1e-7


@given(amounts, amounts, st.floats(1, 100), st.floats(0.5, 2))
def test_dearer_power_is_the_same_curve_at_a_lower_hashprice(mw, cost, at, dearer):
    power, costs, one = np.array([mw]), np.array([cost]), np.ones((1, 4))
    there = cleared(power, one, costs * dearer, np.array([at]))[0][0]
    here = dearer * cleared(power, one, costs, np.array([at / dearer]))[0][0]
    assert there == pytest.approx(here, abs=1e-6)


def test_the_revenue_of_curves_is_that_of_the_books():
    network, plan, hours, _ = planned()
    years = {phase.at: p for p, phase in enumerate(network.study.phases)}
    books = {years[y.phase]: y.revenue["mining"] for y in plan.site_years}
    for curve in curves_of(site_times(plan, hours, network)):
        assert curve.revenue.sum() == pytest.approx(books[curve.phase], rel=1e-6)


def test_the_margin_of_curves_is_revenue_less_power_of_the_hours_that_run():
    network, plan, hours, _ = planned()
    years = {phase.at: p for p, phase in enumerate(network.study.phases)}
    found = {years[one.phase]: one for one in hours}
    for curve in curves_of(site_times(plan, hours, network)):
        here = found[curve.phase]
        paid = float(here.machine_mw["miner:miner"] @ here.price)
        margin = sum(on_curve(row, STEP, curve.hashprice) for row in curve.margin)
        # between two knots a curve errs by what bends there
        assert margin == pytest.approx(curve.revenue.sum() - paid, rel=2e-3)
