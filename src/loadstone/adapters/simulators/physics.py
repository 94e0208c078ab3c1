# SPDX-License-Identifier: Apache-2.0
"""How machines draw power over time, in formulas that need no steps.

Draw after a change is a line in straight pieces, so that power now and energy until now are
known at once for any time, for one machine or, in columns, for ten thousand. The figures of
`Traits` are assumptions within what operators report; they are no measurements.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from math import cos, exp, inf, pi
from typing import NamedTuple

from loadstone.model.errors import InputError
from loadstone.model.operations.command import CapKind

PIECES = 3
SLOT_S = 300.0  # the weather stands still for so long
THROTTLE_FROM_C = 40.0
_EFFICIENCY_EXPONENT = 0.8  # less power, more hashes for each J


class Draw(NamedTuple):
    """Draw of a machine since its last change, in straight pieces.

    Attributes:
        since_s: When it changed, virtual seconds.
        start_w: Draw at that time, W, and before it.
        begins_s: Beginning of each piece after `since_s`.
        lasts_s: Length of each piece.
        slopes: Slope of each piece, W/s.
    """

    since_s: float
    start_w: float
    begins_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    lasts_s: tuple[float, float, float] = (0.0, 0.0, 0.0)
    slopes: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def power_w(self, at_s: float) -> float:
        """Return the draw at a time, W."""
        elapsed, power = at_s - self.since_s, self.start_w
        for begins, lasts, slope in zip(self.begins_s, self.lasts_s, self.slopes, strict=True):
            if slope and elapsed > begins:
                power += slope * min(elapsed - begins, lasts)
        return power

    def energy_ws(self, at_s: float) -> float:
        """Return the energy since the change, Ws."""
        elapsed = at_s - self.since_s
        energy = self.start_w * elapsed
        for begins, lasts, slope in zip(self.begins_s, self.lasts_s, self.slopes, strict=True):
            if slope and elapsed > begins:
                within = min(elapsed - begins, lasts)
                energy += slope * within * (within / 2 + (elapsed - begins - within))
        return energy


def settle(at_s: float, from_w: float, to_w: float, lasts_s: float) -> Draw:
    """Return a draw that goes straight from one level to another."""
    if lasts_s <= 0:
        return Draw(at_s, to_w)
    slope = (to_w - from_w) / lasts_s
    return Draw(at_s, from_w, lasts_s=(lasts_s, 0.0, 0.0), slopes=(slope, 0.0, 0.0))


def wake_up(at_s: float, idle_w: float, level_w: float, lasts_s: float, peak: float) -> Draw:
    """Return the draw of a start: idle while it boots, up beyond its level, back to it.

    Args:
        at_s: When it was told.
        idle_w: Draw before.
        level_w: Draw in the end.
        lasts_s: Seconds until it draws `level_w`.
        peak: Highest draw over `level_w`.
    """
    boots, rises, falls = 0.3 * lasts_s, 0.5 * lasts_s, 0.2 * lasts_s
    peak_w = level_w * peak
    return Draw(
        at_s,
        idle_w,
        (boots, boots + rises, 0.0),
        (rises, falls, 0.0),
        ((peak_w - idle_w) / rises, (level_w - peak_w) / falls, 0.0),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """How machines with a firmware behave, whatever its protocol. All figures are assumed.

    Attributes:
        cap: What it makes of a cap.
        levels: Its levels as shares of full power, ascending, for presets.
        min_share: Lowest cap as a share of full power.
        max_share: Highest cap as a share of full power.
        cap_restarts: Whether a cap interrupts hashing as a start does.
        remembers_stop: Whether it stays stopped over a reboot.
        idle_w: Draw when stopped, W.
        stop_s: Seconds from the command to idle draw.
        wake_from_s: Shortest start, s.
        wake_until_s: Longest start, s; each machine has its own between the two.
        peak: Highest draw of a start over the level it comes to.
        cap_s: Seconds to a new level.
        boot_s: Seconds of a reboot in which nobody answers.
        boards: Hash boards.
        fans: Fans of its own.
        rise_c: Chips over ambient at full power, K.
        warm_s: Time constant of the chips' temperature, s.
    """

    cap: CapKind = CapKind.WATTS
    levels: tuple[float, ...] = ()
    min_share: float = 0.4
    max_share: float = 1.0
    cap_restarts: bool = False
    remembers_stop: bool = True
    idle_w: float = 20.0
    stop_s: float = 3.0
    wake_from_s: float = 60.0
    wake_until_s: float = 120.0
    peak: float = 1.08
    cap_s: float = 10.0
    boot_s: float = 30.0
    boards: int = 3
    fans: int = 4
    rise_c: float = 45.0
    warm_s: float = 90.0


_PRESETS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
FIRMWARE = {
    "antminer": Traits(
        cap=CapKind.NONE, idle_w=25.0, stop_s=8.0, wake_from_s=120.0, wake_until_s=300.0
    ),
    "whatsminer-v2": Traits(
        idle_w=40.0, stop_s=5.0, cap_restarts=True, wake_from_s=60.0, wake_until_s=180.0
    ),
    "whatsminer-v3": Traits(
        idle_w=40.0, stop_s=4.0, cap_restarts=True, wake_from_s=60.0, wake_until_s=150.0
    ),
    "luxos": Traits(
        cap=CapKind.PRESET,
        levels=_PRESETS,
        cap_restarts=True,
        idle_w=18.0,
        wake_from_s=30.0,
        wake_until_s=90.0,
    ),
    "braiins": Traits(idle_w=20.0, wake_from_s=45.0, wake_until_s=150.0),
}


def hashrate_share(power_share: float) -> float:
    """Return hashrate as a share of full hashrate at a share of full power."""
    return float(max(power_share, 0.0) ** _EFFICIENCY_EXPONENT)


def heat_factor(ambient_c: float) -> float:
    """Return draw over that at 25 deg C: leakage up to 40 deg C, throttling above.

    The slopes are assumed: 0.15 % a K of leakage, 4 % a K of throttling, half at most.
    """
    leakage = 1 + 0.0015 * (ambient_c - 25.0)
    throttled = 1 - 0.04 * max(ambient_c - THROTTLE_FROM_C, 0.0)
    return leakage * max(throttled, 0.5)


def approach(from_: float, to: float, elapsed_s: float, constant_s: float) -> float:
    """Return a value on its way to another, exponentially."""
    return to + (from_ - to) * exp(-max(elapsed_s, 0.0) / constant_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSpell:
    """Some hot time.

    Attributes:
        from_s: When it begins, virtual seconds since the start.
        for_s: How long it lasts.
        extra_c: How much hotter it is, K.
    """

    from_s: float
    for_s: float
    extra_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Temperature of the air that machines breathe: a wave a day, and hot spells.

    Attributes:
        mean_c: Mean of a day, deg C.
        swing_c: Hottest less coldest of a day, K.
        hottest_hour: Hour of the day, UTC, when it is hottest.
        hot: Hot spells.
    """

    mean_c: float = 20.0
    swing_c: float = 0.0
    hottest_hour: float = 15.0
    hot: tuple[HotSpell, ...] = ()

    def __post_init__(self) -> None:
        if not -60 <= self.mean_c <= 60:
            raise InputError("mean_c", self.mean_c, "must be from -60 to 60")
        if not 0 <= self.swing_c <= 50:
            raise InputError("swing_c", self.swing_c, "must be from 0 to 50")
        if not 0 <= self.hottest_hour < 24:
            raise InputError("hottest_hour", self.hottest_hour, "must be from 0 to below 24")

    def ambient_c(self, now_s: float, utc_s: float) -> float:
        """Return the temperature at a virtual second that is `utc_s` since 1970, deg C."""
        hour = utc_s / 3600.0 % 24.0
        wave = 0.5 * self.swing_c * cos(2 * pi * (hour - self.hottest_hour) / 24.0)
        extra = sum(
            spell.extra_c
            for spell in self.hot
            if spell.from_s <= now_s < spell.from_s + spell.for_s
        )
        return self.mean_c + wave + extra


