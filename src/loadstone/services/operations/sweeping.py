# SPDX-License-Identifier: Apache-2.0
"""Reading machines: all of them every sweep, those just told more often, each in detail."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace

import numpy as np

from loadstone.model.operations.command import CapKind
from loadstone.model.operations.fleet import Seen, Step
from loadstone.model.operations.machine import Identity, Machine
from loadstone.model.operations.reading import Reason, State
from loadstone.services.operations.seats import Parts

AT_ONCE = 500  # calls at the same time to machines that answer
SILENT_AT_ONCE = 200  # to machines that did not: they must not hold up the others
PULSE_AT_ONCE = 200
DETAIL_AT_ONCE = 20
PULSE_S = 2.0
LOOK_S = 0.1
UNREACHED = frozenset({Reason.REFUSED, Reason.TIMEOUT, Reason.RESET, Reason.NEVER_READ})


class Lane:
    """Works through indices with so many workers at once; each index waits once at most.

    A fault in the work on one index is told, and costs the others nothing.
    """

    def __init__(
        self,
        at_once: int,
        work: Callable[[int], Awaitable[None]],
        fail: Callable[[int, Exception], None],
    ) -> None:
        self._at_once, self._work, self._fail = at_once, work, fail
        self._waiting: deque[int] = deque()
        self._listed: set[int] = set()
        self._workers: dict[asyncio.Task[None], None] = {}

    def add(self, i: int) -> None:
        """Have an index worked on, unless it waits already or is being worked on."""
        if i in self._listed:
            return
        self._listed.add(i)
        self._waiting.append(i)
        if len(self._workers) < self._at_once:
            worker = asyncio.ensure_future(self._drain())
            self._workers[worker] = None
            worker.add_done_callback(self._workers.pop)

    async def _drain(self) -> None:
        while self._waiting:
            i = self._waiting.popleft()
            try:
                await self._work(i)
            except Exception as error:
                self._fail(i, error)
            finally:
                self._listed.discard(i)

    def __len__(self) -> int:
        return len(self._listed)

    @property
    def waiting(self) -> int:
        """How many wait for a worker."""
        return len(self._waiting)

    def cancel(self) -> None:
        """Drop what waits and cut off what is under way."""
        self._waiting.clear()
        for worker in list(self._workers):
            worker.cancel()


class Sweeper:
    """Reads the machines of a site."""

    def __init__(self, parts: Parts, hurried: Callable[[], bool]) -> None:
        """Make one; while `hurried`, stops wait for their turn and reading can wait too."""
        self._hurried = hurried
        self._book, self._seats, self._desk = parts.book, parts.seats, parts.desk
        self._alarms, self._time, self._timing = parts.alarms, parts.time, parts.terms.timing
        failed = parts.seats.failed
        self._prompt = Lane(AT_ONCE, self._read_in_sweep, failed)
        self._silent = Lane(SILENT_AT_ONCE, self._read, failed)
        self._pulse = Lane(PULSE_AT_ONCE, self._read, failed)
        self._detail = Lane(DETAIL_AT_ONCE, self._look_closer, failed)
        self._met = np.zeros(
            len(parts.book), dtype=np.bool_
        )  # identity looked at since silence
        self._next_detail = 0
        self._due = 0.0
        self._began_s = 0.0
        self._left: set[int] = set()  # machines of that sweep that were not read yet
        self.sweep_s: float | None = None

    async def run(self) -> None:
        """Begin a sweep every `sweep_s`, without waiting for machines that hang."""
        while True:
            while self._hurried():
                await asyncio.sleep(LOOK_S)
            prompt = [i for i in range(len(self._book)) if self._enlist(i)]
            if not self._left:  # a sweep that takes longer than `sweep_s` is timed to its end
                self._began_s = self._time.now_s()
                self._left.update(prompt)
            await asyncio.sleep(self._timing.sweep_s)

    def _enlist(self, i: int) -> bool:
        """Have a machine read; return whether it is one of those that answer."""
        if self._seats.busy(i) or self._about_to_be_told(i):
            return False
        silent = self._book.reasons[i] in UNREACHED and self._book.tried_s[i] > -np.inf
        (self._silent if silent else self._prompt).add(i)
        return not silent

    async def _read_in_sweep(self, i: int) -> None:
        try:
            await self._read(i)
        finally:
            if i in self._left:
                self._left.discard(i)
                if not self._left:
                    self.sweep_s = self._time.now_s() - self._began_s

    def _about_to_be_told(self, i: int) -> bool:
        """Return whether a machine that answers waits for its turn to be told.

        A reading before that is of no use, and would keep others from being told.
        """
        return self._book.due(i) and bool(self._book.seen[i])

    def pulse(self) -> None:
        """Read again, beside the sweep, machines that were told and have not shown it."""
        book, now_s = self._book, self._time.now_s()
        told = (book.step == Step.DISPATCHED) | (book.step == Step.DRIFTED)
        told &= (now_s - book.dispatched_s < self._timing.confirm_s) & ~book.held
        told &= book.tried_s <= np.maximum(now_s - PULSE_S, book.dispatched_s)
        for i in np.flatnonzero(told):
            if not self._seats.busy(int(i)):
                self._pulse.add(int(i))

    def look_closer(self, passed_s: float) -> None:
        """Read some machines in full, so that all have been after `detail_s`."""
        count = len(self._book)
        self._due += min(count * passed_s / self._timing.detail_s, count)
        while self._due >= 1.0 and count:
            self._due -= 1.0
            self._detail.add(self._next_detail)
            self._next_detail = (self._next_detail + 1) % count

    async def _read(self, i: int) -> None:
        if self._about_to_be_told(i):
            return
        async with self._seats.lock(i):
            reading = await self._seats.read(i)
            if reading.state is State.UNKNOWN:
                self._met[i] &= reading.reason not in UNREACHED
            elif not self._met[i]:
                self._met[i] = True
                self._know(i, await self._seats.identify(i))
        self._book.take_reading(i, reading)

    async def _look_closer(self, i: int) -> None:
        book = self._book
        if book.seen[i] == Seen.UNKNOWN and not book.wrong[i]:
            return
        async with self._seats.lock(i):
            detail = await self._seats.detail(i)
            driver = self._seats.driver(i)
        if detail is None:
            return
        self._know(i, detail.identity)
        can = driver.capability
        book.can_cap[i] = can.cap is not CapKind.NONE
        low = can.min_w if can.min_w is not None else min(can.levels_w, default=None)
        book.min_cap_w[i] = np.nan if low is None else low

    def _know(self, i: int, found: Identity | None) -> None:
        """Compare who answers with who should; a machine that never told is believed."""
        if found is None or not found.key:
            return
        book, now_s = self._book, self._time.now_s()
        machine = book.machines[i]
        known = machine.identity
        if known is None or not known.key:
            book.machines[i] = self._named(machine, found)
            return
        same = _same(known, found)
        if same == bool(book.wrong[i]):
            book.mark_wrong(i, not same, now_s)
            self._tell(i, known, found, same)
        if same and known != found:
            book.machines[i] = self._named(machine, found)

    def _named(self, machine: Machine, found: Identity) -> Machine:
        named = replace(machine, identity=found)
        self._desk.waiting.machines[machine.id] = named
        return named

    def _tell(self, i: int, known: Identity, found: Identity, same: bool) -> None:
        machine = self._book.machines[i]
        where = f"at {machine.address}"
        if same:
            self._alarms.clear("wrong machine", subject=machine.id)
            text = f"{known.key} answers {where} again"
            self._desk.note("identity", text, subject=machine.id)
            return
        text = f"{found.key} answers {where}, not {known.key}; it is not told anything"
        self._alarms.set("wrong machine", text, subject=machine.id)
        self._desk.note("identity", text, subject=machine.id)

    def cancel(self) -> None:
        """End all reading."""
        for lane in (self._prompt, self._silent, self._pulse, self._detail):
            lane.cancel()


def _same(known: Identity, found: Identity) -> bool:
    if known.mac and found.mac:
        return known.mac == found.mac
    if known.serial and found.serial:
        return known.serial == found.serial
    return True  # one tells only its MAC, the other only its serial: nothing speaks against
