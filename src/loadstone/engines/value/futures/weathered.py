# SPDX-License-Identifier: Apache-2.0
"""Futures in other weather years: the level of power prices of each month follows whole years.

All zones of a future have the same years, so what was dear together stays together. Hours
within a month, sun and temperature stay those of the plan's year.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.value.futures.many import Source
from loadstone.model.finance.terms import MONTHS
from loadstone.model.grid import TimeGrid
from loadstone.model.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_LEVEL, MOST_LEVEL = 0.2, 5.0
"""How far a month may lie from that of the plan's year: means near 0 make no ratio."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weathered:
    """A source whose power prices have the level of their weather years.

    Attributes:
        source: Draws futures and their weather years.
        levels: Price over that of the plan's year, by factor: weather year, month. (W, 12).
        year: Calendar year of each month, from 0. Shape (M,).
        month: Month of the year, from 0. Shape (M,).
    """

    source: Source
    levels: Mapping[int, Floats]
    year: Ints
    month: Ints

    def into(self, values: Floats, happens: Floats, weather: Ints, start: int = 0) -> None:
        """Fill arrays with the futures from `start` on."""
        self.source.into(values, happens, weather, start)
        drawn = weather[:, self.year]
        for k, level in self.levels.items():
            values[k] *= level[drawn % len(level), self.month]

    def room(self, count: int) -> tuple[Floats, Floats, Ints]:
        """Return arrays that hold some futures."""
        return self.source.room(count)


def price_levels(factors: Sequence[str], weather: Sequence[Network]) -> dict[int, Floats]:
    """Return mean prices of weather years over the plan's, by factor; empty where all agree.

    Args:
        factors: Names, as in `Paths`.
        weather: The network in the prices of each weather year, the plan's first.
    """
    if len(weather) < 2:
        return {}
    zones = {site.zone for site in weather[0].sites} & set(weather[0].prices)
    by_zone = {zone: _levels(zone, weather) for zone in sorted(zones)}
    found = {}
    for k, name in enumerate(factors):
        kind, _, zone = name.partition(":")
        if kind != "power" or not by_zone or (zone and zone not in by_zone):
            continue
        level = by_zone[zone] if zone else np.mean(list(by_zone.values()), axis=0)
        if (level != 1.0).any():
            found[k] = level
    return found


def _levels(zone: str, weather: Sequence[Network]) -> Floats:
    """Return a zone's mean price by weather year and month over that of the first. (W, 12)."""
    grid = TimeGrid.planning_year(weather[0].study.phases[0].year)
    month = grid.utc().astype("datetime64[M]").astype(np.int64) % MONTHS
    hours = np.bincount(month, minlength=MONTHS)
    means = np.array(
        [
            np.bincount(month, weights=one.prices[zone].values, minlength=MONTHS) / hours
            for one in weather
        ]
    )
    ratio = np.divide(means, means[0], out=np.ones_like(means), where=means[0] > 0)
    return np.asarray(np.clip(ratio, LEAST_LEVEL, MOST_LEVEL))
