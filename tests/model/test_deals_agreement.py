# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import pytest

from loadstone.model.agreement import disagreements
from loadstone.model.capital import Investor
from loadstone.model.eligibility import Eligibility
from loadstone.model.finance.deal import Deal, Tranche
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.hedge import Hedge
from tests.network_folders import campus, read

OWN = Tranche(investor="own", commitment=1.0)
DEAL = Deal(id="d", style="european", commitment=1.0, tranches=(OWN,), source="x")
FORWARD = Hedge(
    id="h",
    kind="hashprice",
    traded=date(2026, 12, 1),
    starts=date(2027, 1, 1),
    ends=date(2028, 1, 1),
    price=40.0,
    ph=100.0,
    source="x",
)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    found = read(campus(tmp_path_factory.mktemp("deals")))
    investor = Investor(id="own", name="Own", country="BR", capital=1.0)
    return replace(found, study=replace(found.study, investors=(investor,)), deals=Deals())


def fields(network, *deals, hedges=()):
    found = replace(network, deals=Deals(deals=deals, hedges=hedges))
    return [(e.file, e.field) for e in disagreements(found) if e.file == "deals.toml"]


def test_a_deal_that_fits_has_no_disagreement(network):
    assert fields(network, DEAL, hedges=(FORWARD,)) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"tranches": (replace(OWN, investor="nobody"),)}, "d.tranches[0].investor"),
        ({"tranches": (replace(OWN, currency="EUR"),)}, "d.tranches[0].currency"),
        ({"currency": "EUR"}, "d.currency"),
        ({"scope": "country:XX"}, "d.scope"),
        ({"scope": "site:nowhere"}, "d.scope"),
    ],
)
def test_what_a_deal_names_must_exist(network, changes, field):
    assert ("deals.toml", f"deals.{field}") in fields(network, replace(DEAL, **changes))


def test_a_scope_has_one_deal(network):
    assert fields(network, DEAL, replace(DEAL, id="e")) == [("deals.toml", "deals.e.scope")]


def test_somebody_must_be_allowed_to_pay_for_each_country(network):
    row = Eligibility(
        subject="investor:own",
        countries=("BR",),
        allowed=False,
        effective_from=date(2020, 1, 1),
        source="x",
    )
    barred = replace(network, study=replace(network.study, eligibility=(row,)))
    assert fields(barred, DEAL) == [("deals.toml", "deals.d.tranches")]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "power", "ph": None, "mw": 1.0, "zone": "XX"}, "h.zone"),
        (
            {"kind": "power", "ph": None, "mw": 1.0, "zone": "BR-SE", "currency": "EUR"},
            "h.currency",
        ),
        ({"starts": date(2099, 1, 1), "ends": date(2099, 2, 1)}, "h.starts"),
    ],
)
def test_what_a_hedge_names_must_exist(network, changes, field):
    found = fields(network, hedges=(replace(FORWARD, **changes),))
    assert ("deals.toml", f"hedges.{field}") in found
