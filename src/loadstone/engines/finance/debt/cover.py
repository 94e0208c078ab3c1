# SPDX-License-Identifier: Apache-2.0
"""How well cash covers the service of a debt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """Cash over service in periods with service.

    Attributes:
        ratio: NaN where there is no service. Shape (T,).
    """

    ratio: Floats

    @property
    def least(self) -> float | None:
        """The lowest; None without service."""
        return float(np.nanmin(self.ratio)) if self._any else None

    @property
    def mean(self) -> float | None:
        """The mean over periods; None without service."""
        return float(np.nanmean(self.ratio)) if self._any else None

    @property
    def _any(self) -> bool:
        return bool(np.isfinite(self.ratio).any())


def cover(cash: Floats, service: Floats) -> Cover:
    """Return the debt service cover (DSCR) of each period.

    Args:
        cash: Available for debt service. Shape (T,).
        service: Interest and principal. Shape (T,).
    """
    due = service > 1e-9 * max(float(service.max(initial=0.0)), 1e-9)
    ratio = np.full(len(service), np.nan)
    ratio[due] = cash[due] / service[due]
    return Cover(ratio=ratio)


def loan_life_cover(cash: Floats, rate: float, amount: float) -> float | None:
    """Return the present value of cash over the life of the loan over its amount (LLCR).

    Args:
        cash: Available at the end of each period of repayment. Shape (T,).
        rate: Interest a period.
        amount: Balance at the start of these periods.
    """
    if amount <= 0.0:
        return None
    worth = cash @ (1.0 + rate) ** -np.arange(1.0, len(cash) + 1.0)
    return float(worth / amount)
