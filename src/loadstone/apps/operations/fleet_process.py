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

from loadstone.adapters.files.agent_files import AgentFiles
from loadstone.adapters.simulators.fleet import Mirror, fleet_of, serving
from loadstone.adapters.simulators.site import OtherLoad
from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.places import FLEET, Place, read_place
from loadstone.apps.operations.served import Served, forget_served, write_served
from loadstone.model.errors import OutsideError
from loadstone.model.operations.terms import SiteTerms

LONELY_S = 300.0
OTHERS_SHARE = 0.03  # of the machines' power: what offices and losses draw


def mirror_of(place: Place, terms: SiteTerms, *, start_s: float, speed: float) -> Mirror:
    """Return the simulated stand-in of a site, on free ports of loopback."""
    machines = place.machines(terms)
    models = {row.model: place.network.facts.miners[row.model] for row in terms.machines}
    by_power = {
        (m.power_w, m.hashrate_th): f"{m.manufacturer} {m.model}" for m in models.values()
    }
    rated_mw = sum(machine.rated_w for machine in machines) / 1e6
    return fleet_of(
        machines,
        terms,
        start_s=start_s,
        models={one.id: by_power[one.rated_w, one.hashrate_th] for one in machines},
        first=f"127.{1 + _number(place, terms)}.0.1",
        speed=speed,
        other=OtherLoad(mw=(OTHERS_SHARE * rated_mw,), noise=0.05),
    )


def _number(place: Place, terms: SiteTerms) -> int:
    return [one.site for one in place.operation.sites].index(terms.site)


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
    forget_served(folder)


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
    lock = place.lock(asked.site, FLEET)
    if not lock.take():
        return  # one is served already
    terms = place.chosen(asked.site)[0]
    asyncio.run(serve(place, terms, asked.speed))


if __name__ == "__main__":
    main()
