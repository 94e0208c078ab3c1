# SPDX-License-Identifier: Apache-2.0
"""What an operator needs first: what a kW more would cost, what each choice loses by the hour.

These tell and decide nothing; deciding is `decide`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from math import inf
from zoneinfo import ZoneInfo

import numpy as np

from loadstone.engines.control.sight import W_PER_MW
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Floats
from loadstone.model.tariff.demand import CoincidentPeak, DemandCharge
from loadstone.model.tariff.entry import TariffEntry
from loadstone.model.tariff.terms import EnergyTerm, PeakTerm

KW_PER_MW = 1000.0
DAYS = 366
HOUR_S = 3600.0
MOST_WEST = 12  # hours: no local clock is further behind UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakNeed:
    """What one more kW would cost under one charge on the highest power.

    Attributes:
        name: What the bill calls the charge.
        currency: Currency of its amounts.
        counts_now: Whether what is drawn in this hour counts.
        peak_mw: Highest power of the period so far in hours that count, MW; None where no
            hour was metered.
        hours: Hours of the period that were metered and count.
        per_kw: What one kW above that peak adds to the bill of this period, currency/kW.
        per_kw_later: The most that it may add to later periods through the ratchet,
            currency/kW: if they stay below the share that is looked back on.
        per_kw_hour: What drawing one kW through this hour is expected to add, currency/kW,
            where the hour that counts is known only afterwards.
    """

    name: str
    currency: str
    counts_now: bool
    peak_mw: float | None = None
    hours: int = 0
    per_kw: float = 0.0
    per_kw_later: float = 0.0
    per_kw_hour: float = 0.0


def peak_needs(
    entries: Iterable[TariffEntry],
    at: datetime,
    hourly_mw: Floats,
    *,
    contracted_mw: float = 0.0,
) -> tuple[PeakNeed, ...]:
    """Return what one more kW would cost under each charge on the highest power.

    Args:
        entries: Tariffs of the site.
        at: The time, UTC.
        hourly_mw: Mean power of each hour from `trace_start(at)` on, MW at the meter, the last
            one being the hour of `at`; nan where it was not metered. Shape (H,).
        contracted_mw: Contracted power of the connection, MW, for floors.

    Raises:
        InputError: `hourly_mw` does not end in the hour of `at`.
    """
    start = trace_start(at)
    now = int((at - start).total_seconds() // HOUR_S)
    if hourly_mw.shape != (now + 1,):
        rule = f"must have shape ({now + 1},), hours since {start:%Y-%m-%d %H:%M}"
        raise InputError("hourly_mw", hourly_mw.shape, rule)
    grid = TimeGrid(start=start, count=now + 1 + DAYS * 24)
    found = []
    for entry in entries:
        if isinstance(entry, DemandCharge):
            first = _period_start(entry, start + timedelta(hours=now))
            metered_mw = _hours_from(first, start, hourly_mw)
            period = TimeGrid(start=first, count=metered_mw.size + DAYS * 24)
            card = entry.rate_card(period, {})
            terms = [term for term in card.terms if isinstance(term, PeakTerm)]
            found += [
                _of_peak(term, card.currency, metered_mw, contracted_mw) for term in terms
            ]
        elif isinstance(entry, CoincidentPeak):
            card = entry.rate_card(grid, {})
            energy = [term for term in card.terms if isinstance(term, EnergyTerm)]
            found += [_of_hour(term, card.currency, now) for term in energy]
    return tuple(found)


def trace_start(at: datetime) -> datetime:
    """Return from when the meter is looked at for peaks: the first of the month, a day early.

    The day covers local months that begin before the UTC one. Half a day into a month, the one
    before is over everywhere.
    """
    month = (at.astimezone(UTC) - timedelta(hours=MOST_WEST)).date().replace(day=1)
    return datetime.combine(month, time(), UTC) - timedelta(days=1)


def hourly_means(
    trace: Iterable[tuple[float, float | None]], start: datetime, at: datetime
) -> Floats:
    """Return the mean power of each hour, MW; nan where nothing was metered. Shape (H,).

    Args:
        trace: Seconds since 1970, UTC, and MW, None for unknown, in time order.
        start: Start of the first hour.
        at: A time in the last hour.
    """
    first = start.timestamp()
    count = int((at.timestamp() - first) // HOUR_S) + 1
    points = [(second, mw) for second, mw in trace if mw is not None]
    if not points:
        return np.full(count, np.nan)
    seconds, mw = np.array(points).T
    hours = ((seconds - first) // HOUR_S).astype(np.int64)
    kept = (hours >= 0) & (hours < count)
    weight = np.bincount(hours[kept], minlength=count)
    total = np.bincount(hours[kept], weights=mw[kept], minlength=count)
    means: Floats = np.where(weight > 0, total / np.maximum(weight, 1), np.nan)
    return means


def _period_start(entry: DemandCharge, hour: datetime) -> datetime:
    """Return the first hour of the local month, or year, that a charge counts an hour to.

    A whole period, and no part of the one before it: what is charged is a share of a period,
    and peaks of earlier ones are those that the tariff tells.
    """
    local = hour.astimezone(ZoneInfo(entry.zone))
    month = local.month if entry.assessed == "month" else 1
    first = datetime(local.year, month, 1, tzinfo=local.tzinfo).astimezone(UTC)
    begun = first.replace(minute=0, second=0)
    return begun if begun == first else begun + timedelta(hours=1)


def _hours_from(first: datetime, start: datetime, hourly_mw: Floats) -> Floats:
    """Return hours from `first` on instead of from `start`; nan where they were not asked."""
    early = int((start - first).total_seconds() // HOUR_S)
    if early <= 0:
        return hourly_mw[-early:]
    return np.concatenate([np.full(early, np.nan), hourly_mw])


def _of_peak(
    term: PeakTerm, currency: str, hourly_mw: Floats, contracted_mw: float
) -> PeakNeed:
    now = hourly_mw.size - 1
    period = int(term.periods[now])
    if period < 0:  # it does not count: the period to come is meant
        ahead = term.periods[now:]
        coming = ahead[ahead >= 0]
        period = int(coming[0]) if coming.size else -1
    if period < 0:
        return PeakNeed(name=term.name, currency=currency, counts_now=False)
    counted = hourly_mw[(term.periods[: now + 1] == period) & ~np.isnan(hourly_mw)]
    peak_mw = float(counted.max()) if counted.size else None
    floor_mw = max(float(term.floor_mw[period]), term.floor_share * contracted_mw)
    reached = peak_mw or 0.0
    billed = float(term.per_mw[period]) if reached >= floor_mw else 0.0
    excess = float(term.excess_per_mw[period]) if reached >= term.contract_mw else 0.0
    later = float((term.per_mw * term.ratchet[:, period]).sum())
    later -= float(term.per_mw[period] * term.ratchet[period, period])
    return PeakNeed(
        name=term.name,
        currency=currency,
        counts_now=bool(term.periods[now] == period),
        peak_mw=peak_mw,
        hours=int(counted.size),
        per_kw=(billed + excess) / KW_PER_MW,
        per_kw_later=later / KW_PER_MW,
    )


def _of_hour(term: EnergyTerm, currency: str, now: int) -> PeakNeed:
    per_mwh = float(term.per_mwh[now])
    return PeakNeed(
        name=term.name,
        currency=currency,
        counts_now=per_mwh > 0,
        per_kw_hour=per_mwh / KW_PER_MW,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one of the things that can be done now earns by the hour.

    Attributes:
        name: "stop all", "hold" as it is now, or "run all" through the price.
        mw: Power that the machines then draw, MW.
        per_hour: Earnings less price of power and less penalty, currency/h.
        lost_per_hour: How much less that is than the best there is, currency/h.
        once: What changing over costs once, currency: stops and starts.
    """

    name: str
    mw: float
    per_hour: float
    lost_per_hour: float
    once: float = 0.0


