# SPDX-License-Identifier: Apache-2.0
"""Moments of what is drawn, against closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loadstone.model.futures.correlation import Correlation
from loadstone.model.futures.level import Levels, Wild
from tests.engines.outlook.outlooks import SAID, drawing, futures, level

N = 20_000


def rents(one, months, count=N):
    """Return logarithms of drawn rents, whose outlook is 1. Shape (N, M)."""
    return np.log(drawing(futures(lease=one), months=months).paths(count).factor("lease"))


def test_a_walk_is_lognormal():
    logs = rents(level(0.6), 24)
    for months in (1, 12, 24):
        sd = 0.6 * (months / 12) ** 0.5
        assert stats.kstest(logs[:, months - 1] / sd, "norm").pvalue > 0.001


@settings(max_examples=8)
@given(st.floats(0.05, 1.5), st.floats(1.0, 60.0))
def test_what_comes_back_has_the_spread_of_its_closed_form(volatility, half_life):
    logs = rents(level(volatility, half_life_months=half_life), 36)
    reversion = np.log(2) * 12 / half_life
    for months in (1, 12, 36):
        sd = volatility * ((1 - np.exp(-2 * reversion * months / 12)) / (2 * reversion)) ** 0.5
        assert logs[:, months - 1].std() == pytest.approx(sd, rel=0.03)
    lag = np.corrcoef(logs[:, 29], logs[:, 35])[0, 1]
    before = 1 - np.exp(-2 * reversion * 30 / 12)
    after = 1 - np.exp(-2 * reversion * 36 / 12)
    kept = 0.5 ** (6 / half_life) * (before / after) ** 0.5
    assert lag == pytest.approx(kept, abs=0.03)


@settings(max_examples=8)
@given(st.floats(0.5, 6.0), st.floats(-0.3, 0.3), st.floats(0.0, 0.2))
def test_jumps_have_their_moments_and_leave_the_mean(rate, mean, sd):
    logs = rents(level(0.0, jumps_per_year=rate, jump_mean=mean, jump_sd=sd), 24)[:, -1]
    chance = rate / 12
    variance = 24 * (chance * (mean**2 + sd**2) - (chance * mean) ** 2)
    assert logs.var() == pytest.approx(variance, rel=0.1, abs=1e-12)
    assert abs(logs.mean()) < 5 * (variance / N) ** 0.5 + 1e-12


def test_an_unknown_drift_grows_in_a_straight_line():
    logs = rents(level(0.0, trend_sd=0.1), 36)
    assert logs[:, 35].std() == pytest.approx(0.3, rel=0.03)
    np.testing.assert_allclose(logs[:, 35], 3 * logs[:, 11])


def test_wild_times_have_their_share_length_and_volatility():
    wild = Wild(ratio=4.0, share=0.25, months=5.0)
    changes = np.diff(rents(level(0.12, wild=wild), 60), axis=1)
    sd = 0.12 / 12**0.5
    assert changes.var() == pytest.approx(sd**2 * (0.75 + 0.25 * 16), rel=0.03)
    calm = rents(level(0.12), 60)
    ratio = np.abs(changes / np.diff(calm, axis=1))
    there = ratio > 2
    np.testing.assert_allclose(ratio[~there], 1, rtol=1e-6)
    assert there.mean() == pytest.approx(0.25, rel=0.03)
    ends = (there[:, :-1] & ~there[:, 1:]).sum() / there[:, :-1].sum()
    assert 1 / ends == pytest.approx(5.0, rel=0.05)


def test_the_median_is_the_outlook():
    made = drawing(futures(btc=level(0.7, wild=Wild(ratio=2.0, share=0.2, months=3.0))))
    prices = made.paths(N).factor("btc_price")
    nominal = made.nominal[made.factors.index("btc_price")]
    for m in (0, 11, 59, 119):
        off = np.log(np.median(prices[:, m]) / nominal[m])
        assert abs(off) < 5 * 1.25 * np.log(prices[:, m]).std() / N**0.5


def test_correlation_is_recovered_between_and_within_groups():
    matrix = ((1.0, 0.6, -0.3), (0.6, 1.0, 0.2), (-0.3, 0.2, 1.0))
    made = drawing(
        futures(
            btc=level(0.5),
            lease=level(0.2, half_life_months=6.0),
            ai=Levels(level=level(0.3), together=0.25),
            correlation=Correlation(names=("btc", "lease", "ai"), matrix=matrix, source=SAID),
        ),
        months=12,
    )
    paths = made.paths(N)
    first = {name: np.log(paths.factor(name)[:, 0]) for name in made.factors}
    ai = [name for name in made.factors if name.startswith("ai:")]

    def between(one, other):
        return np.corrcoef(first[one], first[other])[0, 1]

    assert between("btc_price", "lease") == pytest.approx(0.6, abs=0.02)
    assert between(ai[0], ai[1]) == pytest.approx(0.25, abs=0.03)
    # a member has the square root of `together` in common with its group
    assert between("btc_price", ai[0]) == pytest.approx(-0.3 * 0.5, abs=0.03)


def test_a_correlation_that_is_singular_is_drawn_too():
    names, matrix = ("btc", "lease"), ((1.0, -1.0), (-1.0, 1.0))
    made = drawing(
        futures(
            btc=level(0.3),
            lease=level(0.3),
            correlation=Correlation(names=names, matrix=matrix, source=SAID),
        )
    )
    paths = made.paths(5)
    nominal = made.nominal[made.factors.index("btc_price")]
    ratio = paths.factor("btc_price") / nominal
    np.testing.assert_allclose(ratio * paths.factor("lease"), 1.0)


def test_a_launch_hits_all_generations_at_once_only_where_it_says_so():
    one = level(0.0, jumps_per_year=1.0, jump_mean=-0.3)

    def jumps(together):
        levels = Levels(level=one, together=0.0, jumps_together=together)
        paths = drawing(futures(ai=levels), months=60).paths(200)
        ai = [name for name in paths.factors if name.startswith("ai:")]
        nominal = [drawing(futures(ai=levels), months=60).nominal[i] for i in range(2)]
        logs = [np.log(paths.factor(n) / o) for n, o in zip(ai, nominal, strict=False)]
        return [np.diff(log, axis=1) < -0.1 for log in logs]

    same, other = jumps(True)
    np.testing.assert_array_equal(same, other)
    same, other = jumps(False)
    assert (same != other).any()
