# SPDX-License-Identifier: Apache-2.0
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.series.scores import LAGS, autocorrelation, cells, noise, normal, ranks


def test_the_cell_of_an_hour_counts_months_and_hours():
    assert cells(np.array([1, 12]), np.array([0, 23])).tolist() == [0, 287]


def test_ranks_are_taken_within_each_cell_and_ties_keep_their_order():
    values = np.array([3.0, 1.0, 2.0, 5.0, 5.0])
    place = ranks(values, np.array([0, 0, 0, 7, 7]))
    np.testing.assert_allclose(place, [2.5 / 3, 0.5 / 3, 1.5 / 3, 0.25, 0.75])


def test_normal_scores_agree_with_the_normal_distribution():
    place = np.array([0.001, 0.02, 0.5, 0.9, 0.999])
    exact = [NormalDist().inv_cdf(p) for p in place]
    np.testing.assert_allclose(normal(place), exact, atol=1e-3)


def test_autocorrelation_of_an_alternating_series():
    values = np.array([1.0, -1.0] * 50)
    found = autocorrelation(values, np.ones(100, bool), (1, 2))
    np.testing.assert_allclose(found, [-1.0, 1.0])


def test_autocorrelation_leaves_absent_values_out_and_is_zero_where_nothing_varies():
    values = np.array([1.0, 99.0, 1.0, -1.0, -1.0, 1.0])
    present = values < 50
    # Less their mean 0.2: 0.8 . 0.8 -1.2 -1.2 0.8; pairs (-0.96 + 1.44 - 0.96) / 3 over 0.96.
    assert autocorrelation(values, present, (1,))[0] == pytest.approx(-1 / 6)
    assert autocorrelation(np.ones(9), np.ones(9, bool), (1,))[0] == 0


@given(st.floats(2.0, 200.0), st.integers(0, 99), st.sampled_from([8760, 8761, 600]))
def test_noise_has_mean_near_zero_and_the_memory_asked_for(hours, seed, count):
    wanted = np.exp(-np.array(LAGS) / hours)
    drawn = np.random.default_rng(seed).standard_normal(count)
    made = noise(LAGS, wanted, drawn)
    assert made.shape == (count,)
    assert np.isfinite(made).all()
    if count > 8000 and hours < 20:
        assert abs(made.mean()) < 0.3
        assert made.std() == pytest.approx(1.0, abs=0.15)
        found = autocorrelation(made, np.ones(count, bool), (1, 24))
        np.testing.assert_allclose(found, [wanted[0], wanted[23]], atol=0.08)


def test_noise_closes_on_itself():
    wanted = np.exp(-np.array(LAGS) / 200.0)
    made = noise(LAGS, wanted, np.random.default_rng(1).standard_normal(8760))
    steps = np.abs(np.diff(made))
    assert abs(made[0] - made[-1]) < steps.max()


def test_noise_can_swing_against_the_day_before():
    wanted = np.where(np.array(LAGS) <= 24, np.cos(np.pi * np.array(LAGS) / 24), 0.0) * 0.5
    made = noise(LAGS, wanted, np.random.default_rng(1).standard_normal(8760))
    assert autocorrelation(made, np.ones(8760, bool), (24,))[0] < -0.2
