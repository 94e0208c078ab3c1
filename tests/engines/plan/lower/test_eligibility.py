# SPDX-License-Identifier: Apache-2.0
"""Gates of a site, and what may go to its country: what a plan may build when."""

from dataclasses import replace
from datetime import date

import pytest

from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lp import solve_lp
from loadstone.model.connection import Connection
from loadstone.model.eligibility import Eligibility
from loadstone.model.gate import Gate
from loadstone.model.site import Limits, Standing
from tests.engines.plan.lower import tiny_network as tiny

AT_ONCE = date(2020, 1, 1)
YEARS = (2027, 2028)
BOTH = ("mining", "ai")


def gate(kind="permit", uses=BOTH, opens=AT_ONCE, **changes):
    routes = 2 if kind == "fibre" else None
    return Gate(
        kind=kind, uses=uses, opens=opens, source="a letter", **{"routes": routes} | changes
    )


def row(subject, *, allowed=False, countries=("AA",), start=AT_ONCE, **changes):
    return Eligibility(
        subject=subject, countries=countries, allowed=allowed, effective_from=start,
        source="a rule", **changes,
    )  # fmt: skip


def at(*gates, **changes):
    limits = Limits(mining_mw=10.0, ai_mw=10.0)
    return tiny.site(gates=gates, limits=limits, **changes)


def buildable(network):
    """Return what may be built, by asset and year."""
    lowered = lower(network)
    phases = lowered.network.study.phases
    return {(asset, phases[p].at) for asset, p in lowered.sites[0].builds}


def uses_of(found, year):
    names = {"mining_hall": "mining hall", "miner:miner": "miners",
             "ai_hall_air": "AI hall", "server:server": "servers"}  # fmt: skip
    return {names[asset] for asset, at_ in found if at_ == year and asset in names}


def networked(*gates, **changes):
    site = {k: changes.pop(k) for k in ("ai_cooling", "mining_cooling") if k in changes}
    return tiny.network(at(*gates, **site), years=YEARS, servers=("server",), **changes)


ALL = {"mining hall", "miners", "AI hall", "servers"}
MINING, AI = {"mining hall", "miners"}, {"AI hall", "servers"}


@pytest.mark.parametrize(
    ("gates", "first", "second"),
    [
        ((), ALL, ALL),
        ((gate(opens=date(2027, 6, 1)),), set(), ALL),
        ((gate(uses=("ai",), opens=date(2028, 1, 1)),), MINING, ALL),
        ((gate(uses=("mining",), opens=None),), AI, AI),
        ((gate("fibre", routes=1),), MINING, MINING),
        ((gate("fibre", opens=date(2027, 2, 1)),), set(), ALL),
        ((gate("fibre", uses=("mining",), routes=0),), ALL, ALL),
        ((gate("land"), gate("permit", uses=("ai",), opens=None)), MINING, MINING),
        ((gate("water", opens=None),), ALL, ALL),  # the plants are dry
    ],
)
def test_a_gate_holds_back_its_uses_until_its_day(gates, first, second):
    found = buildable(networked(*gates))
    assert uses_of(found, 2027) == first
    assert uses_of(found, 2028) == second


def test_water_holds_back_halls_that_cool_with_it():
    given = tiny.facts()
    wet = replace(given.cooling["ai-chilled-water"], dry=False)
    given = replace(given, cooling={**given.cooling, "ai-chilled-water": wet})
    found = buildable(networked(gate("water", opens=None), given=given))
    assert uses_of(found, 2027) == MINING


def test_a_gate_leaves_the_connection_and_what_stands_alone():
    site = at(
        gate(opens=None),
        status="operating",
        connection=Connection(existing_mw=10.0, max_mw=20.0),
        standing=(Standing(model="miner", mw=4.0, installed=date(2026, 7, 1)),),
    )
    found = tiny.solve(tiny.network(site, years=YEARS))
    assert ("connection", 2027) in buildable(tiny.network(site, years=YEARS))
    assert [found.stands("miner:miner", p) for p in range(2)] == [4.0, 4.0]
    assert found.power()["miner:miner"].max() == pytest.approx(4 * tiny.PUE)
    assert [b for b in found.plan.builds if b.asset != "connection"] == []


