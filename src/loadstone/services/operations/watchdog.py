# SPDX-License-Identifier: Apache-2.0
"""The watchdog: takes machines to the safe state when the agent's lease is not renewed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from loadstone.model.operations.target import Entry, PowerLease
from loadstone.model.operations.terms import SafeState, Timing
from loadstone.model.ports import LoadDriver


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchDoors:
    """Everything outside that a watchdog uses. It needs no store.

    Attributes:
        lease: Reads the lease file; None where there is none. May raise `OutsideError`.
        drivers: Makes the drivers of the site's machines by id, when first needed.
        record: Adds a line to the watchdog's own record. May raise `OutsideError`.
        now_s: The watchdog's seconds, which never go back, near UTC since 1970.
    """

    lease: Callable[[], PowerLease | None]
    drivers: Callable[[], Mapping[str, LoadDriver]]
    record: Callable[[Entry], None]
    now_s: Callable[[], float]


async def watch(
    site: str, doors: WatchDoors, *, safe_state: SafeState, timing: Timing, stop: asyncio.Event
) -> None:
    """Watch the lease of a site until `stop` is set.

    When its number stands still for `timing.lease_s`, every machine is told to stop, and told
    again until a reading begun afterwards shows it stopped. Fans are left on. When the number
    moves again the agent is back, and the watchdog stands down.
    """
    raise NotImplementedError
