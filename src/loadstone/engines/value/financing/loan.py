# SPDX-License-Identifier: Apache-2.0
"""One loan on some cash: how large it is, what holds it, and how it is drawn and repaid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.debt.carrying import carried, smallest
from loadstone.engines.finance.debt.repaying import Schedule, drawn, level, repaid
from loadstone.engines.value.financing.scopes import (
    in_scope,
    invested,
    purchases,
    service_cash,
)
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.debt import MONTHS, Debt

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

EXACT = 1e-13
MOST_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loan:
    """A loan as sized, in the reporting currency. Arrays by month, shapes (M,).

    Attributes:
        debt: Its terms.
        limits: What each limit allows, by name; None where it is none.
        binding: The limit that holds it.
        cost: What it finances, its own interest and fees until the last drawing included.
        schedule: Drawn, paid and left.
        cash, contracted: Available for its service, after loans of higher rank.
        units: Units of its currency for one of the reporting currency.
        shares: Part of it by site and country.
        repays: First month of repayment, or of interest alone in grace.
        ends: Month of the last payment.
    """

    debt: Debt
    limits: Mapping[str, float | None]
    binding: str
    cost: float
    schedule: Schedule
    cash: Floats
    contracted: Floats
    units: Floats
    shares: Mapping[tuple[str, str], float]
    repays: int
    ends: int

    @property
    def amount(self) -> float:
        """Drawn in all."""
        return float(self.schedule.draw.sum())

    @property
    def payments(self) -> Floats:
        """Interest and principal of the months in which it is repaid. Shape (M,)."""
        months = np.arange(len(self.cash))
        paid: Floats = self.schedule.service * (months >= self.repays)
        return paid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ground:
    """What a loan stands on, in its own currency. Arrays by month, shapes (M,)."""

    debt: Debt
    start: int
    months: int
    years: Ints
    costs: Floats
    shares: Mapping[tuple[str, str], float]
    cash: Floats
    contracted: Floats


def month_index(table: CashTable, debt: Debt) -> int:
    """Return the first month of a loan, counted from the table's.

    Raises:
        InputError: The loan begins before the table or ends after it.
    """
    start = (debt.starts.year - table.first.year) * MONTHS
    start += debt.starts.month - table.first.month
    if start < 0:
        rule = f"must not be before the first month, {table.first}"
        raise InputError("starts", str(debt.starts), rule)
    drawing = debt.draw_months if debt.kind == "machine" else 0
    if start + drawing + debt.tenor_months > table.months:
        rule = f"must be repaid before {table.month(table.months)}, when the cash ends"
        raise InputError("tenor_years", debt.tenor_years, rule)
    return start


def lend(debt: Debt, table: CashTable, senior: tuple[Floats, Floats], units: Floats) -> Loan:
    """Return a loan as it is sized and paid.

    Args:
        debt: Its terms.
        table: Cash after tax, rows of countries given to sites.
        senior: Service of loans of higher rank that its scope bears: what all cash pays for,
            and what contracted cash pays for. Shapes (M,).
        units: Units of its currency for one of the table's, by month. Shape (M,).

    Raises:
        InputError: It does not fit into the months of the table, or is stated to be above the
            cost of what it finances.
    """
    start = month_index(table, debt)
    cash, contracted = service_cash(table, debt.scope)
    cash, contracted = cash - senior[0], contracted - senior[1]
    costs, shares = _financed(debt, table, start)
    ground = _Ground(
        debt=debt,
        start=start,
        months=table.months,
        years=table.year_of_month,
        costs=costs * units,
        shares=shares,
        cash=cash * units,
        contracted=contracted * units,
    )
    limits, cost, schedule = _term(ground) if debt.kind == "term" else _machines(ground)
    _, binding = smallest(limits)
    draws = np.flatnonzero(schedule.draw > 0)
    machine = debt.kind == "machine"
    first = int(draws[0]) if machine and draws.size else start
    paid = np.flatnonzero(schedule.service > 1e-9 * max(cost, 1.0))
    total = float(schedule.draw.sum())
    rate = float((schedule.draw / units).sum()) / total if total else 1 / float(units[start])
    return Loan(
        debt=debt,
        limits={name: one if one is None else one * rate for name, one in limits.items()},
        binding=binding,
        cost=cost * rate,
        schedule=Schedule(
            draw=schedule.draw / units,
            interest=schedule.interest / units,
            principal=schedule.principal / units,
            balance=schedule.balance / units,
            fees=schedule.fees / units,
        ),
        cash=cash,
        contracted=contracted,
        units=units,
        shares=shares,
        repays=first if machine else start + debt.draw_months,
        ends=int(paid[-1]) if paid.size else start,
    )


def _financed(
    debt: Debt, table: CashTable, start: int
) -> tuple[Floats, Mapping[tuple[str, str], float]]:
    """Return the cost of what a loan pays for, by month, and the part of each site."""
    window = np.zeros(table.months)
    window[start : start + debt.draw_months] = 1.0
    found = np.zeros(table.months)
    parts: dict[tuple[str, str], float] = {}
    bought = purchases(table, debt.use)
    rows = invested(table, replacing=False) if debt.kind == "term" else bought
    for row, amounts in rows:
        if in_scope(row, debt.scope):
            found += amounts * window
            key = (row.site, row.country)
            parts[key] = parts.get(key, 0.0) + float((amounts * window).sum())
    found = np.maximum(found, 0.0)
    total = sum(max(part, 0.0) for part in parts.values())
    shares = {key: part / total for key, part in sorted(parts.items()) if part > 0}
    return found, shares


def _stated(ground: _Ground, cost: float) -> float | None:
    amount = ground.debt.amount
    if amount is not None and amount > cost * (1 + 1e-9):
        rule = f"must not be above the cost of what it finances, {cost:,.0f}"
        raise InputError("amount", amount, f"{rule} {ground.debt.currency}")
    return amount


def _term(ground: _Ground) -> tuple[dict[str, float | None], float, Schedule]:
    debt, start = ground.debt, ground.start
    rate = debt.rate / MONTHS
    ends = start + debt.draw_months
    costs = ground.costs[start:ends]

    def draws(share: float) -> Schedule:
        commitment = debt.commitment_fee / MONTHS
        return drawn(costs, share, rate, upfront=debt.upfront_fee, commitment=commitment)

    top = 1.0 if debt.gearing is None else debt.gearing  # never above its cost
    limits: dict[str, float | None] = {"gearing": float(draws(top).draw.sum())}
    service, limits["dscr"] = _carried(ground, rate)
    limits["stated"] = _stated(ground, float(costs.sum()))
    amount, binding = smallest(limits)
    share = top if binding == "gearing" else _share(draws, amount, top)
    built = draws(share)
    paid = _repay(ground, float(built.draw.sum()), service, rate)
    months = ground.months

    def whole(first: Floats, then: Floats) -> Floats:
        found = np.zeros(months)
        found[start:ends] = first
        found[ends : ends + len(then)] = then
        return found

    schedule = Schedule(
        draw=whole(built.draw, paid.draw),
        interest=whole(built.interest, paid.interest),
        principal=whole(built.principal, paid.principal),
        balance=whole(built.balance, paid.balance),
        fees=whole(built.fees, paid.fees),
    )
    cost = float(costs.sum() + built.interest.sum() + built.fees.sum())
    return limits, cost, schedule


def _share(draws: Callable[[float], Schedule], amount: float, top: float) -> float:
    """Return the share of all costs at which an amount is drawn.

    What is drawn grows a little faster than its share, so that each step comes closer.
    """
    share = top
    for _ in range(MOST_STEPS):
        found = float(draws(share).draw.sum()) if share > 0.0 else 0.0
        if abs(found - amount) <= EXACT * amount or not found:
            break
        share = min(share * amount / found, top)
    return share


def _window(ground: _Ground) -> slice:
    """Return the months between the last drawing and the last payment."""
    debt = ground.debt
    return slice(ground.start + debt.draw_months, ground.start + debt.tenor_months)


def evened(amounts: Floats, years: Ints) -> Floats:
    """Return each month's mean of its year, of the months there are. Shape as given."""
    counts = np.bincount(years)
    sums = np.bincount(years, weights=amounts)
    means = np.divide(sums, counts, out=np.zeros(len(sums)), where=counts > 0)
    return np.asarray(means[years])


