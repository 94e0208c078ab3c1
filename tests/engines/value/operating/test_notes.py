# SPDX-License-Identifier: Apache-2.0
"""What cash takes for granted is said."""

from dataclasses import replace

import pytest

from loadstone.engines.value.operating import cash_notes, operating_cash
from loadstone.model.finance.country_finance import CountryFinance
from tests.engines.plan.lower import tiny_network as tiny
from tests.engines.value.operating.planned import inflation, solved, with_cash


@pytest.fixture(scope="module")
def small():
    return solved()


def said(small, network=None, **terms):
    plan, hours, given = small
    given = with_cash(network or given, **terms)
    return "\n".join(cash_notes(operating_cash(plan, hours, given), given))


def test_contracts_and_leases_that_outlive_the_plan_are_told(small):
    text = said(small)
    assert "AI power under contract is paid what the plan says" in text
    assert "Leases run on after 2033, which is not counted: tenant." in text


def test_an_owner_abroad_and_one_who_is_not_known_are_told(small):
    _, _, network = small
    assert "Owners of sites in Aland are of BB" in said(small)
    unknown = replace(network, study=replace(network.study, owner=""))
    assert "No owner is stated for sites in Aland" in said(small, unknown)
    at_home = replace(network, study=replace(network.study, owner="AA"))
    assert "Aland" not in said(small, at_home)


def test_rules_of_low_confidence_are_named(small):
    _, _, network = small
    doubt = replace(tiny.fact(0.5), confidence="low")
    finance = CountryFinance(loss_limit=doubt, loss_years=tiny.fact(5.0, "year"))
    country = replace(network.facts.countries["AA"], finance=finance)
    given = replace(network, facts=replace(network.facts, countries={"AA": country}))
    assert "Rules of Aland of low confidence, to be confirmed: loss limit." in said(
        small, given
    )


def test_a_currency_without_inflation_is_told(small):
    assert "No inflation" not in said(small, inflation=inflation(USD=0.02))
    assert "No inflation is stated for USD" not in said(small, inflation=inflation(BRL=0.02))
