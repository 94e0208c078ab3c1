# SPDX-License-Identifier: Apache-2.0
"""What power costs, by use and month, under each kind of supply."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.plan.result import site_hours
from loadstone.engines.value.operating import operating_cash
from loadstone.engines.value.operating.power import shared
from loadstone.model.rule import Incentive
from loadstone.model.site import Limits
from tests.engines.plan.lower import tiny_network as tiny
from tests.engines.plan.test_books import SUPPLIES, swinging
from tests.engines.value.operating.planned import inflation, with_cash

HOURS = 24
power = st.lists(st.integers(0, 5), min_size=HOURS, max_size=HOURS).map(
    lambda row: np.array(row, dtype=float)
)
prices = st.lists(st.integers(-50, 100), min_size=HOURS, max_size=HOURS).map(
    lambda row: np.array(row, dtype=float)
)


def cash_of(network):
    found = tiny.solve(network, gap=1e-6)
    hours = site_hours(found.lowered, found.solution, found.hours)
    return found, operating_cash(found.plan, hours, network)


@given(power, power, prices)
def test_uses_bear_all_of_a_cost_in_proportion(first, second, hourly):
    borne = shared({"mining": first, "ai": second}, hourly)
    if first.sum() + second.sum():
        assert sum(one.sum() for one in borne.values()) == pytest.approx(hourly.sum())
        busy = first + second > 0
        per_mwh = np.where(busy, hourly / np.where(busy, first + second, 1.0), 0.0)
        rest = hourly[~busy].sum() / (first + second).sum()
        assert borne["mining"] == pytest.approx(first * (per_mwh + rest))


@pytest.mark.parametrize("kind", SUPPLIES)
def test_a_year_of_cash_is_the_bill(kind):
    found, table = cash_of(swinging(SUPPLIES[kind]))
    year = found.year()
    names = ("energy", "demand", "connection", "take_or_pay", "fixed")
    bill = sum(year.cost[name] for name in names)
    assert table.total("energy").sum() == pytest.approx(-bill, rel=1e-9)
    assert table.total("levies").sum() == pytest.approx(-year.cost["levies"], rel=1e-9)
    assert table.total("revenue").sum() == pytest.approx(sum(year.revenue.values()), rel=1e-9)


def test_a_demand_charge_of_two_months_is_paid_in_them():
    _, table = cash_of(swinging(SUPPLIES["demand charge in some months"]))
    (demand,) = [row for row in table.select("energy") if row.line == "demand"]
    assert np.flatnonzero(demand.amounts).tolist() == [10, 11]


def test_contracts_are_told_apart_from_what_follows_prices():
    _, table = cash_of(swinging(SUPPLIES["own generation"]))
    rows = {row.line: row for row in table.select("energy")}
    assert rows["energy:mining"].driver == "mining"
    assert rows["energy:supply"].contracted
    assert rows["energy:supply"].driver == ""


def test_what_is_paid_back_of_a_power_bill_is_cash():
    """The books have it in the line of tax; here it is half of what servers pay for power."""
    help_ = Incentive(
        id="help", name="Help", use="ai", status="law", power_bill_share=tiny.fact(0.5),
        source="law", date=tiny.DAY, confidence="high",
    )  # fmt: skip
    site = tiny.site(incentives=("help",), limits=Limits(mining_mw=0.0, ai_mw=2.0))
    facts = tiny.facts(countries={"AA": tiny.country(incentives=(help_,))})
    found, table = cash_of(tiny.network(site, given=facts, servers=("server",)))
    rows = {row.line: row.amounts.sum() for row in table.select("energy")}
    assert rows["energy:paid back"] == pytest.approx(-0.5 * rows["energy:ai"])
    # without taxes on income the line of tax in the books is nothing else
    assert found.year().cost["tax"] == pytest.approx(-rows["energy:paid back"])


def test_power_of_another_currency_follows_its_own_escalation():
    network = swinging(SUPPLIES["spot"])
    rates = inflation(USD=0.02)
    given = with_cash(network, inflation=rates, escalation={"energy": 0.12})
    found = tiny.solve(network, gap=1e-6)
    hours = site_hours(found.lowered, found.solution, found.hours)
    real, grown = (operating_cash(found.plan, hours, one) for one in (network, given))
    ratio = grown.total("energy")[11] / real.total("energy")[11]
    assert ratio == pytest.approx(1.12 ** (11 / 12))
