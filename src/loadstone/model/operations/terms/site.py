# SPDX-License-Identifier: Apache-2.0
"""A site, as operate.toml has it: its machines, its limits, and how it may change."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Literal

from loadstone.model.errors import InputError
from loadstone.model.operations.event import Method
from loadstone.model.operations.terms.meters import MeterTerms, ModbusSwitch
from loadstone.model.operations.terms.rules import (
    above_zero,
    at_least_zero,
    different,
    filled,
    ports,
    refuse,
)
from loadstone.model.operations.terms.signals import SignalTerms, Silence

SafeState = Literal["stopped", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ramp:
    """How fast the site may change what it draws, and how it starts machines.

    Attributes:
        down_kw_per_min: Fastest decrease, kW/min; None for no limit.
        up_kw_per_min: Fastest increase at the meter, kW/min; None for no limit.
        inrush_factor: Most that a starting machine draws over its full load.
    """

    down_kw_per_min: float | None = None
    up_kw_per_min: float | None = None
    inrush_factor: float = 1.1

    def __post_init__(self) -> None:
        refuse(above_zero(self, "down_kw_per_min", "up_kw_per_min"), self._wrong())

    def _wrong(self) -> Iterator[InputError]:
        if not 1 <= self.inrush_factor < inf:
            yield InputError("inrush_factor", self.inrush_factor, "must be at least 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How often things are looked at, and how long they are waited for, s.

    Attributes:
        tick_s: Between two decisions.
        sweep_s: Between two readings of every machine.
        detail_s: Between two full readings of a machine.
        meter_s: Between two readings of a meter.
        deadline_s: Longest wait for one call to a machine.
        stale_s: A reading older than this says nothing any more: the state is unknown.
        meter_stale_s: The same for meters.
        allowed_over_s: How long the meter may be above the limit.
        confirm_s: How long a machine has to show what it was told, before it is told again.
        cooldown_s: A machine stopped or started by the price rests this long before it is
            turned round; events and limits do not wait.
        retry_s: First pause before a machine is told again; it doubles, an hour at most.
        most_attempts: After this many a machine counts as failed; it is tried again, seldom.
        arm_s: How long before the start an event is armed; earlier by the time of its ramp.
        lease_s: How long a power lease lasts; the watchdog acts when it runs out.
    """

    tick_s: float = 1.0
    sweep_s: float = 10.0
    detail_s: float = 300.0
    meter_s: float = 1.0
    deadline_s: float = 4.0
    stale_s: float = 30.0
    meter_stale_s: float = 10.0
    allowed_over_s: float = 60.0
    confirm_s: float = 30.0
    cooldown_s: float = 600.0
    retry_s: float = 5.0
    most_attempts: int = 10
    arm_s: float = 120.0
    lease_s: float = 30.0

    def __post_init__(self) -> None:
        names = [name for name in self.__slots__ if name != "cooldown_s"]
        refuse(above_zero(self, *names), at_least_zero(self, "cooldown_s"))
        refuse(self._too_short())

    def _too_short(self) -> Iterator[InputError]:
        """Yield what is over before that which it waits for can have come."""
        for name, than in (
            ("stale_s", "sweep_s"),
            ("meter_stale_s", "meter_s"),
            ("confirm_s", "sweep_s"),
        ):
            if getattr(self, name) <= getattr(self, than):
                rule = f"must be above {than} = {getattr(self, than)}"
                yield InputError(name, getattr(self, name), rule)
        if self.lease_s <= 2 * self.tick_s:  # the agent renews and the watchdog looks once each
            rule = f"must be above twice tick_s = {self.tick_s}"
            yield InputError("lease_s", self.lease_s, rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Machines that share cooling, a transformer or a rule.

    Attributes:
        id: Name, unique within the site.
        fans: Id of the switch of their fans; "" for none. Fans go off after the last miner
            has stopped, and on before the first starts.
        fans_after_s: How long fans run on after the last miner has stopped, s.
        fans_before_s: How long fans must run before the first miner starts, s.
        limit_mw: Most its machines may draw, MW, e.g. of its transformer; None for no limit.
        protected: Whether its machines are stopped last, and only for limits and full stops.
    """

    id: str
    fans: str = ""
    fans_after_s: float = 120.0
    fans_before_s: float = 10.0
    limit_mw: float | None = None
    protected: bool = False

    def __post_init__(self) -> None:
        refuse(
            filled(self, "id"),
            at_least_zero(self, "fans_after_s", "fans_before_s", "limit_mw"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRow:
    """Machines of one kind in operate.toml.

    Attributes:
        group: Group they belong to.
        family: Driver that speaks to them, e.g. "luxos".
        addresses: Each a host, "host:port", or a range "10.0.1.1-10.0.4.250".
        port: Port of the command socket; None for the family's own.
        web_port: Port of the web pages; None for the family's own.
        model: Id of the machine in the facts, e.g. "antminer-s21", which gives power and
            hashrate.
        ids: Their names by address, for machines found by `scan`; () for names made of the
            addresses until the MAC is known.
    """

    group: str
    family: str
    addresses: tuple[str, ...]
    port: int | None = None
    web_port: int | None = None
    model: str
    ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        refuse(ports(self, "port", "web_port"), self._wrong())

    def _wrong(self) -> Iterator[InputError]:
        if not self.addresses:
            yield InputError("addresses", self.addresses, "must be at least one")
        if self.ids and len(self.ids) != len(self.addresses):
            yield InputError("ids", self.ids, "must be one for each address, or none")
        if any(not id_ or id_ != id_.strip() for id_ in self.ids):
            yield InputError(
                "ids", self.ids, "must not be empty, nor begin or end with a space"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Times in which a limit holds, by local hours: a schedule by hand.

    Attributes:
        months: Local months, 1 to 12; () means all.
        weekdays: Local weekdays, Monday 0 to Sunday 6; () means all.
        hours: Local hours, 0 to 23; () means all.
        limit_mw: Most the meter may show, MW.
        reason: Why.
    """

    months: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    limit_mw: float
    reason: str = ""

    def __post_init__(self) -> None:
        refuse(at_least_zero(self, "limit_mw"), self._wrong())

    def _wrong(self) -> Iterator[InputError]:
        for name, low, high in (("months", 1, 12), ("weekdays", 0, 6), ("hours", 0, 23)):
            values = getattr(self, name)
            if any(not low <= value <= high for value in values):
                yield InputError(name, values, f"must be from {low} to {high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTerms:
    """How one site is run.

    Attributes:
        site: Id of the site in the network.
        limit_mw: Most its meter may show, MW; None takes the connection of the site's file.
        margin: Share of the limit that is kept free.
        value_per_mwh: What a MWh earns before power is paid, in the network's currency, as the
            mean over the power of all machines; None takes it from hashprice.
        hashprice: Earnings of a PH/s and day, in the network's currency; None takes the
            outlook's.
        restart_cost: What one stop and start of a machine costs, currency: wear and lost work.
        timing: How often things are looked at.
        ramp: How fast it may change.
        groups: Groups of machines.
        machines: Machines.
        meters: Meters, one of them the main one.
        switches: Switches.
        signals: Signals.
        schedule: Limits by the calendar.
        method: How events are measured where they do not say.
        safe_state: What the watchdog brings machines to when the agent is gone.
        meter_silent: What is done when the main meter is silent: "hold" allows no start,
            "curtail" stops everything, "release" goes by what machines say.
        telemetry_days: Days for which single readings of machines are kept; those of meters
            stay for 400 days, so that proofs can be recomputed, and means of 5 minutes stay.
    """

    site: str
    limit_mw: float | None = None
    margin: float = 0.01
    value_per_mwh: float | None = None
    hashprice: float | None = None
    restart_cost: float = 0.05
    timing: Timing = Timing()
    ramp: Ramp = Ramp()
    groups: tuple[Group, ...] = ()
    machines: tuple[MachineRow, ...] = ()
    meters: tuple[MeterTerms, ...] = ()
    switches: tuple[ModbusSwitch, ...] = ()
    signals: tuple[SignalTerms, ...] = ()
    schedule: tuple[Window, ...] = ()
    method: Method = Method()
    safe_state: SafeState = "stopped"
    meter_silent: Silence = "hold"
    telemetry_days: float = 3.0

    def __post_init__(self) -> None:
        lists = ("groups", "meters", "switches", "signals")
        refuse(
            above_zero(self, "limit_mw", "telemetry_days"),
            at_least_zero(self, "value_per_mwh", "hashprice", "restart_cost"),
            self._wrong(),
            *(different(name, (one.id for one in getattr(self, name))) for name in lists),
            self._wrong_names(),
        )

    def _wrong(self) -> Iterator[InputError]:
        if not 0 <= self.margin < 0.5:
            yield InputError("margin", self.margin, "must be at least 0 and below 0.5")
        if sum(meter.main for meter in self.meters) > 1:
            yield InputError("meters", len(self.meters), "must have one main meter at most")
        coils: dict[tuple[str, int, int, int], str] = {}
        for switch in self.switches:
            coil = (switch.host, switch.port, switch.unit, switch.coil)
            other = coils.setdefault(coil, switch.id)
            if other != switch.id:
                rule = f"must be the coil of one switch, and is that of {other} as well"
                yield InputError(f"switches.{switch.id}.coil", switch.coil, rule)

    def _wrong_names(self) -> Iterator[InputError]:
        groups = {group.id for group in self.groups}
        for name in dict.fromkeys(row.group for row in self.machines):
            if name not in groups:
                rule = f"must be one of {sorted(groups)}"
                yield InputError("machines.group", name, rule)
        switches = {switch.id for switch in self.switches}
        for group in self.groups:
            if group.fans and group.fans not in switches:
                rule = f"must be one of {sorted(switches)}"
                yield InputError("groups.fans", group.fans, rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """operate.toml.

    Attributes:
        sites: Sites that are run.
        store: Database: "sqlite:///PATH", a path from the network folder, or
            "postgresql+psycopg://...".
        telemetry: Folder of the telemetry history, a path from the network folder.
        key_file: File of the key that passwords are encrypted with, a path from the network
            folder; keep it elsewhere than the store. Made when it is missing, for its owner
            only.
        plan: Run folder of the plan adopted, a path from the network folder; "" for none.
    """

    sites: tuple[SiteTerms, ...]
    store: str = "sqlite:///operate/agent.db"
    telemetry: str = "operate/telemetry"
    key_file: str = "operate.key"
    plan: str = ""

    def __post_init__(self) -> None:
        refuse(filled(self, "store", "telemetry", "key_file"), self._wrong())

    def _wrong(self) -> Iterator[InputError]:
        ids = [site.site for site in self.sites]
        if not ids or len(set(ids)) != len(ids):
            yield InputError("sites", ids, "must be at least one, each once")
