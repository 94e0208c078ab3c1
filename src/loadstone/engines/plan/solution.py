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
    """Prices that prove a bound on one block: F(x) <= g(prices) . x for every x of at least 0.

    Any prices prove a bound, so nothing about their origin needs to be trusted. The bound of a
    whole problem is the master with one or a few cuts a block, solved again.

    Attributes:
        block: Index of the block.
        water: Value of stored energy in each hour, currency/MWh; 0 without a store. Shape (T,).
        price: Value of energy at the bus, currency/MWh, at most the shortage price. Shape (T,).
        multipliers: Price of each account, from 0 to its penalty. Shape (A,).
    """

    block: int
    water: Floats
    price: Floats
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
        iterations: Rounds of the master problem.
    """

    status: Status
    objective: float
    bound: float
    columns: Floats
    values: Floats
    row_price: Floats
    column_price: Floats
    iterations: int = 0

    @property
    def gap(self) -> float:
        """Distance from the bound, as a share of the objective."""
        return (self.bound - self.objective) / max(abs(self.objective), 1e-9)
