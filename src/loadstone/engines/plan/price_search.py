# SPDX-License-Identifier: Apache-2.0
"""The price at which a convex function of one price is least, found by its tangents."""

from collections.abc import Callable
from dataclasses import dataclass

Tangent = tuple[float, float]
"""Height and slope."""

NEAR = 0.03  # of a guess, at least 1: how far from it the answer is looked for first
FARTHER = 8.0  # times as far each time it is not there
MOST_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Least:
    """Where a convex function is least.

    Attributes:
        price: Where it was found lowest.
        low, high: Prices on either side whose tangents meet at the least value; equal where
            the slope is 0 there, or where the range ends.
    """

    price: float
    low: float
    high: float


def search_price(
    at: Callable[[float], Tangent],
    low: float,
    high: float,
    *,
    guess: float,
    tolerance: float,
) -> Least:
    """Find the least value of a convex function between two prices.

    A piecewise linear function is met exactly: the tangents of the two sides cross at a kink,
    and where the function is no higher than they are, nothing is lower.

    Args:
        at: The function. A price may be asked for more than once.
        low, high: The range.
        guess: Where to look first; at an end of the range, that end and then the other.
        tolerance: Height above the tangents' crossing that is good enough.
    """
    sides = _bracket(at, low, high, min(max(guess, low), high))
    if sides is None:
        end = low if at(low)[1] >= 0 else high
        return Least(price=end, low=end, high=end)
    low, high = sides
    best = min((low, high), key=lambda price: at(price)[0])
    for _ in range(MOST_STEPS):
        (h_low, s_low), (h_high, s_high) = at(low), at(high)
        price = (h_high - h_low + s_low * low - s_high * high) / (s_low - s_high)
        if not low < price < high:
            break
        height, slope = at(price)
        best = min((best, price), key=lambda p: at(p)[0])
        found = height - (h_low + s_low * (price - low)) <= tolerance
        low, high = (low, price) if slope >= 0 else (price, high)
        if slope == 0 or found:
            break
    return Least(price=best, low=low, high=high)


def _bracket(
    at: Callable[[float], Tangent], low: float, high: float, guess: float
) -> tuple[float, float] | None:
    """Return prices with a falling and a rising tangent, or None where an end is lowest."""
    rising = at(guess)[1] >= 0
    step = NEAR * max(abs(guess), 1.0) if low < guess < high else high - low
    near = guess
    while near > low if rising else near < high:
        far = max(low, near - step) if rising else min(high, near + step)
        if (at(far)[1] >= 0) != rising:
            return (far, near) if rising else (near, far)
        near, step = far, step * FARTHER
    return None
