# SPDX-License-Identifier: Apache-2.0

from math import exp, log, pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from loadstone.engines.value.futures.spreads import (
    fan_of,
    histogram,
    mean_of_worst,
    spread_of,
    weighted_quantiles,
)
from loadstone.model.errors import InputError

MANY = 200_000


def even(count):
    return np.full(count, 1 / count)


def test_the_mean_of_the_worst_of_normal_values_is_the_closed_one():
    # CVaR of N(mu, s) is mu - s pdf(z) / tail with z the quantile of the tail
    values = 3 + 2 * norm.ppf((np.arange(MANY) + 0.5) / MANY)
    for tail in (0.05, 0.1, 0.5):
        z = norm.ppf(tail)
        closed = 3 - 2 * exp(-(z**2) / 2) / sqrt(2 * pi) / tail
        assert mean_of_worst(values, even(MANY), tail) == pytest.approx(closed, abs=2e-4)


def test_the_mean_of_the_worst_of_exponential_losses_is_the_closed_one():
    # a loss is exponential with mean 1: the mean of the worst share is 1 - log(share)
    values = np.log((np.arange(MANY) + 0.5) / MANY)
    for tail in (0.05, 0.1):
        closed = -(1 - log(tail))
        assert mean_of_worst(values, even(MANY), tail) == pytest.approx(closed, abs=2e-3)


def test_the_future_that_straddles_the_share_counts_in_part():
    # four futures of a quarter each: the worst 40 % are all of 1 and 15 / 25 of 2
    values = np.array([4.0, 1.0, 3.0, 2.0])
    assert mean_of_worst(values, even(4), 0.4) == pytest.approx((0.25 + 2 * 0.15) / 0.4)


@pytest.mark.parametrize("tail", [0, -0.1, 1.1])
def test_a_share_out_of_range_is_refused(tail):
    with pytest.raises(InputError, match="tail"):
        mean_of_worst(np.ones(3), even(3), tail)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), st.floats(0.01, 1))
def test_the_mean_of_the_worst_solves_its_linear_problem(values, tail):
    # Rockafellar and Uryasev: the largest over a of a - mean(max(0, a - v)) / tail
    held = np.array(values)
    best = max(a - np.maximum(0, a - held).mean() / tail for a in held)
    size = max(1.0, float(np.abs(held).max()))
    assert mean_of_worst(held, even(len(held)), tail) == pytest.approx(best, abs=1e-9 * size)


def test_quantiles_of_unequal_weights_lie_where_their_weight_is():
    values, weight = np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.8, 0.1])
    assert weighted_quantiles(values, weight, (0.5,))[0] == pytest.approx(2.0)


def test_what_does_not_exist_is_said_with_its_reason():
    spread = spread_of("irr", "1", np.array([np.nan, 0.1, 0.2, 0.3]), even(4), "nothing back")
    assert (spread.undefined, spread.reason) == (0.25, "nothing back")
    assert spread.mean == pytest.approx(0.2)


def test_a_number_that_exists_nowhere_has_neither_mean_nor_quantiles():
    spread = spread_of("irr", "1", np.full(4, np.nan), even(4), "nothing back")
    assert spread.undefined == 1.0
    assert (spread.mean, spread.sd) == (None, None)
    assert spread.quantiles == {}


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_a_histogram_holds_every_future_once(values):
    held = np.array(values)
    edges, shares = histogram(held, even(len(held)))
    assert len(edges) == len(shares) + 1
    assert sum(shares) == pytest.approx(1)


def test_a_fan_has_the_quantiles_of_each_time():
    values = np.outer(np.arange(101.0), [1.0, 2.0])
    base = np.array([5.0, 6.0])
    times = (2027.0, 2028.0)
    fan = fan_of("cash", "USD", times, values=values, weight=even(101), base=base)
    assert fan.quantiles["0.05"] == (5.0, 10.0)
    assert fan.base == (5.0, 6.0)
