# SPDX-License-Identifier: Apache-2.0
"""Sending commands: stops first, so many at once, each with what is wanted when it goes."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from loadstone.model.operations.command import Action, Command, Outcome
from loadstone.model.operations.fleet import Seen, Want
from loadstone.model.ports import LoadDriver
from loadstone.services.operations.seats import Parts
from loadstone.services.operations.sweeping import Lane

STOPS_AT_ONCE = 500
STARTS_AT_ONCE = 200
WARM_AT_ONCE = 100
HURRY_S = 10.0  # machines that hang must not hold up everything else for longer
BLIND_AT_ONCE = 200  # machines that do not answer must not hold up those that do

ACTIONS = {Want.RUN: Action.RESUME, Want.STOP: Action.STOP, Want.CAP: Action.CAP}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A command and what became of it.

    Attributes:
        command: The command.
        outcome: What became of it.
        attempt: The how many-th time it was sent.
    """

    command: Command
    outcome: Outcome
    attempt: int


class Dispatcher:
    """Tells machines what is wanted of them."""

    def __init__(self, parts: Parts) -> None:
        self._book, self._seats, self._time = parts.book, parts.seats, parts.time
        failed = self._seats.failed
        self._stops = Lane(STOPS_AT_ONCE, self._tell, failed)
        self._starts = Lane(STARTS_AT_ONCE, self._tell, failed)
        self._blind = Lane(BLIND_AT_ONCE, self._tell, failed)
        self._warm = Lane(WARM_AT_ONCE, self._seats.warm, failed)
        self._hurry_s = float("-inf")
        self.done: list[Sent] = []

    def tell(self, i: int) -> None:
        """Have a machine told what the book wants of it, as soon as there is a turn."""
        if self._book.seen[i] == Seen.UNKNOWN:
            self._blind.add(i)
        elif self._book.want[i] == Want.STOP:
            if not self._stops.waiting:
                self._hurry_s = self._time.now_s()
            self._stops.add(i)
        else:
            self._starts.add(i)

    def warm(self) -> None:
        """Have all machines logged in to: a reduction is near."""
        for i in np.flatnonzero(self._book.seen != Seen.UNKNOWN):
            self._warm.add(int(i))

    def __len__(self) -> int:
        return len(self._stops) + len(self._starts) + len(self._blind)

    @property
    def hurries(self) -> bool:
        """Whether stops wait for their turn: what is less urgent can wait too, for a while."""
        return self._stops.waiting > 0 and self._time.now_s() < self._hurry_s + HURRY_S

    async def _tell(self, i: int) -> None:
        """Send what is wanted now, and again if that has changed meanwhile."""
        book = self._book
        while book.due(i):
            async with self._seats.lock(i):
                if not book.due(i) or book.held[i] or book.wrong[i]:
                    return
                command = self.command(i)
                attempt = int(book.attempts[i])
                book.sending(i, self._time.now_s())
                outcome = await self._seats.ask(i, partial(_say, command))
                self.done.append(Sent(command=command, outcome=outcome, attempt=attempt))
                book.sent(i, outcome)

    def command(self, i: int) -> Command:
        """Return what a machine is to be told now."""
        book = self._book
        want = Want(int(book.want[i]))
        return Command(
            machine=book.ids[i],
            action=ACTIONS[want],
            limit_w=float(book.want_w[i]) if want is Want.CAP else None,
            owner=book.owner_name(i),
        )

    def cancel(self) -> None:
        """Send nothing more."""
        for lane in (self._stops, self._starts, self._blind, self._warm):
            lane.cancel()


async def _say(command: Command, driver: LoadDriver) -> Outcome:
    if command.action is Action.STOP:
        return await driver.stop()
    if command.limit_w is not None:
        return await driver.cap(command.limit_w)
    return await driver.resume()
