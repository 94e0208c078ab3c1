# SPDX-License-Identifier: Apache-2.0
"""`loadstone fleet-sim`: simulated machines and meters on their real wire protocols."""

import asyncio
import signal
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from loadstone.adapters.facts import read_facts
from loadstone.apps.cli.session import Json, clean_errors, show
from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.asking import seconds
from loadstone.apps.operations.places import libraries

File = Annotated[Path, typer.Argument(metavar="FILE", help="TOML file of a fleet.")]
For = Annotated[
    str, typer.Option("--for", metavar="D", help="End after 90s, 15min, 2h; else when stopped.")
]


def fleet_sim(file: File, *, lasts: For = "", as_json: Json = False) -> None:
    """Serve simulated machines, meters and switches of a file on loopback, until stopped."""
    with clean_errors(as_json), libraries():
        # meters and switches load here, so that planning does without them
        from loadstone.adapters.simulators.fleet import scene_of, serving  # noqa: PLC0415
        from loadstone.adapters.simulators.fleet_file import read_fleet  # noqa: PLC0415

        facts, clock = read_facts(None), SystemClock()
        scene = scene_of(read_fleet(file, facts), facts, clock.now())
        lasts_s = seconds(lasts, "--for") if lasts else None

        async def serve() -> None:
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                with suppress(NotImplementedError):  # Windows has none
                    loop.add_signal_handler(number, stop.set)
            async with serving(scene, wall_s=clock.wall_s) as fleet:
                show(as_json, *_told(file, scene, fleet))
                sys.stdout.flush()  # somebody may wait for it
                with suppress(TimeoutError):
                    async with asyncio.timeout(lasts_s):
                        await stop.wait()

        asyncio.run(serve())


def _told(file: Path, scene: Any, fleet: Any) -> tuple[dict[str, Any], list[str]]:
    """Return what is served, for programs and for people."""
    families = Counter(seat.build.family for seat in scene.seats)
    hosts = [str(seat.address) for seat in scene.seats]
    table = {
        "file": str(file),
        "simulated": True,
        "machines": len(hosts),
        "families": dict(sorted(families.items())),
        "first": hosts[0],
        "last": hosts[-1],
        "sockets": str(fleet.mode),
        "speed": scene.speed,
        "meters": [_meter(meter) for meter in scene.meters],
        "switches": [f"{one.id} {one.host}:{one.port}" for one in scene.switches],
        "control_port": fleet.control_port,
    }
    lines = [f"SIMULATED: {len(hosts):,} machines from {hosts[0]} to {hosts[-1]}"]
    lines += [f"  {count:,} {family}" for family, count in sorted(families.items())]
    lines += [f"  meter {meter}" for meter in table["meters"]]
    lines += [f"  switch {switch}" for switch in table["switches"]]
    if fleet.control_port is not None:
        lines.append(
            f"  faults are set and the truth is told on 127.0.0.1:{fleet.control_port}"
        )
    return table, [*lines, "Stop with Ctrl-C."]


def _meter(meter: Any) -> str:
    return f"{meter.id} {meter.kind} {meter.host}:{meter.port}"
