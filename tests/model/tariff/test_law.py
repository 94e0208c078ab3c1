# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.model.errors import InputError
from loadstone.model.tariff import (
    BandedLevy,
    CostShareLevy,
    DemandCharge,
    FlatLevy,
    FlatPrice,
    OwnGeneration,
    Prohibition,
    TakeOrPay,
    site_card,
)
from loadstone.model.tariff.calendar import Window
from tests.contracts.tariff_examples import EUR, load, local_month

JUNE = local_month(2026, 6)
BASE = FlatPrice(**EUR, per_mwh=50.0)
BANDS = BandedLevy(
    **EUR,
    use="mining",
    edges_per_mwh=(40.0, 60.0),
    rates_per_mwh=(10.0, 7.0, 1.0),
    assessed="month",
)
SHARE = CostShareLevy(**EUR, use="mining", share=0.1)


def steady(mining_mw=6.0, ai_mw=4.0):
    """Return a load that imports what it uses."""
    none = np.zeros(JUNE.count)
    return replace(
        load(JUNE, scale=0.0),
        import_mw=none + mining_mw + ai_mw,
        mining_mw=none + mining_mw,
        ai_mw=none + ai_mw,
    )


def levy(*entries, drawn=None):
    card = site_card(entries, JUNE, {})
    return card.terms[-1].charge(steady() if drawn is None else drawn)


@pytest.mark.parametrize(
    ("use", "mw"), [("mining", 6), ("ai", 4), ("auxiliary", 0), ("all_use", 10)]
)
def test_a_flat_levy_is_on_the_metered_use(use, mw):
    assert levy(BASE, FlatLevy(**EUR, use=use, per_mwh=3.0)) == pytest.approx(3 * mw * 720)


@pytest.mark.parametrize(
    ("price", "rate"), [(39.99, 10.0), (40.0, 7.0), (59.99, 7.0), (60.0, 1.0), (-5.0, 10.0)]
)
def test_the_average_price_sets_the_band_and_a_band_holds_its_lower_edge(price, rate):
    assert levy(replace(BASE, per_mwh=price), BANDS) == pytest.approx(rate * 6 * 720)


def test_each_period_has_its_own_band():
    early = replace(BASE, per_mwh=30.0, valid_to=date(2026, 6, 16))
    late = replace(BASE, per_mwh=70.0, valid_from=date(2026, 6, 16))
    assert levy(early, late, BANDS) == pytest.approx(7 * 6 * 720)  # 50 on average


def test_own_generation_is_part_of_the_average():
    # 5 of 10 MW from the grid at 50, 5 from the engine at 90: 70 on average
    engine = OwnGeneration(**EUR, name="engine", limit_mw=5.0, per_mwh=90.0)
    none = np.zeros(JUNE.count)
    drawn = replace(steady(), import_mw=none + 5, own_mw={"engine": none + 5})
    assert levy(BASE, engine, BANDS, drawn=drawn) == pytest.approx(1 * 6 * 720)


def test_a_period_without_energy_pays_no_levy():
    assert levy(BASE, BANDS, drawn=steady(0.0, 0.0)) == 0


def test_a_plan_expects_the_band_that_it_is_told_or_that_of_the_price():
    for expected, rate in ((None, 7.0), (20.0, 10.0), (80.0, 1.0)):
        card = site_card([BASE, replace(BANDS, expected_per_mwh=expected)], JUNE, {})
        np.testing.assert_allclose(card.per_mwh("mining"), rate)


def test_a_plan_without_a_grid_price_expects_the_band_of_its_first_source():
    engine = OwnGeneration(**EUR, name="engine", limit_mw=5.0, per_mwh=90.0)
    contract = TakeOrPay(**EUR, name="ppa", limit_mw=5.0, per_mwh=45.0, minimum_share=0.0)
    for supply, rate in (([engine], 1.0), ([engine, contract], 7.0)):
        card = site_card([*supply, BANDS], JUNE, {})
        np.testing.assert_allclose(card.per_mwh("mining"), rate)
    np.testing.assert_allclose(BANDS.rate_card(JUNE, {}).per_mwh("mining"), 10.0)


def test_a_share_of_the_cost_of_steady_uses_is_the_share_of_their_energy():
    # 10 MW x 720 h x 50, of which mining draws 6 parts in 10
    assert levy(BASE, SHARE) == pytest.approx(0.1 * 0.6 * 10 * 720 * 50)


def test_a_share_of_the_cost_counts_demand_charges_that_the_plan_leaves_out():
    demand = DemandCharge(**EUR, rates=(7200.0,))
    card = site_card([BASE, demand, SHARE], JUNE, {})
    term = card.terms[-1]
    assert term.charge(steady()) == pytest.approx(0.1 * 0.6 * 10 * (720 * 50 + 7200))
    assert term.planner_cost(steady()) == pytest.approx(0.1 * 0.6 * 10 * 720 * 50)
    assert term.bounds(steady()) == pytest.approx(
        (term.planner_cost(steady()), term.charge(steady()))
    )


def test_a_share_of_the_cost_is_exact_in_a_plan_where_all_is_priced_by_the_mwh():
    term = site_card([BASE, SHARE], JUNE, {}).terms[-1]
    assert term.planner_cost(steady()) == pytest.approx(term.charge(steady()))


def test_a_levy_in_force_from_a_date_leaves_the_days_before_alone():
    late = replace(SHARE, valid_from=date(2026, 6, 16))
    assert levy(BASE, late) == pytest.approx(levy(BASE, SHARE) / 2)
    banded = replace(BANDS, valid_from=date(2026, 6, 16))
    assert levy(BASE, banded) == pytest.approx(7 * 6 * 360)


BAN = Prohibition(
    **EUR, use="mining", source="an invented rule", when=(Window(hours=((18, 22),)),)
)


def test_a_prohibition_charges_nothing_and_says_what_flowed():
    card = site_card([BASE, BAN], JUNE, {})
    term = card.terms[-1]
    assert term.charge(steady()) == 0
    assert term.violation_mwh(steady()).sum() == pytest.approx(6 * 4 * 30)
    assert term.violation_mwh(steady(mining_mw=0.0)).sum() == 0
    assert card.prohibited("mining").sum() == 4 * 30
    assert not card.prohibited("ai").any()


def test_a_prohibition_of_every_use_forbids_each():
    card = site_card([BASE, replace(BAN, use="all_use")], JUNE, {})
    assert card.prohibited("ai").sum() == card.prohibited("mining").sum() == 4 * 30
    assert card.terms[-1].violation_mwh(steady()).sum() == pytest.approx(10 * 4 * 30)


@pytest.mark.parametrize(
    ("kind", "wrong", "rule"),
    [
        (FlatLevy(**EUR, use="ai", per_mwh=1.0), {"per_mwh": -1.0}, "at least 0"),
        (BANDS, {"edges_per_mwh": (60.0, 40.0)}, "must rise"),
        (BANDS, {"rates_per_mwh": (1.0,)}, "one rate more"),
        (BANDS, {"rates_per_mwh": (1.0, -2.0, 3.0)}, "at least 0"),
        (SHARE, {"share": -0.1}, "at least 0"),
        (BAN, {"source": ""}, "where the rule stands"),
    ],
)
def test_a_law_that_cannot_be_is_refused(kind, wrong, rule):
    with pytest.raises(InputError, match=rule):
        replace(kind, **wrong)


def test_a_share_of_no_cost_has_no_line():
    card = site_card([BASE, SHARE], JUNE, {})
    assert card.lines(steady(0.0, 0.0)) == ()
    assert [line.unit for line in card.lines(steady())] == ["MWh", "MWh"]
