# SPDX-License-Identifier: Apache-2.0
"""What machines earn and may draw hour by hour, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from loadstone.model.rule import Incentive
from loadstone.model.site import AiSales, Clause, Limits
from tests.engines.plan.lower import tiny_network as tiny

# 8 GPUs on 10 kW are 800 a MW: at 2 USD an hour 1600 USD/MWh, 70 % of it without contracts
SPOT = 0.7 * 1600.0
DUTY_FREE = tiny.country().duties


def ai_site(**changes):
    return tiny.site(limits=Limits(mining_mw=0.0, ai_mw=4.0), **changes)


def ai_network(site=None, country=None, **changes):
    given = tiny.facts(countries={"AA": country or tiny.country()})
    return tiny.network(site or ai_site(), given=given, servers=("server",), **changes)


def value(upkeep=250_000.0, spot=SPOT, power=50.0, rate=0.0, relief=0.0):
    """Return the worth of 4 MW of servers for one year, everything taxed alike."""
    written_off = sum(0.2 / 1.1**k for k in range(1, 6))
    earned = 4 * tiny.HOURS * (spot * (1 - rate) - tiny.PUE * power * (1 - relief))
    capital = (
        4 * tiny.PUE * 200_000 * tiny.annuity(25)
        + 4 * 10e6 * tiny.annuity(15)
        + 4 * 20e6 * tiny.annuity(5)
    ) * (1 - relief * written_off)
    return (earned - 4 * upkeep * (1 - relief) - capital) / 1.1


def test_servers_are_worth_what_a_sheet_of_paper_says():
    found = tiny.solve(ai_network(), gap=1e-8)
    assert found.built("server:server") == pytest.approx(4.0)
    assert found.plan.objective == pytest.approx(value(), rel=1e-7)


def test_contracts_with_a_floor_sell_every_hour_that_runs():
    # half at 90 % of the price and always sold; the other half finds a buyer in 70 %
    sales = AiSales(contracted_share=0.5, contracted_price_factor=0.9, floor=0.8)
    found = tiny.solve(ai_network(ai_site(ai_sales=sales)), gap=1e-8)
    mean = 0.5 * 0.9 * 1600 + 0.5 * SPOT
    assert found.plan.objective == pytest.approx(value(spot=mean), rel=1e-7)


def test_a_floor_runs_at_any_price_and_the_rest_stops():
    dear = np.where(np.arange(tiny.HOURS) % 24 == 19, 9000.0, 50.0)
    sales = AiSales(contracted_share=0.5, floor=0.8)
    site = ai_site(supply=(tiny.spot(),), ai_sales=sales)
    found = tiny.solve(ai_network(site, prices=dear), gap=1e-7)
    power, at = found.power(), np.arange(tiny.HOURS) % 24 == 19
    np.testing.assert_allclose(power["server:server:floor"], 4 * 0.4 * tiny.PUE, rtol=1e-6)
    assert power["server:server:contract"][at].max() == pytest.approx(0, abs=1e-9)
    assert power["server:server:spot"][at].max() == pytest.approx(0, abs=1e-9)


def test_servers_stand_still_where_a_clause_says_so():
    site = ai_site(clauses=(Clause(use="ai", hours=(3, 4), source="x"),))
    power = tiny.solve(ai_network(site), gap=1e-7).power()["server:server:spot"]
    banned = np.isin(np.arange(tiny.HOURS) % 24, (3, 4))
    assert power[banned].max() == 0
    assert power[~banned].min() > 4.1


def incentive(**changes):
    given = {
        "id": "help", "name": "Help", "use": "ai", "status": "law", "source": "law",
        "date": tiny.DAY, "confidence": "high",
    }  # fmt: skip
    return Incentive(**given | changes)


HELP = {
    # tax falls from 20 to 15 % on revenue, power and servers; halls stay taxed at 20 %
    "another rate of tax": incentive(profit_tax_rate=tiny.fact(0.15)),
    "part of the power bill": incentive(power_bill_share=tiny.fact(0.5)),
}
GAIN = {
    "another rate of tax": 0.05
    * (
        4 * tiny.HOURS * (SPOT - tiny.PUE * 50)
        - 4 * 20e6 * tiny.annuity(5) * sum(0.2 / 1.1**k for k in range(1, 6))
    )
    / 1.1,
    "part of the power bill": 4 * tiny.HOURS * 0.5 * tiny.PUE * 50 * 0.8 / 1.1,
}


@pytest.mark.parametrize("what", HELP)
def test_an_incentive_helps_where_the_site_meets_its_condition(what):
    country = tiny.country(ai=tiny.treatment(rate=0.2), incentives=(HELP[what],))
    without = tiny.solve(ai_network(country=country), gap=1e-8).plan.objective
    assert without == pytest.approx(value(rate=0.2, relief=0.2), rel=1e-7)
    met = ai_network(ai_site(incentives=("help",)), country=country)
    gain = tiny.solve(met, gap=1e-8).plan.objective - without
    assert gain == pytest.approx(GAIN[what], rel=1e-4)


@pytest.mark.parametrize(
    "change", [{"chip_country": "BB"}, {"zones": ("A2",)}, {"status": "proposal"}], ids=str
)
def test_an_incentive_for_others_does_not_help(change):
    helped = replace(HELP["part of the power bill"], **change)
    country = tiny.country(incentives=(helped,))
    found = tiny.solve(ai_network(ai_site(incentives=("help",)), country=country), gap=1e-8)
    assert found.plan.objective == pytest.approx(value(), rel=1e-7)


def test_warm_air_takes_power_from_machines():
    # above 35 degC the hall slows down, at 45 it stops: at 40 half is left
    hall = replace(
        tiny.cooling("hall", "mining"), compressor=False, derate_from_c=35.0, stop_c=45.0
    )
    given = tiny.facts()
    given = replace(given, cooling={**given.cooling, "mining-air": hall})
    network = tiny.network(given=given)
    air = np.where(np.arange(tiny.HOURS) % 24 == 15, 40.0, 10.0)
    hot = {"ST": tiny.series("weather", "drybulb_c", "degC", air)}
    found = tiny.solve(replace(network, drybulb_c=hot), gap=1e-8)
    power = found.power()["miner:miner"].reshape(-1, 24)
    np.testing.assert_allclose(power[:, 15] / power[:, 3], 0.5, rtol=1e-6)