@dataclass(slots=True)
class World:
    """What machines share: the clock, the weather, and what will happen by itself.

    Nothing runs in the background. Whoever asks for the time first lets everything happen
    that was due, each at its own time; so nobody can tell that it was not there before.

    Attributes:
        clock_s: Virtual seconds since the start; they never go back.
        start_s: The start, seconds since 1970, UTC.
        weather: Temperatures.
        seed: Of all chance.
    """

    clock_s: Callable[[], float]
    start_s: float = 1_767_225_600.0  # 2026-01-01
    weather: Weather = field(default_factory=Weather)
    seed: int = 0
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0
    _instant_s: float | None = None
    _seen_s: float = -inf
    _ambient: tuple[float, float] = (-inf, 25.0)

    def now_s(self) -> float:
        """Return the time, after everything that was due has happened."""
        if self._instant_s is not None:
            return self._instant_s
        now_s = max(self.clock_s(), self._seen_s)
        if self._due and self._due[0][0] <= now_s:
            self._catch_up(now_s)
        self._seen_s = now_s
        return now_s

    def at(self, at_s: float, act: Callable[[], None]) -> None:
        """Let something happen at a time, or at once when that is past."""
        if at_s < inf:
            self._count += 1
            heapq.heappush(self._due, (max(at_s, self._seen_s), self._count, act))

    def _catch_up(self, now_s: float) -> None:
        try:
            while self._due and self._due[0][0] <= now_s:
                self._instant_s, _, act = heapq.heappop(self._due)
                self._seen_s = self._instant_s
                act()
        finally:
            self._instant_s = None

    def next_s(self) -> float:
        """Return when something is due next; infinite for never."""
        return self._due[0][0] if self._due else inf

    def utc_s(self) -> float:
        """Return seconds since 1970, UTC."""
        return self.start_s + self.now_s()

    def ambient_c(self) -> float:
        """Return the temperature of the air now, deg C; it stands still for five minutes."""
        slot = self.now_s() // SLOT_S * SLOT_S
        if self._ambient[0] != slot:
            self._ambient = (slot, self.weather.ambient_c(slot, self.start_s + slot))
        return self._ambient[1]

    def heat_factor(self) -> float:
        """Return draw over that at 25 deg C now."""
        return heat_factor(self.ambient_c())
