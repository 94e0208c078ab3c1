# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff import (
    CapacityCharge,
    DemandCharge,
    FixedCharge,
    FlatLevy,
    FlatPrice,
    Losses,
    MinimumCharge,
    NetworkCharge,
    site_card,
)
from loadstone.model.tariff.calendar import Window
from tests.contracts.tariff_examples import EUR, load, local_month

JUNE = local_month(2026, 6)
YEAR = TimeGrid.planning_year(2026)
STEADY = load(JUNE)  # imports 30 MW, 15 of them from a contract
FIXED = FixedCharge(**EUR, per_month=1200.0)


def bill(*entries, grid=JUNE, drawn=None):
    return site_card(entries, grid, {}).charge(load(grid) if drawn is None else drawn)


def test_twelve_months_of_a_fixed_charge_make_a_year():
    assert bill(FIXED) == pytest.approx(1200)
    assert bill(FIXED, grid=YEAR) == pytest.approx(12 * 1200)


def test_a_fixed_charge_that_changes_inside_a_month_is_charged_by_the_day():
    # 10 of 30 days at 1,200, 20 at 3,000
    dearer = replace(FIXED, per_month=3000.0, valid_from=date(2026, 6, 11))
    assert bill(replace(FIXED, valid_to=date(2026, 6, 11)), dearer) == pytest.approx(400 + 2000)


@pytest.mark.parametrize(("month", "early"), [(3, 28 * 24), (10, 24 * 24)])
def test_the_day_the_clock_changes_counts_with_its_23_or_25_hours(month, early):
    grid = local_month(2026, month, 15)
    day = date(2026, month, 29 if month == 3 else 25)
    before = bill(replace(FIXED, valid_to=day), grid=grid)
    assert before == pytest.approx(1200 * early / (743 if month == 3 else 745))


def test_capacity_is_charged_used_or_not():
    charge = CapacityCharge(**EUR, per_mw_month=100.0)
    idle = replace(load(JUNE, scale=0.0), contracted_mw=50.0)
    assert bill(charge, drawn=idle) == pytest.approx(5000)
    assert site_card([charge], YEAR, {}).terms[0].per_mw == pytest.approx(1200)


def test_the_network_is_paid_for_whoever_sold_the_energy():
    assert bill(NetworkCharge(**EUR, per_mwh=2.0)) == pytest.approx(2 * 30 * 720)


def test_a_network_charge_may_be_due_in_some_hours():
    by_day = NetworkCharge(**EUR, per_mwh=2.0, when=(Window(hours=((8, 20),)),))
    assert bill(by_day) == pytest.approx(2 * 30 * 360)


def test_a_minimum_lifts_the_bill_to_it_and_no_further():
    base, least = FlatPrice(**EUR, per_mwh=10.0), MinimumCharge(**EUR, per_month=150_000.0)
    assert bill(base) == pytest.approx(108_000)  # 15 MW x 720 h x 10
    assert bill(base, least) == pytest.approx(150_000)
    assert bill(base, least, DemandCharge(**EUR, rates=(1000.0,))) == pytest.approx(150_000)
    dear = replace(base, per_mwh=20.0)
    assert bill(dear, least) == pytest.approx(bill(dear))


def test_a_levy_does_not_count_towards_the_suppliers_minimum():
    base, least = FlatPrice(**EUR, per_mwh=10.0), MinimumCharge(**EUR, per_month=150_000.0)
    levy = FlatLevy(**EUR, use="all_use", per_mwh=1.0)
    used = float(STEADY.mwh("all_use").sum())
    assert bill(base, least, levy) == pytest.approx(150_000 + used)


def test_a_plan_leaves_the_minimum_out_within_its_bounds():
    card = site_card(
        [FlatPrice(**EUR, per_mwh=10.0), MinimumCharge(**EUR, per_month=150_000.0)], JUNE, {}
    )
    assert card.planner_cost(STEADY) == pytest.approx(108_000)
    assert card.bounds(STEADY) == pytest.approx((108_000, 258_000))
    assert [term.name for term in card.approximated()] == ["minimum"]


def test_losses_are_bought_and_not_metered():
    base = FlatPrice(**EUR, per_mwh=10.0)
    lossy = bill(base, Losses(**EUR, share=0.04))
    assert lossy == pytest.approx(108_000 / 0.96)


def test_losses_on_losses_multiply():
    base, line = FlatPrice(**EUR, per_mwh=10.0), Losses(**EUR, share=0.04)
    both = bill(base, line, replace(line, share=0.01))
    assert both == pytest.approx(108_000 / 0.96 / 0.99)


def test_losses_may_change_inside_a_month():
    base, line = FlatPrice(**EUR, per_mwh=10.0), Losses(**EUR, share=0.04)
    late = replace(line, valid_from=date(2026, 6, 11))
    assert bill(base, late) == pytest.approx(36_000 + 72_000 / 0.96)


def test_losses_lie_on_neither_demand_nor_levies():
    base, line = FlatPrice(**EUR, per_mwh=0.0), Losses(**EUR, share=0.04)
    rest = DemandCharge(**EUR, rates=(1000.0,)), FlatLevy(**EUR, use="mining", per_mwh=5.0)
    assert bill(base, *rest, line) == pytest.approx(bill(base, *rest))


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (FIXED, {"per_month": -1.0}),
        (CapacityCharge(**EUR, per_mw_month=1.0), {"per_mw_month": -1.0}),
        (NetworkCharge(**EUR, per_mwh=1.0), {"per_mwh": np.nan}),
        (MinimumCharge(**EUR, per_month=1.0), {"per_month": -1.0}),
        (Losses(**EUR, share=0.1), {"share": 1.0}),
    ],
)
def test_a_charge_that_cannot_be_is_refused(kind, wrong):
    with pytest.raises(InputError, match="0"):
        replace(kind, **wrong)
