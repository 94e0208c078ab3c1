# SPDX-License-Identifier: Apache-2.0
"""Drawing futures: prepared once, then chunk by chunk, or all at once."""

from dataclasses import dataclass
from datetime import date
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.outlook import kernels, plainly
from loadstone.engines.outlook.anchor import anchored
from loadstone.engines.outlook.draws import seeded, stream
from loadstone.engines.outlook.recipe import Mining, Recipe, Strand, lowered, streams
from loadstone.model.errors import InputError
from loadstone.model.futures.paths import NEVER, Paths
from loadstone.model.futures.terms import Futures
from loadstone.model.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

MONTHS = 12
_fill: Any = kernels.fill  # many arguments, in one tuple
MOST_SEED = 1 << 63


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """Futures that can be drawn.

    Attributes:
        first: First day of the first month.
        months: How many months, M.
        factors: Names of what is drawn, as in `Paths`; K of them.
        nominal: Middle path of each factor: the outlook. Shape (K, M).
        events: Names of events, as in `Paths`; J of them.
        years: Calendar years of the weather, Y of them.
        weather_years: How many weather years there are to resample, W.
        vacant_months: Months that a hall stands empty after its tenant's default.
        seed: What the numbers are drawn with.
        recipe: What they are drawn from.
        numbers: The same as arrays, for the kernel.
    """

    first: date
    months: int
    factors: tuple[str, ...]
    nominal: Floats
    events: tuple[str, ...]
    years: tuple[int, ...]
    weather_years: int
    vacant_months: float
    seed: int
    recipe: Recipe
    numbers: tuple[Any, ...]

    def into(self, values: Floats, happens: Floats, weather: Ints, start: int = 0) -> None:
        """Fill arrays with futures; without Python's lock, and nothing else is written.

        Args:
            values: Filled. Shape (K, n, M).
            happens: Filled. Shape (J, n).
            weather: Filled. Shape (n, Y).
            start: Number of the first future.
        """
        _fill(np.uint64(seeded(self.seed)), start, *self.numbers, values, happens, weather)

    def room(self, count: int) -> tuple[Floats, Floats, Ints]:
        """Return arrays that hold some futures, for `into`."""
        return (
            np.empty((len(self.factors), count, self.months)),
            np.empty((len(self.events), count)),
            np.empty((count, len(self.years)), dtype=np.int64),
        )

    def paths(self, count: int, start: int = 0) -> Paths:
        """Return some futures, of equal weight."""
        values, happens, weather = self.room(count)
        self.into(values, happens, weather, start)
        return self._paths(values, happens, weather, start)

    def _paths(self, values: Floats, happens: Floats, weather: Ints, start: int) -> Paths:
        count = values.shape[1]
        return Paths(
            first=self.first,
            factors=self.factors,
            values=values,
            events=self.events,
            happens=happens,
            weather=weather,
            weight=np.full(count, 1 / count),
            seed=self.seed,
            start=start,
        )


def prepare(
    futures: Futures,
    network: Network,
    *,
    months: int,
    first: date,
    seed: int,
    own_eh: Floats | None = None,
) -> Drawing:
    """Return what draws the futures of a network.

    Args:
        futures: What futures.toml says.
        network: What it is of; its outlook is the middle of what is drawn.
        months: How many months, M.
        first: First day of the first month.
        seed: Any whole number from 0 on.
        own_eh: Hashrate that the plan adds to the outlook's network, EH/s; it lowers
            hashprice, and others enter less. Shape (M,).

    Raises:
        InputError: There is nothing to draw from, or an argument is wrong.
    """
    if not 0 <= seed < MOST_SEED:
        raise InputError("seed", seed, f"must be from 0 to {MOST_SEED - 1}")
    recipe = anchored(lowered(futures, network, first=first, months=months, own_eh=own_eh))
    return Drawing(
        first=first,
        months=months,
        factors=recipe.factors,
        nominal=recipe.nominal,
        events=tuple(one.name for one in recipe.events),
        years=recipe.years,
        weather_years=recipe.weather_years,
        vacant_months=futures.default.vacant_months if futures.default else 0.0,
        seed=seed,
        recipe=recipe,
        numbers=_numbers(recipe),
    )


