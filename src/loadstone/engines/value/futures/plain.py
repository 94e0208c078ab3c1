# SPDX-License-Identifier: Apache-2.0
"""What futures are worth, in plain numpy: the definition that the fast kernel must equal."""

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.losses import TaxRules, tax_by_year
from loadstone.engines.value.futures.book import NONE, Book, Found
from loadstone.model.futures.paths import Paths

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_COST = 0.01  # of the nominal cost of power: a future in which power is free stays finite


def months_of_delay(years: float) -> int:
    """Return a delay in whole months; connection is never early."""
    return max(0, int(np.floor(years * 12 + 0.5)))


def shifted(months: int, start: int, delay: int) -> Ints:
    """Return whose month of the plan each month shows, where a site's connection is late.

    Until it comes, the site goes on as in the same month a year before the start; then all of
    the plan follows, later. `NONE` where it had nothing yet.

    Args:
        months: M.
        start: First month that is late.
        delay: By how many months.
    """
    month = np.arange(months)
    waits = month - 12 * ((month - start) // 12 + 1)
    shown = np.where(month < start + delay, waits, month - delay)
    shown = np.where(month < start, month, shown)
    return np.where(shown < 0, NONE, shown) if delay else month


def value_plainly(book: Book, paths: Paths, hedge: Floats | None = None) -> Found:
    """Return what futures are worth, one by one.

    Args:
        book: The plan.
        paths: The futures, with the factors and events of the book.
        hedge: Cash of hedges by future and month, less that of the base case. Shape (N, M).
    """
    each = [
        _one(book, paths, n, np.zeros(book.months) if hedge is None else hedge[n])
        for n in range(paths.count)
    ]
    columns = [np.array(column) for column in zip(*each, strict=True)]
    names = ("npv", "equity", "peak", "dscr", "breach", "retired", "cash", "owners")
    return Found(**dict(zip(names, columns, strict=True)))


def given_up(operating: Floats, after: int) -> int:
    """Return the month from which owners give a unit up, or `NONE`.

    They do where the sum of the last months is a loss, counted from when it first earns.

    Args:
        operating: Operating cash. Shape (M,).
        after: How many months.
    """
    earned = np.flatnonzero(operating > 0)
    if not earned.size:
        return NONE
    total = np.concatenate(([0.0], np.cumsum(operating)))
    for m in range(int(earned[0]) + after, len(operating)):
        if total[m] - total[m - after] < 0:
            return m
    return NONE


def tax_of(profit: Floats, rate: float, limit: float, years: int) -> Floats:
    """Return the tax of each year; a loss waits for profits, the oldest first.

    Args:
        profit: Taxable profit by year. Shape (Y,).
        rate: Tax on it.
        limit: Share of a profit that earlier losses may wipe out.
        years: Years for which a loss may wait.
    """
    rules = TaxRules(rate=rate, loss_limit=limit, loss_years=years)
    return np.asarray(tax_by_year(profit[None, :], rules)[0])


def _one(book: Book, paths: Paths, n: int, hedge: Floats) -> tuple[float | Floats, ...]:
    operating, other = _cash(book, paths, n)
    retired = 0.0
    for u in range(len(book.units)):
        after = int(book.retire[u])
        gone = given_up(operating[:, u].sum(axis=0), after) if after else NONE
        if gone != NONE:
            operating[1, u, gone:] = other[1, u, gone:] = 0.0
            retired += 1
    worked, rest = operating.sum(axis=0), other.sum(axis=0)
    for u, event in enumerate(book.losses.tolist()):
        end = _end(book, paths, event, n)
        worked[u, end:] = rest[u, end:] = 0.0
    _pay_tax(book, paths, n, worked)
    project = worked + rest
    total = project.sum(axis=0) + hedge
    owners = total + book.fixed
    cover, breach = _cover(book, worked)
    return (
        float(total @ book.discount) + book.unlevered,
        float(owners @ book.discount),
        float(max(0.0, -np.cumsum(owners).min())),
        cover,
        breach,
        retired,
        np.array([_by_year(book, row) for row in project]),
        _by_year(book, owners),
    )


def _by_year(book: Book, amounts: Floats) -> Floats:
    return np.bincount(book.year, weights=amounts, minlength=book.years).astype(np.float64)


def _end(book: Book, paths: Paths, event: int, n: int) -> int:
    if event == NONE:
        return book.months
    return int(min(book.months, max(0.0, paths.happens[event, n])))


def _factor(paths: Paths, k: int, n: int) -> Floats:
    return np.ones(paths.months) if k == NONE else paths.values[k, n]


def _cash(book: Book, paths: Paths, n: int) -> tuple[Floats, Floats]:
    """Return operating and other cash: what stays, and what ends with retiring. (2, U, M)."""
    shape = (2, len(book.units), book.months)
    operating, other = np.zeros(shape), np.zeros(shape)
    shown = [
        shifted(book.months, int(start), months_of_delay(float(paths.happens[event, n])))
        for event, start in zip(book.delays, book.starts, strict=True)
    ]
    terms = book.terms
    for g in range(len(terms.unit)):
        cash = _moved(terms.amount[g], shown, int(terms.delay[g]))
        cash *= _factor(paths, int(terms.factor[g]), n)
        cash /= _factor(paths, int(terms.currency[g]), n)
        end = _end(book, paths, int(terms.ends[g]), n)
        cash[end : end + book.vacant] = 0.0
        cash[end + book.vacant :] *= _factor(paths, int(terms.again[g]), n)[end + book.vacant :]
        into = operating if terms.operating[g] else other
        into[terms.stops[g], terms.unit[g]] += cash
    for v in range(len(book.fleets.unit)):
        operating[1, book.fleets.unit[v]] += _mined(book, paths, n, v, shown)
    return operating, other


def _moved(amount: Floats, shown: list[Ints], delay: int) -> Floats:
    if delay == NONE:
        return amount.copy()
    at = shown[delay]
    return np.where(at == NONE, 0.0, amount[at])


def _mined(book: Book, paths: Paths, n: int, v: int, shown: list[Ints]) -> Floats:
    """Return what a fleet earns by month. Shape (M,)."""
    fleets, months = book.fleets, book.months
    delay = int(fleets.delay[v])
    at = np.arange(months) if delay == NONE else shown[delay]
    power = _factor(paths, int(fleets.power[v]), n)
    power = power / _factor(paths, int(fleets.currency[v]), n)
    hashprice = _factor(paths, book.hashprice, n)
    weather = paths.weather[n, book.year]
    earned = np.zeros(months)
    for m in range(_end(book, paths, int(fleets.ban[v]), n)):
        if at[m] == NONE:
            continue
        earned[m] = fleets.rest[v, at[m]]
        row = fleets.row[v, at[m]]
        if row != NONE:
            cost = 1 + fleets.share[v] * (power[m] / fleets.nominal[v, at[m]] - 1)
            cost = max(cost, LEAST_COST)
            curve = fleets.curve[row + weather[m]]
            price = hashprice[m] * fleets.price[m] / cost
            earned[m] += fleets.scale[v, at[m]] * cost * on_curve(curve, fleets.step, price)
    return earned


def on_curve(curve: Floats, step: float, at: float) -> float:
    """Return a curve between its knots; beyond the last it goes straight on."""
    last = (len(curve) - 1) * step
    if at <= last:
        return float(np.interp(at, np.arange(len(curve)) * step, curve))
    return float(curve[-1] + (at - last) / step * (curve[-1] - curve[-2]))


def _pay_tax(book: Book, paths: Paths, n: int, worked: Floats) -> None:
    """Let operating cash pay what tax is more than in the base case; the rest is in its rows.

    Units of a pool bear it by how far their profits are from the base case.
    """
    taxes = book.taxes
    change = np.array([_by_year(book, row) for row in worked]) - taxes.earned
    for c in range(len(taxes.rate)):
        mine = np.flatnonzero(book.pool == c)
        rules = float(taxes.rate[c]), float(taxes.loss_limit[c]), int(taxes.loss_years[c])
        base = tax_of(taxes.profit[c], *rules)
        profit = taxes.profit[c] + change[mine].sum(axis=0) * taxes.per[c]
        more = (tax_of(profit, *rules) - base) / taxes.per_paid[c]
        end = _end(book, paths, int(book.losses[mine[0]]), n)
        size = np.abs(change[mine]).sum(axis=0)
        for y in range(book.years):
            month = taxes.paid[c, y]
            if month < end and size[y] > 0:
                worked[mine, month] -= more[y] * np.abs(change[mine, y]) / size[y]
            elif month < end:
                worked[mine[0], month] -= more[y]


def _cover(book: Book, worked: Floats) -> tuple[float, float]:
    """Return the lowest cover of a year of any debt, and 1 where a covenant breaks."""
    loans = book.loans
    change = np.array([_by_year(book, row) for row in worked]) - book.taxes.earned
    lowest, breach = np.inf, 0.0
    for d in range(len(loans.covenant)):
        cash = loans.cash[d] + (loans.units[d] @ change) * loans.due[d]
        served = loans.service[d] > 0
        if served.any():
            cover = float((cash[served] / loans.service[d][served]).min())
            lowest = min(lowest, cover)
            breach = max(breach, float(cover < loans.covenant[d]))
    return lowest, breach