def _carried(ground: _Ground, rate: float) -> tuple[Floats, float | None]:
    """Return the service of a debt of 1 by month, and what contracted cash carries."""
    debt, window = ground.debt, _window(ground)
    months = window.stop - window.start
    even = evened(ground.contracted[window], ground.years[window])
    if debt.repayment == "sculpted":
        service = np.maximum(even, 0.0) / (debt.dscr or 1.0)
        amount = carried(service, rate, debt.grace_months)
        return (service / amount if amount > 0 else np.zeros(months)), amount
    service = level(1.0, rate, months, debt.grace_months).service
    if debt.dscr is None:
        return service, None
    due = evened(service, ground.years[window])
    allowed = np.maximum(even, 0.0)[due > 0] / debt.dscr / due[due > 0]
    return service, float(allowed.min())


def _repay(ground: _Ground, amount: float, service: Floats, rate: float) -> Schedule:
    """Return the repayment from the first month after the last drawing on."""
    debt, window = ground.debt, _window(ground)
    plain = repaid(amount, amount * service, rate, debt.grace_months)
    if not debt.sweep_share:
        plain.principal[-1] += plain.balance[-1]
        plain.balance[-1] = 0.0
        return plain
    return _swept(plain, ground.cash[window], ground.years[window], debt.sweep_share, rate)


