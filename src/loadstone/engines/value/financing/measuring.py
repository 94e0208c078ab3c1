# SPDX-License-Identifier: Apache-2.0
"""What cash returns to a project and to its owners, for each scope."""

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.returns import Reason, irr, npv, payback, peak, xirr
from loadstone.engines.value.financing.scopes import in_scope, scopes_of
from loadstone.model.finance.cash import FINANCING, CashTable
from loadstone.model.finance.debt import MONTHS
from loadstone.model.finance.returns import Returns
from loadstone.model.network import Network

Floats = NDArray[np.float64]

EQUITY_FIRST = "owners put in nothing before they are paid, so there is no rate of return"


def nominal_rate(network: Network, country: str = "") -> float:
    """Return the nominal discount rate a year, with the premium of a country where named."""
    study = network.study
    real = study.discount_rate + study.discount.country.get(country, 0.0)
    inflation = network.deals.cash.inflation_of(study.currency, study.currency)
    return (1 + real) * (1 + inflation) - 1


def returns_of(
    table: CashTable, flows: Floats, *, scope: str, flow: str, rate: float
) -> Returns:
    """Return what dated monthly flows return.

    The rate of return of years is that of sums by calendar year; payback and present value
    count months, each on its first day.

    Args:
        table: Whose months are meant.
        flows: What comes in less what is put in, by month. Shape (M,).
        scope: Of the flows.
        flow: "project" or "equity".
        rate: Discount rate a year.
    """
    yearly = irr(table.by_year(flows))
    days = [table.month(m) for m in range(table.months)]
    dated = xirr(days, flows)
    told = str(yearly.reason)
    if flow == "equity" and yearly.reason == Reason.COMES_FIRST:
        told = EQUITY_FIRST
    elif not told and dated.reason:
        told = f"of months: {dated.reason}"
    return Returns(
        scope=scope,
        flow=flow,
        npv=npv(flows, rate, MONTHS),
        rate=rate,
        irr=yearly.rates,
        xirr=dated.rates,
        irr_reason=told,
        payback_years=payback(flows),
        discounted_payback_years=payback(flows, rate),
        peak=peak(flows),
        invested=-float(np.minimum(flows, 0.0).sum()),
        received=float(np.maximum(flows, 0.0).sum()),
    )


def all_returns(unlevered: CashTable, full: CashTable, network: Network) -> tuple[Returns, ...]:
    """Return the returns of the portfolio, its countries and its sites.

    The portfolio is discounted at the rate of the study, countries and sites at that rate with
    their country's premium.

    Args:
        unlevered: Cash after the tax that would be due without debt, placed at sites.
        full: Cash with debt, placed at sites.
        network: Its discount rates.
    """
    countries = {row.site: row.country for row in full.rows if row.site}
    found = []
    for scope in scopes_of(full):
        name = scope.partition(":")[2]
        rate = nominal_rate(network, countries.get(name, name))
        for flow, table in (("project", unlevered), ("equity", full)):
            cash = np.zeros(table.months)
            for row in table.select():
                if in_scope(row, scope) and (flow == "equity" or row.group not in FINANCING):
                    cash += row.amounts
            found.append(returns_of(table, cash, scope=scope, flow=flow, rate=rate))
    return tuple(found)
