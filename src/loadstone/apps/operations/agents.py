# SPDX-License-Identifier: Apache-2.0
"""An agent and a watchdog of a site, wired to their drivers, meters, signals and store."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

from loadstone.adapters.drivers.miners import DRIVERS, FURTHER
from loadstone.adapters.meters import open_metering
from loadstone.adapters.signals import open_feeds
from loadstone.apps.operations.places import Place
from loadstone.engines.control import decide
from loadstone.engines.control.standing import STEP_MINUTES, standing_orders
from loadstone.engines.control.worth import values_per_mwh
from loadstone.model.errors import InputError, LoadstoneError, OutsideError
from loadstone.model.operations.control import Order
from loadstone.model.operations.machine import Credential, Machine
from loadstone.model.operations.target import PowerLease
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.ports import Clock, LoadDriver, Store, Telemetry
from loadstone.services.operations.agent import SiteAgent
from loadstone.services.operations.doors import AgentDoors, AgentTime, Worth
from loadstone.services.operations.watchdog import WatchDoors

T = TypeVar("T")

_KINDS = DRIVERS | FURTHER


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seat:
    """A site that is to be run.

    Attributes:
        terms: Its part of operate.toml, or what is simulated in its place.
        machines: Its machines, at the addresses where they answer.
    """

    terms: SiteTerms
    machines: tuple[Machine, ...]


def check_families(machines: Sequence[Machine]) -> None:
    """Raise `InputError` where no driver speaks to a machine."""
    for machine in machines:
        if machine.family not in _KINDS:
            rule = f"has no driver here; there are {', '.join(sorted(_KINDS))}"
            raise InputError("machines.family", machine.family, rule)


def keep_machines(store: Store, machines: Sequence[Machine]) -> None:
    """Write machines to the store, each with the identity that was once read of it."""
    if not machines:
        return
    known = {one.id: one.identity for one in store.machines(machines[0].site)}
    store.put_machines(replace(one, identity=known.get(one.id)) for one in machines)


def site_agent(
    place: Place, seat: Seat, store: Store, telemetry: Telemetry, clock: Clock
) -> SiteAgent:
    """Return the agent of a site."""
    terms, time = seat.terms, AgentTime(clock)
    files, network = place.files(terms.site), place.network
    deadline_s = terms.timing.deadline_s
    metering = open_metering(
        terms.meters, terms.switches, deadline_s=deadline_s, now_s=time.now_s, utc_s=time.utc_s
    )
    feeds = open_feeds(
        terms.signals,
        folder=place.folder,
        credentials=store.credentials(terms.site),
        now_s=time.now_s,
        utc_s=time.utc_s,
    )
    values = values_per_mwh(terms, network, seat.machines, clock.now().date())
    doors = AgentDoors(
        time=time,
        store=store,
        telemetry=telemetry,
        driver=_opener(deadline_s, time.now_s),
        machines=seat.machines,
        worth={
            one.id: Worth(value_per_mwh=values[one.id], j_per_th=one.rated_w / one.hashrate_th)
            for one in seat.machines
        },
        meters=metering.meters,
        switches=metering.switches,
        feeds=feeds,
        offload=_in_thread,
        lease=files.write_lease,
        publish=files.write_status,
        standing_orders=_Calendar(place, terms),
        watchdog_record=files.watchdog_record,
    )
    return SiteAgent(terms, doors, decide=decide)


def _opener(
    deadline_s: float, now_s: Callable[[], float]
) -> Callable[[Machine, Credential | None], LoadDriver]:
    def driver(machine: Machine, credential: Credential | None) -> LoadDriver:
        kind = _KINDS[machine.family]
        return kind.make(machine.address, credential, deadline_s=deadline_s, now_s=now_s)

    return driver


def _in_thread(call: Callable[[], T], /) -> Awaitable[T]:
    return asyncio.to_thread(call)


class _Calendar:
    """Limits of the calendar, worked out once in a quarter of an hour."""

    def __init__(self, place: Place, terms: SiteTerms) -> None:
        self._place, self._terms = place, terms
        self._quarter = -1
        self._orders: tuple[Order, ...] = ()

    def __call__(self, utc_s: float) -> tuple[Order, ...]:
        quarter = int(utc_s // (60 * STEP_MINUTES))
        if quarter != self._quarter:
            site = self._place.site(self._terms.site)
            at = datetime.fromtimestamp(utc_s, UTC)
            self._orders = standing_orders(self._terms, self._place.network, site, at)
            self._quarter = quarter
        return self._orders


class Watched:
    """What a watchdog needs of a site, read ahead so that it needs no store when it acts."""

    def __init__(self, place: Place, seat: Seat, now_s: Callable[[], float]) -> None:
        self._place, self._seat, self._now_s = place, seat, now_s
        self._machines: Mapping[str, Machine] = {one.id: one for one in seat.machines}
        self._credentials: Mapping[str, Credential] = {}

    def read_ahead(self) -> None:
        """Read machines and passwords from the store; what was read before stays without it."""
        site = self._seat.terms.site
        try:
            with self._place.store() as store:
                known = {one.id: one for one in store.machines(site)}
                self._credentials = store.credentials(site)
        except LoadstoneError:
            return
        self._machines = {id_: known.get(id_, one) for id_, one in self._machines.items()}

    def doors(self) -> WatchDoors:
        """Return everything outside that the watchdog uses."""
        files = self._place.files(self._seat.terms.site)
        return WatchDoors(
            lease=files.read_lease,
            drivers=self._drivers,
            record=files.add_watchdog,
            now_s=self._now_s,
        )

    def _drivers(self) -> Mapping[str, LoadDriver]:
        open_ = _opener(self._seat.terms.timing.deadline_s, self._now_s)
        usual = self._credentials.get("")
        return {
            id_: open_(machine, self._credentials.get(id_, usual))
            for id_, machine in self._machines.items()
        }


def handed_back(read: Callable[[], PowerLease | None]) -> bool:
    """Return whether the agent has left on purpose."""
    try:
        lease = read()
    except OutsideError:
        return False
    return lease is not None and lease.number == 0
