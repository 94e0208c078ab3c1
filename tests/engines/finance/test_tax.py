# SPDX-License-Identifier: Apache-2.0
"""Tax offices and borders, on tables small enough to count by hand."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.finance.tax import taxed
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import GROUPS, CashRow, CashTable
from loadstone.model.finance.country_finance import CountryFinance, Depreciation
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.terms import CashTerms, Inflation
from loadstone.model.rule import Incentive
from tests.engines.plan.lower import tiny_network as tiny

MONTHS = 36  # 2027, 2028, 2029
STATED = {"source": "invented", "date": tiny.DAY, "confidence": "high"}
TWO_YEARS = Depreciation(kind="straight-line", years=2.0, **STATED)
CLASSES = dict.fromkeys(("machines", "halls", "plants"), TWO_YEARS)
TREATED = {"mining": tiny.treatment(rate=0.25), "ai": tiny.treatment(rate=0.25)}
BRL = {"BRL": Inflation(value=0.21, source="a test", date=tiny.DAY)}


def month(index, amount):
    return np.eye(MONTHS)[index] * amount


def yearly(*amounts):
    """Return amounts in the June of each year."""
    return sum(month(12 * k + 5, amount) for k, amount in enumerate(amounts))


def row(group, line, amounts, **changes):
    given = {"site": "site", "country": "AA", "currency": "USD"}
    return CashRow(group=group, line=line, amounts=np.asarray(amounts), **given | changes)


def table(*rows):
    return CashTable(first=date(2027, 1, 1), months=MONTHS, currency="USD", rows=rows)


def network(finance=None, cash=None, owner="", site=None, **country):
    here = tiny.country(**TREATED | {"finance": finance or CountryFinance()} | country)
    found = tiny.network(
        site or tiny.site(), given=tiny.facts(countries={"AA": here}), owner=owner
    )
    return replace(found, deals=Deals(cash=cash or CashTerms()))


def added(table, network, *groups, **more):
    """Return rows of groups after tax, summed."""
    return taxed(table, network, **more).total(*groups)


EARNS = row("revenue", "mining", yearly(100, 100, 100))


# --- tax on income ---


def test_profit_is_taxed_at_the_end_of_its_year():
    costs = row("energy", "energy:mining", yearly(-40, -40, -40))
    tax = added(table(EARNS, costs), network(), "tax")
    assert tax == pytest.approx(-0.25 * (month(11, 60) + month(23, 60) + month(35, 60)))


def test_tax_is_paid_some_months_later_and_the_last_at_the_end():
    finance = CountryFinance(tax_lag_months=tiny.fact(4.0, "month"))
    tax = added(table(EARNS), network(finance), "tax")
    assert tax == pytest.approx(-25 * (month(15, 1) + month(27, 1) + month(35, 1)))


def test_machines_are_written_off_from_their_day_of_use():
    # 240 in July 2027 over two years: 60 in 2027, 120 in 2028, 60 in 2029
    used = row("memo", "in service:miner:m", month(6, 240.0), unit="USD")
    found = taxed(table(EARNS, used), network(CountryFinance(depreciation=CLASSES)))
    expected = -0.25 * (month(11, 40) + month(35, 60))  # the second year loses 20 ...
    expected[35] = -0.25 * (40 - 20)  # ... which the third sets off
    assert found.total("tax") == pytest.approx(expected)
    (memo,) = [r for r in found.rows if r.line == "tax depreciation:miner:m"]
    assert memo.amounts == pytest.approx(month(11, 60) + month(23, 120) + month(35, 60))


def test_what_is_not_written_off_is_deducted_at_the_end():
    slow = Depreciation(kind="straight-line", years=30.0, **STATED)
    used = row("memo", "in service:mining_hall", month(0, 90.0), unit="USD")
    finance = CountryFinance(depreciation={"halls": slow})
    tax = added(table(EARNS, used), network(finance), "tax")
    # 3 in each of the first two, the other 84 with the last
    assert tax == pytest.approx(-0.25 * (month(11, 97) + month(23, 97) + month(35, 16)))


def test_a_country_without_schedules_takes_its_years_for_machines():
    used = row("memo", "in service:solar", month(0, 50.0), unit="USD")  # 5 years: 10 a year
    tax = added(table(EARNS, used), network(), "tax")
    assert tax == pytest.approx(-0.25 * (month(11, 90) + month(23, 90) + month(35, 70)))


def test_an_opening_is_deducted_at_once():
    used = row("memo", "in service:site", month(0, 80.0), unit="USD")
    tax = added(table(EARNS, used), network(), "tax")
    assert tax == pytest.approx(-0.25 * (month(11, 20) + month(23, 100) + month(35, 100)))


def test_interest_is_deducted_and_may_be_stated_apart():
    inside = table(EARNS, row("interest", "loan", yearly(-20, -20, -20)))
    stated = {"AA": yearly(20, 20, 20)}
    first = added(inside, network(), "tax")
    assert first == pytest.approx(-0.25 * (month(11, 80) + month(23, 80) + month(35, 80)))
    assert added(table(EARNS), network(), "tax", interest=stated) == pytest.approx(first)


def test_mining_taxed_on_revenue_neither_deducts_nor_shares_losses():
    """As India taxes coin: 30 % of all of it, whatever AI loses."""
    given = network(mining=tiny.treatment(rate=0.3, deductible=0.0))
    rows = [
        EARNS,
        row("energy", "energy:mining", yearly(-90, -90, -90)),
        row("revenue", "ai:server", yearly(10, 10, 200)),
        row("direct", "staff", yearly(-60, -60, -60)),
    ]
    tax = added(table(*rows), given, "tax")
    ai = 0.25 * (140 - 100)  # two years of 50 lost, 140 earned
    assert tax == pytest.approx(-(month(11, 30) + month(23, 30) + month(35, 30 + ai)))


def test_an_incentive_gives_servers_a_rate_of_their_own():
    holiday = Incentive(
        id="holiday", name="Holiday", use="ai", status="law", profit_tax_rate=tiny.fact(0.0),
        source="law", date=tiny.DAY, confidence="high",
    )  # fmt: skip
    site = tiny.site(incentives=("holiday",))
    given = network(site=site, incentives=(holiday,))
    ai = row("revenue", "ai:server", yearly(100, 100, 100))
    power = row("energy", "energy:ai", yearly(-30, -30, -30))
    tax = added(table(EARNS, ai, power), given, "tax")
    assert tax == pytest.approx(-25 * (month(11, 1) + month(23, 1) + month(35, 1)))
    without = added(table(EARNS, ai, power), network(incentives=(holiday,)), "tax")
    assert without.sum() == pytest.approx(-0.25 * 170 * 3)


def test_deposits_are_no_income():
    deposit = row("resale", "deposit:connection", yearly(-50, 0, 50))
    assert added(table(deposit), network(), "tax") == pytest.approx(np.zeros(MONTHS))


def test_inflation_eats_what_is_written_off_late():
    """Local prices double in nominal terms; what was paid stays what it was."""
    # 21 % a year against no inflation: 1 dollar of June of year k is 1.21 ** (k + 5/12) local
    used = row("memo", "in service:solar", month(0, 50.0), unit="USD")
    given = network(cash=CashTerms(inflation=BRL), currency="BRL")
    tax = added(table(EARNS, used), given, "tax")
    local = 100 * 1.21 ** (5 / 12) - 10
    assert tax[11] == pytest.approx(-0.25 * local / 1.21 ** (11 / 12))


# --- value-added tax ---


def vat_table():
    """Servers of 100 in month 2, and AI's power."""
    return table(
        row("capex", "server:s", month(2, -100.0)), row("energy", "energy:ai", month(8, -50.0))
    )


