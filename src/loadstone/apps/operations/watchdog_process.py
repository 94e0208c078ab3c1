# SPDX-License-Identifier: Apache-2.0
"""`python -m loadstone.apps.operations.watchdog_process`: the watchdog of a site.

It is apart from the agent, so that it lives when the agent dies. It ends when it is told to, or
when the agent has left on purpose.
"""

import argparse
import asyncio
import signal
from contextlib import suppress
from pathlib import Path

from loadstone.adapters.files.agent_files import AgentLock
from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.agents import Seat, Watched, handed_back
from loadstone.apps.operations.pace import run_paced
from loadstone.apps.operations.places import Place, read_place
from loadstone.apps.operations.seats import seat_of
from loadstone.services.operations.doors import AgentTime
from loadstone.services.operations.watchdog import watch

LOCK_FOLDER, FLEET_LOCK = "watchdog", "fleet"
AHEAD_S = 60.0
LOOK_S = 1.0


async def guard(place: Place, seat: Seat) -> None:
    """Watch a site until told to stop, or until its agent has left on purpose."""
    terms = seat.terms
    watched = Watched(place, seat, AgentTime(place.clock(terms.site)).now_s)
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


def main() -> None:
    """Watch one site."""
    parser = argparse.ArgumentParser(description="Watch the agent of a site.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("site")
    parser.add_argument("--simulated", action="store_true")
    asked = parser.parse_args()
    today = SystemClock().now().date()
    place = read_place(asked.folder, today, simulated=asked.simulated)
    lock = AgentLock(place.agent_folder(asked.site) / LOCK_FOLDER)
    if not lock.take():
        return  # it is watched already
    seat = seat_of(place, place.chosen(asked.site)[0])
    run_paced(lambda: guard(place, seat), place.speed(asked.site))


if __name__ == "__main__":
    main()
