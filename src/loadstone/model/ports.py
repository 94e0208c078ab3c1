# SPDX-License-Identifier: Apache-2.0
"""The doors to the outside world. Adapters fit these shapes; services use them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from loadstone.model.network import Network
from loadstone.model.operations.command import Capability, Outcome
from loadstone.model.operations.event import Event
from loadstone.model.operations.history import Energy, Loss, MachinePoint, Peak
from loadstone.model.operations.machine import Credential, Identity, Machine
from loadstone.model.operations.meter import MeterReading, SwitchReading
from loadstone.model.operations.reading import Detail, Pool, Reading
from loadstone.model.operations.signal import SignalValue
from loadstone.model.operations.target import Entry, Observed, PowerLease, Target
from loadstone.model.series import Floats, Series


class Clock(Protocol):
    """The time, and what was spent of it."""

    def now(self) -> datetime:
        """Return the time, UTC."""
        ...

    def wall_s(self) -> float:
        """Return seconds since some moment; they never go back."""
        ...

    def cpu_s(self) -> float:
        """Return seconds of processor that this program has used."""
        ...


class SeriesShelf(Protocol):
    """The hourly series of a network folder."""

    def by_zone(self, kind: str, variable: str) -> Mapping[str, Series]:
        """Return one year of each zone.

        Args:
            kind: "prices", "weather", "carbon", "solar" or "wind".
            variable: E.g. "price", "drybulb_c", "wetbulb_c", "capacity_factor".
        """
        ...

    def price_years(self, count: int) -> Mapping[str, Floats]:
        """Return monthly prices of weather years over those of the planned one, by zone.

        Args:
            count: How many weather years are wanted, W at most.

        Returns:
            Of each zone, shape (W, 12).
        """
        ...


class NetworkReader(Protocol):
    """Where networks come from."""

    def __call__(self, folder: Path) -> Network:
        """Return the network of a folder, or raise `InputErrors` with all that is wrong."""
        ...


class LoadDriver(Protocol):
    """One machine that can be steered.

    Drivers speak watts, because machines do; everything above speaks MW. Every call ends
    within the deadline the driver was made with, retries of its own included. What cannot be
    read is a `Reading` that is unknown, with its reason; what cannot be told is an `Outcome`
    that is not accepted, with its reason. Only `identify`, `detail` and `pools` raise
    `DeviceError`, for they have no value for failure. Nothing else is raised.
    Calls of one driver are not made at the same time.
    """

    @property
    def capability(self) -> Capability:
        """What the firmware can do; levels are filled in after `detail`."""
        ...

    async def identify(self) -> Identity:
        """Return who answers at the address."""
        ...

    async def read(self) -> Reading:
        """Return state, draw and hashrate by the cheapest command that tells them."""
        ...

    async def detail(self) -> Detail:
        """Return everything else worth knowing."""
        ...

    async def warm(self) -> None:
        """Log in or fetch a token ahead, so that a stop takes as few round trips as can be."""
        ...

    async def stop(self) -> Outcome:
        """Tell it to stop hashing and draw as little as it can. Twice is the same as once."""
        ...

    async def resume(self) -> Outcome:
        """Tell it to hash again, at the cap it had. Twice is the same as once."""
        ...

    async def cap(self, limit_w: float) -> Outcome:
        """Cap the draw at `limit_w`; the outcome says what is in force, read back."""
        ...

    async def pools(self) -> tuple[Pool, ...]:
        """Return the pools of its configuration."""
        ...

    async def set_pools(self, pools: Sequence[Pool]) -> Outcome:
        """Write pools: only after a verified read, and read back after."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Meter(Protocol):
    """A meter. A silent one gives readings without power and with a reason."""

    async def read(self) -> MeterReading:
        """Return the latest reading, within its deadline."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Switch(Protocol):
    """Something that is turned on and off, and read back."""

    async def read(self) -> SwitchReading:
        """Return whether it is on, within its deadline."""
        ...

    async def turn(self, on: bool) -> SwitchReading:
        """Turn it on or off and return what it then says."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class SignalFeed(Protocol):
    """A signal of the outside world."""

    def values(self) -> AsyncIterator[SignalValue]:
        """Give each value as it is heard; an unchanged one that is heard again counts.

        Raises:
            OutsideError: The source is gone; the caller tries again later.
        """
        ...


