# SPDX-License-Identifier: Apache-2.0
"""A problem in the making: columns, rows and hourly series are added one by one."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.problem import ONES, SHORTAGE_PRICE, Block, Label, Problem, Profile

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Draft:
    """Collects a problem. Equal series are kept once."""

    def __init__(self, hours: int) -> None:
        self.hours = hours
        self.blocks: list[Block] = []
        self.constant = 0.0
        self._series: list[Floats] = []
        self._groups: list[Ints] = []
        self._known: dict[bytes, int] = {}
        self._columns: list[tuple[Label, float, float, float, bool]] = []
        self._rows: list[tuple[Label, list[tuple[int, float]], float, float]] = []

    def column(
        self,
        label: Label,
        *,
        cost: float = 0.0,
        lower: float = 0.0,
        upper: float,
        whole: bool = False,
    ) -> int:
        """Add a column and return its index."""
        self._columns.append((label, cost, lower, max(upper, lower), whole))
        return len(self._columns) - 1

    def add_cost(self, column: int, cost: float) -> None:
        """Add to the cost of a column."""
        label, before, lower, upper, whole = self._columns[column]
        self._columns[column] = (label, before + cost, lower, upper, whole)

    def upper(self, column: int) -> float:
        """Return the upper bound of a column."""
        return self._columns[column][3]

    def row(
        self,
        label: Label,
        terms: Iterable[tuple[int, float]],
        *,
        lower: float = -np.inf,
        upper: float = np.inf,
    ) -> int:
        """Add a row over columns and return its index."""
        merged: dict[int, float] = {}
        for column, value in terms:
            merged[column] = merged.get(column, 0.0) + value
        self._rows.append((label, [(c, v) for c, v in merged.items() if v], lower, upper))
        return len(self._rows) - 1

    def series(self, values: Floats) -> int:
        """Keep an hourly series and return its row; `ONES` where it is 1 throughout."""
        if (values == 1.0).all():
            return ONES
        key = values.tobytes()
        if key not in self._known:
            self._known[key] = len(self._series)
            self._series.append(np.asarray(values, dtype=float))
        return self._known[key]

    def profile(self, values: Floats) -> Profile:
        """Return a series as a profile; a constant one needs no row."""
        first = float(values[0])
        if (values == first).all():
            return Profile(scale=first)
        return Profile(row=self.series(values))

    def worth(self, per_mwh: float, pue: Floats, adder: Floats) -> Profile:
        """Return the worth of a MWh at the bus that runs machines.

        Args:
            per_mwh: What a MWh at their plugs earns.
            pue: Power at the bus over power at the plugs. Shape (T,).
            adder: What a MWh at the bus costs besides. Shape (T,).
        """
        if (adder == adder[0]).all():
            row = self.series(1 / pue)
            return Profile(row=row, scale=per_mwh, shift=-float(adder[0]))
        return self.profile(per_mwh / pue - adder)

    def group(self, offsets: Ints) -> int:
        """Keep hourly capacity offsets and return their row."""
        self._groups.append(np.asarray(offsets, dtype=np.int64))
        return len(self._groups) - 1

    def problem(self, currency: str, shortage_price: float = SHORTAGE_PRICE) -> Problem:
        """Return the problem.

        Args:
            currency: Currency of all money.
            shortage_price: Price of energy missing at the bus, in that currency.
        """
        labels = [column[0] for column in self._columns]
        numbers = np.array([column[1:4] for column in self._columns], dtype=float).reshape(
            -1, 3
        )
        terms = [row[1] for row in self._rows]
        flat = [term for row in terms for term in row]
        hours = self.hours
        return Problem(
            currency=currency,
            series=np.array(self._series, dtype=float).reshape(-1, hours),
            groups=np.array(self._groups, dtype=np.int64).reshape(-1, hours),
            blocks=tuple(self.blocks),
            columns=tuple(labels),
            cost=numbers[:, 0].copy(),
            lower=numbers[:, 1].copy(),
            upper=numbers[:, 2].copy(),
            whole=np.array([column[4] for column in self._columns], dtype=np.bool_),
            rows=tuple(row[0] for row in self._rows),
            row_start=np.cumsum([0, *(len(row) for row in terms)], dtype=np.int64),
            row_column=np.array([column for column, _ in flat], dtype=np.int64),
            row_value=np.array([value for _, value in flat], dtype=float),
            row_lower=np.array([row[2] for row in self._rows], dtype=float),
            row_upper=np.array([row[3] for row in self._rows], dtype=float),
            constant=self.constant,
            shortage_price=shortage_price,
        )
