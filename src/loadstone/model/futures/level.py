# SPDX-License-Identifier: Apache-2.0
"""How the level of a price wanders around what the outlook says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite, log

from loadstone.model.bounds import at_least_zero
from loadstone.model.errors import InputError
from loadstone.model.source import Confidence, check_confidence

MONTHS = 12
MOST_VOLATILITY = 5.0
"""A year; above it nothing is meant."""


def check_share(value: object, *names: str) -> None:
    """Refuse fields that are not from 0 to 1.

    Raises:
        InputError: A field is.
    """
    for name in names:
        number = getattr(value, name)
        if not 0 <= number <= 1:
            raise InputError(name, number, "must be from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wild:
    """Times in which a price moves more than it does else.

    Attributes:
        ratio: Volatility in such times over that in calm ones, at least 1.
        share: Part of all months that are wild, above 0 and below 1.
        months: How long such a time lasts on average, at least 1.
    """

    ratio: float
    share: float
    months: float

    def __post_init__(self) -> None:
        if not 1 <= self.ratio < inf:
            raise InputError("ratio", self.ratio, "must be finite and at least 1")
        if not 0 < self.share < 1:
            raise InputError("share", self.share, "must be above 0 and below 1")
        if not 1 <= self.months < inf:
            raise InputError("months", self.months, "must be finite and at least 1")
        if self.begins > 1 + 1e-9:
            rule = f"must be at least {self.share / (1 - self.share):.3g} for such a share"
            raise InputError("months", self.months, rule)

    @property
    def begins(self) -> float:
        """Chance that a calm month is followed by a wild one."""
        return self.share / (1 - self.share) / self.months


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """How the logarithm of a price wanders around that of the outlook.

    Attributes:
        volatility: Standard deviation of a year's change, of the shocks alone, e.g. 0.5; in
            calm times where there are wild ones.
        half_life_months: Time in which half of a shock is gone; None where shocks stay.
        trend_sd: Standard deviation of a lasting drift a year that nobody knows yet.
        jumps_per_year: Jumps a year; at most one a month. They stay.
        jump_mean: Mean jump of the logarithm; the drift makes up for it.
        jump_sd: Standard deviation of a jump.
        wild: Times of more volatility; None for none.
        source: What the numbers were computed from, with its period, or who states them.
        confidence: How sure they are.
        note: What a reader should know.
    """

    volatility: float
    half_life_months: float | None = None
    trend_sd: float = 0.0
    jumps_per_year: float = 0.0
    jump_mean: float = 0.0
    jump_sd: float = 0.0
    wild: Wild | None = None
    source: str
    confidence: Confidence = "low"
    note: str = ""

    def __post_init__(self) -> None:
        at_least_zero(self, "volatility", "trend_sd", "jumps_per_year", "jump_sd")
        for name in ("volatility", "trend_sd", "jump_sd"):
            if getattr(self, name) > MOST_VOLATILITY:
                rule = f"must be at most {MOST_VOLATILITY:g}"
                raise InputError(name, getattr(self, name), rule)
        if self.jumps_per_year > MONTHS:
            raise InputError("jumps_per_year", self.jumps_per_year, f"must be at most {MONTHS}")
        if not isfinite(self.jump_mean) or abs(self.jump_mean) > MOST_VOLATILITY:
            rule = f"must be from -{MOST_VOLATILITY:g} to {MOST_VOLATILITY:g}"
            raise InputError("jump_mean", self.jump_mean, rule)
        if self.half_life_months is not None and not 0 < self.half_life_months < inf:
            rule = "must be finite and above 0; leave it out where shocks stay"
            raise InputError("half_life_months", self.half_life_months, rule)
        check_confidence(self.confidence)

    @property
    def kept(self) -> float:
        """Part of a deviation that is left after a month."""
        if self.half_life_months is None:
            return 1.0
        return float(0.5 ** (1 / self.half_life_months))

    @property
    def monthly_sd(self) -> float:
        """Standard deviation of a month's shock, exact for the process in continuous time."""
        if self.half_life_months is None:
            return float(self.volatility / MONTHS**0.5)
        reversion = log(2) * MONTHS / self.half_life_months
        spread = (1 - self.kept**2) / (2 * reversion)
        return float(self.volatility * spread**0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Levels of things of one kind: generations of AI servers, zones of power, currencies.

    Attributes:
        level: Of each that has none of its own; None where only those named move.
        each: Levels of single ones, by their name.
        together: Correlation between the shocks of any two of them, 0 to 1; at 1, and with
            one level for all, there is one path for all.
        jumps_together: Whether a jump hits all of them at once, like the launch of a new
            generation of GPUs.
    """

    level: Level | None = None
    each: Mapping[str, Level] = field(default_factory=dict)
    together: float
    jumps_together: bool = False

    def __post_init__(self) -> None:
        check_share(self, "together")
        if self.level is None and not self.each:
            raise InputError("level", None, "must be given, or `each` must name some")

    def of(self, name: str) -> Level | None:
        """Return the level of one of them; None where it stays as the outlook says."""
        return self.each.get(name, self.level)

    @property
    def one_path(self) -> bool:
        """Whether there is one path for all of them."""
        return self.together == 1 and not self.each
