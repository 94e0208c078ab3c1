# SPDX-License-Identifier: Apache-2.0
"""The value of a plan: cash, returns, debt and deals, and all of it over futures."""

from dataclasses import dataclass

from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.returns import (
    BridgeStep,
    DealResult,
    DebtResult,
    HedgeEffect,
    RegionRow,
    Returns,
    UnitCosts,
)
from loadstone.model.futures.risk import Risk


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Valuation:
    """What `loadstone value` finds.

    Attributes:
        network: Name of the network.
        currency: Reporting currency.
        cash: Cash of the base case, by month, after tax, debt and hedges.
        returns: Of portfolio, countries and sites, for project and equity.
        costs: What units cost.
        bridge: From the plan's objective to the nominal value.
        debts: Loans.
        deals: How the money goes round.
        hedging: What hedges do; None without any.
        region: What is added where.
        ceiling: The sanity check of `region`, in a sentence.
        risk: Value over futures; None where no futures are stated.
        notes: What the numbers leave out, in sentences.
    """

    network: str
    currency: str
    cash: CashTable
    returns: tuple[Returns, ...]
    costs: UnitCosts
    bridge: tuple[BridgeStep, ...]
    debts: tuple[DebtResult, ...] = ()
    deals: tuple[DealResult, ...] = ()
    hedging: HedgeEffect | None = None
    region: tuple[RegionRow, ...] = ()
    ceiling: str = ""
    risk: Risk | None = None
    notes: tuple[str, ...] = ()
