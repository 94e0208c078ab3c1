# SPDX-License-Identifier: Apache-2.0
"""What is kept of an observed series so that a typical year can be made from it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HourKind:
    """Hours of one kind: negative, at the floor, or in a spike.

    Attributes:
        share: Part of all hours, 0 to 1.
        mean: Mean value of these hours, over the level; 0 where there are none.
        run_hours: Mean length of an unbroken run of them, hours; 0 where there are none.
    """

    share: float
    mean: float
    run_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeCheck:
    """How the normalised shape fits a year that was not used to make it.

    Attributes:
        year: The year.
        level: Its mean, in the unit of the series.
        correlation: Of the 288 month-by-hour means, with those of the year.
        hour_error: Root mean square error of the 24 hourly means, over the level.
        month_error: Same of the 12 monthly means.
        cheap_half_error: Error of the mean of the lower half of all hours, over the level.
    """

    year: int
    level: float
    correlation: float
    hour_error: float
    month_error: float
    cheap_half_error: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """Statistics of an hourly series by local month and local hour of day.

    Values are over the level, so that years of different levels can be pooled; temperatures
    have the level 1. Row m, column h of a table is local month m + 1, hour h to h + 1.

    Attributes:
        zone: Market zone or place.
        variable: As in `Series`.
        unit: Unit of the level, as in `Series`.
        currency: ISO 4217 code for prices, else "".
        time_zone: IANA name of the local clock.
        years: Observed years that were pooled; empty for a shape model.
        level: Value that the tables are over; None where only the shape is known, and the
            user must state the level.
        mean: Mean of each cell. Shape (12, 24).
        spread: Standard deviation within each cell. Shape (12, 24).
        places: Shares of a cell below its quantiles, rising from 0 to 1. Shape (Q,).
        quantiles: Shape (12, 24, Q).
        least_share: Share of a cell's hours that its least value holds, e.g. a floor; 0 where
            one hour does. Shape (12, 24).
        most_share: Same of its greatest value, e.g. a cap. Shape (12, 24).
        weekday_score: Mean normal score by weekday, Monday first, and hour. Shape (7, 24).
        lags: Lags of the autocorrelation, hours.
        autocorrelation: Of the normal scores less their weekday mean. Shape (len(lags),).
        value_autocorrelation: Of the values less their cell mean of the year; lags 1, 24 and
            168 hours.
        weekend_ratio: Mean of Saturdays and Sundays over the mean of the other days.
        negative: Hours below 0.
        floor: Hours at the least value, where that is a regulated floor.
        spike: Hours above three times the level.
        follows: Correlation of the scores with those of a leading series, e.g. of the wet-bulb
            depression with the dry bulb; 0 for none.
        checks: Tests against years not used; empty where the shape is untested.
        source: Where the observed values come from, for people.
        date: Day on which the statistics were computed, ISO 8601.
        note: What a reader must know.
    """

    zone: str
    variable: str
    unit: str
    currency: str = ""
    time_zone: str
    years: tuple[int, ...] = ()
    level: float | None
    mean: Floats
    spread: Floats
    places: Floats
    quantiles: Floats
    least_share: Floats
    most_share: Floats
    weekday_score: Floats
    lags: tuple[int, ...]
    autocorrelation: Floats
    value_autocorrelation: tuple[float, float, float]
    weekend_ratio: float
    negative: HourKind
    floor: HourKind
    spike: HourKind
    follows: float = 0.0
    checks: tuple[ShapeCheck, ...] = ()
    source: str = ""
    date: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        shapes = {
            "mean": (12, 24),
            "spread": (12, 24),
            "places": (len(self.places),),
            "quantiles": (12, 24, len(self.places)),
            "least_share": (12, 24),
            "most_share": (12, 24),
            "weekday_score": (7, 24),
            "autocorrelation": (len(self.lags),),
        }
        for name, shape in shapes.items():
            found = getattr(self, name)
            if found.shape != shape:
                raise InputError(name, found.shape, f"must have the shape {shape}")
            if not np.isfinite(found).all():
                raise InputError(name, "not finite", "must be finite")
            found.flags.writeable = False
        if len(self.places) < 2 or (np.diff(self.places) <= 0).any():
            raise InputError("places", self.places.tolist(), "must rise")
        if (np.diff(self.quantiles, axis=2) < 0).any():
            raise InputError("quantiles", "falling", "must not fall within a cell")
        if self.lags[:24] != tuple(range(1, 25)) or any(lag % 24 for lag in self.lags[24:]):
            raise InputError("lags", self.lags, "must be 1 to 24, then whole days")

    @property
    def tested(self) -> bool:
        """Whether the shape was checked against a year not used to make it."""
        return bool(self.checks)

    @property
    def verdict(self) -> str:
        """Say in a few words whether and against what the shape was tested."""
        if not self.checks:
            return "shape untested"
        tests = "; ".join(
            f"{check.year} (root mean square error by hour {check.hour_error:.2f}, "
            f"by month {check.month_error:.2f}{self._error_unit})"
            for check in self.checks
        )
        return f"shape tested against {tests}"

    @property
    def _error_unit(self) -> str:
        return " of the level" if self.unit == "currency/MWh" else f" {self.unit}"
