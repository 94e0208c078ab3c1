# SPDX-License-Identifier: Apache-2.0
"""Compute the statistics of an observed series that a typical year needs."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.series.calibration import Calibration, HourKind, ShapeCheck
from loadstone.engines.series.clock import LocalClock, local_clock
from loadstone.engines.series.scores import (
    CELLS,
    LAGS,
    autocorrelation,
    cells,
    normal,
    ranks,
)
from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Times = NDArray[np.datetime64]

PLACES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 1.0)
SPIKE = 3.0
"""A spike is an hour above this many times the level."""

FLOOR_SHARE = 0.05
FLOOR_WIDTH = 0.002
LEAST_DAYS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a series is of.

    Attributes:
        zone, variable, unit, currency, time_zone: As in `Calibration`.
        normalise: Whether years are put over their mean; for prices, not for temperatures.
            Only then are negative, floor and spike hours counted.
        keep_levels: Whether years are put over the mean of all of them instead of their own:
            for markets that change between two states from year to year, as wet and dry.
        places: Shares of a cell below the quantiles that are kept, rising from 0 to 1.
        source, date, note: As in `Calibration`.
    """

    zone: str
    variable: str = "price"
    unit: str = "currency/MWh"
    currency: str = ""
    time_zone: str
    normalise: bool = True
    keep_levels: bool = False
    places: tuple[float, ...] = PLACES
    source: str = ""
    date: str = ""
    note: str = ""


def calibrate(values: Floats, utc: Times, subject: Subject) -> Calibration:
    """Return the statistics of hourly values.

    Years are put over their own mean and pooled; the level is the mean of the last. Where
    levels are kept, both are the mean of all years.
    Missing hours are simply absent from `values` and `utc`.

    Args:
        values: Any finite numbers. Shape (T,).
        utc: Start of each hour, UTC, rising. Shape (T,).
        subject: What the values are of.

    Raises:
        InputError: Values are not finite, times do not rise on whole hours, a month of some
            year has fewer than 20 observed days, or a year to be normalised has a mean of 0
            or less.
    """
    _check(values, utc)
    clock = local_clock(utc, subject.time_zone)
    years, level, over = _over_level(values, clock, subject)
    _check_months(clock, years)
    cell = cells(clock.month, clock.hour)
    count = np.bincount(cell, minlength=CELLS)
    mean = np.bincount(cell, over, CELLS) / count
    spread = np.sqrt(np.bincount(cell, (over - mean[cell]) ** 2, CELLS) / count)
    # Memory is taken within each year: else the difference between years would pass for it.
    year_cell = cell + CELLS * (clock.year - clock.year[0])
    score = normal(ranks(over, year_cell))
    weekday_score = _means(score, clock.weekday * 24 + clock.hour)
    free = score - weekday_score[clock.weekday * 24 + clock.hour]
    counted = np.full(over.shape, subject.normalise)
    residual = over - _means(over, year_cell)[year_cell]
    return Calibration(
        zone=subject.zone,
        variable=subject.variable,
        unit=subject.unit,
        currency=subject.currency,
        time_zone=subject.time_zone,
        years=years,
        level=level,
        mean=mean.reshape(12, 24),
        spread=spread.reshape(12, 24),
        places=np.array(subject.places),
        quantiles=_quantiles(over, cell, subject.places).reshape(12, 24, -1),
        least_share=_end_shares(over, cell, np.minimum).reshape(12, 24),
        most_share=_end_shares(over, cell, np.maximum).reshape(12, 24),
        weekday_score=weekday_score.reshape(7, 24),
        lags=LAGS,
        autocorrelation=autocorrelation(*_on_hours(free, utc), LAGS),
        value_autocorrelation=_three(autocorrelation(*_on_hours(residual, utc), (1, 24, 168))),
        weekend_ratio=weekend_ratio(over, clock.weekday),
        negative=hour_kind(over, utc, counted & (over < 0)),
        floor=hour_kind(over, utc, counted & at_floor(over)),
        spike=hour_kind(over, utc, counted & (over > SPIKE)),
        source=subject.source,
        date=subject.date,
        note=subject.note,
    )