def _swept(plain: Schedule, cash: Floats, years: Ints, share: float, rate: float) -> Schedule:
    """Return a schedule that is repaid early from what a year leaves, at the year's end."""
    left = float(plain.balance[0] + plain.principal[0])
    interest, principal, balance = (np.zeros(len(cash)) for _ in range(3))
    spare = 0.0
    for t in range(len(cash)):
        interest[t] = rate * left
        principal[t] = min(left, plain.principal[t])
        spare += cash[t] - interest[t] - principal[t]
        last = t + 1 == len(cash)
        if last or years[t + 1] != years[t]:
            principal[t] += min(left - principal[t], max(share * spare, 0.0))
            spare = 0.0
        if last:
            principal[t] = left
        left -= principal[t]
        balance[t] = left
    nothing = np.zeros(len(cash))
    return Schedule(
        draw=nothing, interest=interest, principal=principal, balance=balance, fees=nothing
    )


def _machines(ground: _Ground) -> tuple[dict[str, float | None], float, Schedule]:
    """Return a loan of which each lot of machines has its own part."""
    debt, rate = ground.debt, ground.debt.rate / MONTHS
    cost = float(ground.costs.sum())
    limits: dict[str, float | None] = {"ltv": (debt.ltv or 0.0) * cost}
    limits["stated"] = _stated(ground, cost)
    amount, _ = smallest(limits)
    share = amount / cost if cost else 0.0
    draw = share * ground.costs
    interest, principal, balance = (np.zeros(ground.months) for _ in range(3))
    for t in np.flatnonzero(draw > 0):
        lot = level(float(draw[t]), rate, debt.tenor_months, debt.grace_months)
        months = slice(int(t), int(t) + debt.tenor_months)
        interest[months] += lot.interest
        principal[months] += lot.principal
        balance[months] += lot.balance
    fees = np.zeros(ground.months)
    window = slice(ground.start, ground.start + debt.draw_months)
    undrawn = amount - np.cumsum(draw)[window]
    fees[window] = debt.commitment_fee / MONTHS * np.maximum(undrawn, 0.0)
    fees[ground.start] += debt.upfront_fee * amount
    schedule = Schedule(
        draw=draw, interest=interest, principal=principal, balance=balance, fees=fees
    )
    return limits, cost, schedule
