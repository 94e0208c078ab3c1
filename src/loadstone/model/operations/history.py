# SPDX-License-Identifier: Apache-2.0
"""What is asked of the history of readings. Times are seconds since 1970, UTC."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Readings that were taken and are not in the history.

    Attributes:
        site: Site they were taken at.
        from_s: What was read before this time is there.
        until_s: So is what was read after this; None when the program ended then, at a time
            that nobody recorded.
        rows: Rows that were lost; None unknown.
        reason: Why.
    """

    site: str
    from_s: float
    until_s: float | None = None
    rows: int | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePoint:
    """One reading of a machine, or what is kept of the readings of five minutes.

    Attributes:
        at_s: When it was read, or when the five minutes began.
        span_s: 0 for one reading; 300 for five minutes.
        running: Readings that showed it running.
        stopped: Readings that showed it stopped.
        unknown: Readings that showed neither.
        power_w: Mean draw where it was told, W; None where it never was.
        power_min_w: Least draw, W.
        power_max_w: Most draw, W.
        hashrate_th: Mean hashrate where it was told, TH/s; None where it never was.
    """

    at_s: float
    span_s: float
    running: int
    stopped: int
    unknown: int
    power_w: float | None
    power_min_w: float | None
    power_max_w: float | None
    hashrate_th: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Energy through a meter between two times.

    Attributes:
        mwh: Readings of power, each held until the next, a minute at most, MWh. What was drawn
            while nothing was read is not in it.
        covered: Share of the time for which power is known.
        counter_mwh: What the meter's own counter says between its first and its last reading
            within the time, MWh; None where it has none, or it went back.
    """

    mwh: float
    covered: float
    counter_mwh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """The interval with the highest mean power at a meter.

    Attributes:
        starts_s: When the interval began.
        mw: Mean power in the part of it for which power is known, MW.
        covered: Share of the interval for which power is known.
    """

    starts_s: float
    mw: float
    covered: float
