# SPDX-License-Identifier: Apache-2.0
"""What a site would have drawn without an event: three baselines, each with its adjustment.

Source: the middle 8 of 10 like days and the matching day pair follow the default baselines of
ERCOT's Emergency Response Service ("Default Baseline Methodologies"); meter before and meter
after is a method of NAESB's standards of measurement and verification of demand response
(WEQ-015). The hours of the fit, its limit and the number of pairs differ by programme and are
terms of the method; the defaults are our own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from loadstone.model.operations.event import SATURDAY, Method
from loadstone.model.operations.proof import Baseline, LikeDay
from loadstone.model.series import Floats

LIKE_DAYS = 10
LOOK_BACK_DAYS = 60  # like days older than this are of another season
_DAY = timedelta(days=1)

MeansOf = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The intervals of an event, and the days around it.

    Attributes:
        edges_s: Edges of the intervals of the event, seconds since 1970, UTC.
        untouched_until_s: Until when nothing was done for the event: its start, or the moment
            the first machine was told where that was earlier.
        zone: Time zone of the site.
        event_days: Local dates on which other events took place.
    """

    edges_s: tuple[float, ...]
    untouched_until_s: float
    zone: str
    event_days: frozenset[date] = frozenset()

    @property
    def day(self) -> date:
        """The local date on which the event starts."""
        return self._local(self.edges_s[0]).date()

    @property
    def dates(self) -> int:
        """How many local dates the event falls on."""
        last = self._local(max(self.edges_s[-1] - 1.0, self.edges_s[0])).date()
        return (last - self.day).days + 1

    def later_s(self, day: date) -> float:
        """Return by how much later the time of day of the start is on a local date, s."""
        start = self._local(self.edges_s[0])
        other = datetime.combine(day, start.time(), start.tzinfo)
        return (day - self.day) / timedelta(seconds=1) - (_offset_s(other) - _offset_s(start))

    def _local(self, at_s: float) -> datetime:
        return datetime.fromtimestamp(at_s, ZoneInfo(self.zone))


def baseline_of(method: Method, times: Times, means_of: MeansOf) -> Baseline:
    """Return what the site would have drawn in each interval of an event.

    Args:
        method: How it is measured, as fixed before the event.
        times: The intervals, and which days cannot serve.
        means_of: Mean of the meter between edges, MW, nan not known: shape (T + 1,) to (T,).
    """
    if method.baseline == "meter-before-after":
        return _before(method, times, means_of)
    find = _middle_days if method.baseline == "middle-8-of-10" else _pairs
    days, missing = find(method, times, means_of)
    taken = [date.fromisoformat(day.date) for day in days if day.taken]
    if not taken:
        nothing = (None,) * (len(times.edges_s) - 1)
        return Baseline(
            method=method.baseline,
            mw=nothing,
            raw_mw=nothing,
            adjustment=method.fitted_by,
            days=days,
            missing=missing,
        )

    def like(edges_s: Floats) -> Floats:
        mean: Floats = np.mean([means_of(_moved(edges_s, day, times)) for day in taken], axis=0)
        return mean

    return _fitted(method, times, like, means_of, days)


def _before(method: Method, times: Times, means_of: MeansOf) -> Baseline:
    until_s = times.untouched_until_s
    mean = float(means_of(np.array([until_s - method.before_s, until_s]))[0])

    def flat(edges_s: Floats) -> Floats:
        return np.full(len(edges_s) - 1, mean)

    missing = ""
    if not np.isfinite(mean):
        missing = f"the meter is not known for the {method.before_s:g} s before the event"
    fitted = _fitted(method, times, flat, means_of, ())
    return fitted if not missing else _without(fitted, missing)


def _without(baseline: Baseline, missing: str) -> Baseline:
    return Baseline(
        method=baseline.method,
        mw=baseline.mw,
        raw_mw=baseline.raw_mw,
        adjustment=baseline.adjustment,
        missing=missing,
    )


def _fitted(
    method: Method, times: Times, raw: MeansOf, means_of: MeansOf, days: tuple[LikeDay, ...]
) -> Baseline:
    """Return a baseline moved by what the meter said in the hours before the event."""
    edges_s = np.array(times.edges_s)
    raw_mw = raw(edges_s)
    window = times.untouched_until_s - np.array([method.adjust_from_s, method.adjust_until_s])
    factor, offset_mw, metered, before = 1.0, 0.0, None, None
    missing = ""
    if method.fitted_by != "none":
        metered, before = float(means_of(window)[0]), float(raw(window)[0])
        most = np.inf if method.adjust_most is None else method.adjust_most
        if not (np.isfinite(metered) and np.isfinite(before)):
            metered, before = _or_none(metered), _or_none(before)
            missing = "not fitted: the meter is not known in the hours of the fit"
        elif method.fitted_by == "additive":
            most_mw = most if np.isinf(most) else most * abs(before)
            offset_mw = float(np.clip(metered - before, -most_mw, most_mw))
        elif before > 0:
            factor = float(np.clip(metered / before, 1 - most, 1 + most))
        else:
            missing = "not fitted: the baseline is not above 0 in the hours of the fit"
    return Baseline(
        method=method.baseline,
        mw=_known(raw_mw * factor + offset_mw),
        raw_mw=_known(raw_mw),
        adjustment=method.fitted_by,
        factor=factor,
        offset_mw=offset_mw,
        metered_before_mw=metered,
        baseline_before_mw=before,
        days=days,
        missing=missing,
    )


