# SPDX-License-Identifier: Apache-2.0
"""Small books and futures, drawn by hand, for tests of their value."""

from datetime import date

import numpy as np

from loadstone.engines.value.futures.book import Book, Fleets, Loans, Taxes, Terms, Unit
from loadstone.model.futures.paths import NEVER, Paths

FACTORS = ("hashprice", "ai:blackwell", "power:A", "power:B", "fx:BRL")
EVENTS = ("delay:s", "mining_ban:AA", "expropriation:BB", "default:lease")
FIRST = date(2027, 1, 1)


def small_book(*, months=36, seed=1, retire=0, units=3, knots=65, weathers=2):
    """Return a book with every kind of row, fleet, tax and loan."""
    random = np.random.default_rng(seed)
    years = (months + 11) // 12
    year = np.arange(months) // 12
    pool = np.array([0, 1, 1][:units])
    rows = 9
    terms = Terms(
        unit=random.integers(0, units, rows),
        factor=np.array([-1, -1, 1, 1, 2, 3, 2, -1, 1]),
        currency=np.array([-1, 4, -1, 4, -1, 4, -1, -1, -1]),
        delay=np.array([0, -1, 0, -1, 0, -1, -1, -1, 0]),
        ends=np.array([-1, -1, -1, 3, -1, -1, -1, 3, -1]),
        again=np.array([-1, -1, -1, 2, -1, -1, -1, -1, -1]),
        operating=np.array([1, 1, 1, 1, 1, 1, 0, 0, 1]),
        stops=np.array([0, 1, 0, 1, 1, 1, 1, 0, 0]),
        amount=random.normal(1.0, 2.0, (rows, months)),
    )
    fleets = 2
    curve = np.maximum(0, np.linspace(-30, 98, knots) * random.uniform(0.5, 1, (24, 1)))
    lines = (np.arange(months) % 12 // weathers * weathers)[None, :] * np.ones((fleets, 1))
    fleet = Fleets(
        unit=np.array([0, min(1, units - 1)]),
        power=np.array([2, 3]),
        currency=np.array([-1, 4]),
        share=np.array([1.0, 0.8]),
        delay=np.array([0, -1]),
        ban=np.array([1, -1]),
        nominal=random.uniform(0.9, 1.1, (fleets, months)),
        row=lines.astype(np.int64),
        scale=random.uniform(0.05, 0.1, (fleets, months)),
        rest=random.normal(0, 0.1, (fleets, months)),
        curve=curve,
        weathers=weathers,
        step=2.0,
        price=random.uniform(0.9, 1.1, months),
    )
    taxes = Taxes(
        profit=random.normal(5, 20, (2, years)),
        rate=np.array([0.2, 0.35]),
        loss_limit=np.array([0.8, 1.0]),
        loss_years=np.array([2, 100]),
        paid=np.minimum(months, 12 * np.arange(years) + np.array([[14], [11]])),
        per=random.uniform(0.9, 1.1, (2, years)),
        per_paid=random.uniform(0.9, 1.1, (2, years)),
        earned=random.normal(5, 5, (units, years)),
    )
    loans = Loans(
        units=np.array([[1.0] * units, [1.0] + [0.0] * (units - 1)]),
        cash=random.uniform(20, 40, (2, years)),
        service=random.uniform(0, 20, (2, years)) * (np.arange(years) > 0),
        due=random.uniform(0, 1, (2, years)),
        covenant=np.array([1.1, 0.0]),
    )
    return Book(
        first=FIRST,
        months=months,
        factors=FACTORS,
        events=EVENTS,
        units=(Unit(country="AA"), Unit(country="BB"), Unit(country="BB", site="s"))[:units],
        pool=pool,
        hashprice=0,
        year=year,
        delays=np.array([0]),
        starts=np.array([13]),
        losses=np.array([-1, 2, 2][:units]),
        vacant=4,
        retire=np.full(units, retire),
        discount=1.1 ** -(np.arange(months) / 12),
        fixed=random.normal(0, 1, months),
        base=np.ones((len(FACTORS), months)),
        unlevered=2.0,
        terms=terms,
        fleets=fleet,
        taxes=taxes,
        loans=loans,
    )


def small_paths(book, *, count=20, seed=2):
    """Return futures in which all that can happen does in some."""
    random = np.random.default_rng(seed)
    values = np.exp(random.normal(0, 0.3, (len(book.factors), count, book.months)))
    values[0] *= 45.0
    values[0, 0] = 200.0  # beyond the last knot
    happens = np.full((len(book.events), count), float(NEVER))
    happens[0] = random.choice([0.0, 0.0, 0.5, 1.0, 2.25], count)
    happens[1:] = np.where(
        random.random((3, count)) < 0.4, random.integers(0, book.months, (3, count)), NEVER
    )
    return Paths(
        first=book.first,
        factors=book.factors,
        values=values,
        events=book.events,
        happens=happens,
        weather=random.integers(0, book.fleets.weathers, (count, book.years)),
        weight=np.full(count, 1 / count),
        seed=seed,
    )
