# SPDX-License-Identifier: Apache-2.0
"""A whole site in virtual time: simulated machines, a meter, a store that can be lost, an agent
that can be killed, and a watchdog. Nothing here sleeps in truth."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from loadstone.adapters.simulators.faults import Fault
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.physics import World
from loadstone.adapters.simulators.site import Blower, OtherLoad, SimulatedSite
from loadstone.adapters.simulators.twin import TwinDriver, TwinMeter, TwinSwitch
from loadstone.adapters.store.sql_store import SqlStore, open_store
from loadstone.engines.control.decide import decide
from loadstone.model.errors import OutsideError
from loadstone.model.operations.control import Order
from loadstone.model.operations.machine import Address, Credential, Machine
from loadstone.model.operations.signal import SignalValue
from loadstone.model.operations.status import Status
from loadstone.model.operations.target import Entry, PowerLease
from loadstone.model.operations.terms import (
    Group,
    ModbusMeter,
    ModbusSwitch,
    Ramp,
    SiteTerms,
    Timing,
)
from loadstone.services.operations.agent import SiteAgent
from loadstone.services.operations.doors import AgentDoors, AgentTime, Worth
from loadstone.services.operations.watchdog import WatchDoors, watch
from tests.virtual_time import VirtualClock

RATED_W = 3250.0
SITE = "tower"


class Flaky:
    """A store that is gone while `gone`, and of which a killed agent gets nothing more."""

    def __init__(self, store):
        self._store, self.gone, self.dead = store, False, False
        self.broken: set[str] = set()  # calls that fail while the others work

    def __getattr__(self, name):
        call = getattr(self._store, name)

        def asked(*args, **kwargs):
            if self.gone or self.dead or name in self.broken:
                raise OutsideError("the database is gone")
            return call(*args, **kwargs)

        return asked


class Noted(TwinDriver):
    """The agent's way to a machine, which notes when it sends what."""

    def note_in(self, sent: list[tuple[float, str]], clock) -> "Noted":
        self._sent, self._clock = sent, clock
        return self

    async def stop(self):
        self._sent.append((self._clock.wall_s(), "stop"))
        return await super().stop()

    async def resume(self):
        self._sent.append((self._clock.wall_s(), "resume"))
        return await super().resume()

    async def cap(self, limit_w):
        self._sent.append((self._clock.wall_s(), f"cap {limit_w:g}"))
        return await super().cap(limit_w)


class Memories:
    """Telemetry that remembers meter readings, and can be full."""

    def __init__(self):
        self.meter, self.sweeps, self.full = [], 0, False
        self.lost, self.compacted = [], 0

    def add_meter(self, site, reading, at_s):
        self.meter.append((at_s, reading.power_mw))

    def add_sweep(self, site, at_s, *, machines, seen, power_w, hashrate_th):
        assert len(machines) == len(seen) == len(power_w) == len(hashrate_th)
        self.sweeps += 1

    def flush(self):
        if self.full:
            raise OutsideError("the disk is full")

    def losses(self, site):
        lost, self.lost = self.lost, []
        return lost

    def compact(self, now_s):
        self.compacted += 1

    def meter_trace(self, site, meter, from_s, until_s):
        return [(at_s, mw, None) for at_s, mw in self.meter if from_s <= at_s < until_s]


class Feed:
    """A signal that says what a test puts in, and breaks when told to."""

    def __init__(self):
        self._queue: asyncio.Queue[SignalValue | None] = asyncio.Queue()

    def say(self, value: SignalValue) -> None:
        self._queue.put_nowait(value)

    def break_off(self) -> None:
        self._queue.put_nowait(None)

    async def values(self) -> AsyncIterator[SignalValue]:
        while True:
            value = await self._queue.get()
            if value is None:
                raise OutsideError("the broker is gone")
            yield value


async def at_once(call):
    """Run a call of the store in place: it takes no time in a simulation."""
    return call()


def in_thread(takes_s: Callable[[], float]) -> Callable:
    """Return what runs calls as a thread does: whoever waits may go, and they go on."""

    async def work(call):
        await asyncio.sleep(takes_s())
        return call()

    async def offload(call):
        return await asyncio.shield(asyncio.ensure_future(work(call)))

    return offload


