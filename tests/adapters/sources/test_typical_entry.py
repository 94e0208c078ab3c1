# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from loadstone.adapters.sources.statistics_file import (
    price_zones,
    read_stations,
    weather_places,
)
from loadstone.adapters.sources.typical_entry import typical_series
from loadstone.model.errors import InputError
from loadstone.model.series import Provenance

PRICES = {"kind": "prices", "zone": "BR-SE", "typical": "BR"}
LEVEL = {"level": 1500.0, "source": "me"}
SOLAR = {"kind": "solar", "zone": "s", "latitude": -15.8, "longitude": -47.9}
WIND = {"kind": "wind", "zone": "w", "time_zone": "America/Fortaleza"}


def test_prices_of_a_zone_come_from_named_statistics():
    (series,) = typical_series(PRICES, 2027)
    assert (series.zone, series.currency, series.year) == ("BR-SE", "BRL", 2027)
    assert series.share(Provenance.SYNTHETIC) == 1
    assert series.values.mean() == pytest.approx(169.8, abs=0.3)  # PLD of 2021 and 2022


def test_a_stated_level_is_said_with_its_source():
    (series,) = typical_series({"kind": "prices", "zone": "RU-2", "year": 2030} | LEVEL, 2027)
    assert series.values.mean() == pytest.approx(1500.0)
    assert series.year == 2030
    assert "level 1500 RUB/MWh given by the user" in series.note
    assert series.note.endswith("level: me")


@pytest.mark.parametrize("zone", ["RU-1", "RU-2", "CN-GS", "CN-SD", "CN-NM", "CN-SC", "CN-GZ"])
def test_zones_with_no_honest_level_ask_for_one(zone):
    with pytest.raises(InputError, match="only the shape is known"):
        typical_series({"kind": "prices", "zone": zone}, 2027)


def test_another_currency_needs_a_level_in_it():
    with pytest.raises(InputError, match="state the level in it"):
        typical_series(PRICES | {"currency": "USD"}, 2027)
    (series,) = typical_series(PRICES | {"currency": "USD"} | LEVEL, 2027)
    assert series.currency == "USD"


def test_weather_comes_from_a_station_or_an_observed_place():
    air, wet = typical_series({"kind": "weather", "zone": "RU-BRATSK"}, 2027)
    assert (air.variable, wet.variable) == ("drybulb_c", "wetbulb_c")
    renamed, _ = typical_series({"kind": "weather", "zone": "home", "typical": "Toronto"}, 2027)
    assert renamed.zone == "home"
    assert "tested against" in renamed.note


def test_solar_and_wind_come_from_a_plant():
    (solar,) = typical_series(SOLAR | {"capacity_factor": 0.26, "mounting": "fixed"}, 2027)
    (wind,) = typical_series(WIND | {"capacity_factor": 0.4, "windiest_day": 250}, 2027)
    assert solar.values.mean() == pytest.approx(0.26)
    assert wind.values.mean() == pytest.approx(0.4)


def test_sites_with_one_seed_do_not_share_their_noise_and_repeat_it_every_time():
    one, other = (typical_series(WIND | {"zone": zone}, 2027)[0].values for zone in ("a", "b"))
    again = typical_series(WIND | {"zone": "a"}, 2027)[0].values
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.3
    np.testing.assert_array_equal(one, again)
    reseeded = typical_series(WIND | {"zone": "a", "seed": 1}, 2027)[0].values
    assert (one != reseeded).any()


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"zone": "x"}, "kind = None"),
        ({"kind": "prices"}, "zone = None"),
        ({"kind": "rain", "zone": "x"}, "must be one of"),
        (PRICES | {"latitude": 3.0}, "is no field of typical prices"),
        (PRICES | {"typical": "XX"}, "must be one of BR"),
        (PRICES | {"typical": 3}, "must be a text"),
        (PRICES | {"seed": -1}, "whole number"),
        (PRICES | {"seed": True}, "whole number"),
        (PRICES | {"level": "much"}, "must be a number"),
        (PRICES | {"level": 10.0}, "must say where the level comes from"),
        ({"kind": "weather", "zone": "x"}, "must be a station"),
        ({"kind": "solar", "zone": "x", "latitude": 1.0}, "longitude"),
        ({"kind": "wind", "zone": "x"}, "time_zone"),
        (WIND | {"capacity_factor": 1.5}, "between 0 and 1"),
    ],
)
def test_each_fault_is_one_clear_error(entry, says):
    with pytest.raises(InputError, match=says):
        typical_series(entry, 2027)


def test_every_station_and_zone_makes_a_year():
    entries = [{"kind": "weather", "zone": station} for station in read_stations()]
    entries += [{"kind": "prices", "zone": zone} | LEVEL for zone in price_zones()]
    for entry in entries:
        for series in typical_series(entry, 2027):
            assert series.values.shape == (8760,)
            assert np.isfinite(series.values).all()


@pytest.mark.parametrize("zone", price_zones())
def test_every_shipped_zone_makes_a_year(zone):
    (series,) = typical_series({"kind": "prices", "zone": zone} | LEVEL, 2027)
    assert series.values.mean() == pytest.approx(1500.0)


@pytest.mark.parametrize("place", weather_places())
def test_every_observed_place_makes_a_year(place):
    air, wet = typical_series({"kind": "weather", "zone": place}, 2027)
    assert (wet.values <= air.values).all()
