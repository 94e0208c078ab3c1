# SPDX-License-Identifier: Apache-2.0
"""`loadstone curtail` and `loadstone release`: raise and end events by hand."""

import secrets
from datetime import datetime
from typing import Annotated

import typer

from loadstone.apps.cli.session import Json, NetworkDir, clean_errors, show
from loadstone.apps.cli.site_options import OneSite, Simulated, opened
from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.asking import Asked, event_of
from loadstone.apps.operations.look import last_word
from loadstone.apps.operations.places import Place
from loadstone.apps.operations.tables import event_row, event_sentence
from loadstone.model.errors import InputError
from loadstone.model.operations.event import Event, EventState
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.ports import Store

ToMw = Annotated[
    float | None, typer.Option("--to-mw", metavar="P", help="Hold the meter to P MW.")
]
ByMw = Annotated[
    float | None, typer.Option("--by-mw", metavar="P", help="Draw P MW less than before.")
]
Stop = Annotated[bool, typer.Option("--stop", help="Stop every machine.")]
At = Annotated[
    str,
    typer.Option(
        "--at",
        metavar="T",
        help="When the reduction must be there: 2027-01-15T18:00Z, or +15min; else now.",
    ),
]
For = Annotated[
    str,
    typer.Option(
        "--for", metavar="D", help="How long: 90s, 15min, 2h, 1d; else until released."
    ),
]
Notice = Annotated[
    str, typer.Option("--notice", metavar="N", help="Warning given to the site, e.g. 10min.")
]
EventId = Annotated[str, typer.Option("--event", metavar="ID", help="Name of the event.")]
Abort = Annotated[
    bool,
    typer.Option("--abort", help="Let go without restoring: machines stay as they are."),
]
Reason = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why, for the record.")]


def curtail(
    folder: NetworkDir,
    *,
    site: OneSite,
    to_mw: ToMw = None,
    by_mw: ByMw = None,
    stop: Stop = False,
    at: At = "",
    lasts: For = "",
    notice: Notice = "",
    simulated: Simulated = False,
    as_json: Json = False,
) -> None:
    """Reduce the load of a site by hand: an event that its agent carries out."""
    with clean_errors(as_json), opened(folder, simulated) as (place, store):
        terms = place.chosen(site)[0]
        now = place.clock(site).now()
        asked = Asked(to_mw=to_mw, by_mw=by_mw, stop=stop, at=at, lasts=lasts, notice=notice)
        event = store.add_event(event_of(asked, terms, now, _new_id(store, now)))
        _show(as_json, place, event, heard=_heard(place, terms, now))


def release(
    folder: NetworkDir,
    *,
    event: EventId,
    abort: Abort = False,
    reason: Reason = "",
    simulated: Simulated = False,
    as_json: Json = False,
) -> None:
    """End an event: machines come back at the ramp; with --abort they stay as they are."""
    with clean_errors(as_json), opened(folder, simulated) as (place, store):
        if abort and not reason:
            raise InputError("--reason", reason, "must say why an event is aborted")
        known = store.event(event)
        now = (place.clock(known.site) if known else SystemClock()).now()
        found = store.release(event, now.timestamp(), abort=abort, reason=reason)
        terms = next((one for one in place.operation.sites if one.site == found.site), None)
        heard = _heard(place, terms, now) if terms else None
        _show(as_json, place, found, heard=heard)


def _new_id(store: Store, now: datetime) -> str:
    """Return a name that no event has: it is short, and many may be asked for in a minute."""
    while True:
        id_ = f"{now:%m%d-%H%M}-{secrets.token_hex(2)}"
        if store.event(id_) is None:
            return id_


def _heard(place: Place, terms: SiteTerms, now: datetime) -> float | None:
    """Return how long ago the agent was heard of, s; None where none runs.

    A word of the agent that cannot be read is none: what was asked is in the store already.
    """
    word = last_word(place, terms, now.timestamp())
    if word.status is None or not word.alive:
        return None
    return max(0.0, now.timestamp() - word.status.at_s)


def _show(as_json: bool, place: Place, event: Event, *, heard: float | None) -> None:
    if heard is not None:
        agent = f"Its agent runs and was heard {heard:.0f} s ago: it takes this up now."
    elif event.state is EventState.ABORTED:
        agent = "No agent runs at the site."
    else:
        agent = "NO AGENT RUNS at the site: this waits until one does."
    lines = [event_sentence(event), agent]
    if event.open:
        which = " --simulated" if place.simulated else ""
        lines.append(f"End it with: loadstone release DIR --event {event.id}{which}")
    table = {"event": event_row(event), "agent": {"runs": heard is not None, "age_s": heard}}
    show(as_json, table, lines)
