# SPDX-License-Identifier: Apache-2.0
"""Terms of cash that name what the network does not have are refused, all at once."""

from dataclasses import replace
from datetime import date

import pytest

from loadstone.model.cash_agreement import cash_disagreements
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.terms import CashTerms, Inflation
from loadstone.model.offer import Lease, Offers
from tests.engines.plan.lower import tiny_network as tiny

LEASE = Lease(
    id="tenant", tenant="Tenant", site="site", mw=2.0, rent_per_kw_month=150.0, currency="USD",
    term_years=10.0, ready=date(2027, 1, 1), source="letter",
)  # fmt: skip
RATE = Inflation(value=0.02, source="a test", date=tiny.DAY)


def told(**terms):
    given = replace(
        tiny.network(), offers=Offers(leases=(LEASE,)), deals=Deals(cash=CashTerms(**terms))
    )
    return [(error.field, error.value) for error in cash_disagreements(given)]


def test_terms_of_what_there_is_are_taken():
    assert not told(
        inflation={"USD": RATE},
        vat_refund_months={"AA": 3.0},
        trapped_months={"AA": 0.0},
        escalation={"lease:tenant": 0.02, "energy": 0.01, "staff": 0.0, "direct": 0.0},
        sold_with_vat={"lease": 1.0, "lease power:tenant": 1.0},
        end_value={"": 1.0, "miner": 0.0},
        end_cost={"mining_hall": 0.1},
        start=date(2026, 12, 1),
    )


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"inflation": {"XYZ": RATE}}, ("cash.inflation", "XYZ")),
        ({"vat_refund_months": {"BB": 3.0}}, ("cash.vat_refund_months", "BB")),
        ({"trapped_months": {"BB": 3.0}}, ("cash.trapped_months", "BB")),
        ({"escalation": {"lease:nobody": 0.0}}, ("cash.escalation", "lease:nobody")),
        ({"escalation": {"beer": 0.0}}, ("cash.escalation", "beer")),
        ({"sold_with_vat": {"staff": 1.0}}, ("cash.sold_with_vat", "staff")),
        ({"end_value": {"boat": 1.0}}, ("cash.end_value", "boat")),
        ({"end_cost": {"boat": 1.0}}, ("cash.end_cost", "boat")),
        ({"start": date(2027, 2, 1)}, ("cash.start", "2027-02-01")),
    ],
)
def test_what_is_not_there_is_told(wrong, expected):
    assert told(**wrong) == [expected]


def test_all_of_it_is_told_at_once():
    assert len(told(inflation={"XYZ": RATE}, end_value={"boat": 1.0, "hut": 1.0})) == 3