def _middle_days(
    method: Method, times: Times, means_of: MeansOf
) -> tuple[tuple[LikeDay, ...], str]:
    """Return the last ten like days, the highest and the lowest of them not taken."""
    found: list[LikeDay] = []
    skipped: list[LikeDay] = []
    for day, reason in _days_before(method, times):
        if reason:
            skipped.append(LikeDay(date=day.isoformat(), taken=False, reason=reason))
            continue
        mwh = _energy(day, times.zone, method, means_of)
        if mwh is None:
            skipped.append(LikeDay(date=str(day), taken=False, reason="meter incomplete"))
            continue
        found.append(LikeDay(date=day.isoformat(), mwh=mwh, taken=True))
        if len(found) == LIKE_DAYS:
            break
    if len(found) < LIKE_DAYS:
        missing = f"{len(found)} like days with a whole meter, {LIKE_DAYS} are needed"
        return tuple(_left(found, "too few") + skipped), missing
    by_energy = sorted(found, key=lambda one: (one.mwh or 0.0, one.date))
    middle = by_energy[1:-1]
    ends = [
        LikeDay(date=one.date, mwh=one.mwh, taken=False, reason=reason)
        for one, reason in ((by_energy[-1], "highest"), (by_energy[0], "lowest"))
    ]
    return tuple(sorted(middle + ends, key=lambda one: one.date, reverse=True) + skipped), ""


def _pairs(method: Method, times: Times, means_of: MeansOf) -> tuple[tuple[LikeDay, ...], str]:
    """Return days whose morning and day before were most like those of the event."""
    profile = _pair_profile(times.day, times, method, means_of)
    if not np.isfinite(profile).all():
        return (), "the meter is not whole from the day before to the event"
    found: list[LikeDay] = []
    skipped: list[LikeDay] = []
    for day, reason in _days_before(method, times, days=2):
        if reason:
            skipped.append(LikeDay(date=day.isoformat(), taken=False, reason=reason))
            continue
        if _changes_clocks(day, times.zone) or _changes_clocks(day - _DAY, times.zone):
            skipped.append(LikeDay(date=str(day), taken=False, reason="clock change"))
            continue
        mwh = _energy(day, times.zone, method, means_of)
        other = _pair_profile(day, times, method, means_of)
        if mwh is None or not np.isfinite(other).all():
            skipped.append(LikeDay(date=str(day), taken=False, reason="meter incomplete"))
            continue
        apart = float(np.sqrt(np.mean((other - profile) ** 2)))
        found.append(LikeDay(date=day.isoformat(), mwh=mwh, distance=apart, taken=True))
    if not found:
        return tuple(skipped), "no like day with a whole meter"
    found.sort(key=lambda one: one.distance or 0.0)  # among equals the last day stays first
    rest = _left(found[method.pairs :], "less like")
    return tuple(found[: method.pairs] + rest + skipped), ""


def _left(days: Sequence[LikeDay], reason: str) -> list[LikeDay]:
    return [
        LikeDay(date=one.date, mwh=one.mwh, distance=one.distance, taken=False, reason=reason)
        for one in days
    ]


def _days_before(method: Method, times: Times, days: int = 1) -> Iterator[tuple[date, str]]:
    """Yield days before the event, the last first, and why each cannot serve; "".

    Of a working day these are working days, and holidays, which are told and do not serve; of
    a day of rest the days of rest. One on which the same hours reach into this event cannot
    serve either: the event is longer than the time between them.

    Args:
        method: How the event is measured.
        times: The event, and days of other events.
        days: How many days, the yielded one the last, must be without an event.
    """
    rest = method.rests_on(times.day)
    last_s = np.array(times.edges_s[-1:])
    for n in range(1, LOOK_BACK_DAYS + 1):
        day = times.day - n * _DAY
        if method.rests_on(day) == rest:
            around = range(1 - days, times.dates)
            touched = {day + k * _DAY for k in around} & times.event_days
            into = _moved(last_s, day, times)[0] > times.untouched_until_s
            yield day, "event" if touched or into else ""
        elif day in method.holidays and day.weekday() < SATURDAY:
            yield day, "holiday"


def _energy(day: date, zone: str, method: Method, means_of: MeansOf) -> float | None:
    edges_s = _edges(_midnight_s(day, zone), _midnight_s(day + _DAY, zone), method.interval_s)
    mwh = float(np.sum(means_of(edges_s) * np.diff(edges_s)) / 3_600.0)
    return mwh if np.isfinite(mwh) else None


def _pair_profile(day: date, times: Times, method: Method, means_of: MeansOf) -> Floats:
    """Return the meter of a day and the one before to the time of the event, MW.

    It is as long as that of the event, which begins at the midnight a day before.
    """
    until_s = times.untouched_until_s
    edges_s = _edges(_midnight_s(times.day - _DAY, times.zone), until_s, method.interval_s)
    return means_of(_moved(edges_s, day, times))


def _changes_clocks(day: date, zone: str) -> bool:
    return _midnight_s(day + _DAY, zone) - _midnight_s(day, zone) != _DAY.total_seconds()


def _moved(edges_s: Floats, day: date, times: Times) -> Floats:
    """Return the same times on another day, as far from the time of day of the start."""
    return edges_s + times.later_s(day)


def _edges(from_s: float, until_s: float, interval_s: int) -> Floats:
    return np.append(np.arange(from_s, until_s - 1e-6, interval_s, dtype=np.float64), until_s)


def _offset_s(local: datetime) -> float:
    offset = local.utcoffset()
    return 0.0 if offset is None else offset.total_seconds()


def _midnight_s(day: date, zone: str) -> float:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC).timestamp()


def _known(mw: Floats) -> tuple[float | None, ...]:
    return tuple(_or_none(float(one)) for one in mw)


def _or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
