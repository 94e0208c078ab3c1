# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.model.errors import InputError, InputErrors
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff import (
    ExportPrice,
    FlatPrice,
    OwnGeneration,
    PriceSeries,
    SpotPrice,
    TakeOrPay,
    TimeOfUse,
    site_card,
)
from loadstone.model.tariff.calendar import Window
from loadstone.model.tariff.energy import PricedWindow
from tests.contracts.tariff_examples import EUR, EXAMPLES, ZONE, load, local_month, prices

JUNE = local_month(2026, 6)


@pytest.mark.parametrize("month", [3, 10])
@settings(max_examples=5)
@given(seed=st.integers(0, 1000))
def test_time_of_use_bills_by_the_clock_on_the_wall(month, seed):
    grid = local_month(2026, month, 15)
    drawn = load(grid, seed)
    expected = 0.0
    for utc, power in zip(grid.utc().tolist(), drawn.mw("residual"), strict=True):
        local = utc.replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE))
        free = local.date() in (date(2026, 3, 6), date(2026, 10, 3)) or local.weekday() > 4
        if not free and local.hour in (7, 8, 9, 18, 19):
            price = 140.0
        else:
            price = 30.0 if local.hour >= 22 or local.hour < 6 else 70.0
        expected += price * power / 4
    bill = EXAMPLES["time of use"].rate_card(grid, {}).charge(drawn)
    assert bill == pytest.approx(expected, rel=1e-12)


def test_the_bill_names_each_window_and_its_rate():
    lines = EXAMPLES["time of use"].rate_card(JUNE, {}).lines(load(JUNE))
    assert {line.term: line.rate for line in lines} == {
        "time_of_use, peak": 140.0,
        "time_of_use, night": 30.0,
        "time_of_use, day": 70.0,
    }
    # 22 working days of 5 hours at 15 MW residual, 30 nights of 8
    quantity = {line.term: line.quantity for line in lines}
    assert quantity["time_of_use, peak"] == pytest.approx(22 * 5 * 15)
    assert quantity["time_of_use, night"] == pytest.approx(30 * 8 * 15)


def two(first, second):
    return TimeOfUse(
        **EUR,
        windows=(
            PricedWindow(name="one", per_mwh=1.0, when=(first,)),
            PricedWindow(name="two", per_mwh=2.0, when=(second,)),
        ),
    )


def test_windows_that_overlap_are_refused_with_the_hour():
    with pytest.raises(InputError, match="one and two overlap on Monday 11:00"):
        two(Window(hours=((0, 12),)), Window(hours=((11, 24),)))


def test_windows_that_leave_a_gap_are_refused_with_the_hour():
    with pytest.raises(InputError, match="none covers Monday 12:00"):
        two(Window(hours=((0, 12),)), Window(hours=((12.5, 24),)))


def test_seasons_that_leave_a_day_out_are_refused():
    summer = Window(first_day="04-01", last_day="09-29")
    with pytest.raises(InputError, match="none covers Monday 00:00 in month 9"):
        two(summer, Window(first_day="10-01", last_day="03-31"))


def test_no_window_at_all_is_refused():
    with pytest.raises(InputError, match="none covers"):
        TimeOfUse(**EUR, windows=())


def test_a_holiday_must_count_as_a_day_of_the_week():
    with pytest.raises(InputError, match="holidays_as"):
        replace(EXAMPLES["time of use"], holidays_as=7)


def test_a_negative_spot_price_is_a_credit():
    series = {"spot": PriceSeries(currency="EUR", per_mwh=np.full(JUNE.count, -30.0))}
    card = SpotPrice(**EUR, series="spot", multiplier=1.1, adder_per_mwh=3.0).rate_card(
        JUNE, series
    )
    # 15 MW x 720 h x (1.1 x -30 + 3)
    assert card.charge(load(JUNE)) == pytest.approx(15 * 720 * -30.0)
    assert [line.rate for line in card.lines(load(JUNE))] == pytest.approx([-33.0, 3.0])


def test_many_prices_make_one_line_at_their_mean():
    card = SpotPrice(**EUR, series="spot").rate_card(JUNE, prices(JUNE))
    (line,) = card.lines(load(JUNE))
    assert line.rate == pytest.approx(prices(JUNE)["spot"].per_mwh.mean())


def test_export_is_paid_for():
    card = ExportPrice(**EUR, per_mwh=20.0).rate_card(JUNE, {})
    assert card.charge(load(JUNE)) == pytest.approx(-20 * 0.75 * 5 * 720)


