# SPDX-License-Identifier: Apache-2.0
"""Some futures, month by month: the common form that every model of a factor is drawn to."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = 1_000_000
"""Month index of what never happens."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paths:
    """Futures that were drawn or stated.

    Factors (K of them) and their meaning:

    - "hashprice": USD/PH/day, fees and halvings included;
    - "btc_price": USD; "network_eh": EH/s; "fee_share": fees over subsidy;
    - "miner_price", "used_miner_price": over the price of the facts at the nominal outlook;
    - "ai:<generation>": AI price over that of the machine facts, as `Outlook.ai_price_factor`;
    - "lease": rents of new leases over those stated;
    - "power:<zone>": power price over that of series and tariffs, as `power_price_factor`;
    - "ai", "power": in place of all "ai:..." or "power:..." where they share one path;
    - "fx:<currency>": units for one unit of the reporting currency, over the stated rate.

    Events (J of them), one number a future:

    - "delay:<site>": years by which its connection comes later;
    - "mining_ban:<country>", "expropriation:<country>": month index from which it holds, or
      `NEVER`;
    - "default:<lease>": month index from which the tenant pays no more, or `NEVER`.

    Attributes:
        first: First day of the first month.
        factors: Names of the factors. Length K.
        values: Shape (K, N, M).
        events: Names of the events. Length J.
        happens: Shape (J, N).
        weather: Which weather year each calendar year resamples, an index of the series'
            years. Shape (N, Y).
        weight: Probability of each future; they sum to 1 over all futures of a set. Shape (N,).
        seed: What they were drawn with; None for futures that somebody states.
        start: Number of the first of them in its set.
    """

    first: date
    factors: tuple[str, ...]
    values: Floats
    events: tuple[str, ...]
    happens: Floats
    weather: Ints
    weight: Floats
    seed: int | None
    start: int = 0

    def __post_init__(self) -> None:
        if self.values.shape[:2] != (len(self.factors), self.count):
            rule = f"must be ({len(self.factors)}, {self.count}, months)"
            raise InputError("values", self.values.shape, rule)
        if self.happens.shape != (len(self.events), self.count):
            rule = f"must be ({len(self.events)}, {self.count})"
            raise InputError("happens", self.happens.shape, rule)

    @property
    def count(self) -> int:
        """Number of futures, N."""
        return int(self.weight.shape[0])

    @property
    def months(self) -> int:
        """Number of months, M."""
        return int(self.values.shape[2])

    def factor(self, name: str) -> Floats:
        """Return a factor by future and month. Shape (N, M).

        Where all zones share one level, "power" is that of "power:<zone>"; so is "ai".
        """
        return np.asarray(self.values[self.factors.index(self.named(name))])

    def named(self, name: str) -> str:
        """Return the name under which a factor is kept."""
        return name if name in self.factors else name.partition(":")[0]

    def has(self, name: str) -> bool:
        """Return whether a factor moves in these futures; else it is as the outlook says."""
        return self.named(name) in self.factors

    def event(self, name: str) -> Floats:
        """Return an event by future. Shape (N,)."""
        return np.asarray(self.happens[self.events.index(name)])
