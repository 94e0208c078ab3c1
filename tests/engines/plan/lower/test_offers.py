# SPDX-License-Identifier: Apache-2.0
"""Leases and hosting: taken where they pay, counted by hand and against one programme."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.plan.conflicts import clashing_limits
from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.result import site_hours
from loadstone.model.connection import Connection
from loadstone.model.errors import InfeasibleError
from loadstone.model.gate import Gate
from loadstone.model.network import Caps
from loadstone.model.offer import Hosting, Lease, Offers
from loadstone.model.site import Clause, Limits
from loadstone.model.tariff import DemandCharge, FlatLevy
from tests.engines.plan.lower import tiny_network as tiny

YEAR = 8760
HALL = 10e6 * tiny.annuity(15) + 250_000  # a MW of air hall a year
LINK = 200_000 * tiny.annuity(25)  # a MW of connection
FIRST, SECOND = 1 / 1.1, 1 / 1.1**2  # what a year of the first and second phase counts
BREAK_EVEN = (HALL + tiny.PUE * LINK) / 12_000  # USD per kW and month, power at their expense


def lease(**changes):
    given = {
        "id": "tenant", "tenant": "Tenant", "site": "site", "hall": "ai_hall_air", "mw": 4.0,
        "rent_per_kw_month": 200.0, "currency": "USD", "term_years": 10.0,
        "ready": date(2027, 1, 1), "source": "letter",
    }  # fmt: skip
    return Lease(**given | changes)


def hosting(**changes):
    given = {
        "id": "guest", "customer": "Guest", "sites": ("site",), "max_mw": 6.0,
        "fee_per_mwh": 120.0, "currency": "USD", "start": date(2027, 1, 1), "term_years": 5.0,
        "source": "letter",
    }  # fmt: skip
    return Hosting(**given | changes)


def ai_site(**changes):
    """Return a site without miners or servers of its own."""
    given = {"limits": Limits(mining_mw=0.0, ai_mw=10.0), "servers": (), "miners": ()}
    return tiny.site(**given | changes)


def host_site(id_="site", **changes):
    return tiny.site(id_, **{"miners": ()} | changes)


def offered(*offers, sites=None, **study):
    """Return a network with offers; sites default to one for leases."""
    leases = tuple(one for one in offers if isinstance(one, Lease))
    hosted = tuple(one for one in offers if isinstance(one, Hosting))
    network = tiny.network(*(sites or (ai_site(),)), **study)
    return replace(network, offers=Offers(leases=leases, hosting=hosted))


def solved(*offers, sites=None, **study):
    return tiny.solve(offered(*offers, sites=sites, **study))


def agrees(found):
    """Hold the method to one programme of the whole problem."""
    whole = solve_lp(found.lowered.problem, gap=1e-9)
    assert found.solution.objective == pytest.approx(whole.objective, rel=1e-6, abs=1e-3)


def told(found, id_="tenant", site="site"):
    return next(o for o in found.plan.offers if (o.id, o.site) == (id_, site))


def test_a_lease_is_taken_above_its_break_even_rent():
    # the tenant pays for its power, so that rent pays for hall and connection alone
    found = solved(lease(rent_per_kw_month=1.01 * BREAK_EVEN))
    gain = 4 * 12_000 * 0.01 * BREAK_EVEN * FIRST
    assert found.plan.objective == pytest.approx(gain, rel=1e-6)
    assert found.stands("lease:tenant") == pytest.approx(4.0)
    year = found.year()
    assert year.revenue["rent"] == pytest.approx(4 * 12_000 * 1.01 * BREAK_EVEN)
    assert year.revenue["lease power"] == pytest.approx(year.cost["energy"])
    assert year.energy_mwh["lease power"] == pytest.approx(4 * YEAR)
    one = told(found)
    assert (one.taken, one.from_phase, one.mw, one.kind) == (True, 2027, 4.0, "lease")
    assert "Tenant rents 4 MW from 2027-01-01 for 10 years" in one.text
    agrees(found)


def test_a_lease_is_left_below_its_break_even_rent():
    found = solved(lease(rent_per_kw_month=0.99 * BREAK_EVEN))
    assert found.plan.objective == pytest.approx(0.0, abs=1e-3)
    assert not told(found).taken
    assert told(found).text == "Could be met; the plan is worth more without it."
    agrees(found)


def test_a_lease_that_must_be_taken_is_taken_at_a_loss():
    found = solved(lease(rent_per_kw_month=0.9 * BREAK_EVEN, must=True))
    assert found.plan.objective == pytest.approx(-4 * 12_000 * 0.1 * BREAK_EVEN * FIRST)
    agrees(found)


@pytest.mark.parametrize(
    ("power", "paid"), [({"power": "landlord"}, 0.0), ({"power_per_mwh": 70.0}, 70.0)]
)
def test_the_landlord_keeps_what_an_agreed_price_leaves_of_power(power, paid):
    given = {"power": "price"} | power
    found = solved(lease(rent_per_kw_month=2 * BREAK_EVEN, share_drawn=0.6, **given))
    # the tenant draws 0.6 of 4 MW at its plugs; a MWh costs 50 at the meter
    power_left = 4 * 0.6 * YEAR * (paid - tiny.PUE * 50)
    gain = (4 * 12_000 * BREAK_EVEN + power_left) * FIRST
    assert found.plan.objective == pytest.approx(gain, rel=1e-6)
    assert found.year().revenue.get("lease power", 0.0) == pytest.approx(4 * 0.6 * YEAR * paid)
    agrees(found)


def test_late_delivery_pays_damages_where_that_is_less_than_losing_the_lease():
    # power comes a year late: 365 days of damages on 4 MW, paid when the hall opens
    late = ai_site(connection=Connection(max_mw=10.0, lead_time_years=1.0))
    rent = 2 * BREAK_EVEN
    gain = 4 * 12_000 * BREAK_EVEN * SECOND
    damages = 4 * 365 * 500 / 1.1
    given = lease(rent_per_kw_month=rent, damages_per_mw_day=500.0)
    found = solved(given, sites=(late,), years=(2027, 2028))
    assert found.plan.objective == pytest.approx(gain - damages, rel=1e-6)
    assert told(found).from_phase == 2028
    assert "365 days late, which costs 730,000 USD" in told(found).text
    # a year's books bear what counts the same as the payment on its first day
    assert found.year(2028).cost["damages"] == pytest.approx(730_000 * 1.1)
    assert found.year(2028).cost["tax"] == pytest.approx(0.0, abs=1.0)
    agrees(found)
    dear = lease(rent_per_kw_month=rent, damages_per_mw_day=500.0 * 1.1 * gain / damages)
    lost = solved(dear, sites=(late,), years=(2027, 2028))
    assert not told(lost).taken
    agrees(lost)


def test_tax_is_taken_of_rent_and_fees_less_what_they_cost():
    # a quarter of what is left before capital, all costs deductible; no cash in the premium
    land = tiny.country(mining=tiny.treatment(0.25), ai=tiny.treatment(0.25))
    late = tiny.site(
        connection=Connection(max_mw=10.0, lead_time_years=1.0), limits=Limits(ai_mw=10.0),
        miners=(), servers=(), supply=(tiny.spot(),),
    )  # fmt: skip
    given = lease(rent_per_kw_month=400.0, damages_per_mw_day=100.0, credit_spread=0.03)
    guest = hosting(uptime_floor=1.0, shortfall_per_mwh=20.0, fee_per_mwh=170.0)
    found = solved(
        given, guest, sites=(late,), years=(2027, 2028), prices=2 * tiny.daily_prices(),
        given=tiny.facts(countries={"AA": land}),
    )  # fmt: skip
    year = found.year(2028)
    assert {"rent", "lease power", "hosting"} <= {k for k, v in year.revenue.items() if v}
    assert {"damages", "risk_premium", "shortfall"} <= {k for k, v in year.cost.items() if v}
    left = sum(year.revenue.values()) - sum(
        amount for line, amount in year.cost.items() if line not in {"tax", "risk_premium"}
    )
    assert year.cost["tax"] == pytest.approx(0.25 * left, rel=1e-6)
    agrees(found)


def test_an_offer_that_cannot_be_met_says_why():
    late = ai_site(connection=Connection(max_mw=10.0, lead_time_years=1.0))
    longstop = lease(longstop=date(2027, 6, 30))
    early = solved(longstop, sites=(late,), years=(2027, 2028))
    assert told(early).text.startswith("Cannot be met: 4.2 MW at the meter must be firm")
    after = solved(lease(ready=date(2027, 2, 1)))
    assert told(after).text == "Cannot be met: no phase begins from 2027-02-01 on."
    large = solved(lease(mw=9.9))
    assert "10.4 MW at the meter must be firm, and at most 10 MW can be" in told(large).text
    full = solved(lease(mw=9.0), sites=(ai_site(limits=Limits(mining_mw=0.0, ai_mw=8.0)),))
    assert "can have at most 8 MW in 2027, and 9 MW are asked for" in told(full).text
    quiet = ai_site(clauses=(Clause(use="ai", hours=(3,), source="neighbours"),))
    assert "AI is forbidden in 365 hours of 2027" in told(solved(lease(), sites=(quiet,))).text
    gate = Gate(kind="permit", uses=("ai",), source="town")
    shut = ai_site(gates=(gate,))
    assert "permit for AI is not expected" in told(solved(lease(), sites=(shut,))).text


def test_a_lease_that_must_be_taken_and_cannot_be_is_infeasible_with_the_reason():
    with pytest.raises(InfeasibleError, match=r"tenant must be taken.*must be firm"):
        lower(offered(lease(mw=9.9, must=True)))


def test_a_lease_that_must_be_taken_and_finds_no_capital_is_infeasible():
    network = offered(lease(must=True), caps=Caps(total_budget=1e6))
    with pytest.raises(InfeasibleError):
        tiny.solve(network)
    (conflict,) = clashing_limits(lower(network).problem, (2027,))
    assert conflict.rules[0] == "the lease tenant at Site, taken once: at least 4 MW (letter)"


def test_a_tenant_that_may_fail_counts_less():
    # years at 10 % and a spread of 4 %, over years at 10 %
    safe = solved(lease(rent_per_kw_month=2 * BREAK_EVEN), years=(2027, 2028))
    risky = solved(
        lease(rent_per_kw_month=2 * BREAK_EVEN, credit_spread=0.04), years=(2027, 2028)
    )
    rent = 4 * 12_000 * 2 * BREAK_EVEN
    lost = rent * (FIRST + SECOND - 1 / 1.14 - 1 / 1.14**2)
    assert safe.plan.objective - risky.plan.objective == pytest.approx(lost, rel=1e-6)
    year = risky.year(2028)
    assert year.revenue["rent"] == pytest.approx(rent)
    assert year.cost["risk_premium"] == pytest.approx(rent * (1 - 1.1**2 / 1.14**2))
    assert year.cost["tax"] == pytest.approx(0.0, abs=1.0)
    agrees(risky)


def test_miners_use_what_a_tenant_does_not_draw_where_they_may():
    both = ai_site(limits=Limits(ai_mw=10.0), miners=None)
    given = {"mw": 8.0, "share_drawn": 0.5, "rent_per_kw_month": 2 * BREAK_EVEN}
    found = {
        usable: solved(lease(undrawn_usable=usable, **given), sites=(both,))
        for usable in (True, False)
    }
    # 8 MW reserve 8.4 MW at the meter, of which 4.2 are drawn, of 10
    assert found[True].power()["miner:miner"].max() == pytest.approx(10 - 4.2)
    assert found[False].power()["miner:miner"].max() == pytest.approx(10 - 8.4)
    assert found[True].power()["lease:tenant"].min() == pytest.approx(4.2)
    miner = 150 * YEAR - tiny.PUE * 50 * YEAR - 400_000 * tiny.annuity(10) - 30_000
    miner -= 1e6 * tiny.annuity(4)
    gain = found[True].plan.objective - found[False].plan.objective
    assert gain == pytest.approx(4.2 / tiny.PUE * miner * FIRST, rel=1e-6)
    for one in found.values():
        agrees(one)


def test_what_a_tenant_reserves_is_kept_under_a_demand_charge_too():
    charge = DemandCharge(currency="USD", zone="UTC", rates=(500.0,), name="demand")
    both = ai_site(limits=Limits(ai_mw=10.0), miners=None, supply=(tiny.flat(), charge))
    given = {"mw": 8.0, "share_drawn": 0.5, "rent_per_kw_month": 2 * BREAK_EVEN}
    found = solved(lease(**given), sites=(both,))
    assert found.power()["miner:miner"].max() == pytest.approx(10 - 8.4)
    assert found.year().cost["demand"] == pytest.approx((10 - 4.2) * 500 * 12, rel=1e-6)
    agrees(found)


def test_a_lease_ends_with_its_term():
    found = solved(lease(term_years=1.0, rent_per_kw_month=4 * BREAK_EVEN), years=(2027, 2028))
    stood = [found.stands("lease:tenant", p) for p in (0, 1)]
    assert stood in ([4.0, 0.0], [0.0, 4.0])
    agrees(found)


def test_the_meters_and_the_hours_tell_tenants_and_guests():
    both = tiny.site(limits=Limits(ai_mw=10.0), servers=(), miners=())
    found = solved(lease(rent_per_kw_month=2 * BREAK_EVEN), hosting(), sites=(both,))
    (hours,) = site_hours(found.lowered, found.solution, found.hours)
    assert set(hours.machine_mw) == {"lease:tenant", "hosting:guest"}
    assert found.stands("hosting:guest") == pytest.approx((10 - 4.2) / tiny.PUE)
    year = found.year()
    assert year.cost["tax"] == pytest.approx(0.0, abs=1.0)
    assert year.revenue["hosting"] == pytest.approx((10 - 4.2) / tiny.PUE * YEAR * 120)
    assert year.energy_mwh["auxiliary"] == pytest.approx(10 * YEAR * (1 - 1 / tiny.PUE))
    agrees(found)


def test_hosting_earns_its_fee_without_machines():
    # a MW at the plugs earns 120, and draws 1.05 MWh at 50; halls are the landlord's
    found = solved(hosting(), sites=(host_site(),))
    left = 120 * YEAR - tiny.PUE * 50 * YEAR - 400_000 * tiny.annuity(10) - 30_000
    left -= tiny.PUE * LINK
    assert found.plan.objective == pytest.approx(6 * left * FIRST, rel=1e-6)
    assert {b.asset for b in found.plan.builds} == {"connection", "mining_hall"}
    assert "Guest places 6 MW of miners" in told(found, "guest").text
    limits = [m for m in found.plan.marginals if m.kind == "hosting"]
    assert limits[0].value == pytest.approx(left * FIRST, rel=1e-6)
    agrees(found)


def test_the_floor_of_uptime_makes_hosted_miners_run_when_power_is_dear():
    # power at 60 +- 40 by the sine of the hour; at 80 a MWh it pays up to 76.2 at the meter
    def at(back):
        site = host_site(supply=(tiny.spot(),))
        given = hosting(fee_per_mwh=80.0, uptime_floor=0.95, shortfall_per_mwh=back, max_mw=2.0)
        return solved(given, sites=(site,))

    free, mild, strict = at(0.0), at(10.0), at(500.0)
    cheap = (tiny.daily_prices() * tiny.PUE < 80).sum()
    assert free.year().energy_mwh["hosting"] == pytest.approx(2 * cheap)
    owed = 0.95 * 2 * YEAR
    assert strict.year().energy_mwh["hosting"] == pytest.approx(owed, rel=1e-6)
    assert strict.year().cost["shortfall"] == pytest.approx(0.0, abs=1.0)
    some = mild.year()
    missing = owed - some.energy_mwh["hosting"]
    assert some.cost["shortfall"] == pytest.approx(missing * 10, rel=1e-6)
    assert cheap * 2 < some.energy_mwh["hosting"] < owed
    assert some.cost["tax"] == pytest.approx(0.0, abs=1.0)
    for one in (free, mild, strict):
        agrees(one)


def test_hosting_is_shared_between_sites():
    cheap, dear = host_site("cheap", supply=(tiny.flat(30.0),)), host_site("dear")
    given = hosting(sites=("cheap", "dear"), max_mw=12.0)
    found = solved(given, sites=(cheap, dear))
    assert found.stands("hosting:guest", 0, 0) == pytest.approx(10 / tiny.PUE)
    assert found.stands("hosting:guest", 0, 1) == pytest.approx(12 - 10 / tiny.PUE)
    agrees(found)


def test_hosted_miners_stay_though_power_grows_dear():
    # from 2028 on power takes all of the fee, and the hall costs its upkeep
    future = tiny.outlook((1, 2), power_price_factor=(1.0, 3.0))
    site = host_site()
    found = solved(hosting(), sites=(site,), years=(2027, 2028), outlook=future)
    stood = [found.stands("hosting:guest", p) for p in (0, 1)]
    assert stood[1] >= stood[0] - 1e-6
    agrees(found)


def test_levies_on_mining_and_bans_hold_for_hosted_miners():
    # the floor counts hours in which miners may run: a ban is nobody's fault
    levy = FlatLevy(currency="USD", zone="UTC", use="mining", per_mwh=10.0, name="levy")
    clause = Clause(hours=(18,), source="grid")
    site = host_site(clauses=(clause,), supply=(tiny.flat(), levy))
    floor = hosting(max_mw=2.0, uptime_floor=1.0, shortfall_per_mwh=1000.0)
    found = solved(floor, sites=(site,))
    assert found.power()["hosting:guest"][18::24].max() == pytest.approx(0.0)
    run = 2 * YEAR * 23 / 24
    year = found.year()
    assert year.energy_mwh["hosting"] == pytest.approx(run)
    assert year.cost["levies"] == pytest.approx(run * tiny.PUE * 10)
    assert year.cost.get("shortfall", 0.0) == pytest.approx(0.0, abs=1.0)
    agrees(found)


def test_hosting_that_cannot_be_met_says_why():
    past = solved(hosting(start=date(2020, 1, 1)), sites=(host_site(),))
    assert "no phase lies in the 5 years from 2020-01-01" in told(past, "guest").text
    quiet = host_site(clauses=(Clause(months=tuple(range(1, 13)), source="town"),))
    shut = solved(hosting(), sites=(quiet,))
    assert "mining is forbidden in all hours of its term" in told(shut, "guest").text


@pytest.mark.long
@given(
    mw=st.sampled_from([2.0, 5.0, 8.0]),
    share=st.sampled_from([0.0, 0.4, 1.0]),
    usable=st.booleans(),
    rent=st.floats(0.8, 1.6),
    fee=st.floats(60.0, 130.0),
)
@settings(max_examples=4, deadline=None)
def test_any_offers_agree_and_a_dearer_rent_never_makes_a_plan_worse(
    mw, share, usable, rent, fee
):
    site = tiny.site(limits=Limits(ai_mw=9.0), servers=(), supply=(tiny.spot(),))

    def at(factor):
        one = lease(
            mw=mw,
            share_drawn=share,
            undrawn_usable=usable,
            rent_per_kw_month=factor * BREAK_EVEN,
        )
        guest = hosting(fee_per_mwh=fee, uptime_floor=0.8, shortfall_per_mwh=15.0)
        return solved(one, guest, sites=(site,))

    found, dearer = at(rent), at(rent + 0.1)
    agrees(found)
    assert dearer.plan.objective >= found.plan.objective * (1 - 1e-6) - 1e-3
