# SPDX-License-Identifier: Apache-2.0
"""Times as files write them, turned into UTC.

Where local clocks go back, an hour comes twice: its first row is summer time, its second
winter time. If it comes once nobody can know which it is, and it is refused.
"""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from loadstone.adapters.sources.columns import Columns
from loadstone.model.errors import InputError

Times = NDArray[np.datetime64]

MOST_ERRORS = 20
_ISO = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:[T ]+(\d\d?)(?::(\d\d))?(?::(\d\d)(?:\.\d+)?)?)?"
    r"\s*(Z|UTC|[+-]\d\d:?\d\d)?"
)
_DOTTED = re.compile(r"(\d\d?)[./](\d\d?)[./](\d{4})(?:[T ]+(\d\d?):(\d\d)(?::(\d\d))?)?()")


def to_utc(
    columns: Columns, name: str, tz: str | None, *, label_end: bool
) -> tuple[Times, list[InputError], list[str]]:
    """Return the start of each row's interval in UTC.

    Args:
        columns: The file.
        name: The column of times.
        tz: Zone of times that say none; None where all do, or the column's name ends in utc.
        label_end: Whether a time is the end of its interval.

    Returns:
        Times of shape (T,), NaT where an error is named; the errors; what was assumed.

    Raises:
        InputError: No such zone, or times say no zone and none is given.
    """
    moments, errors, said = _parsed(columns, name)
    naive = any(moment is not None and moment.tzinfo is None for moment in moments)
    zone = None
    if naive:
        tz, assumed = _zone_name(name, tz)
        said += assumed
        zone = _zone(tz)
    step = _step(moments)
    if zone is None or not label_end:
        utc, late = _located(columns, moments, zone)
    else:
        utc, late = _located_ends(columns, moments, zone, step)
    if label_end and zone is None:
        utc = utc - np.timedelta64(int(step.total_seconds()), "s")
    if label_end:
        said.append(f"times end their interval of {int(step.total_seconds() // 60)} minutes")
    return utc, errors + late, said


def _zone_name(name: str, tz: str | None) -> tuple[str, list[str]]:
    if tz is not None:
        return tz, []
    if name.lower().endswith("utc"):
        return "UTC", [f"times of {name} taken for UTC"]
    raise InputError("--tz", tz, f"the times of {name} say no zone; name the one they are in")


def _zone(tz: str) -> ZoneInfo:
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError("--tz", tz, "must be an IANA time zone") from error


def _parsed(
    columns: Columns, name: str
) -> tuple[list[datetime | None], list[InputError], list[str]]:
    column = columns.table[name]
    if pa.types.is_timestamp(column.type):
        return _timestamps(columns, name)
    texts = [str(cell).strip() for cell in column.to_pylist()]
    day_first, said = _day_first(texts)
    moments: list[datetime | None] = []
    errors = []
    for i, text in enumerate(texts):
        moment = _moment(text, day_first=day_first)
        if moment is None:
            rule = "must be a time, as 2023-01-31 13:00"
            errors.append(InputError(f"{columns.at(i)}, {name}", text, rule, file=columns.file))
        moments.append(moment)
    return moments, errors, said


def _timestamps(
    columns: Columns, name: str
) -> tuple[list[datetime | None], list[InputError], list[str]]:
    column = columns.table[name]
    aware = column.type.tz is not None
    seconds = column.cast(pa.timestamp("s", column.type.tz), safe=False)
    moments: list[datetime | None] = []
    errors = []
    for i, cell in enumerate(seconds.cast(pa.int64()).to_pylist()):
        if cell is None:
            error = InputError(
                f"{columns.at(i)}, {name}", None, "must be a time", file=columns.file
            )
            errors.append(error)
            moments.append(None)
            continue
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=cell)
        moments.append(moment if aware else moment.replace(tzinfo=None))
    return moments, errors, []


