# SPDX-License-Identifier: Apache-2.0
"""A simulated fleet as it is served: from its file, or in place of the machines of a site."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from ipaddress import IPv4Address

from loadstone.adapters.simulators.control import serving_control
from loadstone.adapters.simulators.faults import Fault
from loadstone.adapters.simulators.fleet_file import FleetSwitch, FleetTerms, spare_hosts
from loadstone.adapters.simulators.listener import Listener, Mode, free_port
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.miners import FACES
from loadstone.adapters.simulators.modbus import serving_modbus
from loadstone.adapters.simulators.mqtt import serving_mqtt
from loadstone.adapters.simulators.physics import Weather, World
from loadstone.adapters.simulators.site import OtherLoad, SimulatedSite
from loadstone.model.fact import Facts
from loadstone.model.operations.machine import Address, Credential, Machine
from loadstone.model.operations.terms import MeterTerms, ModbusMeter, MqttMeter, SiteTerms

_LONGEST_REST_S = 1.0
_DAY_S = 86_400.0
_MODBUS, _CONTROL = 502, 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One machine, and where it answers."""

    build: Build
    address: Address


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """All that is simulated.

    Attributes:
        seats: Machines, shape (M,).
        meters: Meters.
        switches: Switches.
        weather: Temperature of the air.
        other: What draws power besides.
        faults: What goes wrong.
        latency_s: Shortest and longest time of an answer of a machine, real seconds.
        spare: Addresses for machines that start with a new one.
        seed: Of all chance.
        speed: Virtual seconds in a second.
        start_s: The virtual start, seconds since 1970, UTC.
        control_port: Port where faults are set and the truth is told; None for none.
    """

    seats: tuple[Seat, ...]
    meters: tuple[MeterTerms, ...] = ()
    switches: tuple[FleetSwitch, ...] = ()
    weather: Weather = field(default_factory=Weather)
    other: OtherLoad = field(default_factory=OtherLoad)
    faults: tuple[Fault, ...] = ()
    latency_s: tuple[float, float] = (0.0, 0.0)
    spare: tuple[str, ...] = ()
    seed: int = 0
    speed: float = 1.0
    start_s: float
    control_port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A simulated stand-in of a site, and how its agent reaches it.

    Attributes:
        scene: What is simulated.
        machines: The site's machines, at the addresses of the simulated ones.
        terms: The site's terms, with simulated meters and switches; signals are left as they
            are.
    """

    scene: Scene
    machines: tuple[Machine, ...]
    terms: SiteTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """A fleet that is being served.

    Attributes:
        scene: What is simulated.
        site: The simulated site.
        mode: How the sockets of its machines are laid out.
        calls: Returns how many calls machines have taken.
        control_port: Port where faults are set and the truth is told; None for none.
    """

    scene: Scene
    site: SimulatedSite
    mode: Mode
    calls: Callable[[], int]
    control_port: int | None = None


def scene_of(terms: FleetTerms, facts: Facts, now: datetime) -> Scene:
    """Return what a fleet file describes.

    Args:
        terms: The file.
        facts: Facts, for power and hashrate of models.
        now: The time, for files that name no start.
    """
    return Scene(
        seats=tuple(_seats(terms, facts)),
        meters=terms.meters,
        switches=terms.switches,
        weather=terms.weather,
        other=terms.other,
        faults=terms.faults,
        latency_s=terms.latency_s,
        spare=spare_hosts(terms),
        seed=terms.seed,
        speed=terms.speed,
        start_s=(terms.start or now).timestamp(),
        control_port=terms.control_port,
    )


def fleet_of(
    machines: Sequence[Machine],
    terms: SiteTerms,
    *,
    start_s: float,
    models: Mapping[str, str] | None = None,
    credentials: Mapping[str, Credential] | None = None,
    first: str = "127.1.0.1",
    seed: int = 0,
    speed: float = 1.0,
    other: OtherLoad | None = None,
    weather: Weather | None = None,
    faults: Sequence[Fault] = (),
) -> Mirror:
    """Return a simulated stand-in of a site on addresses of loopback and free ports.

    Fans of a group are taken to draw 2 % of what its machines draw. Every meter becomes a
    Modbus meter.

    Args:
        machines: Machines of the site.
        terms: The site's part of operate.toml.
        start_s: The virtual start, seconds since 1970.
        models: What machines call their model, by their id; "simulated" where it is missing.
        credentials: What they ask for, by id, "" for all others; those from the factory
            where it is missing.
        first: Address of the first machine; the others follow.
        seed: Of all chance.
        speed: Virtual seconds in a second.
        other: What draws power besides; None for nothing.
        weather: Temperature of the air.
        faults: What goes wrong.
    """
    known = credentials or {}
    ports = _Ports()
    host = IPv4Address(first)
    moved = tuple(
        replace(one, address=ports.address(one.family, str(host + number)))
        for number, one in enumerate(machines)
    )
    seats = tuple(
        Seat(
            build=Build(
                id=one.id,
                family=one.family,
                model=(models or {}).get(one.id, "simulated"),
                rated_w=one.rated_w,
                hashrate_th=one.hashrate_th,
                mac=_mac(seed, number),
                serial=_serial(number),
                group=one.group,
                credential=known.get(one.id, known.get("")),
                noise=0.01,
            ),
            address=one.address,
        )
        for number, one in enumerate(moved)
    )
    gateway = ports.of(_MODBUS)
    meters = tuple(_modbus(meter, gateway, unit) for unit, meter in enumerate(terms.meters, 1))
    switches = _mirrored_switches(machines, terms, gateway, len(meters) + 1)
    scene = Scene(
        seats=seats,
        meters=meters,
        switches=switches,
        weather=weather or Weather(),
        other=other or OtherLoad(),
        faults=tuple(faults),
        spare=tuple(str(IPv4Address("127.254.0.1") + number) for number in range(1024)),
        seed=seed,
        speed=speed,
        start_s=start_s,
        control_port=ports.of(_CONTROL),
    )
    there = tuple(switch.terms() for switch in switches)
    return Mirror(
        scene=scene,
        machines=moved,
        terms=replace(terms, meters=meters, switches=there),
    )


def site_of(scene: Scene, clock_s: Callable[[], float]) -> SimulatedSite:
    """Return the simulated site of a scene, without sockets: for twins.

    Args:
        scene: What is simulated.
        clock_s: Virtual seconds since the start; they never go back.
    """
    world = World(clock_s, start_s=scene.start_s, weather=scene.weather, seed=scene.seed)
    machines = []
    for seat in scene.seats:
        build = seat.build
        faults = [
            fault
            for fault in scene.faults
            if fault.selects(
                id_=build.id, group=build.group, family=build.family, seed=scene.seed
            )
        ]
        machine = SimulatedMachine(build, world, faults)
        machine.address = seat.address
        machines.append(machine)
    return SimulatedSite(
        world,
        machines,
        other=scene.other,
        switches=[switch.blower() for switch in scene.switches],
        faults=scene.faults,
        spare_hosts=scene.spare,
    )


@asynccontextmanager
async def serving(
    scene: Scene, *, wall_s: Callable[[], float], mode: Mode = Mode.AUTO
) -> AsyncIterator[Fleet]:
    """Serve a fleet on loopback until the block ends.

    Args:
        scene: What is simulated.
        wall_s: Seconds since some moment; they never go back.
        mode: How the sockets of its machines are laid out.

    Raises:
        OutsideError: A port is taken, or more sockets are needed than are allowed.
    """
    began_s = wall_s()
    site = site_of(scene, lambda: (wall_s() - began_s) * scene.speed)
    async with AsyncExitStack() as stack:
        listener = Listener(site, FACES, mode, scene.latency_s)
        stack.callback(listener.close)
        listener.open()
        wired = [meter for meter in scene.meters if isinstance(meter, ModbusMeter)]
        published = [meter for meter in scene.meters if isinstance(meter, MqttMeter)]
        switches = [switch.terms() for switch in scene.switches]
        await stack.enter_async_context(serving_modbus(site, wired, switches))
        await stack.enter_async_context(serving_mqtt(site, published))
        port = scene.control_port
        if port is not None:
            await stack.enter_async_context(serving_control(site, port))
        ticking = asyncio.create_task(_tick(site.world, scene.speed))
        stack.push_async_callback(_end, ticking)
        yield Fleet(
            scene=scene,
            site=site,
            mode=listener.mode,
            calls=lambda: listener.taken,
            control_port=port,
        )


@asynccontextmanager
async def one_machine(
    build: Build,
    *,
    wall_s: Callable[[], float],
    faults: Sequence[Fault] = (),
    speed: float = 1.0,
    host: str = "127.10.0.1",
) -> AsyncIterator[Fleet]:
    """Serve one machine on free ports, with sockets of its own: a refused call is refused."""
    seat = Seat(build=build, address=_Ports().address(build.family, host))
    scene = Scene(seats=(seat,), faults=tuple(faults), speed=speed, start_s=_DAY_S)
    async with serving(scene, wall_s=wall_s, mode=Mode.EACH) as fleet:
        yield fleet


@asynccontextmanager
async def _address_of(
    family: str,
    *,
    wall_s: Callable[[], float],
    faults: Sequence[Fault] = (),
    speed: float = 1.0,
) -> AsyncIterator[Address]:
    build = Build(id="sim-00001", family=family)
    async with one_machine(build, wall_s=wall_s, faults=faults, speed=speed) as fleet:
        yield fleet.scene.seats[0].address


SIMULATORS = {family: partial(_address_of, family) for family in FACES}
"""Of each family: serves one machine while a block runs, and gives its address."""


async def _tick(world: World, speed: float) -> None:
    """Let things happen on time even when nobody asks."""
    while True:
        rest_s = (world.next_s() - world.now_s()) / speed
        await asyncio.sleep(min(max(rest_s, 0.001), _LONGEST_REST_S))


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class _Ports:
    """Free ports, the same of all machines for each default port."""

    def __init__(self) -> None:
        self._by_default: dict[int, int] = {}

    def address(self, family: str, host: str) -> Address:
        """Return the address of a machine."""
        ports = [self.of(face.default_port) for face in FACES[family]]
        return Address(host=host, port=ports[0], web_port=ports[1] if ports[1:] else None)

    def of(self, default: int) -> int:
        """Return the port that stands for a default one."""
        taken = self._by_default.values()
        while default not in self._by_default:
            port = free_port()
            if port not in taken:
                self._by_default[default] = port
        return self._by_default[default]


def _seats(terms: FleetTerms, facts: Facts) -> list[Seat]:
    seats: list[Seat] = []
    for row in terms.machines:
        miner, faces = facts.miners.get(row.model), FACES[row.family]
        rated_w = row.rated_w or (miner.power_w if miner else 0.0)
        hashrate_th = row.hashrate_th or (miner.hashrate_th if miner else 0.0)
        own = bool(row.user or row.password)
        web = row.web_port or (faces[1].default_port if faces[1:] else None)
        for host in row.hosts():
            number = len(seats)
            build = Build(
                id=f"sim-{number + 1:05d}",
                family=row.family,
                model=miner.model if miner else row.model,
                rated_w=rated_w,
                hashrate_th=hashrate_th,
                mac=_mac(terms.seed, number),
                serial=_serial(number),
                group=row.group,
                credential=Credential(user=row.user, password=row.password) if own else None,
                noise=row.noise,
            )
            port = row.port or faces[0].default_port
            seats.append(Seat(build=build, address=Address(host=host, port=port, web_port=web)))
    return seats


def _mac(seed: int, number: int) -> str:
    """Return an address that nobody has been given: it is marked as made locally."""
    octets = (2, seed & 255, *(number + 1).to_bytes(4, "big"))
    return ":".join(f"{octet:02x}" for octet in octets)


def _serial(number: int) -> str:
    return f"SIM{number + 1:09d}"


def _modbus(meter: MeterTerms, port: int, unit: int) -> ModbusMeter:
    if isinstance(meter, ModbusMeter):
        return replace(meter, host="127.0.0.1", port=port, unit=unit)
    return ModbusMeter(
        id=meter.id,
        main=meter.main,
        host="127.0.0.1",
        port=port,
        unit=unit,
        power_register=0,
        energy_register=2,
    )


def _mirrored_switches(
    machines: Sequence[Machine], terms: SiteTerms, port: int, first_unit: int
) -> tuple[FleetSwitch, ...]:
    made = []
    for number, switch in enumerate(terms.switches):
        groups = tuple(group.id for group in terms.groups if group.fans == switch.id)
        cooled_w = sum(one.rated_w for one in machines if one.group in groups)
        made.append(
            FleetSwitch(
                id=switch.id,
                role=switch.role,
                port=port,
                unit=first_unit + number,
                coil=switch.coil,
                state_input=switch.state_input,
                groups=groups,
                power_mw=0.02 * cooled_w / 1e6,
            )
        )
    return tuple(made)
