# SPDX-License-Identifier: Apache-2.0
"""Tax on income with losses that are carried forward.

Losses are used in the order in which they were made, up to a share of each year's income, and
are lost after some years. Tax is never negative: what a loss is worth comes later or not at
all.
"""

from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from loadstone.model.country import Country
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRules:
    """How a year's profit is taxed.

    Attributes:
        rate: Share of taxable income.
        loss_limit: Part of a year's income that losses may reduce, 0 to 1.
        loss_years: Years after its own in which a loss may be used; inf for all.
    """

    rate: float
    loss_limit: float = 1.0
    loss_years: float = inf

    def __post_init__(self) -> None:
        for name in ("rate", "loss_limit"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(name, getattr(self, name), "must be from 0 to 1")
        if self.loss_years < 0:
            raise InputError("loss_years", self.loss_years, "must be at least 0")

    @classmethod
    def of(cls, country: Country, rate: float) -> "TaxRules":
        """Return the rules of a country for income at a rate."""
        limit, years = country.finance.loss_limit, country.finance.loss_years
        return cls(
            rate=rate,
            loss_limit=1.0 if limit is None else limit.value,
            loss_years=inf if years is None else years.value,
        )


def tax_by_year(profit: Floats, rules: TaxRules) -> Floats:
    """Return the tax of each year of each future. Shape (N, Y).

    Args:
        profit: Taxable profit before losses of earlier years, in one money (the country's
            own). Shape (N, Y).
        rules: How it is taxed.

    Source: 26 U.S.C. 172(a)(2) for a limit as a share of income.
    """
    losses = np.zeros_like(profit)
    tax = np.zeros_like(profit)
    for y in range(profit.shape[1]):
        income = np.maximum(profit[:, y], 0.0)
        room = rules.loss_limit * income
        for made in range(y):
            if y - made <= rules.loss_years:
                used = np.minimum(losses[:, made], room)
                losses[:, made] -= used
                room -= used
                income -= used
        tax[:, y] = rules.rate * income
        losses[:, y] = np.maximum(-profit[:, y], 0.0)
    return tax
