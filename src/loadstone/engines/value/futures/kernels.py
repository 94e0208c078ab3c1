# SPDX-License-Identifier: Apache-2.0
"""Compiled loops that value many futures of a fixed plan; `plain` says what they compute.

Every future is computed apart from every other, in one order of adding up, so the result does
not depend on how futures are shared among threads. Callers check the inputs; kernels trust
them.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_COST = 0.01
NONE = -1


@njit(cache=True, nogil=True)
def _end(happens: Floats, event: int, n: int, months: int) -> int:
    if event == NONE:
        return months
    return int(min(float(months), max(0.0, happens[event, n])))


@njit(cache=True, nogil=True)
def _shift(shown: Ints, start: int, delay: int) -> None:
    """Fill whose month of the plan each month shows."""
    for m in range(len(shown)):
        at = m
        if delay > 0 and m >= start:
            at = m - 12 * ((m - start) // 12 + 1) if m < start + delay else m - delay
        shown[m] = at if at >= 0 else NONE


@njit(cache=True, nogil=True)
def _add_terms(
    n: int,
    values: Floats,
    happens: Floats,
    late: Ints,
    shown: Ints,
    index: Ints,
    amount: Floats,
    vacant: int,
    operating: Floats,
    other: Floats,
) -> None:
    """Add linear rows; `index` holds unit, factor, currency, delay, end, kind, stop, again."""
    months = amount.shape[1]
    for g in range(len(index)):
        unit, factor, currency, delay = index[g, 0], index[g, 1], index[g, 2], index[g, 3]
        end = _end(happens, index[g, 4], n, months)
        late_here = delay != NONE and late[delay] > 0
        into = operating if index[g, 5] else other
        row = into[index[g, 6], unit]
        if late_here or end < months:
            for m in range(months):
                at = shown[delay, m] if late_here else m
                if at == NONE or end <= m < end + vacant:
                    continue
                cash = amount[g, at]
                if factor != NONE:
                    cash *= values[factor, n, m]
                if currency != NONE:
                    cash /= values[currency, n, m]
                if m >= end and index[g, 7] != NONE:
                    cash *= values[index[g, 7], n, m]
                row[m] += cash
        elif factor == NONE and currency == NONE:
            for m in range(months):
                row[m] += amount[g, m]
        elif currency == NONE:
            for m in range(months):
                row[m] += amount[g, m] * values[factor, n, m]
        elif factor == NONE:
            for m in range(months):
                row[m] += amount[g, m] / values[currency, n, m]
        else:
            for m in range(months):
                row[m] += amount[g, m] * values[factor, n, m] / values[currency, n, m]


@njit(cache=True, nogil=True)
def _mined(price: float, cost: float, per_step: float, curve: Floats, line: int) -> float:
    """Return cost x I(price / cost) of a line of `curve`, straight on beyond the last knot."""
    place = price * per_step / cost
    i = min(int(place), curve.shape[1] - 2)
    low = curve[line, i]
    margin: float = cost * (low + (place - i) * (curve[line, i + 1] - low))
    return margin


@njit(cache=True, nogil=True)
def _add_fleets(
    n: int,
    values: Floats,
    happens: Floats,
    weather: Ints,
    hashed: Floats,
    year: Ints,
    late: Ints,
    shown: Ints,
    index: Ints,
    share: Floats,
    nominal: Floats,
    row: Ints,
    scale: Floats,
    rest: Floats,
    curve: Floats,
    per_step: float,
    price: Floats,
    over: Floats,
    operating: Floats,
) -> None:
    """Add mining; `index` holds unit, power factor, currency, delay, ban."""
    months = nominal.shape[1]
    for v in range(len(index)):
        power, currency, delay = index[v, 1], index[v, 2], index[v, 3]
        out = operating[1, index[v, 0]]
        end = _end(happens, index[v, 4], n, months)
        over[:] = 1.0
        if power != NONE:
            over[:] = values[power, n]
        if currency != NONE:
            over /= values[currency, n]
        if delay == NONE or late[delay] == 0:
            for m in range(end):
                earned = rest[v, m]
                if row[v, m] != NONE:
                    cost = 1.0 + share[v] * (over[m] / nominal[v, m] - 1.0)
                    cost, line = max(cost, LEAST_COST), row[v, m] + weather[n, year[m]]
                    paid = hashed[m] * price[m]
                    earned += scale[v, m] * _mined(paid, cost, per_step, curve, line)
                out[m] += earned
            continue
        for m in range(end):
            at = shown[delay, m]
            if at == NONE:
                continue
            earned = rest[v, at]
            if row[v, at] != NONE:
                cost = 1.0 + share[v] * (over[m] / nominal[v, at] - 1.0)
                cost, line = max(cost, LEAST_COST), row[v, at] + weather[n, year[m]]
                paid = hashed[m] * price[m]
                earned += scale[v, at] * _mined(paid, cost, per_step, curve, line)
            out[m] += earned


@njit(cache=True, nogil=True)
def _given_up(operating: Floats, after: int) -> int:
    total, first, months = 0.0, NONE, operating.shape[1]
    for m in range(months):
        if first != NONE and m >= first + after:
            if total < 0.0:
                return m
            total -= operating[0, m - after] + operating[1, m - after]
        now = operating[0, m] + operating[1, m]
        if first == NONE and now > 0.0:
            first = m
        if first != NONE:
            total += now
    return NONE


@njit(cache=True, nogil=True)
def tax_of(
    profit: Floats, rate: float, limit: float, years: int, left: Floats, tax: Floats
) -> None:
    """Fill `tax`; `left` is work space. All of shape (Y,) but the numbers."""
    for y in range(len(profit)):
        earned = profit[y]
        left[y] = tax[y] = 0.0
        if earned <= 0.0:
            left[y] = -earned
            continue
        room = limit * earned
        for old in range(max(0, y - years), y):
            used = min(room, left[old])
            left[old] -= used
            room -= used
            earned -= used
        tax[y] = rate * earned


@njit(cache=True, nogil=True)
def _by_year(amounts: Floats, starts: Ints, sums: Floats) -> None:
    for y in range(len(sums)):
        total = 0.0
        for m in range(starts[y], starts[y + 1]):
            total += amounts[m]
        sums[y] = total


@njit(cache=True, nogil=True)
def _pay_tax(
    n: int,
    happens: Floats,
    pool: Ints,
    losses: Ints,
    profit: Floats,
    base_tax: Floats,
    rules: Floats,
    paid: Ints,
    per: Floats,
    per_paid: Floats,
    year: Ints,
    change: Floats,
    moved: Floats,
    worked: Floats,
) -> None:
    """Let operating cash pay what tax is more than in the base case; and `change` with it.

    `rules` holds rate, limit and years of losses.
    """
    units, years = change.shape
    months = worked.shape[1]
    now, left, tax = np.empty(years), np.empty(years), np.empty(years)
    for c in range(len(profit)):
        now[:] = 0.0
        end, first = months, NONE
        for u in range(units):
            if pool[u] == c:
                now += change[u]
                if first == NONE:
                    first, end = u, _end(happens, losses[u], n, months)
        for y in range(years):
            now[y] = profit[c, y] + now[y] * per[c, y]
        tax_of(now, rules[c, 0], rules[c, 1], int(rules[c, 2]), left, tax)
        for y in range(years):
            month = paid[c, y]
            if month >= end:
                continue
            more, size = (tax[y] - base_tax[c, y]) / per_paid[c, y], 0.0
            for u in range(units):
                if pool[u] == c:
                    size += abs(change[u, y])
            for u in range(units):
                if pool[u] == c and (size > 0.0 or u == first):
                    part = more * abs(change[u, y]) / size if size > 0.0 else more
                    worked[u, month] -= part
                    moved[u, year[month]] -= part


@njit(cache=True, nogil=True)
def value_futures(
    values: Floats,
    happens: Floats,
    weather: Ints,
    hedge: Floats,
    hashprice: int,
    year: Ints,
    pool: Ints,
    delays: Ints,
    starts: Ints,
    losses: Ints,
    vacant: int,
    retire: Ints,
    discount: Floats,
    fixed: Floats,
    constant: Floats,
    terms: Ints,
    amount: Floats,
    fleets: Ints,
    share: Floats,
    nominal: Floats,
    row: Ints,
    scale: Floats,
    rest: Floats,
    curve: Floats,
    per_step: float,
    price: Floats,
    profit: Floats,
    base_tax: Floats,
    rules: Floats,
    paid: Ints,
    per: Floats,
    per_paid: Floats,
    earned: Floats,
    serves: Floats,
    serving: Floats,
    service: Floats,
    due: Floats,
    covenant: Floats,
    found: Floats,
    cash: Floats,
    owners: Floats,
) -> None:
    """Value futures.

    Args:
        values, happens, weather: As in `Paths`.
        hedge: Cash of hedges less that of the base case; (0, M) without. Shape (N, M).
        hashprice, year, pool, delays, starts, losses, vacant, retire, discount, fixed: As in
            `Book`.
        constant: Rows that nothing moves: operating or not, stays or stops. (2, 2, U, M).
        terms, amount: The other rows, as in `Terms`. Shapes (G, 8), (G, M).
        fleets: Unit, power, currency, delay and ban, as in `Fleets`. Shape (V, 5).
        share, nominal, row, scale, rest, curve, price: As in `Fleets`.
        per_step: Knots of a curve for each USD/PH/day.
        profit, base_tax, rules, paid, per, per_paid, earned: As in `Taxes`; tax of the base
            case, and rate, limit and years of losses. Shapes (C, Y), (C, 3), (U, Y).
        serves, serving, service, due, covenant: As in `Loans`: units, cash and so on.
        found: Filled: value, owners' value, peak, cover, breach, units given up. Shape (N, 6).
        cash: Filled. Shape (N, U, Y).
        owners: Filled. Shape (N, Y).
    """
    count, months = values.shape[1], values.shape[2]
    units, years = earned.shape
    operating, other = np.empty((2, units, months)), np.empty((2, units, months))
    worked, sums = np.empty((units, months)), np.empty(years)
    change, moved = np.empty((units, years)), np.empty((units, years))
    over, hashed = np.empty(months), np.ones(months)
    starts_of = np.searchsorted(year, np.arange(years + 1))
    late = np.zeros(len(delays), dtype=np.int64)
    shown = np.empty((len(delays), months), dtype=np.int64)
    total = np.empty(months)
    for n in range(count):
        if hashprice != NONE:
            hashed[:] = values[hashprice, n]
        operating[:] = constant[1]
        other[:] = constant[0]
        for s in range(len(delays)):
            late[s] = max(0, int(np.floor(happens[delays[s], n] * 12.0 + 0.5)))
            if late[s] > 0:
                _shift(shown[s], starts[s], late[s])
        _add_terms(n, values, happens, late, shown, terms, amount, vacant, operating, other)
        _add_fleets(
            n, values, happens, weather, hashed, year, late, shown,
            fleets, share, nominal, row, scale, rest, curve, per_step, price, over, operating,
        )  # fmt: skip
        retired = 0.0
        for u in range(units):
            gone = _given_up(operating[:, u], retire[u]) if retire[u] > 0 else NONE
            if gone != NONE:
                operating[1, u, gone:] = 0.0
                other[1, u, gone:] = 0.0
                retired += 1.0
            end = _end(happens, losses[u], n, months)
            for m in range(end):
                worked[u, m] = operating[0, u, m] + operating[1, u, m]
                other[0, u, m] += other[1, u, m]
            worked[u, end:] = 0.0
            other[0, u, end:] = 0.0
            _by_year(worked[u], starts_of, sums)
            change[u] = sums - earned[u]
            moved[u] = change[u]
        _pay_tax(
            n, happens, pool, losses, profit, base_tax, rules, paid, per, per_paid, year,
            change, moved, worked,
        )  # fmt: skip
        total[:] = 0.0
        if len(hedge) > 0:
            total += hedge[n]
        for u in range(units):
            for m in range(months):
                worked[u, m] += other[0, u, m]
                total[m] += worked[u, m]
            _by_year(worked[u], starts_of, cash[n, u])
        value = equity = peak = running = 0.0
        for m in range(months):
            value += total[m] * discount[m]
            total[m] += fixed[m]
            equity += total[m] * discount[m]
            running += total[m]
            peak = max(peak, -running)
        _by_year(total, starts_of, owners[n])
        lowest, breach = np.inf, 0.0
        for d in range(len(covenant)):
            cover = np.inf
            for y in range(years):
                if service[d, y] > 0.0:
                    serve = serving[d, y]
                    for u in range(units):
                        serve += serves[d, u] * moved[u, y] * due[d, y]
                    cover = min(cover, serve / service[d, y])
            lowest = min(lowest, cover)
            if cover < covenant[d]:
                breach = 1.0
        found[n, 0], found[n, 1], found[n, 2] = value, equity, peak
        found[n, 3], found[n, 4], found[n, 5] = lowest, breach, retired
