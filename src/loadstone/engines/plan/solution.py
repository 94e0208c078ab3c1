# SPDX-License-Identifier: Apache-2.0
"""What a method returns: a plan in columns, its proven bound, and what proves it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.model.plan import Status

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockDispatch:
    """A year of hours of one block, MW at the bus.

    Attributes:
        power: Power of each segment. Shape (J, T).
        charge, discharge: Battery. Shape (T,).
        stored: Energy stored at the end of the hour, MWh. Shape (T,).
        shortage: Power that was missing. Shape (T,).
        worth: Value of one more MWh at the bus, currency/MWh. Shape (T,).
    """

    power: Floats
    charge: Floats
    discharge: Floats
    stored: Floats
    shortage: Floats
    worth: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """A proven bound on one block: F(x) <= slope . x for every x of at least 0.

    Attributes:
        block: Index of the block.
        slope: Currency per unit of each capacity. Shape (K,).
        water: Water value of each hour that proves it, currency/MWh. Shape (T,).
        multipliers: Price of each account that proves it, from 0 to its penalty. Shape (A,).
    """

    block: int
    slope: Floats
    water: Floats
    multipliers: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """A plan with its proof.

    Attributes:
        status: How the search ended.
        objective: Value of the plan.
        bound: No plan is worth more.
        columns: Amount of each column. Shape (C,).
        values: Yearly value of each block's dispatch. Shape (B,).
        row_price: What one more unit of each row's limit is worth. Shape (M,).
        column_price: What one more unit of each column's bound is worth. Shape (C,).
        cuts: The bounds that prove it; empty where another method proved it.
        iterations: Rounds of the master problem.
        notes: What forced a slower way, and what it cost.
    """

    status: Status
    objective: float
    bound: float
    columns: Floats
    values: Floats
    row_price: Floats
    column_price: Floats
    cuts: tuple[Cut, ...] = ()
    iterations: int = 0
    notes: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """Distance from the bound, as a share of the objective."""
        return (self.bound - self.objective) / max(abs(self.objective), 1e-9)
