# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import pytest

from loadstone.model.errors import InputError
from loadstone.model.hall import Conversion, StandingHall, ai_hall
from loadstone.model.offer import Hosting, Lease, Offers

LEASE = Lease(
    id="tenant", tenant="Tenant", site="site", mw=10.0, rent_per_kw_month=150.0,
    currency="USD", term_years=15.0, ready=date(2028, 1, 1), source="letter",
)  # fmt: skip
GUEST = Hosting(
    id="guest", customer="Guest", sites=("a", "b"), max_mw=10.0, fee_per_mwh=80.0,
    currency="USD", start=date(2027, 1, 1), term_years=3.0, source="letter",
)  # fmt: skip
WRONG_LEASE = {
    "mw": 0.0,
    "term_years": 0.0,
    "rent_per_kw_month": -1.0,
    "damages_per_mw_day": float("inf"),
    "share_drawn": 1.1,
    "firm_share": -0.1,
    "credit_spread": 3.0,
    "longstop": date(2027, 12, 31),
    "power_per_mwh": 50.0,
}
WRONG_HOSTING = {
    "max_mw": 0.0,
    "term_years": -1.0,
    "fee_per_mwh": -1.0,
    "uptime_floor": 95.0,
    "shortfall_per_mwh": -1.0,
    "sites": ("a", "a"),
}


@pytest.mark.parametrize(("field", "value"), WRONG_LEASE.items())
def test_a_lease_refuses_what_it_cannot_mean(field, value):
    with pytest.raises(InputError) as found:
        replace(LEASE, **{field: value})
    assert found.value.field == field


def test_an_agreed_price_of_power_must_be_said():
    with pytest.raises(InputError, match="power_per_mwh"):
        replace(LEASE, power="price")
    assert replace(LEASE, power="price", power_per_mwh=60.0).power_per_mwh == 60.0


@pytest.mark.parametrize(("field", "value"), WRONG_HOSTING.items())
def test_hosting_refuses_what_it_cannot_mean(field, value):
    with pytest.raises(InputError) as found:
        replace(GUEST, **{field: value})
    assert found.value.field == field


def test_hosting_names_a_site():
    with pytest.raises(InputError, match="at least one site"):
        replace(GUEST, sites=())


def test_offers_have_names_of_their_own():
    assert (LEASE.name, GUEST.name) == ("lease:tenant", "hosting:guest")
    with pytest.raises(InputError, match=r"leases.id = 'tenant': must be used once"):
        Offers(leases=(LEASE, LEASE))
    with pytest.raises(InputError, match=r"hosting.id = 'guest': must be used once"):
        Offers(hosting=(GUEST, GUEST))
    with pytest.raises(InputError, match="of a lease and of hosting at once"):
        Offers(leases=(LEASE,), hosting=(replace(GUEST, id="tenant"),))


def test_a_cooling_plant_says_the_kind_of_hall():
    assert ai_hall("ai-liquid") == "ai_hall_liquid"
    assert ai_hall("ai-chilled-water") == "ai_hall_air"


def test_halls_and_conversions_have_room():
    with pytest.raises(InputError, match="mw = -1"):
        StandingHall(kind="mining_hall", mw=-1.0, built=date(2020, 1, 1))
    with pytest.raises(InputError, match="max_mw = 0"):
        Conversion(into="ai_hall_air", max_mw=0.0, source="study")
    with pytest.raises(InputError, match="months_out"):
        Conversion(into="ai_hall_air", max_mw=1.0, months_out=-1.0, source="study")
