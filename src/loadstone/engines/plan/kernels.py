# SPDX-License-Identifier: Apache-2.0
"""Compiled loops of the site oracle. Callers check the inputs; kernels trust them.

One block, fixed capacities x. Power at the bus is shared by a merit list: uses by value, and
sources by cost, since not drawing from a source is a use of power as good as any. The list of
an hour starts at `start`, where every source is full and only what must run is served; to its
left each missing MW is shortage. The battery chooses how far along each hour's list to stand:
a dynamic programme over concave functions, kept as lists of falling slopes with their widths,
so nothing is discretised. docs/explanation/planner.md has the mathematics.

Arrays that every kernel shares:
    series  (R, T)   hourly rows
    groups  (Q, T)   hourly offsets of a segment's capacity
    index   (J, 6)   per segment: capacity, group, width row, value row, is source, must run
    factor  (J, 3)   per segment: width scale, value scale, value shift
    rows    (A,)     per account: row of hourly weights
    share   (A, J)   per account and segment: coefficient
    mu      (A,)     price of each account
    x       (K,)     capacities
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from loadstone.engines.dispatch.kernels import serve, sort_descending

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True, nogil=True, inline="always")
def _at(series, row, scale, shift, t):
    """Return one hour of a profile."""
    if row < 0:
        return scale + shift
    return scale * series[row, t] + shift


@njit(cache=True, nogil=True, inline="always")
def _capacity(groups, index, j, t):
    """Return the capacity that limits a segment in one hour."""
    if index[j, 1] < 0:
        return index[j, 0]
    return index[j, 0] + groups[index[j, 1], t]


@njit(cache=True, nogil=True, inline="always")
def _value(series, index, factor, rows, share, mu, j, t):
    """Return the value or cost of a segment in one hour, with what its accounts charge."""
    v = _at(series, index[j, 3], factor[j, 1], factor[j, 2], t)
    for a in range(mu.shape[0]):
        if share[a, j] != 0.0 and mu[a] != 0.0:
            d = mu[a] * share[a, j] * _at(series, rows[a], 1.0, 0.0, t)
            v += d if index[j, 4] == 1 else -d
    return v


@njit(cache=True, nogil=True)
def merit_lists(
    series, groups, index, factor, rows, share, mu, x, slopes, widths, which, counts, start, base
):
    """Write each hour's merit list, best use first, leaving out what has no width.

    Args:
        series, groups, index, factor, rows, share, mu, x: See the top of this file.
        slopes, widths, which: Filled with the lists, hour t from place t J on. Shape (T J,).
        counts: Filled with the length of each list. Shape (T,).
        start: Filled with the injection at the left end of each list, MW. Shape (T,).
        base: Filled with the value there, currency. Shape (T,).
    """
    J = index.shape[0]
    order = np.arange(J)
    value = np.empty(J)
    width = np.empty(J)
    for t in range(start.shape[0]):
        at = 0.0
        worth = 0.0
        for j in range(J):
            w = _at(series, index[j, 2], factor[j, 0], 0.0, t) * x[_capacity(groups, index, j, t)]
            v = _value(series, index, factor, rows, share, mu, j, t)
            if index[j, 5] == 1:
                at += w
                worth += v * w
                w = 0.0
            elif index[j, 4] == 1:
                at -= w
                worth -= v * w
            value[j] = v
            width[j] = w
        sort_descending(value, order, J)
        n = 0
        for i in range(J):
            j = order[i]
            if width[j] > 0.0:
                slopes[t * J + n] = value[j]
                widths[t * J + n] = width[j]
                which[t * J + n] = j
                n += 1
        counts[t] = n
        start[t] = at
        base[t] = worth


@njit(cache=True, nogil=True, inline="always")
def _best_injection(slopes, widths, a, n, start):
    """Return the injection at which one more MW is worth nothing, MW; the list is a .. a + n."""
    y = start
    for i in range(a, a + n):
        if slopes[i] < 0.0:
            break
        y += widths[i]
    return y


@njit(cache=True, nogil=True)
def release_lists(slopes, widths, counts, start, J, power, ec, ed, dear, rv, rw, rn):
    """Write what releasing stored energy is worth in each hour, as falling slopes.

    A list runs from charging at full power to discharging at full power. Where one more MW at
    the bus has negative worth, charging and discharging at once burns energy, as the linear
    programme may.

    Args:
        slopes, widths, counts, start: The merit lists, hour t from place t J on.
        J: Number of segments.
        power: Battery power, MW.
        ec, ed: Efficiencies of charge and discharge.
        dear: Price of shortage, currency/MWh.
        rv, rw: Filled: currency/MWh and MWh, hour t from place t (J + 6) on.
        rn: Filled with the length of each list. Shape (T,).
    """
    # currency/MWh and MWh of stored energy per MW at the bus, on either side of no injection
    v_in, w_in, v_out, w_out = 1.0 / ec, ec, ed, 1.0 / ed
    for t in range(counts.shape[0]):
        a = t * J
        end = a + counts[t]
        m = t * (J + 6)
        ystar = _best_injection(slopes, widths, a, counts[t], start[t])
        b = min(max(ystar, -power), power)
        y = -power
        pos = start[t]
        i = a - 1  # the piece before the first is shortage
        while y < b:
            if i >= a:
                pos += widths[i]
            z = min(pos, b)
            if z > y:
                v = slopes[i] if i >= a else dear
                if y < 0.0:
                    e = min(z, 0.0)
                    rv[m] = v * v_in
                    rw[m] = (e - y) * w_in
                    m += 1
                    y = e
                if z > y:
                    rv[m] = v * v_out
                    rw[m] = (z - y) * w_out
                    m += 1
                    y = z
            i += 1
            if i >= end:
                break
        d1 = b * w_in if b < 0.0 else b * w_out
        ds = (b + power) * w_out - ec * power if b <= 0.0 else power * w_out - ec * (power - b)
        if ds > d1:
            rv[m] = 0.0
            rw[m] = ds - d1
            m += 1
        # beyond b every MW has negative worth: it is burnt, not used
        y = b
        pos = start[t]
        i = a
        while i < end and y < power:
            pos += widths[i]
            z = min(pos, power)
            if z > y:
                v = slopes[i]
                if y < 0.0:
                    e = min(z, 0.0)
                    rv[m] = v * v_out
                    rw[m] = (e - y) * w_out
                    m += 1
                    y = e
                if z > y:
                    rv[m] = v * v_in
                    rw[m] = (z - y) * w_in
                    m += 1
                    y = z
            i += 1
        rn[t] = m - t * (J + 6)


@njit(cache=True, nogil=True, inline="always")
def _same(v, w, a, n, b, m, narrow):
    """Tell whether two stored lists are equal but for rounding."""
    if n != m:
        return False
    for i in range(n):
        if abs(v[a + i] - v[b + i]) > 1e-11 * (1.0 + abs(v[b + i])):
            return False
        if abs(w[a + i] - w[b + i]) > narrow:
            return False
    return True


@njit(cache=True, nogil=True)
def value_lists(rv, rw, rn, stride, drop, energy, alike, fine, v, w, first, length, passes):
    """Write the worth of stored energy after every hour, around the cyclic year.

    Walking back in time, an hour's release list is merged with the list after it and cut to
    the store's size. The year is walked again until the lists repeat.

    Args:
        rv, rw, rn: Release lists, hour t from place t stride on.
        stride: Room of a release list.
        drop: Energy that full charging adds in an hour, MWh.
        energy: Size of the store, MWh.
        alike: Neighbours whose slopes differ by less are joined, currency/MWh.
        fine: Pieces narrower than a hundredth of this are dropped, MWh.
        v, w: Room for all lists, packed: slopes and widths. Shape (room,).
        first, length: Filled with each hour's place in them. Shape (T,).
        passes: Most times that the year is walked.

    Returns:
        1 where the lists repeat, 0 where they do not within the passes, -1 where room is short.
    """
    T = rn.shape[0]
    room_total = v.shape[0]
    v[0] = 0.0
    w[0] = energy
    a = 0
    n = 1
    free = 1
    for walk in range(passes + 1):
        for k in range(T):
            t = T - 1 - k
            if walk > 0 and _same(v, w, a, n, first[t], length[t], 0.01 * fine):
                return 1
            if walk == passes:
                return 0
            first[t] = a
            length[t] = n
            m = rn[t]
            if free + m + n > room_total:
                return -1
            i = t * stride
            m += i
            j = a
            end = a + n
            o = free
            cut = drop
            room = energy
            while (i < m or j < end) and room > 1e-4 * fine:
                if j >= end or (i < m and rv[i] >= v[j]):
                    s = rv[i]
                    z = rw[i]
                    i += 1
                else:
                    s = v[j]
                    z = w[j]
                    j += 1
                if cut > 0.0:
                    if z <= cut:
                        cut -= z
                        continue
                    z -= cut
                    cut = 0.0
                if z > room:
                    z = room
                room -= z
                if z <= 0.01 * fine:
                    continue
                if o > free and v[o - 1] - s < alike:
                    w[o - 1] += z
                    v[o - 1] += (s - v[o - 1]) * z / w[o - 1]
                else:
                    v[o] = s
                    w[o] = z
                    o += 1
            a = free
            n = o - free
            free = o
    return 0


@njit(cache=True, nogil=True)
def _step(rv, rw, i, m, v, w, a, n, target, fine):
    """Walk the merged list of one hour to `target` MWh from its left end.

    Returns:
        The width taken from the release list, and the slopes right and left of the place.
    """
    m += i
    j = a
    end = a + n
    left = target
    taken = 0.0
    slope = np.inf
    rest = 0.0
    while left > 0.1 * fine and (i < m or j < end):
        if j >= end or (i < m and rv[i] >= v[j]):
            slope = rv[i]
            z = rw[i]
            i += 1
            rest = z - left
            taken += min(z, left)
        else:
            slope = v[j]
            z = w[j]
            j += 1
            rest = z - left
        left -= min(z, left)
    if rest > fine:
        return taken, slope, slope
    while i < m and rw[i] < fine:
        i += 1
    while j < end and w[j] < fine:
        j += 1
    right = -np.inf
    if i < m:
        right = rv[i]
    if j < end and v[j] > right:
        right = v[j]
    return taken, right, slope


@njit(cache=True, nogil=True)
def walk_year(
    rv, rw, rn, stride, v, w, first, length, drop, energy, fine, s, lam, soc, rel, water, follow
):
    """Run the year forward from a stored energy, and return the energy and water value at its end.

    Args:
        rv, rw, rn, stride, v, w, first, length: Release and value lists.
        drop: Energy that full charging adds in an hour, MWh.
        energy: Size of the store, MWh.
        fine: Energies closer than this are the same, MWh.
        s: Energy stored at the start, MWh.
        lam: Water value before the first hour, currency/MWh.
        soc: Filled with the energy at the start of each hour. Shape (T,).
        rel: Filled with the energy released in it, MWh. Shape (T,).
        water: Filled with its water value. Shape (T,).
        follow: Whether to stop where the path joins the one already written there.

    Returns:
        Energy and water value at the end, and whether the written path was joined.
    """
    before = np.nan
    for t in range(rn.shape[0]):
        if follow and t > 0 and abs(s - soc[t]) <= 0.01 * fine and lam == before:
            return soc[0], lam, True
        before = water[t]
        soc[t] = s
        taken, right, left = _step(
            rv, rw, t * stride, rn[t], v, w, first[t], length[t], s + drop, fine
        )
        if lam > left:
            lam = left
        elif lam < right:
            lam = right
        water[t] = lam
        rel[t] = taken - drop
        s = min(max(s - rel[t], 0.0), energy)
    return s, lam, False


@njit(cache=True, nogil=True)
def close_cycle(rv, rw, rn, stride, v, w, first, length, drop, energy, fine, soc, rel, water):
    """Find the path that ends the year where it began, and return what is still amiss, MWh.

    The energy at the end is a rising, non-expansive function of that at the start. Two walks
    are enough where the store is full or empty once; else the start is found by halving.
    """
    s, lam, _ = walk_year(
        rv, rw, rn, stride, v, w, first, length, drop, energy, fine, 0.5 * energy, 0.0, soc, rel, water, False
    )
    close = 0.1 * fine * max(1.0, energy)
    for _ in range(3):
        begun = s
        s, lam, joined = walk_year(
            rv, rw, rn, stride, v, w, first, length, drop, energy, fine, s, lam, soc, rel, water, True
        )
        if joined:
            return 0.0
        if abs(s - begun) <= close:
            break
    low = 0.0
    high = energy
    amiss = abs(s - soc[0])
    for _ in range(60):
        if amiss <= close:
            break
        mid = 0.5 * (low + high)
        s, lam, _ = walk_year(
            rv, rw, rn, stride, v, w, first, length, drop, energy, fine, mid, lam, soc, rel, water, False
        )
        amiss = abs(s - mid)
        if s > mid:
            low = mid
        else:
            high = mid
    begun = soc[0]
    s, lam, _ = walk_year(
        rv, rw, rn, stride, v, w, first, length, drop, energy, fine, begun, lam, soc, rel, water, False
    )
    return abs(s - begun)


@njit(cache=True, nogil=True, inline="always")
def _injection(ystar, d, power, ec, ed):
    """Return the injection at the bus when the store releases d, burning what is worth less."""
    ymax = d / ec if d < 0.0 else d * ed
    if ystar >= ymax:
        return ymax
    if d <= power / ed - ec * power:
        ymin = ed * (ec * power + d) - power
    else:
        ymin = power - (power / ed - d) / ec
    return max(ystar, min(ymin, ymax))


@njit(cache=True, nogil=True, inline="always")
def _clearing(slopes, widths, i, count, need, power, buy, sell, dear):
    """Return the price at which one hour clears, with the battery as buyer and as seller."""
    if need <= 0.0:
        return dear
    high = max(buy, sell)
    low = min(buy, sell)
    acc = 0.0
    price = dear
    count += i
    k = 0 if power > 0.0 else 2
    while i < count or k < 2:
        agent = high if k == 0 else low
        if i < count and (k == 2 or slopes[i] >= agent):
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
def bound_year(
    series, groups, index, factor, rows, share, mu, x,
    slopes, widths, which, counts, start, base,
    p, e, ec, ed, dear, rel, water, starts, price, slope, usage,
):  # fmt: skip
    """Price a year: its value with the path given, and the bound that its water values prove.

    Args:
        series, groups, index, factor, rows, share, mu, x: See the top of this file.
        slopes, widths, which, counts, start, base: The merit lists.
        p, e: Indices of the battery's power and energy among the capacities; -1 without one.
        ec, ed: Efficiencies of charge and discharge.
        dear: Price of shortage, currency/MWh.
        rel: Energy released in each hour, MWh. Shape (T,).
        water: Water value of each hour, currency/MWh. Shape (T,).
        starts: First hour of each part of the year; the last part ends where the first
            begins. Shape (M,).
        price: Filled with the price at which each hour clears, currency/MWh. Shape (T,).
        slope: Filled with the slopes of each part's bound, without the accounts' limits: for
            the capacities, then for the energy stored as the part begins and as it ends; one
            part has no such ends. Shape (M, K) or (M, K + 2).
        usage: Filled with the amount on each account. Shape (A,).

    Returns:
        The value under the accounts' prices, and the shortage, MWh.
    """
    T = counts.shape[0]
    J = index.shape[0]
    A = mu.shape[0]
    power = x[p] if p >= 0 else 0.0
    taken = np.empty(max(J, 1))
    slope[:] = 0.0
    usage[:] = 0.0
    M = starts.shape[0]
    K = x.shape[0]
    m = M - 1
    total = 0.0
    short = 0.0
    for t in range(T):
        a = t * J
        n = counts[t]
        opens = M > 1 and starts[(m + 1) % M] == t
        if opens:
            m = (m + 1) % M
        y = 0.0
        lam = 0.0
        if p >= 0:
            lam = water[t]
            ystar = _best_injection(slopes, widths, a, n, start[t])
            y = _injection(ystar, rel[t], power, ec, ed)
        missing = max(start[t] - y, 0.0)
        short += missing
        total += base[t] - dear * missing + serve(slopes, widths, a, n, y - start[t], taken)
        if A > 0:
            _add_usage(series, groups, index, factor, rows, share, x, t, which, a, n, taken, usage)
        pi = _clearing(slopes, widths, a, n, power - start[t], power, ec * lam, lam / ed, dear)
        price[t] = pi
        for j in range(J):
            v = _value(series, index, factor, rows, share, mu, j, t)
            if index[j, 5] == 1:
                gain = v - pi
            elif index[j, 4] == 1:
                gain = max(pi - v, 0.0)
            else:
                gain = max(v - pi, 0.0)
            if gain != 0.0:
                c = _capacity(groups, index, j, t)
                slope[m, c] += gain * _at(series, index[j, 2], factor[j, 0], 0.0, t)
        if p >= 0:
            slope[m, p] += max(ec * lam - pi, 0.0) + max(pi - lam / ed, 0.0)
            if opens:
                slope[m, K] = lam
                slope[m - 1, K + 1] = -water[t - 1]
            else:
                slope[m, e] += max(lam - water[t - 1], 0.0)
    return total, short


@njit(cache=True, nogil=True)
def _add_usage(series, groups, index, factor, rows, share, x, t, which, first, n, taken, usage):
    """Add one hour's power to the accounts. Sources give their width less what was backed off."""
    for a in range(usage.shape[0]):
        h = _at(series, rows[a], 1.0, 0.0, t)
        if h == 0.0:
            continue
        for j in range(index.shape[0]):
            if share[a, j] != 0.0 and (index[j, 4] == 1 or index[j, 5] == 1):
                c = _capacity(groups, index, j, t)
                w = _at(series, index[j, 2], factor[j, 0], 0.0, t) * x[c]
                usage[a] += share[a, j] * h * w
        for i in range(n):
            j = which[first + i]
            if share[a, j] != 0.0:
                usage[a] += share[a, j] * h * (-taken[i] if index[j, 4] == 1 else taken[i])


