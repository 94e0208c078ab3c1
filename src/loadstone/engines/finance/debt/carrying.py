# SPDX-License-Identifier: Apache-2.0
"""How much debt cash can carry, and what holds the amount."""

from collections.abc import Mapping
from math import expm1, log1p

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LITTLE = 1e-9  # of the largest limit: limits this close hold together
LEAST = 1.0  # of a currency: nobody lends less


def carried(service: Floats, rate: float, grace: int = 0) -> float:
    """Return the debt at the start that service can pay back.

    The present value of the service, but no more than what lets the balance never rise: where
    the service of a period is less than its interest, the debt is smaller, and what later
    periods could pay besides is not counted.

    Args:
        service: Most that can be paid at the end of each period. Shape (T,).
        rate: Interest a period.
        grace: Periods at the start in which only interest is paid.
    """
    debt = 0.0
    for t in range(len(service) - 1, -1, -1):
        pays = max(float(service[t]), 0.0)
        if t >= grace:
            debt = (debt + pays) / (1.0 + rate)
        if rate * debt > pays:
            debt = pays / rate
    return debt


def payment(rate: float, periods: int) -> float:
    """Return the constant payment at each period's end that repays a debt of 1."""
    if rate == 0.0:
        return 1.0 / periods
    return -rate / expm1(-periods * log1p(rate))


def smallest(limits: Mapping[str, float | None]) -> tuple[float, str]:
    """Return the smallest limit and its name: the first named where several are as small.

    Args:
        limits: What each allows, by name; None where it is no limit.

    Returns:
        The amount, and "none" with 0 where it is less than 1 or nothing limits it.
    """
    known = {name: limit for name, limit in limits.items() if limit is not None}
    if not known:
        return 0.0, "none"
    least = min(known.values())
    if least < LEAST:
        return 0.0, "none"
    slack = LITTLE * max(known.values())
    return least, next(name for name, limit in known.items() if limit <= least + slack)
