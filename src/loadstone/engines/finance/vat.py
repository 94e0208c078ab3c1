# SPDX-License-Identifier: Apache-2.0
"""Value-added tax in time: paid with purchases, collected with sales, and what comes back."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST = 1e-9


def settled(paid: Floats, collected: Floats, refund_months: int) -> tuple[Floats, Floats]:
    """Return what the tax office pays back and what it is paid, month by month.

    What is collected is due in the month after. Tax that was paid on purchases is set against
    it first, oldest first; what is left of a purchase's tax comes back after some months. In
    the last month all is settled.

    Args:
        paid: On purchases, that part which may be had back. Shape (M,), at least 0.
        collected: On sales. Shape (M,), at least 0.
        refund_months: Months until what is not set against sales comes back.

    Returns:
        Refunded and remitted, each of shape (M,); refunds less what is remitted sum to what
        was paid less what was collected.
    """
    count = len(paid)
    refunded, remitted = np.zeros(count), np.zeros(count)
    credits: deque[list[float]] = deque()  # month in which it comes back, amount
    for m in range(count):
        due = float(collected[m - 1]) if m else 0.0
        last = m == count - 1
        if paid[m]:
            credits.append([m + refund_months, float(paid[m])])
        if last:
            due += float(collected[m])
        while due > LEAST and credits:
            used = min(due, credits[0][1])
            due -= used
            credits[0][1] -= used
            if credits[0][1] <= LEAST:
                credits.popleft()
        remitted[m] = due
        while credits and (last or credits[0][0] <= m):
            refunded[m] += credits.popleft()[1]
    return refunded, remitted
