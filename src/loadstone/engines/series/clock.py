# SPDX-License-Identifier: Apache-2.0
"""The local calendar of arbitrary UTC hours; `TimeGrid` has it for unbroken ones."""

from dataclasses import dataclass
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid

Ints = NDArray[np.int64]
Times = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalClock:
    """Local calendar of some hours, each of shape (T,).

    Attributes:
        year: Calendar year.
        month: 1 to 12.
        hour: 0 to 23.
        weekday: Monday 0 to Sunday 6.
    """

    year: Ints
    month: Ints
    hour: Ints
    weekday: Ints


def local_clock(utc: Times, zone: str) -> LocalClock:
    """Return the local calendar of UTC times.

    Args:
        utc: Shape (T,), T at least 1.
        zone: IANA name.

    Raises:
        InputError: No such zone.
    """
    local = utc.astype("datetime64[s]") + utc_offset(utc, zone)
    day = local.astype("datetime64[D]")
    return LocalClock(
        year=local.astype("datetime64[Y]").astype(np.int64) + 1970,
        month=local.astype("datetime64[M]").astype(np.int64) % 12 + 1,
        hour=(local - day).astype("timedelta64[h]").astype(np.int64),
        weekday=(day.astype(np.int64) + 3) % 7,
    )


def grid_clock(grid: TimeGrid, zone: str) -> LocalClock:
    """Return the local calendar of a grid."""
    return LocalClock(
        year=grid.local(zone).astype("datetime64[Y]").astype(np.int64) + 1970,
        month=grid.local_month(zone),
        hour=grid.local_hour(zone),
        weekday=grid.local_weekday(zone),
    )


def utc_offset(utc: Times, zone: str) -> NDArray[np.timedelta64]:
    """Return local time less UTC at UTC times. Shape (T,), timedelta64[s]."""
    try:
        info = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError("zone", zone, "must be an IANA time zone") from error
    days, place = np.unique(utc.astype("datetime64[h]"), return_inverse=True)
    offsets = [
        hour.replace(tzinfo=UTC).astimezone(info).utcoffset() or timedelta(0)
        for hour in days.astype("datetime64[s]").tolist()
    ]
    seconds = np.array([int(offset.total_seconds()) for offset in offsets])
    return seconds[place].astype("timedelta64[s]")
