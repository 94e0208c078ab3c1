# SPDX-License-Identifier: Apache-2.0
"""Compiled loops for rates of return: all real roots of present value, above -100 % a year.

With s = ln(1 + rate), the present value of flows c at times t is f(s) = sum of c exp(-t s).
f(s) exp(a s) has the zeros of f, and its derivative is a sum of the same form with c (a - t)
for c. Where `a` lies at a change of sign of c, that change is gone and no other comes: after
as many steps as there are changes nothing is left to vanish (Laguerre's proof of Descartes'
rule). Back up again, f exp(a s) is monotone between the zeros of the step below, so each of
its own zeros is bracketed, and none is missed.

Callers check the inputs; kernels trust them.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ONE, SEVERAL, NO_RATE, NOTHING_IN, NOTHING_BACK, NOTHING_MOVES, COMES_FIRST = range(7)
TINY = 1e-9  # of the largest flow: less is what sums of large numbers leave behind
ZERO = 1e-12  # of the sum of sizes: a value this small touches zero
CLOSE = 1e-15
MOST_STEPS = 200


@njit(cache=True, nogil=True)
def _value(times: Floats, flows: Floats, count: int, s: float) -> tuple[float, float]:
    """Return f(s) and its slope, both over the sum of the sizes of their terms in f."""
    top = -times[0] * s if s >= 0.0 else -times[count - 1] * s
    value = slope = size = 0.0
    for i in range(count):
        term = flows[i] * np.exp(-times[i] * s - top)
        value += term
        slope -= times[i] * term
        size += abs(term)
    return value / size, slope / size


@njit(cache=True, nogil=True)
def _root(times: Floats, flows: Floats, count: int, low: float, high: float) -> float:
    """Return the only root between two points whose values differ in sign."""
    rising = _value(times, flows, count, low)[0] < 0.0
    s = 0.5 * (low + high)
    if low < 0.1 < high:
        s = 0.1  # where most rates are
    for _ in range(MOST_STEPS):
        value, slope = _value(times, flows, count, s)
        if value == 0.0:
            break
        if (value < 0.0) == rising:
            low = s
        else:
            high = s
        step = s - value / slope if slope != 0.0 else low
        if not low < step < high:
            step = 0.5 * (low + high)
        if abs(step - s) <= CLOSE * (1.0 + abs(s)):
            s = step
            break
        s = step
    return s


@njit(cache=True, nogil=True)
def _all_roots(
    times: Floats, flows: Floats, count: int, changes: int, levels: Floats, found: Ints
) -> int:
    """Fill row 0 of `levels` with the roots, rising, and return how many.

    Args:
        times: Rising, years. Shape (>= count,).
        flows: None of them 0. Shape (>= count,).
        count: Number of flows.
        changes: How often their sign changes, at least once.
        levels: Work space. Shape (3 changes, >= count): coefficients, then roots.
        found: Work space. Shape (>= changes,).
    """
    levels[0, :count] = flows[:count]
    for k in range(1, changes):
        above = levels[k - 1]
        i = 1
        while (above[i] > 0.0) == (above[i - 1] > 0.0):
            i += 1
        at = 0.5 * (times[i] + times[i - 1])
        for j in range(count):
            levels[k, j] = above[j] * (at - times[j])
    gap = times[count - 1]
    for i in range(1, count):
        gap = min(gap, times[i] - times[i - 1])
    for k in range(changes - 1, -1, -1):
        level = levels[k]
        most = np.abs(level[:count]).max()
        lowest = -np.log(1.0 + most / abs(level[count - 1])) / gap  # Cauchy's bounds
        highest = np.log(1.0 + most / abs(level[0])) / gap
        left, left_sign = lowest, np.sign(level[count - 1])
        below = levels[changes + k + 1] if k < changes - 1 else levels[changes]
        points = found[k + 1] if k < changes - 1 else 0
        here = levels[changes + k]
        n = 0
        for i in range(points + 1):
            if i < points:
                right = below[i]
                value = _value(times, level, count, right)[0]
                sign = 0.0 if abs(value) <= ZERO else np.sign(value)
            else:
                right, sign = highest, np.sign(level[0])
            if sign * left_sign < 0.0:
                here[n] = _root(times, level, count, min(left, right), right)
                n += 1
            elif sign == 0.0:
                here[n] = right
                n += 1
            left, left_sign = right, sign
        found[k] = n
    levels[0, : found[0]] = levels[changes, : found[0]]
    return int(found[0])


@njit(cache=True, nogil=True)
def rates_of_row(times: Floats, flows: Floats, out: Floats) -> tuple[int, int]:
    """Fill `out` with all rates of return, rising, and return how many and a code.

    Args:
        times: Years from the first flow, rising. Shape (Y,).
        flows: What comes in less what is put in. Shape (Y,).
        out: Filled with rates a year. Shape (>= Y,).
    """
    most = np.abs(flows).max() if flows.size else 0.0
    when, kept = np.empty(flows.size), np.empty(flows.size)
    count = changes = 0
    for i in range(flows.size):
        if abs(flows[i]) > TINY * most:
            when[count], kept[count] = times[i], flows[i]
            if count and (kept[count] > 0.0) != (kept[count - 1] > 0.0):
                changes += 1
            count += 1
    if count == 0:
        return 0, NOTHING_MOVES
    if changes == 0:
        return 0, NOTHING_IN if kept[0] > 0.0 else NOTHING_BACK
    levels, found = np.empty((2 * changes + 1, count)), np.zeros(changes + 1, np.int64)
    n = _all_roots(when, kept, count, changes, levels, found)
    if n == 0:
        return 0, NO_RATE
    if n == 1 and kept[0] > 0.0 and kept[count - 1] < 0.0:
        return 0, COMES_FIRST
    for i in range(n):
        out[i] = np.exp(levels[0, i]) - 1.0
    return n, ONE if n == 1 else SEVERAL


@njit(cache=True, nogil=True)
def rates_of_rows(times: Floats, flows: Floats, rates: Floats, codes: Ints) -> None:
    """Fill the one rate of each row, NaN where there is not one, and its code.

    Args:
        times: Years from the first flow, rising. Shape (Y,).
        flows: Shape (N, Y).
        rates: Filled. Shape (N,).
        codes: Filled. Shape (N,).
    """
    out = np.empty(flows.shape[1])
    for row in range(flows.shape[0]):
        n, codes[row] = rates_of_row(times, flows[row], out)
        rates[row] = out[0] if n == 1 else np.nan
