# SPDX-License-Identifier: Apache-2.0
"""What is shown while sites are run: a screen that lives, or lines."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

from rich.console import Console
from rich.live import Live
from rich.text import Text

from loadstone.apps.operations.look import KeptNeeds, Look, look, price_signal
from loadstone.apps.operations.places import Place
from loadstone.apps.operations.site_screen import screens
from loadstone.apps.operations.words import clock, money
from loadstone.model.errors import LoadstoneError
from loadstone.model.operations.target import Entry
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.ports import Store

EACH_S, LINE_S = 1.0, 10.0
MOST_LINES = 6
WIDTH = 100
Say = Callable[[str], None]


class Onlooker:
    """Looks at sites once a second, from their store and the files of their agents."""

    def __init__(self, place: Place, sites: tuple[SiteTerms, ...], speed: float) -> None:
        self._place, self._sites, self._speed = place, sites, speed
        self._needs = KeptNeeds(place)
        self._heard = {terms.site: place.clock(terms.site).now().timestamp() for terms in sites}

    async def on_screen(self, stop: asyncio.Event) -> None:
        """Show the sites on the whole terminal until `stop` is set."""
        console = Console(highlight=False)
        with (
            self._place.store() as store,
            Live(console=console, screen=True, auto_refresh=False) as live,
        ):
            while not stop.is_set():
                with suppress(LoadstoneError):
                    looks = await asyncio.to_thread(self._looks, store)
                    live.update(screens(looks), refresh=True)
                await asyncio.sleep(EACH_S * self._speed)

    async def in_lines(self, stop: asyncio.Event, say: Say) -> None:
        """Say a line of each site now and then, and what is recorded meanwhile."""
        with self._place.store() as store:
            told_s = float("-inf")
            loop = asyncio.get_running_loop()
            while not stop.is_set():
                with suppress(LoadstoneError):
                    looks = await asyncio.to_thread(self._looks, store)
                    for one in looks:
                        for line in await asyncio.to_thread(self._recorded, store, one):
                            say(line)
                    if loop.time() >= told_s + LINE_S * self._speed:
                        told_s = loop.time()
                        for one in looks:
                            say(status_line(one))
                await asyncio.sleep(EACH_S * self._speed)

    def looks(self) -> list[Look]:
        """Return the sites as they are known now."""
        with self._place.store() as store:
            return self._looks(store)

    def _looks(self, store: Store) -> list[Look]:
        found = []
        for terms in self._sites:
            now = self._place.clock(terms.site).now()
            needs = self._needs.of(terms, store, now)
            found.append(look(self._place, terms, store, now, needs))
        return found

    def _recorded(self, store: Store, one: Look) -> Iterator[str]:
        entries = store.entries(one.site, since_s=self._heard[one.site])
        if entries:
            self._heard[one.site] = entries[-1].at_s + 1e-6
        return iter([_line(entry, one) for entry in entries[-MOST_LINES:]])


def status_line(one: Look) -> str:
    """Return one line on how a site stands."""
    status = one.status
    words = [clock(one.now_s, one.now_s), one.site]
    if one.simulated:
        words.append("SIMULATED")
    if status is None or not one.alive:
        return " ".join([*words, "no agent is heard yet"])
    power = "unknown" if one.power_mw is None else f"{one.power_mw:.2f}"
    words.append(f"meter {power} of {one.limit_mw:.2f} MW;")
    words.append(", ".join(f"{n} {state}" for state, n in status.by_state))
    price = price_signal(status)
    if price is not None and price.value is not None:
        words.append(f"; price {money(price.value, one.currency, 'MWh')}")
    for owner, count in status.by_owner[:2]:
        words.append(f"; {count:,} held by {owner}")
    if status.alarms:
        words.append(f"; ALARM {status.alarms[0].text}")
    return " ".join(words).replace(" ;", ";")


def _line(entry: Entry, one: Look) -> str:
    return f"{clock(entry.at_s, one.now_s)} {one.site} {entry.kind}: {entry.text}"


def is_terminal() -> bool:
    """Return whether somebody may be watching."""
    return sys.stdout.isatty()


def say(line: str) -> None:
    """Print a line at once, whoever reads it."""
    Console(width=None if is_terminal() else 10_000, highlight=False).print(Text(line))
    sys.stdout.flush()
