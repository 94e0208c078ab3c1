# SPDX-License-Identifier: Apache-2.0
"""The watchdog: takes machines to the safe state when the agent's lease is not renewed."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from loadstone.model.errors import OutsideError
from loadstone.model.operations.command import Outcome
from loadstone.model.operations.reading import Reason, State
from loadstone.model.operations.target import Entry, PowerLease
from loadstone.model.operations.terms import SafeState, Timing
from loadstone.model.ports import LoadDriver
from loadstone.services.operations.doors import HANDED_BACK

AT_ONCE = 200
GRACE_S = 2.0
LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchDoors:
    """Everything outside that a watchdog uses. It needs no store.

    Attributes:
        lease: Reads the lease file; None where there is none. May raise `OutsideError`.
        drivers: Makes the drivers of the site's machines by id, each time it has to act.
        record: Adds a line to the watchdog's own record. May raise `OutsideError`.
        now_s: The watchdog's seconds, which never go back, near UTC since 1970.
        orphaned: Returns whether the agent that started this watchdog is gone.
    """

    lease: Callable[[], PowerLease | None]
    drivers: Callable[[], Mapping[str, LoadDriver]]
    record: Callable[[Entry], None]
    now_s: Callable[[], float]
    orphaned: Callable[[], bool] = lambda: False


async def watch(
    site: str, doors: WatchDoors, *, safe_state: SafeState, timing: Timing, stop: asyncio.Event
) -> None:
    """Watch the lease of a site until `stop` is set.

    When its number stands still for `timing.lease_s`, every machine is told to stop, and told
    again until a reading begun afterwards shows it stopped. Fans are left on. When the number
    moves again the agent is back, and the watchdog stands down. An agent that leaves on
    purpose hands its lease back; then there is nothing to watch, and where there never was a
    lease there is not either.

    A watchdog whose own agent is gone ends when another renews the lease: that one has brought
    a watchdog that knows the site's machines and rules as they are now.

    Args:
        site: Id of the site, for the record.
        doors: Everything outside.
        safe_state: "stopped", or "unchanged" to record only.
        timing: How often things are looked at.
        stop: Ends the watch.
    """
    watchdog = _Watchdog(site, doors, safe_state, timing)
    watching = asyncio.ensure_future(watchdog.run())
    waiting = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([watching, waiting], return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
    finally:
        for task in (watching, waiting):
            task.cancel()
        await asyncio.gather(watching, waiting, return_exceptions=True)


class _Watchdog:
    def __init__(
        self, site: str, doors: WatchDoors, safe_state: SafeState, timing: Timing
    ) -> None:
        self._site, self._doors, self._timing = site, doors, timing
        self._safe_state = safe_state
        self._number: int | None = None
        self._moved_s = doors.now_s()

    async def run(self) -> None:
        left_at: int | None = None  # where the lease stood when its own agent was gone
        while True:
            await asyncio.sleep(self._timing.tick_s)
            orphaned = self._doors.orphaned()  # before the lease is read: then that is its last
            stands_still = self._stands_still()
            if orphaned and left_at is None:
                left_at = self._number
            if orphaned and self._number not in (left_at, HANDED_BACK):
                return
            if not stands_still:
                continue
            self._record("watchdog", f"the lease stands at {self._number}; the agent is gone")
            if self._safe_state == "stopped":
                await self._make_safe()
            await self._until_back()
            self._record("watchdog", "the agent is back; the watchdog stands down")

    def _stands_still(self) -> bool:
        """Return whether a lease that was being renewed is not any more.

        A lease that cannot be read is as good as one that is not renewed.
        """
        now_s = self._doors.now_s()
        try:
            lease = self._doors.lease()
            number = HANDED_BACK if lease is None else lease.number
        except OutsideError:
            number = self._number or HANDED_BACK
        if number != self._number:
            self._number, self._moved_s = number, now_s
        return number != HANDED_BACK and now_s - self._moved_s >= self._timing.lease_s

    async def _until_back(self) -> None:
        while self._stands_still():
            await asyncio.sleep(self._timing.tick_s)

    async def _make_safe(self) -> None:
        """Stop every machine, again and again, until each is seen stopped or the agent is back.

        A machine that does not answer is told all the same, and never counts as stopped.
        """
        drivers = self._doors.drivers()
        left, pause_s = dict(drivers), self._timing.retry_s
        try:
            while left and self._stands_still():
                reasons = await self._round(left)
                left = {id_: left[id_] for id_ in left if reasons[id_] is not Reason.NONE}
                self._tell(len(drivers), reasons)
                if left:
                    await self._pause(pause_s)
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            await self._guard(drivers)
        finally:
            for driver in drivers.values():
                with suppress(Exception):
                    async with asyncio.timeout(GRACE_S):
                        await driver.close()

    async def _guard(self, drivers: Mapping[str, LoadDriver]) -> None:
        """Look again, as long as the agent is gone: a machine that rebooted hashes again."""
        while self._stands_still():
            await self._pause(LONGEST_PAUSE_S)
            if not self._stands_still():
                return
            awake = await self._awake(drivers)
            if awake:
                reasons = await self._round({id_: drivers[id_] for id_ in awake})
                self._tell(len(drivers), reasons)

    async def _awake(self, drivers: Mapping[str, LoadDriver]) -> list[str]:
        found: list[str] = []

        async def look(id_: str) -> None:
            if not await self._seen_stopped(drivers[id_]):
                found.append(id_)

        await _together(look, drivers)
        return sorted(found)

    async def _pause(self, pause_s: float) -> None:
        ends_s = self._doors.now_s() + pause_s
        while self._doors.now_s() < ends_s and self._stands_still():
            await asyncio.sleep(self._timing.tick_s)

    async def _round(self, left: Mapping[str, LoadDriver]) -> dict[str, Reason]:
        """Tell machines to stop and look; return why each is not seen stopped."""
        reasons = dict.fromkeys(left, Reason.NONE)

        async def tell(id_: str) -> None:
            reasons[id_] = await self._tell_one(left[id_])

        async def look(id_: str) -> None:
            if await self._seen_stopped(left[id_]):
                reasons[id_] = Reason.NONE
            elif reasons[id_] is Reason.NONE:
                reasons[id_] = Reason.UNVERIFIED

        await _together(tell, left)
        await self._pause(self._timing.tick_s)
        await _together(look, left)
        return reasons

    async def _tell_one(self, driver: LoadDriver) -> Reason:
        outcome: Outcome | None = None
        with suppress(Exception):  # whatever a driver does, the others are told
            async with asyncio.timeout(2 * (self._timing.deadline_s + GRACE_S)):
                outcome = await driver.stop()
        return outcome.reason if outcome is not None else Reason.TIMEOUT

    async def _seen_stopped(self, driver: LoadDriver) -> bool:
        with suppress(Exception):
            async with asyncio.timeout(self._timing.deadline_s + GRACE_S):
                return (await driver.read()).state is State.STOPPED
        return False

    def _tell(self, count: int, reasons: Mapping[str, Reason]) -> None:
        open_ = {id_: str(reason) for id_, reason in reasons.items() if reason}
        seen = len(reasons) - len(open_)
        text = f"{seen} of {len(reasons)} machines told are seen stopped, of {count} in all"
        by_reason = dict(Counter(sorted(open_.values())))
        self._record("watchdog", text, stopped=seen, reasons=by_reason, machines=sorted(open_))

    def _record(self, kind: str, text: str, **data: object) -> None:
        entry = Entry(
            at_s=self._doors.now_s(),
            site=self._site,
            kind=kind,
            text=text,
            data=json.dumps(data, sort_keys=True, separators=(",", ":")),
        )
        with suppress(OutsideError):  # stopping machines comes before telling of it
            self._doors.record(entry)


async def _together(work: Callable[[str], Awaitable[None]], ids: Iterable[str]) -> None:
    """Run an asynchronous call for each id, so many at once."""
    waiting = iter(list(ids))

    async def drain() -> None:
        for id_ in waiting:
            await work(id_)

    await asyncio.gather(*(drain() for _ in range(AT_ONCE)))
