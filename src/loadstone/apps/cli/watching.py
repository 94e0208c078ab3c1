# SPDX-License-Identifier: Apache-2.0
"""`loadstone status`, `machines` and `events`: what is known now, and how old it is."""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from loadstone.apps.cli.session import Json, NetworkDir, clean_errors, print_json
from loadstone.apps.cli.site_options import Simulated, SomeSite, Watch, opened
from loadstone.apps.operations.look import KeptNeeds, Look, last_word, look
from loadstone.apps.operations.places import Place
from loadstone.apps.operations.site_screen import screens
from loadstone.apps.operations.tables import (
    MachineRow,
    event_list,
    event_row,
    look_table,
    machine_rows,
    machine_table,
)
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.ports import Store

EACH_S = 1.0
MOST_ROWS = 40
WIDE = 100

Shown = tuple[dict[str, Any], RenderableType]
Of = Annotated[
    Literal["running", "stopped", "unknown"] | None,
    typer.Option("--state", help="Only machines of one state: running, stopped or unknown."),
]
All = Annotated[bool, typer.Option("--all", help="Everything, not only what is first.")]


def status(
    folder: NetworkDir,
    *,
    site: SomeSite = None,
    watch: Watch = False,
    simulated: Simulated = False,
    as_json: Json = False,
) -> None:
    """Show how sites stand: meter against limit, what is owed, unknown and lost by the hour."""
    with clean_errors(as_json), opened(folder, simulated) as (place, store):
        sites = place.chosen(site)
        needs = KeptNeeds(place)

        def at_once(one: SiteTerms) -> Look:
            now = place.clock(one.site).now()
            return look(place, one, store, now, needs.of(one, store, now))

        def shown() -> Shown:
            found = [at_once(one) for one in sites]
            return {"sites": [look_table(one) for one in found]}, screens(found)

        _show(shown, watch=watch, as_json=as_json)


def machines(
    folder: NetworkDir,
    *,
    site: SomeSite = None,
    state: Of = None,
    every: All = False,
    watch: Watch = False,
    simulated: Simulated = False,
    as_json: Json = False,
) -> None:
    """Show machines, unknown ones first: state, why, since when, and what is wanted of them."""
    with clean_errors(as_json), opened(folder, simulated) as (place, store):
        sites = place.chosen(site)

        def shown() -> Shown:
            now_s = place.clock(sites[0].site).now().timestamp()
            rows = [row for one in sites for row in _rows(place, store, one)]
            meant = [row for row in rows if state in (None, row.state)]
            first = meant if every else meant[:MOST_ROWS]
            lines: list[RenderableType] = [machine_table(first, now_s)]
            if len(meant) > len(first):
                lines.append(Text(f"and {len(meant) - len(first):,} more: --all", style="dim"))
            counts = {s: sum(r.state == s for r in rows) for s in {r.state for r in rows}}
            total = ", ".join(f"{n:,} {word}" for word, n in sorted(counts.items()))
            lines.append(Text(f"{len(rows):,} machines: {total}", style="bold"))
            return {"machines": [asdict(row) for row in meant]}, Group(*lines)

        _show(shown, watch=watch, as_json=as_json)


def events(
    folder: NetworkDir,
    *,
    site: SomeSite = None,
    every: All = False,
    watch: Watch = False,
    simulated: Simulated = False,
    as_json: Json = False,
) -> None:
    """Show events in the order of their receipt; --all shows those that ended as well."""
    with clean_errors(as_json), opened(folder, simulated) as (place, store):
        sites = place.chosen(site)

        def shown() -> Shown:
            found = [
                event for one in sites for event in store.events(one.site, open_only=not every)
            ]
            table = {"events": [event_row(event) for event in found]}
            if not found:
                return table, Text("no events" if every else "no open events; --all for ended")
            return table, event_list(found, place.clock(sites[0].site).now().timestamp())

        _show(shown, watch=watch, as_json=as_json)


def _rows(place: Place, store: Store, terms: SiteTerms) -> Iterator[MachineRow]:
    site = terms.site
    alive = last_word(place, terms, place.clock(site).now().timestamp()).alive
    known = {machine.id: machine for machine in store.machines(site)}
    machines = place.machines(terms)
    observed, targets = store.observed(site), store.targets(site)
    yield from machine_rows(machines, known, observed, targets, alive=alive)


def _show(shown: Callable[[], Shown], *, watch: bool, as_json: bool) -> None:
    """Show something once, or again and again until it is stopped by the keyboard."""
    if not watch:
        _print(shown(), as_json)
        return
    try:
        if as_json or not sys.stdout.isatty():
            while True:
                _print(shown(), as_json)
                time.sleep(EACH_S)
        with Live(console=Console(highlight=False), screen=True, auto_refresh=False) as live:
            while True:
                live.update(shown()[1], refresh=True)
                time.sleep(EACH_S)
    except KeyboardInterrupt:
        return


def _print(shown: Shown, as_json: bool) -> None:
    if as_json:
        print_json(shown[0])
        return
    width = None if sys.stdout.isatty() else WIDE
    Console(width=width, highlight=False).print(shown[1])
