# SPDX-License-Identifier: Apache-2.0

from datetime import date

import pytest

from loadstone.model.connection import Connection
from loadstone.model.errors import InputError
from loadstone.model.site import AiSales, Clause, Limits, Obligation, Opening, Site, Standing
from loadstone.model.tariff import FlatPrice

DAY = date(2026, 11, 1)
POWER = FlatPrice(currency="USD", zone="UTC", per_mwh=40.0)


def site(**changes):
    given = {
        "id": "first", "name": "First", "country": "BR", "zone": "BR-SE", "latitude": -18.0,
        "longitude": -48.0, "station": "S", "status": "candidate", "status_date": DAY,
        "connection": Connection(max_mw=10.0), "supply": (POWER,),
    }  # fmt: skip
    return Site(**given | changes)


def test_a_site_needs_little():
    assert site().opening is None
    assert site(opening=Opening(minimum_mw=10.0)).opening.minimum_mw == 10.0


OPERATES = {"status": "operating", "connection": Connection(existing_mw=5.0, max_mw=10.0)}
WRONG = {
    "a place off the globe": (lambda: site(latitude=91.0), "latitude"),
    "a place beyond the date line": (lambda: site(longitude=-181.0), "longitude"),
    "no supply": (lambda: site(supply=()), "supply"),
    "operating and yet to open": (lambda: site(**OPERATES, opening=Opening()), "opening"),
    "operating without power": (lambda: site(status="operating"), "connection.existing_mw"),
    "a minimum above the maximum": (
        lambda: site(opening=Opening(minimum_mw=11.0)),
        "opening.minimum_mw",
    ),
    "a promise above the connection": (
        lambda: site(obligations=(Obligation(use="ai", mw=11.0, source="x"),)),
        r"obligations\[0\].mw",
    ),
    "a negative connection": (lambda: Connection(max_mw=-1.0), "max_mw"),
    "an endless connection": (lambda: Connection(max_mw=float("inf")), "max_mw"),
    "a connection that is no number": (lambda: Connection(max_mw=float("nan")), "max_mw"),
    "more existing than allowed": (
        lambda: Connection(existing_mw=2.0, max_mw=1.0),
        "existing_mw",
    ),
    "export above the connection": (
        lambda: Connection(max_mw=1.0, export_share=1.1),
        "export_share",
    ),
    "a connection without life": (lambda: Connection(max_mw=1.0, life_years=0.0), "life_years"),
    "a negative opening cost": (lambda: Opening(fixed_cost=-1.0), "fixed_cost"),
    "negative machines": (lambda: Standing(model="m", mw=-1.0, installed=DAY), "mw"),
    "negative room": (lambda: Limits(solar_mw=-1.0), "solar_mw"),
    "a thirteenth month": (lambda: Clause(months=(13,), source="x"), "months"),
    "hour 24": (lambda: Clause(hours=(24,), source="x"), "hours"),
    "a negative promise": (lambda: Obligation(use="ai", mw=-1.0, source="x"), "mw"),
    "a negative response": (lambda: site(response_s=-1.0), "response_s"),
    "more than all contracted": (lambda: AiSales(contracted_share=1.5), "contracted_share"),
    "a negative price factor": (
        lambda: AiSales(contracted_price_factor=-0.1),
        "contracted_price_factor",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused(case):
    make, field = WRONG[case]
    with pytest.raises(InputError, match=f"^{field} = "):
        make()


def test_a_promise_off_the_grid_is_bounded_by_its_generators_alone():
    lonely = Connection(max_mw=1.0, off_grid=True)
    promise = Obligation(use="mining", mw=5.0, source="x")
    assert site(connection=lonely, obligations=(promise,)).obligations == (promise,)


def test_a_site_that_has_yet_to_open_has_no_connection():
    connection = Connection(existing_mw=5.0, max_mw=10.0)
    with pytest.raises(InputError, match="has yet to open"):
        site(status="building", connection=connection, opening=Opening(fixed_cost=1e6))
