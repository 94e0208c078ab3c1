# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.model.errors import InputError
from loadstone.model.tariff import Losses, Tiers, site_card
from loadstone.model.tariff.approximated import TieredTerm
from loadstone.model.tariff.calendar import Window
from loadstone.model.tariff.terms import BlockTerm
from loadstone.model.tariff.tiers import TieredWindow
from tests.contracts.tariff_examples import EUR, load, local_month

JUNE = local_month(2026, 6)
DAY = Window(hours=((8, 20),))
ONE = Tiers(
    **EUR,
    edges_mwh=(1000.0, 3000.0),
    windows=(TieredWindow(name="all", per_mwh=(10.0, 20.0, 50.0)),),
    scope="month_total_prorated",
)
TWO = Tiers(
    **EUR,
    edges_mwh=(1000.0,),
    windows=(
        TieredWindow(name="day", per_mwh=(30.0, 60.0), when=(DAY,)),
        TieredWindow(name="night", per_mwh=(10.0, 20.0)),
    ),
    scope="month_total_prorated",
)


def of_mwh(energy):
    """Return a load of June whose residual energy is this, three quarters of it by day."""
    steady = load(JUNE, scale=0.0)
    by_day = DAY.mask(ONE.calendar(JUNE))
    return replace(steady, import_mw=np.where(by_day, 1.5, 0.5) * energy / 720)


@pytest.mark.parametrize(
    ("scope", "energy", "bill"),
    [
        ("month_total_prorated", 500, 500 * 10),
        ("month_total_prorated", 2000, 1000 * 10 + 1000 * 20),
        ("month_total_prorated", 4000, 1000 * 10 + 2000 * 20 + 1000 * 50),
        ("per_period", 4000, 1000 * 10 + 2000 * 20 + 1000 * 50),
        ("whole_bracket", 999.999, 999.999 * 10),
        ("whole_bracket", 2000, 2000 * 20),
        ("whole_bracket", 4000, 4000 * 50),
    ],
)
def test_one_window_has_the_bill_of_its_scope(scope, energy, bill):
    card = replace(ONE, scope=scope).rate_card(JUNE, {})
    assert card.charge(of_mwh(energy)) == pytest.approx(bill, rel=1e-6)


@pytest.mark.parametrize(
    ("scope", "bill"),
    [
        # half of 2,000 MWh is in the first tier, in either window
        ("month_total_prorated", 1500 * (30 + 60) / 2 + 500 * (10 + 20) / 2),
        ("per_period", 1000 * 30 + 500 * 60 + 500 * 10),
        ("whole_bracket", 1500 * 60 + 500 * 20),
    ],
)
def test_two_windows_have_the_bill_of_their_scope(scope, bill):
    card = replace(TWO, scope=scope).rate_card(JUNE, {})
    assert card.charge(of_mwh(2000)) == pytest.approx(bill)


def test_only_tiers_that_never_get_cheaper_are_exact_in_a_plan():
    falling = (TieredWindow(name="all", per_mwh=(10.0, 20.0, 15.0)),)
    kinds = {
        "one": ONE,
        "per window": replace(TWO, scope="per_period"),
        "differing steps": TWO,
        "falling": replace(ONE, windows=falling),
        "bracket": replace(ONE, scope="whole_bracket"),
    }
    exact = {name for name, kind in kinds.items() if kind.convex}
    assert exact == {"one", "per window"}
    for name, kind in kinds.items():
        last = kind.rate_card(JUNE, {}).terms[-1]
        assert isinstance(last, BlockTerm if name in exact else TieredTerm)


def test_a_plan_takes_the_last_tier_or_the_tier_of_the_expected_load():
    bracket = replace(ONE, scope="whole_bracket")
    for expected_mw, price in ((None, 50.0), (2.0, 20.0), (1.0, 10.0)):
        card = replace(bracket, expected_mw=expected_mw).rate_card(JUNE, {})
        np.testing.assert_allclose(card.per_mwh("residual"), price)
    shared = replace(TWO, expected_mw=2000 / 720).rate_card(JUNE, {})
    np.testing.assert_allclose(np.unique(shared.per_mwh("residual").round(9)), [15.0, 45.0])


def test_a_plan_is_right_at_the_expected_load_and_bounded_elsewhere():
    card = replace(TWO, expected_mw=2000 / 720).rate_card(JUNE, {})
    assert card.planner_cost(of_mwh(2000)) == pytest.approx(card.charge(of_mwh(2000)))
    low, high = card.bounds(of_mwh(9000))
    assert (low, high) == pytest.approx((6750 * 30 + 2250 * 10, 6750 * 60 + 2250 * 20))


@given(st.floats(1, 20_000))
def test_the_share_of_the_tiers_is_the_whole_energy(energy):
    term = replace(ONE, scope="whole_bracket").rate_card(JUNE, {}).terms[0]
    for whole in (True, False):
        shares = replace(term, whole_bracket=whole).shares(np.array([energy]))
        assert shares.sum() == pytest.approx(1)


def test_tiers_that_end_inside_a_month_end_sooner_in_proportion():
    half = replace(ONE, valid_to=date(2026, 6, 16)).rate_card(JUNE, {})
    # 15 of 30 days: the edges are 500 and 1,500 MWh, and half of 4,000 MWh is charged
    assert half.charge(of_mwh(4000)) == pytest.approx(500 * 10 + 1000 * 20 + 500 * 50)


@pytest.mark.parametrize("scope", ["month_total_prorated", "whole_bracket"])
def test_losses_fill_the_tiers_sooner(scope):
    tiers = replace(ONE, scope=scope)
    lossy = site_card([tiers, Losses(**EUR, share=0.2)], JUNE, {}).charge(of_mwh(1600))
    bought = site_card([tiers], JUNE, {}).charge(of_mwh(2000))
    assert lossy == pytest.approx(bought)


def test_losses_that_change_are_refused_where_there_are_tiers():
    changing = Losses(**EUR, share=0.2, valid_to=date(2026, 6, 16))
    with pytest.raises(InputError, match="must stay the same"):
        site_card([ONE, changing], JUNE, {})


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"edges_mwh": ()}, "rise"),
        ({"edges_mwh": (3.0, 2.0)}, "rise"),
        ({"edges_mwh": (5.0,)}, "one price more"),
        ({"expected_mw": -1.0}, "at least 0"),
        ({"holidays_as": 9}, "0 to 6"),
        ({"windows": TWO.windows[:1], "edges_mwh": (1.0,)}, "none covers"),
    ],
)
def test_tiers_that_cannot_be_are_refused(wrong, rule):
    with pytest.raises(InputError, match=rule):
        replace(ONE, **wrong)