@pytest.mark.parametrize(
    ("series", "rule"),
    [
        ({}, "there are none"),
        (
            {"spot": PriceSeries(currency="BRL", per_mwh=np.ones(JUNE.count))},
            "price series spot is in BRL, tariff in EUR",
        ),
        ({"spot": PriceSeries(currency="EUR", per_mwh=np.ones(7))}, "7 values, the grid 720"),
    ],
)
def test_a_price_series_that_does_not_fit_is_refused(series, rule):
    with pytest.raises(InputError, match=rule):
        SpotPrice(**EUR, series="spot").rate_card(JUNE, series)


def test_a_price_that_is_no_number_is_refused():
    with pytest.raises(InputError, match="finite"):
        PriceSeries(currency="EUR", per_mwh=np.array([np.nan]))


def test_all_entries_that_do_not_fit_are_named_at_once():
    spot = SpotPrice(**EUR, series="spot")
    with pytest.raises(InputErrors) as caught:
        site_card([spot, FlatPrice(**EUR, per_mwh=1.0), spot], JUNE, {})
    assert [error.field for error in caught.value.errors] == [
        "supply[0].series",
        "supply[2].series",
    ]


PPA = TakeOrPay(**EUR, name="ppa", limit_mw=20.0, per_mwh=40.0, minimum_share=0.9)


def test_what_is_not_taken_is_paid():
    card = replace(PPA, settled="month").rate_card(JUNE, {})
    steady = load(JUNE)  # takes 15 of 20 MW; 18 must be paid
    assert card.charge(steady) == pytest.approx(720 * 18 * 40)
    taken, short = card.lines(steady)
    assert (taken.quantity, short.quantity) == pytest.approx((720 * 15, 720 * 3))


def test_a_shortfall_may_cost_a_part_of_the_price():
    card = replace(PPA, shortfall_share=0.5, settled="month").rate_card(JUNE, {})
    assert card.charge(load(JUNE)) == pytest.approx(720 * (15 * 40 + 3 * 20))


def two_years(settled):
    grid = TimeGrid(start=datetime(2026, 1, 1, tzinfo=UTC), count=2 * 8760)
    first = np.arange(grid.count) < 8760
    power = np.where(first, 16.0, 20.0)  # 90 % of 20 MW is 18
    drawn = replace(load(grid), import_mw=power, ppa_mw={"ppa": power})
    return replace(PPA, zone="UTC", settled=settled).rate_card(grid, {}).charge(drawn)


def test_a_shortfall_is_made_up_within_the_phase_but_not_across_years():
    taken = 8760 * (16 + 20) * 40
    assert two_years("grid") == pytest.approx(taken)
    assert two_years("year") == pytest.approx(taken + 8760 * 2 * 40)


def test_losses_of_a_contract_raise_its_price_and_lower_what_arrives():
    term = replace(PPA, loss_share=0.2).rate_card(JUNE, {}).terms[0]
    assert term.limit_mw[0] == pytest.approx(16.0)
    assert term.per_mwh[0] == pytest.approx(50.0)
    # 720 h x 16 MW x 0.9 at 50 is what 720 h x 20 MW x 0.9 at 40 costs
    assert (term.minimum_mwh * term.shortfall_per_mwh)[0] == pytest.approx(720 * 18 * 40)


def test_a_contract_that_delivers_nothing_is_paid_in_full():
    card = replace(PPA, name="other").rate_card(JUNE, {})
    assert card.charge(load(JUNE)) == pytest.approx(720 * 18 * 40)


def test_own_generation_costs_what_it_runs():
    card = EXAMPLES["own generation"].rate_card(JUNE, {})
    assert card.charge(load(JUNE)) == pytest.approx(95 * 0.75 * 15 * 720)
    assert card.charge(replace(load(JUNE), own_mw={})) == 0


@pytest.mark.parametrize(
    ("kind", "wrong", "rule"),
    [
        (PPA, {"minimum_share": 1.2}, "from 0 to 1"),
        (PPA, {"limit_mw": -1.0}, "at least 0"),
        (PPA, {"loss_share": 1.0}, "below 1"),
        (PPA, {"currency": "euro"}, "ISO 4217"),
        (PPA, {"zone": "Europe/Nowhere"}, "IANA"),
        (PPA, {"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 1)}, "must be after"),
        (OwnGeneration(**EUR, limit_mw=1, per_mwh=1), {"limit_mw": float("nan")}, "finite"),
        (SpotPrice(**EUR, series="spot"), {"multiplier": -1.0}, "at least 0"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(kind, wrong, rule):
    with pytest.raises(InputError, match=rule):
        replace(kind, **wrong)
