# SPDX-License-Identifier: Apache-2.0
"""What owners' freedom to stop is worth: the same futures with it less without."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.value.base_case import BaseCase
from loadstone.engines.value.futures.book import Book, Found
from loadstone.engines.value.futures.case import settled_book
from loadstone.engines.value.futures.converting import conversion_value
from loadstone.engines.value.futures.many import Source, Valuer
from loadstone.engines.value.futures.opening import Case, Middle
from loadstone.engines.value.operating.site_year import SiteTime
from loadstone.model.futures.risk import OptionValue

Floats = NDArray[np.float64]

FUTURES = 1024
"""First futures in which options are valued."""
MONTHS_OF_LOSS = 12
USED = 1e-4  # of the spread of value: less is rounding


def option_values(
    base: BaseCase,
    case: Case,
    middle: Middle,
    source: Source,
    count: int,
    *,
    book: Book,
    times: Sequence[SiteTime] = (),
) -> tuple[OptionValue, ...]:
    """Return what the freedom to stand idle, to give up and to convert halls is worth.

    Args:
        base: The base case.
        case: The same as a book needs it.
        middle: What futures move.
        source: Draws them.
        count: How many there are; the first `FUTURES` of them are taken.
        book: The base case as a book.
        times: The site-years of the plan, for conversions; none for none.
    """
    size = min(count, FUTURES)
    room = source.room(size)
    source.into(*room, 0)

    def worth(book: Book) -> Found:
        return Valuer(book).value(*room)

    by_site = settled_book(case, middle, base, by_site=True)
    giving_up = settled_book(case, middle, base, by_site=True, retire_after=MONTHS_OF_LOSS)
    found = _told(worth(book), worth(always_on(book)), worth(by_site), worth(giving_up))
    converted = conversion_value(by_site, case, times, room[0])
    return (*found, *([converted] if converted else []))


def _told(idle: Found, on: Found, stay: Found, leave: Found) -> Iterator[OptionValue]:
    gain = idle.npv - on.npv
    yield OptionValue(
        name="idle",
        text="Miners stand still in hours whose power costs more than they earn; without it "
        "they run in every hour in which they may.",
        value=float(gain.mean()),
        used=float((gain > USED * idle.npv.std()).mean()),
    )
    yield OptionValue(
        name="retire early",
        text=f"A site that only mines is given up for good once its last {MONTHS_OF_LOSS} "
        "months together lost money: its fixed costs end and no machines are bought again; "
        "nothing is got for what stands there.",
        value=float((leave.npv - stay.npv).mean()),
        used=float((leave.retired > 0).mean()),
    )


def always_on(book: Book) -> Book:
    """Return a book whose miners run in every hour in which they may.

    Beyond its last knot a curve is the straight line of all of them running; here it is so from
    the start.
    """
    fleets = book.fleets
    knots = np.arange(fleets.curve.shape[1])
    slope = fleets.curve[:, -1] - fleets.curve[:, -2]
    line = fleets.curve[:, -1:] + slope[:, None] * (knots - knots[-1])
    return replace(book, fleets=replace(fleets, curve=line))
