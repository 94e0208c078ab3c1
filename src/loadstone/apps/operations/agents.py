# SPDX-License-Identifier: Apache-2.0
"""An agent of a site, wired to its drivers, meters, signals and store."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from loadstone.adapters.meters import open_metering
from loadstone.adapters.signals import open_feeds
from loadstone.apps.operations.places import Place
from loadstone.apps.operations.seats import Seat, opener
from loadstone.engines.control import decide
from loadstone.engines.control.standing import STEP_MINUTES, standing_orders
from loadstone.engines.control.worth import values_per_mwh
from loadstone.model.operations.control import Order
from loadstone.model.operations.machine import Machine
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.ports import Clock, Store, Telemetry
from loadstone.services.operations.agent import SiteAgent
from loadstone.services.operations.doors import AgentDoors, AgentTime, Worth

T = TypeVar("T")


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
        driver=opener(deadline_s, time.now_s),
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
