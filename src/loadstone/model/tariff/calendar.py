# SPDX-License-Identifier: Apache-2.0
"""The local calendar that tariffs speak of: billing periods, windows, dates in force."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError
from loadstone.model.grid import HOURS_PER_YEAR, TimeGrid
from loadstone.model.tariff.load import Bools, Floats, Ints

Period = Literal["month", "quarter", "year", "grid"]
Dates = NDArray[np.datetime64]

MONTHS = tuple(range(1, 13))
WEEKDAYS = tuple(range(7))
MONTHS_IN: dict[Period, int] = {"month": 1, "quarter": 3, "year": 12}
MINUTES_PER_DAY = 1440
QUARTER_HOUR = 0.25
HOURS_PER_DAY = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calendar:
    """Intervals as a local calendar sees them. Arrays have shape (T,).

    A planning year is a circle: the hours that fall in a neighbouring local year count as
    the same days of its own, so that it has twelve months in every zone.

    Attributes:
        day: Local date.
        weekday: Local day of the week, Monday 0 to Sunday 6.
        minute: Minute of the local day at which the interval starts.
        month_part: Share of its local month that the interval is; a whole month adds up to 1.
        circle: Whether the intervals are a planning year.
    """

    day: Dates
    weekday: Ints
    minute: Ints
    month_part: Floats
    circle: bool

    @classmethod
    def of(cls, grid: TimeGrid, zone: str) -> "Calendar":
        """Return the calendar of a grid in a zone.

        Raises:
            InputError: No such zone.
        """
        return _calendar(grid, zone)

    @property
    def month(self) -> Ints:
        """Local month, 1 to 12. Shape (T,)."""
        return self.day.astype("datetime64[M]").astype(np.int64) % 12 + 1

    @property
    def month_day(self) -> Ints:
        """Local month and day as a number: 1115 is 15 November. Shape (T,)."""
        first = self.day.astype("datetime64[M]").astype("datetime64[D]")
        number: Ints = self.month * 100 + (self.day - first).astype(np.int64) + 1
        return number

    def periods(self, period: Period) -> Ints:
        """Return the number of the billing period of each interval, from 0. Shape (T,)."""
        if period == "grid":
            return np.zeros(self.day.size, dtype=np.int64)
        number = self.day.astype("datetime64[M]").astype(np.int64) // MONTHS_IN[period]
        from_zero: Ints = number - number.min()
        return from_zero

    def first_months(self, period: Period) -> Ints:
        """Return the first month of each period, counted from January 1970. Shape (P,)."""
        months = self.day.astype("datetime64[M]").astype(np.int64)
        first, last = int(months.min()), int(months.max())
        if period == "grid":
            return np.array([first])
        size = MONTHS_IN[period]
        return np.arange(first // size, last // size + 1) * size

    def between(self, valid_from: date | None, valid_to: date | None) -> Bools:
        """Return the intervals from one local date to before another. Shape (T,)."""
        inside: Bools = np.ones(self.day.size, dtype=np.bool_)
        if valid_from is not None:
            inside &= self.day >= np.datetime64(valid_from)
        if valid_to is not None:
            inside &= self.day < np.datetime64(valid_to)
        return inside

    def with_holidays(self, holidays: tuple[date, ...], weekday: int) -> "Calendar":
        """Return the calendar with some dates counted as a day of the week."""
        if not holidays:
            return self
        free = np.isin(self.day, np.array(holidays, dtype="datetime64[D]"))
        return Calendar(
            day=self.day,
            weekday=np.where(free, weekday, self.weekday),
            minute=self.minute,
            month_part=self.month_part,
            circle=self.circle,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some local hours of some days. An interval is in it if it starts in it.

    Attributes:
        months: Months, 1 to 12.
        weekdays: Days of the week, Monday 0 to Sunday 6.
        hours: Half-open spans of local hours, e.g. (7, 10); (22, 6) goes past midnight, in
            each of the days from 0 to 6 and from 22 to 24.
        first_day: First day of a season, "MM-DD"; empty for the whole year.
        last_day: Last day of the season, itself included; may be in the next year.
    """

    months: tuple[int, ...] = MONTHS
    weekdays: tuple[int, ...] = WEEKDAYS
    hours: tuple[tuple[float, float], ...] = ((0.0, 24.0),)
    first_day: str = ""
    last_day: str = ""

    def __post_init__(self) -> None:
        if not self.months or not set(self.months) <= set(MONTHS):
            raise InputError("months", self.months, "must be from 1 to 12")
        if not self.weekdays or not set(self.weekdays) <= set(WEEKDAYS):
            raise InputError("weekdays", self.weekdays, "must be from 0, Monday, to 6, Sunday")
        for span in self.hours:
            if not all(0 <= hour <= HOURS_PER_DAY for hour in span) or span[0] == span[1]:
                raise InputError("hours", span, "must be two different hours from 0 to 24")
            if any(hour % QUARTER_HOUR for hour in span):
                raise InputError("hours", span, "must be in quarter hours")
        if bool(self.first_day) != bool(self.last_day):
            days = self.first_day, self.last_day
            raise InputError("first_day, last_day", days, "must be given together")
        for name in ("first_day", "last_day"):
            if getattr(self, name):
                month_day(name, getattr(self, name))

    def mask(self, calendar: Calendar) -> Bools:
        """Return the intervals in the window. Shape (T,)."""
        inside: Bools = np.isin(calendar.month, self.months)
        inside &= np.isin(calendar.weekday, self.weekdays)
        inside &= self._in_hours(calendar.minute)
        if self.first_day:
            first = month_day("first_day", self.first_day)
            last = month_day("last_day", self.last_day)
            inside &= _in_span(calendar.month_day, first, last + 1)
        return inside

    def _in_hours(self, minute: Ints) -> Bools:
        inside = np.zeros(minute.size, dtype=np.bool_)
        for start, end in self.hours:
            inside |= _in_span(minute, int(start * 60), int(end * 60))
        return inside


