# SPDX-License-Identifier: Apache-2.0
"""A simulated fleet in a process of its own, on loopback, for those that read and tell it.

    python -m benchmarks.fleet 10000 luxos,antminer

serves machines until its input ends; for each line it hears it says what it has taken so far.
`Served` runs it. Where one socket a port is not allowed (that takes root, on Linux) every
machine has sockets of its own; where these are too many, it says so and ends with 3.
"""

import argparse
import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import time
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import uvloop

from loadstone.adapters.simulators.fleet import Mirror, fleet_of, serving
from loadstone.adapters.simulators.listener import Mode
from loadstone.adapters.simulators.miners import FACES
from loadstone.model.errors import OutsideError
from loadstone.model.operations.machine import Address, Machine
from loadstone.model.operations.terms import Group, ModbusMeter, SiteTerms

ROOT = Path(__file__).parents[1]
FAMILIES = ("luxos", "antminer", "whatsminer-v2", "whatsminer-v3", "braiins")
FIRST = "127.1.0.1"
HALL = 500  # machines of a group
MODELS = {  # as independent programs know them; all others are Antminers
    "whatsminer-v2": "M50S_VH20",
    "whatsminer-v3": "M60S_VK30",
}
START_S = 1_795_000_000.0
RATED_W, HASHRATE_TH = 3250.0, 95.0
METER = ModbusMeter(id="main", host="127.0.0.1", power_register=0, energy_register=2)


def machines_of(count: int, families: tuple[str, ...]) -> tuple[Machine, ...]:
    """Return machines in turn of each family, not yet at their addresses."""
    return tuple(
        Machine(
            id=f"m{number:05d}",
            site="bench",
            group=f"hall-{number // HALL:02d}",
            family=families[number % len(families)],
            address=Address(host="127.0.0.1", port=1),
            rated_w=RATED_W,
            hashrate_th=HASHRATE_TH,
        )
        for number in range(count)
    )


def terms_of(count: int) -> SiteTerms:
    """Return terms of a site of so many machines; its limit is never reached."""
    halls = tuple(Group(id=f"hall-{number:02d}") for number in range((count - 1) // HALL + 1))
    limit_mw = 2 * count * RATED_W / 1e6
    return SiteTerms(site="bench", limit_mw=limit_mw, groups=halls, meters=(METER,))


def mirror_of(count: int, families: tuple[str, ...], *, standard: bool, first: str) -> Mirror:
    """Return what is simulated: at free ports, or at those that machines are shipped with."""
    machines = machines_of(count, families)
    models = {one.id: MODELS.get(one.family, "Antminer S19") for one in machines}
    mirror = fleet_of(
        machines, terms_of(count), start_s=START_S, models=models, first=first, seed=31
    )
    if not standard:
        return mirror
    seats = tuple(
        replace(seat, address=_shipped(seat.build.family, seat.address.host))
        for seat in mirror.scene.seats
    )
    return replace(mirror, scene=replace(mirror.scene, seats=seats))


def _shipped(family: str, host: str) -> Address:
    ports = [face.default_port for face in FACES[family]]
    return Address(host=host, port=ports[0], web_port=ports[1] if ports[1:] else None)


def taken() -> dict[str, float]:
    """Return what this process has taken so far."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    now_kb = [int(line.split()[1]) for line in lines if line.startswith("VmRSS")]
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "cpu_s": time.process_time(),
        "rss_mb": round((now_kb or [peak_kb])[0] / 1024, 1),
        "peak_mb": round(peak_kb / 1024, 1),
    }


async def serve(mirror: Mirror, mode: Mode) -> None:
    """Serve until the input ends."""
    async with serving(mirror.scene, wall_s=time.perf_counter, mode=mode) as fleet:
        places = {seat.build.family: seat.address for seat in mirror.scene.seats}
        told = {
            "mode": str(fleet.mode),
            "ports": {family: [at.port, at.web_port] for family, at in places.items()},
            "meter": [mirror.terms.meters[0].port, mirror.terms.meters[0].unit],
            "control": fleet.control_port,
        }
        print(json.dumps(told), flush=True)
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hear() -> None:
            if not os.read(0, 4096):
                loop.remove_reader(0)
                ended.set()
                return
            print(json.dumps({"calls": fleet.calls(), **taken()}), flush=True)

        loop.add_reader(0, hear)
        await ended.wait()


class Served:
    """A fleet that is served in a process of its own while a block runs."""

    def __init__(
        self,
        count: int,
        families: tuple[str, ...] = FAMILIES,
        *,
        standard: bool = False,
        first: str = FIRST,
    ) -> None:
        self.count, self.families, self._first = count, families, first
        command = [sys.executable, "-m", "benchmarks.fleet", str(count), ",".join(families)]
        command += ["--first", first, *(["--standard"] if standard else [])]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        try:
            self.told = self._hear()
        except OutsideError:
            self._process.wait()
            raise

    def __enter__(self) -> "Served":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=20)

    def _hear(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise OutsideError("the simulated fleet did not come up")
        told: dict[str, Any] = json.loads(line)
        return told

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def taken(self) -> dict[str, float]:
        """Return what its process has taken so far, and the calls it took."""
        if self._process.stdin:
            self._process.stdin.write("?\n")
            self._process.stdin.flush()
        return self._hear()

    def machines(self) -> tuple[Machine, ...]:
        """Return its machines where they answer."""
        host, ports = IPv4Address(self._first), self.told["ports"]
        return tuple(
            replace(
                one,
                address=Address(
                    host=str(host + number),
                    port=ports[one.family][0],
                    web_port=ports[one.family][1],
                ),
            )
            for number, one in enumerate(machines_of(self.count, self.families))
        )

    def terms(self) -> SiteTerms:
        """Return its terms, with its meter where it answers."""
        port, unit = self.told["meter"]
        return replace(terms_of(self.count), meters=(replace(METER, port=port, unit=unit),))

    def ask(self, **request: Any) -> dict[str, Any]:
        """Ask its control port."""
        with socket.create_connection(("127.0.0.1", self.told["control"]), 30) as line:
            line.sendall(json.dumps(request).encode() + b"\n")
            answer: dict[str, Any] = json.loads(line.makefile("rb").readline())
        if not answer.get("ok"):
            raise OutsideError(f"the simulated fleet says {answer}")
        return answer


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="benchmarks.fleet", description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("families")
    parser.add_argument("--standard", action="store_true", help="ports as shipped; needs root")
    parser.add_argument("--first", default=FIRST)
    parser.add_argument("--mode", type=Mode, default=Mode.AUTO)
    given = parser.parse_args(arguments)
    families = tuple(given.families.split(","))
    mirror = mirror_of(given.count, families, standard=given.standard, first=given.first)
    try:
        uvloop.run(serve(mirror, given.mode))
    except OutsideError as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
