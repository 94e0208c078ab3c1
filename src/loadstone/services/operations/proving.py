# SPDX-License-Identifier: Apache-2.0
"""The proof of an event, made again from the store and the history of the meter."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from loadstone.engines.measurement.baseline import LOOK_BACK_DAYS
from loadstone.engines.measurement.intervals import trace_of
from loadstone.engines.measurement.proof import AROUND_S, Evidence, proof_of
from loadstone.model.errors import InputError
from loadstone.model.operations.event import MOST_S, Event
from loadstone.model.operations.proof import Moment, Proof
from loadstone.model.operations.target import Entry
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.ports import MeterHistory, Store, TraceRow

PROGRESS = ("confirmed", "drifted", "unavailable", "failed")
ANSWERS = {
    "accepted": "accepted, and no reading showed it in time",
    "refused": "refused",
    "not known": "not known whether it heard",
}
_LIVES = ("received", "accepted", "armed", "active", "restoring")


def prove(
    event_id: str,
    *,
    terms: SiteTerms,
    zone: str,
    store: Store,
    telemetry: MeterHistory,
    simulated: bool,
) -> Proof:
    """Return the measured record of an event. The same record gives the same proof.

    Args:
        event_id: Its id.
        terms: The site's part of operate.toml.
        zone: Time zone of the site.
        store: Where the event and the audit record are.
        telemetry: Where the readings of the meter are.
        simulated: Whether its machines and meter were simulated.

    Raises:
        InputError: No such event at this site, it was never active, or there is no main meter.
        OutsideError: The store or the history cannot be read.
    """
    event = store.event(event_id)
    if event is None or event.site != terms.site:
        raise InputError("event", event_id, f"must be an event of site {terms.site}")
    meter = next((one.id for one in terms.meters if one.main), None)
    if meter is None:
        raise InputError("meters", [], "must have a main meter for a proof")
    until_s = event.starts_s + MOST_S if event.done_s is None else event.done_s
    before_s = event.method.adjust_from_s + event.method.before_s
    # a slow ramp begins long before the start, and what it is measured against before that
    ahead_s = max(AROUND_S, event.starts_s - (event.active_s or event.starts_s))
    look_back_s = ahead_s + before_s
    if event.method.baseline != "meter-before-after":
        look_back_s = (LOOK_BACK_DAYS + 2) * 86_400.0
    rows = telemetry.meter_trace(terms.site, meter, event.starts_s - look_back_s, until_s)
    entries = store.entries(terms.site, since_s=event.received_s, until_s=until_s)
    others = [one for one in store.events(terms.site, open_only=False) if one.id != event_id]
    columns = np.array(rows, dtype=np.float64).reshape(-1, len(TraceRow._fields)).T
    trace = trace_of(*columns, hold_s=terms.timing.meter_stale_s)
    evidence = evidence_of(
        event, entries, _event_days(others, zone), simulated=simulated, rows=rows
    )
    return proof_of(event, trace, evidence, meter=meter, zone=zone)


def evidence_of(
    event: Event,
    entries: Sequence[Entry],
    event_days: frozenset[date],
    *,
    simulated: bool,
    rows: Sequence[TraceRow],
) -> Evidence:
    """Return what the audit record says of an event.

    Args:
        event: The event.
        entries: Lines of the record from its receipt to its end, in the order of writing.
        event_days: Local dates of other events.
        simulated: Whether machines and meter were simulated.
        rows: Readings of the meter, for the fingerprint of the record.
    """
    told: dict[str, float] = {}
    outcome: dict[str, str] = {}
    reason: dict[str, str] = {}
    moments: dict[str, list[float]] = {}
    used: list[Entry] = []
    for entry in entries:
        said = json.loads(entry.data)
        if entry.subject == event.id:
            used.append(entry)
        machines = _machines(event, entry, said, told)
        if not machines:
            continue
        used.append(entry)
        if entry.kind == "command":
            told |= {id_: told.get(id_, entry.at_s) for id_ in machines}
            outcome |= {id_: outcome.get(id_, "told, not confirmed") for id_ in machines}
            moments.setdefault("told", []).append(entry.at_s)
        elif entry.kind == "outcome":
            reason |= dict.fromkeys(machines, said.get("reason") or ANSWERS[said["said"]])
        else:
            outcome |= dict.fromkeys(machines, entry.kind)
            if entry.kind == "confirmed":
                moments.setdefault("confirmed", []).append(entry.at_s)
    return Evidence(
        timeline=_timeline(event, moments),
        first_told_s=min(moments.get("told", ()), default=None),
        outcomes=dict(sorted(Counter(outcome.values()).items())),
        reasons=_reasons(outcome, reason),
        event_days=event_days,
        simulated=simulated,
        record=_fingerprint(event, used, rows),
    )


def _machines(
    event: Event, entry: Entry, said: Mapping[str, object], told: Mapping[str, float]
) -> list[str]:
    """Return the machines of the event that a line speaks of, while it holds them."""
    named = said.get("machines")
    if not isinstance(named, list):
        return []
    if entry.kind == "command":
        stops = said.get("action") in {"stop", "cap"}
        return named if stops and said.get("owner") == event.id else []
    held = event.restoring_s is None or entry.at_s < event.restoring_s
    if entry.kind not in {*PROGRESS, "outcome"} or not held:
        return []
    if entry.kind in PROGRESS and said.get("action") == "resume":
        return []
    return [id_ for id_ in named if id_ in told]


def _reasons(outcome: Mapping[str, str], reason: Mapping[str, str]) -> dict[str, int]:
    """Return why machines were not confirmed, in the machines' own words where they had any."""
    found = Counter(
        reason.get(id_) or "no reading showed it"
        for id_, how in outcome.items()
        if how != "confirmed"
    )
    return dict(sorted(found.items()))


def _timeline(event: Event, moments: Mapping[str, list[float]]) -> tuple[Moment, ...]:
    lives = [(getattr(event, f"{name}_s"), name) for name in _LIVES]
    lives += [(event.starts_s, "starts"), (event.ends_s, "ends"), (event.done_s, event.state)]
    for kind, first, last in (
        ("told", "first machine told", "last machine told"),
        ("confirmed", "first stop confirmed", "last stop confirmed"),
    ):
        at_s = moments.get(kind, ())
        lives += [(min(at_s, default=None), first), (max(at_s, default=None), last)]
    known = [Moment(at_s=at_s, what=str(what)) for at_s, what in lives if at_s is not None]
    return tuple(sorted(known, key=lambda moment: moment.at_s))


def _event_days(events: Iterable[Event], zone: str) -> frozenset[date]:
    """Return the local dates on which events had the site reduce its load."""
    days: set[date] = set()
    for event in events:
        if event.active_s is None:
            continue
        ends_s = event.done_s or event.restoring_s or event.ends_s or event.starts_s
        day = datetime.fromtimestamp(event.active_s, ZoneInfo(zone)).date()
        last = datetime.fromtimestamp(ends_s, ZoneInfo(zone)).date()
        while day <= last:
            days.add(day)
            day += timedelta(days=1)
    return frozenset(days)


def _fingerprint(event: Event, entries: Iterable[Entry], rows: Iterable[TraceRow]) -> str:
    """Return the SHA-256 of all that a proof is made from."""
    hashed = hashlib.sha256()
    for part in (asdict(event), *(asdict(entry) for entry in entries), *map(list, rows)):
        hashed.update(json.dumps(part, sort_keys=True, default=str).encode())
        hashed.update(b"\n")
    return hashed.hexdigest()
