# SPDX-License-Identifier: Apache-2.0
"""What cash returns: present values, rates of return, payback.

The first flow is at once and is not discounted; Excel's `NPV` discounts it by a period, so
that `npv(flows, rate) = NPV(rate, flows) * (1 + rate)`. A rate of return is told only where
it is one: every real rate above -100 % at which nothing is left is found, and where there is
none, more than one, or only the cost of money that came in first, a reason is told instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.kernels import rates_of_row, rates_of_rows
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAYS_PER_YEAR = 365.0
MONTHS = 12


class Reason(StrEnum):
    """Why there is not one rate of return; in the order of the codes of kernels."""

    ONE = ""
    SEVERAL = "several rates make it zero"
    NO_RATE = "no rate makes it zero"
    NOTHING_IN = "no period takes more than it brings"
    NOTHING_BACK = "no period brings more than it takes"
    NOTHING_MOVES = "no money moves"
    COMES_FIRST = "money comes in before it is put in, so the rate is a cost"


REASONS = tuple(Reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Rates of return of one row of flows.

    Attributes:
        rates: All there are, a year, rising.
        reason: Why there is none, or more than one.
    """

    rates: tuple[float, ...]
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ManyRates:
    """The rate of return of each of many rows of flows.

    Attributes:
        rates: NaN where there is not one. Shape (N,).
        codes: Index of `REASONS`. Shape (N,).
    """

    rates: Floats
    codes: Ints

    @property
    def reasons(self) -> dict[Reason, int]:
        """How many rows have no rate, or several, by reason."""
        counts = np.bincount(self.codes, minlength=len(REASONS))
        return {why: int(n) for why, n in zip(REASONS, counts, strict=True) if n and why.value}


def irr(flows: Floats) -> Rates:
    """Return all internal rates of return of flows that are one period apart.

    Args:
        flows: What comes in less what is put in, the first at once. Shape (Y,).
    """
    return _rates(np.arange(len(flows), dtype=np.float64), flows)


def xirr(days: Sequence[date], flows: Floats) -> Rates:
    """Return all rates of return of dated flows: actual days over 365, compounded yearly.

    Args:
        days: Day of each flow, rising.
        flows: What comes in less what is put in. Shape (number of days,).

    Raises:
        InputError: Days do not rise.

    Source: the definition of XIRR in ECMA-376 part 1, 18.17.7.
    """
    if any(b <= a for a, b in pairwise(days)):
        raise InputError("days", [str(day) for day in days], "must rise")
    times = [(day - days[0]).days / DAYS_PER_YEAR for day in days]
    return _rates(np.array(times, dtype=np.float64), flows)


def _rates(times: Floats, flows: Floats) -> Rates:
    _finite(flows)
    out = np.empty(len(flows))
    count, code = rates_of_row(times, np.ascontiguousarray(flows, dtype=np.float64), out)
    return Rates(rates=tuple(float(rate) for rate in out[:count]), reason=REASONS[code])


def irr_of_many(flows: Floats) -> ManyRates:
    """Return the rate of return of each row of yearly flows, as `irr` has it.

    Args:
        flows: The first column at once. Shape (N, Y).
    """
    _finite(flows)
    rates, codes = np.empty(len(flows)), np.zeros(len(flows), dtype=np.int64)
    times = np.arange(flows.shape[1], dtype=np.float64)
    rates_of_rows(times, np.ascontiguousarray(flows, dtype=np.float64), rates, codes)
    return ManyRates(rates=rates, codes=codes)


def _finite(flows: Floats) -> None:
    if not np.isfinite(flows).all():
        raise InputError("flows", flows, "must be finite")


def factors(rate: float, count: int, per_year: int = MONTHS) -> Floats:
    """Return what money of each period is worth in the first. Shape (count,).

    Args:
        rate: Discount rate a year.
        count: Number of periods.
        per_year: Periods of a year; parts of a year compound.

    Raises:
        InputError: The rate is below 0 or not finite.
    """
    if not 0 <= rate < np.inf:
        raise InputError("rate", rate, "must be finite and at least 0")
    found: Floats = (1.0 + rate) ** (-np.arange(count) / per_year)
    return found


def npv(flows: Floats, rate: float, per_year: int = 1) -> float:
    """Return the present value of flows, the first at once.

    Args:
        flows: Shape (number of periods,).
        rate: Discount rate a year.
        per_year: Periods of a year.
    """
    return float(flows @ factors(rate, len(flows), per_year))


def mirr(flows: Floats, finance_rate: float, reinvest_rate: float) -> float | None:
    """Return the modified rate of return of yearly flows; None where nothing goes in or out.

    What is put in is financed at one rate, what comes back is put by at another.
    """
    last = len(flows) - 1
    put_in = -npv(np.minimum(flows, 0.0), finance_rate)
    back = npv(np.maximum(flows, 0.0), reinvest_rate) * (1.0 + reinvest_rate) ** last
    if put_in <= 0.0 or back <= 0.0:
        return None
    return float((back / put_in) ** (1.0 / last) - 1.0)


def payback(flows: Floats, rate: float = 0.0, per_year: int = MONTHS) -> float | None:
    """Return years until the sum turns positive for good, linear within a period.

    Args:
        flows: By period; a flow counts as spread over its period. Shape (M,).
        rate: Discount rate a year; 0 for plain payback.
        per_year: Periods of a year.

    Returns:
        0 where nothing is ever out, None where the sum is below 0 at the end.
    """
    paid = flows * factors(rate, len(flows), per_year)
    total = np.cumsum(paid)
    out = np.flatnonzero(total < -_rounding(paid))
    if not out.size:
        return 0.0
    last = int(out[-1])
    if last == len(flows) - 1:
        return None
    return float(last + 1 - total[last] / paid[last + 1]) / per_year


def _rounding(flows: Floats) -> float:
    return 1e-12 * float(np.abs(flows).sum())


def peak(flows: Floats) -> float:
    """Return the most money that is out at once, at least 0."""
    return max(0.0, -float(np.cumsum(flows).min(initial=0.0)))


def present_value_ratio(
    costs: Floats, output: Floats, rate: float, per_year: int = MONTHS
) -> float | None:
    """Return present value of costs over that of output; None without output.

    Quantities are discounted as money is: that makes it the constant price that pays the
    costs, and not an average cost.
    """
    produced = npv(output, rate, per_year)
    return npv(costs, rate, per_year) / produced if produced > 0.0 else None
