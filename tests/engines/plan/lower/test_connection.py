# SPDX-License-Identifier: Apache-2.0
"""The connection as it is: firm and not, energised on dates, given up, behind transformers."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.result import site_hours
from loadstone.model.connection import Connection, Cut, NonFirm, Tranche, Transformers
from loadstone.model.network import Caps
from loadstone.model.site import Opening
from loadstone.model.tariff import CapacityCharge, DemandCharge
from tests.engines.plan.lower import tiny_network as tiny

EVENING = Cut(hours=(18,))
HALL = 400_000 * tiny.annuity(10) + 30_000
MINER = 1e6 * tiny.annuity(4)
YEAR = 8760


def mined(per_mwh=50.0, hours=YEAR, connection=200_000.0):
    """Return what a MW of connection that only mines brings a year, machines paid."""
    plug = 150 * hours - tiny.PUE * per_mwh * hours - HALL - MINER
    return plug / tiny.PUE - connection * tiny.annuity(25)


def agrees(found):
    """Hold the method to one linear programme of the whole problem."""
    whole = solve_lp(found.lowered.problem, gap=1e-9)
    assert found.solution.objective == pytest.approx(whole.objective, rel=1e-6)


def solved(*sites, **study):
    return tiny.solve(tiny.network(*sites, **study))


def linked(**changes):
    return tiny.site(connection=Connection(**changes))


def operating(*supply, **changes):
    connection = Connection(**{"existing_mw": 10.0, "max_mw": 10.0} | changes)
    return tiny.site(status="operating", connection=connection, supply=supply)


def charge(per_mw_month):
    return CapacityCharge(currency="USD", zone="UTC", per_mw_month=per_mw_month, name="grid")


def tranche(day, mw=10.0, **changes):
    return Tranche(mw=mw, energised=day, source="connection agreement", **changes)


def test_non_firm_power_is_not_drawn_in_the_hours_in_which_it_is_cut():
    found = solved(linked(max_mw=0.0, non_firm=NonFirm(max_mw=10.0, cut=(EVENING,))))
    power = found.power()["grid:non-firm"]
    assert power[18::24].max() == pytest.approx(0.0, abs=1e-6)
    assert found.built("connection_non_firm") == pytest.approx(10.0)
    assert found.plan.objective == pytest.approx(10 * mined(hours=YEAR * 23 / 24) / 1.1)
    assert found.year().energy_mwh["import"] == pytest.approx(10 * YEAR * 23 / 24)
    agrees(found)


def test_firm_and_non_firm_power_are_drawn_side_by_side():
    given = NonFirm(max_mw=4.0, cut=(EVENING,), cost_per_mw=0.0)
    found = solved(linked(max_mw=6.0, non_firm=given))
    drawn = found.power()["grid"] + found.power()["grid:non-firm"]
    np.testing.assert_allclose(drawn[17::24], 10.0, rtol=1e-6)
    np.testing.assert_allclose(drawn[18::24], 6.0, rtol=1e-6)
    assert found.plan.metrics["connected_mw"] == pytest.approx(10.0)
    (hours,) = site_hours(found.lowered, found.solution, found.hours)
    np.testing.assert_allclose(hours.grid_import_mw, drawn)


def test_an_availability_series_says_what_share_may_be_drawn():
    share = np.where(np.arange(YEAR) < 7500, 1.0, 0.25)
    given = NonFirm(max_mw=8.0, series="A1", cut=(Cut(months=(1,)),))
    network = tiny.network(linked(max_mw=0.0, non_firm=given))
    series = tiny.series("availability", "availability", "1", share)
    found = tiny.solve(replace(network, availability={"A1": series}))
    power = found.power()["grid:non-firm"]
    assert power[: 31 * 24].max() == pytest.approx(0.0, abs=1e-6)
    assert power[2000] == pytest.approx(8.0)
    assert power[8000] == pytest.approx(2.0)


def test_demand_charges_see_firm_and_non_firm_power_together():
    demand = DemandCharge(currency="USD", zone="UTC", rates=(9_000.0,), name="demand")
    given = NonFirm(max_mw=4.0, cut=(Cut(months=(6, 7), hours=(17, 18)),))
    site = tiny.site(
        connection=Connection(max_mw=6.0, non_firm=given), supply=(tiny.flat(), demand)
    )
    found = solved(site)
    year = found.year()
    assert year.cost["demand"] == pytest.approx(12 * 10 * 9_000)
    # there is no tax: what is left is what planner and bill disagree on
    assert year.cost["tax"] == pytest.approx(0.0, abs=1.0)
    agrees(found)


def test_a_charge_on_contracted_power_counts_what_is_not_firm():
    given = NonFirm(max_mw=4.0, cut=(EVENING,))
    site = tiny.site(
        connection=Connection(max_mw=6.0, non_firm=given), supply=(tiny.flat(), charge(1000.0))
    )
    year = solved(site).year()
    assert year.cost["connection"] == pytest.approx(12 * 10 * 1000)
    assert year.cost["tax"] == pytest.approx(0.0, abs=1.0)


def test_a_least_share_of_contracted_power_is_billed_whatever_is_drawn():
    # power at 500 USD/MWh is never drawn; 80 % of 10 MW is billed all the same
    demand = DemandCharge(
        currency="USD", zone="UTC", rates=(1000.0,), floor_share=0.8, name="demand"
    )
    found = solved(operating(tiny.flat(500.0), demand))
    assert found.year().cost["demand"] == pytest.approx(12 * 8 * 1000)
    assert found.plan.objective == pytest.approx(-12 * 8 * 1000 / 1.1)


def test_caps_of_a_country_count_firm_and_non_firm_power():
    given = NonFirm(max_mw=10.0, cut=(EVENING,), cost_per_mw=0.0)
    found = solved(linked(max_mw=10.0, non_firm=given), caps=Caps(country_mw={"AA": 12.0}))
    total = found.stands("connection") + found.stands("connection_non_firm")
    assert total == pytest.approx(12.0)


def test_nothing_is_connected_before_its_tranche_is_energised():
    years = (2027, 2028, 2029, 2030)
    early = solved(linked(max_mw=10.0, tranches=(tranche(date(2027, 1, 1)),)), years=years)
    late = solved(linked(max_mw=10.0, tranches=(tranche(date(2029, 1, 1)),)), years=years)
    assert [late.stands("connection", p) for p in range(4)] == pytest.approx([0, 0, 10, 10])
    # two years of four are lost: each is worth the same, machines paid by the year
    assert early.plan.objective == pytest.approx(
        10 * mined() * sum(1.1**-k for k in (1, 2, 3, 4))
    )
    assert late.plan.objective == pytest.approx(10 * mined() * (1.1**-3 + 1.1**-4))
    agrees(late)


def test_a_tranche_in_the_middle_of_a_phase_counts_from_the_next():
    tranches = (tranche(date(2027, 1, 1), 4.0), tranche(date(2027, 2, 1), 6.0))
    found = solved(linked(max_mw=10.0, tranches=tranches), years=(2027, 2028))
    assert [found.stands("connection", p) for p in range(2)] == pytest.approx([4, 10])


def test_tranches_take_the_place_of_the_lead_time():
    given = {"max_mw": 10.0, "lead_time_years": 5.0, "tranches": (tranche(date(2028, 1, 1)),)}
    opening = Opening(fixed_cost=1000.0)
    site = tiny.site(connection=Connection(**given), opening=opening)
    found = solved(site, years=(2027, 2028))
    assert [found.stands("connection", p) for p in range(2)] == pytest.approx([0, 10])


def test_a_tranche_that_is_not_firm_holds_non_firm_power():
    tranches = (tranche(date(2028, 1, 1), 4.0, firm=False),)
    given = NonFirm(max_mw=4.0, cut=(EVENING,))
    site = linked(max_mw=6.0, non_firm=given, tranches=tranches)
    found = solved(site, years=(2027, 2028))
    assert [found.stands("connection", p) for p in range(2)] == pytest.approx([6, 6])
    assert [found.stands("connection_non_firm", p) for p in range(2)] == pytest.approx([0, 4])


def test_a_deposit_costs_its_interest():
    years = (2027, 2028, 2029, 2030)
    day = date(2029, 1, 1)
    free = solved(linked(max_mw=10.0, tranches=(tranche(day),)), years=years)
    deposit = {"deposit_per_mw": 100_000.0, "deposit_paid": date(2027, 1, 1)}
    held = solved(linked(max_mw=10.0, tranches=(tranche(day, **deposit),)), years=years)
    interest = 10 * 100_000 * (1 - 1.1**-2)
    assert free.plan.objective - held.plan.objective == pytest.approx(interest)
    # the books tell it as capital, in the years in which the connection stands
    charged = [held.year(y).annuity - free.year(y).annuity for y in (2029, 2030)]
    assert charged[0] * 1.1**-3 + charged[1] * 1.1**-4 == pytest.approx(interest)
    assert held.year(2029).cost["tax"] == pytest.approx(0.0, abs=1.0)
    agrees(held)


def test_a_deposit_paid_before_the_decision_costs_interest_from_then_on():
    deposit = {"deposit_per_mw": 100_000.0, "deposit_paid": date(2020, 1, 1)}
    days = (date(2028, 1, 1), date(2027, 1, 1))
    before = [
        solved(linked(max_mw=10.0, tranches=(tranche(day, **words),)), years=(2027, 2028))
        for day in days
        for words in ({}, deposit)
    ]
    lost = [a.plan.objective - b.plan.objective for a, b in (before[:2], before[2:])]
    assert lost == pytest.approx([1e6 * (1 - 1.1**-1), 0.0], abs=1.0)


def test_of_two_tranches_the_one_without_a_deposit_is_taken_first():
    deposit = {"deposit_per_mw": 1e6, "deposit_paid": date(2027, 1, 1)}
    tranches = (
        tranche(date(2028, 1, 1), 5.0, **deposit),
        tranche(date(2028, 1, 1), 5.0),
    )
    site = tiny.site(connection=Connection(max_mw=10.0, tranches=tranches))
    found = solved(replace(site, limits=replace(site.limits, mining_mw=5 / tiny.PUE)),
                   years=(2027, 2028))  # fmt: skip
    taken = [
        found.solution.columns[c]
        for c, label in enumerate(found.lowered.problem.columns)
        if label.kind == "tranche"
    ]
    assert taken == pytest.approx([0.0], abs=1e-6)
    assert found.stands("connection", 1) == pytest.approx(5.0)


@pytest.mark.parametrize(("fee", "kept"), [(90_000.0, 0.0), (92_000.0, 10.0)])
def test_contracted_power_is_given_up_where_the_fee_is_less_than_its_charge(fee, kept):
    # a year of charges is 100,000 USD/MW at its end, 90,909 today; power is too dear to use
    site = operating(tiny.flat(500.0), charge(100_000 / 12), exit_fee_per_mw=fee)
    found = solved(site)
    assert found.stands("connection") == pytest.approx(kept, abs=1e-6)
    assert found.plan.objective == pytest.approx(-10 * min(fee, 100_000 / 1.1))
    agrees(found)


def test_without_an_exit_fee_contracted_power_cannot_be_given_up():
    found = solved(operating(tiny.flat(500.0), charge(100_000 / 12)))
    assert found.stands("connection") == 10.0


def test_power_that_is_built_may_be_given_up_later():
    # mining pays in 2027 only: hashprice falls to nothing in 2028
    years = (2027, 2028)
    phases = tiny.study(years).phases
    price = tiny.outlook(phases).btc_price[0]
    outlook = tiny.outlook(phases, btc_price=(3 * price, price / 1e6))
    supply = (tiny.flat(), charge(100_000 / 12))
    connection = Connection(max_mw=10.0, exit_fee_per_mw=10_000.0)
    site = tiny.site(connection=connection, supply=supply)
    found = solved(site, years=years, outlook=outlook)
    assert [found.stands("connection", p) for p in range(2)] == pytest.approx([10, 0], abs=1e-6)
    agrees(found)


def transformed(units, **connection):
    given = {"max_mw": 20.0} | connection
    return replace(linked(**given), transformers=units)


def test_transformers_come_in_whole_units():
    # a fourth unit would carry the last 2 MW of 20, which bring less than it costs
    units = Transformers(unit_mw=6.0, max_units=9, cost_per_unit=12e6, life_years=30.0)
    found = solved(transformed(units))
    per_unit = 12e6 * tiny.annuity(30)
    assert 2 * mined() < per_unit < 6 * mined()
    assert found.built("transformer") == pytest.approx(3.0)
    assert found.plan.objective == pytest.approx((18 * mined() - 3 * per_unit) / 1.1)
    agrees(found)


def test_the_price_of_a_transformer_by_hand():
    units = Transformers(unit_mw=5.0, max_units=9)
    found = solved(transformed(units))
    per_unit = 50_000 * 5 * tiny.annuity(35)
    assert found.plan.objective == pytest.approx((20 * mined() - 4 * per_unit) / 1.1)
    assert found.built("transformer") == pytest.approx(4.0)


@pytest.mark.parametrize(("usable", "connected"), [(True, 15.0), (False, 10.0)])
def test_the_reserve_carries_load_only_where_the_utility_lets_it(usable, connected):
    units = Transformers(unit_mw=5.0, standing=3, max_units=3, reserve_usable=usable)
    found = solved(transformed(units))
    assert found.stands("connection") == pytest.approx(connected)
    texts = [m.text for m in found.plan.marginals if m.kind == "transformer"]
    assert "transformers at Site in 2027" in texts[0]


def test_a_reserve_stands_beside_the_first_transformer():
    # nothing is connected in 2027; the first MW in 2028 needs two units, one in reserve
    units = Transformers(
        unit_mw=10.0, max_units=2, reserve_usable=False, lead_time_years=1.0, cost_per_unit=1e6
    )
    found = solved(transformed(units, max_mw=10.0), years=(2027, 2028))
    assert [found.stands("transformer", p) for p in range(2)] == [0.0, 2.0]
    assert found.stands("connection", 1) == pytest.approx(10.0)
    agrees(found)
