# SPDX-License-Identifier: Apache-2.0
"""What limits a plan, in words. That prices are right is tested with the limits themselves."""

import pytest

from loadstone.model.connection import Connection
from loadstone.model.network import AiDemand, Caps
from loadstone.model.site import Limits, Opening
from tests.engines.plan.lower import tiny_network as tiny


def told(found, kind):
    return [m for m in found.plan.marginals if m.kind == kind]


def test_a_limit_says_where_when_and_what_it_is_worth():
    found = tiny.solve(tiny.network(tiny.site(connection=Connection(max_mw=8.0))))
    (one,) = told(found, "connection")
    assert (one.subject, one.phase, one.unit) == ("site", 2027, "MW")
    assert one.text == (
        f"One more MW of grid connection at Site in 2027 is worth {one.value:,.0f} USD over "
        "the whole plan."
    )


def test_the_phases_of_a_limit_add_up_to_its_worth():
    # one more MW for all three years, against two plans with a little more and less
    def solved(mw):
        site = tiny.site(connection=Connection(max_mw=mw))
        return tiny.solve(tiny.network(site, years=(2027, 2028, 2029)), gap=1e-9)

    worth = (solved(8.01).plan.objective - solved(7.99).plan.objective) / 0.02
    assert sum(m.value for m in told(solved(8.0), "connection")) == pytest.approx(
        worth, rel=0.01
    )


def test_the_worth_of_a_limit_behind_a_gate_is_the_same():
    def solved(mw):
        site = tiny.site(connection=Connection(max_mw=mw), opening=Opening(fixed_cost=10.0))
        return tiny.solve(tiny.network(site), gap=1e-9)

    worth = (solved(8.01).plan.objective - solved(7.99).plan.objective) / 0.02
    (one,) = told(solved(8.0), "connection")
    assert one.value == pytest.approx(worth, rel=0.01)


def test_a_site_that_stays_shut_has_no_limits_to_tell():
    shut = tiny.site("shut", opening=Opening(fixed_cost=1e9))
    found = tiny.solve(tiny.network(tiny.site("open"), shut), gap=1e-8)
    assert {m.subject for m in found.plan.marginals} == {"open"}


def test_the_dearest_limit_comes_first_and_budgets_before_all():
    caps = Caps(country_mw={"AA": 13.0}, total_budget=1.6e7)
    sites = (tiny.site("east"), tiny.site("west", limits=Limits(mining_mw=3.0, ai_mw=0.0)))
    found = tiny.solve(tiny.network(*sites, caps=caps), gap=1e-8)
    values = [m.value for m in found.plan.marginals if m.kind != "budget"]
    assert values == sorted(values, reverse=True)
    assert all(m.kind == "budget" for m in found.plan.marginals[: len(told(found, "budget"))])


def test_ai_demand_says_generation_and_region():
    asked = AiDemand(countries=("AA",), generation="first", max_mw=(1.0,), source="a survey")
    rental = tiny.replace(tiny.SERVER, rental=tiny.fact(6.0, "USD/GPU-h"))
    found = tiny.solve(
        tiny.network(
            tiny.site(limits=Limits(mining_mw=0.0)),
            given=tiny.facts(servers={"server": rental}),
            servers=("server",),
            ai_demand=(asked,),
        ),
        gap=1e-8,
    )
    (one,) = told(found, "ai_demand")
    assert one.text.startswith("One more MW of first servers sold in AA in 2027 is worth")
