# SPDX-License-Identifier: Apache-2.0
"""Typical years of air and wet-bulb temperature.

Two ways: from the statistics of an observed place, or, where none is observed, from the two
design temperatures of a climate station.

The model from design temperatures, in kelvin about a middle:

    air(t) = A annual(day) + D diurnal(hour) + S (1 - W annual(day)) noise(t)

annual and diurnal are cosines with their top on the hottest day and at 15:00 local; D is a
fifth of the range R between the design temperatures, but at most 3.5 K + 0.4 x dryness; S is
0.11 R; W rises from 0 at R = 20 K to 0.3 at 40 K, since cold continents vary most in winter.
The noise has the memory of an observed place. A is found, and all is shifted, so that 1 % and
99 % of the hours lie below the two design temperatures. The shares were read off eight places
observed from 2021 to 2023: R from 7 to 43 K, S over R 0.09 to 0.14, D over R 0.07 to 0.23.

The dew point follows the day's least temperature, `dryness_k` below it; air holds no more.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.series.calibration import Calibration
from loadstone.engines.series.clock import grid_clock
from loadstone.engines.series.moist_air import vapour_pressure_hpa, wetbulb_c
from loadstone.engines.series.scores import noise
from loadstone.engines.series.typical import typical_values
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Provenance, Series

Floats = NDArray[np.float64]

HOTTEST_HOUR = 15
NOISE_SHARE = 0.11
DIURNAL_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A climate station known by its design temperatures.

    Attributes:
        id: Short name, e.g. "RU-BRATSK".
        name: Name of the station.
        country: ISO 3166-1 code.
        latitude, longitude: Position, degrees.
        elevation_m: Height, m.
        time_zone: IANA name.
        heating_c: Air temperature that 99 % of the hours exceed, degC.
        cooling_c: Air temperature that 1 % of the hours exceed, degC.
        hottest_day: Day of the year about which the warm season is centred, 1 to 365.
        dryness_k: Dew point below the least temperature of the day, K.
        source: Where the temperatures come from.
    """

    id: str
    name: str
    country: str
    latitude: float
    longitude: float
    elevation_m: float
    time_zone: str
    heating_c: float
    cooling_c: float
    hottest_day: int
    dryness_k: float
    source: str

    def __post_init__(self) -> None:
        if not -80 <= self.heating_c < self.cooling_c <= 60:
            pair = self.heating_c, self.cooling_c
            raise InputError("heating_c, cooling_c", pair, "must rise, within -80 to 60 degC")
        if not 1 <= self.hottest_day <= 365:
            raise InputError("hottest_day", self.hottest_day, "must be from 1 to 365")
        if not 0 <= self.dryness_k <= 30:
            raise InputError("dryness_k", self.dryness_k, "must be from 0 to 30 K")
        if not -500 <= self.elevation_m <= 6000:
            raise InputError("elevation_m", self.elevation_m, "must be from -500 to 6000 m")


def typical_weather(
    drybulb: Calibration,
    depression: Calibration,
    grid: TimeGrid,
    generator: np.random.Generator,
) -> tuple[Series, Series]:
    """Return typical air and wet-bulb temperatures of an observed place, labelled synthetic.

    Args:
        drybulb: Statistics of the air temperature, degC.
        depression: Statistics of dry bulb less wet bulb, K, that follow those of the air.
        grid: A planning year.
        generator: Randomness.
    """
    air, scores = typical_values(drybulb, grid, generator)
    below, _ = typical_values(depression, grid, generator, lead=scores)
    source = f"typical year from statistics of {drybulb.source}"
    wet = air - np.maximum(below, 0.0)
    return _pair(drybulb.zone, grid, air, wet, source=source, note=drybulb.verdict)


def station_weather(
    station: Station, memory: Calibration, grid: TimeGrid, generator: np.random.Generator
) -> tuple[Series, Series]:
    """Return synthetic air and wet-bulb temperatures from two design temperatures.

    Args:
        station: The climate station.
        memory: Statistics of an observed place, of which the noise takes the autocorrelation.
        grid: A planning year.
        generator: Randomness.
    """
    clock = grid_clock(grid, station.time_zone)
    day = np.arange(grid.count) / 24.0
    annual = np.cos(2 * np.pi * (day - station.hottest_day) / 365.0)
    middle = (clock.hour + 0.5 - HOTTEST_HOUR) / 24.0
    width = station.cooling_c - station.heating_c
    diurnal = min(DIURNAL_SHARE * width, 3.5 + 0.4 * station.dryness_k)
    winter = 0.3 * float(np.clip((width - 20.0) / 20.0, 0.0, 1.0))
    drawn = noise(memory.lags, memory.autocorrelation, generator.standard_normal(grid.count))
    rest = (
        diurnal * np.cos(2 * np.pi * middle)
        + NOISE_SHARE * width * (1 - winter * annual) * drawn
    )
    air = _to_quantiles(annual, rest, station.heating_c, station.cooling_c)
    wet = wetbulb_c(air, _humidity_pct(air, station.dryness_k), station.elevation_m)
    note = (
        "shape untested: annual and daily cosines through the design temperatures "
        f"{station.heating_c:g} and {station.cooling_c:g} degC, noise with the memory of "
        f"{memory.zone}, dew point {station.dryness_k:g} K below the day's least temperature"
    )
    source = f"synthetic year from design temperatures of {station.source}"
    return _pair(station.id, grid, air, wet, source=source, note=note)


def _to_quantiles(annual: Floats, rest: Floats, low: float, high: float) -> Floats:
    """Return annual x A + rest, shifted, with 1 % of hours below `low` and above `high`."""
    width = high - low
    small, large = 0.0, 2 * width
    for _ in range(30):
        middle = (small + large) / 2
        if _range(middle * annual + rest) < width:
            small = middle
        else:
            large = middle
    made = small * annual + rest
    made = made * (width / _range(made))
    return np.asarray(made + low - np.quantile(made, 0.01), dtype=np.float64)


def _range(values: Floats) -> float:
    low, high = np.quantile(values, (0.01, 0.99))
    return float(high - low)


def _humidity_pct(air: Floats, dryness_k: float) -> Floats:
    """Return relative humidity from the day's least temperature, smooth from day to day."""
    days = air[: len(air) // 24 * 24].reshape(-1, 24).min(axis=1)
    noon = np.arange(len(days)) * 24 + 12
    dew = np.interp(np.arange(len(air)), noon, days) - dryness_k
    ratio = vapour_pressure_hpa(np.minimum(dew, air)) / vapour_pressure_hpa(air)
    return np.clip(100.0 * ratio, 1.0, 100.0)


def _pair(
    zone: str, grid: TimeGrid, air: Floats, wet: Floats, *, source: str, note: str
) -> tuple[Series, Series]:
    def series(variable: str, values: Floats) -> Series:
        return Series(
            kind="weather",
            zone=zone,
            variable=variable,
            unit="degC",
            year=int(grid.start.year),
            values=values,
            provenance=np.full(grid.count, Provenance.SYNTHETIC, np.uint8),
            source=source,
            note=note,
        )

    return series("drybulb_c", air), series("wetbulb_c", wet)
