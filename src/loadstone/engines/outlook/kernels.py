# SPDX-License-Identifier: Apache-2.0
"""Compiled drawing of futures. Callers check the inputs; kernels trust them.

The definition is in `plainly.py`, and of the numbers drawn in `draws.py`; the loops here do
the same, one future after the other, with rows of months that stay in the cache. No
`fastmath`: the same bits on every run, thread and chunk.

Arrays that kernels share:
    streams   (S, 6) uint64   of each strand: own, jump, size, trend, group's trend, wild
    strand    (S, 12)         shared, alone, kept, monthly sd, trend sd a month, jump chance,
                              jump mean, jump sd, wild ratio less 1, wild share, chance that a
                              wild time ends, chance that one begins
    group     (S,)            place of its group
    outlook   (5, M)          price, hashrate, fee share, reward per price, own hashrate
    miners    (9,)            chance of a spike, its size, log entry, log exit, progress a
                              month, entry speed a month, exit speed a month, delivery, is set
    event     (J, 5)          rate, lead, scale, spread, together
"""

from math import exp, factorial, floor, log, sqrt

import numpy as np
from numba import njit
from numpy.typing import NDArray

from loadstone.engines.outlook.draws import (
    FIRST,
    GOLDEN,
    MIDDLE,
    SECOND,
    A,
    B,
    C,
    D,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

_GOLDEN, _FIRST, _SECOND = np.uint64(GOLDEN), np.uint64(FIRST), np.uint64(SECOND)
_30, _27, _31, _12 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(12)
UNIT = 2.0**-52

# the exponential: ln 2 in two parts, what rounds to a whole number, and its series
LOG2E, ROUND = 1.4426950408889634, 6755399441055744.0
LN2_HIGH, LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10
C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, C12 = (1 / factorial(n) for n in range(2, 13))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _mix(word: np.uint64) -> np.uint64:
    """Return the mixed bits of a word."""
    word = (word ^ (word >> _30)) * _FIRST
    word = (word ^ (word >> _27)) * _SECOND
    return word ^ (word >> _31)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _uniform(start: np.uint64, place: int) -> float:
    """Return one number between 0 and 1 of a stream."""
    word = _mix(start + np.uint64(place + 1) * _GOLDEN)
    return (float(np.int64(word >> _12)) + 0.5) * UNIT


@njit(cache=True, nogil=True, error_model="numpy")
def _uniforms(start: np.uint64, out: Floats) -> None:
    """Fill with numbers between 0 and 1."""
    for m in range(out.shape[0]):
        out[m] = _uniform(start, m)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _tail(q: float) -> float:
    """Return the normal quantile of q + 1/2 far from the middle."""
    t = sqrt(-2.0 * log(0.5 - abs(q)))
    top = ((((C[0] * t + C[1]) * t + C[2]) * t + C[3]) * t + C[4]) * t + C[5]
    bottom = (((D[0] * t + D[1]) * t + D[2]) * t + D[3]) * t + D[4]
    return top / bottom if q < 0 else -(top / bottom)


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _middle(q: float) -> float:
    """Return the normal quantile of q + 1/2 near the middle."""
    r = q * q
    top = ((((A[0] * r + A[1]) * r + A[2]) * r + A[3]) * r + A[4]) * r + A[5]
    bottom = ((((B[0] * r + B[1]) * r + B[2]) * r + B[3]) * r + B[4]) * r + B[5]
    return top * q / bottom


@njit(cache=True, nogil=True, error_model="numpy")
def _normals(start: np.uint64, out: Floats, drawn: Floats, far: Ints) -> None:
    """Fill with normal numbers; `drawn` and `far` are room, of that length and one more."""
    count = out.shape[0]
    for m in range(count):
        drawn[m] = _uniform(start, m) - 0.5
    for m in range(count):  # for the vector units: no branch
        out[m] = _middle(drawn[m])
    tails = 0
    for m in range(count):
        far[tails] = m
        tails += abs(drawn[m]) > MIDDLE
    for i in range(tails):
        out[far[i]] = _tail(drawn[far[i]])


@njit(cache=True, nogil=True, error_model="numpy")
def _exponentials(logs: Floats, scale: Floats, room: Floats, out: Floats) -> None:
    """Write scale x e^logs, to the last digits but one; `room` is room of that length.

    Powers of two go into the bits of the exponent, and a series of what is left does the rest:
    arithmetic only, which vector units do many of at a time. Nothing beyond e^700 is meant.
    """
    count = logs.shape[0]
    powers, bits = room.view(np.int64), out.view(np.int64)
    for m in range(count):
        x = min(max(logs[m], -700.0), 700.0)
        shifted = x * LOG2E + ROUND
        k = shifted - ROUND
        r = (x - k * LN2_HIGH) - k * LN2_LOW
        low = 1.0 + r * (1.0 + r * (C2 + r * (C3 + r * (C4 + r * (C5 + r * C6)))))
        high = C7 + r * (C8 + r * (C9 + r * (C10 + r * (C11 + r * C12))))
        room[m] = shifted
        out[m] = low + (r * r * r) * (r * r * r) * r * high
    for m in range(count):
        bits[m] += powers[m] << 52
    for m in range(count):
        out[m] *= scale[m]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _normal(start: np.uint64, place: int) -> float:
    """Return one normal number of a stream."""
    q = _uniform(start, place) - 0.5
    return _tail(q) if abs(q) > MIDDLE else _middle(q)


@njit(cache=True, nogil=True, error_model="numpy")
def _strand(
    key: np.uint64, streams: Keys, strand: Floats, group: Floats, room: Floats, far: Ints,
    out: Floats,
) -> None:  # fmt: skip
    """Write the logarithm of one strand of one future.

    Args:
        key: Of the future.
        streams, strand: Rows of the arrays told at the top. Shapes (6,) and (12,).
        group: Shocks of its group. Shape (M,).
        room, far: Room to work in. Shapes (2, M) and (M + 1,).
        out: Filled. Shape (M,).
    """
    months = out.shape[0]
    shared, alone, kept, sd = strand[0], strand[1], strand[2], strand[3]
    if alone > 0.0:
        _normals(_mix(key ^ streams[0]), out, room[0], far)
        for m in range(months):
            out[m] = shared * group[m] + alone * out[m]
    else:
        for m in range(months):
            out[m] = shared * group[m]
    if strand[8] > 0.0:
        start = _mix(key ^ streams[5])
        wild = _uniform(start, 0) < strand[9]
        for m in range(months):
            if wild:
                out[m] *= 1.0 + strand[8]
            chance = _uniform(start, m + 1)
            wild = chance >= strand[10] if wild else chance < strand[11]
    back = 0.0
    for m in range(months):
        back = kept * back + sd * out[m]
        out[m] = back
    if strand[4] > 0.0:
        drift = shared * _normal(_mix(key ^ streams[4]), 0)
        if alone > 0.0:
            drift += alone * _normal(_mix(key ^ streams[3]), 0)
        for m in range(months):
            out[m] += drift * strand[4] * (m + 1.0)
    if strand[5] > 0.0:
        _uniforms(_mix(key ^ streams[1]), room[1])
        start = _mix(key ^ streams[2])
        stays = 0.0
        for m in range(months):
            stays -= strand[5] * strand[6]
            if room[1, m] < strand[5]:
                stays += strand[6] + strand[7] * _normal(start, m)
            out[m] += stays


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _answer(miners: Floats, logs: Floats, m: int) -> float:
    """Return by how much the logarithm of hashrate grows after a month."""
    if miners[8] == 0.0:
        return 0.0
    grown = 0.0
    low = miners[3] - (logs[m] + miners[4] * m)
    if low > 0.0:
        grown = -miners[6] * low
    ordered = m - int(miners[7])
    if ordered >= 0:
        high = logs[ordered] + miners[4] * ordered - miners[2]
        if high > 0.0:
            grown += miners[5] * high
    return grown


@njit(cache=True, nogil=True, error_model="numpy")
def _mining(
    key: np.uint64, spikes: Keys, at: Ints, level: Floats, outlook: Floats, miners: Floats,
    drift: Floats, room: Floats, values: Floats, i: int, row: int,
) -> None:  # fmt: skip
    """Write hashprice, price, hashrate and fee share of one future.

    Args:
        key: Of the future.
        spikes: Streams of the times and sizes of spikes. Shape (2,).
        at: Strands of price, hashrate and fees; -1 where one stands still. Shape (3,).
        level: Logarithms of strands. Shape (S, M).
        outlook, miners: See the top of this file.
        drift: Growth of hashrate that all futures share. Shape (M,).
        room: Room to work in. Shape (2, M).
        values: Filled in rows row to row + 3. Shape (K, N, M).
        i: Place of the future in the chunk.
        row: First of the rows.
    """
    months = outlook.shape[1]
    spike, size = _mix(key ^ spikes[0]), _mix(key ^ spikes[1])
    if miners[0] > 0.0:
        _uniforms(spike, room[1])
    earned, prices = values[row, i], values[row + 1, i]
    network, fees = values[row + 2, i], values[row + 3, i]
    prices[:], fees[:], earned[:] = outlook[0], outlook[2], 0.0
    if at[0] >= 0:
        _exponentials(level[at[0]], outlook[0], room[0], prices)
    if at[2] >= 0:
        _exponentials(level[at[2]], outlook[2], room[0], fees)
    if at[1] >= 0:
        earned[:] = level[at[1]]
    _exponentials(earned + drift, outlook[1], room[0], network)
    if miners[0] > 0.0:
        for m in range(months):
            if room[1, m] < miners[0]:
                fees[m] += miners[1] * -log(_uniform(size, m))
    logs = room[0]
    answered = 0.0
    for m in range(months):
        if miners[8] > 0.0:
            network[m] = network[m] * exp(answered) + outlook[4, m]
        else:
            network[m] += outlook[4, m]
        earned[m] = outlook[3, m] * prices[m] * (1.0 + fees[m]) / network[m]
        if miners[8] > 0.0:
            logs[m] = log(earned[m])
            answered += _answer(miners, logs, m)


@njit(cache=True, nogil=True, error_model="numpy")
def _happen(
    key: np.uint64, names: Keys, together: Keys, event: Floats, months: int, never: float,
    happens: Floats, i: int,
) -> None:  # fmt: skip
    """Write what happens in one future. Shape (J, N)."""
    for j in range(event.shape[0]):
        start = _mix(key ^ names[j])
        if event[j, 0] > 0.0:
            month = floor(-log(_uniform(start, 0)) / event[j, 0] * 12.0)
            happens[j, i] = month if month < months else never
        else:
            late = sqrt(event[j, 4]) * _normal(_mix(key ^ together[j]), 0)
            late += sqrt(1.0 - event[j, 4]) * _normal(start, 0)
            longer = event[j, 2] * exp(event[j, 3] * late) - 1.0
            happens[j, i] = event[j, 1] * max(longer, 0.0)


@njit(cache=True, nogil=True, error_model="numpy")
def fill(
    seed: np.uint64, start: int, groups: Keys, spread: Floats, streams: Keys, strand: Floats,
    group: Ints, plain: Ints, nominal: Floats, spikes: Keys, at: Ints, outlook: Floats,
    miners: Floats, drift: Floats, machines: Floats, priced: int, names: Keys,
    together: Keys, event: Floats, never: float, sky: np.uint64, skies: Floats, month: int,
    values: Floats, happens: Floats, weather: Ints,
) -> None:  # fmt: skip
    """Draw a chunk of futures.

    Args:
        seed: The word of the seed.
        start: Number of the first future.
        groups: Streams of groups. Shape (G,).
        spread: Makes their shocks from independent ones. Shape (G, G).
        streams, strand, group, outlook, miners, event: See the top of this file.
        plain: Strand of each plain factor. Shape (P,).
        nominal: Middle path of each factor. Shape (K, M).
        spikes, at: As in `_mining`; the first strand is -2 where mining does not move.
        drift: As in `_mining`. Shape (M,).
        machines: Elasticity of new and of second-hand miners, and scrap. Shape (3,).
        priced: Row of hashprice where prices of miners follow it; else -1.
        names, together: Streams of events, and of what they share. Shape (J,).
        never: What stands for a month that never comes.
        sky: Stream of weather.
        skies: What weather does to plain factors. Shape (P, W, 12).
        month: Calendar month of the first month, from 0.
        values: Filled. Shape (K, N, M).
        happens: Filled. Shape (J, N).
        weather: Filled. Shape (N, Y).
    """
    months, count = values.shape[2], groups.shape[0]
    shocks = np.empty((count, months))
    level = np.empty((strand.shape[0], months))
    room = np.empty((2, months))
    far = np.empty(months + 1, dtype=np.int64)
    change = np.empty(months)
    steps, even = np.empty(months), np.ones(months)
    row = plain.shape[0]
    moved = np.zeros(row, dtype=np.bool_)
    for k in range(row):
        moved[k] = np.any(skies[k] != 1.0)
    moves = at[0] > -2
    for i in range(values.shape[1]):
        key = _mix(np.uint64(start + i + 1) * _GOLDEN + seed)
        for g in range(count):
            _normals(_mix(key ^ groups[g]), shocks[g], room[0], far)
        for g in range(count - 1, -1, -1):  # from the last, which no other needs any more
            for m in range(months):
                shocks[g, m] *= spread[g, g]
            for h in range(g):
                if spread[g, h] != 0.0:
                    for m in range(months):
                        shocks[g, m] += spread[g, h] * shocks[h, m]
        for s in range(strand.shape[0]):
            _strand(key, streams[s], strand[s], shocks[group[s]], room, far, level[s])
        rain = _mix(key ^ sky)
        for y in range(weather.shape[1]):
            weather[i, y] = int(_uniform(rain, y) * skies.shape[1])
        for k in range(row):
            _exponentials(level[plain[k]], nominal[k], room[0], values[k, i])
            if moved[k]:
                for m in range(months):
                    at_year, of_year = divmod(month + m, 12)
                    values[k, i, m] *= skies[k, weather[i, at_year], of_year]
        if moves:
            _mining(
                key, spikes, at, level, outlook, miners, drift, room, values, i, row
            )  # fmt: skip
        if priced >= 0:
            last = values.shape[0] - 2
            for m in range(months):
                change[m] = log(values[priced, i, m] / nominal[priced, m])
            for kind in range(2):
                for m in range(months):
                    steps[m] = machines[kind] * change[m]
                _exponentials(steps, even, room[0], values[last + kind, i])
                for m in range(months):
                    values[last + kind, i, m] = max(values[last + kind, i, m], machines[2])
        _happen(key, names, together, event, months, never, happens, i)