class Store(Protocol):
    """What was decided, sent and seen, durable. One schema for every database.

    Each call is one transaction. Times are seconds since 1970, UTC.

    Raises:
        OutsideError: The database is gone, locked or full. Nothing of the call was written.
    """

    def machines(self, site: str) -> tuple[Machine, ...]:
        """Return the machines of a site by id."""
        ...

    def put_machines(self, machines: Iterable[Machine]) -> None:
        """Add machines, or replace those with the same id."""
        ...

    def credentials(self, site: str) -> Mapping[str, Credential]:
        """Return what machines ask for, by id; key "" is the site's default of all others."""
        ...

    def put_credential(self, site: str, machine: str, credential: Credential) -> None:
        """Keep a credential, encrypted; `machine` may be "" for the default, or a signal id."""
        ...

    def targets(self, site: str) -> Mapping[str, Target]:
        """Return what is wanted of each machine that anything is wanted of."""
        ...

    def put_targets(
        self, site: str, targets: Iterable[Target], entries: Iterable[Entry]
    ) -> None:
        """Write what is wanted, and what is to be recorded with it, in one transaction."""
        ...

    def observed(self, site: str) -> Mapping[str, Observed]:
        """Return what was last seen of each machine."""
        ...

    def put_observed(self, site: str, observed: Iterable[Observed]) -> None:
        """Write what was seen; rows are replaced by machine."""
        ...

    def take(
        self, site: str, owner: str, machines: Iterable[str], at_s: float
    ) -> frozenset[str]:
        """Take machines for an owner and return those taken, or already the owner's.

        A machine has one owner who has not let go; the database makes sure of it, whoever
        else writes to it.
        """
        ...

    def let_go(self, site: str, owner: str, machines: Iterable[str], at_s: float) -> None:
        """End the ownership of machines; those of another owner are left."""
        ...

    def owners(self, site: str) -> Mapping[str, str]:
        """Return the owner of each machine that has one, by machine."""
        ...

    def events(self, site: str, *, open_only: bool = True) -> tuple[Event, ...]:
        """Return events in the order of their receipt."""
        ...

    def event(self, id_: str) -> Event | None:
        """Return one event; None for no such."""
        ...

    def add_event(self, event: Event) -> Event:
        """Add an event, or return the one there is with the same source and reference."""
        ...

    def put_events(self, events: Iterable[Event], entries: Iterable[Entry]) -> None:
        """Write events by id with what is to be recorded, in one transaction.

        An event that has ended is never opened again: such a write is refused by the store.
        What `release` set meanwhile stays.

        Raises:
            InputError: An event has ended, or is not there; nothing of the call was written.
        """
        ...

    def release(self, event: str, at_s: float, *, abort: bool, reason: str) -> Event:
        """Ask for the end of an event: sets `ends_s`, or aborts it; returns it as it is now.

        One that has not begun is withdrawn: it is aborted. A line of the record is written
        with it.

        Raises:
            InputError: No such event, or it has ended.
        """
        ...

    def renew(self, lease: PowerLease) -> None:
        """Write a power lease; one row per site and pool."""
        ...

    def leases(self, site: str) -> tuple[PowerLease, ...]:
        """Return the power leases of a site."""
        ...

    def record(self, entries: Iterable[Entry]) -> None:
        """Add lines to the audit record."""
        ...

    def entries(
        self,
        site: str,
        *,
        since_s: float = 0.0,
        until_s: float | None = None,
        subject: str | None = None,
        kinds: Sequence[str] = (),
        last: int | None = None,
    ) -> tuple[Entry, ...]:
        """Return lines of the audit record in the order they were written."""
        ...


class TraceRow(NamedTuple):
    """One row of the history of a meter.

    Attributes:
        at_s: When the reading began; for a mean, the start of its time. Seconds since 1970.
        power_mw: Power, MW; None unknown.
        energy_mwh: Counter, MWh; None unknown; for a mean, the first of its time.
        mean_of_s: Seconds that a mean stands for; 0 for a single reading.
    """

    at_s: float
    power_mw: float | None
    energy_mwh: float | None
    mean_of_s: float = 0.0


class MeterHistory(Protocol):
    """The history of meters, as far as a proof needs it."""

    def meter_trace(
        self, site: str, meter: str, from_s: float, until_s: float
    ) -> Sequence[TraceRow]:
        """Return readings of a meter in time order; where only means are kept, those."""
        ...


class Telemetry(MeterHistory, Protocol):
    """The history of readings, written in batches.

    What was not yet written at a crash is lost, and the loss is recorded at the next start.
    """

    def add_meter(self, site: str, reading: MeterReading, at_s: float) -> None:
        """Keep a reading of a meter; `at_s` is seconds since 1970, UTC."""
        ...

    def add_sweep(
        self,
        site: str,
        at_s: float,
        *,
        machines: Sequence[str],
        seen: Sequence[int],
        power_w: Sequence[float],
        hashrate_th: Sequence[float],
    ) -> None:
        """Keep one sweep: a row for each machine, codes of `Seen`, nan for unknown."""
        ...

    def flush(self) -> None:
        """Write what is waiting.

        Raises:
            OutsideError: The disk is full or gone; what waits is kept, up to a bound, and the
                rest is counted as lost.
        """
        ...

    def energy(self, site: str, meter: str, from_s: float, until_s: float) -> Energy:
        """Return the energy through a meter, and the share of the time that is known."""
        ...

    def peak(
        self, site: str, meter: str, from_s: float, until_s: float, *, interval_s: int = 900
    ) -> Peak | None:
        """Return the interval with the highest mean power; None where none is known.

        Intervals are counted from `from_s`, e.g. the beginning of a month.
        """
        ...

    def machine_trace(
        self, site: str, machine: str, from_s: float, until_s: float
    ) -> Sequence[MachinePoint]:
        """Return readings of a machine in time order; where only means are kept, those."""
        ...

    def losses(self, site: str) -> Sequence[Loss]:
        """Return what a site lost since this was last asked, to be put on record."""
        ...

    def compact(self, now_s: float) -> None:
        """Join small files and keep means of what is old; it may take minutes.

        Raises:
            OutsideError: The disk is full or gone; nothing is lost.
        """
        ...
