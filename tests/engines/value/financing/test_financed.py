# SPDX-License-Identifier: Apache-2.0
"""Debt keeps its limits and covenants, and takes from owners what it gives to lenders."""

from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.value.financing import downside, financed
from loadstone.engines.value.financing.measuring import EQUITY_FIRST
from loadstone.model.errors import InputError
from loadstone.model.finance.deals import Deals
from loadstone.model.network import Stated
from loadstone.model.offer import Lease, Offers
from tests.engines.value.financing.plain_cash import (
    BUILT,
    COUNTRY,
    FIRST,
    INDEX,
    MACHINES,
    MONTHS,
    TERM,
    at,
    flat_tax,
    hall,
    no_tax,
    row,
    table,
)
from tests.network_folders import campus, read


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return read(campus(tmp_path_factory.mktemp("financed")))


def lend(network, *debts, cash=None, tax=no_tax):
    cash = table(*hall()) if cash is None else cash
    return financed(cash, replace(network, deals=Deals(debts=debts)), tax=tax)


def test_without_debt_project_and_equity_are_the_same(network):
    result = lend(network)
    project, equity = result.returns[:2]
    assert (project.scope, project.flow, equity.flow) == ("portfolio", "project", "equity")
    assert (project.npv, project.irr) == (equity.npv, equity.irr)
    assert result.debts == ()


def test_cover_of_contracted_cash_is_as_asked_in_every_year_after_tax(network):
    result = lend(network, replace(TERM, gearing=0.95, rate=0.02), tax=flat_tax)
    (debt,) = result.debts
    assert debt.binding == "dscr"
    assert set(debt.contracted_dscr) == {str(year) for year in range(2028, 2035)}
    assert list(debt.contracted_dscr.values()) == pytest.approx([1.25] * 7, abs=1e-6)
    assert debt.contracted_dscr_min == pytest.approx(1.25, abs=1e-6)
    assert debt.dscr_min > 1.25  # mining comes on top
    assert debt.contracted_llcr == pytest.approx(1.25, abs=1e-4)  # as it is in every year
    assert debt.llcr > debt.contracted_llcr
    assert debt.amount == pytest.approx(debt.by_dscr)
    assert debt.room == pytest.approx(debt.by_gearing - debt.by_dscr)


def test_interest_lowers_tax_and_so_carries_more_debt(network):
    """Tax without interest would be 25 % of 17.5 a month; with it, less."""
    result = lend(network, replace(TERM, gearing=0.95), tax=flat_tax)
    paid = -result.table.total("tax")[BUILT:96]
    interest = np.array(result.debts[0].interest)[BUILT:96]
    np.testing.assert_allclose(paid, 0.25 * (17.5 - interest), atol=1e-6)


def test_the_gearing_cap_binds_where_cash_is_plenty(network):
    (debt,) = lend(network, replace(TERM, gearing=0.3)).debts
    assert debt.binding == "gearing"
    assert debt.gearing == pytest.approx(0.3)
    assert debt.amount == pytest.approx(0.3 * debt.cost)
    assert debt.contracted_dscr_min > 1.25
    assert max(debt.contracted_dscr.values()) == pytest.approx(debt.contracted_dscr_min)


def test_interest_while_building_is_part_of_the_cost(network):
    (debt,) = lend(network, replace(TERM, gearing=0.5, upfront_fee=0.02)).debts
    before = np.array(debt.interest)[:BUILT].sum() + 0.02 * debt.amount
    assert debt.cost == pytest.approx(1200 + before)
    assert debt.first_payment == BUILT


