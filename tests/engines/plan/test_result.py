# SPDX-License-Identifier: Apache-2.0
"""A solution told in the words of the network."""

import numpy as np
import pytest

from loadstone.engines.plan.lp import solve_lp_hours
from loadstone.engines.plan.result import plan_of, site_hours
from loadstone.model.connection import Connection
from loadstone.model.network import Phase, Stated
from loadstone.model.site import Limits, Standing
from tests.engines.plan.lower import tiny_network as tiny

STANDING = Standing(model="miner", mw=2.0, installed=tiny.DAY)


def operating(**changes):
    given = {
        "status": "operating", "connection": Connection(existing_mw=4.0, max_mw=10.0),
        "standing": (STANDING,), "supply": (tiny.spot(),),
    }  # fmt: skip
    return tiny.site(**given | changes)


def two_years():
    return tiny.network(operating(), tiny.site("planned"), years=(2027, 2028), last=2)


def test_a_plan_says_what_is_added_and_what_stands():
    found = tiny.solve(tiny.network(operating()), gap=1e-8)
    assert found.built("connection") == pytest.approx(6.0)
    year = found.year()
    assert year.capacities["connection"] == pytest.approx(10.0)
    assert year.capacities["miner:miner"] == pytest.approx(2 + found.built("miner:miner"))


def test_capital_is_amount_times_price():
    found = tiny.solve(two_years(), gap=1e-8)
    prices = {"connection": 2e5, "mining_hall": 4e5, "miner:miner": 1e6}
    for build in found.plan.builds:
        assert build.capex == pytest.approx(build.amount * prices[build.asset])
    assert found.plan.metrics["capex"] == pytest.approx(sum(b.capex for b in found.plan.builds))


def test_every_site_has_its_value_and_they_sum_to_the_objective():
    found = tiny.solve(two_years(), gap=1e-8)
    assert [s.id for s in found.plan.sites] == ["site", "planned"]
    assert sum(s.npv for s in found.plan.sites) == pytest.approx(found.plan.objective, rel=1e-9)


def test_the_hours_of_a_site_balance():
    limits = Limits(ai_mw=0.0, solar_mw=3.0, battery_mw=2.0, battery_mwh=4.0)
    prices = np.where(np.arange(tiny.HOURS) % 24 < 12, 0.0, 300.0)
    given = tiny.network(
        operating(limits=limits), prices=prices, solar=[0.4] * tiny.HOURS, years=(2027,)
    )
    found = tiny.solve(given, gap=1e-7)
    (hours,) = site_hours(found.lowered, found.solution, found.hours)
    given_mw = hours.grid_import_mw + hours.solar_mw + hours.discharge_mw
    used_mw = sum(hours.machine_mw.values()) + hours.charge_mw + hours.grid_export_mw
    np.testing.assert_allclose(given_mw + hours.shortage_mw, used_mw, atol=1e-6)
    assert hours.discharge_mw.max() > 0


def test_both_methods_tell_the_same_plan():
    given = tiny.network(operating(), phases=(Phase(year=2027, budget=5e6),))
    found = tiny.solve(given, gap=1e-8)
    solution, hours, _ = solve_lp_hours(found.lowered.problem)
    plan = plan_of(found.lowered, solution, hours, method="lp")
    assert plan.method == "lp"
    assert plan.objective == pytest.approx(found.plan.objective, rel=1e-6)
    same = {(b.asset, b.phase): b.amount for b in found.plan.builds}
    assert {(b.asset, b.phase): b.amount for b in plan.builds} == pytest.approx(same, rel=1e-4)
    (mine,) = [m.value for m in plan.marginals if m.kind == "budget"]
    (theirs,) = [m.value for m in found.plan.marginals if m.kind == "budget"]
    assert mine == pytest.approx(theirs, rel=1e-3)


def test_assumptions_name_what_the_user_stated():
    rate = Stated(value=2.0, source="a bank", date=tiny.DAY)
    found = tiny.solve(tiny.network(fx={"EUR": rate}))
    assert "Rate of EUR: 2 for one USD (a bank, 2026-11-01)." in found.plan.assumptions
    assert any(said.startswith("Prices of bitcoin") for said in found.plan.assumptions)
    halls = [said for said in found.plan.assumptions if "mining halls with air cooling" in said]
    assert halls == [
        "Assumed price of mining halls with air cooling: 400,000 USD per MW "
        "(Numbers invented for a test, high confidence)."
    ]


def test_a_cost_that_the_user_states_is_not_assumed():
    stated = Stated(value=150_000.0, source="an offer", date=tiny.DAY)
    found = tiny.solve(tiny.network(costs={"connection": stated}))
    assert not any("grid connection" in said for said in found.plan.assumptions)
    (built,) = [b for b in found.plan.builds if b.asset == "connection"]
    assert built.capex == pytest.approx(150_000 * built.amount)