def _day_first(texts: list[str]) -> tuple[bool, list[str]]:
    """Return whether 01/02/2023 is the first of February, read off the other rows."""
    found = [match for text in texts if (match := _DOTTED.fullmatch(text))]
    if not found:
        return True, []
    if any(int(match[2]) > 12 for match in found):
        return False, ["dates read as month/day/year"]
    slashed = any("/" in match.string for match in found)
    if slashed and not any(int(match[1]) > 12 for match in found):
        raise InputError("time", found[0].string, "day or month first? write 2023-01-31")
    return True, ["dates read as day/month/year"] if slashed else []


def _moment(text: str, *, day_first: bool) -> datetime | None:
    iso = _ISO.fullmatch(text)
    dotted = None if iso else _DOTTED.fullmatch(text)
    match = iso or dotted
    if match is None:
        return None
    one, two, three, hour, minute, second, offset = match.groups()
    year, month, day = (one, two, three)
    if dotted:
        year, month, day = (three, two, one) if day_first else (three, one, two)
    try:
        start = datetime(int(year), int(month), int(day))  # noqa: DTZ001  # zone follows
    except ValueError:
        return None
    if int(hour or 0) > 24 or int(minute or 0) > 59 or int(second or 0) > 59:
        return None
    moment = start + timedelta(
        hours=int(hour or 0), minutes=int(minute or 0), seconds=int(second or 0)
    )
    return moment.replace(tzinfo=_offset(offset)) if offset else moment


def _offset(text: str) -> timezone:
    if text in {"Z", "UTC"}:
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _step(moments: list[datetime | None]) -> timedelta:
    """Return the commonest distance of neighbouring times."""
    known = [moment for moment in moments if moment is not None]
    same = [a for a in known if (a.tzinfo is None) == (known[0].tzinfo is None)]
    steps = Counter(abs(b - a) for a, b in pairwise(same) if a != b)
    return steps.most_common(1)[0][0] if steps else timedelta(hours=1)


def _located(
    columns: Columns, moments: list[datetime | None], zone: ZoneInfo | None
) -> tuple[Times, list[InputError]]:
    """Return UTC times; naive ones are local, doubled hours told apart by their order."""
    order = range(len(moments))
    falling = _falling(moments)
    seen: Counter[datetime] = Counter()
    count = Counter(
        moment for moment in moments if moment is not None and moment.tzinfo is None
    )
    utc = np.full(len(moments), np.datetime64("NaT", "s"), dtype="datetime64[s]")
    errors = []
    for i in reversed(order) if falling else order:
        moment = moments[i]
        if moment is None:
            continue
        if moment.tzinfo is None and zone is not None:
            problem, moment = _local(moment, zone, seen[moment], count[moment], seen)
            if problem:
                place = f"{columns.at(i)}, time"
                errors.append(InputError(place, str(moments[i]), problem, file=columns.file))
                continue
        utc[i] = np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "s")
    return utc, errors


def _local(
    moment: datetime, zone: ZoneInfo, before: int, count: int, seen: Counter[datetime]
) -> tuple[str, datetime]:
    seen[moment] += 1
    first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() == second.utcoffset():
        return "", first
    back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    if back != moment:
        return f"does not exist in {zone.key}: clocks go forward then", first
    if count == 1:
        rule = (
            f"comes twice in {zone.key} and once in the file: which one is it? give UTC times"
        )
        return rule, first
    return "", first if before == 0 else second


def _located_ends(
    columns: Columns, moments: list[datetime | None], zone: ZoneInfo, step: timedelta
) -> tuple[Times, list[InputError]]:
    """Return starts of intervals labelled by their end.

    Most files write the end as the start's wall clock plus the step; some the wall clock of
    the end itself. They differ on days when clocks change: what fits is taken.
    """
    starts = [None if moment is None else moment - step for moment in moments]
    utc, errors = _located(columns, starts, zone)
    if not errors:
        return utc, []
    other, worse = _located(columns, moments, zone)
    if worse:
        return utc, errors
    return other - np.timedelta64(int(step.total_seconds()), "s"), []


def _falling(moments: list[datetime | None]) -> bool:
    known = [moment for moment in moments if moment is not None]
    if len(known) < 2 or (known[0].tzinfo is None) != (known[-1].tzinfo is None):
        return False
    return known[0] > known[-1]
