# SPDX-License-Identifier: Apache-2.0
"""A plan's cash with its debt: sized, drawn and repaid, and what is left for its owners.

Debt is sized on cash after tax, and interest reduces tax: both are counted in turn until they
agree. The order of loans is their rank: what a loan pays is taken from the cash of those after
it, all of it where they share a scope, and as much as lies in the scope else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.debt.cover import cover
from loadstone.engines.finance.local_money import nominal_rates
from loadstone.engines.finance.reserves import flows
from loadstone.engines.finance.tax import taxed
from loadstone.engines.value.financing.loan import Loan, lend
from loadstone.engines.value.financing.measuring import all_returns
from loadstone.engines.value.financing.results import debt_result, poor_years
from loadstone.engines.value.financing.rows import (
    debt_rows,
    locked,
    refresh_reserve,
    refresh_rows,
    reserve_of,
    withheld,
)
from loadstone.engines.value.financing.scopes import in_scope, placed
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashRow, CashTable
from loadstone.model.finance.returns import DebtResult, Returns
from loadstone.model.network import Network

Floats = NDArray[np.float64]
Taxing = Callable[[CashTable], CashTable]

AGREED = 1e-4  # of the reporting currency: amounts and rows no longer move
MOST_ROUNDS = 200


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Financed:
    """Cash after tax and debt.

    Attributes:
        table: All cash; rows of countries are not yet given to sites.
        debts: Loans as sized and paid, in their order.
        returns: Of the portfolio, its countries and sites, project and equity.
        before_tax: Operating cash, hedges and debt, as tax is counted on it.
        notes: What a reader should know, in sentences.
    """

    table: CashTable
    debts: tuple[DebtResult, ...]
    returns: tuple[Returns, ...]
    before_tax: CashTable
    notes: tuple[str, ...] = ()


def financed(table: CashTable, network: Network, *, tax: Taxing | None = None) -> Financed:
    """Return cash with debt and tax, the loans, and what project and equity return.

    Args:
        table: Operating cash and hedges, before tax.
        network: Its debts, terms and countries.
        tax: Adds what tax offices and borders do to cash in which debt is counted; None takes
            that of the network's countries.

    Raises:
        InputError: A loan does not fit into the table, or is above what it finances.
    """
    tax = tax or partial(taxed, network=network)
    unlevered = tax(table)
    debts = network.deals.debts
    if not debts:
        returns = all_returns(placed(unlevered), placed(unlevered), network)
        return Financed(table=unlevered, debts=(), returns=returns, before_tax=table)
    rows: tuple[CashRow, ...] = ()
    full, loans = unlevered, _lend_all(unlevered, network)
    for _ in range(MOST_ROUNDS):
        before, rows = rows, _rows(loans, placed(full), network)
        lent = replace(table, rows=(*table.rows, *rows))
        full = tax(lent)
        loans = _lend_all(full, network)
        if _moved(before, rows) <= AGREED:
            break
    else:
        raise InputError("debts", [debt.id for debt in debts], "must settle with tax")
    return _told(full, unlevered, lent, loans, network)


def _moved(before: Sequence[CashRow], rows: Sequence[CashRow]) -> float:
    """Return by how much any amount has changed."""
    if len(before) != len(rows):
        return np.inf
    pairs = zip(before, rows, strict=True)
    return max((float(np.abs(a.amounts - b.amounts).max()) for a, b in pairs), default=0.0)


def _lend_all(full: CashTable, network: Network) -> tuple[Loan, ...]:
    """Return all loans on cash after tax, in the order of their rank."""
    sited = placed(full)
    loans: list[Loan] = []
    for debt in network.deals.debts:
        units = nominal_rates(network, full.months)[debt.currency]
        try:
            loans.append(lend(debt, sited, _senior(debt.scope, loans, sited), units))
        except InputError as error:
            raise error.within(f"debts.{debt.id}") from None
    return tuple(loans)


def _senior(scope: str, loans: Sequence[Loan], sited: CashTable) -> tuple[Floats, Floats]:
    """Return service of loans of higher rank that the cash of a scope pays.

    A term loan is paid from contracted cash first, a machine loan from the other.
    """
    every, signed = np.zeros(sited.months), np.zeros(sited.months)
    for loan in loans:
        part = sum(
            share
            for (site, country), share in loan.shares.items()
            if _inside(site, country, scope)
        )
        every += part * loan.payments
        if loan.debt.kind == "term":
            signed += part * loan.payments
    return every, signed


def _inside(site: str, country: str, scope: str) -> bool:
    kind, _, name = scope.partition(":")
    return kind == "portfolio" or name == (country if kind == "country" else site)


def _rows(loans: Sequence[Loan], sited: CashTable, network: Network) -> tuple[CashRow, ...]:
    """Return the rows of all loans and reserves."""
    found: list[CashRow] = []
    for loan in loans:
        if loan.amount > 0:
            found += debt_rows(loan, reserve_of(loan))
            found += withheld(loan, network)
    saved = refresh_reserve(sited, loans)
    return (*found, *refresh_rows(saved, sited.currency))


def _told(
    full: CashTable,
    unlevered: CashTable,
    lent: CashTable,
    loans: Sequence[Loan],
    network: Network,
) -> Financed:
    """Return results, with what covenants keep from owners."""
    sited = placed(full)
    saving = refresh_reserve(sited, loans)
    results, extra, notes = [], [], []
    for loan in loans:
        saved = np.zeros(full.months)
        for row in refresh_rows(saving, full.currency):
            if in_scope(row, loan.debt.scope):
                saved -= np.minimum(row.amounts, 0.0)  # purchases are paid from the account
        results.append(debt_result(loan, sited, network, saved, reserve_of(loan)))
        held = locked(sited, loan, poor_years(loan, saved, sited))
        if held.any():
            extra.append(_lock_up(loan, held, sited))
        if not loan.amount:
            notes.append(_nothing_lent(loan))
    final = replace(full, rows=(*full.rows, *extra))
    lent = replace(lent, rows=(*lent.rows, *extra))
    return Financed(
        table=final,
        debts=tuple(results),
        returns=all_returns(placed(unlevered), placed(final), network),
        before_tax=lent,
        notes=tuple(notes),
    )


def _lock_up(loan: Loan, held: Floats, sited: CashTable) -> CashRow:
    """Return what a covenant keeps from owners, and gives back."""
    kind, _, name = loan.debt.scope.partition(":")
    countries = {row.site: row.country for row in sited.rows}
    return CashRow(
        group="reserve",
        line=f"lock-up:{loan.debt.id}",
        amounts=flows(held),
        site=name if kind == "site" else "",
        country="" if kind == "portfolio" else countries.get(name, name),
        currency=sited.currency,
    )


def _nothing_lent(loan: Loan) -> str:
    if not loan.cost:
        why = "nothing that it pays for is bought while it can be drawn"
    else:
        why = "contracted cash does not carry any"
    return f"Debt {loan.debt.id}: nothing is lent, since {why}."


def downside(result: Financed, *, kept: float) -> Mapping[str, Mapping[str, float]]:
    """Return each loan's cover by year where only a part of uncontracted cash comes in.

    Args:
        result: The base case.
        kept: Share of cash beyond contracts that comes in, 0 to 1; 0 is contracted cash alone.

    Returns:
        By id of the loan, then by calendar year with service.

    Raises:
        InputError: The share is not from 0 to 1.
    """
    if not 0 <= kept <= 1:
        raise InputError("kept", kept, "must be from 0 to 1")
    table, found = result.table, {}
    for debt in result.debts:
        signed, every = np.array(debt.service_cash), np.array(debt.all_cash)
        cash = signed + kept * (every - signed)
        paid = np.array(debt.interest) + np.array(debt.principal)
        months = np.arange(table.months)
        due = (months >= (debt.first_payment or 0)) & (months <= (debt.last_payment or -1))
        ratio = cover(table.by_year(cash * due), table.by_year(paid * due)).ratio
        found[debt.id] = {
            str(year): float(one)
            for year, one in zip(table.years, ratio, strict=True)
            if np.isfinite(one)
        }
    return found
