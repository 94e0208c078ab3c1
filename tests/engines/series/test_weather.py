# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.adapters.sources.statistics_file import read_stations, read_weather_calibration
from loadstone.engines.series import station_weather, typical_weather
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Provenance

GRID = TimeGrid.planning_year(2027)
MEMORY = read_weather_calibration("Toronto")[0]
BRATSK = read_stations()["RU-BRATSK"]
stations = st.sampled_from(sorted(read_stations()))


def made(station, seed=1):
    return station_weather(station, MEMORY, GRID, np.random.default_rng(seed))


@settings(max_examples=30)
@given(stations, st.integers(0, 99))
def test_one_percent_of_the_hours_lies_beyond_each_design_temperature(name, seed):
    station = read_stations()[name]
    air, wet = made(station, seed)
    found = np.quantile(air.values, (0.01, 0.99))
    np.testing.assert_allclose(found, (station.heating_c, station.cooling_c), atol=0.01)
    assert (wet.values <= air.values + 1e-9).all()


def test_warm_seasons_and_hours_are_where_they_belong():
    air = made(BRATSK)[0].values
    month, hour = GRID.local_month(BRATSK.time_zone), GRID.local_hour(BRATSK.time_zone)
    by_month = [air[month == m].mean() for m in range(1, 13)]
    by_hour = [air[hour == h].mean() for h in range(24)]
    assert np.argmax(by_month) + 1 in {7, 8}
    assert np.argmin(by_month) + 1 in {1, 12}
    assert np.argmax(by_hour) in {14, 15}
    upside_down = made(read_stations()["ZA-UPINGTON"])[0].values
    zone = read_stations()["ZA-UPINGTON"].time_zone
    assert (
        upside_down[GRID.local_month(zone) == 1].mean()
        > upside_down[GRID.local_month(zone) == 7].mean()
    )


def test_a_narrow_range_is_kept_too():
    steady = replace(BRATSK, heating_c=20.0, cooling_c=20.5)
    air, _ = made(steady)
    np.testing.assert_allclose(np.quantile(air.values, (0.01, 0.99)), (20.0, 20.5), atol=0.01)


def test_dry_places_have_a_lower_wet_bulb():
    humid, dry = (made(replace(BRATSK, dryness_k=k))[1].values.mean() for k in (0.0, 8.0))
    assert dry < humid - 0.5


def test_it_is_labelled_synthetic_and_untested():
    for series in made(BRATSK):
        assert series.share(Provenance.SYNTHETIC) == 1
        assert "shape untested" in series.note
        assert series.zone == "RU-BRATSK"


@pytest.mark.parametrize(
    ("station", "place"),
    [
        ("ZA-JOHANNESBURG", "Johannesburg"),
        ("IN-MUMBAI", "Mumbai"),
        ("BR-SAO-PAULO", "Sao-Paulo"),
    ],
)
def test_the_model_comes_near_observed_places_it_was_not_made_from(station, place):
    # The means of the year, and the hottest percent of the wet bulb, against statistics of
    # 2021 and 2022: this is how good the model is, 2 K.
    synthetic = made(read_stations()[station])
    observed = typical_weather(*read_weather_calibration(place), GRID, np.random.default_rng(1))
    for one, other in zip(synthetic, observed, strict=True):
        assert one.values.mean() == pytest.approx(other.values.mean(), abs=2.0)
    hot = [np.quantile(wet.values, 0.99) for _, wet in (synthetic, observed)]
    assert hot[0] == pytest.approx(hot[1], abs=2.5)


def test_an_observed_place_keeps_its_monthly_means():
    drybulb, depression = read_weather_calibration("Frankfurt")
    air, wet = typical_weather(drybulb, depression, GRID, np.random.default_rng(3))
    month = GRID.local_month(drybulb.time_zone)
    found = [air.values[month == m].mean() for m in range(1, 13)]
    np.testing.assert_allclose(found, drybulb.mean.mean(axis=1), atol=0.05)
    assert (wet.values <= air.values).all()
    below = air.values - wet.values
    summer = (month == 7) & (GRID.local_hour(drybulb.time_zone) == 14)
    assert np.corrcoef(air.values[summer], below[summer])[0, 1] > 0.3  # hot hours are dry
    assert "tested against 2023" in air.note


@pytest.mark.parametrize(
    "change",
    [
        {"heating_c": 30.0},
        {"cooling_c": 70.0},
        {"hottest_day": 0},
        {"dryness_k": -1.0},
        {"elevation_m": 9000.0},
    ],
)
def test_stations_that_cannot_be_are_refused(change):
    with pytest.raises(InputError):
        replace(BRATSK, **change)
