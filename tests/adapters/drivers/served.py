# SPDX-License-Identifier: Apache-2.0
"""A simulated machine on the wire, for tests of drivers; time moves when told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from zlib import crc32

from loadstone.adapters.drivers.miners import DRIVERS
from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.listener import Faces, Listener, Mode, free_port
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.miners import FACES
from loadstone.adapters.simulators.physics import World
from loadstone.adapters.simulators.site import SimulatedSite
from loadstone.model.operations.machine import Address, Credential
from loadstone.model.operations.reading import Pool

RATED_W, HASHRATE_TH = 3300.0, 110.0
MAC, SERIAL = "02:00:00:ab:cd:01", "SIMABCD00001"
POOLS = (
    Pool(url="stratum+tcp://one.example:3333", user="site.a", password="x"),
    Pool(url="stratum+tcp://two.example:443", user="site.b", password="x"),
)


class Rig(SimpleNamespace):
    """A simulated machine, served, and drivers of it; time moves when told."""

    def driver(self, *, deadline_s: float = 5.0, credential: Credential | None = None):
        made = DRIVERS[self.family].make(
            self.machine.address,
            credential or self.machine.credential,
            deadline_s=deadline_s,
            now_s=self.now_s,
        )
        self.made.append(made)
        return made

    def now_s(self) -> float:
        return self.clock_s

    def later(self, seconds: float = 900.0) -> None:
        """Let time pass, by default until machines have come to rest."""
        self.clock_s += seconds
        self.machine.world.now_s()

    def fault(self, kind: FaultKind, amount: float | None = None) -> None:
        self.machine.add(Fault(kind=kind, amount=amount, from_s=self.clock_s))
        self.later(0.01)

    def wrote(self) -> bool:
        """Return whether anything was written to its configuration."""
        return any(what == "config" for _, what in self.machine.told)


@asynccontextmanager
async def served(
    family: str, *, credential: Credential | None = None, faces: Faces = FACES
) -> AsyncIterator[Rig]:
    rig = Rig(family=family, clock_s=10_000.0, made=[])
    build = Build(
        id="m1",
        family=family,
        model="Antminer S19 Pro" if "whatsminer" not in family else "M50S",
        rated_w=RATED_W,
        hashrate_th=HASHRATE_TH,
        mac=MAC,
        serial=SERIAL,
        credential=credential,
    )
    world = World(clock_s=rig.now_s)
    rig.machine = SimulatedMachine(build, world)
    rig.machine.pools = POOLS
    host = f"127.66.{crc32(family.encode()) % 250}.7"
    web_port = free_port() if len(FACES[family]) > 1 else None
    rig.machine.address = Address(host=host, port=free_port(), web_port=web_port)
    listener = Listener(SimulatedSite(world, [rig.machine]), faces, Mode.EACH)
    listener.open()
    try:
        yield rig
    finally:
        for driver in rig.made:
            await driver.close()
        listener.close()
        await asyncio.sleep(0)
