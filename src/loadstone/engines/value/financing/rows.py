# SPDX-License-Identifier: Apache-2.0
"""What loans do to cash, row by row: each site has its part, as of what the loan pays for."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.reserves import flows, purchase_reserve, service_reserve
from loadstone.engines.value.financing.loan import Loan
from loadstone.engines.value.financing.scopes import in_scope, invested, is_machine
from loadstone.model.finance.cash import CashRow, CashTable, Group
from loadstone.model.network import Network

Floats = NDArray[np.float64]


def debt_rows(loan: Loan, held: Floats) -> Iterator[CashRow]:
    """Yield the rows of a loan: drawn, interest, repaid, fees, and what its reserve takes.

    Args:
        loan: The loan.
        held: Balance of its reserve account, by month. Shape (M,).
    """
    schedule = loan.schedule
    rows: tuple[tuple[Group, Floats], ...] = (
        ("draw", schedule.draw),
        ("interest", -schedule.interest),
        ("principal", -schedule.principal),
        ("fees", -schedule.fees),
        ("reserve", flows(held)),
    )
    for (site, country), share in loan.shares.items():
        for group, amounts in rows:
            if amounts.any():
                yield CashRow(
                    group=group,
                    line=loan.debt.id,
                    amounts=share * amounts,
                    site=site,
                    country=country,
                    currency=loan.debt.currency,
                    contracted=True,
                )


def withheld(loan: Loan, network: Network) -> Iterator[CashRow]:
    """Yield the tax on interest that leaves a country; the borrower bears it on top."""
    lender = loan.debt.lender_country
    for (site, country), share in loan.shares.items():
        fact = network.facts.countries[country].finance.withholding_interest
        if lender in ("", country) or fact is None or not fact.value:
            continue
        yield CashRow(
            group="withholding",
            line=f"interest:{loan.debt.id}",
            amounts=-fact.value * share * loan.schedule.interest,
            site=site,
            country=country,
            currency=loan.debt.currency,
        )


def reserve_of(loan: Loan) -> Floats:
    """Return the balance of the account that holds service to come. Shape (M,)."""
    since = loan.repays - 1 if loan.debt.kind == "term" else loan.repays
    return service_reserve(loan.payments, loan.debt.reserve_months, max(since, 0))


def refresh_reserve(table: CashTable, loans: Sequence[Loan]) -> dict[tuple[str, str], Floats]:
    """Return balances of accounts that save for machines that replace others, by site.

    A purchase after the last payment of the loan that asks for it is not saved for. Where
    several loans ask, the one with the most months counts.
    """
    found: dict[tuple[str, str], Floats] = {}
    for loan in loans:
        months = loan.debt.refresh_reserve_months
        bought: dict[tuple[str, str], Floats] = {}
        for row, amounts in invested(table, replacing=True) if months and loan.amount else ():
            if is_machine(row) and in_scope(row, loan.debt.scope):
                key = (row.site, row.country)
                bought[key] = bought.get(key, np.zeros(table.months)) + amounts
        for key, amounts in bought.items():
            due = np.where(np.arange(table.months) <= loan.ends, np.maximum(amounts, 0.0), 0.0)
            held = purchase_reserve(due, months, loan.repays)
            found[key] = np.maximum(found.get(key, 0.0), held)
    return found


def refresh_rows(held: dict[tuple[str, str], Floats], currency: str) -> Iterator[CashRow]:
    """Yield what the accounts take and give."""
    for (site, country), balance in held.items():
        if balance.any():
            yield CashRow(
                group="reserve",
                line="machines",
                amounts=flows(balance),
                site=site,
                country=country,
                currency=currency,
            )


def locked(table: CashTable, loan: Loan, poor: frozenset[int]) -> Floats:
    """Return the balance of what owners may not be paid. Shape (M,).

    Args:
        table: All cash, debt included.
        loan: The loan with the covenant.
        poor: Calendar years, from 0 for the first, in which cover is below the lock-up.
    """
    held = np.zeros(table.months)
    years, cash = table.year_of_month, np.zeros(table.months)
    for row in table.select():
        if in_scope(row, loan.debt.scope):
            cash += row.amounts
    before = 0.0
    for m in range(table.months):
        shut = m <= loan.ends and int(years[m]) in poor
        before = max(0.0, before + cash[m]) if shut else 0.0
        held[m] = before
    return held
