# SPDX-License-Identifier: Apache-2.0
"""Many futures of a fixed plan, chunk by chunk: memory stays bounded as futures grow.

Each future is drawn and valued by itself and written to its own place, and sums are taken in
one order afterwards: the result is the same to the bit whatever number of threads finds it.
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.returns import irr_of_many
from loadstone.engines.value.futures import kernels
from loadstone.engines.value.futures.book import NONE, Book, Found
from loadstone.engines.value.futures.plain import tax_of
from loadstone.model.futures.paths import Paths

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
HedgeCash = Callable[[Floats], Floats]
"""Cash of hedges by future and month, less that of the base case, of values (K, N, M)."""

CHUNK = 64
"""Futures of a chunk: few enough to stay near the processor."""
MOST_KEPT = 200_000
"""Futures whose numbers are kept for quantiles."""
MOST_DETAILS = 10_000
"""First futures whose factors, events and cash by unit are kept."""
SUMMED = ("npv", "equity", "npv below 0", "breach")


class Source(Protocol):
    """Where futures come from; `engines.outlook.Drawing` is one."""

    def into(self, values: Floats, happens: Floats, weather: Ints, start: int = 0) -> None:
        """Fill arrays with the futures from `start` on."""
        ...

    def room(self, count: int) -> tuple[Floats, Floats, Ints]:
        """Return arrays that hold some futures."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Stated:
    """Futures that somebody states, as a source."""

    paths: Paths

    def into(self, values: Floats, happens: Floats, weather: Ints, start: int = 0) -> None:
        """Fill arrays with the futures from `start` on."""
        here = slice(start, start + values.shape[1])
        values[:] = self.paths.values[:, here]
        happens[:] = self.paths.happens[:, here]
        weather[:] = self.paths.weather[here]

    def room(self, count: int) -> tuple[Floats, Floats, Ints]:
        """Return arrays that hold some futures."""
        paths = self.paths
        return (
            np.empty((len(paths.factors), count, paths.months)),
            np.empty((len(paths.events), count)),
            np.empty((count, paths.weather.shape[1]), dtype=np.int64),
        )


class Valuer:
    """Values futures of one book. Threads may share it."""

    def __init__(self, book: Book) -> None:
        """Lay the book out for the kernel."""
        self.book = book
        t, f, x, loans = book.terms, book.fleets, book.taxes, book.loans
        rules = np.stack([x.rate, x.loss_limit, x.loss_years.astype(np.float64)], axis=1)
        base = [
            tax_of(profit, float(rate), float(limit), int(years))
            for profit, (rate, limit, years) in zip(x.profit, rules, strict=True)
        ]
        columns = (t.unit, t.factor, t.currency, t.delay, t.ends, t.operating, t.stops, t.again)
        terms = np.stack(columns, axis=1).astype(np.int64)
        still = (terms[:, 1:5] == NONE).all(axis=1)  # no factor, currency, delay or end
        constant = np.zeros((2, 2, len(book.units), book.months))
        np.add.at(
            constant, (t.operating[still], t.stops[still], t.unit[still]), t.amount[still]
        )
        fleets = (f.unit, f.power, f.currency, f.delay, f.ban)
        self._arguments = (
            book.hashprice, book.year, book.pool, book.delays, book.starts, book.losses,
            book.vacant, book.retire, book.discount, book.fixed,
            constant, terms[~still], t.amount[~still],
            np.stack(fleets, axis=1).astype(np.int64), f.share, f.nominal, f.row, f.scale,
            f.rest, f.curve, 1 / f.step, f.price,
            x.profit, np.array(base).reshape(x.profit.shape), rules, x.paid, x.per, x.per_paid,
            x.earned,
            loans.units, loans.cash, loans.service, loans.due, loans.covenant,
        )  # fmt: skip

    def value(
        self, values: Floats, happens: Floats, weather: Ints, hedge: Floats | None = None
    ) -> Found:
        """Return what futures are worth; equal to `value_plainly`.

        Args:
            values, happens, weather: As in `Paths`, in the order of the book.
            hedge: Cash of hedges less that of the base case. Shape (N, M).
        """
        book, count = self.book, values.shape[1]
        found = np.empty((count, 6))
        cash = np.empty((count, len(book.units), book.years))
        owners = np.empty((count, book.years))
        given = np.empty((0, book.months)) if hedge is None else hedge
        if book.fleets.weathers == 1:
            weather = np.zeros_like(weather)
        kernels.value_futures(
            values, happens, weather, given, *self._arguments, found, cash, owners
        )
        npv, equity, peak, dscr, breach, retired = (found[:, i].copy() for i in range(6))
        npv += book.unlevered
        return Found(
            npv=npv, equity=equity, peak=peak, dscr=dscr, breach=breach, retired=retired,
            cash=cash, owners=owners,
        )  # fmt: skip

    def of(self, paths: Paths, hedge: Floats | None = None) -> Found:
        """Return what stated futures are worth."""
        return self.value(paths.values, paths.happens, paths.weather, hedge)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """What many futures are worth.

    Attributes:
        count: How many were valued.
        npv, equity, peak, dscr, breach: As in `Found`, of those kept. Shape (N,).
        irr: Rate of return of owners; NaN where there is not one. Shape (N,).
        irr_codes: Why not, as an index of `engines.finance.returns.REASONS`. Shape (N,).
        cash: Cash of the project by calendar year. Shape (N, Y).
        owners: Cash of owners by calendar year. Shape (N, Y).
        means: Mean of "npv", "equity", share of values "npv below 0", and of "breach", over
            all that were valued.
        factors: Mean of each factor in each calendar year, of the first futures. (n, K, Y).
        happens: Events of the first futures. Shape (n, J).
        units: Cash of the project by unit, of the first futures. Shape (n, U, Y).
    """

    count: int
    npv: Floats
    equity: Floats
    peak: Floats
    dscr: Floats
    breach: Floats
    irr: Floats
    irr_codes: Ints
    cash: Floats
    owners: Floats
    means: dict[str, float]
    factors: Floats
    happens: Floats
    units: Floats


