# SPDX-License-Identifier: Apache-2.0
"""Time that passes faster than it does: for watching a simulated site."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from loadstone.apps.clock import SystemClock
from loadstone.model.operations.terms import Timing

T = TypeVar("T")


class PacedClock:
    """A clock of which `speed` seconds pass in one."""

    def __init__(self, start: datetime, speed: float) -> None:
        """Begin.

        Args:
            start: What it shows in the moment when the computer's clock shows the same.
            speed: Its seconds in a second.
        """
        self._real, self._start, self._speed = SystemClock(), start, speed

    def now(self) -> datetime:
        """Return the time, UTC."""
        gone_s = (self._real.now() - self._start).total_seconds()
        return self._start + timedelta(seconds=gone_s * self._speed)

    def wall_s(self) -> float:
        """Return seconds since some moment; they never go back."""
        return self._real.wall_s() * self._speed

    def cpu_s(self) -> float:
        """Return seconds of processor that this program has used."""
        return self._real.cpu_s()


class _Hurried(selectors.DefaultSelector):
    """Waits for sockets a part as long as it is asked to."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> list[Any]:
        return super().select(timeout if timeout is None else timeout / self._speed)


class _PacedLoop(asyncio.SelectorEventLoop):
    def __init__(self, speed: float) -> None:
        self._speed = speed
        super().__init__(_Hurried(speed))

    def time(self) -> float:
        return super().time() * self._speed


def run_paced(main: Callable[[], Coroutine[Any, Any, T]], speed: float) -> T:
    """Run on a loop whose timers go `speed` times as fast; at 1 on the fastest there is."""
    factory = (lambda: _PacedLoop(speed)) if speed != 1 else _fastest()
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main())


def _fastest() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - there is none on Windows
    except ModuleNotFoundError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def paced(timing: Timing, speed: float) -> Timing:
    """Return how often things are looked at when time hurries: the work stays what it was.

    Sockets and processors do not hurry, so what is looked at once a second is looked at
    once in `speed` seconds, and so on; deadlines and patience grow alike.
    """
    if speed <= 1:
        return timing
    grown = {
        name: max(getattr(timing, name), least * speed)
        for name, least in (
            ("tick_s", 0.5),
            ("sweep_s", 3.0),
            ("meter_s", 0.5),
            ("deadline_s", 3.0),
            ("stale_s", 12.0),
            ("meter_stale_s", 5.0),
            ("confirm_s", 8.0),
            ("retry_s", 3.0),
            ("allowed_over_s", 10.0),
            ("lease_s", 30.0),
        )
    }
    return replace(timing, **grown)
