# SPDX-License-Identifier: Apache-2.0
"""Moments and lengths of time as signals write them (ISO 8601)."""

import re
from datetime import datetime
from math import isfinite

_LENGTH = re.compile(
    r"P(?:(?P<y>\d+)Y)?(?:(?P<mo>\d+)M)?(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?"
    r"(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?"
)
_SECONDS = {"w": 604_800.0, "d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0}


def seconds_since_1970(moment: str) -> float:
    """Return a moment, which must carry its offset from UTC, as seconds since 1970.

    Raises:
        ValueError: It is no moment, or has no offset.
    """
    read = datetime.fromisoformat(moment)
    if read.tzinfo is None:
        raise ValueError(f"{moment!r} must have an offset from UTC")
    return read.timestamp()


def seconds_of(length: str) -> float | None:
    """Return a length of time in seconds; None for one of years, which means without end.

    Raises:
        ValueError: It is no length of time, or counts months, which have no one length.
    """
    match = _LENGTH.fullmatch(length)
    if match is None or not any(match.groupdict().values()) or match["mo"]:
        raise ValueError(f"{length!r} must be a length of time such as PT15M")
    if match["y"]:
        return None
    seconds = sum(float(match[unit] or 0) * each for unit, each in _SECONDS.items())
    if not isfinite(seconds):
        raise ValueError("a length of time has too many digits")
    return seconds
