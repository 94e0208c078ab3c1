# SPDX-License-Identifier: Apache-2.0
"""Operating cost in lines: staff, repairs, insurance, property tax, decommissioning."""

from dataclasses import replace

import pytest

from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lower.upkeep import LINES, sinking_fund, upkeep
from loadstone.engines.plan.lp import solve_lp
from loadstone.model.network import Stated
from tests.engines.plan.lower import tiny_network as tiny

MACHINES = 10 / tiny.PUE
SHARES = {"insurance": 0.004, "property_tax": 0.005, "decommissioning": 0.03}


def lines(country=None, **costs):
    given = tiny.with_costs(**SHARES | costs)
    if country is not None:
        given = replace(given, countries={"AA": country})
    return Economy(tiny.network(given=given)), country or tiny.country()


def test_a_sinking_fund_grows_to_what_the_end_costs():
    payment = sinking_fund(0.1, 7)
    assert sum(payment * 1.1**k for k in range(7)) == pytest.approx(1)


def test_a_hall_has_all_lines():
    economy, country = lines()
    found = upkeep(economy, country, "mining_hall", 400_000.0, 10.0)
    end = 400_000 * 0.03
    assert tuple(found) == LINES
    assert found == {
        "staff": 10_000.0,
        "repairs": 20_000.0,
        "insurance": pytest.approx(1600),
        "property_tax": pytest.approx(2000),
        "decommissioning": pytest.approx(end / sum(1.1**k for k in range(10))),
    }


@pytest.mark.parametrize(
    ("asset", "expected"),
    [
        ("connection", {"decommissioning"}),
        ("miner:miner", {"insurance"}),
        ("server:server", {"insurance"}),
        ("solar", {"repairs", "insurance", "property_tax", "decommissioning"}),
        ("transformer", {"insurance", "property_tax", "decommissioning"}),
        ("conversion:ai_hall_air", set()),
    ],
)
def test_each_kind_of_asset_has_its_lines(asset, expected):
    economy, country = lines()
    assert set(upkeep(economy, country, asset, 1e6, 10.0)) == expected


def test_what_has_no_price_has_no_line_that_is_taken_from_it():
    economy, country = lines()
    assert set(upkeep(economy, country, "backup", None, 25.0)) == {"repairs"}


def test_a_country_says_its_own_property_tax_unless_the_network_does():
    country = tiny.country(property_tax=tiny.fact(0.022, "1/year"))
    economy, _ = lines(country)
    assert upkeep(economy, country, "solar", 1e6, 25.0)["property_tax"] == pytest.approx(22e3)
    stated = Stated(value=0.001, source="a test", date=tiny.DAY)
    economy = Economy(tiny.network(costs={"property-tax": stated}))
    assert upkeep(economy, country, "solar", 1e6, 25.0)["property_tax"] == pytest.approx(1e3)


def test_the_lines_are_in_the_plan_and_in_its_books():
    given = tiny.with_costs(**SHARES)
    tax = tiny.treatment(rate=0.25)
    taxed = replace(given, countries={"AA": tiny.country(mining=tax, ai=tax)})
    found = tiny.solve(tiny.network(given=taxed, years=(2027, 2028)))
    year = found.year(2028)
    hall, miners, link = MACHINES * 400_000, MACHINES * 1e6, 10 * 200_000
    assert year.cost["staff"] == pytest.approx(MACHINES * 10_000)
    assert year.cost["repairs"] == pytest.approx(MACHINES * 20_000)
    assert year.cost["insurance"] == pytest.approx(0.004 * (hall + miners))
    assert year.cost["property_tax"] == pytest.approx(0.005 * hall)
    assert year.cost["decommissioning"] == pytest.approx(
        0.03 * (hall * sinking_fund(0.1, 10) + link * sinking_fund(0.1, 25))
    )
    counted = sum(year.revenue.values()) - sum(v for k, v in year.cost.items() if k != "tax")
    assert year.cost["tax"] == pytest.approx(0.25 * counted, rel=1e-6)
    whole = solve_lp(found.lowered.problem, gap=1e-9)
    assert found.solution.objective == pytest.approx(whole.objective, rel=1e-6)
