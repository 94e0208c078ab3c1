# SPDX-License-Identifier: Apache-2.0
"""The agent of a site: reads, decides, commands, records, until it is stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from loadstone.engines.control.decide import decide
from loadstone.model.errors import OutsideError
from loadstone.model.operations.target import Entry, PowerLease
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.ports import Store
from loadstone.services.operations.doors import HANDED_BACK, AgentDoors
from loadstone.services.operations.metering import Metering, Switching
from loadstone.services.operations.reporting import status_of
from loadstone.services.operations.seats import parts_of
from loadstone.services.operations.sweeping import Sweeper
from loadstone.services.operations.ticking import AgentFault, Decide, Ticker

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
FLUSH_S = 30.0
LOST_S = 1.0
TRIES = 5
COMPACT_S = 600.0
NEWS_S = 0.5  # so often between two ticks is the store asked whether there is something new

Duty = Callable[[], Awaitable[None]]


class SiteAgent:
    """Runs one site."""

    def __init__(self, terms: SiteTerms, doors: AgentDoors, *, decide: Decide = decide) -> None:
        """Take what it needs; nothing is touched before `run`.

        Args:
            terms: The site's part of operate.toml, its limit resolved.
            doors: Everything outside.
            decide: The engine.
        """
        self._terms, self._doors, self._time = terms, doors, doors.time
        self._parts = parts_of(terms, doors)
        metering, switching = Metering(self._parts), Switching(self._parts)
        self._ticker = Ticker(self._parts, decide, metering, switching)
        self._sweeper = Sweeper(self._parts, lambda: self._ticker.dispatcher.hurries)
        self._number = HANDED_BACK
        self._renewing: asyncio.Future[None] | None = None
        self._stored_s = self._told_s = self._swept_s = float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        """Run the site until `stop` is set. Machines are left as they are.

        Raises:
            AgentFault: Deciding failed; the lease is no longer renewed.
        """
        ticking = asyncio.ensure_future(self._tick_on())
        waiting = asyncio.ensure_future(stop.wait())
        duties = [asyncio.ensure_future(self._keep(*duty)) for duty in self._duties()]
        tasks: list[asyncio.Task[Any]] = [ticking, waiting, *duties]
        try:
            await asyncio.wait([ticking, waiting], return_when=asyncio.FIRST_COMPLETED)
            fault = ticking.exception() if ticking.done() else None
        finally:
            await self._end(tasks)
        await self._leave(fault)
        if fault is not None:
            raise fault

    def _duties(self) -> Iterator[tuple[str, Duty]]:
        ticker, doors = self._ticker, self._doors
        yield "reading machines", self._sweeper.run
        yield "history", self._flush_on
        yield "tidying the history", self._compact_on
        for id_ in doors.meters:
            yield f"meter {id_}", partial(ticker.metering.run, id_)
        for id_ in doors.switches:
            yield f"switch {id_}", partial(ticker.switching.run, id_)
        for id_ in doors.feeds:
            yield f"signal {id_}", partial(ticker.listening.run, id_)

    async def _keep(self, name: str, duty: Duty) -> None:
        """Keep a duty going: one that fails is begun again after a pause, with an alarm."""
        pause_s = FIRST_PAUSE_S
        while True:
            began_s = self._time.now_s()
            try:
                await duty()
                text = "ended"
            except Exception as error:
                text = f"{type(error).__name__}: {error}"[:200]
            if self._time.now_s() > began_s + LONGEST_PAUSE_S:
                pause_s = FIRST_PAUSE_S
            self._parts.alarms.set("duty failed", f"{name}: {text}; begun again", subject=name)
            await asyncio.sleep(pause_s)
            self._parts.alarms.clear("duty failed", subject=name)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    # ---- ticks ----

    async def _tick_on(self) -> None:
        """Tick until deciding fails. The lease is renewed by ticks that went well only."""
        await self._first_look()
        tick_s = self._terms.timing.tick_s
        while True:
            began_s = self._time.now_s()
            try:
                await self._ticker.tick()
                self._look_after()
                await self._renew()
                self._parts.alarms.clear("tick failed")
            except AgentFault:
                raise
            except Exception as error:
                text = f"{type(error).__name__}: {error}; the lease is not renewed"[:300]
                self._parts.alarms.set("tick failed", text)
                self._parts.alarms.look(())
            await self._publish()
            await self._pause(began_s + tick_s)

    async def _pause(self, until_s: float) -> None:
        """Wait for the next tick; what is asked of the store meanwhile has it begin at once."""
        await asyncio.sleep(0.0)
        while (left_s := until_s - self._time.now_s()) > 0.0:
            await asyncio.sleep(min(left_s, NEWS_S))
            if left_s > NEWS_S and await self._ticker.has_news():
                return

    async def _first_look(self) -> None:
        """Wait for first readings, not for long: what is not heard yet is not silent yet."""
        timing = self._terms.timing
        ends_s = self._time.now_s() + min(timing.deadline_s + 1.0, timing.lease_s / 3)
        while self._time.now_s() < ends_s:
            if self._ticker.metering.heard and self._sweeper.sweep_s is not None:
                return
            await asyncio.sleep(0.05)

    def _look_after(self) -> None:
        """Have machines read that were told something, and some in full."""
        if not self._ticker.dispatcher.hurries:
            self._sweeper.pulse()
            self._sweeper.look_closer(self._terms.timing.tick_s)
        self._keep_sweep()
        for id_, text in self._parts.seats.faults.items():
            said = f"{text}; the machine counts as unknown"
            self._parts.alarms.set("driver failed", said, subject=id_)

    def _keep_sweep(self) -> None:
        """Keep a row of the history for every machine, once a sweep."""
        now_s, book = self._time.now_s(), self._parts.book
        if now_s < self._swept_s + self._terms.timing.sweep_s:
            return
        self._swept_s = now_s
        self._doors.telemetry.add_sweep(
            self._terms.site,
            self._time.utc_s(),
            machines=book.ids,
            seen=book.seen.tolist(),
            power_w=book.power_w.tolist(),
            hashrate_th=book.hashrate_th.tolist(),
        )

    async def _renew(self) -> None:
        """Renew the lease: for the watchdog each tick, in the store now and then."""
        lease = self._lease()
        try:
            write = self._doors.offload(lambda: self._doors.lease(lease))
            self._renewing = asyncio.ensure_future(write)
            await asyncio.shield(self._renewing)
            self._parts.alarms.clear("lease not written")
        except OutsideError as error:
            text = f"the watchdog will act: {error}"
            self._parts.alarms.set("lease not written", text)
        now_s = self._time.now_s()
        if now_s >= self._stored_s + self._terms.timing.lease_s / 3:
            self._stored_s = now_s
            self._parts.desk.waiting.lease = lease

    def _lease(self) -> PowerLease:
        decision, now_s = self._ticker.decision, self._time.utc_s()
        self._number = max(self._number, self._ticker.recovery.lease_number) + 1
        return PowerLease(
            site=self._terms.site,
            pool="mining",
            mw=max(decision.target_mw, 0.0) if decision else 0.0,
            number=self._number,
            granted_s=now_s,
            expires_s=now_s + self._terms.timing.lease_s,
        )

    async def _publish(self) -> None:
        now_s = self._time.now_s()
        if now_s < self._told_s + 1.0:
            return
        self._told_s = now_s
        status = status_of(self._parts, self._ticker, self._sweeper, self._number)
        try:
            await self._doors.offload(lambda: self._doors.publish(status))
            self._parts.alarms.clear("status not told")
        except OutsideError as error:
            self._parts.alarms.set("status not told", str(error))

    # ---- history, and what the watchdog did ----

    async def _flush_on(self) -> None:
        until_s = self._time.now_s() + FLUSH_S
        while self._parts.desk.shut and self._time.now_s() < until_s:
            await asyncio.sleep(self._terms.timing.tick_s)  # what the watchdog did goes first
        while True:
            await self._hear_watchdog()
            await self._flush()
            await asyncio.sleep(FLUSH_S)

    async def _compact_on(self) -> None:
        while True:
            await asyncio.sleep(COMPACT_S)
            compact = partial(self._doors.telemetry.compact, self._time.utc_s())
            with suppress(OutsideError):  # a full disk is told when it is flushed to
                await self._doors.offload(compact)

    async def _flush(self) -> None:
        for loss in self._doors.telemetry.losses(self._terms.site):
            rows = "readings" if loss.rows is None else f"{loss.rows} rows of readings"
            text = f"{rows} of {loss.site} are lost: {loss.reason}"
            times = {"from_s": loss.from_s, "until_s": loss.until_s}
            self._parts.desk.note("history lost", text, subject="", rows=loss.rows, **times)
        try:
            await self._doors.offload(self._doors.telemetry.flush)
            self._parts.alarms.clear("history not written")
        except OutsideError as error:
            text = f"the history of readings is not written: {error}"
            self._parts.alarms.set("history not written", text)

    async def _hear_watchdog(self) -> None:
        """Take into the record what the watchdog did; its last word comes after the start."""
        if self._parts.desk.shut:
            return
        with suppress(OutsideError):
            lines = await self._doors.offload(lambda: self._doors.watchdog_record(False))
            if lines:
                await self._parts.desk.ask(partial(_record_once, lines=lines))
            await self._doors.offload(lambda: self._doors.watchdog_record(True))

    # ---- the end ----

    async def _end(self, tasks: list[asyncio.Task[Any]]) -> None:
        self._sweeper.cancel()
        self._ticker.dispatcher.cancel()
        self._ticker.switching.cancel()
        left = tasks
        for _ in range(TRIES):  # a library may lose a cancellation: `wait_for` of 3.11 does
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=LOST_S)
            left = [task for task in left if not task.done()]
            if not left:
                break

    async def _leave(self, fault: BaseException | None) -> None:
        """Record that the agent leaves, and hand the lease back if it does so on purpose."""
        self._ticker.hear_outcomes()
        if fault is None:
            self._parts.desk.note("stopped", "agent stopped; machines are left as they are")
        else:
            self._parts.desk.note("fault", f"{fault}; the watchdog takes over")
        await self._parts.desk.write_last()
        if fault is None:
            await self._renewed()
            with suppress(OutsideError):
                await self._doors.offload(self._hand_back)
        await self._flush()
        await self._parts.seats.close()
        meters, switches = self._doors.meters.values(), self._doors.switches.values()
        for close in [one.close for one in meters] + [one.close for one in switches]:
            with suppress(Exception):
                await close()

    async def _renewed(self) -> None:
        """Wait for a renewal under way: one that comes after the handing back would undo it."""
        if self._renewing is not None:
            with suppress(OutsideError, TimeoutError):
                async with asyncio.timeout(TRIES * LOST_S):
                    await asyncio.shield(self._renewing)

    def _hand_back(self) -> None:
        now_s = self._time.utc_s()
        self._doors.lease(
            PowerLease(
                site=self._terms.site,
                pool="mining",
                mw=0.0,
                number=HANDED_BACK,
                granted_s=now_s,
                expires_s=now_s,
            )
        )


def _record_once(store: Store, lines: Sequence[Entry]) -> None:
    """Write those lines that the store has not got: a former life may have ended just then."""
    kinds = sorted({line.kind for line in lines})
    since_s = min(line.at_s for line in lines)
    known = set(store.entries(lines[0].site, since_s=since_s, kinds=kinds))
    store.record([line for line in dict.fromkeys(lines) if line not in known])
