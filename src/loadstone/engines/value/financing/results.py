# SPDX-License-Identifier: Apache-2.0
"""What a lender asks of a loan: its cover, its covenants and the contracts behind it."""

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.debt.cover import Cover, cover, loan_life_cover
from loadstone.engines.value.financing.loan import Loan
from loadstone.engines.value.financing.scopes import in_scope
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.debt import MONTHS
from loadstone.model.finance.returns import DebtResult
from loadstone.model.network import Network

Floats = NDArray[np.float64]

LEAST_COVER = 1.0
SLACK = 1e-6  # of a cover: rounding breaks no covenant


def yearly_cover(loan: Loan, cash: Floats, table: CashTable) -> Cover:
    """Return the cover of each calendar year, in the loan's money, of months with service."""
    paid, cash = loan.payments * loan.units, cash * loan.units
    due = (paid > 0) & (np.arange(len(paid)) <= loan.ends)
    return cover(table.by_year(cash * due), table.by_year(paid))


def debt_result(
    loan: Loan, table: CashTable, network: Network, saved: Floats, held: Floats
) -> DebtResult:
    """Return what is told of a loan.

    Args:
        loan: As sized.
        table: Cash with all debt.
        network: The network, for the terms of its leases.
        saved: What a reserve for machines takes from its cash, by month. Shape (M,).
        held: Balance of its reserve account. Shape (M,).
    """
    debt, schedule = loan.debt, loan.schedule
    cash = loan.cash - saved
    low = loan.contracted + debt.downside_share * (cash - loan.contracted)
    every, signed, down = (yearly_cover(loan, x, table) for x in (cash, loan.contracted, low))
    due = slice(loan.repays, loan.ends + 1)
    term = debt.kind == "term"  # machines are not lent on contracts
    rate = debt.rate / MONTHS
    lives = [
        loan_life_cover(one[due], rate, loan.amount) if term else None
        for one in (cash, loan.contracted)
    ]
    tail = _tail(loan, table, network) if term else None
    return DebtResult(
        id=debt.id,
        kind=debt.kind,
        scope=debt.scope,
        amount=loan.amount,
        cost=loan.cost,
        gearing=loan.amount / loan.cost if loan.cost else 0.0,
        by_gearing=loan.limits.get("gearing"),
        by_dscr=loan.limits.get("dscr"),
        by_ltv=loan.limits.get("ltv"),
        binding=loan.binding,
        rate=debt.rate,
        draw=_row(schedule.draw),
        interest=_row(schedule.interest),
        principal=_row(schedule.principal),
        balance=_row(schedule.balance),
        service_cash=_row(loan.contracted),
        all_cash=_row(cash),
        dscr_min=every.least,
        dscr_mean=every.mean,
        contracted_dscr_min=signed.least if term else None,
        contracted_dscr_mean=signed.mean if term else None,
        llcr=lives[0],
        contracted_llcr=lives[1],
        dscr=_named(every, table),
        contracted_dscr=_named(signed, table) if term else {},
        downside_dscr=_named(down, table),
        currency=debt.currency,
        room=_room(loan),
        cash_may_fall=None if every.least is None else _fall(every.least),
        first_payment=loan.repays if loan.amount else None,
        last_payment=loan.ends if loan.amount else None,
        lease_tail_months=tail,
        reserve=_row(held),
        breaches=_breaches(loan, every, tail, table),
    )


def _room(loan: Loan) -> float | None:
    """Return how much more could be lent until the next limit holds."""
    others = [one for name, one in loan.limits.items() if name != loan.binding and one]
    return min(others) - loan.amount if others and loan.amount else None


def _fall(least: float) -> float:
    return 1.0 - 1.0 / least if least > 0 else -1.0


def _row(amounts: Floats) -> tuple[float, ...]:
    return tuple(amounts.tolist())


def _named(found: Cover, table: CashTable) -> dict[str, float]:
    pairs = zip(table.years, found.ratio.tolist(), strict=True)
    return {str(year): ratio for year, ratio in pairs if np.isfinite(ratio)}


def _breaches(loan: Loan, found: Cover, tail: int | None, table: CashTable) -> tuple[str, ...]:
    told = []
    debt = loan.debt
    for year, ratio in _named(found, table).items():
        if debt.default_dscr is not None and ratio < debt.default_dscr - SLACK:
            told.append(f"{year}: cover {ratio:.2f} is below {debt.default_dscr:g}: default")
        elif debt.lockup_dscr is not None and ratio < debt.lockup_dscr - SLACK:
            rule = f"below {debt.lockup_dscr:g}: owners are paid nothing"
            told.append(f"{year}: cover {ratio:.2f} is {rule}")
        elif ratio < LEAST_COVER - SLACK:
            told.append(f"{year}: cash does not pay the service, cover {ratio:.2f}")
    if tail is not None and tail < 0:
        rule = f"the contract that pays most ends {-tail} months before the last payment"
        told.append(rule)
    return tuple(told)


def _tail(loan: Loan, table: CashTable, network: Network) -> int | None:
    """Return months that the lease that pays most runs on after the last payment."""
    paid: dict[str, Floats] = {}
    for row in table.select("revenue", contracted=True):
        if row.line.startswith("lease:") and in_scope(row, loan.debt.scope):
            paid[row.line] = paid.get(row.line, np.zeros(table.months)) + row.amounts
    terms = {lease.name: lease.term_years for lease in network.offers.leases}
    known = {name: amounts for name, amounts in paid.items() if name in terms}
    if not known or not loan.amount:
        return None
    name = max(known, key=lambda one: float(known[one].sum()))
    begins = int(np.flatnonzero(known[name])[0])
    return begins + round(terms[name] * MONTHS) - 1 - loan.ends


def poor_years(loan: Loan, saved: Floats, table: CashTable) -> frozenset[int]:
    """Return the years, from 0 for the first, whose cover is below the lock-up."""
    limit = loan.debt.lockup_dscr
    if limit is None:
        return frozenset()
    ratios = yearly_cover(loan, loan.cash - saved, table).ratio
    return frozenset(int(y) for y in np.flatnonzero(ratios < limit - SLACK))
