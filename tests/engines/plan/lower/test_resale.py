# SPDX-License-Identifier: Apache-2.0
"""Prices that follow hashprice, second-hand miners, and what they bring: by hand."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.revenue import hashprice_of_network
from loadstone.model.bitcoin import MarketPoint
from loadstone.model.connection import Connection
from loadstone.model.site import Limits, Standing
from tests.engines.plan.lower import tiny_network as tiny

STATED = 1e6  # USD/MW in the facts
MARKET = {"miner-price-elasticity": 0.5, "miner-scrap": 0.05}
USED = {"used-discount": 0.2, "used-age": 2.0}
CHEAP, DEAR = 20.0, 500.0


def given(hashprice=None, **costs):
    """Return facts with a hashprice on the day of the miner's price, and further costs."""
    facts = tiny.facts()
    market = () if hashprice is None else (
        MarketPoint(
            date=tiny.DAY, hashprice_usd_ph_day=hashprice, source="invented", confidence="high"
        ),
    )  # fmt: skip
    return replace(
        facts,
        bitcoin=replace(facts.bitcoin, market=market),
        costs={**facts.costs, **{id_: tiny.fact(value) for id_, value in costs.items()}},
    )


def test_miners_cost_more_when_hashes_earn_more():
    # the outlook's hashprice is 72: four times that of the day of the price, to the power 0.5
    economy = Economy(tiny.network(given=given(18.0, **MARKET)))
    assert economy.asked_price(tiny.MINER, 0) == pytest.approx(2 * STATED)
    assert economy.miner_price(tiny.MINER, tiny.country(), 0) == pytest.approx(2 * STATED)
    assert "miner-price-elasticity" in economy.assumed


def test_miners_never_cost_less_than_their_scrap():
    economy = Economy(tiny.network(given=given(72.0 * 1e6, **MARKET)))
    assert economy.asked_price(tiny.MINER, 0) == pytest.approx(0.05 * STATED)


def test_a_price_without_a_market_stays_as_it_is():
    economy = Economy(tiny.network(given=given(None, **MARKET)))
    assert economy.asked_price(tiny.MINER, 0) == pytest.approx(STATED)


def test_second_hand_miners_lose_a_part_at_once_and_the_rest_with_age():
    economy = Economy(tiny.network(given=given(18.0, **MARKET, **USED)))
    # twice the stated price, less 20 %, with half of four years gone
    assert economy.asked_price(tiny.MINER, 0, 2.0) == pytest.approx(2 * STATED * 0.8 * 0.5)
    assert economy.asked_price(tiny.MINER, 0, 9.0) == pytest.approx(0.05 * STATED)


def test_there_are_no_second_hand_miners_of_a_young_model():
    # on sale from mid-2025: two years old from mid-2027
    young = replace(tiny.MINER, release="2025-07")
    facts = replace(given(**USED), miners={"miner": young})
    years = (2027, 2028)
    sites = lower(tiny.network(given=facts, used_miners=("miner",), years=years)).sites
    bought = [p for asset, p in sites[0].builds if asset == "miner:miner:used"]
    assert bought == [1]


def test_second_hand_miners_are_bought_and_run_for_what_is_left_of_their_life():
    old = replace(tiny.MINER, release="2024")
    facts = replace(given(**USED), miners={"miner": old})
    found = tiny.solve(tiny.network(given=facts, used_miners=("miner",)))
    machines = 10 / tiny.PUE
    assert found.built("miner:miner:used") == pytest.approx(machines)
    capital = (
        10 * 200_000 * tiny.annuity(25)
        + machines * (400_000 * tiny.annuity(10) + 0.4 * STATED * tiny.annuity(2))
    )  # fmt: skip
    margin = machines * tiny.HOURS * (tiny.EARNED - tiny.PUE * 50)
    expected = (margin - capital - machines * 30_000) / 1.1
    assert found.plan.objective == pytest.approx(expected, rel=1e-8)
    assert found.year().revenue["mining"] == pytest.approx(machines * tiny.HOURS * 150)


def standing(**changes):
    """Return a site with 10 MW of miners of one year, three before their life ends."""
    words = {
        "status": "operating",
        "connection": Connection(existing_mw=10.5, max_mw=10.5),
        "standing": (Standing(model="miner", mw=10.0, installed=date(2026, 1, 1)),),
        "supply": (tiny.spot(),),
        "miners": (),
    }
    return tiny.site(**words | changes)


