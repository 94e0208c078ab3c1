# SPDX-License-Identifier: Apache-2.0
"""Cash of a plan month by month: it is the plan's books, spread over their months and days."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.plan.result import site_hours
from loadstone.engines.value.operating import operating_cash
from loadstone.model.connection import Connection, Tranche
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import OPERATING
from loadstone.model.network import Phase
from loadstone.model.site import Limits, Standing
from tests.engines.plan.lower import tiny_network as tiny
from tests.engines.value.operating.planned import (
    LEASE,
    inflation,
    solved,
    with_cash,
)

NO_CASH = {"tax", "risk_premium", "held_demand"}


@pytest.fixture(scope="module")
def small():
    return solved()


@pytest.fixture(scope="module")
def table(small):
    return operating_cash(*small)


def books(year):
    """Return what a year of the books leaves in cash."""
    cost = sum(amount for line, amount in year.cost.items() if line not in NO_CASH)
    return sum(year.revenue.values()) - cost


def running(table):
    """Return the cash of running a site, by month."""
    lost = [row.amounts for row in table.rows if row.line.startswith("lost on power:")]
    return table.total(*OPERATING) + sum(lost, np.zeros(table.months))


def line(table, group, name, **chosen):
    """Return the only row of a group and line."""
    (row,) = [
        row
        for row in table.rows
        if (row.group, row.line) == (group, name)
        and all(getattr(row, key) == value for key, value in chosen.items())
    ]
    return row


def test_it_begins_with_the_decision_and_ends_with_the_plan(table):
    assert table.first == date(2026, 10, 1)
    assert table.month(table.months - 1) == date(2032, 12, 1)


def test_twelve_months_are_a_year_of_the_books(small, table):
    plan, _, _ = small
    by_year = table.by_year(running(table))
    for year in plan.site_years[2:]:
        for calendar in (2028,) if year.phase == 2028 else (2029, 2030, 2031, 2032):
            assert by_year[calendar - 2026] == pytest.approx(books(year), rel=1e-9)


@pytest.mark.parametrize("group", ["revenue", "energy", "levies", "direct"])
def test_each_group_is_that_of_the_books(small, table, group):
    plan, _, _ = small
    year = plan.site_years[2]
    levies, direct = ("levies", "carbon"), ("staff", "repairs", "insurance", "property_tax")
    other = {*levies, *direct, *NO_CASH, "vat", "decommissioning", "damages"}
    expected = {
        "revenue": sum(year.revenue.values()),
        "levies": -sum(year.cost.get(name, 0.0) for name in levies),
        "direct": -sum(year.cost.get(name, 0.0) for name in (*direct, "decommissioning")),
        "energy": -sum(v for name, v in year.cost.items() if name not in other),
    }
    assert table.by_year(table.total(group))[2] == pytest.approx(expected[group], rel=1e-9)


def test_all_that_is_built_is_paid_once(small, table):
    plan, _, _ = small
    lost = [
        row.amounts.sum()
        for row in table.select("vat")
        if not row.line.startswith("lost on power:")
    ]
    paid = table.total("capex", "refresh", "duty").sum() + sum(lost)
    assert paid == pytest.approx(-sum(build.capex for build in plan.builds), rel=1e-12)


def test_the_price_of_a_machine_is_told_without_duty_and_lost_tax(table):
    # 10 % duty on the price, and 20 % on both, of which miners have nothing back
    price = -line(table, "capex", "miner:miner").amounts.sum()
    again = -line(table, "refresh", "miner:miner").amounts.sum()
    duty = -line(table, "duty", "miner:miner").amounts.sum()
    lost = -line(table, "vat", "lost on miner:miner").amounts.sum()
    assert duty == pytest.approx(0.10 * (price + again))
    assert lost == pytest.approx(0.20 * 1.10 * (price + again))


def test_capital_is_paid_on_its_curve_but_not_before_the_decision(small, table):
    # 40 % half a year ahead would be July 2026: it is paid in October, the rest in January
    plan, _, _ = small
    hall = sum(b.capex for b in plan.builds if b.asset == "mining_hall" and b.phase == 2027)
    paid = line(table, "capex", "mining_hall").amounts
    assert paid[0] == pytest.approx(-0.4 * hall)
    assert paid[3] == pytest.approx(-0.6 * hall)
    assert not paid[1:3].any()


def test_machines_whose_life_ends_are_bought_again_as_refresh(small, table):
    # miners live four years: those of 2027 and 2027.5 do not stand in the middle of 2029-2032
    plan, _, _ = small
    bought = [b for b in plan.builds if b.asset == "miner:miner"]
    assert {b.phase for b in bought} == {2027, 2029}
    paid = line(table, "refresh", "miner:miner").amounts
    assert np.flatnonzero(paid)[0] == 21  # half a year before January 2029
    again = sum(b.capex for b in bought if b.phase == 2029)
    landed = 1.10 * 1.20
    assert paid.sum() == pytest.approx(-again / landed)


def test_contracts_spot_and_mining_are_told_apart(table):
    spot = line(table, "revenue", "ai:server", driver="ai:first")
    signed = line(table, "revenue", "ai:server", contracted=True)
    # half of the power at 0.9 of the price, half at the price for 0.8 of the hours
    assert signed.amounts.sum() / spot.amounts.sum() == pytest.approx(0.9 / 0.8)
    assert signed.driver == ""
    assert line(table, "revenue", "mining").driver == "mining"
    assert line(table, "energy", "energy:mining").driver == "mining"
    assert line(table, "levies", "levies:mining").driver == "mining"
    assert line(table, "energy", "energy:ai").driver == "power:A1"
    rent = line(table, "revenue", "lease:tenant")
    assert rent.contracted
    assert rent.amounts[table.months - 1] == pytest.approx(
        LEASE.mw * 1000 * LEASE.rent_per_kw_month
    )
    assert line(table, "revenue", "lease power:tenant").driver == "power:A1"


def test_memo_rows_count_what_is_sold(small, table):
    _, _, network = small
    mined, usd = line(table, "memo", "mining", unit="BTC"), line(table, "revenue", "mining")
    assert mined.amounts * network.study.outlook.btc_price[0] == pytest.approx(usd.amounts)
    kw = line(table, "memo", "lease:tenant").amounts
    assert kw[-1] == pytest.approx(2000.0)
    sold, paid = line(table, "memo", "ai:server"), table.total("revenue", contracted=True)
    rent = line(table, "revenue", "lease:tenant").amounts
    power = line(table, "revenue", "lease power:tenant").amounts
    spot = line(table, "revenue", "ai:server", contracted=False).amounts
    # USD 2 a GPU-hour spot and 1.8 under contract
    hours = spot / 2.0 + (paid - rent - power) / 1.8
    assert sold.amounts == pytest.approx(hours)


def test_a_half_year_has_its_own_months():
    """Power is dear from July on and the miners stand still, so that they earn before."""
    hours = np.arange(tiny.HOURS)
    dear = np.where(hours < 181 * 24, 20.0, 1000.0)  # 181 days to the end of June
    phases = (Phase(year=2027, years=0.5), Phase(year=2027, month=7, years=0.5))
    found = tiny.solve(
        tiny.network(tiny.site(supply=(tiny.spot(),)), prices=dear, phases=phases), gap=1e-6
    )
    dispatch = site_hours(found.lowered, found.solution, found.hours)
    table = operating_cash(found.plan, dispatch, found.lowered.network)
    mined = line(table, "revenue", "mining").amounts
    assert (mined[:6] > 0).all()
    assert mined[6:] == pytest.approx(np.zeros(6))
    assert mined[:6].sum() == pytest.approx(found.year(2027).revenue["mining"])


def test_inflation_raises_what_follows_prices_and_leaves_a_fixed_rent(small):
    plan, hours, network = small
    real = operating_cash(plan, hours, network)
    terms = {"inflation": inflation(USD=0.03), "escalation": {"lease:tenant": 0.0}}
    nominal = operating_cash(plan, hours, with_cash(network, **terms))
    last = real.months - 1
    growth = 1.03 ** (last / 12)
    for name, expected in (("mining", growth), ("lease:tenant", 1.0)):
        before = line(real, "revenue", name).amounts[last]
        assert line(nominal, "revenue", name).amounts[last] == pytest.approx(expected * before)


def test_without_terms_assets_are_worth_nothing_at_the_end(table):
    assert not list(table.select("resale"))


def test_what_is_left_of_book_value_comes_back_where_terms_say_so(small):
    plan, hours, network = small
    given = with_cash(network, end_value={"": 0.5, "miner": 0.0}, end_cost={"mining_hall": 0.1})
    table = operating_cash(plan, hours, given)
    hall = sum(b.capex for b in plan.builds if b.asset == "mining_hall")
    # built in January 2027 with a life of ten years, of which six are gone
    end = line(table, "resale", "end:mining_hall").amounts
    assert end[-1] == pytest.approx(0.5 * hall * 4 / 10)
    assert not end[:-1].any()
    assert line(table, "resale", "removal:mining_hall").amounts[-1] == pytest.approx(
        -0.1 * hall
    )
    assert not [row for row in table.select("resale") if "miner:" in row.line]


def test_what_is_owed_at_the_end_is_what_annuities_have_still_to_pay(small):
    plan, hours, network = small
    given = with_cash(network, end_value={"mining_hall": 1.0}, end_basis="owed")
    end = line(operating_cash(plan, hours, given), "resale", "end:mining_hall").amounts[-1]
    hall = sum(b.capex for b in plan.builds if b.asset == "mining_hall")
    rate = network.study.discount_rate
    # ten payments at year ends, of which four are left: their worth then
    payment = hall * rate / (1 - (1 + rate) ** -10)
    assert end == pytest.approx(sum(payment * (1 + rate) ** -k for k in (1, 2, 3, 4)))


def test_books_write_off_all_of_what_reaches_its_end(small, table):
    plan, _, _ = small
    first = sum(b.capex for b in plan.builds if b.asset == "miner:miner" and b.phase == 2027)
    second = sum(b.capex for b in plan.builds if b.asset == "miner:miner" and b.phase == 2029)
    # those of 2027 leave at the start of 2029 in the plan, those of 2029 end with it
    written = line(table, "memo", "depreciation:miner:miner").amounts
    assert written.sum() == pytest.approx(first + second)
    assert written[3] == pytest.approx(first / 48)


def test_a_deposit_comes_back_when_its_tranche_is_energised():
    link = Connection(
        existing_mw=2.0,
        max_mw=6.0,
        cost_per_mw=1000.0,
        tranches=(
            Tranche(
                mw=4.0, energised=date(2027, 7, 1), deposit_per_mw=5000.0,
                deposit_paid=date(2027, 2, 1), source="letter",
            ),
        ),
    )  # fmt: skip
    site = tiny.site(status="operating", connection=link, limits=Limits(ai_mw=0.0))
    found = tiny.solve(tiny.network(site, years=(2027, 2028)), gap=1e-6)
    dispatch = site_hours(found.lowered, found.solution, found.hours)
    table = operating_cash(found.plan, dispatch, found.lowered.network)
    deposit = line(table, "resale", "deposit:connection").amounts
    assert found.built("connection") == pytest.approx(4.0)
    assert deposit[1] == pytest.approx(-20_000.0)
    assert deposit[6] == pytest.approx(20_000.0)


def test_machines_that_stand_are_not_paid_again():
    standing = Standing(model="miner", mw=2.0, installed=date(2026, 1, 1))
    site = tiny.site(
        status="operating",
        connection=Connection(existing_mw=3.0, max_mw=3.0),
        standing=(standing,),
        limits=Limits(ai_mw=0.0, mining_mw=2.0),
        miners=(),
    )
    found = tiny.solve(tiny.network(site), gap=1e-6)
    dispatch = site_hours(found.lowered, found.solution, found.hours)
    table = operating_cash(found.plan, dispatch, found.lowered.network)
    assert not list(table.select("capex", "refresh", "duty", "resale"))
    assert table.total("revenue").sum() > 0


def test_hours_that_are_missing_are_told(small):
    plan, hours, network = small
    with pytest.raises(InputError, match="hours of every site-year"):
        operating_cash(plan, hours[1:], network)


def test_a_plan_of_another_network_is_told(small):
    plan, hours, network = small
    other = replace(network, sites=(replace(network.sites[0], id="other"),))
    with pytest.raises(InputError, match="site and phase of the network"):
        operating_cash(plan, hours, other)


def test_a_start_after_the_first_phase_is_refused(small):
    plan, hours, network = small
    with pytest.raises(InputError, match="must not be after the first phase") as found:
        operating_cash(plan, hours, with_cash(network, start=date(2027, 2, 1)))
    assert found.value.field == "cash.start"


def test_an_earlier_start_only_adds_months(small, table):
    plan, hours, network = small
    earlier = operating_cash(plan, hours, with_cash(network, start=date(2026, 7, 1)))
    assert earlier.months == table.months + 3
    assert earlier.total().sum() == pytest.approx(table.total().sum())
