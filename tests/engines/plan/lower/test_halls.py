# SPDX-License-Identifier: Apache-2.0
"""Halls by kind, halls that stand, lead times, and mining halls that become AI halls."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.plan.lp import solve_lp
from loadstone.model.connection import Connection
from loadstone.model.errors import InputError
from loadstone.model.hall import Conversion, StandingHall
from loadstone.model.network import AiDemand
from loadstone.model.offer import Hosting, Lease, Offers
from loadstone.model.site import Limits, Standing
from tests.engines.plan.lower import tiny_network as tiny

YEAR = 8760
AIR, LIQUID = "ai_hall_air", "ai_hall_liquid"
WEIGHTS = [1.1**-k for k in (1, 2, 3, 4)]  # what a year of each phase counts
LINK = 200_000 * tiny.annuity(25)
WET = replace(tiny.SERVER, id="wet", cooling="liquid")
YEARS = (2027, 2028, 2029)


def agrees(found):
    whole = solve_lp(found.lowered.problem, gap=1e-9)
    assert found.solution.objective == pytest.approx(whole.objective, rel=1e-6, abs=1e-3)


def facts(**changes):
    """Return facts with a server on liquid beside the one on air."""
    given = tiny.facts(servers={"server": tiny.SERVER, "wet": WET})
    rows = {name.replace("_", "-"): tiny.fact(value) for name, value in changes.items()}
    return replace(given, costs={**given.costs, **rows})


def ai_site(**changes):
    given = {
        "limits": Limits(mining_mw=0.0, ai_mw=4.0), "miners": (), "servers": ("server", "wet"),
        "ai_cooling": ("ai-chilled-water", "ai-liquid"),
    }  # fmt: skip
    return tiny.site(**given | changes)


def served(per_mw_hall, upkeep=250_000):
    """Return what a MW of servers brings a year: 800 GPUs at 2 USD/h, 70 % of them sold."""
    sold = 800 * 2 * 0.7 * YEAR - tiny.PUE * 50 * YEAR
    return sold - 20e6 * tiny.annuity(5) - per_mw_hall * tiny.annuity(15) - upkeep


def test_servers_stand_in_the_hall_of_their_cooling():
    found = tiny.solve(tiny.network(ai_site(), given=facts()))
    halls = found.lowered.sites[0].hall_of
    assert halls == {"server:server": AIR, "server:wet": LIQUID}
    # both earn the same, and air is cheaper to build
    assert found.stands("server:server") == pytest.approx(4.0)
    assert found.stands(LIQUID) == pytest.approx(0.0)
    agrees(found)


def test_halls_of_both_kinds_share_the_limit_of_ai():
    def most(**demand):
        rows = tuple(
            AiDemand(countries=("AA",), generation=name, max_mw=(mw,), source="market")
            for name, mw in demand.items()
        )
        given = facts()
        wet = replace(WET, generation="second")
        given = replace(given, servers={"server": tiny.SERVER, "wet": wet})
        return tiny.solve(tiny.network(ai_site(), given=given, ai_demand=rows))

    found = most(first=3.0, second=3.0)
    assert found.stands(AIR) == pytest.approx(3.0)
    assert found.stands(LIQUID) == pytest.approx(1.0)
    room = [m for m in found.plan.marginals if m.kind == "ai_hall"]
    assert room[0].value > 0
    agrees(found)


def test_each_hall_cools_with_its_own_plant():
    given = facts()
    lean = replace(given.cooling["ai-liquid"], electrical_loss_share=0.01, fan_share=0.0)
    given = replace(given, cooling={**given.cooling, "ai-liquid": lean})
    site = ai_site(servers=("wet",))
    found = tiny.solve(tiny.network(site, given=given))
    assert found.power()["server:wet:spot"].max() == pytest.approx(4 * 1.01)
    load = found.year().energy_mwh
    assert load["auxiliary"] == pytest.approx(4 * 0.01 * YEAR)
    agrees(found)


def test_a_site_that_cools_with_liquid_alone_takes_servers_on_air_too():
    site = ai_site(ai_cooling=("ai-liquid",), servers=("server",))
    found = tiny.solve(tiny.network(site, given=facts()))
    assert found.stands(LIQUID) == pytest.approx(4.0)


def test_a_site_without_liquid_has_no_place_for_servers_on_liquid():
    site = ai_site(ai_cooling=("ai-chilled-water",), servers=("wet",))
    found = tiny.solve(tiny.network(site, given=facts()))
    assert found.plan.builds == ()


def test_a_hall_that_stands_is_filled_without_being_built():
    stands = StandingHall(kind="mining_hall", mw=4.0, built=date(2026, 1, 1))
    site = tiny.site(
        status="operating", halls=(stands,), limits=Limits(mining_mw=4.0, ai_mw=0.0),
        connection=Connection(existing_mw=10.0, max_mw=10.0),
    )  # fmt: skip
    found = tiny.solve(tiny.network(site))
    assert {b.asset for b in found.plan.builds} == {"miner:miner"}
    earned = 150 * YEAR - tiny.PUE * 50 * YEAR - 30_000 - 1e6 * tiny.annuity(4)
    assert found.plan.objective == pytest.approx(4 * earned * WEIGHTS[0])
    agrees(found)


def test_an_old_hall_is_done_before_the_plan_ends():
    # built in 2018 for ten years: it stands in 2027, and no more in 2028
    old = StandingHall(kind="mining_hall", mw=4.0, built=date(2018, 1, 1))
    site = tiny.site(
        status="operating", halls=(old,), connection=Connection(existing_mw=10.0, max_mw=10.0)
    )
    found = tiny.solve(tiny.network(site, years=(2027, 2028)))
    built = [b.amount for b in found.plan.builds if b.asset == "mining_hall"]
    assert built[0] == pytest.approx(10 / tiny.PUE - 4)
    assert sum(built) == pytest.approx(10 / tiny.PUE)


def test_machines_that_stand_in_a_hall_are_not_counted_beside_it():
    stands = StandingHall(kind="mining_hall", mw=4.0, built=date(2026, 1, 1))
    mining = Standing(model="miner", mw=3.0, installed=date(2026, 1, 1))
    site = tiny.site(
        status="operating", halls=(stands,), standing=(mining,), miners=(),
        connection=Connection(existing_mw=10.0, max_mw=10.0),
    )  # fmt: skip
    found = tiny.solve(tiny.network(site))
    assert found.stands("mining_hall") == pytest.approx(4.0)


def test_lead_times_of_halls_and_machines_run_from_the_decision():
    given = facts(lead_mining_hall=0.75)
    day = date(2026, 7, 1)
    found = tiny.solve(tiny.network(given=given, years=(2027, 2028), decided=day))
    assert found.stands("mining_hall", 0) == 0.0
    assert found.stands("mining_hall", 1) == pytest.approx(10 / tiny.PUE)
    machines = facts(lead_miners=1.5)
    late = tiny.solve(tiny.network(given=machines, years=(2027, 2028), decided=day))
    assert {b.phase for b in late.plan.builds if b.asset == "miner:miner"} == {2028}
    free = tiny.solve(tiny.network(given=given, years=(2027, 2028)))
    assert free.stands("mining_hall", 0) == pytest.approx(10 / tiny.PUE)


def old_mine(**changes):
    """Return an operating site with an empty mining hall of 4 MW that may become AI."""
    given = {
        "status": "operating", "servers": ("server",),
        "halls": (StandingHall(kind="mining_hall", mw=4.0, built=date(2026, 1, 1)),),
        "conversions": (Conversion(into=AIR, max_mw=4.0, source="study"),),
        "connection": Connection(existing_mw=10.0, max_mw=10.0),
        "ai_cooling": ("ai-chilled-water",), "limits": Limits(mining_mw=4.0, ai_mw=10.0),
    }  # fmt: skip
    return ai_site(**given | changes)


def test_a_mining_hall_becomes_an_ai_hall_after_its_months_out():
    # 6 million a MW is bound for a year before the first job: it bears a year's interest
    given = facts(ai_hall_air=1e9, lead_ai_hall=0.0)
    found = tiny.solve(tiny.network(old_mine(), given=given, years=YEARS))
    assert found.built("conversion:ai_hall_air") == pytest.approx(4.0)
    assert [found.stands("mining_hall", p) for p in range(3)] == pytest.approx([0, 0, 0])
    assert [found.stands(AIR, p) for p in range(3)] == pytest.approx([0, 4, 4])
    gain = 4 * (WEIGHTS[1] + WEIGHTS[2]) * served(6e6 * 1.1)
    assert found.plan.objective == pytest.approx(gain, rel=1e-6)
    assert found.year(2028).annuity == pytest.approx(
        4 * (20e6 * tiny.annuity(5) + 6.6e6 * tiny.annuity(15)), rel=1e-6
    )
    agrees(found)


def test_a_conversion_that_is_quick_is_in_use_in_its_phase():
    swift = Conversion(into=AIR, max_mw=2.5, cost_per_mw=5e6, months_out=0.0, source="study")
    given = facts(ai_hall_air=1e9)
    found = tiny.solve(tiny.network(old_mine(conversions=(swift,)), given=given))
    assert found.stands(AIR) == pytest.approx(2.5)
    assert found.stands("mining_hall") == pytest.approx(1.5)
    gain = 2.5 * served(5e6) - 1.5 * 30_000
    assert found.plan.objective == pytest.approx(gain * WEIGHTS[0], rel=1e-6)
    agrees(found)


def test_miners_leave_a_hall_only_where_ai_pays_for_it():
    # at 45 million a MW the hall stays a mining hall
    dear = Conversion(into=AIR, max_mw=4.0, cost_per_mw=45e6, months_out=0.0, source="study")
    given = facts(ai_hall_air=1e9)
    site = old_mine(conversions=(dear,), miners=("miner",))
    found = tiny.solve(tiny.network(site, given=given))
    assert found.stands("miner:miner") == pytest.approx(4.0)
    assert found.built("conversion:ai_hall_air") == pytest.approx(0.0)
    agrees(found)


def test_a_new_mining_hall_may_be_converted_later():
    # rents begin in 2029: mining fills the hall until it is rebuilt
    swift = Conversion(into=AIR, max_mw=4.0, cost_per_mw=1e6, months_out=12.0, source="study")
    site = old_mine(conversions=(swift,), halls=(), miners=("miner",), servers=())
    lease = Lease(
        id="tenant", tenant="Tenant", site="site", hall=AIR, mw=4.0, rent_per_kw_month=300.0,
        currency="USD", term_years=10.0, ready=date(2029, 1, 1), source="letter",
    )  # fmt: skip
    network = tiny.network(site, given=facts(ai_hall_air=1e9), years=YEARS)
    found = tiny.solve(replace(network, offers=Offers(leases=(lease,))))
    assert found.plan.offers[0].taken
    assert [found.stands("lease:tenant", p) for p in range(3)] == pytest.approx([0, 0, 4])
    begun = [b.phase for b in found.plan.builds if b.asset == f"conversion:{AIR}"]
    assert begun == [2028]
    assert found.stands("miner:miner", 0) == pytest.approx(4.0)
    agrees(found)


def test_capital_for_a_conversion_is_spent_when_it_begins():
    given = facts(ai_hall_air=1e9)
    found = tiny.solve(tiny.network(old_mine(), given=given, years=YEARS))
    (build,) = [b for b in found.plan.builds if b.asset.startswith("conversion")]
    assert (build.phase, build.capex) == (2027, pytest.approx(4 * 6e6))


def test_conversions_that_are_named_twice_are_refused():
    one = Conversion(into=AIR, max_mw=4.0, source="study")
    with pytest.raises(InputError, match="must be named once each"):
        old_mine(conversions=(one, one))


def test_two_plants_for_one_kind_of_hall_are_refused():
    with pytest.raises(InputError, match="at most one for each kind"):
        ai_site(ai_cooling=("ai-chilled-water", "ai-free-air"))


def test_hosted_miners_leave_no_room_for_own_miners():
    guest = Hosting(
        id="guest", customer="Guest", sites=("site",), max_mw=1.0, fee_per_mwh=300.0,
        currency="USD", start=date(2027, 1, 1), term_years=5.0, source="letter",
    )  # fmt: skip
    network = tiny.network(tiny.site(limits=Limits(mining_mw=3.0, ai_mw=0.0)))
    found = tiny.solve(replace(network, offers=Offers(hosting=(guest,))))
    assert found.stands("hosting:guest") == pytest.approx(1.0)
    assert found.stands("miner:miner") == pytest.approx(2.0)
    assert np.isclose(found.stands("mining_hall"), 3.0)
    agrees(found)
