# SPDX-License-Identifier: Apache-2.0
"""The file of a simulated fleet: what there is, how fast time passes, and what goes wrong."""

from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address
from math import inf
from pathlib import Path
from typing import Any, Literal

from loadstone.adapters.simulators.faults import Fault
from loadstone.adapters.simulators.listener import LOOPBACK, check_loopback
from loadstone.adapters.simulators.physics import FIRMWARE, Weather
from loadstone.adapters.simulators.site import Blower, OtherLoad
from loadstone.adapters.tables import Table, gathered, parse_toml, schema, top_of
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.fact import Facts
from loadstone.model.operations.machine import check_port
from loadstone.model.operations.terms import MeterTerms, ModbusMeter, ModbusSwitch

MOST_MACHINES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRow:
    """Machines of one kind in a fleet file.

    Attributes:
        family: Firmware: "antminer", "whatsminer-v2", "whatsminer-v3", "luxos" or "braiins".
        model: Id of the machine in the facts, e.g. "antminer-s21"; or any name, if `rated_w`
            and `hashrate_th` are given.
        rated_w: Draw at full load, W; None takes it from the facts.
        hashrate_th: Hashrate at full load, TH/s; None takes it from the facts.
        count: How many.
        first: Address of the first; the others follow.
        port: Port of the command socket; None for the family's own.
        web_port: Port of the web pages; None for the family's own.
        group: Group they belong to.
        user: User name that they ask for; "" for the family's own.
        password: Password that they ask for; "" for the one from the factory.
        noise: Error of the power they tell, and noise of their hashrate, as shares.
    """

    family: str
    model: str
    rated_w: float | None = None
    hashrate_th: float | None = None
    count: int = 1
    first: str
    port: int | None = None
    web_port: int | None = None
    group: str = ""
    user: str = ""
    password: str = ""
    noise: float = 0.01

    def __post_init__(self) -> None:
        errors = list(self._errors())
        if errors:
            raise InputErrors(errors)

    def _errors(self) -> Iterator[InputError]:
        if self.family not in FIRMWARE:
            yield InputError("family", self.family, f"must be one of {', '.join(FIRMWARE)}")
        for name in ("rated_w", "hashrate_th"):
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:
                yield InputError(name, value, "must be finite and above 0")
        if not 0 < self.count <= MOST_MACHINES:
            yield InputError("count", self.count, f"must be from 1 to {MOST_MACHINES}")
        elif problem := _problem(check_loopback, "first", self.first):
            yield problem
        elif IPv4Address(self.first) + (self.count - 1) not in LOOPBACK:
            yield InputError("count", self.count, "must end within 127.0.0.0/8")
        for name in ("port", "web_port"):
            value = getattr(self, name)
            if value is not None and (problem := _problem(check_port, name, value)):
                yield problem
        if not 0 <= self.noise < 1:
            yield InputError("noise", self.noise, "must be at least 0 and below 1")

    def hosts(self) -> Iterator[str]:
        """Give the address of each machine."""
        first = IPv4Address(self.first)
        return (str(first + number) for number in range(self.count))


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSwitch:
    """A switch behind Modbus TCP, and what hangs on it: fans, or an outlet with machines.

    Attributes:
        id: Name.
        role: "fans", "outlet" or "run-back".
        host: Address of the gateway.
        port: Its port.
        unit: Unit number.
        coil: Coil that turns it on.
        state_input: Discrete input that says whether it is on; None for the coil alone.
        groups: Groups of machines that it cools, or that an outlet feeds.
        power_mw: What fans draw, MW.
        grace_s: How long machines may hash without these fans before it is an accident.
        on: Whether it is on at the start.
    """

    id: str
    role: Literal["fans", "outlet", "run-back"] = "fans"
    host: str = "127.0.0.1"
    port: int = 1502
    unit: int = 1
    coil: int
    state_input: int | None = None
    groups: tuple[str, ...] = ()
    power_mw: float = 0.0
    grace_s: float = 30.0
    on: bool = True

    def __post_init__(self) -> None:
        check_loopback("host", self.host)
        self.terms()
        self.blower()

    def terms(self) -> ModbusSwitch:
        """Return it as operate.toml would have it."""
        return ModbusSwitch(
            id=self.id,
            role=self.role,
            host=self.host,
            port=self.port,
            unit=self.unit,
            coil=self.coil,
            state_input=self.state_input,
        )

    def blower(self) -> Blower:
        """Return what hangs on it."""
        return Blower(
            id=self.id,
            feeds=self.role == "outlet",
            groups=self.groups,
            power_mw=self.power_mw,
            grace_s=self.grace_s,
            on=self.on,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetTerms:
    """A file of a simulated fleet.

    Attributes:
        seed: Of all chance: the same seed, the same fleet.
        speed: Virtual seconds that pass in a second.
        start: Virtual time of the start, with its offset; None for now.
        control_port: Port on 127.0.0.1 where faults are set and the truth is told; None for
            none.
        latency_s: Shortest and longest time of an answer of a machine, real seconds.
        spare: First of the addresses for machines that start again with a new one.
        weather: Temperature of the air.
        other: What draws power besides machines and fans.
        machines: Machines.
        meters: Meters, as in operate.toml.
        switches: Switches.
        faults: What goes wrong.
    """

    seed: int = 0
    speed: float = 1.0
    start: datetime | None = None
    control_port: int | None = None
    latency_s: tuple[float, float] = (0.0, 0.0)
    spare: str = "127.254.0.1"
    weather: Weather = Weather()
    other: OtherLoad = OtherLoad()
    machines: tuple[FleetRow, ...]
    meters: tuple[MeterTerms, ...] = ()
    switches: tuple[FleetSwitch, ...] = ()
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.speed <= 10_000:
            raise InputError("speed", self.speed, "must be above 0 and at most 10000")
        if self.start is not None and self.start.utcoffset() is None:
            raise InputError("start", self.start, "must have an offset, e.g. Z")
        if self.control_port is not None:
            check_port("control_port", self.control_port)
        low, high = self.latency_s
        if not 0 <= low <= high <= 60:
            raise InputError(
                "latency_s", self.latency_s, "must be two times, 0 to 60, in order"
            )
        check_loopback("spare", self.spare)
        if not self.machines:
            raise InputError("machines", (), "must be at least one row")


_NOBODY: Table = {"family": "luxos", "model": "?", "rated_w": 1, "hashrate_th": 1}
_STAND_INS = {"machines": [_NOBODY | {"first": "127.0.0.1"}]}


def read_fleet(path: Path, facts: Facts) -> FleetTerms:
    """Return the fleet of a file.

    Args:
        path: A TOML file.
        facts: Facts, for power and hashrate of models.

    Raises:
        InputErrors: All that is wrong, each with its file, field, value and rule.
    """
    try:
        table = parse_toml(path)
        terms, errors = gathered(FleetTerms, table, _STAND_INS)
    except OSError as error:
        problem = InputError("file", str(path), f"must be readable: {error.strerror}")
        raise InputErrors([problem]) from error
    except InputError as error:
        raise InputErrors([error.in_file(str(path))]) from error
    except InputErrors as wrong:
        raise InputErrors([one.in_file(str(path)) for one in wrong.errors]) from wrong
    broken = {top_of(error) for error in errors}
    errors += _disagreements(terms, facts, broken)
    if errors:
        raise InputErrors([one.in_file(str(path)) for one in errors])
    found: FleetTerms = terms
    return found


def fleet_schema() -> dict[str, Any]:
    """Return the JSON Schema of a fleet file, for editors."""
    return {**schema(FleetTerms), "title": "fleet file"}


def _disagreements(
    terms: FleetTerms, facts: Facts, broken: Container[str]
) -> Iterator[InputError]:
    """Give what does not fit together; of machines that are wrong nothing can be said."""
    yield from _twice(terms, "meters")
    yield from _twice(terms, "switches")
    yield from _outside(terms)
    if "machines" not in broken:
        yield from _unknown_models(terms, facts)
        yield from _doubled(terms)
        yield from _unknown_groups(terms)


def _unknown_models(terms: FleetTerms, facts: Facts) -> Iterator[InputError]:
    for number, row in enumerate(terms.machines):
        stated = row.rated_w is not None and row.hashrate_th is not None
        if not stated and row.model not in facts.miners:
            rule = "must be a machine of the facts, or rated_w and hashrate_th be given"
            yield InputError(f"machines[{number}].model", row.model, rule)


def _doubled(terms: FleetTerms) -> Iterator[InputError]:
    hosts = Counter(host for row in terms.machines for host in row.hosts())
    doubled = [host for host, count in hosts.items() if count > 1]
    if doubled:
        rule = f"must have different addresses; {len(doubled)} are given twice"
        yield InputError("machines.first", doubled[0], rule)


def _twice(terms: FleetTerms, name: str) -> Iterator[InputError]:
    ids = Counter(one.id for one in getattr(terms, name))
    for id_ in (id_ for id_, count in ids.items() if count > 1):
        yield InputError(f"{name}.id", id_, "must be given once")


def _outside(terms: FleetTerms) -> Iterator[InputError]:
    """Give the servers that would be reachable from outside. A broker is only dialled."""
    for meter in terms.meters:
        if isinstance(meter, ModbusMeter):
            problem = _problem(check_loopback, f"meters.{meter.id}.host", meter.host)
            if problem:
                yield problem


def _unknown_groups(terms: FleetTerms) -> Iterator[InputError]:
    groups = {row.group for row in terms.machines}
    for switch in terms.switches:
        for group in switch.groups:
            if group not in groups:
                rule = f"must be a group of machines: {', '.join(sorted(groups))}"
                yield InputError(f"switches.{switch.id}.groups", group, rule)
    families = {row.family for row in terms.machines}
    for number, fault in enumerate(terms.faults):
        if fault.group and fault.group not in groups:
            yield InputError(f"faults[{number}].group", fault.group, "must be a group")
        if fault.family and fault.family not in families:
            yield InputError(f"faults[{number}].family", fault.family, "must be one in it")


def _problem(check: Any, field: str, value: object) -> InputError | None:
    try:
        check(field, value)
    except InputError as error:
        return error
    return None


def spare_hosts(terms: FleetTerms, count: int = 4096) -> tuple[str, ...]:
    """Return addresses for machines that start with a new one."""
    taken = {host for row in terms.machines for host in row.hosts()}
    first = IPv4Address(terms.spare)
    hosts = (first + number for number in range(count) if first + number in LOOPBACK)
    return tuple(host for host in map(str, hosts) if host not in taken)