def test_miners_that_do_not_pay_are_sold_for_the_years_that_are_left():
    network = tiny.network(
        standing(), given=given(**USED), prices=np.full(tiny.HOURS, DEAR), resale=True
    )
    found = tiny.solve(network, gap=1e-8)
    # 80 % of the price with a quarter of the life gone, as an annuity over three years
    yearly = 10 * STATED * 0.8 * 0.75 * tiny.annuity(3)
    assert found.stands("miner:miner") == pytest.approx(0.0, abs=1e-6)
    assert found.plan.objective == pytest.approx((yearly - 10 * 30_000) / 1.1, rel=1e-7)
    assert found.year().annuity == pytest.approx(-yearly, rel=1e-6)


def test_tax_takes_its_part_of_what_a_sale_brings():
    country = tiny.country(mining=tiny.treatment(rate=0.25))
    facts = replace(given(**USED), countries={"AA": country})
    network = tiny.network(
        standing(), given=facts, prices=np.full(tiny.HOURS, DEAR), resale=True
    )
    yearly = 10 * (0.75 * STATED * 0.6 * tiny.annuity(3) - 0.75 * 30_000)
    found = tiny.solve(network, gap=1e-8)
    assert found.plan.objective == pytest.approx(yearly / 1.1, rel=1e-7)


def test_miners_that_pay_more_than_they_bring_stay():
    network = tiny.network(
        standing(), given=given(**USED), prices=np.full(tiny.HOURS, CHEAP), resale=True
    )
    assert tiny.solve(network, gap=1e-8).stands("miner:miner") == pytest.approx(10.0)


def two_years(second, **changes):
    """Return a network that mines in its first year and, at a price of BTC, in its second."""
    one = hashprice_of_network(1000.0, 1.0, subsidy_btc=3.125)
    phases = tiny.study((2027, 2028)).phases
    outlook = tiny.outlook(phases, btc_price=(160 / one, second / one))
    return tiny.network(
        tiny.site(supply=(tiny.flat(20.0),)), years=(2027, 2028), outlook=outlook, **changes
    )


def test_miners_that_the_plan_bought_are_sold_when_hashes_no_longer_pay():
    sold = tiny.solve(two_years(1.0, given=given(**USED), resale=True), gap=1e-8)
    kept = tiny.solve(two_years(1.0, given=given(**USED)), gap=1e-8)
    machines = sold.stands("miner:miner", 0)
    assert machines == pytest.approx(kept.stands("miner:miner", 0)) == pytest.approx(10 / 1.05)
    assert sold.stands("miner:miner", 1) == pytest.approx(0.0, abs=1e-6)
    # a year old: 0.8 x 0.75 of the price, three years left, one of them in the plan
    gain = machines * 0.6 * STATED * tiny.annuity(3) / 1.1**2
    assert sold.plan.objective - kept.plan.objective == pytest.approx(gain, rel=1e-5)


def test_a_sale_brings_no_more_than_what_is_still_owed():
    # hashprice and so prices are ten times higher in the second year
    costs = {**USED, "miner-price-elasticity": 1.0}
    facts = given(72.0, **costs)
    rich = two_years(1600.0, given=facts, resale=True)
    lowered = lower(rich)
    (leave,) = [c for c, x in enumerate(lowered.problem.columns) if x.kind == "leave"]
    bought = STATED * 160 / 72  # at the first year's hashprice
    still = bought * tiny.annuity(4) / 1.1**2
    assert lowered.problem.cost[leave] == pytest.approx(-still, rel=1e-9)


def test_selling_agrees_with_one_model():
    site = tiny.site(
        connection=Connection(existing_mw=4.0, max_mw=10.0),
        status="operating",
        standing=(Standing(model="miner", mw=3.0, installed=date(2025, 3, 1)),),
        supply=(tiny.spot(),),
        limits=Limits(mining_mw=6.0, ai_mw=0.0),
    )
    one = hashprice_of_network(1000.0, 1.0, subsidy_btc=3.125)
    phases = tiny.study((2027, 2028, 2029)).phases
    outlook = tiny.outlook(phases, btc_price=(90 / one, 40 / one, 70 / one))
    network = tiny.network(
        site, years=(2027, 2028, 2029), outlook=outlook, used_miners=("miner",), resale=True,
        given=given(60.0, **MARKET, **USED),
    )  # fmt: skip
    exact, model = tiny.solve(network, gap=1e-8), solve_lp(lower(network).problem, gap=1e-9)
    assert exact.plan.objective == pytest.approx(model.objective, rel=1e-6)
    left = [c for c, x in enumerate(exact.lowered.problem.columns) if x.kind == "leave"]
    assert exact.solution.columns[left].sum() > 0.1
