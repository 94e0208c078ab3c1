# SPDX-License-Identifier: Apache-2.0
"""How other miners and users of the Bitcoin network behave."""

from dataclasses import dataclass
from math import inf, pi

from loadstone.model.bounds import at_least_zero
from loadstone.model.errors import InputError
from loadstone.model.futures.level import MONTHS, MOST_VOLATILITY, Level
from loadstone.model.source import Confidence, check_confidence

MOST_LAG_MONTHS = 36
MOST_SPIKE = 10.0  # fees of ten subsidies, a month long


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashrate:
    """Free entry and slow exit of hashrate.

    Hashprice is deflated by the progress of machines: what the same machine earned on the
    day of the file. Above `entry_usd_ph_day` machines are ordered, which arrive some months
    later; below `exit_usd_ph_day` machines are switched off. On the outlook's own path the
    network grows as the outlook says; a future's differs by what its miners do differently.

    Attributes:
        entry_usd_ph_day: Deflated hashprice above which machines are ordered.
        exit_usd_ph_day: Deflated hashprice below which machines leave.
        progress: Part by which a unit of hashrate gets cheaper to buy and run in a year, e.g.
            0.2: both limits fall by it.
        entry_speed: How fast hashrate grows a year, per logarithm that hashprice is too high.
        exit_speed: How fast it shrinks a year, per logarithm that hashprice is too low.
        delivery_months: Months from an order to running machines.
        volatility: Standard deviation of a year's change that has other causes.
        source: What the numbers were computed from, with its period, or who states them.
        confidence: How sure they are.
        note: What a reader should know.
    """

    entry_usd_ph_day: float
    exit_usd_ph_day: float
    progress: float
    entry_speed: float
    exit_speed: float
    delivery_months: int
    volatility: float = 0.0
    source: str
    confidence: Confidence = "low"
    note: str = ""

    def __post_init__(self) -> None:
        at_least_zero(self, "entry_speed", "exit_speed", "volatility")
        if self.volatility > MOST_VOLATILITY:
            rule = f"must be at most {MOST_VOLATILITY:g}"
            raise InputError("volatility", self.volatility, rule)
        for name in ("entry_usd_ph_day", "exit_usd_ph_day"):
            if not 0 < getattr(self, name) < inf:
                raise InputError(name, getattr(self, name), "must be finite and above 0")
        if self.exit_usd_ph_day > self.entry_usd_ph_day:
            rule = f"must be at most entry_usd_ph_day {self.entry_usd_ph_day:g}"
            raise InputError("exit_usd_ph_day", self.exit_usd_ph_day, rule)
        if not 0 <= self.progress < 1:
            raise InputError("progress", self.progress, "must be at least 0 and below 1")
        if not 0 <= self.delivery_months <= MOST_LAG_MONTHS:
            rule = f"must be from 0 to {MOST_LAG_MONTHS}"
            raise InputError("delivery_months", self.delivery_months, rule)
        # beyond it a delayed answer to its own past swings ever more
        steady = pi / 2 * MONTHS / (self.delivery_months + 1)
        if self.entry_speed >= steady:
            rule = f"must be below {steady:.2f} with this delivery, or hashrate would swing"
            raise InputError("entry_speed", self.entry_speed, rule)
        if self.exit_speed >= MONTHS:
            raise InputError("exit_speed", self.exit_speed, f"must be below {MONTHS}")
        check_confidence(self.confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Fees over subsidy: a share that comes back to the outlook's, and months of spikes.

    Attributes:
        level: How the share wanders.
        spikes_per_year: Months of spikes a year.
        spike: Mean share that a spike adds, e.g. 0.2; its size is exponential.
    """

    level: Level
    spikes_per_year: float = 0.0
    spike: float = 0.0

    def __post_init__(self) -> None:
        at_least_zero(self, "spikes_per_year", "spike")
        if self.spikes_per_year > MONTHS:
            rule = f"must be at most {MONTHS}"
            raise InputError("spikes_per_year", self.spikes_per_year, rule)
        if self.spike > MOST_SPIKE:
            raise InputError("spike", self.spike, f"must be at most {MOST_SPIKE:g}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MinerPrices:
    """Prices of miners, which follow each future's hashprice.

    New ones go as the facts say: miner-price-elasticity and miner-scrap.

    Attributes:
        used_elasticity: Power of hashprice that the price of second-hand miners goes with.
        source: Who says so.
    """

    used_elasticity: float
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.used_elasticity <= 3:
            raise InputError("used_elasticity", self.used_elasticity, "must be from 0 to 3")
