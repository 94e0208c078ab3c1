# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.finance.waterfall import distribute, sharing
from loadstone.model.capital import Investor
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashRow, CashTable
from loadstone.model.finance.deal import Deal, Hurdle, Tranche
from loadstone.model.finance.deals import Deals
from tests.network_folders import campus, read

DEAL = Deal(
    id="platform",
    style="european",
    commitment=1e6,
    tranches=(
        Tranche(investor="fund-a", commitment=6e5),
        Tranche(investor="own", commitment=4e5, carried=False),
    ),
    hurdles=(Hurdle(rate=0.08, carry=0.2, catch_up=1.0),),
    days="30/360",
    source="entered for this test",
)
BRAZIL = replace(DEAL, id="brazil", scope="country:BR", style="american", currency="BRL")
UNITS = (("", "BR"), ("b", "IN"), ("", "IN"), ("", "IN"), ("", ""))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    found = read(campus(tmp_path_factory.mktemp("sharing")))
    investors = tuple(
        Investor(id=id_, name=id_, country="IN", capital=1e9) for id_ in ("fund-a", "own")
    )
    study = replace(found.study, investors=investors)
    return replace(found, study=study, deals=Deals(deals=(DEAL, BRAZIL)))


@pytest.fixture(scope="module")
def table():
    """Three sites whose money moves once a year, on its first day."""
    rng = np.random.default_rng(3)
    rows = []
    for site, country in (("a", "BR"), ("b", "IN"), ("c", "IN")):
        amounts = np.zeros(60)
        amounts[::12] = [-9_000, *np.round(rng.normal(4_000, 1_500, 4), 2)]
        rows.append(
            CashRow(group="revenue", line="x", amounts=amounts, site=site, country=country)
        )
    return CashTable(first=date(2027, 1, 1), months=60, currency="USD", rows=tuple(rows))


def project_of(table, seed=0):
    return np.random.default_rng(seed).normal(0, 1_000, (len(UNITS), len(table.years)))


def test_the_base_case_goes_as_in_the_exact_form(network, table):
    project = project_of(table)
    ready = sharing(table, network, UNITS, project)
    found = ready.of(project[None], table.by_year(table.total())[None])
    rate = network.study.fx["BRL"].value
    for deal in distribute(table, network):
        per = rate if deal.currency == "BRL" else 1.0
        for party in deal.parties:
            exact = np.array(party.counted_received) - np.array(party.counted_called)
            yearly = table.by_year(exact / 100 / per)
            np.testing.assert_allclose(found[deal.id, party.party][0], yearly, atol=0.05)


def test_parties_together_have_what_owners_have_in_each_future(network, table):
    rng = np.random.default_rng(1)
    ready = sharing(table, network, UNITS, project_of(table))
    cash = rng.normal(0, 9_000, (7, len(UNITS), len(table.years)))
    owners = rng.normal(0, 9_000, (7, len(table.years)))
    found = ready.of(cash, owners)
    np.testing.assert_allclose(sum(found.values()), owners, atol=1e-6)


def test_cash_that_waits_is_paid_a_year_later_and_all_of_it_in_the_end(network, table):
    quarterly = replace(DEAL, every_months=5)
    here = replace(network, deals=Deals(deals=(quarterly,)))
    project = project_of(table)
    owners = table.by_year(table.total())
    found = sharing(table, here, UNITS, project).of(project[None], owners[None])
    [deal] = distribute(table, here)
    for party in deal.parties:
        exact = np.array(party.counted_received) - np.array(party.counted_called)
        assert found["platform", party.party].sum() == pytest.approx(
            exact.sum() / 100, rel=0.03
        )
    assert sum(found.values()).sum() == pytest.approx(owners.sum())


def test_what_changes_in_a_country_changes_its_deal(network, table):
    project = project_of(table)
    ready = sharing(table, network, UNITS, project)
    more = np.zeros_like(project)
    more[0, 2] = 1_000.0  # in Brazil
    owners = table.by_year(table.total())
    before = ready.of(project[None], owners[None])
    after = ready.of((project + more)[None], (owners + more.sum(axis=0))[None])
    moved = {
        deal: sum(after[key] - before[key] for key in before if key[0] == deal)
        for deal in ("platform", "brazil")
    }
    assert moved["brazil"][0, 2] == pytest.approx(1_000.0)
    np.testing.assert_allclose(moved["platform"], 0.0, atol=1e-6)


def test_a_site_without_a_unit_is_refused(network, table):
    with pytest.raises(InputError, match="must have one of the site"):
        sharing(table, network, UNITS[:1], np.zeros((1, len(table.years))))
    with pytest.raises(InputError, match="project"):
        sharing(table, network, UNITS, np.zeros((1, 1)))


def test_a_deal_without_any_site_of_the_plan_moves_nothing(network, table):
    empty = replace(DEAL, id="empty", scope="country:ZA")
    here = replace(network, deals=Deals(deals=(DEAL, empty)))
    deal = distribute(table, here)[1]
    assert not any(deal.called)
    assert deal.parties[0].irr_reason
    project = project_of(table)
    found = sharing(table, here, UNITS, project).of(project[None])
    assert not found["empty", "own"].any()
