# SPDX-License-Identifier: Apache-2.0
"""A small plan with debt and futures, valued: its base case, its case and what is drawn."""

from dataclasses import replace
from datetime import date
from functools import cache

from loadstone.engines.plan.result import site_hours
from loadstone.engines.value.base_case import base_case
from loadstone.engines.value.futures.assessing import drawn
from loadstone.engines.value.futures.case import case_of, curves_of
from loadstone.engines.value.futures.redispatch import Redispatch
from loadstone.engines.value.operating.table import site_times
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.debt import Debt
from loadstone.model.finance.terms import CashTerms, Inflation
from loadstone.model.futures.events import Default, Delay, Hazard
from loadstone.model.futures.level import Level, Levels
from loadstone.model.futures.terms import Futures
from loadstone.model.network import Phase
from loadstone.model.offer import Lease, Offers
from loadstone.model.site import AiSales, Limits
from tests.engines.plan.lower import tiny_network as tiny

DAY = date(2026, 10, 1)
PHASES = (Phase(year=2027), Phase(year=2028), Phase(year=2029, years=4))
LEASE = Lease(
    id="tenant", tenant="Tenant", site="site", hall="ai_hall_air", mw=2.0, must=True,
    rent_per_kw_month=250.0, currency="USD", term_years=10.0, ready=date(2028, 1, 1),
    source="letter",
)  # fmt: skip
LOAN = Debt(
    id="loan", kind="term", currency="USD", rate=0.08, starts=date(2027, 1, 1),
    draw_years=1.0, tenor_years=5.0, repayment="level", gearing=0.3, default_dscr=1.1,
    source="a test",
)  # fmt: skip

SHARES = (
    *("local-share-halls", "local-share-connection", "local-share-plants"),
    *("local-share-machines", "wage-share-building", "wage-share-staff"),
    "wage-share-repairs",
)


def level(volatility, half_life=12.0):
    return Level(volatility=volatility, half_life_months=half_life, source="a test")


FUTURES = Futures(
    source="A test",
    date=DAY,
    hashprice=level(0.6),
    ai=Levels(level=level(0.3), together=1.0),
    power=Levels(level=level(0.3), together=1.0),
    hazards=(Hazard(country="AA", mining_ban=0.05, expropriation=0.02, source="a test"),),
    delay=Delay(overrun=0.2, spread=0.4, together=0.5, source="a test"),
    default=Default(yearly={"other": 0.05}, vacant_months=12.0, source="a test"),
)


@cache
def planned():
    """Return network, plan, its hours and its columns."""
    site = tiny.site(
        limits=Limits(mining_mw=4.0, ai_mw=3.0),
        ai_sales=AiSales(contracted_share=0.5, contracted_price_factor=0.9, utilisation=0.8),
        supply=(tiny.spot(adder=4.0),),
    )
    aland = tiny.country(mining=tiny.treatment(rate=0.25), ai=tiny.treatment(rate=0.25))
    facts = tiny.facts(countries={"AA": aland})
    given = tiny.network(
        site,
        given=replace(facts, costs={**facts.costs, **dict.fromkeys(SHARES, tiny.fact(0.5))}),
        prices=tiny.daily_prices(),
        phases=PHASES,
        servers=("server",),
        decided=DAY,
        owner="AA",
    )
    given = replace(given, offers=Offers(leases=(LEASE,)))
    found = tiny.solve(given, gap=1e-6)
    inflation = {"USD": Inflation(value=0.02, source="a test", date=DAY)}
    deals = Deals(cash=CashTerms(inflation=inflation), debts=(LOAN,))
    network = replace(given, deals=deals, futures=FUTURES)
    hours = site_hours(found.lowered, found.solution, found.hours)
    return network, found.plan, hours, found.solution.columns


@cache
def valued():
    """Return the base case, the case as a book needs it, and 200 futures."""
    network, plan, hours, _ = planned()
    base = base_case(plan, hours, network)
    case = case_of(base, plan, network, curves_of(site_times(plan, hours, network)))
    return base, case, drawn(case, 200, 1)


@cache
def again():
    """Return what dispatches the plan anew."""
    network, plan, _, columns = planned()
    return Redispatch(network, plan, columns)
