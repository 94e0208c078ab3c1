# SPDX-License-Identifier: Apache-2.0
"""Typical years of solar plants: sun, clear sky, clouds with memory, panels.

All of it is stated here; the tests compare sun, sky and panels with pvlib.

- Sun: J. W. Spencer (1971), Search 2(5), declination and equation of time.
- Clear sky: B. Haurwitz (1945), J. Meteorol. 2, 154: 1098 c exp(-0.057 / c) W/m2, c the cosine
  of the sun's zenith angle.
- Clouds: the share of clear-sky light is 0.1 + 0.95 u^p, at most 1, with u spread evenly
  over 0 to 1 and a memory that fades by 1/e in 30 hours; p sets its mean.
- Diffuse share: D. G. Erbs et al. (1982), Solar Energy 28, doi:10.1016/0038-092X(82)90302-4;
  isotropic sky, ground albedo 0.2.
- Panels: nameplate at 1000 W/m2 and 25 degC, -0.35 % per K, cells 0.031 K per W/m2 above the
  air, 14 % losses, 1.25 MW of panels per MW of inverter; as PVWatts,
  A. P. Dobos (2014), NREL/TP-6A20-62641.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.series.mean_output import setting_for
from loadstone.engines.series.scores import LAGS, noise
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid, Times
from loadstone.model.series import Provenance, Series

Floats = NDArray[np.float64]

SOLAR_CONSTANT = 1361.0
CLOUD_MEMORY_HOURS = 30.0
LEAST_CLEARNESS, MOST_CLEARNESS = 0.15, 0.99
TRACKER_LIMIT = np.radians(60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SolarPlant:
    """A solar plant at a place.

    Attributes:
        id: Name of the series, usually the site's id.
        latitude, longitude: Position, degrees.
        mounting: "fixed", facing the equator, or "single-axis", turning from east to west.
        tilt_deg: Slope of fixed panels; None takes the latitude, at most 40.
        clearness: Mean share of clear-sky light that clouds let through, 0.15 to 0.99.
        capacity_factor: Mean output over nameplate; given, it sets the clearness.
    """

    id: str
    latitude: float
    longitude: float
    mounting: Literal["fixed", "single-axis"] = "single-axis"
    tilt_deg: float | None = None
    clearness: float = 0.7
    capacity_factor: float | None = None

    def __post_init__(self) -> None:
        if not -90 <= self.latitude <= 90:
            raise InputError("latitude", self.latitude, "must be from -90 to 90")
        if not -180 <= self.longitude <= 180:
            raise InputError("longitude", self.longitude, "must be from -180 to 180")
        if self.mounting not in {"fixed", "single-axis"}:
            raise InputError("mounting", self.mounting, "must be fixed or single-axis")
        if self.tilt_deg is not None and not 0 <= self.tilt_deg <= 90:
            raise InputError("tilt_deg", self.tilt_deg, "must be from 0 to 90")
        if not LEAST_CLEARNESS <= self.clearness <= MOST_CLEARNESS:
            rule = f"must be from {LEAST_CLEARNESS} to {MOST_CLEARNESS}"
            raise InputError("clearness", self.clearness, rule)
        if self.capacity_factor is not None and not 0 < self.capacity_factor < 1:
            raise InputError("capacity_factor", self.capacity_factor, "must be between 0 and 1")


def typical_solar(
    plant: SolarPlant,
    grid: TimeGrid,
    generator: np.random.Generator,
    drybulb_c: Floats | None = None,
) -> Series:
    """Return a typical year of a solar plant's output, labelled synthetic.

    Args:
        plant: The plant and its place.
        grid: A planning year.
        generator: Randomness.
        drybulb_c: Air temperature, degC; None for 20 degC throughout. Shape (T,).

    Raises:
        InputError: No clearness gives the capacity factor asked for.
    """
    cosine, azimuth, extra = sun(middle_of_hours(grid), plant.latitude, plant.longitude)
    memory = np.exp(-np.array(LAGS) / CLOUD_MEMORY_HOURS)
    drawn = noise(LAGS, memory, generator.standard_normal(grid.count))
    place = (np.argsort(np.argsort(drawn)) + 0.5) / grid.count
    air = np.full(grid.count, 20.0) if drybulb_c is None else drybulb_c

    def output(clearness: float) -> Floats:
        clear = clear_sky_w_m2(cosine) * _clouds(place, clearness)
        light = on_panels_w_m2(clear, cosine, azimuth, extra, plant)
        return panels(light, air)

    clearness = plant.clearness
    if plant.capacity_factor is not None:
        clearness = setting_for(output, plant.capacity_factor, LEAST_CLEARNESS, MOST_CLEARNESS)
    values = output(clearness)
    return Series(
        kind="solar",
        zone=plant.id,
        variable="capacity_factor",
        unit="1",
        year=int(grid.start.year),
        values=values,
        provenance=np.full(grid.count, Provenance.SYNTHETIC, np.uint8),
        source="synthetic year: sun, Haurwitz clear sky, clouds with memory, PVWatts panels",
        note=f"shape untested; {plant.mounting}, clearness {clearness:.3f}, "
        f"mean capacity factor {values.mean():.3f}",
    )


def middle_of_hours(grid: TimeGrid) -> Times:
    """Return the middle of each interval, UTC. Shape (T,)."""
    return grid.utc() + np.timedelta64(grid.step_minutes * 30, "s")


def sun(utc: Times, latitude: float, longitude: float) -> tuple[Floats, Floats, Floats]:
    """Return where the sun stands and how strong it is above the air.

    Args:
        utc: Moments, UTC. Shape (T,).
        latitude, longitude: Position, degrees.

    Returns:
        Cosine of the zenith angle, azimuth clockwise from north (radians), and extraterrestrial
        light on a plane facing the sun (W/m2). Shapes (T,).
    """
    start = utc.astype("datetime64[Y]").astype(utc.dtype)
    days = (utc - start) / np.timedelta64(1, "D")
    angle = 2 * np.pi * np.floor(days) / 365.0
    one, two, three = (np.exp(1j * k * angle) for k in (1, 2, 3))
    declination = (
        0.006918 - 0.399912 * one.real + 0.070257 * one.imag - 0.006758 * two.real
        + 0.000907 * two.imag - 0.002697 * three.real + 0.00148 * three.imag
    )  # fmt: skip
    late_minutes = 229.18 * (
        0.000075 + 0.001868 * one.real - 0.032077 * one.imag - 0.014615 * two.real
        - 0.040849 * two.imag
    )  # fmt: skip
    solar_hours = (days % 1.0) * 24 + longitude / 15 + late_minutes / 60
    hour_angle = np.radians(15.0 * (solar_hours - 12.0))
    phi = np.radians(latitude)
    cosine = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(
        hour_angle
    )
    east = -np.cos(declination) * np.sin(hour_angle)
    north = np.cos(phi) * np.sin(declination) - np.sin(phi) * np.cos(declination) * np.cos(
        hour_angle
    )
    extra = SOLAR_CONSTANT * (1.00011 + 0.034221 * one.real + 0.00128 * one.imag
                              + 0.000719 * two.real + 0.000077 * two.imag)  # fmt: skip
    return cosine, np.arctan2(east, north), extra


def clear_sky_w_m2(cosine: Floats) -> Floats:
    """Return clear-sky light on level ground, W/m2. Shape (T,)."""
    up = np.maximum(cosine, 1e-3)
    return np.where(cosine > 0, 1098.0 * up * np.exp(-0.057 / up), 0.0)


def diffuse_share(level: Floats, cosine: Floats, extra: Floats) -> Floats:
    """Return the diffuse part of the light on level ground, 0 to 1. Shape (T,)."""
    clearness = np.clip(level / (extra * np.maximum(cosine, 0.065)), 0.0, 1.0)
    middle = (0.9511 - 0.1604 * clearness + 4.388 * clearness**2
              - 16.638 * clearness**3 + 12.336 * clearness**4)  # fmt: skip
    low = 1 - 0.09 * clearness
    return np.where(clearness <= 0.22, low, np.where(clearness > 0.8, 0.165, middle))


def on_panels_w_m2(
    level: Floats, cosine: Floats, azimuth: Floats, extra: Floats, plant: SolarPlant
) -> Floats:
    """Return the light on the panels, W/m2. Shape (T,).

    Args:
        level: Light on level ground, W/m2. Shape (T,).
        cosine, azimuth, extra: As `sun` returns them. Shapes (T,).
        plant: How the panels stand.
    """
    cos_slope, cos_incidence = _facing(cosine, azimuth, plant)
    diffuse = level * diffuse_share(level, cosine, extra)
    up = np.maximum(cosine, 0.065)
    beam = np.where(cosine > 0, np.minimum((level - diffuse) / up, extra), 0.0)
    sky = diffuse * (1 + cos_slope) / 2
    ground = 0.2 * level * (1 - cos_slope) / 2
    return beam * np.maximum(cos_incidence, 0.0) + sky + ground


def panels(light_w_m2: Floats, drybulb_c: Floats) -> Floats:
    """Return output over the inverter's rating, 0 to 1. Shape (T,)."""
    cell = drybulb_c + 0.031 * light_w_m2
    direct = 1.25 * 0.86 * light_w_m2 / 1000.0 * (1 - 0.0035 * (cell - 25.0))
    return np.clip(direct, 0.0, 1.0)


def _facing(cosine: Floats, azimuth: Floats, plant: SolarPlant) -> tuple[Floats, Floats]:
    """Return cosines of the slope and of the angle between sun and panels. Shapes (T,)."""
    level = np.sqrt(np.maximum(1 - cosine**2, 0.0))
    east = level * np.sin(azimuth)
    if plant.mounting == "single-axis":
        turn = np.clip(np.arctan2(east, cosine), -TRACKER_LIMIT, TRACKER_LIMIT)
        return np.cos(turn), east * np.sin(turn) + cosine * np.cos(turn)
    tilt = min(abs(plant.latitude), 40.0) if plant.tilt_deg is None else plant.tilt_deg
    slope = np.radians(tilt)
    side = -np.cos(azimuth) * level if plant.latitude >= 0 else np.cos(azimuth) * level
    cos_incidence = side * np.sin(slope) + cosine * np.cos(slope)
    return np.full(cosine.shape, np.cos(slope)), cos_incidence


def _clouds(place: Floats, clearness: float) -> Floats:
    power = 0.95 / (clearness - 0.1) - 1
    return np.minimum(0.1 + 0.95 * place**power, 1.0)
