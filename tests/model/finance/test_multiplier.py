# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import pytest

from loadstone.model.agreement import disagreements
from loadstone.model.errors import InputError
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.multiplier import Multiplier
from tests.network_folders import campus, read


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


def test_a_multiplier_is_of_a_country_with_a_site(tmp_path):
    network = read(campus(tmp_path))
    deals = Deals(multipliers=(multiplier(), multiplier(country="IN")))
    found = disagreements(replace(network, deals=deals))
    assert [(e.file, e.field) for e in found] == [("deals.toml", "multipliers[1].country")]
