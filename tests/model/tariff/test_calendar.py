# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff.calendar import Calendar, Window, any_window
from tests.contracts.tariff_examples import ZONE, local_month

zones = st.sampled_from(
    ["UTC", "Asia/Kolkata", "Asia/Irkutsk", "America/Sao_Paulo", "Pacific/Auckland", ZONE]
)


@given(zones, st.integers(2024, 2032))
def test_a_planning_year_has_twelve_whole_months_in_every_zone(zone, year):
    calendar = Calendar.of(TimeGrid.planning_year(year), zone)
    months = calendar.periods("month")
    np.testing.assert_array_equal(np.unique(months), np.arange(12))
    np.testing.assert_allclose(np.bincount(months, calendar.month_part), np.ones(12))
    assert (calendar.day.astype("datetime64[Y]").astype(int) + 1970 == year).all()
    assert calendar.periods("quarter").max() == 3
    assert calendar.periods("year").max() == 0


@pytest.mark.parametrize("step", [15, 60])
@pytest.mark.parametrize("month", [3, 10])
def test_a_month_with_a_changed_clock_is_one_whole_month(month, step):
    calendar = Calendar.of(local_month(2026, month, step), ZONE)
    assert calendar.month_part.sum() == pytest.approx(1)
    np.testing.assert_array_equal(calendar.first_months("month"), [56 * 12 + month - 1])


def test_part_of_a_month_is_that_part():
    grid = TimeGrid(start=datetime(2026, 6, 11, tzinfo=UTC), count=24 * 30)
    calendar = Calendar.of(grid, "UTC")
    parts = np.bincount(calendar.periods("month"), calendar.month_part)
    np.testing.assert_allclose(parts, [20 / 30, 10 / 31])


def test_a_bill_over_a_year_end_has_months_of_both_years():
    grid = TimeGrid(start=datetime(2026, 11, 1, tzinfo=UTC), count=24 * 92)
    calendar = Calendar.of(grid, "UTC")
    assert calendar.periods("month").max() == 2
    np.testing.assert_array_equal(calendar.first_months("month") % 12, [10, 11, 0])
    np.testing.assert_array_equal(calendar.first_months("year") % 12, [0, 0])
    np.testing.assert_array_equal(calendar.first_months("grid") % 12, [10])


@given(zones, st.integers(0, 23), st.integers(1, 23), st.integers(0, 6))
def test_a_window_is_what_the_clock_on_the_wall_says(zone, start, length, weekday):
    end = (start + length) % 24
    window = Window(weekdays=(weekday,), hours=((start, end),), months=(3, 10))
    grid = TimeGrid(start=datetime(2026, 3, 26, tzinfo=UTC), count=24 * 8, step_minutes=30)
    mask = window.mask(Calendar.of(grid, zone))
    for utc, inside in zip(grid.utc().tolist(), mask, strict=True):
        local = utc.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        hour = local.hour + local.minute / 60
        in_hours = start <= hour < end if start < end else hour >= start or hour < end
        on_day = local.weekday() == weekday and local.month in (3, 10)
        assert inside == (in_hours and on_day)


def test_a_season_may_span_the_year_end():
    calendar = Calendar.of(TimeGrid.planning_year(2026), "UTC")
    mask = Window(first_day="12-30", last_day="01-02").mask(calendar)
    days = {str(day)[5:] for day in calendar.day[mask]}
    assert days == {"12-30", "12-31", "01-01", "01-02"}
    assert mask.sum() == 4 * 24


def test_a_season_inside_a_year_holds_both_its_ends():
    calendar = Calendar.of(TimeGrid.planning_year(2026), "UTC")
    assert Window(first_day="02-28", last_day="03-01").mask(calendar).sum() == 48


def test_no_window_means_always():
    assert any_window((), Calendar.of(local_month(2026, 6), ZONE)).all()


def test_a_holiday_counts_as_another_day():
    calendar = Calendar.of(local_month(2026, 6), ZONE).with_holidays((date(2026, 6, 4),), 6)
    assert set(calendar.weekday[calendar.day == np.datetime64("2026-06-04")]) == {6}


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"months": (0,)}, "from 1 to 12"),
        ({"months": ()}, "from 1 to 12"),
        ({"weekdays": (7,)}, "from 0, Monday"),
        ({"hours": ((7, 25),)}, "0 to 24"),
        ({"hours": ((7, 7),)}, "two different hours"),
        ({"hours": ((7.1, 8),)}, "quarter hours"),
        ({"first_day": "11-15"}, "together"),
        ({"first_day": "11-15", "last_day": "03-32"}, "MM-DD"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(wrong, rule):
    with pytest.raises(InputError, match=rule):
        Window(**wrong)
