# SPDX-License-Identifier: Apache-2.0
"""Many futures of a fixed plan, chunk by chunk: memory stays bounded as futures grow."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.value.futures import kernels
from loadstone.engines.value.futures.book import Book, Found
from loadstone.engines.value.futures.plain import tax_of
from loadstone.model.futures.paths import Paths

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 128
"""Futures of a chunk: few enough to stay near the processor."""
MOST_KEPT = 200_000
"""Futures whose numbers are kept for quantiles; of more, every second, third ... is."""


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
        terms = (t.unit, t.factor, t.currency, t.delay, t.ends, t.operating, t.stops, t.again)
        fleets = (f.unit, f.power, f.currency, f.delay, f.ban)
        self._arguments = (
            book.hashprice, book.year, book.pool, book.delays, book.starts, book.losses,
            book.vacant, book.retire, book.discount, book.fixed,
            np.stack(terms, axis=1).astype(np.int64), t.amount,
            np.stack(fleets, axis=1).astype(np.int64), f.share, f.nominal, f.row, f.scale,
            f.rest, f.curve, f.step, f.price,
            x.profit, np.array(base).reshape(x.profit.shape), rules, x.paid, x.per, x.per_paid,
            x.earned,
            loans.units, loans.cash, loans.service, loans.covenant,
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
        kernels.value_futures(
            values, happens, weather, given, *self._arguments, found, cash, owners
        )
        columns = dict(zip(("npv", "equity", "peak", "dscr", "breach", "retired"), found.T))
        return Found(**columns, cash=cash, owners=owners)

    def of(self, paths: Paths, hedge: Floats | None = None) -> Found:
        """Return what stated futures are worth."""
        return self.value(paths.values, paths.happens, paths.weather, hedge)