def test_what_is_drawn_is_repaid_and_reserves_end_empty(network):
    terms = replace(TERM, reserve_months=6, refresh_reserve_months=12)
    again = row("refresh", "miner:x", at((40, -12.0)))
    result = lend(network, terms, cash=table(*hall(), again), tax=flat_tax)
    cash = result.table
    assert cash.total("draw", "principal").sum() == pytest.approx(0, abs=1e-6)
    assert cash.total("reserve").sum() == pytest.approx(0, abs=1e-6)
    (debt,) = result.debts
    balance = np.array(debt.balance)
    assert (balance >= -1e-9).all()
    assert (np.diff(balance[BUILT:]) <= 1e-9).all()
    assert balance[95] == pytest.approx(0, abs=1e-6)
    assert debt.last_payment == 95
    service = np.array(debt.interest) + np.array(debt.principal)
    assert debt.reserve[BUILT - 1] == pytest.approx(service[BUILT : BUILT + 6].sum())
    # a twelfth of the purchase is saved in each of the twelve months before it
    assert result.table.total("reserve")[30] - (
        debt.reserve[29] - debt.reserve[30]
    ) == pytest.approx(-1.0)


def test_equity_is_what_is_left(network):
    base, lent = lend(network), lend(network, TERM)
    change = lent.table.total() - base.table.total()
    debt = lent.table.total("draw", "interest", "principal", "fees", "reserve")
    np.testing.assert_allclose(change, debt, atol=1e-9)
    project, equity = lent.returns[:2]
    assert project.irr == base.returns[0].irr
    assert equity.irr[0] > project.irr[0] > TERM.rate


def test_no_rate_of_return_is_told_of_equity_that_is_not_put_in(network):
    result = lend(network, replace(TERM, gearing=1.0, dscr=None, repayment="level", rate=0.0))
    equity = result.returns[1]
    assert (equity.irr, equity.irr_reason) == ((), "no period takes more than it brings")


def test_owners_who_are_paid_first_have_no_rate_of_return(network):
    early = row("revenue", "mining", at((0, 100.0)))
    late = row("direct", "removal", at((119, -150.0)))
    equity = lend(network, cash=table(early, late)).returns[1]
    assert (equity.irr, equity.irr_reason) == ((), EQUITY_FIRST)


def test_a_level_loan_has_the_same_service_in_every_month(network):
    terms = replace(TERM, repayment="level", dscr=1.4, gearing=0.95, grace_years=0.5)
    (debt,) = lend(network, terms).debts
    service = np.array(debt.interest) + np.array(debt.principal)
    assert np.ptp(service[BUILT + 6 : 96]) == pytest.approx(0, abs=1e-9)
    assert np.array(debt.principal)[: BUILT + 6].sum() == 0
    assert debt.binding == "dscr"
    assert debt.contracted_dscr_min == pytest.approx(1.4)


def test_a_stated_amount_is_lent_where_nothing_holds_it(network):
    (debt,) = lend(network, replace(TERM, amount=300.0)).debts
    assert (debt.amount, debt.binding) == (pytest.approx(300.0), "stated")


def test_debt_above_the_cost_of_what_it_finances_is_refused(network):
    with pytest.raises(InputError) as error:
        lend(network, replace(TERM, amount=1201.0))
    assert error.value.field == "debts.term.amount"
    assert "must not be above the cost of what it finances, 1,200 USD" in str(error.value)


def test_a_loan_must_be_repaid_while_there_is_cash(network):
    with pytest.raises(InputError, match=r"debts.term.tenor_years = 11.0: must be repaid"):
        lend(network, replace(TERM, tenor_years=11.0))
    with pytest.raises(InputError, match=r"debts.term.starts = '2026-12-01': must not be"):
        lend(network, replace(TERM, starts=date(2026, 12, 1)))