@njit(cache=True, nogil=True)
def dispatch_year(
    series, groups, index, factor, rows, share, mu, x,
    slopes, widths, which, counts, start,
    p, ec, ed, dear, rel, soc, water,
    power, charge, discharge, stored, shortage, worth,
):  # fmt: skip
    """Write the dispatch of a year, hour by hour. Outputs as in `BlockDispatch`."""
    T = counts.shape[0]
    J = index.shape[0]
    battery = x[p] if p >= 0 else 0.0
    taken = np.empty(max(J, 1))
    power[:] = 0.0
    for t in range(T):
        a = t * J
        n = counts[t]
        y = 0.0
        lam = 0.0
        charge[t] = 0.0
        discharge[t] = 0.0
        stored[t] = 0.0
        if p >= 0:
            lam = water[t]
            d = rel[t]
            y = _injection(
                _best_injection(slopes, widths, a, n, start[t]), d, battery, ec, ed
            )
            if ec * ed < 1.0:
                charge[t] = max((ed * d - y) / (1.0 - ec * ed), 0.0)
            else:
                charge[t] = max(-d, 0.0)
            discharge[t] = max(y + charge[t], 0.0)
            stored[t] = soc[t] - d
        shortage[t] = max(start[t] - y, 0.0)
        serve(slopes, widths, a, n, y - start[t], taken)
        for j in range(J):
            if index[j, 4] == 1 or index[j, 5] == 1:
                c = _capacity(groups, index, j, t)
                power[j, t] = _at(series, index[j, 2], factor[j, 0], 0.0, t) * x[c]
        for i in range(n):
            j = which[a + i]
            power[j, t] += -taken[i] if index[j, 4] == 1 else taken[i]
        worth[t] = _clearing(
            slopes, widths, a, n, battery - start[t], battery, ec * lam, lam / ed, dear
        )
