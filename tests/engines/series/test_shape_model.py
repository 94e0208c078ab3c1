# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.series import ShapeModel, shape_calibration, typical_prices
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid

GRID = TimeGrid.planning_year(2027)
MODEL = ShapeModel(
    zone="X",
    currency="CNY",
    time_zone="Asia/Shanghai",
    season=(1.2,) * 6 + (0.8,) * 6,
    profile=(0.5,) * 12 + (1.5,) * 12,
    spread=0.2,
    memory_hours=24.0,
    floor=0.1,
    floor_share=0.3,
    weekend_score=-0.5,
    source="invented",
    date="2026-11-21",
    note="for a test",
)


def made(model, seed=1):
    generator = np.random.default_rng(seed)
    return typical_prices(shape_calibration(model), GRID, level=100.0, generator=generator)


def test_the_parameters_are_what_comes_out():
    plain = replace(MODEL, floor=0.0, floor_share=0.0, spread=0.05, weekend_score=0.0)
    values = made(plain).values
    hour, month = GRID.local_hour("Asia/Shanghai"), GRID.local_month("Asia/Shanghai")
    assert values[hour >= 12].mean() / values[hour < 12].mean() == pytest.approx(3.0, rel=0.01)
    assert values[month <= 6].mean() / values[month > 6].mean() == pytest.approx(1.5, rel=0.01)
    assert values.mean() == pytest.approx(100.0)


def test_a_share_of_the_cheapest_hours_lies_at_the_floor():
    values = made(MODEL).values
    assert np.mean(values <= values.min() * 1.0001) == pytest.approx(
        shape_calibration(MODEL).floor.share, rel=0.1
    )
    assert shape_calibration(MODEL).floor.share > 0.05


def test_weekends_are_cheaper_where_the_model_says_so():
    weekend = GRID.local_weekday("Asia/Shanghai") >= 5
    values = made(replace(MODEL, spread=0.5)).values
    assert values[weekend].mean() < 0.97 * values[~weekend].mean()


def test_it_is_never_called_tested_and_never_has_a_level():
    calibration = shape_calibration(MODEL)
    assert calibration.level is None
    assert not calibration.tested
    assert "not observed" in made(MODEL).note


@pytest.mark.parametrize(
    "change",
    [
        {"season": (1.0,) * 11},
        {"profile": (0.0,) * 24},
        {"spread": 1.5},
        {"memory_hours": 0.0},
        {"floor_share": 1.0},
        {"floor": 1.0},
    ],
)
def test_parameters_out_of_range_are_refused(change):
    with pytest.raises(InputError):
        replace(MODEL, **change)
