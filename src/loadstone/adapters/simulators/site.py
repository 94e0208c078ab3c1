# SPDX-License-Identifier: Apache-2.0
"""A simulated site: what its meter shows, its fans and switches, and what goes wrong with them.

The draw of ten thousand machines is summed in columns when somebody asks, and the energy
counter is its exact integral: formulas, no steps.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadstone.adapters.simulators.faults import Fault, FaultKind, FaultOfMachine, chance
from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.physics import PIECES, SLOT_S, World
from loadstone.model.errors import InputError
from loadstone.model.operations.machine import Address

Floats = NDArray[np.float64]
NOISE_S = 10.0  # other load stands still for so long
_W_PER_MW = 1e6
_WS_PER_MWH = 3.6e9


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherLoad:
    """What draws power at the site besides its machines and fans.

    Attributes:
        mw: Its draw, MW, in steps of `step_s` that are repeated for ever.
        step_s: Length of a step, s.
        noise: Noise on it, as a share, new every 10 s.
    """

    mw: tuple[float, ...] = (0.0,)
    step_s: float = 300.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        if not self.mw or not all(0 <= value < inf for value in self.mw):
            raise InputError("mw", self.mw, "must be finite and at least 0, one at least")
        if not (NOISE_S <= self.step_s < inf and self.step_s % NOISE_S == 0):
            raise InputError("step_s", self.step_s, "must be a multiple of 10")
        if not 0 <= self.noise < 1:
            raise InputError("noise", self.noise, "must be at least 0 and below 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blower:
    """A switch, and what hangs on it: fans, or machines on an outlet.

    Attributes:
        id: Name of the switch.
        feeds: Whether it feeds the machines of its groups; otherwise it cools them.
        groups: Groups of machines; () for none.
        power_mw: What it draws when on, MW.
        grace_s: How long those machines may hash without it before it is an accident.
        on: Whether it is on at the start.
    """

    id: str
    feeds: bool = False
    groups: tuple[str, ...] = ()
    power_mw: float = 0.0
    grace_s: float = 30.0
    on: bool = True

    def __post_init__(self) -> None:
        for name in ("power_mw", "grace_s"):
            value = getattr(self, name)
            if not 0 <= value < inf:
                raise InputError(name, value, "must be finite and at least 0")


class Accident(NamedTuple):
    """Machines hashed without their fans.

    Attributes:
        at_s: When it had lasted too long, virtual seconds.
        switch: The switch of the fans.
        machines: How many machines wanted air.
    """

    at_s: float
    switch: str
    machines: int


class _Columns:
    """Draw of machines since their last changes, a column each."""

    def __init__(self, machines: Sequence[SimulatedMachine]) -> None:
        count = len(machines)
        self.since_s = np.zeros(count)
        self.start_w = np.zeros(count)
        self.before_ws = np.zeros(count)
        self.begins_s = np.zeros((PIECES, count))
        self.lasts_s = np.zeros((PIECES, count))
        self.slopes = np.zeros((PIECES, count))
        for row, machine in enumerate(machines):
            self.put(row, machine)

    def put(self, row: int, machine: SimulatedMachine) -> None:
        """Take the draw of one machine over."""
        draw = machine.draw
        self.since_s[row] = draw.since_s
        self.start_w[row] = draw.start_w
        self.before_ws[row] = machine.energy_ws
        self.begins_s[:, row] = draw.begins_s
        self.lasts_s[:, row] = draw.lasts_s
        self.slopes[:, row] = draw.slopes

    def power_w(self, at_s: float) -> float:
        """Return the draw of all at a time not before the last change, W."""
        elapsed = at_s - self.since_s
        total = float(self.start_w.sum())
        for begins, lasts, slopes in zip(self.begins_s, self.lasts_s, self.slopes, strict=True):
            if slopes.any():
                total += float(slopes @ np.clip(elapsed - begins, 0.0, lasts))
        return total

    def energy_ws(self, at_s: float) -> float:
        """Return the energy of all until a time, Ws.

        Before its last change a machine is taken to have drawn what it drew at the change.
        """
        elapsed = at_s - self.since_s
        total = self.before_ws.sum() + self.start_w @ elapsed
        for begins, lasts, slopes in zip(self.begins_s, self.lasts_s, self.slopes, strict=True):
            if slopes.any():
                past = np.maximum(elapsed - begins, 0.0)
                within = np.minimum(past, lasts)
                total += slopes @ (within * (past - within / 2))
        return float(total)


class SimulatedSite:
    """Machines, fans, switches and other load behind one meter.

    Attributes:
        world: Its clock and weather.
        machines: Its machines by id.
        accidents: Times when machines hashed without their fans for too long.
        on_readdressed: Called with a machine and its former address when it has a new one.
    """

    def __init__(
        self,
        world: World,
        machines: Sequence[SimulatedMachine],
        *,
        other: OtherLoad | None = None,
        switches: Sequence[Blower] = (),
        faults: Sequence[Fault] = (),
        spare_hosts: Sequence[str] = (),
    ) -> None:
        """Put machines to a site.

        Args:
            world: Clock and weather, those of the machines.
            machines: The machines, ids all different.
            other: Other load; None for none.
            switches: Switches.
            faults: Faults of meters and switches, by their ids in `machines` of the fault.
            spare_hosts: Addresses for machines that start with another one.
        """
        self.world = world
        self.machines: Mapping[str, SimulatedMachine] = {one.id: one for one in machines}
        if len(self.machines) != len(machines):
            raise InputError("machines", len(machines), "must have different ids")
        self.accidents: list[Accident] = []
        self.on_readdressed: list[Callable[[SimulatedMachine, Address | None], None]] = []
        self._other = other or OtherLoad()
        self._rows = {one.id: row for row, one in enumerate(machines)}
        self._columns = _Columns(machines)
        self._counted_ws, self._base_ws = 0.0, self._columns.energy_ws(world.now_s())
        self._factor = world.heat_factor()
        self._others_ws, self._others_until_s = 0.0, world.now_s()
        self._switches = {one.id: one for one in switches}
        self._on = {one.id: one.on for one in switches}
        self._cools = {
            group: one.id for one in switches if not one.feeds for group in one.groups
        }
        self._airless: dict[str, set[str]] = {one.id: set() for one in switches}
        self._doubts = dict.fromkeys(self._switches, 0)
        self._faults = tuple(fault for fault in faults if fault.machines)
        self._held: dict[str, list[FaultOfMachine]] = {}
        self._spare = list(reversed(spare_hosts))
        self._by_place = {
            place: one for one in machines if one.address for place in places(one.address)
        }
        for machine in machines:
            machine.watcher = self
            self._count_air(machine)
        for one in switches:
            if one.feeds and not one.on:
                self._feed(one.groups, False)
        if world.weather.swing_c or world.weather.hot:
            self._await_weather(world.now_s())

    # ---- meters ----

    def power_mw(self) -> float:
        """Return the mean draw of the last second at the meter, MW."""
        now_s = self.world.now_s()
        energy_ws = self._columns.energy_ws(now_s) - self._columns.energy_ws(now_s - 1.0)
        return energy_ws * self._factor / _W_PER_MW + self._besides_mw(now_s)

    def true_power_mw(self) -> float:
        """Return the draw at this moment, MW."""
        now_s = self.world.now_s()
        return self._columns.power_w(now_s) * self._factor / _W_PER_MW + self._besides_mw(now_s)

    def machines_mw(self) -> float:
        """Return the draw of the machines at this moment, MW."""
        return self._columns.power_w(self.world.now_s()) * self._factor / _W_PER_MW

    def energy_mwh(self) -> float:
        """Return the energy since the start, MWh; it only grows."""
        now_s = self.world.now_s()
        self._count_others(now_s)
        machines_ws = self._columns.energy_ws(now_s) - self._base_ws
        total_ws = self._counted_ws + machines_ws * self._factor + self._others_ws
        return total_ws / _WS_PER_MWH

    # ---- switches ----

    @property
    def switches(self) -> Mapping[str, Blower]:
        """Its switches by id."""
        return self._switches

    def is_on(self, switch: str) -> bool:
        """Return whether a switch is on."""
        self.world.now_s()
        return self._on[switch]

    def turn(self, switch: str, on: bool) -> None:
        """Turn a switch on or off."""
        now_s = self.world.now_s()
        if self._on[switch] == on:
            return
        self._count_others(now_s)
        self._on[switch] = on
        self._doubts[switch] += 1
        if not on and self._airless[switch]:
            self._await_accident(switch)
        if self._switches[switch].feeds:
            self._feed(self._switches[switch].groups, on)

    # ---- machines ----

    def at(self, host: str, port: int) -> SimulatedMachine | None:
        """Return the machine at an address now; None for nobody."""
        self.world.now_s()
        return self._by_place.get((host, port))

    def moved(self, machine: SimulatedMachine) -> None:
        """Take the new draw of a machine over."""
        self._columns.put(self._rows[machine.id], machine)
        self._count_air(machine)

    def readdressed(self, machine: SimulatedMachine) -> None:
        """Give a machine another address, where there is one left."""
        former = machine.address
        if former is None or not self._spare:
            return
        machine.address = Address(
            host=self._spare.pop(), port=former.port, web_port=former.web_port
        )
        for place in places(former):
            del self._by_place[place]
        self._by_place |= dict.fromkeys(places(machine.address), machine)
        for hear in self.on_readdressed:
            hear(machine, former)

    def has(self, device: str, kind: FaultKind) -> Fault | None:
        """Return the fault of a meter or a switch that it has now; None for none."""
        if not self._faults:
            return None
        if device not in self._held:
            self._held[device] = [
                FaultOfMachine(fault, device, self.world.seed)
                for fault in self._faults
                if device in fault.machines
            ]
        now_s = self.world.now_s()
        active = (one.fault for one in self._held[device] if one.active(now_s))
        return next((fault for fault in active if fault.kind is kind), None)

    def add(self, fault: Fault) -> None:
        """Give meters and switches a fault, where it names them."""
        if fault.machines:
            self._faults = (*self._faults, fault)
            self._held.clear()

    def clear(self) -> None:
        """Take all faults of meters and switches away."""
        self._faults = ()
        self._held.clear()

    # ---- within ----

    def _besides_mw(self, now_s: float) -> float:
        return self._other_mw(int(now_s // NOISE_S)) + self._fans_mw()

    def _fans_mw(self) -> float:
        return sum(one.power_mw for one in self._switches.values() if self._on[one.id])

    def _other_mw(self, slot: int) -> float:
        other = self._other
        step = int(slot * NOISE_S // other.step_s) % len(other.mw)
        if not other.noise:
            return other.mw[step]
        drawn = chance(self.world.seed, "other load", slot)
        return other.mw[step] * (1 + other.noise * (2 * drawn - 1))

    def _count_others(self, now_s: float) -> None:
        """Bring the energy of other load and fans up to now: they change in steps."""
        from_s, other = self._others_until_s, self._other
        self._others_until_s = now_s
        self._others_ws += self._fans_mw() * _W_PER_MW * (now_s - from_s)
        if not other.noise and len(other.mw) == 1:
            self._others_ws += other.mw[0] * _W_PER_MW * (now_s - from_s)
            return
        for slot in range(int(from_s // NOISE_S), int(now_s // NOISE_S) + 1):
            begins_s, ends_s = slot * NOISE_S, (slot + 1) * NOISE_S
            lasts_s = min(ends_s, now_s) - max(begins_s, from_s)
            self._others_ws += self._other_mw(slot) * _W_PER_MW * lasts_s

    def _feed(self, groups: Sequence[str], on: bool) -> None:
        for machine in self.machines.values():
            if machine.build.group in groups:
                machine.feed(on)

    def _await_weather(self, now_s: float) -> None:
        self.world.at((now_s // SLOT_S + 1) * SLOT_S, self._change_weather)

    def _change_weather(self) -> None:
        now_s = self.world.now_s()
        base_ws = self._columns.energy_ws(now_s)
        self._counted_ws += (base_ws - self._base_ws) * self._factor
        self._base_ws, self._factor = base_ws, self.world.heat_factor()
        self._await_weather(now_s)

    def _count_air(self, machine: SimulatedMachine) -> None:
        """Keep account of who wants air; a start without it may become an accident."""
        switch = self._cools.get(machine.build.group)
        if switch is None:
            return
        wanting = self._airless[switch]
        if not machine.wants_air:
            wanting.discard(machine.id)
        elif machine.id not in wanting:
            wanting.add(machine.id)
            if len(wanting) == 1 and not self._on[switch]:
                self._await_accident(switch)
        if not wanting:
            self._doubts[switch] += 1

    def _await_accident(self, switch: str) -> None:
        self._doubts[switch] += 1
        doubt, lasts_s = self._doubts[switch], self._switches[switch].grace_s

        def look() -> None:
            if doubt == self._doubts[switch] and not self._on[switch]:
                wanting = len(self._airless[switch])
                self.accidents.append(Accident(self.world.now_s(), switch, wanting))

        self.world.at(self.world.now_s() + lasts_s, look)


def places(address: Address) -> list[tuple[str, int]]:
    """Return the host and port of each of a machine's sockets."""
    ports = [address.port] + ([address.web_port] if address.web_port else [])
    return [(address.host, port) for port in ports]
