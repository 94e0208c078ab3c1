# SPDX-License-Identifier: Apache-2.0
"""When the money of an asset is spent before it is in use."""

import datetime
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isclose

from loadstone.model.errors import InputError
from loadstone.model.source import Confidence, FactProvenance, check_confidence


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendCurve:
    """The payments for an asset, from the first to the last.

    Attributes:
        steps: Pairs of years before it is in use, falling, and share of its price; they add
            up to 1.
        source: Key in sources.toml.
        date: When the source said so.
        confidence: How sure the source is.
        assumption: Whether the curve was chosen.
        provenance: "shipped", or "user" where a user's file says so.
        note: Anything a reader should know.
    """

    steps: tuple[tuple[float, float], ...]
    source: str
    date: datetime.date
    confidence: Confidence
    assumption: bool = False
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        if not self.steps:
            raise InputError("steps", (), "must have at least one")
        for years, share in self.steps:
            if not (0 <= years < inf and 0 < share <= 1):
                rule = "must be years of at least 0 and a share above 0"
                raise InputError("steps", (years, share), rule)
        if any(a[0] <= b[0] for a, b in pairwise(self.steps)):
            raise InputError("steps", self.steps, "must fall in years")
        total = sum(share for _, share in self.steps)
        if not isclose(total, 1.0, abs_tol=1e-9):
            raise InputError("steps", total, "must have shares that add up to 1")
        check_confidence(self.confidence)

    def worth_in_use(self, rate: float) -> float:
        """Return what the payments are worth on the day of use, over the price.

        Args:
            rate: Interest a year; 0.10 makes a payment two years before 1.21 times itself.
        """
        return sum(share * float((1 + rate) ** years) for years, share in self.steps)

    def spent(self, years_before: float, until: float) -> float:
        """Return the share of the price that is spent in a time before use.

        Args:
            years_before: Beginning of the time, years before use.
            until: Its end, years before use; payments on that day are not in it.
        """
        return sum(share for years, share in self.steps if until < years <= years_before)
