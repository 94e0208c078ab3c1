# SPDX-License-Identifier: Apache-2.0
"""Compiled loops for dispatch. Callers check the inputs; kernels trust them."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True)
def sort_descending(values: Floats, order: Ints, count: int) -> None:
    """Sort the first `count` entries of `order` so that their values fall.

    An insertion sort: from one hour to the next the order hardly changes. Ties keep the order
    they had, so the result depends on nothing but the inputs.
    """
    for i in range(1, count):
        j = order[i]
        v = values[j]
        k = i
        while k > 0 and values[order[k - 1]] < v:
            order[k] = order[k - 1]
            k -= 1
        order[k] = j


@njit(cache=True, nogil=True)
def serve(
    values: Floats, widths: Floats, first: int, count: int, power: float, taken: Floats
) -> float:
    """Give power to a list of uses, best first, and return what it is worth.

    Args:
        values: Value of each use, falling, currency/MWh. Shape (>= first + count,).
        widths: Most each can take, MW. Shape (>= first + count,).
        first: Place of the best use.
        count: Number of uses.
        power: Power to give, MW; what is left over goes nowhere.
        taken: Filled with the power of each use, MW. Shape (>= count,).
    """
    worth = 0.0
    left = power
    for i in range(count):
        w = min(widths[first + i], max(left, 0.0))
        taken[i] = w
        worth += w * values[first + i]
        left -= w
    return worth
