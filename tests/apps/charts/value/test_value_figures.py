# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from loadstone.apps.charts.value import (
    balance_figure,
    bridge_figure,
    cash_figure,
    contracted_figure,
    cover_figure,
    deal_figure,
    drivers_figure,
    fan_figure,
    histogram_figure,
    service_figure,
    sources_figure,
    stresses_figure,
)
from loadstone.apps.charts.value.uncertain import frontier_figure, regret_figure
from tests.uncertainty_example import example_uncertainty
from tests.valuation_example import example_valuation

VALUATION = example_valuation()
CASH, DEBT, RISK = VALUATION.cash, VALUATION.debts[0], VALUATION.risk


def trace(figure, name):
    return next(one for one in figure.data if one.name == name)


def test_bars_of_a_year_sum_to_what_the_line_moves_by():
    figure = cash_figure(CASH)
    bars = sum(np.array(one.y) for one in figure.data if one.type == "bar")
    line = np.array(trace(figure, "owners' cash, cumulative").y)
    np.testing.assert_allclose(np.diff(line, prepend=0.0), bars, atol=1e-9)


def test_contracted_and_merchant_revenue_stand_on_each_other():
    figure = contracted_figure(CASH)
    whole = np.array(trace(figure, "contracted").y) + trace(figure, "at market prices").y
    np.testing.assert_allclose(whole, CASH.by_year(CASH.total("revenue")) / 1e6)
    assert "48%" in str(figure.data[-1].text)


def test_uses_and_sources_name_in_the_legend_what_is_too_narrow_for_its_name():
    figure = sources_figure({"a": 95e6, "b": 5e6}, {"owners": 100e6}, "USD")
    assert [one.name for one in figure.data if one.showlegend] == ["b"]


def test_the_bridge_begins_and_ends_with_a_level():
    bars = bridge_figure(VALUATION.bridge, "USD").data[0]
    assert list(bars.measure) == ["absolute", "relative", "relative", "relative", "total"]


@pytest.mark.parametrize("count", [3, 14])
def test_names_of_many_steps_are_broken_into_lines(count):
    steps = [replace(VALUATION.bridge[1], name="value-added tax in time")] * count
    names = bridge_figure(steps, "USD").data[0].x
    assert ("<br>" in names[0]) == (count == 14)


def test_a_deal_is_drawn_in_millions_of_its_currency_and_not_in_cents():
    deal = VALUATION.deals[0]
    drawn = sum(sum(bar.x) for bar in deal_figure(deal).data)
    assert drawn == pytest.approx(sum(deal.distributed) / 100 / 1e6, rel=1e-6)


def test_service_stands_beside_cash_and_interest_below_principal():
    figure = service_figure(CASH, DEBT)
    paid = np.array(trace(figure, "interest").y) + trace(figure, "principal").y
    due = np.array(DEBT.interest) + np.array(DEBT.principal)
    np.testing.assert_allclose(paid, CASH.by_year(due) / 1e6)
    assert list(trace(figure, "principal").base) == list(trace(figure, "interest").y)


def test_a_covenant_is_drawn_where_there_is_one():
    cases = {"all cash": DEBT.dscr}
    with_it, without = cover_figure(cases, 1.2), cover_figure(cases, None)
    assert len(with_it.layout.shapes) == len(without.layout.shapes) + 1
    low, high = cover_figure(cases, 9.0).layout.yaxis.range
    assert low < 1
    assert high > 9


def test_the_tail_of_contracts_is_shaded_where_there_is_one():
    assert len(balance_figure(CASH, DEBT).layout.shapes) == 1
    bare = replace(DEBT, lease_tail_months=None, reserve=())
    assert not balance_figure(CASH, bare).layout.shapes
    assert len(balance_figure(CASH, bare).data) == 1


def test_a_fan_has_its_widest_band_first_and_money_in_millions():
    cash = next(fan for fan in RISK.fans if fan.name == "cash")
    figure = fan_figure(cash, "Cash", "USD")
    names = [one.name for one in figure.data if one.showlegend is not False]
    assert names == ["5% to 95%", "25% to 75%", "middle", "base case"]
    base = trace(figure, "base case")
    np.testing.assert_allclose(base.y, np.array(cash.base) / 1e6)


def test_losses_have_a_colour_of_their_own_in_the_histogram():
    bars = histogram_figure(RISK.spreads[0], "Value", "USD").data[0]
    colours = bars.marker.color
    assert len(set(colours)) == 2
    for x, colour in zip(bars.x, colours, strict=True):
        assert (colour == colours[0]) == (x < 0)


def test_rates_of_return_are_shown_as_percentages():
    irr = next(one for one in RISK.spreads if one.name == "equity_irr")
    assert histogram_figure(irr, "Return", "USD").layout.xaxis.tickformat == ".0%"


def test_what_moves_value_most_stands_first():
    figure = drivers_figure(RISK.drivers, 5e7, "USD")
    widths = [abs(driver.high - driver.low) for driver in RISK.drivers]
    assert figure.data[0].y[0].startswith(RISK.drivers[int(np.argmax(widths))].text)


def test_the_worst_stress_stands_first_and_names_what_goes_wrong():
    bars = stresses_figure(RISK.stresses, 7e7, "USD").data[0]
    assert list(bars.x) == sorted(bars.x)
    assert "Hashprice is 15" in bars.customdata[0]


def test_frontier_points_that_lie_on_one_another_share_a_label():
    found = example_uncertainty()
    figure = frontier_figure(found)
    assert list(figure.data[0].text) == ["0%", "", "25% to 50%"]
    assert [one.name for one in figure.data][-1] == "the plan"


def test_regret_is_never_below_zero_and_somebody_is_best():
    cells = np.array(regret_figure(example_uncertainty()).data[0].z)
    assert (cells >= 0).all()
    assert cells.shape == (3, 3)


def test_a_way_that_cannot_be_carried_out_is_left_out_of_the_regret():
    found = example_uncertainty()
    spoilt = replace(found.strategies[2], values=())
    found = replace(found, strategies=(*found.strategies[:2], spoilt))
    assert len(regret_figure(found).data[0].y) == 2