def test_tax_on_purchases_nets_to_zero_in_profit_and_not_in_cash():
    finance = CountryFinance(vat_refund_months=tiny.fact(6.0, "month"))
    before, given = vat_table(), network(finance)
    vat = added(before, given, "vat")
    # 20 %: 20 paid in month 2 and had back in month 8, 10 paid then and had back in month 14
    assert vat == pytest.approx(month(2, -20) + month(8, 20 - 10) + month(14, 10))
    assert vat.sum() == pytest.approx(0.0)
    none = added(before, network(), "tax")
    assert added(before, given, "tax") == pytest.approx(none)


def test_terms_may_state_another_delay():
    finance = CountryFinance(vat_refund_months=tiny.fact(6.0, "month"))
    given = network(finance, cash=CashTerms(vat_refund_months={"AA": 0.0}))
    assert added(vat_table(), given, "vat") == pytest.approx(np.zeros(MONTHS))


def test_miners_whose_tax_does_not_come_back_add_nothing():
    """What is lost is in rows of its own already."""
    given = network(mining=tiny.treatment(rate=0.25, vat_back=0.0))
    before = table(
        row("capex", "miner:m", month(2, -100.0)),
        row("vat", "lost on miner:m", month(2, -20.0)),
    )
    assert added(before, given, "vat") == pytest.approx(month(2, -20.0))


def test_tax_on_sales_at_home_is_collected_and_paid_on():
    given = network(cash=CashTerms(sold_with_vat={"lease": 1.0}))
    rent = row("revenue", "lease:tenant", month(3, 100.0))
    assert added(table(rent), given, "vat") == pytest.approx(month(3, 20) + month(4, -20))


def test_a_refund_loses_worth_while_it_waits():
    finance = CountryFinance(vat_refund_months=tiny.fact(12.0, "month"))
    given = network(finance, cash=CashTerms(inflation=BRL), currency="BRL")
    vat = added(table(row("capex", "server:s", month(2, -100.0))), given, "vat")
    assert vat == pytest.approx(month(2, -20) + month(14, 20 / 1.21))


# --- invoices ---


def test_invoices_that_are_paid_later_bind_money():
    cash = CashTerms(paid_after_days={"revenue": 365 / 12, "energy": 2 * 365 / 12})
    power = row("energy", "energy:mining", yearly(-40, 0, 0))
    moved = added(table(EARNS, power), network(cash=cash), "working_capital")
    late = sum(month(12 * k + 6, 100) - month(12 * k + 5, 100) for k in range(3))
    assert moved == pytest.approx(late + month(5, 40) - month(7, 40))


