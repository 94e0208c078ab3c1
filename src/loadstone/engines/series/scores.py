# SPDX-License-Identifier: Apache-2.0
"""Normal scores of a calendar, and noise that repeats their memory.

A value's *score* is the standard normal number of the same rank within its cell, the hours of
one local month and hour of day. Scores carry what cells do not: how one hour follows another.
"""

from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Times = NDArray[np.datetime64]

CELLS = 288
LAGS = (*range(1, 25), *range(48, 673, 24))
"""Lags at which autocorrelation is kept, hours: each of a day, then each day of four weeks."""


def cells(month: Ints, hour: Ints) -> Ints:
    """Return the cell of each hour, 0 to 287: local month (1 to 12) by local hour of day."""
    return (month - 1) * 24 + hour


def ranks(values: Floats, cell: Ints) -> Floats:
    """Return each value's place within its cell, from 0 to 1, never 0 or 1. Shape (T,).

    The lowest of n values has the place 0.5 / n; equal values keep their order in time.
    """
    order = np.lexsort((values, cell))
    count = np.bincount(cell)
    first = np.concatenate(([0], np.cumsum(count)[:-1]))
    place = np.empty(values.shape)
    place[order] = np.arange(len(values)) - first[cell[order]] + 0.5
    return place / count[cell]


def normal(place: Floats) -> Floats:
    """Return the standard normal number at each place between 0 and 1. Shape as given."""
    return np.interp(place, *_normal_table())


@lru_cache(maxsize=1)
def _normal_table() -> tuple[Floats, Floats]:
    ends = np.geomspace(1e-6, 0.01, 200)
    place = np.unique(np.concatenate((ends, np.linspace(0.01, 0.99, 1961), 1 - ends)))
    inverse = NormalDist().inv_cdf
    return place, np.array([inverse(float(p)) for p in place])


def autocorrelation(
    values: Floats, present: NDArray[np.bool_], lags: tuple[int, ...]
) -> Floats:
    """Return the correlation of a series with itself some steps later.

    Args:
        values: Any number where absent. Shape (T,).
        present: Whether a value is there. Shape (T,).
        lags: Steps.

    Returns:
        Shape (len(lags),); 0 where fewer than two pairs exist or nothing varies.
    """
    centred = np.where(present, values - values[present].mean(), 0.0)
    variance = float((centred[present] ** 2).mean())
    found = np.zeros(len(lags))
    for i, lag in enumerate(lags):
        both = present[lag:] & present[:-lag]
        if variance > 0 and both.sum() > 1:
            found[i] = (centred[lag:] * centred[:-lag])[both].mean() / variance
    return np.clip(found, -1.0, 1.0)


def noise(lags: tuple[int, ...], correlation: Floats, drawn: Floats) -> Floats:
    """Return a normal series that closes on itself and has a given autocorrelation.

    Args:
        lags: Steps at which the correlation is given: 1 to 24, then multiples of 24.
        correlation: Shape (len(lags),).
        drawn: Independent standard normal numbers. Shape (T,).

    Returns:
        Mean near 0, variance near 1. Shape (T,).

    Source:
        Circulant embedding: C. R. Dietrich and G. N. Newsam (1997), SIAM J. Sci. Comput.
        18(4), doi:10.1137/S1064827592240555; negative eigenvalues are set to 0.
    """
    count = len(drawn)
    half = count // 2
    wanted = _between(lags, correlation, half + 1)
    full = np.concatenate((wanted, wanted[1 : count - half][::-1]))
    power = np.clip(np.fft.rfft(full).real, 0.0, None)
    weight = np.full(len(power), 2.0)
    weight[0] = 1.0
    if count % 2 == 0:
        weight[-1] = 1.0
    power *= count / float(weight @ power)
    return np.fft.irfft(np.fft.rfft(drawn) * np.sqrt(power), count)


def _between(lags: tuple[int, ...], correlation: Floats, count: int) -> Floats:
    """Return the correlation at every lag from 0: straight between days, with a daily wave."""
    known = dict(zip(lags, correlation.tolist(), strict=True))
    days = [lag for lag in lags if lag % 24 == 0]
    last = max(days[-1], 24)
    tail = np.arange(last + 24, max(count, last) + 48, 24)
    fade = known[last] * np.exp(-(tail - last) / 168.0)
    every = np.concatenate((days, tail)).astype(float)
    level = np.concatenate(([known[day] for day in days], fade))
    lag = np.arange(count, dtype=float)
    slow: Floats = np.interp(lag, every, level)
    start = min(1.0, 2 * known[24] - known.get(48, known[24]))
    dip = max(0.0, (start + known[24]) / 2 - known[12])
    if known[24] > 0:
        slow -= dip * (1 - np.cos(2 * np.pi * lag / 24)) / 2 * np.clip(slow / known[24], 0, 1)
    first_day = np.concatenate(([1.0], [known[k] for k in range(1, 25)]))
    slow[:25] = first_day[: min(25, count)]
    return slow
