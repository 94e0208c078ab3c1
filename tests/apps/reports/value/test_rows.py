# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import numpy as np
import pytest

from loadstone.apps.charts.value.flows import contracted_share, flows_by_year
from loadstone.apps.reports.value.rows import (
    parties_table,
    returns_table,
    spreads_table,
    uses_and_sources,
)
from loadstone.apps.reports.value.sentences import (
    debt_words,
    futures_words,
    scope_name,
    years_words,
)
from tests.valuation_example import example_valuation

VALUATION = example_valuation()


def test_kinds_of_cash_in_a_picture_sum_to_all_cash():
    shown = sum(flow.amounts for flow in flows_by_year(VALUATION.cash))
    table = VALUATION.cash
    np.testing.assert_allclose(shown, table.by_year(table.total()), atol=1e-6)


def test_the_contracted_share_is_no_number_where_nothing_is_earned():
    shares = contracted_share(VALUATION.cash)
    assert np.isnan(shares[0])
    assert ((shares[1:] > 0) & (shares[1:] < 1)).all()


def test_uses_and_sources_sum_alike_and_are_never_negative():
    uses, sources = uses_and_sources(VALUATION)
    assert sum(uses.values()) == pytest.approx(sum(sources.values()))
    assert min(*uses.values(), *sources.values()) > 0
    assert sources["Loan senior"] == pytest.approx(VALUATION.debts[0].amount)


def test_what_parties_receive_is_told_in_millions_of_whole_units_and_not_of_cents():
    deal = VALUATION.deals[0]
    table = parties_table(deal)
    paid = [float(row[2].replace(",", "")) for row in table.rows if row[2] != "–"]
    assert sum(paid) == pytest.approx(sum(deal.called) / 100 / 1e6, abs=0.1)


def test_returns_are_told_by_kind_of_scope():
    assert len(returns_table(VALUATION).rows) == 2
    assert len(returns_table(VALUATION, ("country", "site")).rows) == 8


def test_a_loan_says_what_holds_it_and_that_nothing_does_where_nothing_does():
    debt = VALUATION.debts[0]
    assert "cover that contracted cash must give limits it" in debt_words(debt, "USD")
    assert "Nothing limits it" in debt_words(replace(debt, binding="none"), "USD")
    short = replace(debt, lease_tail_months=-6)
    assert "No contract runs beyond" in debt_words(short, "USD")


def test_a_number_that_exists_in_no_future_is_shown_as_none():
    none = {"mean": None, "sd": None, "quantiles": {}, "cvar": {}, "undefined": 1.0}
    risk = replace(
        VALUATION.risk, spreads=tuple(replace(one, **none) for one in VALUATION.risk.spreads)
    )
    for row in spreads_table(risk, "USD").rows:
        assert row[1] == "–"
        assert row[-1] == "100.0%"
    assert "the mean is" not in futures_words(risk, "USD")


def test_words_of_scopes_and_paybacks():
    assert scope_name("country:RU") == "country RU"
    assert scope_name("portfolio") == "portfolio"
    assert years_words(None) == "never"
    assert years_words(4.56) == "4.6 years"
