# SPDX-License-Identifier: Apache-2.0
"""Annuities, taxes and prices, by hand."""

from dataclasses import replace
from datetime import date

import pytest

from loadstone.engines.plan.lower.economy import Economy, annuity, straight_line_value
from loadstone.model.connection import Connection
from loadstone.model.network import Phase
from loadstone.model.site import Standing
from tests.engines.plan.lower import tiny_network as tiny


def test_an_annuity_repays_its_loan():
    assert sum(annuity(0.1, 4) / 1.1**k for k in range(1, 5)) == pytest.approx(1)


def test_writing_off_in_equal_parts_is_worth_its_present_value():
    assert straight_line_value(0.1, 5) == pytest.approx(sum(0.2 / 1.1**k for k in range(1, 6)))


def test_one_site_is_worth_what_a_sheet_of_paper_says():
    # 10 MW at the meter run 10 / 1.05 MW of miners in every hour of one year.
    machines = 10 / 1.05
    margin = machines * 8760 * (150 - 1.05 * 50)
    # Connection, hall and miners, each with its annuity of the year, and the hall's upkeep.
    capital = (
        10 * 200_000 * tiny.annuity(25)
        + machines * 400_000 * tiny.annuity(10)
        + machines * 1e6 * tiny.annuity(4)
    )
    npv = (margin - capital - machines * 30_000) / 1.1
    found = tiny.solve(tiny.network())
    assert found.plan.objective == pytest.approx(npv, rel=1e-8)
    assert found.built("miner:miner") == pytest.approx(machines)


def test_tax_duty_and_vat_are_counted_as_by_hand():
    # Mining: 25 % of revenue, 80 % of costs deductible, half of the VAT does not come back.
    # What is shared (power's common part, connection) is taxed as AI is: at 20 %, in full.
    mining = tiny.treatment(rate=0.25, deductible=0.8, vat_back=0.5)
    duty = replace(tiny.country().duties[0], rate=tiny.fact(0.1))
    country = tiny.country(mining=mining, ai=tiny.treatment(rate=0.2), duties=(duty,))
    found = tiny.solve(tiny.network(given=tiny.facts(countries={"AA": country})))
    machines, relief, lost_vat = 10 / 1.05, 0.25 * 0.8, 0.2 * 0.5
    written_off = sum(0.2 / 1.1**k for k in range(1, 6))
    earned = machines * 8760 * 150 * (1 - 0.25)
    power = machines * 8760 * 1.05 * 50 * (1 + lost_vat) * (1 - relief)
    upkeep = machines * 30_000 * (1 - relief)
    capital = (
        10 * 200_000 * tiny.annuity(25) * (1 - 0.2 * written_off)
        + machines * 400_000 * tiny.annuity(10) * (1 - relief * written_off)
        + machines * 1e6 * 1.1 * 1.1 * tiny.annuity(4) * (1 - relief * written_off)
    )
    npv = (earned - power - upkeep - capital) / 1.1
    assert npv > 0
    assert found.plan.objective == pytest.approx(npv, rel=1e-8)
    year = found.year()
    assert year.cost["vat"] == pytest.approx(machines * 8760 * 1.05 * 50 * 0.1)
    assert year.annuity == pytest.approx(capital)


def test_a_later_year_counts_less_and_a_longer_phase_more():
    economy = Economy(tiny.network(years=(2027, 2028), last=3))
    assert economy.weights == pytest.approx((1 / 1.1, 1.1**-2 + 1.1**-3 + 1.1**-4))
    assert economy.starts == pytest.approx((1, 1 / 1.1))


def test_an_asset_stands_in_the_phases_whose_middle_its_life_reaches():
    phases = (Phase(year=2027), Phase(year=2028, years=4), Phase(year=2032))
    economy = Economy(tiny.network(phases=phases))
    assert economy.stands(2.9, 0) == (0,)
    assert economy.stands(3.1, 0) == (0, 1)  # the middle of 2028 to 2031 is 3 years away
    assert economy.stands(6.0, 0) == (0, 1, 2)
    assert economy.stands(1.0, 2) == (2,)


def test_machines_that_stand_today_retire_with_their_life():
    # Installed in mid-2025 with four years: there until mid-2029; 2029's middle is not before.
    years = (2027, 2028, 2029, 2030)
    standing = Standing(model="miner", mw=5.0, installed=date(2025, 7, 2))
    site = tiny.site(
        status="operating",
        connection=Connection(existing_mw=10.0, max_mw=10.0),
        standing=(standing,),
        miners=(),
    )
    found = tiny.solve(tiny.network(site, years=years))
    assert [found.stands("miner:miner", p) for p in range(4)] == [5, 5, 0, 0]
    assert found.built("miner:miner") == 0


def test_an_assumed_cost_says_its_range_and_source():
    given = tiny.facts()
    ranged = tiny.fact(10e6, "USD/MW", low=6e6, high=13e6, assumption=True)
    economy = Economy(
        tiny.network(given=replace(given, costs={**given.costs, "ai-hall-air": ranged}))
    )
    assert economy.cost("ai-hall-air") == 10e6
    assert economy.assumed["ai-hall-air"] == (
        "price of AI halls with air cooling: 10 million USD per MW "
        "(chosen from 6 million to 13 million; Numbers invented for a test, high confidence)"
    )