def test_each_lot_of_machines_has_its_own_loan(network):
    lots = row("capex", "miner:x", at((0, -100.0), (24, -60.0)))
    servers = row("capex", "server:y", at((0, -500.0)))
    cash = table(*hall(), lots, servers)
    (debt,) = lend(network, replace(MACHINES, use="mining"), cash=cash).debts
    assert (debt.amount, debt.binding, debt.by_ltv) == (80.0, "ltv", 80.0)
    assert [m for m in range(MONTHS) if debt.draw[m]] == [0, 24]
    service = np.array(debt.interest) + np.array(debt.principal)
    due = 50 * 0.01 / (1 - 1.01**-24)
    np.testing.assert_allclose(service[:24], due)
    np.testing.assert_allclose(service[24:48], 0.6 * due)
    assert debt.last_payment == 47
    # machines are not lent on contracts
    assert (debt.contracted_dscr, debt.lease_tail_months, debt.llcr) == ({}, None, None)


def test_later_loans_have_what_earlier_ones_leave(network):
    second = replace(TERM, id="junior", gearing=0.2)
    senior, junior = lend(network, replace(TERM, gearing=0.4), second).debts
    service = np.array(senior.interest) + np.array(senior.principal)
    months = slice(BUILT, 96)
    np.testing.assert_allclose(
        np.array(junior.service_cash)[months],
        (np.array(senior.service_cash) - service)[months],
    )


def test_a_sweep_repays_early_from_what_a_year_leaves(network):
    plain = lend(network, TERM).debts[0]
    swept = lend(network, replace(TERM, sweep_share=0.5)).debts[0]
    assert swept.amount == pytest.approx(plain.amount)
    assert swept.last_payment < plain.last_payment
    assert sum(swept.interest) < sum(plain.interest)
    assert sum(swept.principal) == pytest.approx(swept.amount)


def test_cover_below_the_lock_up_keeps_cash_from_owners_until_it_is_back(network):
    poor = row("energy", "energy:mining", np.where((INDEX >= 36) & (INDEX < 48), -3.0, 0.0))
    terms = replace(TERM, gearing=0.95, dscr=1.25, lockup_dscr=1.2, default_dscr=1.01)
    result = lend(network, terms, cash=table(*hall(), poor))
    (debt,) = result.debts
    assert debt.breaches == (
        f"2030: cover {debt.dscr['2030']:.2f} is below 1.2: owners are paid nothing",
    )
    cash = result.table.total()
    assert cash[36:48] == pytest.approx(np.zeros(12))
    kept = next(one for one in result.table.rows if one.line == "lock-up:term")
    assert kept.amounts[48] == pytest.approx(-kept.amounts[36:48].sum())


def test_cover_below_default_is_told(network):
    poor = row("energy", "energy:mining", np.where((INDEX >= 36) & (INDEX < 48), -5.0, 0.0))
    terms = replace(TERM, gearing=0.95, default_dscr=1.1)
    (debt,) = lend(network, terms, cash=table(*hall(), poor)).debts
    assert debt.breaches[0].endswith("is below 1.1: default")
    assert debt.cash_may_fall < 1 - 1 / 1.1


LEASE = Lease(
    id="tenant",
    tenant="Tenant",
    site="campus",
    mw=1.0,
    rent_per_kw_month=1.0,
    currency="USD",
    term_years=12.0,
    ready=date(2028, 1, 1),
    source="test",
)


@pytest.mark.parametrize(("years", "months"), [(12.0, 60), (6.0, -12)])
def test_the_lease_tail_is_counted_from_the_first_rent(network, years, months):
    """Rent begins in the 13th month, and the last payment is in the 96th."""
    offers = Offers(leases=(replace(LEASE, term_years=years),))
    (debt,) = lend(replace(network, offers=offers), TERM).debts
    assert debt.lease_tail_months == months
    early = "the contract that pays most ends 12 months before the last payment"
    assert debt.breaches == ((early,) if months < 0 else ())


def test_debt_in_another_currency_is_repaid_in_it(network):
    fx = {**network.study.fx, "EUR": Stated(value=0.5, source="test", date=FIRST)}
    abroad = replace(network, study=replace(network.study, fx=fx))
    plain = lend(abroad, TERM).debts[0]
    euro = lend(abroad, replace(TERM, currency="EUR")).debts[0]
    assert euro.amount == pytest.approx(plain.amount)  # no inflation, so rates stand still
    assert euro.by_gearing == pytest.approx(plain.by_gearing)


