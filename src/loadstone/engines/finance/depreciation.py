# SPDX-License-Identifier: Apache-2.0
"""What the tax office lets be written off of an asset, calendar year by calendar year."""

import numpy as np
from numpy.typing import NDArray

from loadstone.model.finance.country_finance import Depreciation

Floats = NDArray[np.float64]
MONTHS = 12


def written_off(rule: Depreciation, month: int, years: int) -> Floats:
    """Return shares of the price by calendar year, from that of use. Shape (years,).

    Args:
        rule: The schedule.
        month: Month in which the asset is put to use, 0 for January. A straight line counts
            months from it; a table and a declining balance count calendar years.
        years: Number of calendar years to tell.

    Source: the table of a five-year property with the half-year convention is in IRS
        Publication 946, appendix A, table A-1.
    """
    if rule.kind == "table":
        return np.array([*rule.shares, *[0.0] * years][:years])
    if rule.kind == "straight-line":
        return straight_line(rule.years or 1.0, month, years)
    found, left = np.zeros(years), 1.0
    for k in range(years):
        share = (rule.rate or 0.0) * (rule.first_year if k == 0 else 1.0)
        last = rule.years is not None and k + 1 >= rule.years
        found[k] = left if last else left * share
        left -= found[k]
    return found


def straight_line(life_years: float, month: int, years: int) -> Floats:
    """Return equal parts of a price by calendar year, counted in months. Shape (years,).

    Args:
        life_years: Years over which it is written off.
        month: Month of use, 0 for January.
        years: Number of calendar years to tell.
    """
    life = life_years * MONTHS
    ends = np.clip(np.arange(1, years + 1) * MONTHS - month, 0.0, life) / life
    return np.diff(ends, prepend=0.0)
