# SPDX-License-Identifier: Apache-2.0
import json
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from loadstone.adapters.sources.statistics_file import (
    from_table,
    price_zones,
    read_calibration,
    read_stations,
    read_weather_calibration,
    to_table,
    weather_places,
    write_text,
)
from loadstone.model.errors import InputError


def test_statistics_survive_the_way_through_json():
    market = read_calibration("DE-LU")
    text = write_text({"price": market and to_table(market)})
    again = from_table(json.loads(text)["price"])
    np.testing.assert_array_equal(again.quantiles, market.quantiles)
    assert again.checks == market.checks
    assert again.negative == market.negative
    assert (again.level, again.years, again.lags) == (market.level, market.years, market.lags)


def test_unknown_missing_or_wrong_fields_are_refused():
    table = to_table(read_calibration("BR"))
    with pytest.raises(InputError, match="no field"):
        from_table(table | {"colour": 1})
    with pytest.raises(InputError, match="every field"):
        from_table({name: value for name, value in table.items() if name != "mean"})
    with pytest.raises(InputError, match="every field"):
        from_table(table | {"floor": {"share": 1.0}})


@pytest.mark.parametrize("zone", [zone for zone in price_zones() if not zone.startswith("CN")])
def test_observed_markets_are_dated_sourced_and_tested(zone):
    market = read_calibration(zone)
    assert market.zone == zone
    assert market.date
    assert market.source
    assert market.tested
    assert all(check.year not in market.years for check in market.checks)
    # The tables are over the level: their mean over a year is 1.
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    assert np.average(market.mean.mean(axis=1), weights=days) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("place", weather_places())
def test_observed_weather_is_tested(place):
    air, below = read_weather_calibration(place)
    assert air.tested
    assert below.tested
    assert (below.quantiles >= 0).all()
    assert below.follows > 0.05  # hot hours are dry hours


def test_stations_have_real_clocks_and_rising_temperatures():
    stations = read_stations()
    assert len(stations) >= 40
    for key, station in stations.items():
        ZoneInfo(station.time_zone)
        assert key.startswith(f"{station.country}-")
        assert station.id == key
    for name in (
        "RU-BRATSK",
        "RU-NORILSK",
        "BR-BRASILIA",
        "IN-MUMBAI",
        "CN-HOHHOT",
        "ZA-UPINGTON",
    ):
        assert name in stations


def test_what_is_not_shipped_says_what_is():
    with pytest.raises(InputError, match="BR, CN-GS"):
        read_calibration("XX")
    with pytest.raises(InputError, match="Dallas"):
        read_weather_calibration("XX")
