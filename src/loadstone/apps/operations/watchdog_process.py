# SPDX-License-Identifier: Apache-2.0
"""`python -m loadstone.apps.operations.watchdog_process`: the watchdog of a site.

It is apart from the agent, so that it lives when the agent dies. It ends when it is told to,
when the agent has left on purpose, or when another agent has come and brought its own.
"""

import argparse
import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.pace import run_paced
from loadstone.apps.operations.places import WATCHDOG, Place, read_place
from loadstone.apps.operations.seats import Seat, opener, seat_of
from loadstone.model.errors import LoadstoneError, OutsideError
from loadstone.model.operations.machine import Credential, Machine
from loadstone.model.operations.target import PowerLease
from loadstone.model.ports import LoadDriver
from loadstone.services.operations.doors import AgentTime
from loadstone.services.operations.watchdog import WatchDoors, watch

AHEAD_S = 60.0
LOOK_S = 1.0
GIVES_WAY_S = 60.0  # a watchdog left behind ends when the next agent renews the lease


class Watched:
    """What a watchdog needs of a site, read ahead so that it needs no store when it acts."""

    def __init__(
        self, place: Place, seat: Seat, now_s: Callable[[], float], agent: int | None
    ) -> None:
        self._place, self._seat, self._now_s, self._agent = place, seat, now_s, agent
        self._machines: Mapping[str, Machine] = {one.id: one for one in seat.machines}
        self._credentials: Mapping[str, Credential] = {}

    def read_ahead(self) -> None:
        """Read machines and passwords from the store; what was read before stays without it."""
        site = self._seat.terms.site
        try:
            with self._place.store() as store:
                known = {one.id: one for one in store.machines(site)}
                self._credentials = store.credentials(site)
        except LoadstoneError:
            return
        self._machines = {id_: known.get(id_, one) for id_, one in self._machines.items()}

    def doors(self) -> WatchDoors:
        """Return everything outside that the watchdog uses."""
        files = self._place.files(self._seat.terms.site)
        return WatchDoors(
            lease=files.read_lease,
            drivers=self._drivers,
            record=files.add_watchdog,
            now_s=self._now_s,
            orphaned=lambda: self._agent not in (None, os.getppid()),
        )

    def _drivers(self) -> Mapping[str, LoadDriver]:
        open_ = opener(self._seat.terms.timing.deadline_s, self._now_s)
        usual = self._credentials.get("")
        return {
            id_: open_(machine, self._credentials.get(id_, usual))
            for id_, machine in self._machines.items()
        }


async def guard(place: Place, seat: Seat, agent: int | None) -> None:
    """Watch a site until told to stop, until its agent has left on purpose, or another came."""
    terms = seat.terms
    watched = Watched(place, seat, AgentTime(place.clock(terms.site)).now_s, agent)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows has none
            loop.add_signal_handler(number, stop.set)
    beside = [
        asyncio.create_task(_read_ahead(watched)),
        asyncio.create_task(_until_handed_back(place, terms.site, stop)),
    ]
    try:
        await watch(
            terms.site,
            watched.doors(),
            safe_state=terms.safe_state,
            timing=terms.timing,
            stop=stop,
        )
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def _read_ahead(watched: Watched) -> None:
    while True:
        await asyncio.to_thread(watched.read_ahead)
        await asyncio.sleep(AHEAD_S)


async def _until_handed_back(place: Place, site: str, stop: asyncio.Event) -> None:
    """Set `stop` when the agent has left on purpose, maybe while this was coming up."""
    read, lock, seen = place.files(site).read_lease, place.lock(site), False
    while not stop.is_set():
        back = handed_back(read)
        if back and (seen or not lock.held()):
            stop.set()
        seen = seen or not back
        await asyncio.sleep(LOOK_S)


def handed_back(read: Callable[[], PowerLease | None]) -> bool:
    """Return whether the agent has left on purpose."""
    try:
        lease = read()
    except OutsideError:
        return False
    return lease is not None and lease.number == 0


def main() -> None:
    """Watch one site."""
    parser = argparse.ArgumentParser(description="Watch the agent of a site.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("site")
    parser.add_argument("--simulated", action="store_true")
    parser.add_argument("--agent", type=int, help="Process that starts it.")
    asked = parser.parse_args()
    today = SystemClock().now().date()
    place = read_place(asked.folder, today, simulated=asked.simulated)
    lock = place.lock(asked.site, WATCHDOG)
    if not lock.take(GIVES_WAY_S):
        return  # it is watched already
    seat = seat_of(place, place.chosen(asked.site)[0])
    run_paced(lambda: guard(place, seat, asked.agent), place.speed(asked.site))


if __name__ == "__main__":
    main()
