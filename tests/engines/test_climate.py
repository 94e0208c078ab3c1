# SPDX-License-Identifier: Apache-2.0
import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.climate import availability, derating, marginal_pue, pue
from loadstone.model.cooling import CoolingPlant
from loadstone.model.errors import InputError

temperatures = st.lists(st.floats(-60, 50), min_size=2, max_size=12).map(sorted).map(np.array)


def plant(**changes):
    values = {
        "name": "test",
        "use": "ai",
        "supply_c": 20.0,
        "tower_approach_k": 4.0,
        "exchanger_approach_k": 2.0,
        "band_k": 4.0,
        "eta": 0.5,
        "condenser_approach_k": 10.0,
        "fan_share": 0.05,
        "pump_share": 0.03,
        "electrical_loss_share": 0.07,
        "dry": False,
        "source": "test",
        "date": datetime.date(2026, 11, 21),
        "confidence": "low",
    }
    return CoolingPlant(**(values | changes))


plants = st.builds(
    plant,
    supply_c=st.floats(15, 45),
    tower_approach_k=st.floats(0, 8),
    exchanger_approach_k=st.floats(0, 4),
    band_k=st.floats(1, 8),
    eta=st.floats(0.3, 0.7),
    condenser_approach_k=st.floats(0, 15),
    fan_share=st.floats(0, 0.1),
    pump_share=st.floats(0, 0.05),
    electrical_loss_share=st.floats(0, 0.1),
    dry=st.booleans(),
    compressor=st.booleans(),
)


def test_a_hand_case_in_cool_air_and_in_warm_air():
    # 10 C + 4 + 2 = 16 <= 20: free. 30 C: compressor fully on, from 293.15 K, lifting
    # 30 + 10 - 20 = 20 K: 20 / (0.5 x 293.15) = 0.13645. Half way in the band, at 16 C:
    # (16 + 6 - 20) / 4 = 0.5 of 6 / 146.575 = 0.020467.
    air = np.array([10.0, 30.0, 16.0])
    found = pue(plant(), air, air)
    np.testing.assert_allclose(found, [1.15, 1.286449, 1.170467], atol=1e-6)


def test_a_dry_plant_looks_at_the_dry_bulb():
    dry, wet = np.array([30.0]), np.array([10.0])
    assert pue(plant(dry=True), dry, wet) > pue(plant(dry=False), dry, wet)


def test_fans_follow_the_cube_of_the_load():
    # At half load the fans' share is 0.05 / 4; the last MW costs three times that.
    cool = np.array([0.0])
    assert pue(plant(), cool, cool, 0.5) == pytest.approx([1.10 + 0.0125])
    assert marginal_pue(plant(), cool, cool, 0.5) == pytest.approx([1.10 + 0.0375])


@given(plants, temperatures, st.floats(0.05, 1.0))
def test_pue_is_at_least_one_and_rises_with_warmth(cooling, air, load):
    found = pue(cooling, air, air, load)
    assert (found >= 1).all()
    assert (np.diff(found) >= -1e-12).all()


@given(plants, temperatures, st.floats(0.05, 1.0))
def test_the_last_megawatt_never_costs_less_than_the_mean_one(cooling, air, load):
    assert (marginal_pue(cooling, air, air, load) >= pue(cooling, air, air, load) - 1e-12).all()


@given(plants, temperatures, st.floats(0.1, 0.9))
def test_marginal_pue_is_the_slope_of_the_draw(cooling, air, load):
    step = 1e-5
    draw = [x * pue(cooling, air, air, x) for x in (load - step, load + step)]
    slope = (draw[1] - draw[0]) / (2 * step)
    np.testing.assert_allclose(marginal_pue(cooling, air, air, load), slope, rtol=1e-6)


def test_a_plant_without_a_compressor_draws_the_same_in_any_air():
    air = np.array([-30.0, 45.0])
    assert np.ptp(pue(plant(compressor=False), air, air)) == 0


def test_machines_slow_down_in_warm_air_and_stop():
    limits = plant(derate_from_c=35.0, stop_c=45.0)
    air = np.array([20.0, 35.0, 40.0, 45.0, 50.0])
    np.testing.assert_allclose(availability(limits, air), [1, 1, 0.5, 0, 0])
    np.testing.assert_allclose(availability(plant(), air), 1)


def test_wrong_shapes_loads_and_limits_are_refused():
    air = np.zeros(3)
    with pytest.raises(InputError, match="same shape"):
        pue(plant(), air, np.zeros(2))
    for load in (0.0, 1.1):
        with pytest.raises(InputError, match="load_share"):
            pue(plant(), air, air, load)
    with pytest.raises(InputError, match="stop_c"):
        derating(air, 40.0, 35.0)
