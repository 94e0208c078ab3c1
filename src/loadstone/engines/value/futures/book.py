# SPDX-License-Identifier: Apache-2.0
"""A plan's cash in the terms that futures move: linear rows, mining fleets, taxes and debts.

Amounts are nominal, in the reporting currency, at factors of 1; so a row is its amount times
its factor over the rate of its currency. Cash is added up by unit: what a country taxes
together, site by site where a loan, a deal or a question asks for it.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NONE = -1
"""Index of no factor, no event, no delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What cash is added up by.

    Attributes:
        country: ISO 3166-1 code; "" for the whole.
        site: Id of the site; "" for all of the country that are no units of their own.
        regime: Rate of tax and share of costs that may be deducted: what is taxed together.
    """

    country: str
    site: str = ""
    regime: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terms:
    """Rows of cash that move in proportion to a factor.

    Attributes:
        unit: Unit of each row. Shape (G,).
        factor: Factor that moves it, or `NONE`. Shape (G,).
        currency: Factor of its currency, or `NONE` in the reporting one. Shape (G,).
        delay: Which delay shifts it, or `NONE`. Shape (G,).
        ends: Event from whose month on it is paid no more, or `NONE`. Shape (G,).
        again: Factor of what is paid instead, months later, or `NONE`. Shape (G,).
        operating: Whether it counts as profit; else it is investment or its like. Shape (G,).
        stops: Whether it ends where its unit is retired early. Shape (G,).
        amount: At factors of 1. Shape (G, M).
    """

    unit: Ints
    factor: Ints
    currency: Ints
    delay: Ints
    ends: Ints
    again: Ints
    operating: Ints
    stops: Ints
    amount: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fleets:
    """Miners that stand still in hours that do not pay.

    What a fleet earns in a month at hashprice h, where its power costs f times the nominal, is
    `scale x f x I(h / f) + rest`: I is its curve, and `rest` what the plan's own books say
    beside it, so that the base case is met exactly.

    Attributes:
        unit: Unit of each fleet. Shape (V,).
        power: Factor of its power price, or `NONE`. Shape (V,).
        currency: Factor of the currency that its power is paid in, or `NONE`. Shape (V,).
        share: Share of the cost of an hour that follows the power price, 0 to 1. Shape (V,).
        delay: Which delay shifts it, or `NONE`. Shape (V,).
        ban: Event from whose month on it may not mine, or `NONE`. Shape (V,).
        nominal: Power factor at which the curve is drawn. Shape (V, M).
        row: Row of `curve` of each month, with weather year 0; `NONE` where nothing stands.
            Shape (V, M).
        scale: Nominal amount of a unit of the curve. Shape (V, M).
        rest: Shape (V, M).
        curve: Margin of a month at the knots. Shape (R, Q).
        weathers: Rows of `curve` that follow each other as weather years of one month.
        step: Distance of the knots, from 0, USD/PH/day.
        price: Hashprice of the plan over that of the middle path. Shape (M,).
    """

    unit: Ints
    power: Ints
    currency: Ints
    share: Floats
    delay: Ints
    ban: Ints
    nominal: Floats
    row: Ints
    scale: Floats
    rest: Floats
    curve: Floats
    weathers: int
    step: float
    price: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taxes:
    """Tax on income by pool and calendar year, with losses carried forward.

    A pool is what a country taxes together. It counts in the country's own money.

    Attributes:
        profit: Taxable profit of the base case, local money. Shape (C, Y).
        rate: Tax on it. Shape (C,).
        loss_limit: Share of a profit that earlier losses may wipe out, 0 to 1. Shape (C,).
        loss_years: Years for which a loss may be carried forward. Shape (C,).
        paid: Month in which the tax of a year is paid; M for beyond the horizon. Shape (C, Y).
        per: Local money for one of the reporting currency, by year. Shape (C, Y).
        per_paid: The same in the month in which the tax is paid. Shape (C, Y).
        earned: Operating cash of the base case by unit. Shape (U, Y).
    """

    profit: Floats
    rate: Floats
    loss_limit: Floats
    loss_years: Ints
    paid: Ints
    per: Floats
    per_paid: Floats
    earned: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loans:
    """Debts, paid as the base case sized them.

    Attributes:
        units: 1 for units whose cash serves a debt. Shape (D, U).
        cash: Cash of the base case that serves it, by calendar year. Shape (D, Y).
        service: Interest and principal of it, by calendar year. Shape (D, Y).
        due: Share of each year in which it is served. Shape (D, Y).
        covenant: Cover below which a covenant breaks; 0 without one. Shape (D,).
    """

    units: Floats
    cash: Floats
    service: Floats
    due: Floats
    covenant: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Book:
    """All that the value of a fixed plan in a future needs.

    Attributes:
        first: First day of the first month.
        months: Number of months, M.
        factors: Names of the factors, in the order of `Paths`. Length K.
        events: Names of the events, in the order of `Paths`. Length J.
        units: What cash is added up by. Length U.
        pool: Pool of taxes of each unit, or `NONE`. Shape (U,).
        hashprice: Index of its factor, or `NONE` where it stays as the plan has it.
        year: Calendar year of each month, from 0. Shape (M,).
        delays: Event of each delay. Shape (S,).
        starts: First month that each delay can shift. Shape (S,).
        losses: Event by which a unit's cash ends, or `NONE`. Shape (U,).
        vacant: Months after which what has ended is paid by another; M for never.
        retire: Months of losses after which a unit is given up; 0 for never. Shape (U,).
        discount: Worth of a unit of money of each month. Shape (M,).
        fixed: Cash between the project and its owners, which no future moves. Shape (M,).
        base: Factors of the base case. Shape (K, M).
        unlevered: What the project is worth more, as the base case has it, because tax counts
            no interest there.
        terms: Linear rows.
        fleets: Mining.
        taxes: Tax.
        loans: Debt.
    """

    first: date
    months: int
    factors: tuple[str, ...]
    events: tuple[str, ...]
    units: tuple[Unit, ...]
    pool: Ints
    hashprice: int
    year: Ints
    delays: Ints
    starts: Ints
    losses: Ints
    vacant: int
    retire: Ints
    discount: Floats
    fixed: Floats
    base: Floats
    unlevered: float
    terms: Terms
    fleets: Fleets
    taxes: Taxes
    loans: Loans

    @property
    def years(self) -> int:
        """Number of calendar years, Y."""
        return int(self.year[-1]) + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """What some futures are worth.

    Attributes:
        npv: Of the project, discounted to the first month. Shape (N,).
        equity: Of what owners pay and receive. Shape (N,).
        peak: Most money of owners that is out at once. Shape (N,).
        dscr: Lowest cover of a year of any debt; infinite without service. Shape (N,).
        breach: 1 where a covenant breaks. Shape (N,).
        retired: Units that are given up early. Shape (N,).
        cash: Cash of the project after tax by unit and calendar year. Shape (N, U, Y).
        owners: Cash of owners by calendar year. Shape (N, Y).
    """

    npv: Floats
    equity: Floats
    peak: Floats
    dscr: Floats
    breach: Floats
    retired: Floats
    cash: Floats
    owners: Floats