def follow(calibration: Calibration, values: Floats, lead: Floats, utc: Times) -> Calibration:
    """Return a calibration that knows how far its scores follow those of another series.

    Args:
        calibration: Of `values`.
        values: Shape (T,).
        lead: The leading series at the same hours. Shape (T,).
        utc: Shape (T,).
    """
    clock = local_clock(utc, calibration.time_zone)
    cell = cells(clock.month, clock.hour)
    own, other = (normal(ranks(series, cell)) for series in (values, lead))
    return replace(calibration, follows=float(np.corrcoef(own, other)[0, 1]))


def shape_check(calibration: Calibration, values: Floats, utc: Times) -> ShapeCheck:
    """Compare the normalised shape with a year that was not used to make it.

    Args:
        calibration: Made from other years.
        values: Of one year. Shape (T,).
        utc: Shape (T,).

    Raises:
        InputError: The year was used to make the calibration, or its mean is not above 0.
    """
    clock = local_clock(utc, calibration.time_zone)
    year = int(np.bincount(clock.year).argmax())
    if year in calibration.years:
        raise InputError("year", year, f"was used to calibrate {calibration.zone}")
    level = float(values.mean()) if calibration.unit == "currency/MWh" else 1.0
    if level <= 0:
        raise InputError("values", level, "must have a mean above 0")
    over = values / level
    cell = cells(clock.month, clock.hour)
    count = np.bincount(cell, minlength=CELLS)
    found = np.bincount(cell, over, CELLS) / np.maximum(count, 1)
    made = calibration.mean.ravel()
    tables = [table.reshape(12, 24) for table in (found, made)]
    weight = count.reshape(12, 24)
    hours = [np.average(table, axis=0, weights=weight) for table in tables]
    months = [np.average(table, axis=1, weights=weight) for table in tables]
    return ShapeCheck(
        year=year,
        level=float(values.mean()),
        correlation=float(np.corrcoef(found, made)[0, 1]),
        hour_error=_rms(hours[0] - hours[1]),
        month_error=_rms(months[0] - months[1]),
        cheap_half_error=_lower_half(calibration, weight) - _lower_half_of(over),
    )


def hour_kind(over: Floats, utc: Times, chosen: Bools) -> HourKind:
    """Return how many hours are chosen, their mean, and how long they last. Shapes (T,)."""
    if not chosen.any():
        return HourKind(share=0.0, mean=0.0, run_hours=0.0)
    before = np.concatenate(([False], chosen[:-1] & (np.diff(utc) == np.timedelta64(1, "h"))))
    runs = int((chosen & ~before).sum())
    return HourKind(
        share=float(chosen.mean()),
        mean=float(over[chosen].mean()),
        run_hours=float(chosen.sum() / runs),
    )


def at_floor(over: Floats) -> Bools:
    """Return which hours are at the least value, if that many hours share it. Shape (T,).

    A floor is a value above 0 that at least 5 % of the hours share within 0.2 %, and that at
    most 5 % of the hours lie below.
    """
    for below in (0.02, 0.05):
        low = float(np.quantile(over, below))
        found = over <= low * (1 + FLOOR_WIDTH)
        shared = over >= low * (1 - FLOOR_WIDTH)
        if low > 0 and (found & shared).mean() >= FLOOR_SHARE:
            return found
    return np.zeros(over.shape, bool)


def weekend_ratio(over: Floats, weekday: Ints) -> float:
    """Return the mean of Saturdays and Sundays over the mean of the other days."""
    weekend = weekday >= 5
    rest = float(over[~weekend].mean())
    return float(over[weekend].mean()) / rest if rest else 1.0


def _over_level(
    values: Floats, clock: LocalClock, subject: Subject
) -> tuple[tuple[int, ...], float, Floats]:
    """Put each year over its mean. The few hours of a neighbouring local year join theirs."""
    found = np.bincount(clock.year)
    years = tuple(int(y) for y in np.flatnonzero(found > 24))
    if not subject.normalise:
        return years, 1.0, values
    if subject.keep_levels:
        level = float(values.mean())
        if level <= 0:
            raise InputError("values", level, "must have a mean above 0")
        return years, level, values / level
    year = np.clip(clock.year, years[0], years[-1])
    over = np.empty_like(values)
    level = 1.0
    for one in years:
        level = float(values[year == one].mean())
        if level <= 0:
            raise InputError(f"values of {one}", level, "must have a mean above 0")
        over[year == one] = values[year == one] / level
    return years, level, _one_floor(over, year, years)


