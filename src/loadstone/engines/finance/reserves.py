# SPDX-License-Identifier: Apache-2.0
"""Reserve accounts: money put by for what falls due, and released as it does."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def service_reserve(service: Floats, months: int, since: int) -> Floats:
    """Return the balance of an account that holds the service of the next periods.

    Args:
        service: Due in each period. Shape (T,).
        months: Periods that it looks ahead.
        since: First period at whose end it is full.

    Returns:
        At the end of each period. Shape (T,).
    """
    total = np.concatenate([[0.0], np.cumsum(service)])
    ahead = np.minimum(np.arange(1, len(service) + 1) + months, len(service))
    held: Floats = total[ahead] - total[1:]
    held[:since] = 0.0
    held[np.abs(held) < 1e-9 * max(float(np.abs(service).max(initial=0.0)), 1.0)] = 0.0
    return held


def purchase_reserve(purchases: Floats, months: int, since: int = 0) -> Floats:
    """Return the balance of an account that saves for each purchase in equal parts before it.

    Args:
        purchases: Paid in each period, at least 0. Shape (T,).
        months: Periods over which each is saved for; fewer where it comes sooner.
        since: First period in which anything is saved.

    Returns:
        At the end of each period. Shape (T,).
    """
    held = np.zeros(len(purchases))
    for t in np.flatnonzero(purchases > 0.0):
        first = max(since, int(t) - months)
        steps = int(t) - first
        if steps > 0:
            held[first:t] += purchases[t] * np.arange(1, steps + 1) / steps
    return held


def flows(held: Floats) -> Floats:
    """Return the cash of an account: what is paid in goes out, what is released comes in."""
    change: Floats = -np.diff(held, prepend=0.0)
    return change
