# SPDX-License-Identifier: Apache-2.0
"""What cash belongs to a scope, and what part of it is under contract.

Cash available for debt service is operating cash after tax on income, lost value-added tax on
power and working capital. Machines that replace others are not in it: owners pay for them, or a
reserve account that is filled before debt service; nor is what machines bring when they are
sold, nor value-added tax that is paid and comes back: owners lay it out, and have it back.

Contracted cash is what contracts pay, less the costs of serving them: all power, levies and
lost tax of tenants and hosted miners, of AI servers as much as of their revenue is contracted,
none of mining; other costs of a site as much as of its revenue is contracted; tax on income as
much as of a country's operating cash of the year is contracted. A site without contracts
neither adds nor takes: it may be shut.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loadstone.model.finance.cash import (
    LOST_ON,
    LOST_ON_POWER,
    OPERATING,
    CashRow,
    CashTable,
)

Floats = NDArray[np.float64]

MACHINES = ("miner:", "server:")
USE_OF = {"miner:": "mining", "server:": "ai"}
USES = ("lease", "hosting", "ai", "mining")


def in_scope(row: CashRow, scope: str) -> bool:
    """Return whether a row belongs to "portfolio", "country:BR" or "site:araguari"."""
    kind, _, name = scope.partition(":")
    if kind == "portfolio":
        return True
    return name == (row.country if kind == "country" else row.site)


def scopes_of(table: CashTable) -> tuple[str, ...]:
    """Return the portfolio, its countries and its sites, in the order of their names."""
    countries = sorted({row.country for row in table.rows if row.country})
    sites = sorted({row.site for row in table.rows if row.site})
    return ("portfolio", *(f"country:{c}" for c in countries), *(f"site:{s}" for s in sites))


def placed(table: CashTable) -> CashTable:
    """Return the table with rows of a country given to its sites, as they earn in each year.

    A year in which no site there earns anything is shared as the whole time is, or evenly.
    """
    weights = {
        code: _earned(table, code)
        for code in {row.country for row in table.rows if row.country and not row.site}
    }
    rows: list[CashRow] = []
    for row in table.rows:
        if row.site or not weights.get(row.country):
            rows.append(row)
            continue
        for site, share in weights[row.country].items():
            rows.append(replace(row, site=site, amounts=row.amounts * share))
    return replace(table, rows=tuple(rows))


def _earned(table: CashTable, country: str) -> dict[str, Floats]:
    """Return each site's share of what a country's sites earn, by month. Shapes (M,)."""
    sites = sorted({row.site for row in table.rows if row.site and row.country == country})
    if not sites:
        return {}
    years = table.year_of_month
    earned = np.array(
        [np.maximum(table.by_year(table.total(*OPERATING, site=site)), 0.0) for site in sites]
    )
    whole = earned.sum(axis=1, keepdims=True)
    if not whole.sum():
        whole = np.ones((len(sites), 1))
    empty = earned.sum(axis=0) <= 0
    earned[:, empty] = whole
    shares = earned / earned.sum(axis=0)
    return {site: shares[i][years] for i, site in enumerate(sites)}


def is_machine(row: CashRow, use: str = "") -> bool:
    """Return whether a row is about machines, of a use where one is named."""
    line = row.line.removeprefix(LOST_ON)
    return any(line.startswith(kind) and use in ("", USE_OF[kind]) for kind in MACHINES)


def _on_assets(row: CashRow) -> bool:
    """Return whether value-added tax was lost on something that is built or bought."""
    lost = row.group == "vat" and row.line.startswith(LOST_ON)
    return lost and not row.line.startswith(LOST_ON_POWER)


def invested(table: CashTable, *, replacing: bool) -> Iterator[tuple[CashRow, Floats]]:
    """Yield what is built first, or what replaces machines, with duty and lost tax, positive.

    Duty and lost tax of a month are shared as the prices of that month are.
    """
    prices: dict[tuple[str, str], list[Floats]] = {}
    for row in table.select("capex", "refresh"):
        pair = prices.setdefault((row.site, row.line), [np.zeros(table.months)] * 2)
        at = 1 if row.group == "refresh" else 0
        pair[at] = pair[at] - row.amounts
    for row in table.rows:
        own = row.group == ("refresh" if replacing else "capex")
        if own:
            yield row, -row.amounts
        elif row.group == "duty" or _on_assets(row):
            first, again = prices.get(
                (row.site, row.line.removeprefix(LOST_ON)), [np.zeros(table.months)] * 2
            )
            total, part = first + again, again if replacing else first
            default = np.zeros(table.months) if replacing else np.ones(table.months)
            share = np.divide(part, total, out=default, where=total != 0)
            yield row, -row.amounts * share


def purchases(table: CashTable, use: str = "") -> Iterator[tuple[CashRow, Floats]]:
    """Yield prices of machines, positive, without duty and tax."""
    for row in table.select("capex", "refresh"):
        if is_machine(row, use):
            yield row, -row.amounts


def _cash_rows(table: CashTable) -> Iterator[CashRow]:
    """Yield the rows of cash available for debt service."""
    for row in table.select(*OPERATING, "hedge", "tax", "working_capital", "vat"):
        if row.group != "vat" or row.line.startswith(LOST_ON_POWER):
            yield row


def service_cash(table: CashTable, scope: str) -> tuple[Floats, Floats]:
    """Return cash available for debt service: all of it, and its contracted part.

    Args:
        table: Cash after tax, rows of countries given to sites.
        scope: Of a loan.

    Returns:
        By month, both. Shapes (M,).
    """
    shares = _Shares(table)
    everything, contracted = np.zeros(table.months), np.zeros(table.months)
    for row in _cash_rows(table):
        if in_scope(row, scope):
            everything += row.amounts
            contracted += row.amounts * shares.of(row)
    return everything, contracted


class _Shares:
    """How much of each row of cash is under contract, by month."""

    def __init__(self, table: CashTable) -> None:
        self.table, self.years = table, table.year_of_month
        self._signed: dict[tuple[str, str], list[Floats]] = {}
        for row in table.select("revenue"):
            line = row.line.partition(":")[0]
            for use in ("", line):
                key = (row.site, use)
                pair = self._signed.setdefault(key, [np.zeros(table.months)] * 2)
                pair[0] = pair[0] + row.amounts * row.contracted
                pair[1] = pair[1] + row.amounts
        self._taxed: dict[str, Floats] = {}

    def of(self, row: CashRow) -> Floats:
        """Return the contracted share of a row. Shape (M,)."""
        if row.contracted:
            return np.ones(self.table.months)
        if row.group in ("revenue", "flexibility", "hedge"):
            return np.zeros(self.table.months)
        if row.group == "tax":
            return self._tax(row.country)
        use = row.line.rpartition(":")[2]
        if use == "mining" and row.group == "vat":  # its power and levies are marked by hedges
            return self._earned(row.site, use)
        return self._revenue(row.site, use if use in USES else "")

    def _revenue(self, site: str, use: str) -> Floats:
        if use in ("lease", "hosting"):
            return np.ones(self.table.months)
        if use == "mining":
            return np.zeros(self.table.months)
        return self._earned(site, use)

    def _earned(self, site: str, use: str) -> Floats:
        signed, earned = self._signed.get((site, use), [np.zeros(self.table.months)] * 2)
        return np.divide(signed, earned, out=np.zeros_like(earned), where=earned > 0)

    def _tax(self, country: str) -> Floats:
        if country not in self._taxed:
            total, signed = np.zeros(self.table.months), np.zeros(self.table.months)
            for row in self.table.select(*OPERATING, "hedge"):
                if country in ("", row.country):
                    total += row.amounts
                    signed += row.amounts * self.of(row)
            whole, part = self.table.by_year(total), self.table.by_year(signed)
            ratio = np.divide(part, whole, out=np.ones_like(whole), where=whole > 0)
            self._taxed[country] = np.clip(ratio, 0.0, 1.0)[self.years]
        return self._taxed[country]
