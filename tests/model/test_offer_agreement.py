# SPDX-License-Identifier: Apache-2.0
"""Whether halls and offers fit their sites."""

from dataclasses import replace
from datetime import date

import pytest

from loadstone.model.agreement import disagreements
from loadstone.model.connection import Connection, Tranche
from loadstone.model.hall import Conversion, StandingHall
from loadstone.model.offer import Hosting, Lease, Offers
from loadstone.model.site import Limits
from tests.engines.plan.lower import tiny_network as tiny

LEASE = Lease(
    id="tenant", tenant="Tenant", site="site", hall="ai_hall_air", mw=8.0,
    rent_per_kw_month=150.0, currency="USD", term_years=15.0, ready=date(2027, 1, 1),
    source="letter",
)  # fmt: skip
GUEST = Hosting(
    id="guest", customer="Guest", sites=("site",), max_mw=10.0, fee_per_mwh=80.0,
    currency="USD", start=date(2027, 1, 1), term_years=3.0, source="letter",
)  # fmt: skip
CONVERSION = Conversion(into="ai_hall_air", max_mw=4.0, source="study")


def site(**changes):
    return tiny.site(**{"limits": Limits(ai_mw=9.0)} | changes)


def found(one, *, leases=(), hosting=()):
    network = replace(tiny.network(one), offers=Offers(leases=leases, hosting=hosting))
    return [(e.file, e.field, e.rule) for e in disagreements(network)]


def only(errors, file, field, rule):
    """Hold what was found to one error."""
    assert [(f, where) for f, where, _ in errors] == [(file, field)]
    assert rule in errors[0][2]


def test_offers_that_fit_are_not_doubted():
    assert found(site(conversions=(CONVERSION,)), leases=(LEASE,), hosting=(GUEST,)) == []


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"mw": 8.5}, "mw", "at most limits.ai_mw 8"),
        ({"site": "moon"}, "site", "must be a site of the network, e.g. site"),
        ({"hall": "ai_hall_liquid"}, "hall", "ai_cooling is ai-chilled-water"),
        ({"currency": "EUR"}, "currency", "fx.EUR"),
    ],
)
def test_a_lease_that_does_not_fit_its_site_is_told(changes, field, rule):
    given = site(limits=Limits(ai_mw=8.0))
    errors = found(given, leases=(replace(LEASE, **changes),))
    only(errors, "offers.toml", f"leases.tenant.{field}", rule)


def test_a_lease_larger_than_the_connection_is_told():
    errors = found(site(limits=Limits()), leases=(replace(LEASE, mw=10.5),))
    only(errors, "offers.toml", "leases.tenant.mw", "at most the 10 MW that Site can connect")


def test_a_lease_that_is_ready_before_the_connection_is_told():
    # power comes in July 2027, by the lead time and by the tranche
    by_lead = site(connection=Connection(max_mw=10.0, lead_time_years=0.5))
    tranche = Tranche(mw=10.0, energised=date(2027, 7, 2), source="grid")
    by_tranche = site(connection=Connection(max_mw=10.0, tranches=(tranche,)))
    for one in (by_lead, by_tranche):
        network = tiny.network(one, years=(2027, 2028))
        network = replace(network, offers=Offers(leases=(LEASE,)))
        errors = [(e.file, e.field, e.rule) for e in disagreements(network)]
        only(errors, "offers.toml", "leases.tenant.ready", "before Site has a connection")


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"cooling": "hydro"}, "cooling", "mining cooling of Site, mining-air"),
        ({"sites": ("site", "moon")}, "sites", "must be a site of the network"),
        ({"currency": "EUR"}, "currency", "fx.EUR"),
    ],
)
def test_hosting_that_does_not_fit_its_sites_is_told(changes, field, rule):
    errors = found(site(), hosting=(replace(GUEST, **changes),))
    only(errors, "offers.toml", f"hosting.guest.{field}", rule)


def test_hosting_without_room_is_told():
    errors = found(site(limits=Limits(mining_mw=0.0)), hosting=(GUEST,))
    only(errors, "offers.toml", "hosting.guest.sites", "limits.mining_mw of Site is 0")


def test_a_conversion_of_a_hall_that_cannot_be_is_told():
    given = site(limits=Limits(mining_mw=0.0, ai_mw=9.0), conversions=(CONVERSION,))
    only(found(given), "sites/site.toml", "conversions[0].hall", "must stand at Site")
    hall = StandingHall(kind="mining_hall", mw=4.0, built=date(2020, 1, 1))
    assert found(replace(given, halls=(hall,))) == []


def test_halls_that_the_site_cannot_cool_are_told():
    hall = StandingHall(kind="ai_hall_liquid", mw=4.0, built=date(2020, 1, 1))
    into = replace(CONVERSION, into="ai_hall_liquid")
    only(found(site(halls=(hall,))), "sites/site.toml", "halls[0].kind", "cooling plant")
    errors = found(site(conversions=(into,)))
    only(errors, "sites/site.toml", "conversions[0].into", "cooling plant")
