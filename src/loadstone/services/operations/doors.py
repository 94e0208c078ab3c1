# SPDX-License-Identifier: Apache-2.0
"""What an agent is given: its time, its machines' drivers, its store, its meters."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from loadstone.model.operations.control import Order
from loadstone.model.operations.machine import Credential, Machine
from loadstone.model.operations.status import Status
from loadstone.model.operations.target import Entry, PowerLease
from loadstone.model.ports import Clock, LoadDriver, Meter, SignalFeed, Store, Switch, Telemetry

T = TypeVar("T")
HANDED_BACK = 0  # number of a lease whose agent has left on purpose

OpenDriver = Callable[[Machine, Credential | None], LoadDriver]


class AgentTime:
    """Seconds of an agent: UTC at its start plus what has passed since. They never go back.

    Drivers, meters, switches and feeds of an agent are made with the `now_s` of the same
    `AgentTime` that the agent is given.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_s = clock.now().timestamp() - clock.wall_s()
        self.started_s = self.now_s()

    def now_s(self) -> float:
        """Return the agent's seconds."""
        return self._ahead_s + self._clock.wall_s()

    def utc_s(self) -> float:
        """Return seconds since 1970, UTC, as the computer's clock tells them now."""
        return self._clock.now().timestamp()

    def utc_of(self, agent_s: float) -> float:
        """Return a moment of this life, given in the agent's seconds, as seconds since 1970."""
        return agent_s + (self.utc_s() - self.now_s())

    def cpu_s(self) -> float:
        """Return seconds of processor that the program has used."""
        return self._clock.cpu_s()


class Offload(Protocol):
    """Runs a call that may block, such as one to the store, beside the loop."""

    def __call__(self, call: Callable[[], T], /) -> Awaitable[T]:
        """Run it in a thread; simulations run it at once."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a machine is worth to the site.

    Attributes:
        value_per_mwh: What a MWh earns in it before power is paid, currency/MWh.
        j_per_th: Efficiency at full load, J/TH.
        idle_w: Draw when stopped, W, until it has been seen.
    """

    value_per_mwh: float
    j_per_th: float
    idle_w: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDoors:
    """Everything outside that an agent uses.

    Attributes:
        time: Its time.
        store: What was decided and seen, durable.
        telemetry: The history of readings.
        driver: Makes the driver of a machine; it is called again when an address changes.
        machines: Machines of the site in the order of operate.toml. What the store knows of
            the same ids (their identity) is added by the agent.
        worth: What each machine is worth, by id.
        meters: Meters by the ids of operate.toml.
        switches: Switches by their ids.
        feeds: Signals by their ids.
        offload: Runs what blocks.
        lease: Writes the lease file that the watchdog reads. A lease of number 0 hands it
            back: the agent left on purpose, and there is nothing to watch. May raise
            `OutsideError`.
        publish: Takes the snapshot of each second. May raise `OutsideError`.
        standing_orders: Limits that follow from the calendar alone, at a time in seconds
            since 1970, UTC: the schedule of operate.toml and prohibition windows.
        watchdog_record: Returns what the watchdog did while the agent was away; with True it
            forgets what it returned last. The same line may come twice. May raise
            `OutsideError`.
    """

    time: AgentTime
    store: Store
    telemetry: Telemetry
    driver: OpenDriver
    machines: tuple[Machine, ...]
    worth: Mapping[str, Worth] = field(default_factory=dict)
    meters: Mapping[str, Meter] = field(default_factory=dict)
    switches: Mapping[str, Switch] = field(default_factory=dict)
    feeds: Mapping[str, SignalFeed] = field(default_factory=dict)
    offload: Offload
    lease: Callable[[PowerLease], None]
    publish: Callable[[Status], None]
    standing_orders: Callable[[float], tuple[Order, ...]] = lambda utc_s: ()
    watchdog_record: Callable[[bool], Sequence[Entry]] = lambda clear: ()