@dataclass(slots=True, eq=False)
class _Places:
    """Where chunks write, each to its own rows."""

    book: Book
    count: int
    most: int
    every: int = field(init=False)
    numbers: Floats = field(init=False)
    codes: Ints = field(init=False)
    cash: Floats = field(init=False)
    owners: Floats = field(init=False)
    sums: Floats = field(init=False)
    factors: Floats = field(init=False)
    happens: Floats = field(init=False)
    units: Floats = field(init=False)

    def __post_init__(self) -> None:
        book, details = self.book, min(self.count, MOST_DETAILS)
        self.every = -(-self.count // self.most)
        kept = -(-self.count // self.every)
        self.numbers, self.codes = np.empty((kept, 6)), np.empty(kept, dtype=np.int64)
        self.cash, self.owners = (np.empty((kept, book.years)) for _ in range(2))
        self.sums = np.zeros((-(-self.count // CHUNK), len(SUMMED)))
        self.factors = np.empty((details, len(book.factors), book.years))
        self.happens = np.empty((details, len(book.events)))
        self.units = np.empty((details, len(book.units), book.years))

    def put(self, chunk: int, found: Found, values: Floats, happens: Floats) -> None:
        """Write a chunk."""
        start, count = chunk * CHUNK, len(found.npv)
        self.sums[chunk] = (
            found.npv.sum(),
            found.equity.sum(),
            float((found.npv < 0).sum()),
            found.breach.sum(),
        )
        kept = np.arange(-(-start // self.every) * self.every, start + count, self.every)
        if len(kept):
            chosen = kept - start
            into = slice(kept[0] // self.every, kept[-1] // self.every + 1)
            rates = irr_of_many(found.owners[chosen])
            columns = (found.npv, found.equity, found.peak, found.dscr, found.breach)
            self.numbers[into] = np.stack([*(c[chosen] for c in columns), rates.rates], axis=1)
            self.codes[into] = rates.codes
            self.cash[into] = found.cash[chosen].sum(axis=1)
            self.owners[into] = found.owners[chosen]
        details = min(count, len(self.units) - start)
        if details > 0:
            here = slice(start, start + details)
            self.units[here] = found.cash[:details]
            self.happens[here] = happens[:, :details].T
            begins = np.searchsorted(self.book.year, np.arange(self.book.years))
            months = np.diff(begins, append=self.book.months)
            yearly = np.add.reduceat(values[:, :details], begins, axis=2) / months
            self.factors[here] = yearly.transpose(1, 0, 2)

    def outcomes(self) -> Outcomes:
        """Return all that was written."""
        total = self.sums.sum(axis=0) / self.count
        npv, equity, peak, dscr, breach, irr = self.numbers.T.copy()
        return Outcomes(
            count=self.count,
            npv=npv,
            equity=equity,
            peak=peak,
            dscr=dscr,
            breach=breach,
            irr=irr,
            irr_codes=self.codes,
            cash=self.cash,
            owners=self.owners,
            means=dict(zip(SUMMED, total.tolist(), strict=True)),
            factors=self.factors,
            happens=self.happens,
            units=self.units,
        )


def value_many(
    valuer: Valuer,
    source: Source,
    count: int,
    *,
    hedge: HedgeCash | None = None,
    executor: Executor | None = None,
    workers: int = 1,
    most_kept: int = MOST_KEPT,
    tell: Callable[[int], None] = lambda _: None,
) -> Outcomes:
    """Return what many futures are worth.

    Args:
        valuer: Values them.
        source: Draws them, with the factors and events of the book.
        count: How many, N.
        hedge: Cash of hedges beside the base case.
        executor: Runs workers side by side; None for none.
        workers: How many.
        most_kept: Futures whose numbers are kept; of more, every second, third ... is.
        tell: Told how many futures are done, by the first worker.
    """
    places = _Places(valuer.book, count, most_kept)
    chunks = len(places.sums)

    def work(first: int) -> None:
        room = source.room(CHUNK)
        for chunk in range(first, chunks, workers):
            start = chunk * CHUNK
            size = min(CHUNK, count - start)
            values, happens, weather = room if size == CHUNK else source.room(size)
            source.into(values, happens, weather, start)
            extra = hedge(values) if hedge else None
            found = valuer.value(values, happens, weather, extra)
            places.put(chunk, found, values, happens)
            if first == 0:
                tell(min(count, start + size * workers))

    if executor is None:
        workers = 1
        work(0)
    else:
        for done in [executor.submit(work, w) for w in range(workers)]:
            done.result()
    return places.outcomes()
