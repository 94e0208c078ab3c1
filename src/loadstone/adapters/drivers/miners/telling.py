# SPDX-License-Identifier: Apache-2.0
"""Small things that drivers of several makes do alike: nested answers, reading back, pools."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from loadstone.adapters.drivers.calls import Told
from loadstone.adapters.drivers.cgminer import number
from loadstone.model.errors import DeviceError
from loadstone.model.operations.reading import Pool, Reason

T = TypeVar("T")

_PAUSES_S = (0.0, 0.05, 0.2, 0.5, 1.0)
"""Before each look back; a machine that restarts its miner shows a new setting late."""


def text(value: object) -> str:
    """Return a text without blanks around it; "" for anything else."""
    return value.strip() if isinstance(value, str) else ""


def dig(value: object, *keys: str | int) -> Any:
    """Return what stands under keys of nested objects and lists; None where one is missing."""
    for key in keys:
        if isinstance(key, int):
            if not isinstance(value, list) or not 0 <= key < len(value):
                return None
            value = value[key]
        else:
            if not isinstance(value, dict):
                return None
            value = value.get(key)
    return value


def number_at(value: object, *keys: str | int) -> float | None:
    """Return the number that stands under keys; None for none."""
    found = dig(value, *keys)
    return number(found) if isinstance(found, float | int | str) else None


async def look_back(
    look: Callable[[], Awaitable[T]], good: Callable[[T], bool], *, within_s: float
) -> T | None:
    """Look until what is seen is good, and return what was last seen; None for nothing.

    A look that fails is tried again: machines that take a new setting may be away for a
    moment.
    """
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + within_s
    seen: T | None = None
    for pause_s in _PAUSES_S:
        if loop.time() + pause_s >= ends_s:
            break
        await asyncio.sleep(pause_s)
        try:
            seen = await look()
        except DeviceError:
            continue
        if good(seen):
            break
    return seen


def same_pools(asked: Sequence[Pool], told: Sequence[Pool]) -> bool:
    """Return whether pools are the same in order; passwords are never told, nor compared."""
    return [(pool.url, pool.user) for pool in asked] == [(pool.url, pool.user) for pool in told]


async def write_pools(
    device: str,
    asked: Sequence[Pool],
    *,
    most: int,
    read: Callable[[], Awaitable[tuple[Pool, ...]]],
    write: Callable[[], Awaitable[str]],
    within_s: float,
) -> Told:
    """Write pools after they were read, and read them back.

    Args:
        device: Who is told, for errors.
        asked: The pools.
        most: How many the firmware takes.
        read: Reads the pools of its configuration.
        write: Writes `asked` and returns the machine's words.
        within_s: Seconds for reading back.

    Raises:
        DeviceError: UNSUPPORTED for none or too many; whatever `read` and `write` raise.
            Nothing is written when they could not be read first.
    """
    if not 0 < len(asked) <= most:
        raise DeviceError(device, Reason.UNSUPPORTED, f"takes 1 to {most} pools")
    before = await read()
    if same_pools(asked, before) and not any(pool.password for pool in asked):
        return Told("already so")
    words = await write()
    after = await look_back(read, lambda told: same_pools(asked, told), within_s=within_s)
    if after is not None and same_pools(asked, after):
        return Told(words)
    seen = "nothing could be read" if after is None else f"{len(after)} other pools"
    return Told(f"{words}; read back: {seen}", reason=Reason.UNVERIFIED)
