# SPDX-License-Identifier: Apache-2.0
"""Numbers drawn by counting: each depends on seed, future, stream and month alone.

So a future is the same in whatever chunk, thread or machine it is drawn. This is the
definition; `kernels.py` does the same.
"""

import zlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]

GOLDEN = 0x9E3779B97F4A7C15
FIRST, SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
WORD = (1 << 64) - 1

# the normal quantile: in the middle, and in the tails
MIDDLE = 0.47575
A = (
    *(-3.969683028665376e01, 2.209460984245205e02, -2.759285104469687e02),
    *(1.383577518672690e02, -3.066479806614716e01, 2.506628277459239e00),
)
B = (
    *(-5.447609879822406e01, 1.615858368580409e02, -1.556989798598866e02),
    *(6.680131188771972e01, -1.328068155288572e01, 1.0),
)
C = (
    *(-7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e00),
    *(-2.549732539343734e00, 4.374664141464968e00, 2.938163982698783e00),
)
D = (
    *(7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e00),
    *(3.754408661907416e00, 1.0),
)


def mix(word: int) -> int:
    """Return the mixed bits of a 64-bit word.

    Source:
        G. L. Steele, D. Lea and C. H. Flood (2014), "Fast splittable pseudorandom number
        generators", OOPSLA '14, doi:10.1145/2660193.2660195.
    """
    word = (word ^ (word >> 30)) * FIRST & WORD
    word = (word ^ (word >> 27)) * SECOND & WORD
    return word ^ (word >> 31)


def stream(name: str) -> int:
    """Return the stream of a name, so that other names do not change what it draws."""
    return mix(zlib.crc32(name.encode()) + GOLDEN & WORD)


def seeded(seed: int) -> int:
    """Return the word that a seed stands for."""
    return mix(seed * GOLDEN + FIRST & WORD)


def _mixed(words: Keys) -> Keys:
    words = (words ^ (words >> np.uint64(30))) * np.uint64(FIRST)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(SECOND)
    return words ^ (words >> np.uint64(31))


def future_keys(seed: int, futures: NDArray[np.int64]) -> Keys:
    """Return the key of each future. Shape (N,)."""
    counted = (futures.astype(np.uint64) + np.uint64(1)) * np.uint64(GOLDEN)
    return _mixed(counted + np.uint64(seeded(seed)))


def uniforms(keys: Keys, name: int, count: int) -> Floats:
    """Return numbers between 0 and 1, neither of them, evenly spread.

    Args:
        keys: Of futures. Shape (N,).
        name: The stream.
        count: How many of each, M.

    Returns:
        Shape (N, M).
    """
    start = _mixed(keys ^ np.uint64(name))
    counted = (np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(GOLDEN)
    words = _mixed(start[:, None] + counted[None, :])
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def normals(keys: Keys, name: int, count: int) -> Floats:
    """Return numbers with mean 0 and standard deviation 1. Shape (N, M)."""
    return quantiles(uniforms(keys, name, count))


def quantiles(probability: Floats) -> Floats:
    """Return the quantiles of the normal distribution, good to 1.2e-9 of each.

    Source:
        P. J. Acklam (2003), "An algorithm for computing the inverse normal cumulative
        distribution function".
    """
    q = probability - 0.5
    r = q * q
    middle = _polynomial(A, r) * q / _polynomial(B, r)
    far = np.abs(q) > MIDDLE
    t = np.sqrt(-2.0 * np.log(0.5 - np.abs(q[far])))
    tail = _polynomial(C, t) / _polynomial(D, t)
    middle[far] = np.where(q[far] < 0, tail, -tail)
    return middle


def _polynomial(factors: tuple[float, ...], x: Floats) -> Floats:
    value = np.full_like(x, factors[0])
    for factor in factors[1:]:
        value = value * x + factor
    return value
