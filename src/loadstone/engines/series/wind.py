# SPDX-License-Identifier: Apache-2.0
"""Typical years of wind plants: speeds with memory through a stated power curve.

Speeds follow a Weibull distribution with shape 2, the common choice where none is measured
(IEC 61400-12-1), with a memory that fades by 1/e in 20 hours (speeds at 10 m of eight places,
2021 to 2023, correlate by 0.86 to 0.94 after 1 h, mostly by 0.2 to 0.5 after 24 h), and a
yearly and a daily wave in how high an hour stands among all hours.

The plant's curve rises with the cube of the speed from 3 m/s to full power at 11 m/s and stops
at 25 m/s, smoothed by 0.8 m/s for the many turbines of a plant, less 15 % for wakes, losses and
outages.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.series.clock import grid_clock
from loadstone.engines.series.mean_output import setting_for
from loadstone.engines.series.scores import LAGS, noise
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Provenance, Series

Floats = NDArray[np.float64]

WIND_MEMORY_HOURS = 20.0
CUT_IN, FULL, CUT_OUT = 3.0, 11.0, 25.0
SMOOTHING = 0.8
KEPT = 0.85
LEAST_SPEED, MOST_SPEED = 2.0, 14.0
HIGHEST_USEFUL_SPEED = 11.0
"""Beyond it, hours above cut-out cost more than calm hours gain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindPlant:
    """A wind plant at a place.

    Attributes:
        id: Name of the series, usually the site's id.
        time_zone: IANA name, for the daily wave.
        mean_speed_m_s: Mean wind speed at hub height, 2 to 14 m/s.
        capacity_factor: Mean output over nameplate; given, it sets the speed.
        windiest_day: Day of the year about which the windy season is centred.
        season: Height of the yearly wave, in standard deviations, 0 to 0.9.
        night: Height of the daily wave, highest at 2:00, in standard deviations, 0 to 0.9.
    """

    id: str
    time_zone: str
    mean_speed_m_s: float = 7.0
    capacity_factor: float | None = None
    windiest_day: int = 15
    season: float = 0.3
    night: float = 0.15

    def __post_init__(self) -> None:
        if not LEAST_SPEED <= self.mean_speed_m_s <= MOST_SPEED:
            rule = f"must be from {LEAST_SPEED:g} to {MOST_SPEED:g} m/s"
            raise InputError("mean_speed_m_s", self.mean_speed_m_s, rule)
        if self.capacity_factor is not None and not 0 < self.capacity_factor < 1:
            raise InputError("capacity_factor", self.capacity_factor, "must be between 0 and 1")
        for name in ("season", "night"):
            if not 0 <= getattr(self, name) <= 0.9:
                raise InputError(name, getattr(self, name), "must be from 0 to 0.9")


def typical_wind(plant: WindPlant, grid: TimeGrid, generator: np.random.Generator) -> Series:
    """Return a typical year of a wind plant's output, labelled synthetic.

    Args:
        plant: The plant and its place.
        grid: A planning year.
        generator: Randomness.

    Raises:
        InputError: No mean speed gives the capacity factor asked for.
    """
    clock = grid_clock(grid, plant.time_zone)
    day = np.arange(grid.count) / 24.0
    wave = plant.season * np.cos(2 * np.pi * (day - plant.windiest_day) / 365.0)
    wave += plant.night * np.cos(2 * np.pi * (clock.hour - 2) / 24.0)
    memory = np.exp(-np.array(LAGS) / WIND_MEMORY_HOURS)
    height = wave + noise(LAGS, memory, generator.standard_normal(grid.count))
    place = (np.argsort(np.argsort(height)) + 0.5) / grid.count
    shape = np.sqrt(-np.log1p(-place)) / (np.sqrt(np.pi) / 2)  # Weibull, shape 2, mean 1

    def output(speed: float) -> Floats:
        return power_curve(shape * speed)

    speed = plant.mean_speed_m_s
    if plant.capacity_factor is not None:
        speed = setting_for(output, plant.capacity_factor, LEAST_SPEED, HIGHEST_USEFUL_SPEED)
    values = output(speed)
    return Series(
        kind="wind",
        zone=plant.id,
        variable="capacity_factor",
        unit="1",
        year=int(grid.start.year),
        values=values,
        provenance=np.full(grid.count, Provenance.SYNTHETIC, np.uint8),
        source="synthetic year: Weibull speeds with memory through a cubic power curve",
        note=f"shape untested; mean speed {speed:.2f} m/s, "
        f"mean capacity factor {values.mean():.3f}",
    )


def power_curve(speed_m_s: Floats) -> Floats:
    """Return a plant's output over nameplate, 0 to 0.85. Shape as given."""
    return np.interp(speed_m_s, *_CURVE)


def _smooth_curve() -> tuple[Floats, Floats]:
    speed = np.linspace(0.0, 40.0, 801)
    single = np.clip((speed**3 - CUT_IN**3) / (FULL**3 - CUT_IN**3), 0.0, 1.0)
    single[speed >= CUT_OUT] = 0.0
    step = float(speed[1] - speed[0])
    width = np.arange(-3 * SMOOTHING, 3 * SMOOTHING + step / 2, step)
    weight = np.exp(-0.5 * (width / SMOOTHING) ** 2)
    smooth = np.convolve(single, weight / weight.sum(), mode="same")
    return speed, KEPT * smooth


_CURVE = _smooth_curve()
