# SPDX-License-Identifier: Apache-2.0
"""Price shapes stated in a few published parameters, where no hourly prices can be had.

    price / level = season(month) x profile(hour) x (1 + noise), with a share of floor hours

It is lowered to the same `Calibration` as an observed market, and is always untested.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.series.calibration import Calibration, HourKind
from loadstone.engines.series.scores import LAGS, normal
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]

PLACES = (0.0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1.0)
DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=float)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeModel:
    """A price shape in parameters.

    Attributes:
        zone: Market zone.
        currency: ISO 4217 code.
        time_zone: IANA name.
        season: Factor of each month, January first; 12 values above 0.
        profile: Factor of each local hour; 24 values above 0.
        spread: Standard deviation within a cell over its mean, 0 to 1.
        memory_hours: Time in which the noise's autocorrelation fades by 1/e, hours.
        floor: Least price over the level; 0 for none.
        floor_share: Share of a day's cheapest hours' cells that lies at the floor, 0 to 0.9.
        weekend_score: Shift of Saturdays and Sundays, in standard deviations of the noise.
        source: What the parameters rest on.
        date: When they were chosen, ISO 8601.
        note: Reasons, and the range of levels that was found.
    """

    zone: str
    currency: str
    time_zone: str
    season: tuple[float, ...]
    profile: tuple[float, ...]
    spread: float
    memory_hours: float
    floor: float = 0.0
    floor_share: float = 0.0
    weekend_score: float = 0.0
    source: str
    date: str
    note: str

    def __post_init__(self) -> None:
        for name, count in (("season", 12), ("profile", 24)):
            values = getattr(self, name)
            if len(values) != count or not all(0 < value < np.inf for value in values):
                raise InputError(name, values, f"must be {count} numbers above 0")
        if not 0 <= self.spread <= 1:
            raise InputError("spread", self.spread, "must be from 0 to 1")
        if not 0 < self.memory_hours <= 1000:
            raise InputError("memory_hours", self.memory_hours, "must be above 0, to 1000")
        if not 0 <= self.floor_share <= 0.9:
            raise InputError("floor_share", self.floor_share, "must be from 0 to 0.9")
        if not 0 <= self.floor < 1:
            raise InputError("floor", self.floor, "must be at least 0 and below 1")


def shape_calibration(model: ShapeModel) -> Calibration:
    """Return the statistics that the parameters describe; the level is left to the user."""
    season, profile = np.array(model.season), np.array(model.profile)
    base = np.outer(season / np.average(season, weights=DAYS), profile / profile.mean())
    places = np.array(PLACES)
    score = normal(np.clip(places, 0.008, 0.992))
    quantiles = base[:, :, None] * np.maximum(1 + model.spread * score, 0.0)
    at_floor = _floor_shares(base, model)
    quantiles = np.where(places < at_floor[:, :, None], model.floor, quantiles)
    quantiles = np.maximum.accumulate(np.maximum(quantiles, model.floor), axis=2)
    mean = _means(quantiles, places)
    weight = DAYS[:, None] / (DAYS.sum() * 24)
    level = float((mean * weight).sum())
    quantiles, mean = quantiles / level, mean / level
    lags = np.array(LAGS, dtype=float)
    spread = np.sqrt(np.maximum(_means(quantiles**2, places) - mean**2, 0.0))
    return Calibration(
        zone=model.zone,
        variable="price",
        unit="currency/MWh",
        currency=model.currency,
        time_zone=model.time_zone,
        level=None,
        mean=mean,
        spread=spread,
        places=places,
        quantiles=quantiles,
        least_share=at_floor,
        most_share=np.zeros((12, 24)),
        weekday_score=np.repeat(_weekdays(model.weekend_score)[:, None], 24, axis=1),
        lags=LAGS,
        autocorrelation=np.exp(-lags / model.memory_hours),
        value_autocorrelation=(
            float(np.exp(-1 / model.memory_hours)),
            float(np.exp(-24 / model.memory_hours)),
            float(np.exp(-168 / model.memory_hours)),
        ),
        weekend_ratio=1.0,
        negative=HourKind(share=0.0, mean=0.0, run_hours=0.0),
        floor=HourKind(
            share=float((at_floor * weight).sum()), mean=model.floor / level, run_hours=0.0
        ),
        spike=HourKind(share=0.0, mean=0.0, run_hours=0.0),
        source=model.source,
        date=model.date,
        note=f"shape model, not observed; {model.note}",
    )


def _floor_shares(base: Floats, model: ShapeModel) -> Floats:
    """Return the share of each cell at the floor: only cells in the cheapest third have it."""
    cheap = base <= np.quantile(base, 1 / 3)
    return np.where(cheap, model.floor_share, 0.0)


def _weekdays(weekend_score: float) -> Floats:
    weekday = -2 * weekend_score / 5
    return np.array([weekday] * 5 + [weekend_score] * 2)


def _means(quantiles: Floats, places: Floats) -> Floats:
    """Return the mean of straight lines between quantiles. Shape (12, 24)."""
    middle = (quantiles[:, :, 1:] + quantiles[:, :, :-1]) / 2
    return np.asarray(middle @ np.diff(places), dtype=np.float64)
