# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.value.futures.many import Stated
from loadstone.engines.value.futures.weathered import Weathered, price_levels
from tests.engines.plan.lower import tiny_network as tiny
from tests.engines.value.futures.books import small_book, small_paths

FACTORS = ("hashprice", "power:A1", "power:B")


def with_prices(values):
    network = tiny.network()
    return replace(network, prices={"A1": tiny.series("prices", "price", "USD/MWh", values)})


def test_levels_are_those_of_months_over_the_plans_year():
    dear = np.full(tiny.HOURS, 50.0)
    dear[: 31 * 24] = 75.0  # January
    levels = price_levels(FACTORS, [with_prices(np.full(tiny.HOURS, 50.0)), with_prices(dear)])
    assert list(levels) == [1]
    assert levels[1][0].tolist() == [1.0] * 12
    assert levels[1][1] == pytest.approx([1.5] + [1.0] * 11)


def test_one_factor_for_all_zones_has_their_mean():
    one, two = with_prices(np.full(tiny.HOURS, 50.0)), with_prices(np.full(tiny.HOURS, 60.0))
    assert price_levels(("power",), [one, two])[0][1] == pytest.approx([1.2] * 12)


def test_one_weather_year_moves_nothing():
    assert price_levels(FACTORS, [with_prices(np.full(tiny.HOURS, 50.0))]) == {}
    same = with_prices(np.full(tiny.HOURS, 50.0))
    assert price_levels(FACTORS, [same, same]) == {}


def test_prices_of_a_month_near_nothing_are_held():
    low, high = with_prices(np.full(tiny.HOURS, 0.01)), with_prices(np.full(tiny.HOURS, 60.0))
    assert price_levels(FACTORS, [low, high])[1].max() == 5.0


def test_each_future_has_the_level_of_its_own_years():
    book = small_book(months=24)
    paths = small_paths(book, count=6)
    level = np.ones((2, 12))
    level[1] = np.arange(1, 13)
    month = np.arange(24) % 12
    source = Weathered(source=Stated(paths), levels={2: level}, year=book.year, month=month)
    values, happens, weather = source.room(6)
    source.into(values, happens, weather, 0)
    for n in range(6):
        for m in (0, 5, 13):
            expected = level[paths.weather[n, m // 12], m % 12]
            assert values[2, n, m] == pytest.approx(paths.values[2, n, m] * expected)
    assert np.array_equal(values[0], paths.values[0])
