# SPDX-License-Identifier: Apache-2.0

from datetime import date

import pytest

from loadstone.model.errors import InputError
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.multiplier import Multiplier


def multiplier(**changed):
    given = {"country": "BR", "low": 1.2, "high": 1.9, "source": "a study"}
    return Multiplier(**given | changed, date=date(2026, 1, 1))


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"source": " "}, "source"),
        ({"low": 0.5}, "low, high"),
        ({"low": 1.9}, "low, high"),
        ({"low": 2.0}, "low, high"),
        ({"high": 11.0}, "low, high"),
        ({"high": float("nan")}, "low, high"),
    ],
    ids=str,
)
def test_a_multiplier_needs_a_source_and_a_range(changed, field):
    with pytest.raises(InputError) as found:
        multiplier(**changed)
    assert found.value.field == field


def test_a_country_has_one_multiplier():
    assert Deals(multipliers=(multiplier(), multiplier(country="IN")))
    with pytest.raises(InputError, match="one a country"):
        Deals(multipliers=(multiplier(), multiplier(high=2.0)))
