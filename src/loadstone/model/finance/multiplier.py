# SPDX-License-Identifier: Apache-2.0
"""What one unit of value added directly is said to bring in a whole economy."""

import datetime
from dataclasses import dataclass

from loadstone.model.errors import InputError

MOST = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiplier:
    """A range that the user states for a country: a row of `[[multipliers]]` in deals.toml.

    It is gross: what the same money, people and power would have brought elsewhere is in it.

    Attributes:
        country: ISO 3166-1 code.
        low, high: Value added in all over that added directly.
        source: Who says so, in which model.
        date: When it was said.
    """

    country: str
    low: float
    high: float
    source: str
    date: datetime.date

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise InputError("source", self.source, "must say who states the multiplier")
        if not 1 <= self.low < self.high <= MOST:
            rule = f"must be a range from 1 to {MOST:g}, its low below its high"
            raise InputError("low, high", (self.low, self.high), rule)
