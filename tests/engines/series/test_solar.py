# SPDX-License-Identifier: Apache-2.0
"""The stated solar model, against pvlib."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.series import SolarPlant, typical_solar
from loadstone.engines.series.solar import (
    clear_sky_w_m2,
    diffuse_share,
    middle_of_hours,
    on_panels_w_m2,
    panels,
    sun,
)
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Provenance

GRID = TimeGrid.planning_year(2027)
PLACES = [(-15.8, -47.9), (27.0, 71.0), (52.3, 104.3), (69.3, 88.2), (0.0, 0.0), (-28.4, 21.3)]
pvlib = pytest.importorskip("pvlib")


def plant(**changes):
    return SolarPlant(**({"id": "s", "latitude": -15.8, "longitude": -47.9} | changes))


def year(seed=1, drybulb_c=None, **changes):
    return typical_solar(plant(**changes), GRID, np.random.default_rng(seed), drybulb_c)


@pytest.mark.parametrize(("latitude", "longitude"), PLACES)
def test_the_sun_stands_where_pvlib_says(latitude, longitude):
    times = middle_of_hours(GRID)
    cosine, azimuth, extra = sun(times, latitude, longitude)
    theirs = pvlib.solarposition.get_solarposition(
        pd.DatetimeIndex(times, tz="UTC"), latitude, longitude, method="nrel_numpy"
    )
    zenith = np.degrees(np.arccos(cosine))
    assert np.abs(zenith - theirs["zenith"]).max() < 0.6
    up = (theirs["zenith"] < 80) & (theirs["zenith"] > 10)
    turn = (np.degrees(azimuth) - theirs["azimuth"] + 180) % 360 - 180
    assert np.abs(turn[up]).max() < 2.5
    light = pvlib.irradiance.get_extra_radiation(pd.DatetimeIndex(times, tz="UTC"))
    np.testing.assert_allclose(extra, light, rtol=0.01)


def test_clear_sky_and_diffuse_share_are_pvlibs_haurwitz_and_erbs():
    cosine = np.cos(np.radians(np.linspace(0, 89, 90)))
    zenith = pd.Series(np.linspace(0, 89, 90))
    theirs = pvlib.clearsky.haurwitz(zenith)["ghi"]
    np.testing.assert_allclose(clear_sky_w_m2(cosine), theirs, rtol=0.02, atol=0.5)
    level = clear_sky_w_m2(cosine) * np.linspace(0.1, 1.0, 90)
    extra = np.full(90, 1361.0)
    erbs = pvlib.irradiance.erbs(
        level, zenith.to_numpy(), pd.DatetimeIndex(["2027-04-04"] * 90), min_cos_zenith=0.065
    )
    ours = diffuse_share(level, cosine, extra) * level
    np.testing.assert_allclose(ours, erbs["dhi"], rtol=0.03, atol=1.0)


@pytest.mark.parametrize("mounting", ["fixed", "single-axis"])
@pytest.mark.parametrize(("latitude", "longitude"), PLACES[:3])
def test_light_on_the_panels_agrees_with_pvlib(latitude, longitude, mounting):
    ours = plant(latitude=latitude, longitude=longitude, mounting=mounting)
    cosine, azimuth, extra = sun(middle_of_hours(GRID), latitude, longitude)
    level = clear_sky_w_m2(cosine) * 0.8
    diffuse = level * diffuse_share(level, cosine, extra)
    zenith, turn = np.degrees(np.arccos(cosine)), np.degrees(azimuth) % 360
    if mounting == "fixed":
        tilt, facing = min(abs(latitude), 40.0), 180.0 if latitude >= 0 else 0.0
    else:
        angle = np.degrees(
            np.arctan2(np.sin(np.radians(zenith)) * np.sin(np.radians(turn)), cosine)
        )
        angle = np.clip(angle, -60, 60)
        tilt, facing = np.abs(angle), np.where(angle >= 0, 90.0, 270.0)
    beam = np.where(
        cosine > 0, np.minimum((level - diffuse) / np.maximum(cosine, 0.065), extra), 0.0
    )
    theirs = pvlib.irradiance.get_total_irradiance(
        tilt, facing, zenith, turn, beam, level, diffuse, albedo=0.2, model="isotropic"
    )["poa_global"]
    np.testing.assert_allclose(
        on_panels_w_m2(level, cosine, azimuth, extra, ours), theirs, rtol=1e-6, atol=1e-3
    )


def test_the_tracker_turns_as_pvlibs_does():
    cosine, azimuth, _ = sun(middle_of_hours(GRID), 27.0, 71.0)
    zenith, turn = np.degrees(np.arccos(cosine)), np.degrees(azimuth) % 360
    theirs = pvlib.tracking.singleaxis(
        zenith, turn, axis_azimuth=180, max_angle=60, backtrack=False
    )
    ours = np.degrees(np.arctan2(np.sin(np.radians(zenith)) * np.sin(np.radians(turn)), cosine))
    up = zenith < 88
    found = np.abs(np.asarray(theirs["tracker_theta"]))[up]
    np.testing.assert_allclose(found, np.clip(np.abs(ours[up]), 0, 60), atol=1e-6)


def test_panels_lose_output_in_the_heat_and_stop_at_the_inverter():
    light = np.array([0.0, 500.0, 500.0, 1200.0])
    air = np.array([20.0, 0.0, 40.0, 0.0])
    found = panels(light, air)
    # 1.25 x 0.86 x 0.5 x (1 - 0.0035 x (0 + 15.5 - 25)) = 0.5554
    assert found[1] == pytest.approx(0.55537, abs=1e-4)
    assert found[0] == 0
    assert found[2] < found[1]
    assert found[3] == 1


@settings(max_examples=20)
@given(st.floats(-60, 60), st.floats(-180, 180), st.integers(0, 99))
def test_output_is_a_share_and_dark_at_night(latitude, longitude, seed):
    made = year(seed, latitude=latitude, longitude=longitude).values
    assert (made >= 0).all()
    assert (made <= 1).all()
    cosine, _, _ = sun(middle_of_hours(GRID), latitude, longitude)
    assert (made[cosine <= 0] == 0).all()


def test_a_capacity_factor_asked_for_is_met():
    made = year(capacity_factor=0.27)
    assert made.values.mean() == pytest.approx(0.27, abs=1e-6)
    assert made.share(Provenance.SYNTHETIC) == 1
    assert "shape untested" in made.note


def test_clearness_is_the_mean_share_of_light():
    dull, bright = (year(clearness=c, mounting="fixed").values.mean() for c in (0.4, 0.9))
    assert dull < 0.6 * bright


def test_hot_air_costs_output():
    cold, hot = (year(drybulb_c=np.full(8760, t)).values.mean() for t in (0.0, 40.0))
    assert hot < cold


def test_fixed_panels_may_have_a_slope_of_their_own():
    flat = year(mounting="fixed", tilt_deg=0.0, latitude=50.0)
    steep = year(mounting="fixed", tilt_deg=35.0, latitude=50.0)
    assert steep.values.mean() > flat.values.mean()


@pytest.mark.parametrize(
    "change",
    [
        {"latitude": 91.0},
        {"longitude": 181.0},
        {"mounting": "two-axis"},
        {"tilt_deg": 95.0},
        {"clearness": 1.2},
        {"capacity_factor": 1.0},
    ],
)
def test_plants_that_cannot_be_are_refused(change):
    with pytest.raises(InputError):
        plant(**change)


def test_a_capacity_factor_out_of_reach_says_what_is_in_reach():
    with pytest.raises(InputError, match=r"must be from 0\.\d+ to 0\.\d+ here"):
        year(capacity_factor=0.6)
