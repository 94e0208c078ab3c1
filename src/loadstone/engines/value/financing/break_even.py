# SPDX-License-Identifier: Apache-2.0
"""Prices at which equity earns its discount rate and no more.

Only the one price moves; what is built, how machines run and the debt as it is sized stay. Tax
is counted anew. So a break-even is the price that this plan bears, not that of the best plan
at such a price.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.local_money import nominal_rates
from loadstone.engines.finance.returns import npv
from loadstone.engines.finance.tax import taxed
from loadstone.engines.finance.unit_costs import MINING, cost_of_mining, levelised, mean_price
from loadstone.engines.plan.lower.economy import USD, Economy
from loadstone.engines.value.financing.financed import Financed, Taxing
from loadstone.engines.value.financing.measuring import nominal_rate
from loadstone.engines.value.financing.scopes import placed
from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.finance.cash import LOST_ON_POWER, CashRow, CashTable
from loadstone.model.finance.debt import MONTHS
from loadstone.model.finance.returns import UnitCosts
from loadstone.model.network import Network

Floats = NDArray[np.float64]
Moved = Callable[[float], CashTable]

ENERGY = "energy:"
CLOSE = 1e-7  # of the value at either end
MOST_ROUNDS = 60
LARGEST = 1e3  # times the price of the base case: beyond it there is no answer


def unit_costs(result: Financed, network: Network, *, tax: Taxing | None = None) -> UnitCosts:
    """Return what units cost, and the prices at which equity earns its rate and no more.

    Args:
        result: Cash with debt.
        network: The network.
        tax: As for `financed`.
    """
    tax = tax or partial(taxed, network=network)
    rate = nominal_rate(network)
    sited = placed(result.table)
    mined = cost_of_mining(sited, rate)
    gpu, leased = levelised(sited, rate)
    return UnitCosts(
        btc_cash=mined.cash,
        btc_all_in=mined.all_in,
        btc_parts=mined.parts,
        break_even_power=break_even_power(result.before_tax, tax, rate),
        break_even_hashprice=break_even_hashprice(result.before_tax, network, tax, rate),
        gpu_hour=gpu,
        kw_month=leased,
    )


def break_even_power(table: CashTable, tax: Taxing, rate: float) -> float | None:
    """Return the mean price of energy at which equity earns its rate, per MWh.

    All prices of energy move in proportion, and what tenants pay for theirs with them; grid
    charges, levies and hedges of power stay.

    Args:
        table: Cash with debt, before tax.
        tax: Adds tax.
        rate: Nominal discount rate a year.
    """
    energy = [row for row in table.select("energy") if row.line.startswith(ENERGY)]
    drawn = [row.amounts for row in table.rows if row.unit == "MWh" and row.line == "import"]
    if not energy or not drawn:
        return None
    price = mean_price(energy, np.sum(drawn, axis=0), rate)

    def moved(factor: float) -> CashTable:
        return replace(table, rows=tuple(_dearer(row, factor) for row in table.rows))

    found = _root(moved, tax, rate, start=1.0, rising=False)
    return None if found is None or price is None else found * price


def _dearer(row: CashRow, factor: float) -> CashRow:
    follows = row.group == "energy" and row.line.startswith(ENERGY)
    passed_on = row.group == "revenue" and row.driver.startswith("power:")
    lost = row.group == "vat" and row.line.startswith(LOST_ON_POWER)
    if not (follows or passed_on or lost):
        return row
    return replace(row, amounts=row.amounts * factor)


def break_even_hashprice(
    table: CashTable, network: Network, tax: Taxing, rate: float
) -> float | None:
    """Return the hashprice, the same in all months, at which equity earns its rate.

    Mining that is sold ahead keeps its price.

    Args:
        table: Cash with debt, before tax.
        network: Its outlook.
        tax: Adds tax.
        rate: Nominal discount rate a year.

    Returns:
        USD/PH/day; None where nothing is mined, or no hashprice does.
    """
    days = petahash_days_per_btc(network, table)
    hashed = {row.site: row.amounts * days for row in table.rows if row.unit == "BTC"}
    if not hashed:
        return None
    usd = 1.0 / nominal_rates(network, table.months)[USD] if _knows_dollars(network) else 1.0

    earned: dict[str, Floats] = {}
    for row in table.select("revenue"):
        if row.driver == MINING:
            earned[row.site] = earned.get(row.site, np.zeros(table.months)) + row.amounts

    def moved(price: float) -> CashTable:
        rows = []
        for row in table.rows:
            if row.group == "revenue" and row.driver == MINING and not row.contracted:
                whole = earned[row.site]
                part = np.divide(row.amounts, whole, out=np.zeros_like(whole), where=whole > 0)
                found = price * hashed.get(row.site, np.zeros(table.months)) * usd * part
                rows.append(replace(row, amounts=found))
            else:
                rows.append(row)
        return replace(table, rows=tuple(rows))

    return _root(moved, tax, rate, start=Economy(network).hashprice(0), rising=True)


def _knows_dollars(network: Network) -> bool:
    return USD in (network.study.currency, *network.study.fx)


def petahash_days_per_btc(network: Network, table: CashTable) -> Floats:
    """Return the petahash-days that earn a bitcoin, pool fee paid, by month. Shape (M,)."""
    economy, timeline = Economy(network), Timeline.of(network)
    found = np.zeros(table.months)
    for p, price in enumerate(network.study.outlook.btc_price):
        hashprice = economy.hashprice(p)
        for m, _ in timeline.window(p):
            found[m] = price / hashprice if hashprice else 0.0
    return found


def _root(
    moved: Moved, tax: Taxing, rate: float, *, start: float, rising: bool
) -> float | None:
    """Return where the present value of equity is 0: by secants, within a bracket.

    Args:
        moved: Cash with a price or a factor, before tax.
        tax: Adds tax.
        rate: Nominal discount rate a year.
        start: Where to begin, above 0.
        rising: Whether equity gains by more of it.

    Returns:
        None where not even nothing of it, or no amount, leaves equity its rate.
    """

    def worth(x: float) -> float:
        value = npv(tax(moved(x)).total(), rate, MONTHS)
        return value if rising else -value

    low, high = 0.0, start
    at_low, at_high = worth(low), worth(high)
    if at_low > 0:
        return None
    while at_high < 0:
        low, at_low, high = high, at_high, 2.0 * high
        if high > LARGEST * start:
            return None
        at_high = worth(high)
    little = CLOSE * max(-at_low, at_high)
    for _ in range(MOST_ROUNDS):
        x = high - at_high * (high - low) / (at_high - at_low)
        value = worth(x)
        if abs(value) <= little:
            return x
        if value * at_high < 0:
            low, at_low = high, at_high
        else:
            at_low /= 2.0  # the Illinois rule: the other end may not stay for ever
        high, at_high = x, value
    return high
