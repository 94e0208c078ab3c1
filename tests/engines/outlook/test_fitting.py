# SPDX-License-Identifier: Apache-2.0
"""What was drawn with known parameters is calibrated, and gives them back."""

import numpy as np
import pytest

from loadstone.engines.outlook.fitting import fit_hashrate, fit_level, fit_walk
from loadstone.model.errors import InputError
from tests.engines.outlook.outlooks import SAID, drawing, futures, level

LONG = 600


def history(one, seed=1):
    """Return one drawn path of rents. Shape (M,)."""
    return drawing(futures(lease=one), months=LONG, seed=seed).paths(1).factor("lease")[0]


def test_a_walk_is_recovered():
    made = fit_walk(history(level(0.6)), source=SAID)
    assert made.volatility == pytest.approx(0.6, rel=0.06)
    assert made.jumps_per_year == 0
    assert made.half_life_months is None
    assert made.source == SAID


def test_jumps_are_recovered_where_they_stand_out():
    one = level(0.15, jumps_per_year=1.0, jump_mean=-0.05, jump_sd=0.3)
    found = [fit_walk(history(one, seed), source=SAID) for seed in range(6)]
    assert np.mean([one.volatility for one in found]) == pytest.approx(0.15, rel=0.06)
    assert np.mean([one.jumps_per_year for one in found]) == pytest.approx(1.0, rel=0.3)
    assert np.mean([one.jump_mean for one in found]) == pytest.approx(-0.05, abs=0.05)
    assert np.mean([one.jump_sd for one in found]) == pytest.approx(0.3, rel=0.2)


def test_a_calm_walk_has_no_jumps_but_by_chance():
    found = [fit_walk(history(level(0.3), seed), source=SAID) for seed in range(20)]
    assert sum(one.jumps_per_year > 0 for one in found) <= 3


@pytest.mark.parametrize("half_life", [2.0, 9.0])
def test_a_level_that_comes_back_is_recovered(half_life):
    one = level(0.5, half_life_months=half_life)
    found = [fit_level(history(one, seed), source=SAID) for seed in range(6)]
    halves = [one.half_life_months for one in found]
    assert np.mean([one.volatility for one in found]) == pytest.approx(0.5, rel=0.06)
    assert np.mean(halves) == pytest.approx(half_life, rel=0.2)


def test_seasons_and_trends_are_taken_out():
    month = np.arange(LONG) % 12 + 1
    walk = history(level(0.5, half_life_months=3.0))
    season = walk * np.exp(0.5 * np.sin(month * np.pi / 6))
    made = fit_level(season, source=SAID, month=month)
    assert made.half_life_months == pytest.approx(3.0, rel=0.25)
    assert made.volatility == pytest.approx(0.5, rel=0.1)
    falling = walk * np.exp(-0.02 * np.arange(LONG))
    made = fit_level(falling, source=SAID, trend=True)
    assert made.half_life_months == pytest.approx(3.0, rel=0.25)


def test_what_stays_for_years_is_a_walk_and_what_is_gone_at_once_is_noise():
    assert fit_level(history(level(0.3)), source=SAID).half_life_months is None
    noise = np.exp(np.random.default_rng(0).normal(size=LONG) * 0.1)
    quick = fit_level(noise, source=SAID).half_life_months
    assert quick is not None
    assert quick < 0.5
    assert fit_level(np.ones(30), source=SAID).volatility == 0


def answered(seed, *, entry=36.0, speed=1.5, delay=3, sd=0.05, months=360):
    """Return hashprice and hashrate of miners who follow the rule, told from scratch."""
    draws = np.random.default_rng(seed).normal(size=(2, months))
    reward, logs, hashrate = 0.0, [], [1000.0]
    for m in range(months):
        reward = 0.97 * reward + 0.17 * draws[0, m]
        logs.append(np.log(36.0) + reward - np.log(hashrate[-1] / 1000.0))
        ordered = max(logs[m - delay] - np.log(entry), 0.0) if m >= delay else 0.0
        growth = speed / 12 * ordered - 0.01 + sd / 12**0.5 * draws[1, m]
        hashrate.append(hashrate[-1] * np.exp(growth))
    return np.exp(logs), np.array(hashrate[:-1])


def test_how_miners_answered_is_recovered():
    found = [fit_hashrate(*answered(seed), source=SAID, progress=0.0) for seed in range(6)]
    assert np.mean([one.entry_speed for one in found]) == pytest.approx(1.5, rel=0.35)
    assert np.median([one.delivery_months for one in found]) == pytest.approx(3, abs=1)
    assert np.mean([one.entry_usd_ph_day for one in found]) == pytest.approx(36.0, rel=0.3)
    assert np.mean([one.volatility for one in found]) == pytest.approx(0.05, rel=0.4)


def test_too_short_a_history_or_one_with_holes_is_refused():
    with pytest.raises(InputError, match="at least 12"):
        fit_walk(np.ones(11), source=SAID)
    with pytest.raises(InputError, match="at least 24"):
        fit_level(np.ones(23), source=SAID)
    with pytest.raises(InputError, match="hashrate"):
        fit_hashrate(np.ones(40), np.zeros(40), source=SAID)
    with pytest.raises(InputError, match="above 0"):
        fit_walk(np.append(np.ones(20), -1.0), source=SAID)
