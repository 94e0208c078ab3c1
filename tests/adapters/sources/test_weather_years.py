# SPDX-License-Identifier: Apache-2.0
from itertools import pairwise

import numpy as np
import pytest

from loadstone.adapters.sources.folder import over_first, write_series
from loadstone.adapters.sources.importing import import_series
from loadstone.adapters.sources.weather_years import read_weather_years
from loadstone.model.grid import TimeGrid
from tests.adapters.sources.made import PRICES, csv_file, rows
from tests.network_folders import everything, read


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return everything(tmp_path_factory.mktemp("weather"))


def measured(folder, year, factor):
    utc = TimeGrid.planning_year(year).utc()
    file = csv_file(folder, rows(utc, PRICES * factor), name=f"{year}.csv")
    made = import_series(
        file, kind="prices", zone="BR-SE", currency="BRL", value_column="price"
    )
    write_series(folder, made)


def test_typical_years_are_drawn_again_and_are_synthetic(folder):
    network = read(folder)
    years = read_weather_years(folder, network, 3)
    assert [year.name for year in years] == ["synthetic 1", "synthetic 2", "synthetic 3"]
    assert all(year.synthetic for year in years)
    assert years[0].network is network
    prices = [year.network.prices["BR-SE"].values for year in years]
    assert all((a != b).any() for a, b in pairwise(prices))
    assert [p.mean() for p in prices] == pytest.approx([prices[0].mean()] * 3, rel=0.1)
    again = read_weather_years(folder, network, 3)[2].network.prices["BR-SE"].values
    np.testing.assert_array_equal(again, prices[2])


def test_measured_years_are_taken_whole_the_newest_first(tmp_path):
    folder = everything(tmp_path)
    for year, factor in ((2021, 2.0), (2022, 1.0), (2023, 1.5)):
        measured(folder, year, factor)
    network = read(folder)
    years = read_weather_years(folder, network, 4)
    assert [year.name for year in years] == ["2023", "2022", "2021", "2023"]
    means = [year.network.prices["BR-SE"].values.mean() for year in years]
    mean = PRICES.mean()
    assert means == pytest.approx([1.5 * mean, mean, 2 * mean, 1.5 * mean], rel=1e-6)
    sun = [year.network.drybulb_c for year in years]  # typical here, so drawn again
    assert (next(iter(sun[0].values())).values != next(iter(sun[3].values())).values).any()


def test_networks_know_the_prices_of_their_weather_years_where_futures_ask(tmp_path):
    folder = everything(tmp_path)
    for year, factor in ((2021, 2.0), (2022, 1.0), (2023, 1.5)):
        measured(folder, year, factor)
    assert read(folder).price_years == {}
    text = 'source = "a test"\ndate = 2026-11-21\nweather_years = 3\n'
    walk = '[lease]\nvolatility = 0.1\nsource = "a test"\n'
    (folder / "futures.toml").write_text(text + walk, "utf-8")
    ratio = read(folder).price_years["BR-SE"]
    assert ratio.shape == (3, 12)
    np.testing.assert_allclose(ratio[0], 1.0)
    np.testing.assert_allclose(ratio[1:].mean(axis=1), [1 / 1.5, 2 / 1.5], rtol=0.02)


def test_prices_that_are_not_above_zero_count_as_those_of_the_plan():
    rows = np.array([[50.0, 0.0, 20.0], [60.0, 30.0, -5.0]])
    np.testing.assert_allclose(over_first(rows), [[1, 1, 1], [1.2, 1, 1]])
