# SPDX-License-Identifier: Apache-2.0
"""What may happen in a future: late connections, bans, expropriation, tenants that fail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from loadstone.model.bounds import at_least_zero
from loadstone.model.errors import InputError
from loadstone.model.futures.level import MOST_VOLATILITY, check_share
from loadstone.model.source import Confidence, check_confidence

OTHER = "other"
"""Credit of tenants whose own is not listed."""
MOST_MONTHS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """How late connections and transformers come: a lognormal time around the stated lead.

    Attributes:
        overrun: Median time beyond the stated lead, over that lead, e.g. 0.2.
        spread: Standard deviation of the logarithm of the time.
        together: Correlation between sites of a country, 0 to 1.
        source: What the numbers were computed from, or who states them.
        confidence: How sure they are.
        note: What a reader should know.
    """

    overrun: float
    spread: float
    together: float = 0.0
    source: str
    confidence: Confidence = "low"
    note: str = ""

    def __post_init__(self) -> None:
        at_least_zero(self, "spread")
        check_share(self, "together")
        if self.spread > MOST_VOLATILITY:
            raise InputError("spread", self.spread, f"must be at most {MOST_VOLATILITY:g}")
        if not isfinite(self.overrun) or not -1 < self.overrun <= 10:
            raise InputError("overrun", self.overrun, "must be above -1 and at most 10")
        check_confidence(self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """What a state may do, as chances a year.

    Attributes:
        country: ISO 3166-1 code.
        mining_ban: Chance a year of a ban on mining that stays, beside dated rules.
        expropriation: Chance a year that everything in the country is lost.
        source: What the chances were computed from, or who states them.
        confidence: How sure they are.
        note: What a reader should know.
    """

    country: str
    mining_ban: float = 0.0
    expropriation: float = 0.0
    source: str
    confidence: Confidence = "low"
    note: str = ""

    def __post_init__(self) -> None:
        _chance("mining_ban", self.mining_ban)
        _chance("expropriation", self.expropriation)
        check_confidence(self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """Tenants that stop paying.

    Attributes:
        yearly: Chance a year by the credit that a lease states; "other" for the rest.
        vacant_months: Months that a hall stands empty before somebody else rents it.
        source: What the chances were computed from, or who states them.
        confidence: How sure they are.
        note: What a reader should know.
    """

    yearly: Mapping[str, float] = field(default_factory=dict)
    vacant_months: float = 0.0
    source: str
    confidence: Confidence = "low"
    note: str = ""

    def __post_init__(self) -> None:
        at_least_zero(self, "vacant_months")
        if self.vacant_months > MOST_MONTHS:
            rule = f"must be at most {MOST_MONTHS:g}"
            raise InputError("vacant_months", self.vacant_months, rule)
        for credit, chance in self.yearly.items():
            _chance(f"yearly.{credit}", chance)
        check_confidence(self.confidence)

    def chance(self, credit: str) -> float | None:
        """Return the chance a year for a tenant's credit; None where none is stated."""
        return self.yearly.get(credit, self.yearly.get(OTHER))


def _chance(name: str, chance: float) -> None:
    if not 0 <= chance < 1:
        raise InputError(name, chance, "must be at least 0 and below 1")
