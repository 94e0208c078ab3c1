# SPDX-License-Identifier: Apache-2.0
"""Time: half-open UTC intervals of one length, and their local calendar."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

HOURS_PER_YEAR = 8760

Times = NDArray[np.datetime64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGrid:
    """Consecutive half-open intervals in UTC.

    Attributes:
        start: Start of the first interval, UTC.
        count: Number of intervals.
        step_minutes: Length of an interval, minutes; divides an hour.
        leap_day: Whether 29 February is on the grid; a planning year leaves it out.
    """

    start: datetime
    count: int
    step_minutes: int = 60
    leap_day: bool = True

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta(0):
            raise InputError("start", self.start, "must be in UTC")
        if self.count < 1:
            raise InputError("count", self.count, "must be at least 1")
        if self.step_minutes < 1 or 60 % self.step_minutes:
            raise InputError("step_minutes", self.step_minutes, "must divide an hour")

    @classmethod
    def planning_year(cls, year: int) -> "TimeGrid":
        """Return the 8,760 UTC hours of a year, 29 February dropped."""
        return cls(start=datetime(year, 1, 1, tzinfo=UTC), count=HOURS_PER_YEAR, leap_day=False)

    @property
    def step_hours(self) -> float:
        """Length of an interval, hours."""
        return self.step_minutes / 60

    def utc(self) -> Times:
        """Return the start of each interval, UTC. Shape (T,), datetime64[s]."""
        return _utc(self)

    def local(self, zone: str) -> Times:
        """Return the start of each interval on the local wall clock. Shape (T,).

        Args:
            zone: IANA name, e.g. "Asia/Irkutsk".

        Raises:
            InputError: No such zone.
        """
        return _local(self, zone)

    def local_hour(self, zone: str) -> Ints:
        """Return the local hour of each interval, 0 to 23. Shape (T,)."""
        local = self.local(zone)
        since_midnight = local - local.astype("datetime64[D]")
        hours: Ints = since_midnight.astype("timedelta64[h]").astype(np.int64)
        return hours

    def local_month(self, zone: str) -> Ints:
        """Return the local calendar month of each interval, 1 to 12. Shape (T,)."""
        return self.local(zone).astype("datetime64[M]").astype(np.int64) % 12 + 1

    def local_weekday(self, zone: str) -> Ints:
        """Return the local weekday of each interval, Monday 0 to Sunday 6. Shape (T,)."""
        return (self.local(zone).astype("datetime64[D]").astype(np.int64) + 3) % 7

    def local_date(self, zone: str) -> Times:
        """Return the local date of each interval. Shape (T,), datetime64[D]."""
        return self.local(zone).astype("datetime64[D]")


@lru_cache(maxsize=64)
def _utc(grid: TimeGrid) -> Times:
    first = np.datetime64(grid.start.replace(tzinfo=None), "s")
    step = np.timedelta64(grid.step_minutes, "m")
    per_day = 1440 // grid.step_minutes
    spare = 0 if grid.leap_day else per_day * (2 + grid.count // (365 * per_day))
    times = first + np.arange(grid.count + spare) * step
    if not grid.leap_day:
        months = times.astype("datetime64[M]")
        day = (times.astype("datetime64[D]") - months.astype("datetime64[D]")).astype(int) + 1
        times = times[~((months.astype(int) % 12 == 1) & (day == 29))][: grid.count]
    times.flags.writeable = False
    return times


@lru_cache(maxsize=256)
def _local(grid: TimeGrid, zone: str) -> Times:
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError("zone", zone, "must be an IANA time zone") from error
    times = grid.utc()
    # Offsets change on the hour in UTC at most a few times a year: ask once per hour.
    hours, place = np.unique(times.astype("datetime64[h]"), return_inverse=True)
    offsets = [
        hour.replace(tzinfo=UTC).astimezone(info).utcoffset() or timedelta(0)
        for hour in hours.astype("datetime64[s]").tolist()
    ]
    seconds = np.array([int(offset.total_seconds()) for offset in offsets])
    local: Times = times + seconds[place].astype("timedelta64[s]")
    local.flags.writeable = False
    return local
