# SPDX-License-Identifier: Apache-2.0
"""Running sites: agents in one process, a watchdog for each beside it."""

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from typing import Any

from loadstone.adapters.store.telemetry import open_telemetry
from loadstone.apps.operations.agents import keep_machines, site_agent
from loadstone.apps.operations.children import Child, end
from loadstone.apps.operations.pace import run_paced
from loadstone.apps.operations.places import FLEET, WATCHDOG, Place
from loadstone.apps.operations.seats import Seat, check_families, seat_of
from loadstone.apps.operations.served import forget_served
from loadstone.apps.operations.simulated import write_prices
from loadstone.model.errors import InputError, LoadstoneError, OutsideError
from loadstone.model.operations.terms import SiteTerms

LOG, MOST_LOG = "agent.log", 1_000_000
SERVED_S, LOOK_S = 60.0, 0.2
Watch = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How sites are run this time.

    Attributes:
        sites: Sites that are run.
        speed: How many seconds of a simulated site pass in one.
        lasts_s: After how many seconds it ends by itself; None when it is stopped.
    """

    sites: tuple[SiteTerms, ...]
    speed: float = 1.0
    lasts_s: float | None = None


def run_sites(place: Place, course: Course, watch: Watch) -> None:
    """Run sites until stopped by a signal, or for a time.

    Args:
        place: The network folder.
        course: Which sites, and how long.
        watch: Shows what happens, until the event it is given is set.

    Raises:
        InputError: A site is run by another agent already.
        OutsideError: The store, a simulated fleet or a watchdog cannot be had.
        LoadstoneError: An agent failed; its watchdog takes over.
    """
    locks = [place.lock(terms.site) for terms in course.sites]
    try:
        for terms, lock in zip(course.sites, locks, strict=True):
            if not lock.take():
                raise InputError("--site", terms.site, "is run by another agent already")
        _log_to_file(place, course)
        for terms in course.sites if place.simulated else ():
            asyncio.run(_fleet_up(place, terms, course.speed))
        run_paced(lambda: _run(place, course, watch), course.speed)
    finally:
        for lock in locks:
            lock.let_go()


def _log_to_file(place: Place, course: Course) -> None:
    """Keep what libraries complain of off the screen; what matters is in the record."""
    folder = place.agent_folder(course.sites[0].site)
    handler = RotatingFileHandler(folder / LOG, maxBytes=MOST_LOG, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.getLogger().addHandler(handler)


async def _fleet_up(place: Place, terms: SiteTerms, speed: float) -> None:
    """Have a fleet served for a simulated site, and its price written."""
    site = terms.site
    child = Child(place, site, FLEET, "--speed", str(speed))
    served = place.served(site)
    if served is not None and child.alive() and served.speed != speed:
        end(served.pid)
        await _gone(child)
    if not child.alive():
        forget_served(place.agent_folder(site))  # one that was killed left its word behind
    await child.up()
    await _until(lambda: place.served(site) is not None)
    write_prices(place, terms, place.clock(site).now(), speed)


async def _gone(child: Child) -> None:
    await _until(lambda: not child.alive())


async def _until(true: Callable[[], bool]) -> None:
    for _ in range(int(SERVED_S / LOOK_S)):
        if true():
            return
        await asyncio.sleep(LOOK_S)
    raise OutsideError("the simulated fleet does not come up; see its fleet.log")


async def _run(place: Place, course: Course, watch: Watch) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has none
            loop.add_signal_handler(number, stop.set)
    seats = [seat_of(place, terms) for terms in course.sites]
    for seat in seats:
        check_families(seat.machines)
    days = {seat.terms.site: seat.terms.telemetry_days for seat in seats}
    telemetry = open_telemetry(place.folder / place.operation.telemetry, days)
    async with AsyncExitStack() as stack:
        store = stack.enter_context(place.store())
        stack.callback(telemetry.close)  # a history that is not closed counts as cut off
        for seat in seats:
            keep_machines(store, seat.machines)
        agents = [
            site_agent(place, seat, store, telemetry, place.clock(seat.terms.site))
            for seat in seats
        ]
        collect_seldom()
        stack.callback(gc.unfreeze)  # else libraries speak of leaks at the end
        running = [asyncio.create_task(agent.run(stop)) for agent in agents]
        beside = [asyncio.create_task(watch(stop)), *await _watchdogs(place, seats)]
        if course.lasts_s is not None:
            beside.append(asyncio.create_task(_end_after(course, stop)))
        try:
            failures = await _all(running)
        finally:
            stop.set()
            await asyncio.gather(*running, return_exceptions=True)
            await _end(beside)
    await _end_fleets(place, course)
    if failures:
        raise failures[0]


def collect_seldom() -> None:
    """Look for garbage that is tied up in circles seldom, and not among what is there now.

    Reading machines makes next to none, and looking after every 700 objects, as Python does,
    took a fifth of the processor time of an agent of 10,000 machines.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _all(running: Sequence[asyncio.Task[None]]) -> list[LoadstoneError]:
    """Wait for all agents; one that fails does not stop the others."""
    found = await asyncio.gather(*running, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, LoadstoneError):
            raise one
    return [one for one in found if isinstance(one, LoadstoneError)]


async def _watchdogs(place: Place, seats: Sequence[Seat]) -> list[asyncio.Task[None]]:
    """Have each site watched, and each watchdog started again when it dies.

    One that an agent before left behind knows the site as it was then: it gives way.
    """
    children = [Child(place, seat.terms.site, WATCHDOG) for seat in seats]
    for child in children:
        child.start()
    return [asyncio.create_task(child.keep_up()) for child in children]


async def _end_after(course: Course, stop: asyncio.Event) -> None:
    await asyncio.sleep((course.lasts_s or 0.0) * course.speed)
    stop.set()


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _end_fleets(place: Place, course: Course) -> None:
    """End the simulated fleets: the agents have left on purpose.

    That is waited for, so that the next agent does not take one that ends for one that serves.
    """
    for terms in course.sites:
        child, served = Child(place, terms.site, FLEET), place.served(terms.site)
        if served is not None and child.alive():  # else its process is somebody else's by now
            end(served.pid)
            with suppress(OutsideError):
                await _gone(child)
