# SPDX-License-Identifier: Apache-2.0
"""What goes into a deal and what comes out of it: projects and postings."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from loadstone.model.finance.deal import Days
from loadstone.model.money import EXACT

WHOLE = ""
"""Key of the account of a whole deal, where the others are those of projects."""
DAYS = Decimal(365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Money that one site needs or gives.

    Attributes:
        id: Id of the site.
        units: By month, minor units of the deal's currency: given above 0, needed below.
        may_pay: By month: which tranches may pay for it; empty where all may at all times.
    """

    id: str
    units: tuple[int, ...]
    may_pay: tuple[tuple[bool, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One party's money of one tier in one month.

    Attributes:
        month: Index of the month.
        party: An investor, "sponsor" or "manager".
        tier: "call" and "fee call" where it pays in; otherwise what it is paid for, or
            "clawback".
        project: Id of the site; "" where it is none's.
        units: Minor units of the deal's currency: received above 0, paid below.
    """

    month: int
    party: str
    tier: str
    project: str
    units: int


def year_part(first: date, second: date, days: Days) -> Decimal:
    """Return the years between two days.

    Args:
        first: The earlier.
        second: The later.
        days: "actual/365", or "30/360" for months of 30 days, the 31st taken as the 30th.
    """
    if days == "actual/365":
        return EXACT.divide((second - first).days, DAYS)
    months = (second.year - first.year) * 12 + second.month - first.month
    beyond = min(second.day, 30) - min(first.day, 30)
    return EXACT.divide(months * 30 + beyond, 360)
