# SPDX-License-Identifier: Apache-2.0
"""The books of a plan: what the planner charged is the bill, and all parts add up."""

from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.plan.books import SiteBooks
from loadstone.model.connection import Connection
from loadstone.model.site import Limits, Opening
from loadstone.model.tariff import (
    CapacityCharge,
    DemandCharge,
    ExportPrice,
    FixedCharge,
    FlatLevy,
    Losses,
    NetworkCharge,
    OwnGeneration,
    TakeOrPay,
    Tiers,
)
from loadstone.model.tariff.tiers import TieredWindow
from tests.engines.plan.lower import tiny_network as tiny

SWING = 60 + 120 * np.sin(np.arange(tiny.HOURS) * 2 * np.pi / 24)  # mining stops in the evening
AT = {"currency": "USD", "zone": "UTC"}
SPOT = tiny.spot(adder=4.0)
DEMAND = DemandCharge(
    **AT, name="demand", rates=(900.0,), lookback_share=0.8, lookback_months=(6, 7)
)
CONTRACT = TakeOrPay(
    **AT, name="contract", limit_mw=2.0, per_mwh=45.0, minimum_share=0.9, settled="year"
)
TIERS = Tiers(
    **AT, name="tiers", edges_mwh=(3000.0,), scope="month_total_prorated",
    windows=(TieredWindow(name="all", per_mwh=(55.0, 75.0)),),
)  # fmt: skip
SUPPLIES = {
    "spot": (SPOT,),
    "losses": (SPOT, Losses(**AT, name="losses", share=0.03)),
    "demand charge with look-back": (SPOT, DEMAND),
    "demand charge in some months": (SPOT, DemandCharge(
        **AT, name="winter demand", rates=(0.0,) * 10 + (2000.0,) * 2)),
    "contract demand with penalty": (SPOT, DemandCharge(
        **AT, name="contract demand", rates=(500.0,), contract_mw=6.0, floor_share=0.8,
        excess_rate=700.0)),
    "take or pay": (SPOT, CONTRACT),
    "fixed and capacity": (
        SPOT,
        FixedCharge(**AT, name="fixed", per_month=2000.0),
        CapacityCharge(**AT, name="capacity", per_mw_month=300.0),
        NetworkCharge(**AT, name="network", per_mwh=3.0),
    ),
    "levy on mining": (SPOT, FlatLevy(**AT, name="levy", use="mining", per_mwh=2.0)),
    "two contracts": (SPOT, CONTRACT, replace(CONTRACT, name="second", per_mwh=80.0)),
    "contract settled by the month": (SPOT, replace(CONTRACT, settled="month")),
    "own generation": (SPOT, OwnGeneration(**AT, name="engine", limit_mw=1.0, per_mwh=60.0)),
    "export": (SPOT, OwnGeneration(**AT, name="engine", limit_mw=3.0, per_mwh=60.0),
               ExportPrice(**AT, name="fed in", series="A1", multiplier=0.9)),
}  # fmt: skip


def paying_site(supply, **changes):
    """Return a site of a power purchaser, taxed at 25 %, all costs deductible."""
    connection = Connection(max_mw=10.0, export_share=0.5)
    return tiny.site(supply=supply, connection=connection, **changes)


def taxed():
    taxes = tiny.treatment(rate=0.25)
    return tiny.facts(countries={"AA": tiny.country(mining=taxes, ai=taxes)})


def swinging(supply):
    """Return a network of one taxed site under prices that stop it every evening."""
    return tiny.network(paying_site(supply), given=taxed(), prices=SWING)


def books_of(found, site=0):
    return SiteBooks(found.lowered, found.lowered.sites[site], found.solution, found.hours)


def in_total(found):
    """Return what the site-years, discounted, leave."""
    weights = dict(zip(found.plan.phases, found.lowered.economy.weights, strict=True))
    return sum(
        weights[y.phase] * (sum(y.revenue.values()) - sum(y.cost.values()) - y.annuity)
        for y in found.plan.site_years
    )


@pytest.mark.parametrize("kind", SUPPLIES)
def test_the_planner_charges_what_the_bill_says(kind):
    found = tiny.solve(
        tiny.network(paying_site(SUPPLIES[kind]), given=taxed(), prices=SWING), gap=1e-8
    )
    books, year = books_of(found), found.year()
    load = books.load(0)
    bill = found.lowered.sites[0].hours[0].card.charge(load)
    kinds = ("energy", "demand", "connection", "levies", "take_or_pay", "fixed")
    charged = sum(year.cost[k] for k in kinds) - year.revenue["export"]
    assert charged == pytest.approx(bill, rel=1e-9)
    assert 0 <= load.import_mw.min() < load.import_mw.max()
    assert found.lowered.sites[0].hours[0].card.approximated() == ()


@pytest.mark.parametrize("kind", SUPPLIES)
def test_after_tax_the_objective_is_revenue_less_bill_and_capital(kind):
    # Everything is deductible at one rate, so tax is 25 % of what is left before capital.
    found = tiny.solve(
        tiny.network(paying_site(SUPPLIES[kind]), given=taxed(), prices=SWING), gap=1e-8
    )
    year = found.year()
    card, load = found.lowered.sites[0].hours[0].card, books_of(found).load(0)
    kept = year.cost["staff"] + year.cost["repairs"]
    earned = year.revenue["mining"] - card.charge(load) - kept
    assert found.plan.objective == pytest.approx((0.75 * earned - year.annuity) / 1.1, rel=1e-6)
    assert year.cost["tax"] == pytest.approx(0.25 * earned, rel=1e-5)


