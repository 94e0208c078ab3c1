# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.finance.waterfall import distribute
from loadstone.engines.value.futures.investors import party_values
from loadstone.engines.value.futures.opening import Case
from loadstone.model.finance.cash import CashRow, CashTable
from loadstone.model.finance.deal import Deal, Hurdle, Tranche
from loadstone.model.finance.deals import Deals
from tests.engines.value.futures.books import FIRST, small_book
from tests.network_folders import campus, read

DEAL = Deal(
    id="platform",
    style="european",
    commitment=1e6,
    tranches=(
        Tranche(investor="fund", country="LU", commitment=6e5),
        Tranche(investor="owner", country="BR", commitment=4e5, carried=False),
    ),
    every_months=6,
    hurdles=(Hurdle(rate=0.08, carry=0.2, catch_up=1.0),),
    source="entered for this test",
)
HERE = replace(DEAL, id="here", scope="site:s", style="american", currency="BRL")


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    book, rng = small_book(), np.random.default_rng(4)
    rows = []
    for site, country in (("a", "AA"), ("b", "BB"), ("s", "BB")):
        amounts = rng.normal(700.0, 300.0, book.months)
        amounts[:6] = -3_000.0
        rows.append(
            CashRow(group="revenue", line="x", amounts=amounts, site=site, country=country)
        )
    table = CashTable(first=FIRST, months=book.months, currency="USD", rows=tuple(rows))
    network = read(campus(tmp_path_factory.mktemp("investors")))
    return Case(
        network=replace(network, deals=Deals(deals=(DEAL, HERE))),
        plan=None,  # of which parties ask nothing
        table=table,
        curves=(),
        loans=book.loans,
        scopes=(),
        apart=frozenset({"s"}),
        rate=0.1,
    )


def project(book):
    return np.random.default_rng(6).normal(0, 500, (len(book.units), book.years))


def test_the_base_case_is_worth_what_each_month_is_worth_exactly(case):
    book = small_book()
    base = project(book)
    found = party_values(book, case, base[None], base)
    exact = dict.fromkeys(found, 0.0)
    for deal in distribute(case.table, case.network):
        per = case.network.study.fx["BRL"].value if deal.currency == "BRL" else 1.0
        for party in deal.parties:
            net = np.subtract(party.counted_received, party.counted_called) / 100 / per
            exact[party.party] += float(net @ book.discount)
    assert {party: worth[0] for party, worth in found.items()} == pytest.approx(exact)


def test_more_from_the_project_is_more_for_parties_together_by_its_worth(case):
    book = small_book()
    base = project(book)
    more = np.stack([base, base])
    more[1, :, -1] += 1_000.0
    found = party_values(book, case, more, base)
    together = sum(found.values())
    last = book.discount[-12:].mean()
    assert together[1] - together[0] == pytest.approx(3_000.0 * last, rel=1e-6)


def test_what_hedges_bring_reaches_the_parties(case):
    book = small_book()
    base = project(book)
    owners = case.table.by_year(case.table.total())
    hedged = np.stack([owners, owners])
    hedged[1, -1] += 600.0
    found = party_values(book, case, np.stack([base, base]), base, hedged)
    together = sum(found.values())
    assert together[1] - together[0] == pytest.approx(600.0 * book.discount[-12:].mean())
