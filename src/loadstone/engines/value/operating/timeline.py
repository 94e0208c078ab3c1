# SPDX-License-Identifier: Apache-2.0
"""Months of a plan: where its phases and payments fall, and how a year spreads over them."""

from bisect import bisect_right
from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from math import floor

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError
from loadstone.model.finance.terms import MONTHS
from loadstone.model.network import Network, Phase

Floats = NDArray[np.float64]
EVEN: Floats = np.full(MONTHS, 1 / MONTHS)
"""A year of equal months."""
_DAYS = 365
_BEGINS = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_LEAP_BEGINS = (0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335)
"""Day of the year on which each month begins."""
_EPS = 1e-9
_SLACK_DAYS = 0.9  # a twelfth of a year is 30.4 days and January has 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The months that are counted.

    Attributes:
        first: First day of the first month.
        months: How many there are, M.
        phases: Phases of the study; the last ends with the last month.
    """

    first: date
    months: int
    phases: tuple[Phase, ...]

    @classmethod
    def of(cls, network: Network) -> "Timeline":
        """Return the months of a network, from the decision to the end of its last phase.

        Raises:
            InputError: The start that is stated lies after the first phase begins.
        """
        study, stated = network.study, network.deals.cash.start
        opens = study.phases[0].start
        first = min(study.decided or opens, opens) if stated is None else stated
        if first > opens:
            rule = f"must not be after the first phase begins, {opens}"
            raise InputError("cash.start", str(first), rule)
        first = first.replace(day=1)
        end = study.phases[-1].ends
        months = round(end * MONTHS) - (first.year * MONTHS + first.month - 1)
        return cls(first=first, months=months, phases=study.phases)

    @property
    def elapsed(self) -> Floats:
        """Years from the first month to each. Shape (M,)."""
        return np.arange(self.months) / MONTHS

    def index(self, at: float) -> int:
        """Return the month of a day in calendar years; days outside fall into the ends."""
        year = floor(at + _EPS)
        day = (at - year) * _DAYS + _SLACK_DAYS
        month = bisect_right(_LEAP_BEGINS if isleap(year) else _BEGINS, day) - 1
        since = (year - self.first.year) * MONTHS + month - (self.first.month - 1)
        return min(max(since, 0), self.months - 1)

    def window(self, phase: int) -> Iterator[tuple[int, int]]:
        """Yield the months of a phase: index, and month of the year from 0."""
        begin = self.index(self.phases[phase].at)
        for i in range(round(self.phases[phase].years * MONTHS)):
            yield begin + i, (self.phases[phase].start.month - 1 + i) % MONTHS

    def spread(self, phase: int, shares: Floats = EVEN) -> Floats:
        """Return what a yearly amount of 1 in a phase is in each month. Shape (M,).

        A half-year has the six months of the year that it lies in.

        Args:
            phase: Index of the phase.
            shares: Share of each month of the year; they sum to 1. Shape (12,).
        """
        found = np.zeros(self.months)
        for m, month in self.window(phase):
            found[m] = shares[month]
        return found

    def at(self, day: float, amount: float = 1.0) -> Floats:
        """Return an amount on one day, by month. Shape (M,)."""
        found = np.zeros(self.months)
        found[self.index(day)] = amount
        return found
