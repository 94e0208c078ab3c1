# SPDX-License-Identifier: Apache-2.0
"""Compiled loops for dispatch: a merit order in each hour, and one store across the hours.

Callers check the inputs; kernels trust them. Lists of all hours are packed in flat arrays:

    merit lists     slopes and widths, hour t from place t J on; `start` is the injection at
                    the left end of each, MW: to its left each missing MW is shortage
    release lists   slopes rv, widths rw and lengths rn: what releasing stored energy is worth,
                    hour t from place t (J + 6) on
    value lists     slopes v and widths w, with each hour's place and length in `first` and
                    `length`: what energy stored after the hour is worth. Place T of these two
                    is the list before hour 0
    path            energy stored as each hour starts, released in it, and its water value
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Releases = tuple[Floats, Floats, Ints]
Worths = tuple[Floats, Floats, Ints, Ints]
Path = tuple[Floats, Floats, Floats]


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


@njit(cache=True, nogil=True, inline="always")
def best_injection(
    slopes: Floats, widths: Floats, first: int, count: int, start: float
) -> float:
    """Return the injection at which one more MW is worth nothing, MW."""
    y = start
    for i in range(first, first + count):
        if slopes[i] < 0.0:
            break
        y += widths[i]
    return y


@njit(cache=True, nogil=True)
def release_lists(
    slopes: Floats, widths: Floats, counts: Ints, start: Floats,
    power: float, ec: float, ed: float, dear: float, releases: Releases,
) -> None:  # fmt: skip
    """Write what releasing stored energy is worth in each hour, as falling slopes.

    A list runs from charging at full power to discharging at full power. Where one more MW at
    the bus has negative worth, charging and discharging at once burns energy, as the linear
    programme may.

    Args:
        slopes, widths, start: The merit lists.
        counts: Their lengths. Shape (T,).
        power: Battery power, MW.
        ec, ed: Efficiencies of charge and discharge.
        dear: Price of shortage, currency/MWh.
        releases: Filled.
    """
    # currency/MWh and MWh of stored energy per MW at the bus, on either side of no injection
    v_in, w_in, v_out, w_out = 1.0 / ec, ec, ed, 1.0 / ed
    rv, rw, rn = releases
    hours = counts.shape[0]
    stride = slopes.shape[0] // hours
    for t in range(hours):
        a = t * stride
        end = a + counts[t]
        m = t * (stride + 6)
        ystar = best_injection(slopes, widths, a, counts[t], start[t])
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
        rn[t] = m - t * (stride + 6)


@njit(cache=True, nogil=True, inline="always")
def _same(v: Floats, w: Floats, a: int, n: int, b: int, m: int, narrow: float) -> bool:
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
def value_lists(
    releases: Releases, drop: float, energy: float, terminal: float, alike: float, fine: float,
    worths: Worths, passes: int,
) -> int:  # fmt: skip
    """Write the worth of stored energy after every hour, around the cyclic year.

    Walking back in time, an hour's release list is merged with the list after it and cut to
    the store's size. The year is walked again until the lists repeat.

    Args:
        releases: The release lists.
        drop: Energy that full charging adds in an hour, MWh.
        energy: Size of the store, MWh.
        terminal: Worth of stored energy at the end of the first year walked, currency/MWh.
        alike: Neighbours whose slopes differ by less are joined, currency/MWh.
        fine: Pieces narrower than a hundredth of this are dropped, MWh.
        worths: Filled with the value lists.
        passes: Most times that the year is walked.

    Returns:
        1 where the lists repeat, 0 where they do not within the passes, -1 where room is short.
    """
    rv, rw, rn = releases
    v, w, first, length = worths
    hours = rn.shape[0]
    stride = rv.shape[0] // hours
    room_total = v.shape[0]
    v[0] = terminal
    w[0] = energy
    a = 0
    n = 1
    free = 1
    for walk in range(passes):
        for k in range(hours):
            t = hours - 1 - k
            if walk > 0 and _same(v, w, a, n, first[t], length[t], 0.01 * fine):
                return 1
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
                z = min(z, room)
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
        first[hours] = a
        length[hours] = n
    return 0


@njit(cache=True, nogil=True)
def _step(
    rv: Floats, rw: Floats, i: int, m: int, v: Floats, w: Floats, a: int, n: int,
    target: float, fine: float,
) -> tuple[float, float, float]:  # fmt: skip
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
    releases: Releases, worths: Worths, drop: float, energy: float, fine: float,
    s: float, lam: float, path: Path, follow: bool,
) -> tuple[float, float, bool]:  # fmt: skip
    """Run the year forward from a stored energy.

    Args:
        releases, worths: Release and value lists.
        drop: Energy that full charging adds in an hour, MWh.
        energy: Size of the store, MWh.
        fine: Energies closer than this are the same, MWh.
        s: Energy stored at the start, MWh.
        lam: Water value before the first hour, currency/MWh.
        path: Filled.
        follow: Whether to stop where the path joins the one already written there.

    Returns:
        Energy and water value at the end, and whether the written path was joined.
    """
    rv, rw, rn = releases
    v, w, first, length = worths
    soc, rel, water = path
    hours = rn.shape[0]
    stride = rv.shape[0] // hours
    before = np.nan
    for t in range(hours):
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
def close_cycle(
    releases: Releases, worths: Worths, drop: float, energy: float, fine: float, path: Path
) -> float:
    """Find the path that ends the year where it began, and return what is still amiss, MWh.

    The energy at the end is a rising, non-expansive function of that at the start. Two walks
    are enough where the store is full or empty once; else the start is found by halving.
    """
    soc = path[0]
    close = 0.1 * fine + 1e-15 * soc.shape[0] * energy  # the second is rounding
    s, lam, _ = walk_year(releases, worths, drop, energy, fine, 0.5 * energy, 0.0, path, False)
    for _ in range(3):
        begun = s
        s, lam, joined = walk_year(releases, worths, drop, energy, fine, s, lam, path, True)
        if joined:
            return 0.0
        if abs(s - begun) <= close:
            break
    low = 0.0
    high = energy
    amiss = abs(s - soc[0])
    while amiss > close and high - low > 1e-15 * energy:
        mid = 0.5 * (low + high)
        s, lam, _ = walk_year(releases, worths, drop, energy, fine, mid, lam, path, False)
        amiss = abs(s - mid)
        if s > mid:
            low = mid
        else:
            high = mid
    begun = float(soc[0])
    s, lam, _ = walk_year(releases, worths, drop, energy, fine, begun, lam, path, False)
    return abs(s - begun)


@njit(cache=True, nogil=True)
def walk_once(
    releases: Releases, worths: Worths, drop: float, energy: float, fine: float,
    price: float, path: Path,
) -> tuple[float, float]:  # fmt: skip
    """Run a year that buys what is stored as it begins and sells what is stored as it ends.

    Args:
        releases: Release lists.
        worths: Value lists of one pass that ends with energy at `price`.
        drop: Energy that full charging adds in an hour, MWh.
        energy: Size of the store, MWh.
        fine: Energies closer than this are the same, MWh.
        price: Price of stored energy at the turn of the year, currency/MWh.
        path: Filled.

    Returns:
        What the year gains in storage, MWh, and what its releases are worth on top of those
        of a year that always charges at full power, currency.
    """
    v, w, first, length = worths
    rv, rw, rn = releases
    soc, rel, _ = path
    hours = rn.shape[0]
    stride = rv.shape[0] // hours
    begun = 0.0
    for i in range(first[hours], first[hours] + length[hours]):
        if v[i] <= price:
            break
        begun += w[i]
    s, _, _ = walk_year(
        releases, worths, drop, energy, fine, min(begun, energy), price, path, False
    )
    worth = 0.0
    for t in range(hours):
        left = rel[t] + drop
        for i in range(t * stride, t * stride + rn[t]):
            z = min(rw[i], left)
            worth += z * rv[i]
            left -= z
            if left <= 0.0:
                break
    return s - soc[0], worth


@njit(cache=True, nogil=True)
def turn_loss(energy: float, path: Path) -> float:
    """Return what a closed path loses at the turn of the year, currency.

    Within the year a path is best given its end; its water values prove it best of all if
    stored energy is worth as much at the end as at the start, or more where the store is
    empty, or less where it is full.
    """
    soc, _, water = path
    rise = float(water[0] - water[water.shape[0] - 1])
    begun = float(soc[0])
    return max(rise, 0.0) * (energy - begun) + max(-rise, 0.0) * begun


@njit(cache=True, nogil=True, inline="always")
def injection(ystar: float, d: float, power: float, ec: float, ed: float) -> float:
    """Return the injection at the bus when the store releases d, burning what is worth less."""
    ymax = d / ec if d < 0.0 else d * ed
    if ystar >= ymax:
        return ymax
    if d <= power / ed - ec * power:
        ymin = ed * (ec * power + d) - power
    else:
        ymin = power - (power / ed - d) / ec
    return max(ystar, min(ymin, ymax))
