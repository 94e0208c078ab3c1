# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.apps.charts import (
    month_by_month,
    sensitivity_figure,
    standalone,
    use_bars,
)
from loadstone.apps.charts.decision import outlook_hashprices
from loadstone.apps.charts.months import ai_starts, fills
from loadstone.model.decision import Month, UseYear
from loadstone.model.network import Phase
from tests.apps.example_decision import decided, months

PLAN, _, NETWORK, DECISION = decided()


def trace(figure, name: str):
    return next(one for one in figure.data if one.name == name)


def test_bars_stand_below_what_is_energised():
    figure = use_bars(DECISION.uses)
    bars = np.array([one.y for one in figure.data if one.type == "bar"])
    assert (bars.sum(axis=0) <= np.array(trace(figure, "energised").y) + 1e-9).all()


def test_the_undrawn_part_of_a_lease_is_idle_only_where_nobody_else_draws_it():
    year = UseYear(
        phase=2027.5, energised_mw=100.0, leased_mw=60.0, leased_drawn_mw=40.0, cloud_mw=0.0,
        mining_mw=50.0, hosting_mw=0.0,
    )  # fmt: skip
    figure = use_bars((year,))
    assert trace(figure, "leased, idle").y == (10.0,)  # 20 undrawn, 10 of them mined
    assert list(figure.data[0].x) == ["mid-2027"]


def test_uses_that_never_occur_are_not_drawn():
    own = tuple(replace(year, hosting_mw=0.0) for year in DECISION.uses)
    assert "hosting" not in {one.name for one in use_bars(own).data}
    assert use_bars(()).layout.title.text


def test_the_outlook_has_a_hashprice_for_each_phase():
    prices = outlook_hashprices(NETWORK)
    assert len(prices) == len(PLAN.phases)
    # 95,000 USD, 3.125 BTC and 2 % fees at 1,000 EH/s: 144 blocks a day over 1e6 PH/s
    assert prices[0] == pytest.approx(144 * 3.125 * 1.02 * 95e3 / 1e6, rel=1e-3)
    half = replace(NETWORK.study, phases=(Phase(year=2027, years=0.5),), outlook=replace(
        NETWORK.study.outlook, btc_price=(95e3,), network_eh=(1e3,), fee_share=(0.02,),
        ai_price_factor=(1.0,), power_price_factor=(1.0,),
    ))  # fmt: skip
    assert outlook_hashprices(replace(NETWORK, study=half)) == prices[:1]


@pytest.mark.parametrize("factor", ["hashprice", "ai_price", "power_price"])
def test_all_sensitivities_have_one_scale_of_value(factor):
    figure = sensitivity_figure(DECISION, factor, NETWORK, value=PLAN.objective)
    other = sensitivity_figure(DECISION, "hashprice", NETWORK, value=PLAN.objective)
    assert figure.layout.yaxis.range == other.layout.yaxis.range
    assert "USD m" in figure.layout.yaxis.title.text


def test_where_the_value_is_nothing_is_marked():
    figure = sensitivity_figure(DECISION, "power_price", NETWORK, value=PLAN.objective)
    (zero,) = [one for one in figure.data if one.mode == "markers+text"]
    # from 55 % at 1.5 to -21 % at 2.0
    assert zero.x[0] == pytest.approx(1.5 + 0.5 * 0.55 / 0.76)


def test_a_factor_that_was_not_tried_makes_an_empty_figure():
    bare = replace(DECISION, sensitivities=())
    assert sensitivity_figure(bare, "ai_price", NETWORK, value=1.0).layout.title.text


def test_the_picture_of_the_months_names_the_gaps():
    figure = month_by_month(months(), "Bratsk")
    words = " ".join(note.text for note in figure.layout.annotations)
    assert "before" in words
    assert "reserve" in words
    assert "the tenant" in words
    assert list(figure.layout.xaxis.ticktext) == ["2031", "2030", "2029", "2028", "2027"]


def test_what_is_not_there_yet_has_no_line():
    leased = trace(month_by_month(months(), "Bratsk"), "leased").y
    assert leased[0] is None
    assert leased[-1] == 100.0


def test_a_site_that_never_leases_has_a_picture_too():
    alone = tuple(replace(m, leased_mw=0.0, leased_drawn_mw=0.0) for m in months())
    figure = month_by_month(alone[:3], "Bratsk")
    assert "leased" not in {one.name for one in figure.data}
    assert month_by_month((), "Bratsk").layout.title.text


def test_a_figure_can_stand_alone():
    page = standalone(month_by_month(months(), "Bratsk"))
    assert page.startswith("<!doctype html>")
    assert '<script src="' not in page


powers = st.floats(0, 200)


@given(st.tuples(powers, powers, powers, powers, powers), st.floats(0, 1))
def test_what_miners_fill_is_what_they_draw(amounts, share):
    firm, leased, cloud, mining, hosting = amounts
    first = Month(
        site="a", month="2027-01", firm_mw=firm, energised_mw=500, leased_mw=leased,
        leased_drawn_mw=share * leased, cloud_mw=cloud, mining_mw=mining, hosting_mw=hosting,
    )  # fmt: skip
    (row,) = fills((first,))
    parts = (row.before_mw, row.reserve_mw, row.undrawn_mw, row.free_mw)
    assert sum(parts) == pytest.approx(mining + hosting)
    assert min(parts) >= -1e-9
    assert row.undrawn_mw <= leased * (1 - share) + 1e-9
    if ai_starts((first,)):
        drawn = mining + hosting + share * leased + cloud
        assert row.reserve_mw == pytest.approx(min(mining + hosting, max(drawn - firm, 0)))
