# SPDX-License-Identifier: Apache-2.0

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from loadstone.engines.control.needs import choices, hourly_means, peak_needs, trace_start
from loadstone.model.errors import InputError
from loadstone.model.tariff.calendar import Window
from loadstone.model.tariff.demand import CoincidentPeak, DemandCharge

AT = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
HOURS = int((AT - trace_start(AT)).total_seconds() // 3600) + 1


def drawn(mw: float, **changes: float) -> np.ndarray:
    hours = np.full(HOURS, mw)
    for ago, value in changes.items():
        hours[HOURS - 1 - int(ago.removeprefix("ago"))] = value
    return hours


def demand(**given: object) -> DemandCharge:
    return DemandCharge(currency="USD", zone="UTC", rates=(9_000.0,), **given)


def test_a_kw_above_the_peak_costs_the_rate_of_the_month():
    need = peak_needs([demand()], AT, drawn(3.0, ago30=4.0))[0]
    assert need.counts_now
    assert need.peak_mw == 4.0
    assert need.per_kw == pytest.approx(9.0)
    assert need.per_kw_later == 0.0


def test_a_ratchet_may_add_to_the_months_that_look_back():
    entry = demand(lookback_share=0.8, lookback_previous=11)
    need = peak_needs([entry], AT, drawn(4.0))[0]
    assert need.per_kw_later == pytest.approx(0.8 * 11 * 9.0)


def test_below_the_floor_a_kw_costs_nothing():
    entry = demand(floor_share=0.9)
    assert peak_needs([entry], AT, drawn(4.0), contracted_mw=5.0)[0].per_kw == 0.0
    assert peak_needs([entry], AT, drawn(4.6), contracted_mw=5.0)[0].per_kw > 0


def test_above_the_contract_the_excess_comes_on_top():
    entry = demand(contract_mw=4.0, excess_rate=9_000.0)
    assert peak_needs([entry], AT, drawn(4.5))[0].per_kw == pytest.approx(18.0)


def test_only_hours_that_count_make_the_peak():
    entry = demand(when=(Window(hours=((18, 19),)),))
    need = peak_needs([entry], AT, drawn(3.0, ago1=9.0, ago24=5.0))[0]
    assert need.counts_now
    assert need.peak_mw == 5.0
    later = AT + timedelta(hours=1)
    other = peak_needs([entry], later, np.append(drawn(3.0, ago24=5.0), 9.0))[0]
    assert not other.counts_now
    assert other.peak_mw == 5.0


def test_last_month_is_not_this_month():
    hours = drawn(3.0)
    hours[:24] = 9.0  # the day before the first
    assert peak_needs([demand()], AT, hours)[0].peak_mw == 3.0


def hours_until(at: datetime, mw_at: Callable[[datetime], float]) -> np.ndarray:
    start = trace_start(at)
    count = int((at - start).total_seconds() // 3600) + 1
    return np.array([mw_at(start + timedelta(hours=i)) for i in range(count)])


@pytest.mark.parametrize("zone", ["America/Chicago", "Pacific/Honolulu"])
def test_in_the_last_hours_of_a_local_month_its_peak_still_counts(zone):
    # 1 November in UTC and 31 October at the site, which drew most on the 15th
    at = datetime(2026, 11, 1, 1, 30, tzinfo=UTC)
    hours = hours_until(at, lambda hour: 12.0 if (hour.day, hour.hour) == (15, 9) else 8.0)
    entry = DemandCharge(currency="USD", zone=zone, rates=(9_000.0,))
    need = peak_needs([entry], at, hours)[0]
    assert (need.peak_mw, need.per_kw) == (12.0, pytest.approx(9.0))


def test_a_local_month_that_begins_on_the_half_hour_begins_with_its_first_whole_hour():
    # 00:10 on 1 November in India: the hour of 18:00 UTC began in October
    at = datetime(2026, 10, 31, 18, 40, tzinfo=UTC)
    entry = DemandCharge(currency="USD", zone="Asia/Kolkata", rates=(9_000.0,))
    hours = hours_until(at, lambda hour: 12.0 if hour.day == 15 else 8.0)
    assert peak_needs([entry], at, hours)[0].peak_mw == 12.0
    later = peak_needs([entry], at + timedelta(hours=1), np.append(hours, 7.0))[0]
    assert (later.peak_mw, later.hours) == (7.0, 1)
    assert later.per_kw == pytest.approx(9.0)


def test_a_charge_on_the_peak_of_the_year_costs_the_rate_of_the_year():
    entry = DemandCharge(currency="USD", zone="UTC", rates=(108_000.0,), assessed="year")
    assert peak_needs([entry], AT, drawn(4.0))[0].per_kw == pytest.approx(108.0)


@pytest.mark.parametrize("month", ["2026-10", "2026-09"])
def test_below_the_share_of_an_earlier_peak_a_kw_costs_nothing(month):
    # four fifths of the 10 MW that the tariff tells of an earlier month are billed anyway
    entry = demand(lookback_share=0.8, lookback_previous=11, earlier_mw={month: 10.0})
    assert peak_needs([entry], AT, drawn(4.0))[0].per_kw == 0.0
    assert peak_needs([entry], AT, drawn(8.1))[0].per_kw == pytest.approx(9.0)


def test_nothing_metered_is_not_zero():
    need = peak_needs([demand()], AT, np.full(HOURS, np.nan))[0]
    assert need.peak_mw is None
    assert need.hours == 0


def test_the_hour_of_the_systems_peak_costs_what_is_expected():
    entry = CoincidentPeak(
        currency="USD",
        zone="UTC",
        per_mw=36_500.0,
        expected=(Window(hours=((18, 19),)),),
    )
    need = peak_needs([entry], AT, drawn(3.0))[0]
    assert need.counts_now
    assert need.per_kw_hour == pytest.approx(36_500 / 365 / 1000)


def test_hours_that_do_not_end_now_are_refused():
    with pytest.raises(InputError, match="hourly_mw"):
        peak_needs([demand()], AT, np.ones(3))


def test_means_leave_out_what_is_unknown():
    start = datetime(2026, 11, 1, tzinfo=UTC)
    first = start.timestamp()
    trace = [(first, 2.0), (first + 60, None), (first + 120, 4.0), (first + 7200, 5.0)]
    means = hourly_means(trace, start, start + timedelta(hours=2, minutes=1))
    np.testing.assert_allclose(means, [3.0, np.nan, 5.0])


def test_running_through_a_high_price_loses_what_it_costs():
    value, rated = np.array([100.0, 60.0]), np.array([1e6, 1e6])
    stop, hold, run = choices(value, rated, np.array([1e6, 0.0]), price_per_mwh=80.0)
    assert (stop.per_hour, hold.per_hour, run.per_hour) == (0.0, 20.0, 0.0)
    assert (stop.lost_per_hour, hold.lost_per_hour, run.lost_per_hour) == (20.0, 0.0, 20.0)


def test_running_through_an_event_costs_its_penalty():
    value, rated = np.array([100.0, 60.0]), np.array([1e6, 1e6])
    found = choices(
        value, rated, rated, price_per_mwh=50.0, allowed_mw=0.5, penalty_per_mwh=30.0
    )
    # best: half of the first as allowed, its other half for 20, and nothing of the second
    assert [one.per_hour for one in found] == [0.0, 60.0 - 45.0, 60.0 - 45.0]
    assert [one.lost_per_hour for one in found] == [35.0, 20.0, 20.0]


values = arrays(float, 4, elements=st.floats(0, 200))
draws = arrays(float, 4, elements=st.floats(0, 5000))


@given(
    values,
    draws,
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.floats(-50, 300),
    st.tuples(st.floats(0, 0.03), st.floats(0, 400)),
)
def test_no_choice_is_better_than_the_best(value, rated, on, price, event):
    allowed_mw, penalty = event
    owed = {"allowed_mw": allowed_mw, "penalty_per_mwh": penalty}
    found = choices(value, rated, np.where(on, rated, 0.0), price_per_mwh=price, **owed)
    best = -linprog(
        np.concatenate([-(value - price) * rated / 1e6, [penalty]]),
        A_ub=[[*(rated / 1e6), -1.0]],
        b_ub=[allowed_mw],
        bounds=[(0, 1)] * 4 + [(0, None)],
    ).fun
    for one in found:
        assert one.lost_per_hour >= 0
        assert one.per_hour + one.lost_per_hour == pytest.approx(best, abs=1e-6)