def choices(
    value_per_mwh: Floats,
    rated_w: Floats,
    power_w: Floats,
    *,
    price_per_mwh: float,
    restart_cost: float = 0.0,
    allowed_mw: float = inf,
    penalty_per_mwh: float = 0.0,
) -> tuple[Choice, ...]:
    """Return what stopping, holding and running through the price earn by the hour.

    The best is to run those machines in which a MWh earns more than it costs: of those beyond
    what an event leaves, more than its penalty besides.

    Args:
        value_per_mwh: What a MWh earns in each machine before power is paid, currency/MWh.
            Shape (M,).
        rated_w: Draw of each at full load, W. Shape (M,).
        power_w: Draw of each now, W, at least 0; 0 where stopped or unknown. Shape (M,).
        price_per_mwh: Price of power now, currency/MWh.
        restart_cost: What one stop and start of one machine costs, currency.
        allowed_mw: What an event leaves to the machines, MW.
        penalty_per_mwh: What each MWh beyond that costs, currency/MWh, at least 0.

    Raises:
        InputError: Shapes disagree.
    """
    if not value_per_mwh.shape == rated_w.shape == power_w.shape:
        shapes = value_per_mwh.shape, rated_w.shape, power_w.shape
        raise InputError("shapes", shapes, "must all be (M,)")
    margin = value_per_mwh - price_per_mwh
    best = _best(margin, rated_w / W_PER_MW, allowed_mw, penalty_per_mwh)
    running = power_w > 0
    rows = (
        ("stop all", np.zeros_like(rated_w), restart_cost * int(running.sum())),
        ("hold", power_w, 0.0),
        ("run all", rated_w, 0.0),
    )
    found = []
    for name, drawn_w, once in rows:
        drawn_mw = float(drawn_w.sum()) / W_PER_MW
        penalty = penalty_per_mwh * max(0.0, drawn_mw - allowed_mw) if penalty_per_mwh else 0.0
        per_hour = float((margin * drawn_w).sum()) / W_PER_MW - penalty
        found.append(
            Choice(
                name=name,
                mw=drawn_mw,
                per_hour=per_hour,
                lost_per_hour=max(0.0, best - per_hour),
                once=once,
            )
        )
    return tuple(found)


def _best(margin: Floats, rated_mw: Floats, allowed_mw: float, penalty_per_mwh: float) -> float:
    """Return the most that machines can earn, currency/h: the best of them first."""
    order = np.argsort(-margin)
    margin, rated_mw = margin[order], rated_mw[order]
    before_mw = np.cumsum(rated_mw) - rated_mw
    within_mw = np.clip(allowed_mw - before_mw, 0.0, rated_mw)
    beyond = np.maximum(margin - penalty_per_mwh, 0.0) * (rated_mw - within_mw)
    return float((np.maximum(margin, 0.0) * within_mw + beyond).sum())
