# SPDX-License-Identifier: Apache-2.0
"""What a unit costs, counted by hand."""

from datetime import date

import numpy as np
import pytest

from loadstone.engines.finance.returns import factors
from loadstone.engines.finance.unit_costs import cost_of_mining, levelised, mean_price
from loadstone.model.finance.cash import CashRow, CashTable

MONTHS = 24


def row(group, line, amount, *, site="a", unit="", driver=""):
    amounts = np.full(MONTHS, float(amount)) if np.ndim(amount) == 0 else np.array(amount)
    return CashRow(group=group, line=line, amounts=amounts, site=site, unit=unit, driver=driver)


def once(amount):
    return [amount, *[0.0] * (MONTHS - 1)]


def table(*rows):
    return CashTable(first=date(2027, 1, 1), months=MONTHS, currency="USD", rows=rows)


MINE = (
    row("memo", "mining", 2.0, unit="BTC"),
    row("memo", "mining", 1000.0, unit="MWh"),
    row("revenue", "mining", 200.0, driver="mining"),
    row("energy", "energy:mining", -60.0),
    row("energy", "connection", -10.0),
    row("vat", "lost on power:mining", -4.0),
    row("direct", "staff", -20.0),
    row("levies", "levies:mining", -2.0),
    row("flexibility", "curtailment", 30.0),
    row("memo", "depreciation:miner:x", 40.0),
    row("interest", "loan", -6.0),
    row("tax", "income", -16.0),
)


def test_a_bitcoin_costs_what_mining_it_takes():
    mined = cost_of_mining(table(*MINE), 0.10)
    # two a month: power, connection and lost tax; staff and levies; and so on
    assert mined.parts == pytest.approx(
        {"energy": 37, "direct": 11, "depreciation": 20, "financing": 3, "tax": 8}
    )
    assert mined.cash == pytest.approx(48)
    assert mined.all_in == pytest.approx(79)


def test_income_from_flexibility_makes_no_bitcoin_cheaper():
    without = [one for one in MINE if one.group != "flexibility"]
    assert cost_of_mining(table(*MINE), 0.1).cash == cost_of_mining(table(*without), 0.1).cash


def test_a_site_that_shares_its_costs_shares_them_by_energy_and_revenue():
    lease = (
        row("memo", "lease", 3000.0, unit="MWh"),
        row("revenue", "lease:t", 600.0),
        row("energy", "energy:lease", -90.0),
    )
    mined = cost_of_mining(table(*MINE, *lease), 0.0)
    assert mined.parts["energy"] == pytest.approx((60 + 10 / 4 + 4) / 2)  # a quarter of the MWh
    assert mined.parts["direct"] == pytest.approx((20 / 4 + 2) / 2)  # a quarter of the revenue


def test_without_bitcoin_there_is_no_cost_of_one():
    mined = cost_of_mining(table(row("revenue", "lease:t", 1.0)), 0.1)
    assert (mined.cash, mined.all_in, mined.parts) == (None, None, {})


AI = (
    row("memo", "ai:x", 100.0, unit="GPU-h"),
    row("memo", "ai", 50.0, unit="MWh"),
    row("revenue", "ai:x", 300.0),
    row("energy", "energy:ai", -20.0),
    row("direct", "repairs", -5.0),
    row("capex", "server:x", once(-2400.0)),
    row("duty", "server:x", once(-240.0)),
    row("memo", "depreciation:server:x", 110.0),
)


def test_a_gpu_hour_at_its_levelised_cost_earns_the_rate_and_no_more():
    gpu, lease = levelised(table(*AI), 0.10)
    assert lease == {}
    worth = factors(0.10, MONTHS)
    earned = gpu["x"] * 100 * worth.sum()
    assert earned == pytest.approx(2640 + 25 * worth.sum())  # written off by the end


def test_what_is_not_written_off_at_the_end_is_not_paid_by_these_units():
    half = [one for one in AI if one.group != "memo" or one.unit]
    slow = row("memo", "depreciation:server:x", 55.0)
    gpu, _ = levelised(table(*half, slow), 0.0)
    assert gpu["x"] * 100 * MONTHS == pytest.approx(25 * MONTHS + 2640 / 2)


def test_models_bear_their_own_machines_and_share_the_rest_by_revenue():
    other = (
        row("memo", "ai:y", 100.0, unit="GPU-h"),
        row("revenue", "ai:y", 100.0),
        row("capex", "server:y", once(-240.0)),
        row("memo", "depreciation:server:y", 10.0),
    )
    gpu, _ = levelised(table(*AI, *other), 0.0)
    assert gpu["x"] == pytest.approx((110 + 0.75 * 25) / 100)
    assert gpu["y"] == pytest.approx((10 + 0.25 * 25) / 100)


def test_a_tenant_who_pays_for_power_lowers_the_cost_of_the_hall():
    rows = (
        row("memo", "lease:t", 10.0, unit="kW-month"),
        row("memo", "lease", 50.0, unit="MWh"),
        row("revenue", "lease:t", 100.0),
        row("revenue", "lease power:t", 8.0),
        row("energy", "energy:lease", -8.0),
        row("direct", "staff", -5.0),
    )
    assert levelised(table(*rows), 0.1)[1]["t"] == pytest.approx(0.5)


def test_the_mean_price_is_costs_over_energy():
    paid = [row("energy", "energy:mining", -60.0), row("energy", "energy:ai", -20.0)]
    assert mean_price(paid, np.full(MONTHS, 2.0), 0.1) == pytest.approx(40)
    assert mean_price(paid, np.zeros(MONTHS), 0.1) is None
