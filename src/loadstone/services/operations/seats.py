# SPDX-License-Identifier: Apache-2.0
"""The drivers of machines, each used by one call at a time, and what all duties share."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import Outcome
from loadstone.model.operations.machine import Credential, Identity
from loadstone.model.operations.reading import Detail, Reading, Reason, State
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.ports import LoadDriver
from loadstone.services.operations.book import FleetBook
from loadstone.services.operations.doors import AgentDoors, AgentTime
from loadstone.services.operations.recording import Alarms, Desk

GRACE_S = 2.0  # past its deadline, a driver's call is cut off


class Seats:
    """The driver of each machine, used by one call at a time and cut off when it hangs."""

    def __init__(self, book: FleetBook, doors: AgentDoors, deadline_s: float) -> None:
        self._book, self._open, self._time = book, doors.driver, doors.time
        self._credentials: Mapping[str, Credential] = {}
        self._cut_s = deadline_s + GRACE_S
        self._drivers: list[LoadDriver | None] = [None] * len(book)
        self._locks: list[asyncio.Lock | None] = [None] * len(book)
        self._old: list[LoadDriver] = []
        self.faults: dict[str, str] = {}

    def driver(self, i: int) -> LoadDriver:
        """Return the driver of a machine; made when first needed."""
        driver = self._drivers[i]
        if driver is None:
            machine = self._book.machines[i]
            secret = self._credentials.get(machine.id) or self._credentials.get("")
            driver = self._drivers[i] = self._open(machine, secret)
        return driver

    def use(self, credentials: Mapping[str, Credential]) -> None:
        """Make drivers anew, with these credentials, when they are next needed."""
        self._credentials = credentials
        self._old += [driver for driver in self._drivers if driver is not None]
        self._drivers = [None] * len(self._book)

    def lock(self, i: int) -> asyncio.Lock:
        """Return what keeps calls to one machine one after the other."""
        lock = self._locks[i]
        if lock is None:
            lock = self._locks[i] = asyncio.Lock()
        return lock

    def busy(self, i: int) -> bool:
        """Return whether a call to a machine is under way."""
        lock = self._locks[i]
        return lock is not None and lock.locked()

    async def read(self, i: int) -> Reading:
        """Read a machine. Whatever goes wrong, it costs a deadline and is unknown."""
        began_s = self._time.now_s()
        try:
            async with asyncio.timeout(self._cut_s):
                return await self.driver(i).read()
        except TimeoutError:
            reason = Reason.TIMEOUT
        except Exception as error:
            self.failed(i, error)
            reason = Reason.GARBAGE
        return Reading(
            state=State.UNKNOWN, reason=reason, began_s=began_s, ended_s=self._time.now_s()
        )

    async def ask(self, i: int, call: Callable[[LoadDriver], Awaitable[Outcome]]) -> Outcome:
        """Tell a machine something. Whatever goes wrong is an outcome that is not known."""
        sent_s = self._time.now_s()
        try:
            async with asyncio.timeout(2 * self._cut_s):
                return await call(self.driver(i))
        except TimeoutError:
            reason, text = Reason.TIMEOUT, ""
        except Exception as error:
            self.failed(i, error)
            reason, text = Reason.GARBAGE, type(error).__name__
        return Outcome(
            accepted=None,
            reason=reason,
            message=text,
            sent_s=sent_s,
            ended_s=self._time.now_s(),
        )

    async def warm(self, i: int) -> None:
        """Log in ahead, so that a stop takes as few round trips as can be."""
        with suppress(Exception):  # the command itself will tell
            async with asyncio.timeout(self._cut_s), self.lock(i):
                await self.driver(i).warm()

    async def identify(self, i: int) -> Identity | None:
        """Return who answers at a machine's address; None where it does not tell."""
        try:
            async with asyncio.timeout(self._cut_s):
                return await self.driver(i).identify()
        except (TimeoutError, DeviceError):
            return None
        except Exception as error:
            self.failed(i, error)
            return None

    async def detail(self, i: int) -> Detail | None:
        """Return everything worth knowing of a machine; None where it does not tell."""
        try:
            async with asyncio.timeout(2 * self._cut_s):
                return await self.driver(i).detail()
        except (TimeoutError, DeviceError):
            return None
        except Exception as error:
            self.failed(i, error)
            return None

    def failed(self, i: int, error: Exception) -> None:
        """Note a fault in the driver of a machine, or in the work on it."""
        self.faults[self._book.ids[i]] = f"{type(error).__name__}: {error}"[:200]

    async def close(self) -> None:
        """Let go of all connections."""
        for driver in [*self._old, *self._drivers]:
            if driver is not None:
                with suppress(Exception):  # the agent is leaving
                    async with asyncio.timeout(GRACE_S):
                        await driver.close()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """What the duties of an agent share.

    Attributes:
        terms: Rules of the site.
        doors: Everything outside.
        book: What is known and wanted of each machine.
        desk: The way to the store.
        alarms: Alarms that stand.
        seats: Drivers of the machines.
    """

    terms: SiteTerms
    doors: AgentDoors
    book: FleetBook
    desk: Desk
    alarms: Alarms
    seats: Seats

    @property
    def time(self) -> AgentTime:
        """The agent's time."""
        return self.doors.time


def parts_of(terms: SiteTerms, doors: AgentDoors) -> Parts:
    """Return what the duties of an agent share, with nothing known yet."""
    book = FleetBook(terms, doors.machines, doors.worth)
    desk = Desk(terms.site, doors.store, doors.time, doors.offload)
    return Parts(
        terms=terms,
        doors=doors,
        book=book,
        desk=desk,
        alarms=Alarms(desk, doors.time),
        seats=Seats(book, doors, terms.timing.deadline_s),
    )