def test_a_year_of_waiting_costs_what_the_year_would_have_brought():
    free, held = (
        tiny.solve(tiny.network(tiny.site(gates=gates), years=YEARS))
        for gates in ((), (gate(opens=date(2027, 3, 1), probability=0.6),))
    )
    # both years bring the same, so the first is 1.1 of the second
    assert held.plan.objective == pytest.approx(free.plan.objective / (1 + 1.1))
    whole = solve_lp(held.lowered.problem, gap=1e-9)
    assert held.solution.objective == pytest.approx(whole.objective, rel=1e-6)
    hits = [hit for hit in held.plan.rules if hit.source == "a letter"]
    assert {(hit.phase, hit.hours, hit.confidence) for hit in hits} == {(2027, 8760, "user")}
    assert [hit.text for hit in hits] == [
        "what is new for mining and AI waits for a permit, expected on 2027-03-01"
    ]
    (told,) = held.plan.gates
    assert (told.opens, told.probability, told.used) == ("2027-03-01", 0.6, True)
    said = [text for text in held.plan.assumptions if "not weigh" in text]
    assert "(60%)" in said[0]


def test_a_gate_that_nothing_waits_for_is_told_but_not_used():
    plan = tiny.solve(
        tiny.network(tiny.site(gates=(gate(uses=("ai",), probability=0.5),)))
    ).plan
    assert [told.used for told in plan.gates] == [False]
    assert not [text for text in plan.assumptions if "not weigh" in text]


@pytest.mark.parametrize(
    ("rows", "first", "second"),
    [
        ((row("server"),), {"miner:miner"}, {"miner:miner"}),
        ((row("generation:first"),), {"miner:miner"}, {"miner:miner"}),
        ((row("chips:AA"),), {"miner:miner"}, {"miner:miner"}),
        ((row("miner", start=date(2028, 1, 1)),), {"miner:miner", "server:server"},
         {"server:server"}),
        ((row("miner", effective_to=date(2028, 1, 1)),), {"server:server"},
         {"miner:miner", "server:server"}),
        ((row("miner", countries=("BB",)),), {"miner:miner", "server:server"},
         {"miner:miner", "server:server"}),
        # the latest row decides, whatever it is about
        ((row("chips:AA"), row("server", allowed=True, start=date(2028, 1, 1))),
         {"miner:miner"}, {"miner:miner", "server:server"}),
        ((row("server", allowed=True), row("generation:first")), {"miner:miner"},
         {"miner:miner"}),
    ],
)  # fmt: skip
def test_rows_say_which_machines_may_go_where(rows, first, second):
    found = buildable(networked(eligibility=rows))
    for year, expected in ((2027, first), (2028, second)):
        assert {a for a, at_ in found if at_ == year and ":" in a} == expected


@pytest.mark.parametrize(
    ("study_owner", "site_owner", "barred"),
    [("", None, False), ("CC", None, True), ("CC", "DD", False), ("DD", "CC", True)],
)
def test_a_row_may_be_about_owners_of_one_country(study_owner, site_owner, barred):
    rows = (row("miner", owner="CC"),)
    site = tiny.site(owner=site_owner)
    network = tiny.network(site, eligibility=rows, owner=study_owner)
    assert (("miner:miner", 2027) not in buildable(network)) == barred


def test_a_row_that_bites_is_told_with_its_source():
    found = tiny.solve(tiny.network(eligibility=(row("miner", owner=""),)))
    assert found.plan.objective == pytest.approx(0.0)
    (hit,) = found.plan.rules
    assert hit.text == "miner may not go to AA from 2020-01-01"
    assert hit.source == "a rule"


def test_used_miners_go_where_new_ones_may():
    given = tiny.with_costs()
    costs = given.costs | {
        "used-age": tiny.fact(1.0, "year"), "used-discount": tiny.fact(0.1),
    }  # fmt: skip
    given = replace(given, costs=costs)
    for rows, there in (((), True), ((row("miner"),), False)):
        network = tiny.network(given=given, used_miners=("miner",), eligibility=rows)
        assert (("miner:miner:used", 2027) in buildable(network)) == there
