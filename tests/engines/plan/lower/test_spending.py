# SPDX-License-Identifier: Apache-2.0
"""Capital is paid before an asset is in use, once the day of the decision is known."""

from dataclasses import replace
from datetime import date

import pytest

from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lower.spending import by_phase, payments, worth_in_use
from loadstone.engines.plan.lp import solve_lp
from loadstone.model.connection import Connection
from loadstone.model.network import Caps, Phase
from loadstone.model.spend import SpendCurve
from tests.engines.plan.lower import tiny_network as tiny

MACHINES = 10 / tiny.PUE


def curve(*steps):
    return SpendCurve(
        steps=steps, source="invented", date=tiny.DAY, confidence="high", assumption=True
    )


CURVES = {
    "connection": curve((2.0, 0.25), (1.0, 0.75)),
    "mining-hall": curve((1.0, 0.5), (0.0, 0.5)),
    "miners": curve((0.0, 1.0)),
}


def decided(years=(2027, 2028, 2029), day=date(2027, 1, 1), lead=2.0, **changes):
    """Return a network that is decided on a day and connected some years after it."""
    given = replace(tiny.facts(), spend=CURVES)
    site = tiny.site(connection=Connection(max_mw=10.0, lead_time_years=lead))
    return tiny.network(site, given=given, years=years, decided=day, **changes)


def test_interest_runs_until_an_asset_is_in_use():
    network = decided()
    found = tiny.solve(network)
    worth = 0.25 * 1.1**2 + 0.75 * 1.1
    link = 10 * 200_000 * tiny.annuity(25) * worth
    # halls are paid half a year's rate early, miners on the day
    hall = MACHINES * 400_000 * tiny.annuity(10) * (0.5 * 1.1 + 0.5)
    miners = MACHINES * 1e6 * tiny.annuity(4)
    assert found.year(2029).annuity == pytest.approx(link + hall + miners)
    margin = MACHINES * (8760 * (150 - 1.05 * 50) - 30_000)
    assert found.plan.objective == pytest.approx((margin - link - hall - miners) / 1.1**3)
    whole = solve_lp(found.lowered.problem, gap=1e-9)
    assert found.solution.objective == pytest.approx(whole.objective, rel=1e-6)


def test_uses_of_capital_stand_in_the_years_in_which_they_are_paid():
    plan = tiny.solve(decided()).plan
    uses = {one.phase: dict(one.by_asset) for one in plan.capital}
    link, hall, miners = 10 * 200_000, MACHINES * 400_000, MACHINES * 1e6
    assert uses[2027] == {"connection": pytest.approx(0.25 * link)}
    assert uses[2028] == {
        "connection": pytest.approx(0.75 * link),
        "mining_hall": pytest.approx(0.5 * hall),
    }
    assert uses[2029] == {
        "mining_hall": pytest.approx(0.5 * hall), "miner": pytest.approx(miners)
    }  # fmt: skip
    spent = sum(sum(row.values()) for row in uses.values())
    assert spent == pytest.approx(plan.metrics["capex"])


def test_nothing_is_paid_before_the_decision():
    network = decided()
    assert payments(network, "connection", 1) == ((2027.0, 0.25), (2027.0, 0.75))
    assert worth_in_use(payments(network, "connection", 1), 2028, 0.1) == pytest.approx(1.1)


def test_what_is_paid_before_the_first_phase_falls_into_it():
    network = decided(years=(2028, 2029), day=date(2026, 1, 1))
    paid = payments(network, "connection", 0)
    assert paid == ((2026.0, 0.25), (2027.0, 0.75))
    assert by_phase(network.study, paid) == ((0, 1.0),)


def test_half_years_take_the_payments_that_fall_into_them():
    phases = (Phase(year=2027, years=0.5), Phase(year=2027, month=7, years=0.5),
              Phase(year=2028))  # fmt: skip
    given = {**CURVES, "connection": curve((0.5, 0.4), (0.25, 0.5), (0.0, 0.1))}
    network = decided(phases=phases, lead=1.0)
    network = replace(network, facts=replace(network.facts, spend=given))
    assert by_phase(network.study, payments(network, "connection", 2)) == (
        (1, pytest.approx(0.9)),
        (2, pytest.approx(0.1)),
    )


def test_without_a_day_of_decision_all_is_paid_on_the_day_of_use():
    network = decided(day=None, lead=0.0)
    one = lower(network).sites[0].builds["connection", 2]
    assert one.spend == ()
    assert one.spent(2) == ((2, 200_000.0),)
    plain = tiny.network(
        tiny.site(connection=Connection(max_mw=10.0)), years=(2027, 2028, 2029)
    )
    assert (lower(network).problem.cost == lower(plain).problem.cost).all()


def test_a_budget_holds_what_is_paid_in_its_phase():
    # of a MW of connection 50,000 are paid in 2027, which has 200,000
    budgets = (Phase(year=2027, budget=200_000.0), Phase(year=2028), Phase(year=2029))
    found = tiny.solve(decided(phases=budgets))
    assert found.built("connection") == pytest.approx(4.0)
    told = [m for m in found.plan.marginals if m.kind == "budget"]
    assert [m.phase for m in told] == [2027]
    whole = solve_lp(found.lowered.problem, gap=1e-9)
    assert found.solution.objective == pytest.approx(whole.objective, rel=1e-6)


def test_a_budget_of_all_phases_holds_whole_prices():
    found = tiny.solve(decided(caps=Caps(total_budget=1e6)))
    assert sum(sum(one.by_asset.values()) for one in found.plan.capital) == pytest.approx(1e6)
