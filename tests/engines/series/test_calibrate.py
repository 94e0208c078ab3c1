# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.series import Subject, calibrate, follow, shape_check
from loadstone.engines.series.calibrate import at_floor, hour_kind, weekend_ratio
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid

HERE = Subject(zone="here", currency="EUR", time_zone="Europe/Berlin")
AIR = Subject(zone="here", variable="drybulb_c", unit="degC", time_zone="UTC", normalise=False)


def hours(*years):
    return np.concatenate([TimeGrid.planning_year(year).utc() for year in years])


def wave(utc, level=100.0):
    """Return prices that rise from 0.5 to 1.5 of the level over each UTC day."""
    hour = (utc - utc.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
    return level * (0.5 + hour / 23.0)


def test_years_of_different_levels_are_pooled_over_their_own_mean():
    utc = np.concatenate([hours(2022), hours(2023)])
    values = np.concatenate([wave(hours(2022), 100.0), wave(hours(2023), 300.0)])
    made = calibrate(values, utc, replace(HERE, time_zone="UTC"))
    assert made.years == (2022, 2023)
    assert made.level == pytest.approx(300.0)
    np.testing.assert_allclose(made.mean, np.tile(0.5 + np.arange(24) / 23, (12, 1)))
    np.testing.assert_allclose(made.spread, 0.0, atol=1e-9)
    np.testing.assert_allclose(made.quantiles[:, :, 0], made.quantiles[:, :, -1])


def test_years_may_keep_their_levels():
    values = np.concatenate([wave(hours(2022), 100.0), wave(hours(2023), 300.0)])
    kept = replace(HERE, time_zone="UTC", keep_levels=True)
    made = calibrate(values, hours(2022, 2023), kept)
    assert made.level == pytest.approx(200.0)
    np.testing.assert_allclose(made.mean, np.tile(0.5 + np.arange(24) / 23, (12, 1)))
    assert made.quantiles[0, 0, 0] == pytest.approx(0.25)
    assert made.quantiles[0, 0, -1] == pytest.approx(0.75)
    with pytest.raises(InputError, match="mean above 0"):
        calibrate(-values, hours(2022, 2023), kept)


def test_cells_are_those_of_the_local_clock():
    made = calibrate(wave(hours(2023)), hours(2023), HERE)
    # Midnight UTC, the least, is 1:00 in winter and 2:00 in summer.
    assert made.mean[0].argmin() == 1
    assert made.mean[6].argmin() == 2


def test_negative_floor_and_spike_hours_are_counted_with_their_runs():
    over = np.ones(100)
    over[10:13] = -0.5
    over[50:56] = 4.0
    utc = hours(2023)[:100]
    negative = hour_kind(over, utc, over < 0)
    assert (negative.share, negative.mean, negative.run_hours) == (0.03, -0.5, 3.0)
    assert hour_kind(over, utc, over > 3).run_hours == 6.0
    assert hour_kind(over, utc, over > 9).share == 0


def test_a_run_ends_where_an_hour_is_missing():
    utc = np.delete(hours(2023)[:10], 5)
    assert hour_kind(np.ones(9), utc, np.ones(9, bool)).run_hours == 4.5


def test_a_floor_is_a_least_value_above_zero_that_many_hours_share():
    over = np.linspace(1.0, 2.0, 1000)
    assert not at_floor(over).any()
    over[:100] = 0.9
    assert at_floor(over).sum() == 100
    assert not at_floor(over - 0.95).any()


def test_floors_of_pooled_years_are_brought_together():
    rng = np.random.default_rng(1)
    parts = []
    for least in (0.8, 0.9):
        values = np.maximum(rng.normal(1.0, 0.3, 8760), least)
        parts.append(values)
    made = calibrate(np.concatenate(parts), hours(2022, 2023), HERE)
    alone = [float((part <= part.min() * 1.002).mean()) for part in parts]
    assert made.floor.share == pytest.approx(np.mean(alone), abs=0.01)


def test_a_year_that_never_leaves_the_floor_is_left_alone():
    made = calibrate(np.full(2 * 8760, 55.0), hours(2022, 2023), HERE)
    assert made.floor.share == 1
    np.testing.assert_allclose(made.mean, 1.0)


def test_temperatures_are_not_put_over_their_mean():
    values = wave(hours(2023)) - 100.0
    made = calibrate(values, hours(2023), AIR)
    assert made.level == 1
    np.testing.assert_allclose(made.mean[0], -50 + np.arange(24) * 100 / 23)
    assert made.negative.share == 0  # only prices have negative hours


def test_memory_and_weekdays_are_found():
    utc = hours(2023)
    days = utc.astype("datetime64[D]")
    weekend = (days.astype(int) + 3) % 7 >= 5
    daily = np.repeat(np.random.default_rng(2).normal(0, 0.1, 365), 24)
    made = calibrate(1.0 + daily - 0.5 * weekend, utc, replace(HERE, time_zone="UTC"))
    assert made.weekday_score[5:].mean() < -0.5 < 0.1 < made.weekday_score[:5].mean()
    assert made.weekend_ratio < 0.6
    assert made.autocorrelation[0] > 0.9
    assert abs(made.autocorrelation[list(made.lags).index(72)]) < 0.2


def test_the_ratio_of_weekends_without_a_price_on_weekdays_is_one():
    assert weekend_ratio(np.zeros(7), np.arange(7)) == 1


def test_a_series_can_follow_another():
    rng = np.random.default_rng(3)
    lead = rng.normal(0, 1, 8760)
    made = follow(calibrate(2 - lead, hours(2023), AIR), 2 - lead, lead, hours(2023))
    assert made.follows == pytest.approx(-1, abs=0.01)


def test_the_shape_is_checked_against_another_year():
    rng = np.random.default_rng(4)
    noisy = [
        wave(hours(y), level) * rng.normal(1, 0.1, 8760)
        for y, level in ((2022, 50), (2023, 80))
    ]
    made = calibrate(noisy[1], hours(2023), HERE)
    check = shape_check(made, noisy[0], hours(2022))
    assert check.year == 2022
    assert check.level == pytest.approx(50, rel=0.01)
    assert check.correlation > 0.95
    assert max(check.hour_error, check.month_error, abs(check.cheap_half_error)) < 0.03
    tested = replace(made, checks=(check,))
    assert tested.tested
    assert "tested against 2022" in tested.verdict
    assert not made.tested
    assert made.verdict == "shape untested"
    warmer = calibrate(noisy[1], hours(2023), AIR)
    told = replace(warmer, checks=(shape_check(warmer, noisy[0], hours(2022)),)).verdict
    assert "degC" in told


def test_a_year_that_was_used_is_no_check():
    made = calibrate(wave(hours(2023)), hours(2023), HERE)
    with pytest.raises(InputError, match="was used"):
        shape_check(made, wave(hours(2023)), hours(2023))
    with pytest.raises(InputError, match="mean above 0"):
        shape_check(made, -wave(hours(2022)), hours(2022))


@pytest.mark.parametrize(
    ("values", "utc", "rule"),
    [
        (np.ones(3), hours(2023)[:2], "must be"),
        (np.array([1.0, np.nan]), hours(2023)[:2], "finite"),
        (np.ones(2), hours(2023)[[1, 0]], "rise"),
        (np.ones(2), np.array(["2023-01-01", "NaT"], "datetime64[s]"), "must be times"),
        (np.ones(8760), hours(2023) + np.arange(8760) * np.timedelta64(1, "s"), "rise"),
        (np.ones(4000), hours(2023)[:4000], "20 days"),
        (-np.ones(8760), hours(2023), "mean above 0"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(values, utc, rule):
    with pytest.raises(InputError, match=rule):
        calibrate(values, utc, HERE)


def test_an_unknown_clock_is_refused():
    with pytest.raises(InputError, match="IANA"):
        calibrate(np.ones(8760), hours(2023), replace(HERE, time_zone="Nowhere"))


def test_statistics_of_wrong_shape_are_refused():
    made = calibrate(wave(hours(2023)), hours(2023), HERE)
    for change, rule in (
        ({"mean": np.ones((12, 23))}, "shape"),
        ({"mean": np.full((12, 24), np.nan)}, "finite"),
        ({"places": np.zeros(13)}, "must rise"),
        ({"quantiles": -np.arange(12 * 24 * 13.0).reshape(12, 24, 13)}, "must not fall"),
        ({"lags": (2, *made.lags[1:])}, "whole days"),
    ):
        with pytest.raises(InputError, match=rule):
            replace(made, **change)