def draw(
    futures: Futures,
    network: Network,
    *,
    months: int,
    first: date,
    count: int,
    seed: int,
    start: int = 0,
    own_eh: Floats | None = None,
) -> Paths:
    """Return futures, of equal weight.

    Future i of a seed is the same whatever `start` and `count`.

    Args:
        futures, network, months, first, seed, own_eh: As in `prepare`.
        count: How many, N.
        start: Number of the first.

    Raises:
        InputError: There is nothing to draw from, or an argument is wrong.
    """
    if count < 1:
        raise InputError("count", count, "must be at least 1")
    drawing = prepare(futures, network, months=months, first=first, seed=seed, own_eh=own_eh)
    return drawing.paths(count, start)


def draw_plainly(drawing: Drawing, count: int, start: int = 0) -> Paths:
    """Return the same futures as `Drawing.paths`, drawn in plain numpy."""
    recipe = drawing.recipe
    keys = plainly.future_numbers(drawing.seed, start, count)
    return drawing._paths(
        plainly.values_of(recipe, keys),
        plainly.happens_of(recipe.events, keys, recipe.months),
        plainly.weather_of(keys, len(recipe.years), recipe.weather_years),
        start,
    )


def _numbers(recipe: Recipe) -> tuple[Any, ...]:
    """Return a recipe as the arguments of the kernel, in its order."""
    groups, own = streams(recipe)
    outlook, miners, drift, at = _mining_numbers(recipe.mining, recipe.months)
    machines = recipe.machines
    priced = recipe.factors.index("hashprice") if machines else -1
    names = [stream(one.name) for one in recipe.events]
    together = [stream(f"delays of {one.group}") for one in recipe.events]
    event = [
        (one.rate, one.lead_years, one.scale, one.spread, one.together) for one in recipe.events
    ]
    prices = (machines.elasticity, machines.used_elasticity, machines.scrap) if machines else ()
    return (
        np.array(groups, dtype=np.uint64),
        recipe.spread,
        np.array(own, dtype=np.uint64).reshape(len(own), 6),
        np.array([_strand_numbers(one) for one in recipe.strands]).reshape(len(own), 12),
        np.array([one.group for one in recipe.strands], dtype=np.int64),
        np.array([strand for _, strand in recipe.plain], dtype=np.int64),
        recipe.nominal,
        np.array([stream("spike"), stream("spike size")], dtype=np.uint64),
        np.array(at, dtype=np.int64),
        outlook,
        miners,
        drift,
        np.array(prices or (0.0, 0.0, 0.0)),
        priced,
        np.array(names, dtype=np.uint64),
        np.array(together, dtype=np.uint64),
        np.array(event, dtype=np.float64).reshape(len(event), 5),
        float(NEVER),
        np.uint64(stream("weather")),
        recipe.skies,
        recipe.first.month - 1,
    )


def _strand_numbers(one: Strand) -> tuple[float, ...]:
    level, wild = one.level, one.level.wild
    return (
        one.together**0.5,
        (1 - one.together) ** 0.5,
        level.kept,
        level.monthly_sd,
        level.trend_sd / MONTHS,
        level.jumps_per_year / MONTHS,
        level.jump_mean,
        level.jump_sd,
        wild.ratio - 1 if wild else 0.0,
        wild.share if wild else 0.0,
        1 / wild.months if wild else 0.0,
        wild.begins if wild else 0.0,
    )


def _mining_numbers(
    mining: Mining | None, months: int
) -> tuple[Floats, Floats, Floats, tuple[int, int, int]]:
    """Return the outlook, the rule of miners, the drift of hashrate, and the strands."""
    if mining is None:
        return np.zeros((5, months)), np.zeros(9), np.zeros(months), (-2, -1, -1)
    told, rule, fees = mining.months, mining.hashrate, mining.fees
    outlook = np.array(
        [told.price, told.network_eh, told.fee_share, told.per_eh, mining.own_eh]
    )
    miners = np.zeros(9)
    if fees is not None:
        miners[:2] = fees.spikes_per_year / MONTHS, fees.spike
    if rule is not None:
        miners[2:] = (
            log(rule.entry_usd_ph_day),
            log(rule.exit_usd_ph_day),
            -log(1 - rule.progress) / MONTHS,
            rule.entry_speed / MONTHS,
            rule.exit_speed / MONTHS,
            rule.delivery_months,
            1.0,
        )
    return outlook, miners, mining.drift, mining.strands