def test_interest_that_leaves_a_country_is_taxed_there(network):
    code = next(
        code
        for code, country in network.facts.countries.items()
        if country.finance.withholding_interest and country.finance.withholding_interest.value
    )
    rate = network.facts.countries[code].finance.withholding_interest.value
    cash = table(*(replace(one, country=code) for one in hall()))
    result = lend(network, replace(TERM, lender_country="XX"), cash=cash)
    np.testing.assert_allclose(
        result.table.total("withholding"), rate * result.table.total("interest")
    )
    assert (
        not lend(network, replace(TERM, lender_country=code), cash=cash)
        .table.total("withholding")
        .any()
    )


def test_nothing_is_lent_where_contracts_carry_nothing(network):
    cash = table(row("capex", "mining_hall", at((0, -100.0))), row("revenue", "mining", 9.0))
    result = lend(network, TERM, cash=cash)
    assert (result.debts[0].amount, result.debts[0].binding) == (0, "none")
    assert result.notes == (
        "Debt term: nothing is lent, since contracted cash does not carry any.",
    )


def test_a_downside_keeps_contracts_and_a_part_of_the_rest(network):
    result = lend(network, TERM)
    (debt,) = result.debts
    assert downside(result, kept=1.0)["term"] == pytest.approx(debt.dscr)
    assert downside(result, kept=0.0)["term"] == pytest.approx(debt.contracted_dscr)
    half = downside(result, kept=0.5)["term"]
    assert all(debt.contracted_dscr[y] < half[y] < debt.dscr[y] for y in half)
    told = lend(network, replace(TERM, downside_share=0.5)).debts[0].downside_dscr
    assert told == pytest.approx(half)
    with pytest.raises(InputError, match=r"kept = 2.0: must be from 0 to 1"):
        downside(result, kept=2.0)


def test_returns_are_told_of_every_country_and_site(network):
    other = row("revenue", "lease:b", 7.0, site="other", country="BR", contracted=True)
    result = lend(network, TERM, cash=table(*hall(), other), tax=flat_tax)
    scopes = [one.scope for one in result.returns if one.flow == "equity"]
    assert scopes == [
        *("portfolio", "country:BR", f"country:{COUNTRY}", "site:campus", "site:other"),
    ]
    sums = {one.scope: one.received - one.invested for one in result.returns[1::2]}
    assert sums["portfolio"] == pytest.approx(sums["site:campus"] + sums["site:other"])


terms = st.builds(
    partial(replace, TERM),
    gearing=st.floats(0.05, 1.0),
    dscr=st.floats(1.0, 3.0),
    rate=st.floats(0, 0.25),
    reserve_months=st.integers(0, 12),
)


@settings(max_examples=40)
@given(terms, st.floats(0, 60), st.floats(-20, 20))
def test_debt_is_never_above_its_limits_and_always_repaid(network, terms, rent, mining):
    cash = table(
        row("capex", "ai_hall_liquid", np.where(INDEX < BUILT, -100.0, 0.0)),
        row("revenue", "lease:tenant", rent, contracted=True),
        row("revenue", "mining", max(mining, 0.0)),
        row("direct", "staff", min(mining, 0.0)),
    )
    result = lend(network, terms, cash=cash, tax=flat_tax)
    (debt,) = result.debts
    assert debt.amount <= debt.cost * terms.gearing * (1 + 1e-9)
    assert debt.amount <= debt.by_dscr * (1 + 1e-6) + 1e-6
    assert debt.balance[95] == pytest.approx(0, abs=1e-6)
    assert sum(debt.principal) == pytest.approx(debt.amount, abs=1e-6)
    if debt.amount > 1e-3:
        assert debt.contracted_dscr_min >= terms.dscr - 1e-6
    assert result.table.total("reserve").sum() == pytest.approx(0, abs=1e-6)
