# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import pytest

from loadstone.model.capital import Investor
from loadstone.model.errors import InputError
from loadstone.model.finance.deal import (
    Clawback,
    Deal,
    Fees,
    Hurdle,
    Tranche,
    givers,
    narrowest,
)

A, B = Tranche(investor="a", commitment=60.0), Tranche(investor="b", commitment=40.0)
DEAL = Deal(id="d", style="european", commitment=100.0, tranches=(A, B), source="x")
EIGHT = Hurdle(rate=0.08, carry=0.2)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"commitment": 100.01}, "commitment"),
        ({"commitment": -1.0}, "commitment"),
        ({"tranches": (A, replace(A, commitment=40.0))}, "tranches[1].investor"),
        ({"scope": "planet"}, "scope"),
        ({"scope": "site:"}, "scope"),
        ({"currency": "dollars"}, "currency"),
        ({"every_months": 0}, "every_months"),
        ({"clawback": Clawback()}, "clawback"),
        ({"hurdles": (EIGHT, EIGHT)}, "hurdles[1].rate"),
        ({"hurdles": (EIGHT, Hurdle(rate=0.1, carry=0.1))}, "hurdles[1].carry"),
    ],
)
def test_a_deal_that_cannot_be_is_refused(changes, field):
    with pytest.raises(InputError) as found:
        replace(DEAL, **changes)
    assert found.value.field == field


def test_tranches_that_do_not_sum_are_told_what_they_sum_to():
    with pytest.raises(InputError, match=r"what the tranches sum to, 100\.00"):
        replace(DEAL, commitment=90.0)


@pytest.mark.parametrize(
    ("type_", "given", "field"),
    [
        (Tranche, {"investor": "sponsor", "commitment": 1.0}, "investor"),
        (Tranche, {"investor": "a", "commitment": -1.0}, "commitment"),
        (Tranche, {"investor": "a", "commitment": 1.0, "currency": "XX"}, "currency"),
        (Tranche, {"investor": "a", "commitment": 1.0, "country": "BRA"}, "country"),
        (Hurdle, {"rate": -0.01, "carry": 0.2}, "rate"),
        (Hurdle, {"rate": 0.08, "carry": 1.0}, "carry"),
        (Hurdle, {"rate": 0.08, "carry": 0.2, "catch_up": 0.2}, "catch_up"),
        (Hurdle, {"rate": 0.08, "carry": 0.2, "catch_up": 1.1}, "catch_up"),
        (Fees, {"management": -0.01}, "management"),
        (Fees, {"acquisition": 1.0}, "acquisition"),
        (Clawback, {"interest": -0.01}, "interest"),
        (Clawback, {"tax_share": 1.0}, "tax_share"),
    ],
)
def test_terms_that_no_contract_has_are_refused(type_, given, field):
    with pytest.raises(InputError) as found:
        type_(**given)
    assert found.value.field == field


def test_parties_are_investors_then_sponsor_and_manager_where_they_are():
    assert DEAL.parties == ("a", "b")
    whole = replace(DEAL, hurdles=(EIGHT,), fees=Fees(management=0.01))
    assert whole.parties == ("a", "b", "sponsor", "manager")


def test_the_narrowest_deal_has_a_site():
    country = replace(DEAL, id="c", scope="country:BR")
    site = replace(DEAL, id="s", scope="site:here")
    deals = (DEAL, country, site)
    assert narrowest(deals, "here", "BR") is site
    assert narrowest(deals, "there", "BR") is country
    assert narrowest(deals, "there", "IN") is DEAL
    assert narrowest((country,), "there", "IN") is None


def test_an_investor_that_nobody_knows_must_say_its_country():
    known = (Investor(id="a", name="A", country="IN", capital=1.0),)
    with pytest.raises(InputError, match=r"tranches\[1\]\.investor"):
        givers(DEAL, known)
    abroad = replace(DEAL, tranches=(A, replace(B, country="LU")))
    assert [one.country for one in givers(abroad, known)] == ["IN", "LU"]
