# SPDX-License-Identifier: Apache-2.0
"""The cash of each scope: with its loans, and as it would be without them."""

from dataclasses import replace

from loadstone.apps.reports.value.book.places import Floats
from loadstone.engines.finance.tax import taxed
from loadstone.engines.value.financing import placed
from loadstone.model.finance.cash import FINANCING, GROUPS, TAX_DEPRECIATION, CashRow, CashTable
from loadstone.model.network import Network

TAX_GROUPS = ("tax", "vat", "working_capital", "withholding", "trapped")
"""Groups whose amounts loans may change, or that are counted with them."""
_VAT_IN_TIME = ("paid on purchases", "collected on sales", "refunded", "remitted")


def _before_tax(row: CashRow) -> bool:
    """Return whether a row is there before tax and loans."""
    if row.group in FINANCING or row.group in {
        "tax", "withholding", "trapped", "working_capital",
    }:  # fmt: skip
        return False
    if row.group == "vat":
        return row.line not in _VAT_IN_TIME
    return not (row.group == "memo" and row.line.startswith(TAX_DEPRECIATION))


def without_loans(table: CashTable, network: Network) -> CashTable:
    """Return cash after the tax that would be due if there were no loans.

    Args:
        table: All cash, loans included.
        network: Whose countries tax it.
    """
    rows = tuple(row for row in table.rows if _before_tax(row))
    if len(rows) == len(table.rows):
        return table
    return taxed(replace(table, rows=rows), network)


class Scopes:
    """Flows by scope.

    Attributes:
        table: All cash.
        bare: The same without loans.
    """

    def __init__(self, table: CashTable, network: Network) -> None:
        self.table = table
        self.bare = without_loans(table, network)
        self._placed = {"equity": placed(table), "project": placed(self.bare)}

    def flow(self, scope: str, flow: str) -> Floats:
        """Return the money of one scope by month; rows of a country lie with its sites.

        Args:
            scope: "portfolio", "country:RU" or "site:bratsk-1".
            flow: "project" for cash without loans, "equity" for all of it. Shape (M,).
        """
        kind, _, name = scope.partition(":")
        without = (*FINANCING, "memo") if flow == "project" else ("memo",)
        groups = [group for group in GROUPS if group not in without]
        source = self._placed[flow]
        if kind == "site":
            return source.total(*groups, site=name)
        if kind == "country":
            return source.total(*groups, country=name)
        return source.total(*groups)
