# SPDX-License-Identifier: Apache-2.0
"""Cooling plants: how the heat of machines leaves a site, and what that draws."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite

from loadstone.model.errors import InputError
from loadstone.model.source import Confidence, FactProvenance, check_confidence

_TEMPERATURES = (
    "tower_approach_k",
    "exchanger_approach_k",
    "band_k",
    "condenser_approach_k",
)
_SHARES = ("fan_share", "pump_share", "electrical_loss_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingPlant:
    """A cooling plant with free cooling in cool air and a compressor in warm air.

    Shares are of the machines' power at full load.

    Attributes:
        name: Name for people.
        use: What it cools, "mining" or "ai".
        supply_c: Temperature at which the machines are fed, degC.
        tower_approach_k: Water leaving the tower, or dry cooler, above the air, K.
        exchanger_approach_k: Further rise across the heat exchanger, K.
        band_k: Width of the band in which the compressor takes over, K.
        eta: Part of the ideal (Carnot) efficiency that the compressor reaches, 0 to 1.
        condenser_approach_k: Condenser above the air, K.
        fan_share: Fans at full load; they follow the cube of the load.
        pump_share: Pumps.
        electrical_loss_share: Transformers, distribution and uninterruptible supply.
        dry: Whether heat goes to the dry-bulb temperature; else to the wet-bulb.
        compressor: Whether there is one; without, warm air means derating.
        derate_from_c: Air temperature above which machines slow down, degC; None for never.
        stop_c: Air temperature at which they must stop, degC; between the two it is linear.
        ranges: Lowest and highest value found for a parameter chosen from a range.
        source: Key in sources.toml.
        date: When the values were read or chosen.
        confidence: How sure the source is.
        assumption: Whether values were chosen from a range.
        provenance: "shipped", or "user" where a user's file says so.
        note: Anything a reader should know.
    """

    name: str
    use: str
    supply_c: float
    tower_approach_k: float
    exchanger_approach_k: float
    band_k: float
    eta: float
    condenser_approach_k: float
    fan_share: float
    pump_share: float
    electrical_loss_share: float
    dry: bool
    compressor: bool = True
    derate_from_c: float | None = None
    stop_c: float | None = None
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    source: str
    date: datetime.date
    confidence: Confidence
    assumption: bool = False
    provenance: FactProvenance = "shipped"
    note: str = ""

    def __post_init__(self) -> None:
        check_confidence(self.confidence)
        if self.use not in {"mining", "ai"}:
            raise InputError("use", self.use, 'must be "mining" or "ai"')
        if not -20 <= self.supply_c <= 80:
            raise InputError("supply_c", self.supply_c, "must be from -20 to 80 degC")
        for name in _TEMPERATURES:
            value = getattr(self, name)
            if not 0 <= value < inf:
                raise InputError(name, value, "must be finite and at least 0")
        if not self.band_k > 0:
            raise InputError("band_k", self.band_k, "must be above 0")
        for name in _SHARES:
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise InputError(name, value, "must be at least 0 and below 1")
        if not 0 < self.eta <= 1:
            raise InputError("eta", self.eta, "must be above 0 and at most 1")
        self._check_derating()
        self._check_ranges()

    def _check_derating(self) -> None:
        if (self.derate_from_c is None) != (self.stop_c is None):
            raise InputError("stop_c", self.stop_c, "must be given together with derate_from_c")
        if self.derate_from_c is None or self.stop_c is None:
            return
        if not (isfinite(self.derate_from_c) and self.derate_from_c < self.stop_c < inf):
            raise InputError("stop_c", self.stop_c, "must be finite and above derate_from_c")

    def _check_ranges(self) -> None:
        for name, (low, high) in self.ranges.items():
            if not isinstance(getattr(self, name, None), float | int):
                raise InputError(
                    f"ranges.{name}", (low, high), "must be of a number of the plant"
                )
            if not low <= getattr(self, name) <= high:
                raise InputError(f"ranges.{name}", (low, high), "must hold the value used")
