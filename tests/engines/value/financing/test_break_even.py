# SPDX-License-Identifier: Apache-2.0
"""At a break-even price equity earns its rate and no more."""

from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.finance.returns import npv
from loadstone.engines.value.financing import financed, nominal_rate, unit_costs
from loadstone.engines.value.financing.break_even import (
    break_even_hashprice,
    break_even_power,
    petahash_days_per_btc,
)
from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.finance.cash import CashRow, CashTable
from loadstone.model.finance.deals import Deals
from tests.engines.value.financing.plain_cash import flat_tax
from tests.network_folders import campus, read


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    found = read(campus(tmp_path_factory.mktemp("break_even")))
    return replace(found, deals=Deals())


def mine(network, *, price=60.0, capex=-3000.0):
    timeline = Timeline.of(network)

    def row(group, line, amount, **more):
        amounts = np.full(timeline.months, float(amount))
        place = {"site": "a", "country": "BR", "currency": "USD"}
        return CashRow(group=group, line=line, amounts=amounts, **place, **more)

    first = np.zeros(timeline.months)
    first[0] = capex
    return CashTable(
        first=timeline.first,
        months=timeline.months,
        currency="USD",
        rows=(
            CashRow(group="capex", line="miner:x", amounts=first, site="a", country="BR"),
            row("revenue", "mining", 200.0, driver="mining"),
            row("memo", "mining", 0.002, unit="BTC"),
            row("energy", "energy:mining", -price, driver="mining"),
            row("memo", "import", 1.5, unit="MWh"),
        ),
    )


def test_power_at_its_break_even_leaves_equity_its_rate(network):
    rate = nominal_rate(network)
    price = break_even_power(mine(network), flat_tax, rate)
    assert price > 60 / 1.5
    left = flat_tax(mine(network, price=1.5 * price)).total()
    assert npv(left, rate, 12) == pytest.approx(0, abs=1e-3)


def test_hashprice_at_its_break_even_leaves_equity_its_rate(network):
    rate, cash = nominal_rate(network), mine(network)
    price = break_even_hashprice(cash, network, flat_tax, rate)
    revenue = price * 0.002 * petahash_days_per_btc(network, cash)
    moved = [
        replace(row, amounts=revenue) if row.group == "revenue" else row for row in cash.rows
    ]
    left = flat_tax(replace(cash, rows=tuple(moved))).total()
    assert npv(left, rate, 12) == pytest.approx(0, abs=1e-3)


def test_what_is_sold_ahead_keeps_its_price(network):
    rate, cash = nominal_rate(network), mine(network)
    halves = []
    for row in cash.rows:
        if row.group == "revenue":
            half = replace(row, amounts=row.amounts / 2)
            halves += [half, replace(half, contracted=True)]
        else:
            halves.append(row)
    price = break_even_hashprice(cash, network, flat_tax, rate)
    half_sold = break_even_hashprice(replace(cash, rows=tuple(halves)), network, flat_tax, rate)
    assert half_sold < price  # the base case earns more than it must, and half of it is sure


def test_there_is_no_break_even_where_nothing_helps(network):
    rate = nominal_rate(network)
    assert break_even_power(mine(network, capex=-1e9), flat_tax, rate) is None
    idle = replace(mine(network), rows=mine(network).rows[:1])
    assert break_even_hashprice(idle, network, flat_tax, rate) is None


def test_unit_costs_are_told_together(network):
    result = financed(mine(network), network, tax=flat_tax)
    costs = unit_costs(result, network, tax=flat_tax)
    assert costs.btc_cash == pytest.approx(60 / 0.002)
    assert sum(costs.btc_parts.values()) == pytest.approx(costs.btc_all_in)
    assert costs.break_even_power > 40
