# SPDX-License-Identifier: Apache-2.0
"""Weather years of a network: the same sites in the prices and weather of other years."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from loadstone.adapters.sources.folder import SeriesLibrary, read_series_folder
from loadstone.model.network import Network

# field of a network, kind and variable of its series
_SERIES = (
    ("prices", "prices", "price"),
    ("drybulb_c", "weather", "drybulb_c"),
    ("wetbulb_c", "weather", "wetbulb_c"),
    ("solar", "solar", "capacity_factor"),
    ("wind", "wind", "capacity_factor"),
    ("carbon_kg_per_mwh", "carbon", "kg_per_mwh"),
    ("availability", "availability", "availability"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeatherYear:
    """One whole year that futures may resample: price, weather and sun together.

    Attributes:
        name: The calendar year that was measured, or "synthetic 2" and so on.
        synthetic: Whether all of it was made from statistics.
        network: The network with the series of that year.
    """

    name: str
    synthetic: bool
    network: Network


def read_weather_years(folder: Path, network: Network, count: int) -> tuple[WeatherYear, ...]:
    """Return the weather years of a network folder, that of the plan first.

    Measured series that share several calendar years give these, newest first: each whole, so
    that price, sun and temperature stay together. Where all series are typical years, each
    weather year is another drawing of them: synthetic, and there price, sun and temperature
    are drawn apart. Where there are both, the typical ones are drawn anew for each year.

    Args:
        folder: The network folder.
        network: What it holds.
        count: How many are wanted; there are fewer where measured years are fewer and nothing
            is drawn, and one where nothing changes from year to year.

    Raises:
        InputErrors: The series are wrong.
    """
    library = read_series_folder(folder, typical_year=network.study.phases[0].year)
    found = []
    for i, year in enumerate(library.weather_years(count)):
        name = str(year) if year is not None else f"synthetic {i + 1}"
        made = _in_year(network, library.again(i), year) if i else network
        found.append(WeatherYear(name=name, synthetic=year is None, network=made))
    return tuple(found)


def _in_year(network: Network, shelf: SeriesLibrary, year: int | None) -> Network:
    """Return a network with the series of a year; what has none keeps its own."""
    fields: dict[str, Any] = {}
    for name, kind, variable in _SERIES:
        there = shelf.by_zone(kind, variable)
        measured = shelf.by_zone(kind, variable, year) if year is not None else {}
        fields[name] = {**getattr(network, name), **there, **measured}
    return replace(network, **fields)
