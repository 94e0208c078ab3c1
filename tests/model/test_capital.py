# SPDX-License-Identifier: Apache-2.0

import pytest

from loadstone.model.capital import Discount, Investor
from loadstone.model.errors import InputError


def investor(**changes):
    return Investor(**{"id": "a", "name": "A", "country": "AE", "capital": 1.0} | changes)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"capital": -1.0}, "capital"),
        ({"capital": float("inf")}, "capital"),
        ({"capital_per_phase": (1.0, -1.0)}, "capital_per_phase"),
    ],
)
def test_capital_is_finite_and_not_below_nothing(changes, field):
    with pytest.raises(InputError) as found:
        investor(**changes)
    assert found.value.field == field


@pytest.mark.parametrize(
    ("country", "revenue", "rate", "field"),
    [
        ({"RU": 0.9}, {}, 0.1, "discount.country.RU"),
        ({"RU": -0.1}, {}, 0.1, "discount.country.RU"),
        ({}, {"lease": -0.1}, 0.1, "discount.revenue.lease"),
        ({"RU": 0.5}, {"ai": 0.4}, 0.1, "discount.revenue.ai"),
    ],
)
def test_every_rate_lies_between_0_and_1(country, revenue, rate, field):
    with pytest.raises(InputError) as found:
        Discount(country=country, revenue=revenue).check(rate)
    assert found.value.field == field


def test_premiums_may_be_below_0():
    Discount(country={"AE": -0.02}, revenue={"lease": -0.02, "mining": 0.02}).check(0.1)
