# SPDX-License-Identifier: Apache-2.0
"""[[typical]] blocks of series.toml: synthetic years, made when read.

prices   of a grid zone; `typical` names the statistics, `level` and `currency` the price
weather  of a station; `typical` names a climate station or observed place, if zone is not one
solar    of a site: latitude, longitude, mounting, tilt_deg, clearness, capacity_factor
wind     of a site: time_zone, mean_speed_m_s, capacity_factor, windiest_day, season, night

Each may have seed, year, source and date.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from loadstone.adapters.sources.statistics_file import (
    read_calibration,
    read_stations,
    read_weather_calibration,
    weather_memory,
    weather_places,
)
from loadstone.engines.series import (
    SolarPlant,
    WindPlant,
    station_weather,
    typical_prices,
    typical_solar,
    typical_weather,
    typical_wind,
)
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Series

Entry = Mapping[str, Any]

_SAID = ("kind", "zone", "seed", "year", "source", "date")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "prices": ("typical", "level", "currency"),
    "weather": ("typical",),
    "solar": ("latitude", "longitude", "mounting", "tilt_deg", "clearness", "capacity_factor"),
    "wind": (
        *("time_zone", "mean_speed_m_s", "capacity_factor"),
        *("windiest_day", "season", "night"),
    ),
}
_TEXTS = frozenset({"kind", "zone", "source", "typical", "currency", "mounting", "time_zone"})
_WHOLE = frozenset({"seed", "year", "windiest_day"})


def typical_series(entry: Entry, typical_year: int, again: int = 0) -> tuple[Series, ...]:
    """Return the series of a [[typical]] block.

    Args:
        entry: Its fields.
        typical_year: Calendar year where it names none.
        again: Number of another drawing of the same year; 0 is the one that is planned.

    Raises:
        InputError: A field is unknown, missing or wrong.
    """
    _check(entry)
    grid = TimeGrid.planning_year(entry.get("year", typical_year))
    # The zone is part of the seed: sites must not share their weather by chance.
    seed = zlib.crc32(f"{entry['kind']} {entry['zone']}".encode())
    generator = np.random.default_rng([entry.get("seed", 0), seed, *[again] * bool(again)])
    made = _MAKERS[entry["kind"]](entry, grid, generator)
    return tuple(replace(one, zone=entry["zone"]) for one in made)


def _check(entry: Entry) -> None:
    for name in ("kind", "zone"):
        if name not in entry:
            raise InputError(name, None, "must be given")
    kinds = ", ".join(_FIELDS)
    if entry["kind"] not in _FIELDS:
        raise InputError("kind", entry["kind"], f"must be one of {kinds}")
    known = (*_SAID, *_FIELDS[entry["kind"]])
    for name, value in entry.items():
        if name not in known:
            rule = f"is no field of typical {entry['kind']}: {', '.join(known)}"
            raise InputError(name, value, rule)
        _check_type(name, value)


def _check_type(name: str, value: object) -> None:
    if name in _TEXTS:
        if not isinstance(value, str) or not value:
            raise InputError(name, value, "must be a text")
    elif name in _WHOLE:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise InputError(name, value, "must be a whole number, at least 0")
    elif name != "date" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise InputError(name, value, "must be a number")


def _prices(entry: Entry, grid: TimeGrid, generator: np.random.Generator) -> tuple[Series, ...]:
    calibration = read_calibration(entry.get("typical", entry["zone"]))
    currency = entry.get("currency", calibration.currency)
    if currency != calibration.currency and "level" not in entry:
        rule = f"differs from {calibration.currency} of the statistics: state the level in it"
        raise InputError("currency", currency, rule)
    if "level" in entry and "source" not in entry:
        raise InputError("source", None, "must say where the level comes from")
    stated = replace(calibration, currency=currency)
    made = typical_prices(stated, grid, level=entry.get("level"), generator=generator)
    if "level" in entry:
        made = replace(made, note=f"{made.note}; level: {entry['source']}")
    return (made,)


def _weather(
    entry: Entry, grid: TimeGrid, generator: np.random.Generator
) -> tuple[Series, ...]:
    name = entry.get("typical", entry["zone"])
    if name in read_stations():
        return station_weather(read_stations()[name], weather_memory(), grid, generator)
    if name in weather_places():
        return typical_weather(*read_weather_calibration(name), grid, generator)
    places = ", ".join(weather_places())
    rule = f"must be a station of data/typical/stations.toml or one of {places}"
    raise InputError("typical", name, rule)


def _solar(entry: Entry, grid: TimeGrid, generator: np.random.Generator) -> tuple[Series, ...]:
    for name in ("latitude", "longitude"):
        if name not in entry:
            raise InputError(name, None, "must be given")
    fields = {name: entry[name] for name in _FIELDS["solar"] if name in entry}
    return (typical_solar(SolarPlant(id=entry["zone"], **fields), grid, generator),)


def _wind(entry: Entry, grid: TimeGrid, generator: np.random.Generator) -> tuple[Series, ...]:
    if "time_zone" not in entry:
        raise InputError("time_zone", None, "must be given")
    fields = {name: entry[name] for name in _FIELDS["wind"] if name in entry}
    return (typical_wind(WindPlant(id=entry["zone"], **fields), grid, generator),)


Maker = Callable[[Entry, TimeGrid, np.random.Generator], tuple[Series, ...]]
_MAKERS: Mapping[str, Maker] = {
    "prices": _prices,
    "weather": _weather,
    "solar": _solar,
    "wind": _wind,
}
