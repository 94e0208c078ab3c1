# SPDX-License-Identifier: Apache-2.0
"""Baselines by hand. 2026-11-18 is a Wednesday; the site is in Oslo, an hour ahead of UTC."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from loadstone.engines.measurement.baseline import Times, baseline_of
from loadstone.model.operations.event import Method

OSLO = ZoneInfo("Europe/Oslo")
DAY = date(2026, 11, 18)


def at(day: date, hour: float) -> float:
    midnight = datetime(day.year, day.month, day.day, tzinfo=OSLO)
    return (midnight + timedelta(hours=hour)).astimezone(UTC).timestamp()


def times(*hours: float, told: float | None = None, events: set[date] = frozenset()) -> Times:
    edges = tuple(at(DAY, hour) for hour in hours)
    return Times(
        edges_s=edges,
        untouched_until_s=edges[0] if told is None else at(DAY, told),
        zone="Europe/Oslo",
        event_days=frozenset(events),
    )


def meter(of_day, ramp=lambda _: 0.0, unknown=()):
    """A meter that draws `of_day(days before the event)` MW plus a ramp over the local hour."""

    def one(start: float, end: float) -> float:
        local = datetime.fromtimestamp((start + end) / 2, OSLO)
        if local.date() in unknown:
            return float("nan")
        return of_day((DAY - local.date()).days) + ramp(local.hour)

    return lambda edges: np.array([one(a, b) for a, b in pairwise(edges)])


HOURLY = {"interval_s": 3_600}


def test_the_meter_just_before_is_the_baseline():
    found = baseline_of(Method(), times(12, 13, 14), meter(lambda n: 20.0 - n))
    assert found.mw == (20.0, 20.0)
    assert (found.adjustment, found.factor, found.missing) == ("none", 1.0, "")


def test_before_means_before_anything_was_done_for_the_event():
    def sagging(edges):  # machines were told at 11:30 for an event at 12:00
        return np.where(edges[1:] <= at(DAY, 11.5), 30.0, 5.0)

    found = baseline_of(Method(), times(12, 13, told=11.5), sagging)
    assert found.mw == (30.0,)


def test_without_a_meter_before_there_is_no_baseline():
    found = baseline_of(Method(), times(12, 13), lambda e: np.full(len(e) - 1, np.nan))
    assert found.mw == (None,)
    assert "60 s before the event" in found.missing


def test_the_middle_eight_leave_out_the_highest_and_lowest_of_ten_working_days():
    # the ten working days before Wednesday 18th: 17 16 13 12 11 10 9 6 5 4, or 1 2 5 6 7 8 9
    # 12 13 14 days before; a meter of 10 + days is highest on the 4th, lowest on the 17th;
    # the mean of the other eight is 10 + (2+5+6+7+8+9+12+13)/8 = 10 + 7.75
    method = Method(baseline="middle-8-of-10", adjustment="none", **HOURLY)
    found = baseline_of(method, times(12, 13, 14), meter(lambda n: 10.0 + n))
    assert found.mw == pytest.approx((17.75, 17.75))
    left = {day.date: day.reason for day in found.days if not day.taken}
    assert left == {"2026-11-04": "highest", "2026-11-17": "lowest"}
    assert found.days[1].mwh == pytest.approx(24 * 12.0)  # the 16th, two days before


def test_the_fit_is_a_factor_from_three_hours_to_one_hour_before():
    # like days draw 10, the day of the event 12: a fifth more
    method = Method(baseline="middle-8-of-10", **HOURLY)
    found = baseline_of(method, times(12, 13), meter(lambda n: 12.0 if n == 0 else 10.0))
    assert found.factor == pytest.approx(1.2)
    assert found.mw == pytest.approx((12.0,))
    assert (found.metered_before_mw, found.baseline_before_mw) == (12.0, 10.0)


def test_the_fit_may_be_a_difference_and_be_limited():
    by_day = meter(lambda n: 16.0 if n == 0 else 10.0)
    more = Method(baseline="middle-8-of-10", adjustment="additive", adjust_most=0.2, **HOURLY)
    found = baseline_of(more, times(12, 13), by_day)
    assert found.offset_mw == pytest.approx(2.0)  # 6 are wanted, a fifth of 10 is allowed
    assert found.mw == pytest.approx((12.0,))


def test_days_of_events_and_days_half_metered_are_not_like_days():
    method = Method(baseline="middle-8-of-10", adjustment="none", **HOURLY)
    found = baseline_of(
        method,
        times(12, 13, events={date(2026, 11, 17)}),
        meter(lambda n: 10.0, unknown={date(2026, 11, 16)}),
    )
    why = {day.date: day.reason for day in found.days if day.reason not in {"", "highest"}}
    assert why["2026-11-17"] == "event"
    assert why["2026-11-16"] == "meter incomplete"
    assert sum(day.taken for day in found.days) == 8


def test_nine_like_days_are_too_few():
    method = Method(baseline="middle-8-of-10", **HOURLY)
    found = baseline_of(
        method, times(12, 13), lambda e: np.where(e[1:] > at(date(2026, 11, 5), 0), 9.0, np.nan)
    )
    assert found.mw == (None,)
    assert found.missing == "9 like days with a whole meter, 10 are needed"


def test_a_weekend_is_like_weekends():
    method = Method(baseline="middle-8-of-10", adjustment="none", **HOURLY)
    saturday = date(2026, 11, 21)
    given = Times(
        edges_s=(at(saturday, 12), at(saturday, 13)),
        untouched_until_s=at(saturday, 12),
        zone="Europe/Oslo",
    )
    found = baseline_of(method, given, meter(lambda n: 10.0))
    assert {date.fromisoformat(day.date).weekday() for day in found.days} == {5, 6}


def test_a_holiday_is_no_like_day_of_a_working_day():
    # without the 17th and the 11th the ten working days before are 2 5 6 8 9 12 13 14 15 16
    # days before; a meter of 10 + days is highest on the 2nd, lowest on the 16th; the mean of
    # the other eight is 10 + (5+6+8+9+12+13+14+15)/8 = 10 + 82/8
    holidays = (date(2026, 11, 11), date(2026, 11, 17))
    method = Method(baseline="middle-8-of-10", adjustment="none", holidays=holidays, **HOURLY)
    found = baseline_of(method, times(12, 13), meter(lambda n: 10.0 + n))
    assert found.mw == pytest.approx((20.25,))
    why = {day.date: day.reason for day in found.days if not day.taken}
    assert why == {
        "2026-11-02": "highest",
        "2026-11-16": "lowest",
        "2026-11-17": "holiday",
        "2026-11-11": "holiday",
    }
    assert [day.mwh for day in found.days if day.reason == "holiday"] == [None, None]


def test_an_event_on_a_holiday_is_like_weekends_and_holidays():
    # days of rest before Wednesday 18th: 3 4 10 11 17 18 24 25 31 days before, and the 11th, 7;
    # the mean of all but the nearest and the farthest is 10 + (4+7+10+11+17+18+24+25)/8
    holidays = (DAY, date(2026, 11, 11))
    method = Method(baseline="middle-8-of-10", adjustment="none", holidays=holidays, **HOURLY)
    found = baseline_of(method, times(12, 13), meter(lambda n: 10.0 + n))
    assert found.mw == pytest.approx((10 + 116 / 8,))
    assert "2026-11-11" in {day.date for day in found.days if day.taken}
    assert "2026-11-17" not in {day.date for day in found.days}  # a working day


def test_a_holiday_on_a_weekend_changes_nothing():
    method = Method(baseline="middle-8-of-10", **HOURLY)
    sunday = replace(method, holidays=(date(2026, 11, 15),))
    by_day = meter(lambda n: 10.0 + n)
    assert baseline_of(sunday, times(12, 13), by_day) == baseline_of(
        method, times(12, 13), by_day
    )


def test_a_holiday_is_in_no_pair_of_a_working_day():
    # as below, but the 11th is a holiday: the next like it are 14 and 21 days before
    method = Method(
        baseline="matching-day-pair",
        pairs=2,
        adjustment="none",
        holidays=(date(2026, 11, 11),),
        **HOURLY,
    )
    found = baseline_of(method, times(12, 13), meter(lambda n: 10.0 + 3.0 * (n % 7)))
    assert [day.date for day in found.days if day.taken] == ["2026-11-04", "2026-10-28"]
    assert ("2026-11-11", "holiday") in {(day.date, day.reason) for day in found.days}


def test_pairs_take_the_days_that_were_most_like_the_day_and_the_one_before():
    # day n before draws 10 + 3 (n mod 7): like today are n = 7, 14, ... and their days before
    method = Method(baseline="matching-day-pair", pairs=2, adjustment="none", **HOURLY)
    found = baseline_of(method, times(12, 13), meter(lambda n: 10.0 + 3.0 * (n % 7)))
    taken = [day.date for day in found.days if day.taken]
    assert taken == ["2026-11-11", "2026-11-04"]
    assert [day.distance for day in found.days if day.taken] == [0.0, 0.0]
    assert found.mw == pytest.approx((10.0,))


def test_a_pair_of_another_length_is_no_pair():
    # summer time ended on 25 October 2026: that day had 25 hours, so the pair of the 26th
    method = Method(baseline="matching-day-pair", adjustment="none", **HOURLY)
    found = baseline_of(method, times(12, 13), meter(lambda n: 10.0))
    why = {day.date: day.reason for day in found.days}
    assert why["2026-10-26"] == "clock change"


def test_pairs_need_the_morning_of_the_event():
    method = Method(baseline="matching-day-pair", **HOURLY)
    found = baseline_of(method, times(12, 13), meter(lambda n: 10.0, unknown={DAY}))
    assert found.mw == (None,)
    assert "not whole" in found.missing


def test_a_day_with_a_shape_keeps_it():
    method = Method(baseline="middle-8-of-10", adjustment="none", **HOURLY)
    found = baseline_of(method, times(12, 13, 14), meter(lambda n: 10.0, ramp=lambda h: h))
    assert found.mw == pytest.approx((22.0, 23.0))


def day_times(day: date, first: float, hours: int, events: set[date] = frozenset()) -> Times:
    start = at(day, first)
    return Times(
        edges_s=tuple(start + 3_600.0 * k for k in range(hours + 1)),
        untouched_until_s=start,
        zone="Europe/Oslo",
        event_days=frozenset(events),
    )


@pytest.mark.parametrize("day", [date(2026, 10, 31), date(2026, 10, 25), date(2026, 10, 26)])
@pytest.mark.parametrize("way", ["middle-8-of-10", "matching-day-pair"])
def test_hours_are_those_of_the_clock_around_the_day_on_which_it_changes(day, way):
    # a meter that shows the local hour; clocks were put back on Sunday 25 October 2026
    method = Method(baseline=way, adjustment="none", **HOURLY)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=OSLO).astimezone(UTC).timestamp()
    given = Times(
        edges_s=(noon, noon + 3_600.0, noon + 7_200.0),
        untouched_until_s=noon,
        zone="Europe/Oslo",
        # so that the 25th would be taken, were it no clock change
        event_days=frozenset({date(2026, 10, 24)} if day.day == 31 else ()),
    )
    found = baseline_of(method, given, meter(lambda n: 0.0, ramp=float))
    assert found.mw == pytest.approx((12.0, 13.0))


def test_the_day_of_a_clock_change_and_the_next_are_in_no_pair():
    method = Method(baseline="matching-day-pair", adjustment="none", **HOURLY)
    found = baseline_of(method, day_times(date(2026, 10, 31), 12, 1), meter(lambda n: 10.0))
    assert ("2026-10-25", "clock change") in {(one.date, one.reason) for one in found.days}


@pytest.mark.parametrize("way", ["middle-8-of-10", "matching-day-pair"])
def test_an_event_of_more_than_a_day_is_not_compared_with_itself(way):
    # 30 hours from noon: the same hours of the day before reach into the event
    given = day_times(DAY, 12, 30)
    method = Method(baseline=way, adjustment="none", **HOURLY)
    found = baseline_of(
        method, given, lambda e: np.where(e[:-1] >= given.edges_s[0], 0.0, 10.0)
    )
    assert found.mw == pytest.approx((10.0,) * 30)
    assert ("2026-11-17", "event") in {(one.date, one.reason) for one in found.days}


def test_a_day_whose_night_reaches_into_another_event_is_no_like_day():
    method = Method(baseline="middle-8-of-10", adjustment="none", **HOURLY)
    night = day_times(DAY, 22, 6, events={date(2026, 11, 17)})
    found = baseline_of(method, night, meter(lambda n: 10.0))
    why = {one.date: one.reason for one in found.days}
    assert (why["2026-11-17"], why["2026-11-16"]) == ("event", "event")


def test_a_difference_is_fitted_to_a_site_that_stood_still_before():
    # like days draw nothing in the morning and 5 MW at noon, the day of the event 5 MW always
    method = Method(baseline="middle-8-of-10", adjustment="additive", **HOURLY)
    found = baseline_of(
        method,
        times(12, 13),
        meter(lambda n: 5.0 if n == 0 else 0.0, ramp=lambda hour: 5.0 * (hour == 12)),
    )
    assert (found.offset_mw, found.mw) == (5.0, (10.0,))
