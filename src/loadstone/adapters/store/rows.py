# SPDX-License-Identifier: Apache-2.0
"""Values of the model as rows of the tables, and back."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from math import inf, nextafter
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, Table
from sqlalchemy.dialects import postgresql, sqlite

from loadstone.adapters.tables import iso
from loadstone.model.operations.command import Action
from loadstone.model.operations.event import Event, EventKind, EventState, Method
from loadstone.model.operations.machine import Address, Identity, Machine
from loadstone.model.operations.reading import Reason
from loadstone.model.operations.target import Entry, Observed, Progress, Target

Values = dict[str, Any]
INSERTS: dict[str, Callable[[Table], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""Inserts that know what to do with a row that is there already."""

TARGET_FIELDS = tuple(field.name for field in fields(Target))
OBSERVED_FIELDS = tuple(field.name for field in fields(Observed))
_of_target = attrgetter(*TARGET_FIELDS)
_of_observed = attrgetter(*OBSERVED_FIELDS)
_ACTIONS = {member.value: member for member in Action}
_PROGRESS = {member.value: member for member in Progress}
_REASONS = {member.value: member for member in Reason}


def upsert(connection: Connection, table: Table, rows: list[Values]) -> None:
    """Write rows, each in place of the one with the same primary key.

    Args:
        connection: A transaction that writes.
        table: The table.
        rows: Values of every column.
    """
    if not rows:
        return
    insert = INSERTS[connection.dialect.name](table)
    keys = [column.name for column in table.primary_key]
    others = {
        name: insert.excluded[name]
        for name in (column.name for column in table.c)
        if name not in keys
    }
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=others), rows)


def plain(text: str) -> str:
    """Return text that every database takes: a machine may have said anything."""
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def machine_row(machine: Machine) -> Values:
    """Return a machine as a row."""
    who = machine.identity
    return {
        "site": machine.site,
        "id": machine.id,
        "grouped": machine.group,
        "family": machine.family,
        "host": machine.address.host,
        "port": machine.address.port,
        "web_port": machine.address.web_port,
        "rated_w": machine.rated_w,
        "hashrate_th": machine.hashrate_th,
        "identity_family": who and who.family,
        "mac": who and plain(who.mac),
        "serial": who and plain(who.serial),
        "model": who and plain(who.model),
        "firmware": who and plain(who.firmware),
    }


def machine_of(row: Row[Any]) -> Machine:
    """Return the machine of a row."""
    who = None
    if row.identity_family is not None:
        who = Identity(
            family=row.identity_family,
            mac=row.mac,
            serial=row.serial,
            model=row.model,
            firmware=row.firmware,
        )
    return Machine(
        id=row.id,
        site=row.site,
        group=row.grouped,
        family=row.family,
        address=Address(host=row.host, port=row.port, web_port=row.web_port),
        identity=who,
        rated_w=row.rated_w,
        hashrate_th=row.hashrate_th,
    )


def target_rows(site: str, targets: Iterable[Target]) -> list[Values]:
    """Return targets as rows; words of a list are text already."""
    names = ("site", *TARGET_FIELDS)
    return [dict(zip(names, (site, *_of_target(one)), strict=True)) for one in targets]


def targets_of(rows: Iterable[Sequence[Any]]) -> dict[str, Target]:
    """Return the targets of rows with the columns `TARGET_FIELDS`, by machine."""
    return {
        row[0]: Target(
            machine=row[0],
            action=_ACTIONS[row[1]],
            limit_w=row[2],
            owner=row[3],
            progress=_PROGRESS[row[4]],
            since_s=row[5],
            dispatched_s=row[6],
            confirmed_s=row[7],
            attempts=row[8],
            not_before_s=row[9],
            reason=_REASONS[row[10]],
            baseline_w=row[11],
        )
        for row in rows
    }


def observed_rows(site: str, observed: Iterable[Observed]) -> list[Values]:
    """Return what was seen as rows."""
    names = ("site", *OBSERVED_FIELDS)
    return [dict(zip(names, (site, *_of_observed(one)), strict=True)) for one in observed]


def observed_of(rows: Iterable[Sequence[Any]]) -> dict[str, Observed]:
    """Return what was seen from rows with the columns `OBSERVED_FIELDS`, by machine."""
    return {row[0]: Observed(**dict(zip(OBSERVED_FIELDS, row, strict=True))) for row in rows}


def event_row(event: Event) -> Values:
    """Return an event as a row, without its number and without a release."""
    row = {field.name: getattr(event, field.name) for field in fields(Event)}
    return row | {
        "method": json.dumps(asdict(event.method), default=iso),
        "reason": plain(event.reason),
        "reference": plain(event.reference),
    }


def event_of(row: Mapping[str, Any]) -> Event:
    """Return the event of a row. One that was released ends then, if not before."""
    values = dict(row)
    values.pop("number")
    values["ends_s"] = _end(row["starts_s"], row["ends_s"], values.pop("release_s"))
    values["kind"], values["state"] = EventKind(row["kind"]), EventState(row["state"])
    values["method"] = _method_of(json.loads(row["method"]))
    return Event(**values)


def _method_of(said: Values) -> Method:
    days = said.pop("holidays", ())  # a method that was fixed before holidays were known
    return Method(**said, holidays=tuple(date.fromisoformat(day) for day in days))


def _end(starts_s: float, ends_s: float | None, release_s: float | None) -> float | None:
    if release_s is None:
        return ends_s
    # released while it was being prepared: the least length that an event can have
    released = max(release_s, nextafter(starts_s, inf))
    return released if ends_s is None else min(ends_s, released)


def entry_rows(entries: Iterable[Entry]) -> list[Values]:
    """Return lines of the record as rows."""
    return [
        {
            "at_s": entry.at_s,
            "site": entry.site,
            "kind": entry.kind,
            "subject": plain(entry.subject),
            "text": plain(entry.text),
            "data": plain(entry.data),
        }
        for entry in entries
    ]


def entry_of(row: Row[Any]) -> Entry:
    """Return the line of a row."""
    return Entry(
        at_s=row.at_s,
        site=row.site,
        kind=row.kind,
        subject=row.subject,
        text=row.text,
        data=row.data,
    )
