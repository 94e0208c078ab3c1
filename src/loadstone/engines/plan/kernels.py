# SPDX-License-Identifier: Apache-2.0
"""Compiled loops of the site oracle. Callers check the inputs; kernels trust them.

One block, fixed capacities x. Power at the bus is shared by a merit list: uses by value, and
sources by cost, since not drawing from a source is a use of power as good as any. The list of
an hour starts where every source is full and only what must run is served. The battery chooses
how far along each hour's list to stand: a dynamic programme over concave functions, kept as
lists of falling slopes with their widths, so nothing is discretised. The store's part of it is
in `loadstone.engines.dispatch.kernels`; docs/explanation/planner.md has the mathematics.

Arrays that kernels share:
    series  (R, T)   hourly rows
    groups  (Q, T)   hourly offsets of a segment's capacity
    index   (J, 6)   per segment: capacity, group, width row, value row, is source, must run
    factor  (J, 3)   per segment: width scale, value scale, value shift
    rows    (A,)     per account: row of hourly weights
    share   (A, J)   per account and segment: coefficient
    mu      (A,)     price of each account
    x       (K,)     capacities
    value   (J, T)   value or cost of a segment, with what its accounts charge, currency/MWh
    unit    (J, T)   width of a segment per unit of its capacity, MW
    merit            slopes, widths and segments, hour t from place t J on, and by hour the
                     length, the injection at the left end, MW, and the value there, currency
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from loadstone.engines.dispatch.kernels import best_injection, injection, serve, sort_descending

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Merit = tuple[Floats, Floats, Ints, Ints, Floats, Floats]
Battery = tuple[int, int, float, float]
Dispatch = tuple[Floats, Floats, Floats, Floats, Floats, Floats]


@njit(cache=True, nogil=True, inline="always")
def _capacity(groups: Ints, index: Ints, j: int, t: int) -> int:
    """Return the capacity that limits a segment in one hour."""
    if index[j, 1] < 0:
        return int(index[j, 0])
    return int(index[j, 0] + groups[index[j, 1], t])


@njit(cache=True, nogil=True)
def _profile(series: Floats, row: int, scale: float, shift: float, out: Floats) -> None:
    """Write one profile, hour by hour."""
    if row < 0:
        out[:] = scale + shift
        return
    hourly = series[row]
    for t in range(out.shape[0]):
        out[t] = scale * hourly[t] + shift


@njit(cache=True, nogil=True)
def _charge(series: Floats, row: int, charge: float, out: Floats) -> None:
    """Add what an account charges to a value, hour by hour."""
    if row < 0:
        out += charge
        return
    hourly = series[row]
    for t in range(out.shape[0]):
        out[t] += charge * hourly[t]


@njit(cache=True, nogil=True)
def profiles(
    series: Floats, index: Ints, factor: Floats, rows: Ints, share: Floats, mu: Floats,
    value: Floats, unit: Floats,
) -> None:  # fmt: skip
    """Write the value and the width of every segment, hour by hour.

    Args:
        series, index, factor, rows, share, mu: See the top of this file.
        value, unit: Filled. Shape (J, T).
    """
    for j in range(index.shape[0]):
        _profile(series, index[j, 2], factor[j, 0], 0.0, unit[j])
        _profile(series, index[j, 3], factor[j, 1], factor[j, 2], value[j])
        for a in range(mu.shape[0]):
            charge = mu[a] * share[a, j]
            if charge != 0.0:
                if index[j, 4] == 0:
                    charge = -charge
                _charge(series, rows[a], charge, value[j])


@njit(cache=True, nogil=True)
def merit_lists(
    groups: Ints, index: Ints, x: Floats, value: Floats, unit: Floats, merit: Merit
) -> None:
    """Write each hour's merit list, best use first, leaving out what has no width.

    Args:
        groups, index, x, value, unit: See the top of this file.
        merit: Filled.
    """
    slopes, widths, which, counts, start, base = merit
    J = index.shape[0]
    order = np.arange(J)
    values = np.empty(J)
    width = np.empty(J)
    for t in range(start.shape[0]):
        at = 0.0
        worth = 0.0
        for j in range(J):
            w = unit[j, t] * x[_capacity(groups, index, j, t)]
            v = value[j, t]
            if index[j, 5] == 1:
                at += w
                worth += v * w
                w = 0.0
            elif index[j, 4] == 1:
                at -= w
                worth -= v * w
            values[j] = v
            width[j] = w
        sort_descending(values, order, J)
        n = 0
        for i in range(J):
            j = order[i]
            if width[j] > 0.0:
                slopes[t * J + n] = values[j]
                widths[t * J + n] = width[j]
                which[t * J + n] = j
                n += 1
        counts[t] = n
        start[t] = at
        base[t] = worth


@njit(cache=True, nogil=True, inline="always")
def _clearing(
    slopes: Floats, widths: Floats, first: int, count: int,
    need: float, power: float, buy: float, sell: float, dear: float,
) -> float:  # fmt: skip
    """Return the price at which one hour clears, with the battery as buyer and as seller."""
    if need <= 0.0:
        return dear
    high = max(buy, sell)
    low = min(buy, sell)
    acc = 0.0
    price = dear
    i = first
    end = first + count
    k = 0 if power > 0.0 else 2
    while i < end or k < 2:
        agent = high if k == 0 else low
        if i < end and (k == 2 or slopes[i] >= agent):
            price = slopes[i]
            acc += widths[i]
            i += 1
        else:
            price = agent
            acc += power
            k += 1
        if acc >= need - 1e-12:
            break
    return min(price, dear)


@njit(cache=True, nogil=True)
def clear_year(
    x: Floats, merit: Merit, battery: Battery, dear: float,
    rel: Floats, water: Floats, price: Floats,
) -> tuple[float, float]:  # fmt: skip
    """Return the value of a year with the path given, and its shortage, MWh.

    Args:
        x, merit: See the top of this file.
        battery: Indices of its power and energy among the capacities, -1 without one, and
            its efficiencies of charge and discharge.
        dear: Price of shortage, currency/MWh.
        rel: Energy released in each hour, MWh. Shape (T,).
        water: Water value of each hour, currency/MWh. Shape (T,).
        price: Filled with the price at which each hour clears, currency/MWh. Shape (T,).
    """
    slopes, widths, _, counts, start, base = merit
    p, _, ec, ed = battery
    T = counts.shape[0]
    J = slopes.shape[0] // T
    power = x[p] if p >= 0 else 0.0
    taken = np.empty(max(J, 1))
    total = 0.0
    short = 0.0
    for t in range(T):
        a = t * J
        n = counts[t]
        y = 0.0
        lam = 0.0
        if p >= 0:
            lam = water[t]
            y = injection(best_injection(slopes, widths, a, n, start[t]), rel[t], power, ec, ed)
        missing = max(start[t] - y, 0.0)
        short += missing
        total += base[t] - dear * missing + serve(slopes, widths, a, n, y - start[t], taken)
        price[t] = _clearing(
            slopes, widths, a, n, power - start[t], power, ec * lam, lam / ed, dear
        )
    return total, short


@njit(cache=True, nogil=True)
def bound_slopes(
    groups: Ints, index: Ints, value: Floats, unit: Floats, battery: Battery,
    water: Floats, price: Floats, starts: Ints, slope: Floats,
) -> None:  # fmt: skip
    """Write the slopes of the bounds that water values and prices prove, whatever they are.

    Args:
        groups, index, value, unit: See the top of this file.
        battery: As in `clear_year`.
        water: Water value of each hour, currency/MWh. Shape (T,).
        price: Price of each hour, currency/MWh, at most that of shortage. Shape (T,).
        starts: First hour of each part of the year, rising from 0. Shape (M,).
        slope: Filled with the slopes of each part's bound, without the accounts' limits: for
            the capacities, then for the energy stored as the part begins and as it ends; one
            part has no such ends. Shape (M, K) or (M, K + 2).
    """
    p, e, ec, ed = battery
    T = price.shape[0]
    M = starts.shape[0]
    K = slope.shape[1] - (2 if M > 1 else 0)
    slope[:] = 0.0
    for m in range(M):
        begin = starts[m]
        end = starts[m + 1] if m + 1 < M else T
        for j in range(index.shape[0]):
            grouped = index[j, 1] >= 0
            source = index[j, 4] == 1
            forced = index[j, 5] == 1
            total = 0.0
            for t in range(begin, end):
                gain = price[t] - value[j, t] if source else value[j, t] - price[t]
                if not forced:
                    gain = max(gain, 0.0)
                if grouped:
                    slope[m, _capacity(groups, index, j, t)] += gain * unit[j, t]
                else:
                    total += gain * unit[j, t]
            slope[m, index[j, 0]] += total
        if p < 0:
            continue
        traded = 0.0
        held = 0.0
        for t in range(begin, end):
            lam = water[t]
            traded += max(ec * lam - price[t], 0.0) + max(price[t] - lam / ed, 0.0)
            if M == 1 or t > begin:
                held += max(lam - water[t - 1], 0.0)  # hour -1 is the last
        slope[m, p] += traded
        slope[m, e] += held
        if M > 1:
            slope[m, K] = water[begin]
            slope[m, K + 1] = -water[end - 1]


@njit(cache=True, nogil=True)
def part_sums(
    series: Floats, index: Ints, rows: Ints, share: Floats, value: Floats, power: Floats,
    shortage: Floats, dear: float, starts: Ints, earned: Floats, usage: Floats, missing: Floats,
) -> None:  # fmt: skip
    """Add up the hours of each part of a year.

    Args:
        series, index, rows, share, value: See the top of this file.
        power: Power of each segment, MW. Shape (J, T).
        shortage: Power that is missing, MW. Shape (T,).
        dear: Price of shortage, currency/MWh.
        starts: First hour of each part of the year, rising from 0. Shape (P,).
        earned: Filled with what the hours earn at these values, currency. Shape (P,).
        usage: Filled with the amount on each account. Shape (A, P).
        missing: Filled with the energy missing, MWh. Shape (P,).
    """
    parts = starts.shape[0]
    for m in range(parts):
        end = starts[m + 1] if m + 1 < parts else shortage.shape[0]
        missing[m] = 0.0
        for t in range(starts[m], end):
            missing[m] += shortage[t]
        earned[m] = -dear * missing[m]
        for a in range(rows.shape[0]):
            usage[a, m] = 0.0
        for j in range(power.shape[0]):
            total = 0.0
            for t in range(starts[m], end):
                total += value[j, t] * power[j, t]
            earned[m] += -total if index[j, 4] == 1 else total
            for a in range(rows.shape[0]):
                if share[a, j] == 0.0:
                    continue
                row = rows[a]
                total = 0.0
                for t in range(starts[m], end):
                    total += power[j, t] if row < 0 else power[j, t] * series[row, t]
                usage[a, m] += share[a, j] * total


@njit(cache=True, nogil=True)
def segment_power(
    groups: Ints, index: Ints, x: Floats, unit: Floats, merit: Merit, battery: Battery,
    rel: Floats, power: Floats,
) -> None:  # fmt: skip
    """Write the power of every segment, hour by hour.

    Args:
        groups, index, x, unit, merit: See the top of this file.
        battery: As in `clear_year`.
        rel: Energy released in each hour, MWh. Shape (T,).
        power: Filled, MW. Shape (J, T).
    """
    slopes, widths, which, counts, start, _ = merit
    p, _, ec, ed = battery
    J = index.shape[0]
    size = x[p] if p >= 0 else 0.0
    taken = np.empty(max(J, 1))
    for t in range(counts.shape[0]):
        a = t * J
        n = counts[t]
        y = 0.0
        if p >= 0:
            y = injection(best_injection(slopes, widths, a, n, start[t]), rel[t], size, ec, ed)
        serve(slopes, widths, a, n, y - start[t], taken)
        for j in range(J):
            power[j, t] = 0.0
            if index[j, 4] == 1 or index[j, 5] == 1:
                power[j, t] = unit[j, t] * x[_capacity(groups, index, j, t)]
        for i in range(n):
            # a source starts full and is backed off
            j = which[a + i]
            power[j, t] += -taken[i] if index[j, 4] == 1 else taken[i]


@njit(cache=True, nogil=True)
def battery_power(
    x: Floats, merit: Merit, battery: Battery, rel: Floats, soc: Floats,
    charge: Floats, discharge: Floats, stored: Floats, shortage: Floats,
) -> None:  # fmt: skip
    """Write the battery's hours and the shortage. Outputs as in `BlockDispatch`.

    Args:
        x, merit: See the top of this file.
        battery: As in `clear_year`.
        rel: Energy released in each hour, MWh. Shape (T,).
        soc: Energy stored as each hour starts, MWh. Shape (T,).
        charge, discharge, stored, shortage: Filled. Shape (T,).
    """
    slopes, widths, _, counts, start, _ = merit
    p, _, ec, ed = battery
    T = counts.shape[0]
    J = slopes.shape[0] // T
    for t in range(T):
        y = 0.0
        charge[t] = 0.0
        discharge[t] = 0.0
        stored[t] = 0.0
        if p >= 0:
            d = rel[t]
            best = best_injection(slopes, widths, t * J, counts[t], start[t])
            y = injection(best, d, x[p], ec, ed)
            if ec * ed < 1.0:
                charge[t] = max((ed * d - y) / (1.0 - ec * ed), 0.0)
            else:
                charge[t] = max(-d, 0.0)
            discharge[t] = max(y + charge[t], 0.0)
            stored[t] = soc[t] - d
        shortage[t] = max(start[t] - y, 0.0)
