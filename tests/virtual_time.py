# SPDX-License-Identifier: Apache-2.0
"""An asyncio loop whose time jumps to the next timer, and the clock that belongs to it."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class NothingLeftError(Exception):
    """Every task waits for something that no timer will bring."""


class _Leaping(selectors.DefaultSelector):
    """Looks at sockets without waiting, and moves the loop's time instead."""

    def __init__(self) -> None:
        super().__init__()
        self.elapsed_s = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise NothingLeftError("every task waits, and no timer is set")
        self.elapsed_s += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop on which an hour passes as fast as its work is done, and always alike."""

    def __init__(self) -> None:
        self.leaping = _Leaping()
        super().__init__(self.leaping)

    def time(self) -> float:
        return self.leaping.elapsed_s


class VirtualClock:
    """The clock of a virtual loop. `jump_s` puts the computer's clock wrong."""

    def __init__(self, loop: VirtualLoop, start: datetime = NOON) -> None:
        self._loop, self._start = loop, start
        self.jump_s = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time() + self.jump_s)

    def wall_s(self) -> float:
        return self._loop.time()

    def cpu_s(self) -> float:
        return 0.0


def run_virtual(main: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run `main(clock)` on a virtual loop to its end and return what it returns."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main(VirtualClock(loop)))
    finally:
        _end_all(loop)
        loop.close()


def _end_all(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