def _one_floor(over: Floats, year: Ints, years: tuple[int, ...]) -> Floats:
    """Move the floors of the years to their mean, so that pooling does not smear them."""
    floors = {one: at_floor(over[year == one]) for one in years}
    if len(years) < 2 or not all(chosen.any() for chosen in floors.values()):
        return over
    least = {one: float(over[year == one][floors[one]].mean()) for one in years}
    if max(least.values()) > 0.999:  # all hours at the floor: nothing to stretch
        return over
    common = float(np.mean(list(least.values())))
    moved = over.copy()
    for one in years:
        part = over[year == one]
        # Scaled about the mean of 1, so that the year keeps its level.
        moved[year == one] = 1 + (part - 1) * (common - 1) / (least[one] - 1)
    return moved


def _means(values: Floats, group: Ints) -> Floats:
    return np.bincount(group, values) / np.maximum(np.bincount(group), 1)


def _quantiles(over: Floats, cell: Ints, places: tuple[float, ...]) -> Floats:
    order = np.lexsort((over, cell))
    parts = np.split(over[order], np.cumsum(np.bincount(cell, minlength=CELLS))[:-1])
    return np.array([np.quantile(part, places, method="hazen") for part in parts])


def _end_shares(over: Floats, cell: Ints, end: np.ufunc) -> Floats:
    """Return the share of each cell's hours at its least or greatest value. Shape (288,)."""
    last = over[np.unique(cell, return_index=True)[1]].copy()
    end.at(last, cell, over)
    same = np.abs(over - last[cell]) <= 1e-6 * (1 + np.abs(last[cell]))
    count = np.bincount(cell, same, CELLS)
    return np.where(count > 1, count / np.bincount(cell, minlength=CELLS), 0.0)


def _on_hours(values: Floats, utc: Times) -> tuple[Floats, Bools]:
    """Lay values on unbroken hours, with a mark where one is present."""
    place = ((utc - utc[0]) / np.timedelta64(1, "h")).astype(np.int64)
    laid, present = np.zeros(place[-1] + 1), np.zeros(place[-1] + 1, bool)
    laid[place], present[place] = values, True
    return laid, present


def _check(values: Floats, utc: Times) -> None:
    if values.shape != utc.shape or values.ndim != 1:
        raise InputError("values, utc", (values.shape, utc.shape), "must be (T,) and (T,)")
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise InputError(f"values[{bad}]", float(values[bad]), "must be finite")
    if np.isnat(utc).any():
        raise InputError("utc", "NaT", "must be times")
    step = np.diff(utc)
    if (step <= np.timedelta64(0, "h")).any() or (step % np.timedelta64(1, "h")).astype(
        int
    ).any():
        raise InputError("utc", str(utc[0]), "must rise by whole hours")


def _check_months(clock: LocalClock, years: tuple[int, ...]) -> None:
    for year in years:
        hours = np.bincount(clock.month[clock.year == year], minlength=13)[1:]
        if hours.min() < LEAST_DAYS * 24:
            month = int(hours.argmin()) + 1
            rule = f"must have at least {LEAST_DAYS} days in each month"
            raise InputError(f"{year}-{month:02d}", f"{hours.min()} hours", rule)


def _three(found: Floats) -> tuple[float, float, float]:
    return float(found[0]), float(found[1]), float(found[2])


def _rms(error: Floats) -> float:
    return float(np.sqrt(np.mean(error**2)))


def _lower_half_of(over: Floats) -> float:
    return float(np.sort(over)[: len(over) // 2].mean())


def _lower_half(calibration: Calibration, weight: Ints) -> float:
    """Return the mean of the lower half of the hours that the cell quantiles describe."""
    place = (np.arange(60) + 0.5) / 60
    flat = calibration.quantiles.reshape(CELLS, -1)
    values = np.array([np.interp(place, calibration.places, row) for row in flat]).ravel()
    share = np.repeat(weight.ravel() / 60, 60)
    order = np.argsort(values)
    lower = np.cumsum(share[order]) <= share.sum() / 2
    return float(np.average(values[order][lower], weights=share[order][lower]))