# --- borders ---


def test_cash_of_a_domestic_owner_is_not_held_back():
    finance = CountryFinance(
        withholding_dividends=tiny.fact(0.1), trapped_months=tiny.fact(3.0, "month")
    )
    for owner in ("", "AA"):
        found = taxed(table(EARNS), network(finance, owner=owner))
        assert not list(found.select("withholding", "trapped"))


def test_profit_that_leaves_is_taxed_and_capital_is_not():
    """Of 100 that come in, 50 were paid in and are written off: 50 are profit."""
    finance = CountryFinance(withholding_dividends=tiny.fact(0.1))
    rows = [
        row("revenue", "mining", month(5, 100.0)),
        row("capex", "miner:m", month(0, -50.0)),
        row("memo", "depreciation:miner:m", month(0, 50.0), unit="USD"),
    ]
    found = taxed(table(*rows), network(finance, owner="BB"))
    # June: 100 of cash, of which 50 are profit; the tax of December is paid by the owner
    assert found.total("withholding") == pytest.approx(month(5, -5.0))


def test_trapped_cash_waits_and_loses_worth():
    finance = CountryFinance(trapped_months=tiny.fact(12.0, "month"))
    cash = CashTerms(inflation=BRL)
    earns = row("revenue", "mining", month(5, 121.0))
    given = network(finance, cash, owner="BB", currency="BRL", mining=None, ai=tiny.treatment())
    given_no_tax = replace(given)
    trapped = added(table(earns), given_no_tax, "trapped")
    income = taxed(table(earns), given_no_tax).total("tax").sum()
    assert trapped[5] == pytest.approx(-121.0)
    assert trapped[17] == pytest.approx(121.0 / 1.21)
    assert income == pytest.approx(0.0)


def test_terms_may_let_cash_go_and_only_on_some_days():
    finance = CountryFinance(trapped_months=tiny.fact(12.0, "month"))
    cash = CashTerms(trapped_months={"AA": 0.0}, dividend_months=6)
    earns = row("revenue", "mining", month(2, 80.0))
    given = network(finance, cash, owner="BB", mining=None, ai=tiny.treatment())
    assert added(table(earns), given, "trapped") == pytest.approx(month(2, -80) + month(5, 80))


def test_interest_abroad_bears_its_tax():
    finance = CountryFinance(withholding_interest=tiny.fact(0.15))
    cash = CashTerms(interest_abroad=0.5)
    rows = table(EARNS, row("interest", "loan", yearly(-20, 0, 0)))
    held = added(rows, network(finance, cash, owner="BB"), "withholding")
    assert held == pytest.approx(month(5, -1.5))


# --- the whole ---

MONEY = st.integers(-50, 50).map(float)
LINES = {
    "revenue": ("mining", "ai:server", "lease:tenant"),
    "energy": ("energy:mining", "energy:ai"),
    "direct": ("staff",),
    "capex": ("miner:m", "server:s"),
    "resale": ("miner:m",),
}
ROWS = st.lists(
    st.sampled_from(
        [(group, line) for group, lines in LINES.items() for line in lines]
    ).flatmap(
        lambda key: st.lists(MONEY, min_size=MONTHS, max_size=MONTHS).map(
            lambda amounts: row(
                *key, np.abs(amounts) * (1 if key[0] in ("revenue", "resale") else -1)
            )
        )
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=40)
@given(ROWS, st.integers(1, 12), st.integers(0, 14))
def test_only_taxes_take_money_for_good(rows, every, lag):
    """Late invoices, refunds and trapped cash sum to zero where money keeps its worth."""
    finance = CountryFinance(
        vat_refund_months=tiny.fact(float(lag), "month"),
        trapped_months=tiny.fact(float(lag), "month"),
        withholding_dividends=tiny.fact(0.1),
    )
    cash = CashTerms(
        dividend_months=every,
        paid_after_days={"revenue": 20.0, "direct": 75.0},
        sold_with_vat={"lease": 1.0},
    )
    before = table(*rows)
    found = taxed(before, network(finance, cash, owner="BB"))
    for group in ("working_capital", "vat", "trapped"):
        assert found.total(group).sum() == pytest.approx(0.0, abs=1e-6)
    assert found.total("tax").max() <= 1e-9
    assert found.total("withholding").max() <= 1e-9
    untouched = [group for group in GROUPS if group in LINES]
    assert found.total(*untouched) == pytest.approx(before.total(*untouched))


def test_rows_of_no_country_are_left_alone():
    before = table(row("fees", "manager", yearly(-5, -5, -5), site="", country=""))
    assert taxed(before, network(), interest={}).rows == before.rows


def test_a_country_that_says_nothing_of_machines_is_told():
    given = network()
    silent = replace(given.facts.countries["AA"], complete=False, depreciation=None)
    given = replace(given, facts=replace(given.facts, countries={"AA": silent}))
    used = row("memo", "in service:miner:m", month(6, 240.0), unit="USD")
    with pytest.raises(InputError, match="where a site stands"):
        taxed(table(EARNS, used), given)
