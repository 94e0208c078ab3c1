# SPDX-License-Identifier: Apache-2.0
"""Money that comes later than it is earned or owed: invoices, and cash that may not leave."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAYS_PER_MONTH = 365 / 12


def delayed(amounts: Floats, days: float) -> Floats:
    """Return amounts as they are paid some days after their months. Shape (M,).

    Part of a month moves by whole months, the rest by one more; what would come after the last
    month comes in it.

    Args:
        amounts: As they are earned or owed. Shape (M,).
        days: Days until they are paid, at least 0.
    """
    whole, part = divmod(days / DAYS_PER_MONTH, 1.0)
    return (1 - part) * _shifted(amounts, int(whole)) + part * _shifted(amounts, int(whole) + 1)


def _shifted(amounts: Floats, months: int) -> Floats:
    count = len(amounts)
    target = np.minimum(np.arange(count) + months, count - 1)
    found = np.bincount(target, weights=amounts, minlength=count)
    return found.astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaving:
    """Cash of a country as it leaves, in the country's money by month. Shapes (M,).

    Attributes:
        kept: Earned and kept for now; below 0 what was kept and is spent.
        left: Taken out on a day on which it may leave.
        dividend: The part of `left` that is profit; the rest gives capital back.
    """

    kept: Floats
    left: Floats
    dividend: Floats


def leaving(cash: Floats, profit: Floats, every: int) -> Leaving:
    """Return when cash leaves a country.

    What comes in is kept until the next day on which cash may leave. What is spent is taken
    from there first; owners pay the rest. In the last month all leaves.

    Args:
        cash: After tax, local money. Shape (M,).
        profit: Book profit, local money. Shape (M,).
        every: Months between days on which cash may leave.
    """
    count = len(cash)
    kept, left, dividend = np.zeros(count), np.zeros(count), np.zeros(count)
    held = earned = 0.0
    for m in range(count):
        earned += float(profit[m])
        kept[m] = max(float(cash[m]), -held)
        held += kept[m]
        if (m + 1) % every == 0 or m == count - 1:
            left[m], held = held, 0.0
            dividend[m] = min(left[m], max(earned, 0.0))
            earned -= dividend[m]
    return Leaving(kept=kept, left=left, dividend=dividend)
