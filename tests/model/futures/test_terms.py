# SPDX-License-Identifier: Apache-2.0
from datetime import date

import pytest

from loadstone.model.errors import InputError
from loadstone.model.futures.events import Hazard
from loadstone.model.futures.level import Level
from loadstone.model.futures.named import NamedFuture
from loadstone.model.futures.terms import Futures

WALK = Level(volatility=0.5, source="a test")


def futures(**parts):
    return Futures(source="a test", date=date(2026, 11, 21), **parts)


def named(weight, name="one", **more):
    return NamedFuture(name=name, weight=weight, source="a test", **more)


def test_weights_that_do_not_sum_to_one_are_refused():
    futures(named=(named(0.25), named(0.75, "two")))
    with pytest.raises(InputError, match=r"sum to 0\.75"):
        futures(named=(named(0.25), named(0.5, "two")))
    with pytest.raises(InputError, match="given once"):
        futures(named=(named(0.5), named(0.5)))
    with pytest.raises(InputError, match="weight"):
        named(0.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [("btc_price", (0.0,)), ("rent", (-1.0,)), ("fx", {"BRL": (0.0,)}), ("delay_years", -1.0)],
)
def test_a_stated_future_that_cannot_be_is_refused(field, value):
    with pytest.raises(InputError, match=field):
        named(1.0, **{field: value})


def test_hashprice_alone_or_what_it_follows_from():
    assert futures(hashprice=WALK).drawable
    with pytest.raises(InputError, match="in place of"):
        futures(hashprice=WALK, btc=WALK)


def test_countries_once_and_weather_years_that_are_some():
    hazard = Hazard(country="BR", source="a test")
    with pytest.raises(InputError, match=r"hazards\[1\]"):
        futures(hazards=(hazard, hazard))
    with pytest.raises(InputError, match="weather_years"):
        futures(weather_years=0)


def test_without_parameters_nothing_can_be_drawn():
    assert not futures(weather_years=3).drawable
    assert not futures(named=(named(1.0),)).drawable
