# SPDX-License-Identifier: Apache-2.0
"""A small plan of all that earns: miners, servers, a lease; half-years and a long phase."""

from dataclasses import replace
from datetime import date
from functools import cache

from loadstone.engines.plan.result import site_hours
from loadstone.model.country import ImportDuty
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.terms import CashTerms, Inflation
from loadstone.model.network import Phase
from loadstone.model.offer import Lease, Offers
from loadstone.model.site import AiSales, Limits
from loadstone.model.spend import SpendCurve
from loadstone.model.tariff import FlatLevy
from tests.engines.plan.lower import tiny_network as tiny

PHASES = (
    Phase(year=2027, years=0.5),
    Phase(year=2027, month=7, years=0.5),
    Phase(year=2028),
    Phase(year=2029, years=4),
)
CURVE = SpendCurve(
    steps=((0.5, 0.4), (0.0, 0.6)), source="invented", date=tiny.DAY, confidence="high"
)
LEASE = Lease(
    id="tenant", tenant="Tenant", site="site", hall="ai_hall_air", mw=2.0, must=True,
    rent_per_kw_month=250.0, currency="USD", term_years=10.0, ready=date(2028, 1, 1),
    source="letter",
)  # fmt: skip


def duty(use, rate):
    return ImportDuty(
        id=use, use=use, rate=tiny.fact(rate), source="invented", date=tiny.DAY,
        confidence="high",
    )  # fmt: skip


COUNTRY = tiny.country(
    mining=tiny.treatment(rate=0.25, vat_back=0.0),
    ai=tiny.treatment(rate=0.25),
    duties=(duty("mining", 0.10), duty("ai", 0.05)),
)
FACTS = replace(
    tiny.facts(countries={"AA": COUNTRY}),
    spend={kind: CURVE for kind in ("miners", "servers", "ai-hall", "mining-hall")},
)
SITE = tiny.site(
    limits=Limits(mining_mw=4.0, ai_mw=3.0),
    ai_sales=AiSales(contracted_share=0.5, contracted_price_factor=0.9, utilisation=0.8),
    supply=(
        tiny.spot(adder=4.0),
        FlatLevy(currency="USD", zone="UTC", name="levy", use="mining", per_mwh=2.0),
    ),
)


@cache
def solved(country=COUNTRY):
    """Return the plan of the small network, its hours and the network; no terms of cash."""
    given = tiny.network(
        SITE,
        given=replace(FACTS, countries={"AA": country}),
        phases=PHASES,
        servers=("server",),
        decided=date(2026, 10, 15),
        owner="BB",
    )
    given = replace(given, offers=Offers(leases=(LEASE,)))
    found = tiny.solve(given, gap=1e-7)
    hours = site_hours(found.lowered, found.solution, found.hours)
    return found.plan, hours, given


def with_cash(network, **terms):
    """Return a network with terms of cash."""
    return replace(network, deals=Deals(cash=CashTerms(**terms)))


def inflation(**rates):
    """Return inflation by currency."""
    return {
        code: Inflation(value=rate, source="a test", date=tiny.DAY)
        for code, rate in rates.items()
    }
