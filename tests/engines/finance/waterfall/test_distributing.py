# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.finance.local_money import nominal_rates
from loadstone.engines.finance.waterfall import distribute
from loadstone.engines.finance.waterfall.projects import site_cash
from loadstone.model.capital import Investor
from loadstone.model.eligibility import Eligibility
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashRow, CashTable
from loadstone.model.finance.deal import Deal, Hurdle, Tranche
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.terms import CashTerms, Inflation
from loadstone.model.network import Stated
from tests.network_folders import campus, read

DAY = date(2026, 11, 21)
FUND = Tranche(investor="fund-a", commitment=600.0)
OWN = Tranche(investor="own", commitment=400.0, carried=False)
DEAL = Deal(
    id="platform",
    style="european",
    commitment=1_000.0,
    tranches=(FUND, OWN),
    hurdles=(Hurdle(rate=0.08, carry=0.2, catch_up=1.0),),
    source="entered for this test",
)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    found = read(campus(tmp_path_factory.mktemp("distributing")))
    investors = tuple(
        Investor(id=id_, name=id_, country="IN", capital=1e9) for id_ in ("fund-a", "own")
    )
    stated = {
        code: Stated(value=value, source="x", date=DAY)
        for code, value in (("BRL", 5.4), ("JPY", 151.0), ("EUR", 0.9))
    }
    study = replace(found.study, investors=investors, fx=stated, currency="USD")
    return replace(found, study=study, deals=Deals(deals=(DEAL,)))


def row(amounts, site="a", country="BR", group="revenue", **changes):
    return CashRow(
        group=group, line="x", amounts=np.array(amounts), site=site, country=country, **changes
    )


def table(*rows):
    months = len(rows[0].amounts)
    return CashTable(first=date(2027, 1, 1), months=months, currency="USD", rows=rows)


def test_parties_get_what_the_site_gives(network):
    [found] = distribute(table(row([-100.0] + [0.0] * 11 + [130.0])), network)
    fund, own, sponsor = found.parties
    assert found.called[0] == 100_00
    assert sum(found.distributed) == 130_00
    assert (sum(fund.called), sum(own.called)) == (60_00, 40_00)
    # fund: a profit of 18, of which 20 % to the sponsor; own money pays no carry
    assert sum(sponsor.received) == 3_60
    assert sum(own.received) == 52_00
    assert own.irr == pytest.approx((0.30,), abs=1e-3)
    assert own.multiple == 1.3
    assert sponsor.irr_reason


def test_rows_of_a_country_and_of_the_whole_end_at_sites():
    flows = table(
        row([300.0, 0.0], "a"),
        row([100.0, 0.0], "b"),
        row([600.0, 0.0], "c", "IN"),
        row([-40.0, 0.0], "", "BR", "tax"),
        row([-50.0, 0.0], "", "", "interest"),
    )
    found = {cash.site: cash.amounts[0] for cash in site_cash(flows)}
    assert found == pytest.approx({"a": 300 - 30 - 15, "b": 100 - 10 - 5, "c": 600 - 30})
    assert sum(found.values()) == pytest.approx(flows.total()[0])


def test_a_loan_follows_what_was_built():
    flows = table(
        row([-100.0, 0.0], "a", group="capex"),
        row([-300.0, 0.0], "b", group="capex"),
        row([200.0, 0.0], "", "", "draw"),
    )
    assert [cash.amounts[0] for cash in site_cash(flows)] == [-50.0, -150.0]


def test_a_fund_that_may_not_pay_for_a_country_is_not_called_there(network):
    barred = Eligibility(
        subject="investor:fund-a",
        countries=("RU",),
        allowed=False,
        effective_from=date(2020, 1, 1),
        source="x",
    )
    here = replace(network, study=replace(network.study, eligibility=(barred,)))
    [found] = distribute(table(row([-100.0, 0.0, 150.0], "a", "RU")), here)
    fund, own, _ = found.parties
    assert sum(fund.called) == 0
    assert sum(own.received) == 150_00


def test_the_narrowest_deal_takes_a_sites_cash(network):
    country = replace(DEAL, id="brazil", scope="country:BR")
    here = replace(network, deals=Deals(deals=(DEAL, country)))
    flows = table(row([-10.0, 20.0], "a", "BR"), row([-100.0, 110.0], "b", "IN"))
    platform, brazil = distribute(flows, here)
    assert sum(platform.called) == 100_00
    assert sum(brazil.called) == 10_00


def test_investors_are_paid_in_their_currency_and_what_rounding_leaves_is_a_line(network):
    abroad = replace(DEAL, tranches=(replace(FUND, currency="JPY"), OWN))
    here = replace(network, deals=Deals(deals=(abroad,)))
    rates = {"USD": (1.0,) * 3, "JPY": (15.1, 15.1, 16.3)}  # a yen of several cents
    [found] = distribute(table(row([-100.01, 0.0, 150.07])), here, rates)
    fund, own, sponsor = found.parties
    assert fund.called[0] == 906  # 60.01 dollars are 906.15 yen
    assert found.fx_rounding[0] == -1  # which are 60.00 dollars: a cent more was called
    for m in range(3):
        back = round((fund.received[m] - fund.called[m]) / rates["JPY"][m] * 100)
        others = sum(p.received[m] - p.called[m] for p in (own, sponsor))
        parts = back + others + found.fx_rounding[m]
        assert parts == found.distributed[m] - found.called[m]


def test_a_currency_without_a_rate_is_an_error(network):
    abroad = replace(DEAL, currency="ZAR")
    here = replace(network, deals=Deals(deals=(abroad,)))
    with pytest.raises(InputError, match=r"fx\.ZAR"):
        distribute(table(row([-1.0, 2.0])), here)


def test_rates_follow_the_difference_of_inflation(network):
    terms = CashTerms(
        inflation={
            "USD": Inflation(value=0.02, source="x", date=DAY),
            "BRL": Inflation(value=0.05, source="x", date=DAY),
        }
    )
    here = replace(network, deals=Deals(cash=terms))
    rates = nominal_rates(here, 13)
    assert rates["BRL"][[0, 12]] == pytest.approx([5.4, 5.4 * 1.05 / 1.02])
    assert rates["EUR"][12] == pytest.approx(0.9)  # not stated: as the reporting currency
    assert rates["USD"][12] == 1.0


amounts = st.lists(st.floats(-400, 900), min_size=4, max_size=4)


@settings(max_examples=40)
@given(amounts, amounts, amounts, st.sampled_from(["european", "american"]))
def test_all_cash_of_owners_goes_round_to_the_cent(network, here, there, shared, style):
    rich = replace(
        DEAL,
        style=style,
        commitment=2e5,
        tranches=(replace(FUND, commitment=1e5), replace(OWN, commitment=1e5)),
    )
    flows = table(row(here), row(there, "b", "IN"), row(shared, "", "", "tax"))
    [found] = distribute(flows, replace(network, deals=Deals(deals=(rich,))))
    net = np.array(found.distributed) - np.array(found.called)
    np.testing.assert_allclose(net / 100, flows.total(), atol=0.02)
    for party in found.parties:
        assert sum(party.by_tier.values()) == sum(party.counted_received)
