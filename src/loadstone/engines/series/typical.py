# SPDX-License-Identifier: Apache-2.0
"""Make a typical year from the statistics of an observed one."""

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.series.calibration import Calibration
from loadstone.engines.series.clock import grid_clock
from loadstone.engines.series.scores import CELLS, autocorrelation, cells, noise, normal, ranks
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Provenance, Series

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PASSES = 3
FOOT_BELOW = 0.2
"""A value shared by quantiles starting below this place is a floor, not a cap."""


def typical_prices(
    calibration: Calibration,
    grid: TimeGrid,
    *,
    level: float | None = None,
    generator: np.random.Generator,
) -> Series:
    """Return a typical year of prices, labelled synthetic.

    Without `level`, the mean of each local month and hour is that of the calibration; with it,
    the mean of the year is `level` and the shape is kept, its floor and negative hours too.

    Args:
        calibration: Statistics of the market zone.
        grid: A planning year.
        level: Mean price of the year, currency/MWh; None takes the calibration's.
        generator: Randomness; the same state gives the same year.

    Raises:
        InputError: The calibration has no level and none is given, or it is not above 0.
    """
    if level is None and calibration.level is None:
        rule = f"must be given: of {calibration.zone} only the shape is known"
        raise InputError("level", level, rule)
    if level is not None and not 0 < level < np.inf:
        raise InputError("level", level, "must be finite and above 0")
    over, _ = typical_values(calibration, grid, generator)
    scale = calibration.level if level is None else level / float(over.mean())
    said = f"level {level:g} {calibration.currency}/MWh given by the user; " if level else ""
    return Series(
        kind="prices",
        zone=calibration.zone,
        variable="price",
        unit="currency/MWh",
        currency=calibration.currency,
        year=int(grid.start.year),
        values=over * (scale or 1.0),
        provenance=np.full(grid.count, Provenance.SYNTHETIC, np.uint8),
        source=f"typical year from statistics of {calibration.source}",
        note=f"{said}{calibration.verdict}"
        + (f"; {calibration.note}" if calibration.note else ""),
    )


def typical_values(
    calibration: Calibration,
    grid: TimeGrid,
    generator: np.random.Generator,
    lead: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Return a year of values over their level, and the scores they were made from.

    Noise with the autocorrelation of the normal scores says how high each hour stands among
    the hours of its cell; the cell's quantiles turn the place into a value. So each cell keeps
    its distribution, with its negative, floor and spike hours, and hours keep their memory.

    Args:
        calibration: Statistics; their level is left out.
        grid: A planning year.
        generator: Randomness.
        lead: Scores of a leading series, which `calibration.follows`. Shape (T,).

    Returns:
        Values over the level, and scores. Shapes (T,).
    """
    clock = grid_clock(grid, calibration.time_zone)
    cell = cells(clock.month, clock.hour)
    drawn = generator.standard_normal(grid.count)
    weekday = calibration.weekday_score[clock.weekday, clock.hour]
    wanted = aim = calibration.autocorrelation
    for _ in range(PASSES):
        free = np.sqrt(max(0.0, 1 - float(np.mean(weekday**2)))) * noise(
            calibration.lags, aim, drawn
        )
        score = weekday + free
        if lead is not None:
            part = calibration.follows
            score = part * lead + np.sqrt(1 - part**2) * score
        place = ranks(score, cell)
        score = normal(place)
        # Ranking forgets a little of the memory: aim higher by what was lost.
        found = autocorrelation(score - weekday, np.ones(grid.count, bool), calibration.lags)
        aim = np.clip(aim + wanted - found, -0.999, 0.999)
    values = _at_places(calibration, place, cell)
    return _with_cell_means(calibration, values, place, cell), score


def _at_places(calibration: Calibration, place: Floats, cell: Ints) -> Floats:
    """Interpolate the quantiles of each hour's cell at its place.

    Values that many hours share, a floor or a cap, are given to exactly that share.
    """
    knots, table = calibration.places, calibration.quantiles.reshape(CELLS, -1)
    first = calibration.least_share.ravel()[cell]
    last = 1 - calibration.most_share.ravel()[cell]
    right = np.clip(np.searchsorted(knots, place, side="right"), 1, len(knots) - 1)
    low, high = table[cell, right - 1], table[cell, right]
    start = np.maximum(knots[right - 1], first)
    end = np.maximum(np.minimum(knots[right], last), start + 1e-9)
    between = low + np.clip((place - start) / (end - start), 0.0, 1.0) * (high - low)
    between = np.where(place <= first, table[cell, 0], between)
    top: Floats = table[cell, -1]
    return np.where(place > np.maximum(last, first), top, between)


def _with_cell_means(
    calibration: Calibration, values: Floats, place: Floats, cell: Ints
) -> Floats:
    """Stretch what lies above each cell's foot until its mean is the calibration's.

    The foot is the cell's least value or floor, so that hours at a floor stay at it. Where
    nothing lies above it, the highest hour of the cell takes what is missing.
    """
    count = np.bincount(cell, minlength=CELLS)
    wanted = calibration.mean.ravel() * count
    foot = _feet(calibration)[cell]
    above = np.maximum(values - foot, 0.0)
    room = np.bincount(cell, above, CELLS)
    held = np.bincount(cell, np.minimum(values, foot), CELLS)
    can = (room > 1e-9 * (count + np.abs(held))) & (wanted > held)
    stretch = np.where(can, (wanted - held) / np.where(can, room, 1.0), 1.0)
    made = np.minimum(values, foot) + above * stretch[cell]
    highest = place > 1 - 1 / count[cell]
    lacking = np.where(can, 0.0, wanted - held - room)
    return np.asarray(made + np.where(highest, lacking[cell], 0.0), dtype=np.float64)


def _feet(calibration: Calibration) -> Floats:
    """Return each cell's first value that two low quantiles share, else its least. (288,)."""
    table = calibration.quantiles.reshape(CELLS, -1)
    low = max(int(np.searchsorted(calibration.places, FOOT_BELOW, side="right")), 1)
    same = np.diff(table[:, : low + 1], axis=1) <= 1e-9 * (1 + np.abs(table[:, :low]))
    first = np.where(same.any(axis=1), same.argmax(axis=1), 0)
    return np.asarray(table[np.arange(CELLS), first], dtype=np.float64)
