# SPDX-License-Identifier: Apache-2.0
"""A typical year keeps what its statistics say: the tolerances here are the promise."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.adapters.sources.statistics_file import read_calibration
from loadstone.engines.series import Subject, calibrate, typical_prices, typical_values
from loadstone.engines.series.scores import cells
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Provenance

GRID = TimeGrid.planning_year(2027)
ZONE = "Europe/Berlin"


def invented_market(seed=0, floor=None):
    """Return two years of prices with seasons, hours, memory, negative hours and spikes."""
    rng = np.random.default_rng(seed)
    utc = np.concatenate([TimeGrid.planning_year(y).utc() for y in (2022, 2023)])
    t = np.arange(len(utc))
    slow = np.zeros(len(utc))
    drawn = rng.normal(0, 1, len(utc))
    for i in range(1, len(utc)):
        slow[i] = 0.95 * slow[i - 1] + np.sqrt(1 - 0.95**2) * drawn[i]
    base = 80 + 20 * np.cos(2 * np.pi * t / 8760) - 25 * np.cos(2 * np.pi * (t % 24 - 18) / 24)
    weekend = (utc.astype("datetime64[D]").astype(int) + 3) % 7 >= 5
    values = base + 30 * slow - 12 * weekend + 150 * np.maximum(slow - 1.5, 0.0) ** 2
    return (values if floor is None else np.maximum(values, floor)), utc


def statistics(floor=None):
    values, utc = invented_market(floor=floor)
    return calibrate(values, utc, Subject(zone="X", currency="EUR", time_zone=ZONE))


MARKET = statistics()
FLOORED = statistics(floor=60.0)
MARKETS = (MARKET, FLOORED)


def year_of(calibration, seed=1, **options):
    return typical_prices(calibration, GRID, generator=np.random.default_rng(seed), **options)


def again(series):
    """Return the statistics of a typical year."""
    subject = Subject(zone="X", currency="EUR", time_zone=ZONE)
    return calibrate(series.values, GRID.utc(), subject)


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_month_by_hour_means_are_kept_exactly(seed):
    values = year_of(MARKET, seed).values
    cell = cells(GRID.local_month(ZONE), GRID.local_hour(ZONE))
    found = np.bincount(cell, values, 288) / np.bincount(cell, minlength=288)
    np.testing.assert_allclose(found, MARKET.level * MARKET.mean.ravel(), rtol=1e-9)


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_spread_memory_and_rare_hours_are_kept(seed):
    for market in MARKETS:
        found = again(year_of(market, seed))
        spread = [np.sqrt((table.spread**2).mean(axis=1)) for table in (found, market)]
        np.testing.assert_allclose(spread[0], spread[1], rtol=0.25)
        # Hours at a floor have no rank of their own: where many share it, memory is looser.
        loose = market.floor.share / 4
        for lag, tolerance in ((1, 0.02 + loose), (24, 0.1 + loose), (168, 0.1 + loose)):
            place = list(market.lags).index(lag)
            wanted = market.autocorrelation[place]
            assert found.autocorrelation[place] == pytest.approx(wanted, abs=tolerance)
        for kind in ("negative", "floor", "spike"):
            kept, wanted = getattr(found, kind), getattr(market, kind)
            assert kept.share == pytest.approx(wanted.share, rel=0.15, abs=0.003)
            if wanted.share > 0.005:
                assert kept.mean == pytest.approx(wanted.mean, rel=0.15)
                assert 0.5 < kept.run_hours / wanted.run_hours < 1.5
        assert found.weekend_ratio == pytest.approx(market.weekend_ratio, abs=0.12)


def test_hours_at_a_floor_stay_exactly_at_it():
    values = year_of(FLOORED).values
    assert np.mean(values <= values.min() * (1 + 1e-6)) == pytest.approx(
        FLOORED.floor.share, rel=0.1
    )


def test_a_stated_level_is_the_mean_and_keeps_the_shape():
    plain, stated = year_of(MARKET), year_of(MARKET, level=33.0)
    assert stated.values.mean() == pytest.approx(33.0, rel=1e-12)
    ratio = stated.values / plain.values
    assert np.ptp(ratio) < 1e-9
    assert "level 33 EUR/MWh given by the user" in stated.note
    assert "given by the user" not in plain.note


def test_the_year_is_labelled_synthetic_and_says_whether_its_shape_was_tested():
    made = year_of(MARKET)
    assert made.share(Provenance.SYNTHETIC) == 1
    assert "shape untested" in made.note
    assert (made.kind, made.variable, made.currency, made.year) == (
        "prices",
        "price",
        "EUR",
        2027,
    )
    noted = year_of(replace(MARKET, note="old"))
    assert noted.note.endswith("; old")


def test_the_same_generator_gives_the_same_year_to_the_bit():
    np.testing.assert_array_equal(year_of(MARKET, 5).values, year_of(MARKET, 5).values)
    assert (year_of(MARKET, 5).values != year_of(MARKET, 6).values).any()


def test_where_only_the_shape_is_known_the_level_must_be_stated():
    shape = replace(MARKET, level=None)
    with pytest.raises(InputError, match="only the shape is known"):
        year_of(shape)
    assert year_of(shape, level=40.0).values.mean() == pytest.approx(40.0)


@pytest.mark.parametrize("level", [0.0, -5.0, float("inf"), float("nan")])
def test_levels_that_are_no_price_level_are_refused(level):
    with pytest.raises(InputError, match="above 0"):
        year_of(MARKET, level=level)


def test_a_market_that_never_moves_is_kept_flat():
    flat = calibrate(
        np.full(8760, 7.0),
        TimeGrid.planning_year(2023).utc(),
        Subject(zone="X", time_zone="UTC"),
    )
    np.testing.assert_allclose(year_of(flat).values, 7.0)


def test_a_following_series_moves_with_its_lead():
    lead = np.random.default_rng(9).standard_normal(GRID.count)
    follower = replace(MARKET, follows=0.9)
    _, scores = typical_values(follower, GRID, np.random.default_rng(1), lead=lead)
    assert np.corrcoef(scores, lead)[0, 1] > 0.7


@pytest.mark.parametrize(
    "zone", ["DE-LU", "IN", "US-CAL-CISO", "US-TEX-ERCO", "BR", "RU-1", "RU-2"]
)
def test_shipped_markets_keep_their_statistics(zone):
    market = replace(read_calibration(zone), level=1.0)
    made = typical_prices(market, GRID, generator=np.random.default_rng(4))
    subject = Subject(zone=zone, currency=market.currency, time_zone=market.time_zone)
    found = calibrate(made.values, GRID.utc(), subject)
    np.testing.assert_allclose(found.mean, market.mean, rtol=0.002, atol=0.002)
    spread = [np.sqrt((table.spread**2).mean()) for table in (found, market)]
    assert spread[0] == pytest.approx(spread[1], rel=0.1)
    for lag, tolerance in ((1, 0.05), (24, 0.1), (168, 0.1)):
        place = list(market.lags).index(lag)
        kept, wanted = found.autocorrelation[place], market.autocorrelation[place]
        assert kept == pytest.approx(wanted, abs=tolerance)
    for kind in ("negative", "floor", "spike"):
        kept, wanted = getattr(found, kind), getattr(market, kind)
        # Two floors pooled in one market blur: up to a fifth of those hours may leave them.
        assert kept.share == pytest.approx(wanted.share, rel=0.2, abs=0.002)
        # Brazil's floor and dry spells last for months, which no cell of a month knows.
        if wanted.share > 0.004 and zone != "BR":
            assert 0.25 < kept.run_hours / wanted.run_hours < 1.5
    assert found.weekend_ratio == pytest.approx(market.weekend_ratio, abs=0.15)
