# SPDX-License-Identifier: Apache-2.0
"""Observed series of shared/data, where that folder is there."""

import json
import runpy
from pathlib import Path

import numpy as np
import pytest

from loadstone.adapters.sources.folder import read_series_folder, write_series
from loadstone.adapters.sources.importing import import_series
from loadstone.adapters.sources.statistics_file import (
    read_calibration,
    read_weather_calibration,
    to_table,
)
from tests.shared_data import SHARED, needs_shared

pytestmark = needs_shared
TOOL = Path(__file__).parents[3] / "tools" / "calibrate_shipped.py"
MARKETS = "electricity/hourly_prices_2021_2023.parquet"
UES = "electricity/russia_ues_hourly_2017.parquet"


def test_brazils_prices_have_their_published_means(tmp_path):
    found = import_series(SHARED / MARKETS, kind="prices", zone="BR-SE", where={"market": "BR"})
    means = [series.values.mean() for series in found.series]
    # Annual means of the PLD, Sudeste/Centro-Oeste: 280.5, 59.0 and 72.2 BRL/MWh.
    np.testing.assert_allclose(means, [280.5, 59.0, 72.2], atol=0.1)
    write_series(tmp_path, found)
    library = read_series_folder(tmp_path, typical_year=2027)
    assert library.by_zone("prices", "price")["BR-SE"].year == 2023


def test_siberias_prices_of_2017_come_in(tmp_path):
    found = import_series(
        SHARED / UES,
        kind="prices",
        zone="RU-2",
        value_column="da_Siberia",
        tz="Etc/GMT-3",
        currency="RUB",
    )
    assert found.series[0].values.mean() == pytest.approx(856, abs=1)


def test_indias_removed_weeks_are_named_and_filled_only_when_asked():
    options = {"kind": "prices", "zone": "IN-WE", "where": {"market": "IN"}}
    with pytest.raises(Exception, match="2022-05-17 01:00 UTC = '166 missing'"):
        import_series(SHARED / MARKETS, **options)
    found = import_series(SHARED / MARKETS, fill="previous-week", **options)
    assert found.series[1].share(1) == pytest.approx(186 / 8760)


def test_our_wet_bulb_is_near_the_one_in_the_file():
    found = import_series(
        SHARED / "climate/weather_hourly_2021_2023.parquet",
        kind="weather",
        zone="Dallas",
        where={"site": "US-TEX-ERCO"},
    )
    assert found.series[1].values.mean() == pytest.approx(15.1, abs=0.5)


def test_the_shipped_statistics_are_those_of_the_tool():
    tool = runpy.run_path(str(TOOL))
    for made in tool["price_statistics"](SHARED):
        assert json.loads(json.dumps(to_table(made))) == to_table(read_calibration(made.zone))
    for air, below in tool["weather_statistics"](SHARED):
        shipped = read_weather_calibration(air.zone.replace(" ", "-"))
        assert to_table(air) == to_table(shipped[0])
        assert to_table(below) == to_table(shipped[1])


def test_the_shapes_hold_for_years_that_were_not_used():
    # How far off the hourly shape was in a year not used, over the level; Texas 2021 was the
    # February scarcity, which no shape of other years holds.
    worst = {
        zone: max(check.hour_error for check in read_calibration(zone).checks)
        for zone in ("BR", "IN", "DE-LU", "US-CAL-CISO", "RU-1", "RU-2", "US-TEX-ERCO")
    }
    assert worst.pop("US-TEX-ERCO") > 0.5
    assert max(worst.values()) < 0.1
