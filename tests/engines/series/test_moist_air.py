# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.series.moist_air import (
    dewpoint_c,
    pressure_hpa,
    vapour_pressure_hpa,
    wetbulb_c,
)


def stull(air, humidity):
    """R. Stull (2011), doi:10.1175/JAMC-D-11-0143.1, equation 1; sea level."""
    return (
        air * np.arctan(0.151977 * np.sqrt(humidity + 8.313659))
        + np.arctan(air + humidity)
        - np.arctan(humidity - 1.676331)
        + 0.00391838 * humidity**1.5 * np.arctan(0.023101 * humidity)
        - 4.686035
    )


def test_stulls_own_example():
    # The paper's example: 20 degC and 50 % give 13.7 degC.
    assert wetbulb_c(np.array([20.0]), np.array([50.0]))[0] == pytest.approx(13.7, abs=0.2)


def test_it_agrees_with_stull_within_the_error_he_states():
    # His own errors are from -1 to +0.65 K.
    air, humidity = np.meshgrid(np.linspace(5, 40, 30), np.linspace(30, 95, 30))
    air, humidity = air.ravel(), humidity.ravel()
    assert np.abs(wetbulb_c(air, humidity) - stull(air, humidity)).max() < 1.0


@given(st.floats(-60, 50), st.floats(5, 100), st.floats(0, 4000))
def test_the_wet_bulb_lies_between_dew_point_and_air(air, humidity, height):
    air, humidity = np.array([air]), np.array([humidity])
    wet = wetbulb_c(air, humidity, height)
    assert dewpoint_c(air, humidity) - 1e-6 <= wet <= air + 1e-9


@given(st.floats(-40, 45), st.floats(5, 95))
def test_the_equation_is_solved(air, humidity):
    air, humidity = np.array([air]), np.array([humidity])
    wet = wetbulb_c(air, humidity)
    left = vapour_pressure_hpa(wet) - 6.62e-4 * 1013.25 * (air - wet)
    np.testing.assert_allclose(
        left, vapour_pressure_hpa(air) * humidity / 100, rtol=1e-9, atol=1e-9
    )


def test_saturated_air_has_its_own_wet_bulb_and_dew_point():
    air = np.array([-20.0, 0.0, 30.0])
    full = np.full(3, 100.0)
    np.testing.assert_allclose(wetbulb_c(air, full), air, atol=1e-9)
    np.testing.assert_allclose(dewpoint_c(air, full), air, atol=1e-9)


def test_pressure_falls_with_height():
    assert pressure_hpa(0) == pytest.approx(1013.25)
    assert pressure_hpa(1000) == pytest.approx(898.75, abs=0.1)  # ICAO table
