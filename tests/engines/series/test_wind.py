# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.series import WindPlant, typical_wind
from loadstone.engines.series.scores import autocorrelation
from loadstone.engines.series.wind import power_curve
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid

GRID = TimeGrid.planning_year(2027)


def plant(**changes):
    return WindPlant(**({"id": "w", "time_zone": "America/Fortaleza"} | changes))


def year(seed=1, **changes):
    return typical_wind(plant(**changes), GRID, np.random.default_rng(seed))


def test_the_curve_rests_in_calm_air_and_in_storms():
    found = power_curve(np.array([0.0, 2.0, 8.0, 15.0, 20.0, 35.0]))
    assert found[0] == pytest.approx(0.0, abs=1e-3)
    assert found[2] == pytest.approx(0.85 * (512 - 27) / (1331 - 27), abs=0.02)
    assert found[3] == pytest.approx(0.85, abs=1e-3)
    assert found[5] == pytest.approx(0.0, abs=1e-3)
    assert (np.diff(power_curve(np.linspace(0, 20, 100))) >= -1e-9).all()


@settings(max_examples=20)
@given(st.floats(0.1, 0.45), st.integers(0, 99))
def test_a_capacity_factor_asked_for_is_met(factor, seed):
    made = year(seed, capacity_factor=factor).values
    assert made.mean() == pytest.approx(factor, abs=1e-6)
    assert (made >= 0).all()
    assert (made <= 0.851).all()


def test_more_wind_gives_more_power_and_says_so():
    assert year(mean_speed_m_s=9.0).values.mean() > year(mean_speed_m_s=6.0).values.mean()
    assert "mean speed 9.00 m/s" in year(mean_speed_m_s=9.0).note


def test_wind_has_memory():
    made = year(season=0.0, night=0.0).values
    found = autocorrelation(made, np.ones(8760, bool), (1, 72))
    assert found[0] > 0.85
    assert found[1] < 0.2


def test_the_windy_season_and_hours_are_where_they_are_put():
    made = year(windiest_day=250, season=0.8, night=0.5).values
    month, hour = GRID.local_month("America/Fortaleza"), GRID.local_hour("America/Fortaleza")
    assert made[month == 9].mean() > 1.5 * made[month == 3].mean()
    assert made[hour == 2].mean() > made[hour == 14].mean()


@pytest.mark.parametrize(
    "change",
    [{"mean_speed_m_s": 1.0}, {"capacity_factor": 1.2}, {"season": 1.0}, {"night": -0.1}],
)
def test_plants_that_cannot_be_are_refused(change):
    with pytest.raises(InputError):
        plant(**change)


def test_a_capacity_factor_out_of_reach_says_what_is_in_reach():
    with pytest.raises(InputError, match="must be from"):
        year(capacity_factor=0.8)
