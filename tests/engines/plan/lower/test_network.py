# SPDX-License-Identifier: Apache-2.0
"""Limits that sites share: they bind, and their price is what one more unit is worth."""

from dataclasses import replace
from itertools import pairwise

import pytest

from loadstone.engines.plan.lower import lower
from loadstone.model.connection import Connection
from loadstone.model.errors import InputErrors
from loadstone.model.network import AiDemand, Caps, Phase
from loadstone.model.site import Limits
from tests.engines.plan.lower import tiny_network as tiny

CAPITAL = 10 * 200_000 + 10 / tiny.PUE * 1.4e6  # of a whole site


def two_sites():
    return tiny.site("east"), tiny.site("west", zone="A2", supply=(tiny.flat(70.0),))


def budget(amount):
    phases = (Phase(year=2027, budget=amount),)
    return tiny.network(*two_sites(), phases=phases)


def total(amount):
    return tiny.network(*two_sites(), caps=Caps(total_budget=amount))


def country(amount):
    return tiny.network(*two_sites(), caps=Caps(country_mw={"AA": amount}))


def zone(amount):
    return tiny.network(*two_sites(), caps=Caps(zone_mw={"A1": amount}))


def carbon(amount):
    return tiny.network(*two_sites(), caps=Caps(carbon_tonnes=amount))


def demand(amount):
    sites = [replace(s, limits=Limits(mining_mw=0.0)) for s in two_sites()]
    rental = replace(tiny.SERVER, rental=tiny.fact(4.0, "USD/GPU-h"))
    asked = AiDemand(countries=("AA",), generation="first", max_mw=(amount,), source="a survey")
    return tiny.network(
        *sites,
        given=tiny.facts(servers={"server": rental}),
        servers=("server",),
        ai_demand=(asked,),
    )


def connection(amount):
    return tiny.network(tiny.site(connection=Connection(max_mw=amount)))


def room(amount):
    return tiny.network(tiny.site(limits=Limits(mining_mw=amount, ai_mw=0.0)))


# builder, kind, a limit that binds, a small step, the unit
LIMITS = {
    "budget": (budget, "budget", 1.5 * CAPITAL, 1e3, "USD"),
    "total budget": (total, "budget", 1.5 * CAPITAL, 1e3, "USD"),
    "country": (country, "country_cap", 13.0, 0.01, "MW"),
    "zone": (zone, "zone_cap", 4.0, 0.01, "MW"),
    "carbon": (carbon, "carbon_cap", 60_000.0, 10.0, "t"),
    "AI demand": (demand, "ai_demand", 3.0, 0.01, "MW"),
    "connection": (connection, "connection", 8.0, 0.01, "MW"),
    "room": (room, "mining_hall", 3.0, 0.01, "MW"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_the_price_of_a_limit_is_what_one_more_unit_is_worth(name):
    build, kind, at, step, unit = LIMITS[name]
    found = tiny.solve(build(at), gap=1e-8)
    more, less = (tiny.solve(build(at + d), gap=1e-8).plan.objective for d in (step, -step))
    worth = (more - less) / (2 * step)
    (told,) = [m for m in found.plan.marginals if m.kind == kind]
    assert told.value == pytest.approx(worth, rel=0.01)
    assert told.unit == unit
    assert f"One more {unit} of " in told.text


@pytest.mark.parametrize("name", sorted(set(LIMITS) - {"connection", "room"}))
def test_a_limit_that_is_far_away_has_no_price(name):
    build, kind, at, _, _ = LIMITS[name]
    found = tiny.solve(build(at * 1000), gap=1e-8)
    assert [m for m in found.plan.marginals if m.kind == kind] == []


def test_no_plan_breaks_a_shared_limit():
    for name in ("budget", "country", "zone", "carbon", "AI demand"):
        build, kind, at, _, _ = LIMITS[name]
        found = tiny.solve(build(at), gap=1e-8)
        problem = found.lowered.problem
        activity = problem.row_activity(found.solution.columns)
        rows = [m for m, label in enumerate(problem.rows) if label.kind == kind]
        assert rows
        assert all(activity[m] <= problem.row_upper[m] * (1 + 1e-7) for m in rows)


def test_a_carbon_cap_holds_hour_by_hour():
    found = tiny.solve(carbon(60_000.0), gap=1e-8)
    energy = sum(found.power(0, s)["grid"].sum() for s in (0, 1))
    assert energy * 0.5 == pytest.approx(60_000, rel=1e-5)  # 500 kg/MWh


def test_a_price_of_carbon_is_paid_on_what_is_drawn():
    found = tiny.solve(tiny.network(caps=Caps(carbon_price=10.0)), gap=1e-8)
    year = found.year()
    assert year.cost["carbon"] == pytest.approx(0.5 * 10 * year.energy_mwh["import"], rel=1e-6)


@pytest.mark.parametrize("name", ["budget", "country", "zone", "carbon", "AI demand"])
def test_a_tighter_limit_never_helps(name):
    build, _, at, _, _ = LIMITS[name]
    values = [
        tiny.solve(build(at * share), gap=1e-8).plan.objective for share in (0.3, 0.7, 1.3, 3)
    ]
    assert all(b >= a - 1e-6 * values[-1] for a, b in pairwise(values))


def test_a_longer_ban_never_helps():
    windows = ("06-01..06-02", "06-01..06-15", "06-01..07-01", "06-01..07-15")
    values = []
    for window in windows:
        rules = [tiny.ban(window=window)]
        given = tiny.facts(countries={"AA": tiny.country(rules=rules)})
        values.append(tiny.solve(tiny.network(given=given), gap=1e-8).plan.objective)
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1]


def test_money_without_a_rate_is_refused_with_the_site():
    foreign = tiny.site(supply=(replace(tiny.flat(), currency="EUR"),))
    with pytest.raises(InputErrors, match=r"sites/site.toml.*fx.*EUR"):
        lower(tiny.network(foreign))