def test_demand_that_is_held_for_a_contract_is_a_line_of_its_own():
    # the contract is dear at night, so that it and the grid do not peak together
    paid = replace(CONTRACT, limit_mw=4.0, per_mwh=65.0, minimum_share=0.3)
    found = tiny.solve(
        tiny.network(paying_site((SPOT, DEMAND, paid)), given=taxed(), prices=SWING), gap=1e-8
    )
    year, load = found.year(), books_of(found).load(0)
    assert load.import_mw.max() < year.capacities["connection"] - 0.5
    held = year.cost["held_demand"]
    billed = found.lowered.sites[0].hours[0].card.charge(load)
    kept = year.cost["staff"] + year.cost["repairs"]
    assert held > 1000
    # tax is 25 % of what is left of cash and of what the plan counts beside it
    assert year.cost["tax"] == pytest.approx(
        0.25 * (year.revenue["mining"] - billed - kept - held), rel=1e-6
    )
    assert in_total(found) == pytest.approx(found.plan.objective, rel=1e-9)


@pytest.mark.parametrize("kind", SUPPLIES)
def test_revenue_less_cost_is_the_objective(kind):
    network = tiny.network(
        paying_site(SUPPLIES[kind], opening=Opening(fixed_cost=1e5, yearly_cost=2e4)),
        tiny.site("second", supply=(tiny.flat(70.0),)),
        given=taxed(),
        prices=SWING,
        years=(2027, 2028),
        last=3,
    )
    found = tiny.solve(network, gap=1e-7)
    assert in_total(found) == pytest.approx(found.plan.objective, rel=1e-9)
    assert sum(s.npv for s in found.plan.sites) == pytest.approx(found.plan.objective, rel=1e-9)


def test_a_site_that_pays_though_nothing_stands_has_its_year_in_the_books():
    # no opening: the contract runs whether or not anything is built
    idle = tiny.site("idle", supply=(tiny.flat(500.0), SUPPLIES["fixed and capacity"][1]))
    found = tiny.solve(tiny.network(tiny.site(), idle), gap=1e-8)
    assert found.year(site="idle").cost["fixed"] == pytest.approx(12 * 2000)
    assert in_total(found) == pytest.approx(found.plan.objective, rel=1e-9)


def test_tiers_are_charged_month_by_month():
    # 12 months of tiers are 12 accounts of the block
    found = tiny.solve(tiny.network(paying_site((TIERS,))), gap=1e-7)
    card, load = found.lowered.sites[0].hours[0].card, books_of(found).load(0)
    year = found.year()
    assert year.cost["energy"] == pytest.approx(card.charge(load), rel=1e-7)
    assert in_total(found) == pytest.approx(found.plan.objective, rel=1e-7)


def test_a_contract_that_is_too_dear_is_paid_for_and_not_taken():
    # power for 200 loses against mining, so the least energy is paid for without being drawn
    dear = replace(CONTRACT, per_mwh=200.0, shortfall_share=0.25)
    found = tiny.solve(tiny.network(paying_site((tiny.flat(), dear))), gap=1e-8)
    assert found.power()["ppa:contract"].max() == pytest.approx(0, abs=1e-9)
    short = 2.0 * 0.9 * tiny.HOURS
    assert found.year().cost["take_or_pay"] == pytest.approx(short * 50, rel=1e-9)
    assert sum(hours.shortage.sum() for hours in found.hours) == 0


def test_a_cheap_contract_is_taken_whole():
    found = tiny.solve(tiny.network(paying_site((tiny.flat(), CONTRACT))), gap=1e-8)
    np.testing.assert_allclose(found.power()["ppa:contract"], 2.0)
    np.testing.assert_allclose(found.power()["grid"], 8.0, rtol=1e-6)
    taken = 2.0 * tiny.HOURS
    assert found.year().cost["take_or_pay"] == pytest.approx(taken * 45)


def test_look_back_bills_a_summer_peak_all_year():
    # mining is free of limits, so every month peaks at the whole connection
    found = tiny.solve(tiny.network(paying_site((tiny.flat(), DEMAND))), gap=1e-8)
    peak = found.power()["grid"].max()
    assert found.year().cost["demand"] == pytest.approx(12 * 900 * peak, rel=1e-6)


def test_energy_is_counted_where_it_flows():
    found = tiny.solve(tiny.network(paying_site((tiny.flat(),))), gap=1e-8)
    energy = found.year().energy_mwh
    assert energy["import"] == pytest.approx(10 * tiny.HOURS)
    assert energy["mining"] == pytest.approx(10 * tiny.HOURS / tiny.PUE)
    assert energy["auxiliary"] == pytest.approx(energy["import"] - energy["mining"])


def test_a_battery_buys_low_and_its_energy_is_in_mwh():
    # a swing of 3000 USD/MWh between day and night pays for any battery
    prices = np.where(np.arange(tiny.HOURS) % 24 < 12, 0.0, 3000.0)
    limits = Limits(mining_mw=2.0, ai_mw=0.0, battery_mw=3.0, battery_mwh=6.0)
    site = paying_site((SPOT,), limits=limits, opening=Opening(fixed_cost=1.0))
    found = tiny.solve(tiny.network(site, prices=prices), gap=1e-7)
    units = {b.asset: b.unit for b in found.plan.builds}
    assert units["battery_energy"] == "MWh"
    told = [m for m in found.plan.marginals if m.kind == "battery_energy"]
    assert [m.unit for m in told] == ["MWh"]
    energy = found.year().energy_mwh
    assert energy["discharge"] == pytest.approx(0.81 * energy["charge"], rel=1e-6)
