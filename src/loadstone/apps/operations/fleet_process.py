# SPDX-License-Identifier: Apache-2.0
"""`python -m loadstone.apps.operations.fleet_process`: serves a simulated site.

It is apart from the agent, so that an agent that is killed finds its machines as they were. It
ends when no agent has renewed its lease for some minutes.
"""

import argparse
import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from loadstone.adapters.files.agent_files import AgentFiles, AgentLock
from loadstone.adapters.simulators.fleet import Mirror, serving
from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.places import Place, read_place
from loadstone.apps.operations.served import FLEET, Served, write_served
from loadstone.apps.operations.simulated import mirror_of
from loadstone.model.errors import OutsideError
from loadstone.model.operations.terms import SiteTerms

LOCK_FOLDER = "fleet"
LONELY_S = 300.0


async def serve(place: Place, terms: SiteTerms, speed: float) -> None:
    """Serve the stand-in of a site until it is told to stop, or nobody needs it."""
    clock, folder = SystemClock(), place.agent_folder(terms.site)
    start_s = clock.now().timestamp()
    mirror = mirror_of(place, terms, start_s=start_s, speed=speed)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows has none
            loop.add_signal_handler(number, stop.set)
    async with serving(mirror.scene, wall_s=clock.wall_s) as fleet:
        write_served(folder, _served(mirror, speed, start_s, fleet.control_port))
        watching = asyncio.create_task(_while_needed(place.files(terms.site), stop, speed))
        await stop.wait()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    (folder / FLEET).unlink(missing_ok=True)


def _served(mirror: Mirror, speed: float, start_s: float, control_port: int | None) -> Served:
    return Served(
        pid=os.getpid(),
        speed=speed,
        start_s=start_s,
        machines={machine.id: machine.address for machine in mirror.machines},
        meters=mirror.terms.meters,
        switches=mirror.terms.switches,
        control_port=control_port,
    )


async def _while_needed(files: AgentFiles, stop: asyncio.Event, speed: float) -> None:
    """Set `stop` when the lease has stood still for minutes."""
    number, still_s = -1, 0.0
    while still_s < LONELY_S:
        await asyncio.sleep(5.0)
        with suppress(OutsideError):
            lease = files.read_lease()
            now = lease.number if lease else 0
            still_s = still_s + 5.0 if now == number else 0.0
            number = now
    stop.set()


def main() -> None:
    """Serve one site."""
    parser = argparse.ArgumentParser(description="Serve the simulated stand-in of a site.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("site")
    parser.add_argument("--speed", type=float, default=1.0)
    asked = parser.parse_args()
    place = read_place(asked.folder, SystemClock().now().date(), simulated=True)
    lock = AgentLock(place.agent_folder(asked.site) / LOCK_FOLDER)
    if not lock.take():
        return  # one is served already
    terms = place.chosen(asked.site)[0]
    asyncio.run(serve(place, terms, asked.speed))


if __name__ == "__main__":
    main()