def terms_of(count: int = 6, **changes) -> SiteTerms:
    """Return rules of a site for quick tests: it sweeps every 5 s."""
    usual = {
        "site": SITE,
        "limit_mw": 10.0,
        "groups": (Group(id="hall"),),
        "meters": (ModbusMeter(id="main", host="127.0.0.1", power_register=0),),
        "timing": Timing(sweep_s=5.0, stale_s=20.0, detail_s=60.0, lease_s=10.0),
        "ramp": Ramp(),
    }
    return SiteTerms(**(usual | changes))


def machines_of(count: int, family: str = "luxos", group: str = "hall") -> tuple[Machine, ...]:
    return tuple(
        Machine(
            id=f"m{i:02}",
            site=SITE,
            group=group,
            family=family,
            address=Address(host=f"10.0.0.{i + 1}", port=4028),
            rated_w=RATED_W,
            hashrate_th=95.0,
        )
        for i in range(count)
    )


@dataclass
class LivingSite:
    """The site, and what can be done to it from outside."""

    clock: VirtualClock
    terms: SiteTerms
    machines: tuple[Machine, ...] = ()
    faults: Sequence[Fault] = ()
    other: OtherLoad = field(default_factory=lambda: OtherLoad(mw=(0.005,)))
    blowers: Sequence[Blower] = ()
    feeds: dict[str, Feed] = field(default_factory=dict)
    orders: Callable[[float], tuple[Order, ...]] = lambda utc_s: ()
    decide: Callable = decide
    seed: int = 0
    truth: SqlStore | None = None
    offload: Callable = at_once

    def __post_init__(self):
        self.machines = self.machines or machines_of(6)
        self.world = World(self.clock.wall_s, self.clock.now().timestamp(), seed=self.seed)
        self.units = [self._unit(i, one) for i, one in enumerate(self.machines)]
        self.site = SimulatedSite(
            self.world,
            self.units,
            other=self.other,
            switches=self.blowers,
            faults=[one for one in self.faults if set(one.machines) & self._devices()],
        )
        self.truth = self.truth or open_store("sqlite://")
        self.memories = Memories()
        self.lease: PowerLease | None = None
        self.lease_full = False
        self.status: Status | None = None
        self.statuses: list[Status] = []
        self.watchdog_lines: list[Entry] = []
        self.keeps_watchdog_lines = False
        self.orphaned = False  # whether the agent that started the watchdog is gone
        self._returned: list[Entry] = []
        self.agent: SiteAgent | None = None
        self.store = Flaky(self.truth)
        self._running: asyncio.Task | None = None
        self._stop = asyncio.Event()
        self.sent: dict[str, list[tuple[float, str]]] = {}
        self.credentials: dict[str, Credential | None] = {}

    def _devices(self):
        meters = {meter.id for meter in self.terms.meters}
        return meters | {switch.id for switch in self.terms.switches}

    def _unit(self, i: int, machine: Machine) -> SimulatedMachine:
        build = Build(
            id=machine.id,
            family=machine.family,
            rated_w=machine.rated_w,
            hashrate_th=machine.hashrate_th,
            mac=f"02:00:00:00:00:{i + 1:02x}",
            serial=f"SIM{i + 1:09}",
            group=machine.group,
        )
        mine = [one for one in self.faults if machine.id in one.machines]
        unit = SimulatedMachine(build, self.world, mine)
        unit.address = machine.address
        return unit

    def unit(self, id_: str) -> SimulatedMachine:
        return self.site.machines[id_]

    def doors(self, time: AgentTime) -> AgentDoors:
        deadline_s = self.terms.timing.deadline_s

        def driver(machine: Machine, credential: Credential | None) -> TwinDriver:
            self.credentials[machine.id] = credential
            driver = Noted(
                self.site,
                machine.address,
                machine.family,
                now_s=time.now_s,
                deadline_s=deadline_s,
            )
            return driver.note_in(self.sent.setdefault(machine.id, []), self.clock)

        return AgentDoors(
            time=time,
            store=self.store,
            telemetry=self.memories,
            driver=driver,
            machines=self.machines,
            worth={
                one.id: Worth(value_per_mwh=80.0 + i, j_per_th=34.0)
                for i, one in enumerate(self.machines)
            },
            meters={
                one.id: TwinMeter(self.site, one.id, now_s=time.now_s)
                for one in self.terms.meters
            },
            switches={
                one.id: TwinSwitch(self.site, one.id, now_s=time.now_s)
                for one in self.terms.switches
            },
            feeds=self.feeds,
            offload=self.offload,
            lease=self._write_lease,
            publish=self._publish,
            standing_orders=self.orders,
            watchdog_record=self._watchdog_record,
        )

    def _write_lease(self, lease: PowerLease) -> None:
        if self.lease_full:
            raise OutsideError("the disk is full")
        self.lease = lease

    def _publish(self, status: Status) -> None:
        self.status = status
        self.statuses.append(status)

    def _watchdog_record(self, clear: bool) -> list[Entry]:
        if clear and self.keeps_watchdog_lines:
            raise OutsideError("the file cannot be removed")
        if clear:
            self.watchdog_lines[:] = [
                line for line in self.watchdog_lines if line not in self._returned
            ]
        self._returned = list(self.watchdog_lines)
        return self._returned

    # ---- what is done to it ----

    def start(self) -> AgentTime:
        """Start an agent, as a new program would."""
        gone = self.store.gone
        self.store = Flaky(self.truth)
        self.store.gone = gone
        time = AgentTime(self.clock)
        self._stop = asyncio.Event()
        self.agent = SiteAgent(self.terms, self.doors(time), decide=self.decide)
        self._running = asyncio.ensure_future(self.agent.run(self._stop))
        return time

    async def kill(self) -> None:
        """End the agent in the middle of whatever it does; it writes nothing more."""
        self.store.dead = True
        self._running.cancel()
        with suppress(asyncio.CancelledError):
            await self._running
        self._running = None

    async def stop(self) -> None:
        """Ask the agent to stop, and wait for it."""
        self._stop.set()
        await self._running
        self._running = None

    @property
    def alive(self) -> bool:
        return self._running is not None and not self._running.done()

    async def ended(self) -> BaseException | None:
        """Return the error that ends the agent, once it has."""
        await asyncio.wait([self._running])
        return self._running.exception()

    def start_watchdog(self) -> asyncio.Event:
        """Start a watchdog beside the agent; return what ends it."""
        stop = asyncio.Event()
        doors = WatchDoors(
            lease=lambda: self.lease,
            drivers=self._watchdog_drivers,
            record=self.watchdog_lines.append,
            now_s=AgentTime(self.clock).now_s,
            orphaned=lambda: self.orphaned,
        )
        self.watching = asyncio.ensure_future(
            watch(
                SITE,
                doors,
                safe_state=self.terms.safe_state,
                timing=self.terms.timing,
                stop=stop,
            )
        )
        return stop

    def _watchdog_drivers(self):
        now_s = AgentTime(self.clock).now_s
        return {
            one.id: TwinDriver(
                self.site,
                one.address,
                one.family,
                now_s=now_s,
                deadline_s=self.terms.timing.deadline_s,
            )
            for one in self.machines
        }

    # ---- what is true ----

    @property
    def now_s(self) -> float:
        """Seconds since 1970, UTC, truly."""
        return self.world.utc_s()

    def entries(self, *kinds: str) -> tuple[Entry, ...]:
        return self.truth.entries(SITE, kinds=kinds)

    def record_text(self) -> str:
        """Return the whole record, for comparing to the byte."""
        return "\n".join(repr(entry) for entry in self.truth.entries(SITE))

    def asleep(self) -> list[str]:
        return [one.id for one in self.units if one.phase == "asleep"]


def switches_of(*ids: str) -> tuple[ModbusSwitch, ...]:
    """Return switches of fans with these names."""
    return tuple(ModbusSwitch(id=id_, host="127.0.0.1", coil=i) for i, id_ in enumerate(ids))