def any_window(windows: tuple[Window, ...], calendar: Calendar) -> Bools:
    """Return the intervals in at least one window; in all if there is none. Shape (T,)."""
    if not windows:
        return np.ones(calendar.day.size, dtype=np.bool_)
    inside: Bools = np.any([window.mask(calendar) for window in windows], axis=0)
    return inside


@lru_cache(maxsize=1)
def every_quarter_hour() -> Calendar:
    """Return every quarter hour of every date, with every weekday it can fall on."""
    days = np.arange("2024-01-01", "2025-01-01", dtype="datetime64[D]")  # a leap year
    minutes = np.arange(0, MINUTES_PER_DAY, 15)
    date_at, weekday_at, minute_at = np.meshgrid(days, WEEKDAYS, minutes, indexing="ij")
    return Calendar(
        day=date_at.ravel(),
        weekday=weekday_at.ravel(),
        minute=minute_at.ravel(),
        month_part=np.zeros(date_at.size),
        circle=True,
    )


def month_day(field: str, text: str) -> int:
    """Return "MM-DD" as a number: "11-15" is 1115.

    Raises:
        InputError: There is no such day.
    """
    try:
        day = date.fromisoformat(f"2024-{text}")
    except ValueError as error:
        raise InputError(field, text, 'must be a day as "MM-DD"') from error
    return day.month * 100 + day.day


def _in_span(values: Ints, start: int, end: int) -> Bools:
    """Return the values from start to before end; an end before the start wraps round."""
    if start < end:
        return (values >= start) & (values < end)
    return (values >= start) | (values < end)


@lru_cache(maxsize=64)
def _calendar(grid: TimeGrid, zone: str) -> Calendar:
    local = grid.local(zone)
    circle = not grid.leap_day and grid.count * grid.step_minutes == HOURS_PER_YEAR * 60
    day = local.astype("datetime64[D]")
    if circle:
        months = day.astype("datetime64[M]")
        year = months.astype(np.int64) // 12
        home = months + 12 * (grid.start.year - 1970 - year)
        day = home.astype("datetime64[D]") + (day - months.astype("datetime64[D]"))
    number = day.astype("datetime64[M]").astype(np.int64)
    months_here, place, counts = np.unique(number, return_inverse=True, return_counts=True)
    whole = counts
    if not circle:
        whole = np.array([_intervals(int(m), zone, grid.step_minutes) for m in months_here])
    return Calendar(
        day=day,
        weekday=grid.local_weekday(zone),
        minute=(local - local.astype("datetime64[D]")).astype(np.int64) // 60,
        month_part=1.0 / whole[place],
        circle=circle,
    )


def _intervals(month: int, zone: str, step_minutes: int) -> int:
    """Return how many intervals a local month holds, counted from January 1970."""
    info = ZoneInfo(zone)
    year, index = divmod(month, 12)
    days = monthrange(year + 1970, index + 1)[1]
    start = datetime(year + 1970, index + 1, 1, tzinfo=info)
    end = (start.replace(tzinfo=None) + timedelta(days=days)).replace(tzinfo=info)
    length = end.astimezone(UTC) - start.astimezone(UTC)
    return round(length / timedelta(minutes=step_minutes))
