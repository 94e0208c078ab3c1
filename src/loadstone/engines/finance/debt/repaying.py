# SPDX-License-Identifier: Apache-2.0
"""How a debt is drawn and repaid, period by period."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.debt.carrying import payment

Floats = NDArray[np.float64]

ENOUGH = 1e-13  # of the cost: the amount no longer moves
MOST_ROUNDS = 500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Schedule:
    """A debt period by period, all amounts positive. Shapes (T,).

    Attributes:
        draw: Drawn at the start of the period.
        interest: Paid at its end, on the balance with what was drawn.
        principal: Repaid at its end.
        balance: Left at its end.
        fees: Paid in it.
    """

    draw: Floats
    interest: Floats
    principal: Floats
    balance: Floats
    fees: Floats

    @property
    def service(self) -> Floats:
        """Interest and principal. Shape (T,)."""
        return self.interest + self.principal


def drawn(
    costs: Floats, share: float, rate: float, *, upfront: float = 0.0, commitment: float = 0.0
) -> Schedule:
    """Return a debt that pays a share of all costs, of its own interest and fees as well.

    Args:
        costs: What is built and paid in each period until the last drawing. Shape (T,).
        share: Share that is drawn; owners pay the rest.
        rate: Interest a period.
        upfront: Share of the amount, paid in the first period.
        commitment: Share a period of what is not yet drawn, paid in each.
    """
    periods = len(costs)
    draw, interest, fees, balance = (np.zeros(periods) for _ in range(4))
    amount = share * float(costs.sum())
    for _ in range(MOST_ROUNDS):
        left = 0.0
        for t in range(periods):
            fees[t] = commitment * max(amount - left, 0.0) + (upfront * amount if not t else 0)
            # interest of the period is paid at its end, and what is drawn for it bears interest
            owed = costs[t] + fees[t] + rate * left
            draw[t] = share * owed / (1.0 - share * rate)
            left += draw[t]
            interest[t] = rate * left
            balance[t] = left
        if abs(left - amount) <= ENOUGH * float(costs.sum()):
            break
        amount = left
    return Schedule(
        draw=draw, interest=interest, principal=np.zeros(periods), balance=balance, fees=fees
    )


def repaid(amount: float, service: Floats, rate: float, grace: int = 0) -> Schedule:
    """Return a debt that is paid from the service there is, until nothing is left.

    Interest is always paid, also where the service is less.

    Args:
        amount: Balance at the start.
        service: What is paid at the end of each period while there is a balance. Shape (T,).
        rate: Interest a period.
        grace: Periods at the start in which only interest is paid.
    """
    periods = len(service)
    interest, principal, balance = (np.zeros(periods) for _ in range(3))
    left = amount
    for t in range(periods):
        interest[t] = rate * left
        if t >= grace:
            principal[t] = min(left, max(float(service[t]) - interest[t], 0.0))
        left -= principal[t]
        balance[t] = left
    nothing = np.zeros(periods)
    return Schedule(
        draw=nothing, interest=interest, principal=principal, balance=balance, fees=nothing
    )


def level(amount: float, rate: float, periods: int, grace: int = 0) -> Schedule:
    """Return a debt with the same service in every period after those of grace."""
    service = np.full(periods, amount * payment(rate, periods - grace))
    schedule = repaid(amount, service, rate, grace)
    schedule.principal[-1] += schedule.balance[-1]  # what rounding leaves
    schedule.balance[-1] = 0.0
    return schedule
