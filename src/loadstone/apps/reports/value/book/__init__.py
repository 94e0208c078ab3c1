# SPDX-License-Identifier: Apache-2.0
"""The financial model in the workbook: values that were solved, and live formulas over them."""

import numpy as np

from loadstone.apps.reports.sheet import Book
from loadstone.apps.reports.value.book.debt import write_debt
from loadstone.apps.reports.value.book.further import write_deals, write_region, write_risk
from loadstone.apps.reports.value.book.inputs import write_inputs
from loadstone.apps.reports.value.book.months import write_months, write_years
from loadstone.apps.reports.value.book.pools import Pools
from loadstone.apps.reports.value.book.returns import write_flows, write_returns
from loadstone.apps.reports.value.book.scopes import Scopes
from loadstone.apps.reports.value.book.sites import write_sites
from loadstone.apps.reports.value.book.tax import write_tax
from loadstone.apps.reports.value.book.units import UNITS_MADE, write_units
from loadstone.model.network import Network
from loadstone.model.valuation import Valuation

__all__ = ["write_value"]


def write_value(book: Book, valuation: Valuation, network: Network) -> None:
    """Add the sheets of the financial model.

    Args:
        book: The workbook.
        valuation: The valuation.
        network: Its network, for terms and tax.
    """
    table = valuation.cash
    pools = Pools(table, network)
    write_inputs(book, valuation, network, pools.all)
    scopes = Scopes(table, network)
    months = write_months(book, table, pools, scopes.bare)
    portfolio = write_years(book, table, months, scopes.bare)
    write_sites(book, table, portfolio)
    interest = {
        code: np.maximum(-table.total("interest", country=code), 0.0) for code in pools.abroad
    }
    write_tax(book, table, pools, months, interest)
    if valuation.debts:
        write_debt(book, valuation, network)
    flows = write_flows(book, valuation, months, scopes)
    write_returns(book, valuation, flows, months.days)
    if any(row.unit in UNITS_MADE for row in table.rows):
        write_units(book, valuation)
    if valuation.deals:
        write_deals(book, valuation)
    if valuation.risk is not None:
        write_risk(book, valuation.risk, valuation.currency)
    if valuation.region:
        write_region(book, valuation)
