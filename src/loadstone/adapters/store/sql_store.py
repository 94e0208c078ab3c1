# SPDX-License-Identifier: Apache-2.0
"""What was decided, sent and seen, in SQLite or PostgreSQL."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from loadstone.adapters.store import rows, schema
from loadstone.adapters.store.database import Database
from loadstone.adapters.store.sealing import SealingKey, key_in_memory, make_key, read_key
from loadstone.model.errors import InputError
from loadstone.model.operations.event import Event, EventState
from loadstone.model.operations.machine import Credential, Machine
from loadstone.model.operations.target import Entry, Observed, PowerLease, Target
from loadstone.model.ports import Store

NOT_BEGUN = frozenset({EventState.RECEIVED, EventState.ACCEPTED, EventState.ARMED})
LEASE_FIELDS = tuple(field.name for field in fields(PowerLease))
CHECK = b"loadstone"
# made once: they are asked several times a second
EVENTS = (
    select(schema.events)
    .where(schema.events.c.site == bindparam("of_site"))
    .order_by(schema.events.c.number)
)
OPEN_EVENTS = EVENTS.where(or_(*(schema.events.c.state == one for one in schema.OPEN_STATES)))


def open_store(
    url: str = "sqlite://", key_file: Path | None = None, folder: Path = Path()
) -> "SqlStore":
    """Return the store at an address, its schema brought to the newest version.

    Args:
        url: "sqlite:///PATH", "postgresql+psycopg://USER@HOST/NAME", or "sqlite://" for one in
            memory.
        key_file: File of the key of the passwords, made where there is none; None keeps a key
            in memory, for a store in memory.
        folder: Folder that relative paths start from.

    Raises:
        InputError: The address or the key file is wrong, the key is not that of the store, or
            the store was written by a newer version of this program.
        OutsideError: The database or the key file cannot be reached.
    """
    database = Database(url, folder)
    try:
        if database.version() != schema.VERSION:
            # Alembic loads here: a store that is up to date is opened without it
            from loadstone.adapters.store.migrate import migrate  # noqa: PLC0415

            migrate(database)
        return SqlStore(database, None if key_file is None else folder / key_file)
    except BaseException:
        database.close()
        raise


class SqlStore:
    """A store; see `model.ports.Store` for what its calls promise.

    Args:
        database: A database of the newest schema.
        key_file: File of the key of the passwords; None for a key in memory.
    """

    def __init__(self, database: Database, key_file: Path | None) -> None:
        self._database = database
        self._key = self._open_key(key_file)

    def __repr__(self) -> str:
        return f"SqlStore({str(self._database)!r})"

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    # machines and their passwords

    def machines(self, site: str) -> tuple[Machine, ...]:
        """Return the machines of a site by id."""
        table = schema.machines
        question = select(table).where(table.c.site == site).order_by(table.c.id)
        with self._database.reading() as connection:
            found = connection.execute(question).all()
        return tuple(rows.machine_of(row) for row in found)

    def put_machines(self, machines: Iterable[Machine]) -> None:
        """Add machines, or replace those with the same site and id."""
        # in one order, so that a scan and an agent cannot lock each other
        ordered = sorted(machines, key=lambda machine: (machine.site, machine.id))
        made = [rows.machine_row(machine) for machine in ordered]
        with self._database.writing() as connection:
            rows.upsert(connection, schema.machines, made)

    def credentials(self, site: str) -> Mapping[str, Credential]:
        """Return what machines ask for, by id.

        Raises:
            InputError: A row does not open with the key: it was moved or changed.
        """
        table = schema.credentials
        question = select(table.c.machine, table.c.sealed).where(table.c.site == site)
        with self._database.reading() as connection:
            found = connection.execute(question).all()
        return {
            machine: self._key.open_credential(sealed, site, machine)
            for machine, sealed in found
        }

    def put_credential(self, site: str, machine: str, credential: Credential) -> None:
        """Keep a credential, encrypted.

        Raises:
            InputError: The passwords got another key since this store was opened.
        """
        sealed = self._key.seal_credential(credential, site, machine)
        row = {"site": site, "machine": machine, "sealed": sealed}
        with self._database.writing() as connection:
            _check_key(connection, self._key)
            rows.upsert(connection, schema.credentials, [row])

    def rekey(self, old: Path, new: Path) -> int:
        """Encrypt all passwords with another key, in one transaction.

        Other programs that have the store open must be started again.

        Args:
            old: File of the key they are encrypted with.
            new: File of the other key, made where there is none.

        Returns:
            How many passwords there are.

        Raises:
            InputError: `old` is not the key of the store, or a file holds no key.
        """
        table = schema.credentials
        before, after = read_key(old), make_key(new)
        with self._database.writing() as connection:
            _check_key(connection, before)
            found = connection.execute(select(table).with_for_update()).all()
            made = []
            for row in found:
                plain = before.open(row.sealed, row.site, row.machine)
                sealed = after.seal(plain, row.site, row.machine)
                made.append({"site": row.site, "machine": row.machine, "sealed": sealed})
            rows.upsert(connection, table, made)
            rows.upsert(connection, schema.key_check, [_check_row(after)])
        self._key = after
        return len(made)

    def _open_key(self, file: Path | None) -> SealingKey:
        with self._database.reading() as connection:
            known = connection.execute(select(schema.key_check)).first() is not None
        if known and file is not None:
            key = read_key(file)
        else:
            key = key_in_memory() if file is None else make_key(file)
        if not known:
            with self._database.writing() as connection:
                statement = rows.INSERTS[connection.dialect.name](schema.key_check)
                connection.execute(statement.on_conflict_do_nothing(), [_check_row(key)])
        with self._database.reading() as connection:
            _check_key(connection, key, alone=False)
        return key

    # what is wanted and what was seen

    def targets(self, site: str) -> Mapping[str, Target]:
        """Return what is wanted of each machine that anything is wanted of."""
        with self._database.reading() as connection:
            return rows.targets_of(
                _of_site(connection, schema.targets, site, rows.TARGET_FIELDS)
            )

    def put_targets(
        self, site: str, targets: Iterable[Target], entries: Iterable[Entry]
    ) -> None:
        """Write what is wanted, and what is to be recorded with it, in one transaction.

        Raises:
            InputError: A machine is not known at the site.
        """
        wanted, said = rows.target_rows(site, targets), rows.entry_rows(entries)
        with self._database.writing() as connection:
            with _of_known_machines(site):
                rows.upsert(connection, schema.targets, wanted)
            _record(connection, said)

    def observed(self, site: str) -> Mapping[str, Observed]:
        """Return what was last seen of each machine."""
        with self._database.reading() as connection:
            return rows.observed_of(
                _of_site(connection, schema.observed, site, rows.OBSERVED_FIELDS)
            )

    def put_observed(self, site: str, observed: Iterable[Observed]) -> None:
        """Write what was seen; rows are replaced by machine.

        Raises:
            InputError: A machine is not known at the site.
        """
        seen = rows.observed_rows(site, observed)
        with self._database.writing() as connection, _of_known_machines(site):
            rows.upsert(connection, schema.observed, seen)

    # who holds a machine

    def take(
        self, site: str, owner: str, machines: Iterable[str], at_s: float
    ) -> frozenset[str]:
        """Take machines for an owner and return those taken, or already the owner's.

        Raises:
            InputError: A machine is not known at the site.
        """
        asked = sorted(set(machines))  # in one order, so that two takers cannot lock each other
        row = {"site": site, "owner": owner, "taken_s": at_s}
        made = [{**row, "machine": machine} for machine in asked]
        table = schema.owners
        question = select(table.c.machine).where(
            table.c.site == site, table.c.owner == owner, table.c.let_go_s.is_(None)
        )
        with self._database.writing() as connection, _of_known_machines(site):
            if made:
                statement = rows.INSERTS[connection.dialect.name](table)
                # the index of one owner a machine decides who was first
                connection.execute(
                    statement.on_conflict_do_nothing(
                        index_elements=[table.c.site, table.c.machine],
                        index_where=table.c.let_go_s.is_(None),
                    ),
                    made,
                )
            held = connection.execute(question).scalars().all()
        return frozenset(held) & frozenset(asked)

    def let_go(self, site: str, owner: str, machines: Iterable[str], at_s: float) -> None:
        """End the ownership of machines; those of another owner are left."""
        table = schema.owners
        statement = (
            update(table)
            .where(
                table.c.site == site,
                table.c.owner == owner,
                table.c.machine == bindparam("of_machine"),
                table.c.let_go_s.is_(None),
            )
            .values(let_go_s=at_s)
        )
        asked = [{"of_machine": machine} for machine in sorted(set(machines))]
        if asked:
            with self._database.writing() as connection:
                connection.execute(statement, asked)

    def owners(self, site: str) -> Mapping[str, str]:
        """Return the owner of each machine that has one, by machine."""
        table = schema.owners
        question = select(table.c.machine, table.c.owner).where(
            table.c.site == site, table.c.let_go_s.is_(None)
        )
        with self._database.reading() as connection:
            return {row.machine: row.owner for row in connection.execute(question)}

    # events

    def events(self, site: str, *, open_only: bool = True) -> tuple[Event, ...]:
        """Return events in the order of their receipt."""
        question = OPEN_EVENTS if open_only else EVENTS
        with self._database.reading() as connection:
            found = connection.execute(question, {"of_site": site}).mappings().all()
        return tuple(rows.event_of(dict(row)) for row in found)

    def event(self, id_: str) -> Event | None:
        """Return one event; None for no such."""
        with self._database.reading() as connection:
            return _event(connection, id_)

    def add_event(self, event: Event) -> Event:
        """Add an event, or return the one there is with the same source and reference.

        Raises:
            InputError: Another event has its id.
        """
        table = schema.events
        row = rows.event_row(event)
        with self._database.writing() as connection:
            statement = rows.INSERTS[connection.dialect.name](table)
            connection.execute(statement.on_conflict_do_nothing(), [row])
            question = select(table).where(table.c.site == event.site)
            if event.reference:
                question = question.where(
                    table.c.source == event.source, table.c.reference == row["reference"]
                )
            else:
                question = question.where(table.c.id == event.id)
            found = connection.execute(question).mappings().first()
        kept = found and rows.event_of(dict(found))
        if not kept or (kept.source, kept.reference) != (event.source, row["reference"]):
            raise InputError("id", event.id, "is the id of another event")
        return kept

    def put_events(self, events: Iterable[Event], entries: Iterable[Entry]) -> None:
        """Write events by id with what is to be recorded, in one transaction.

        A release that was asked for meanwhile stays: an event never ends later for a write.

        Raises:
            InputError: An event has ended, or is not there; nothing of the call is written.
        """
        table = schema.events
        said = rows.entry_rows(entries)
        with self._database.writing() as connection:
            for event in events:
                row = rows.event_row(event)
                written = connection.execute(
                    update(table)
                    .where(table.c.id == event.id, table.c.state.in_(schema.OPEN_STATES))
                    .values(row)
                )
                if not written.rowcount:
                    _refuse(event, _event(connection, event.id))
            _record(connection, said)

    def release(self, event: str, at_s: float, *, abort: bool, reason: str) -> Event:
        """Ask for the end of an event, or abort it, and record that; return it as it is now.

        One that has not begun is withdrawn: it is aborted, for nothing is to be restored.

        Raises:
            InputError: No such event, or it has ended.
        """
        table = schema.events
        with self._database.writing() as connection:
            lock = select(table.c.id).where(table.c.id == event).with_for_update()
            connection.execute(lock).all()
            now = _event(connection, event)
            if now is None or not now.open:
                rule = "is not there" if now is None else f"has ended: it is {now.state}"
                raise InputError("event", event, rule)
            withdrawn = not abort and now.state in NOT_BEGUN and at_s <= now.starts_s
            done = {"state": EventState.ABORTED, "done_s": at_s, "reason": rows.plain(reason)}
            if abort:
                values, text = done, "aborted: let go without restoring"
            elif withdrawn:
                values, text = done, "withdrawn before it began"
            else:
                end_s = at_s if now.ends_s is None else min(at_s, now.ends_s)
                values, text = {"release_s": end_s}, "release asked for"
            connection.execute(update(table).where(table.c.id == event).values(values))
            said = Entry(
                at_s=at_s,
                site=now.site,
                kind="event",
                subject=event,
                text=f"{text}: {reason}" if reason else text,
            )
            _record(connection, rows.entry_rows([said]))
            after = _event(connection, event)
        return now if after is None else after

    # leases and the record

    def renew(self, lease: PowerLease) -> None:
        """Write a power lease; one row per site and pool."""
        row = {name: getattr(lease, name) for name in LEASE_FIELDS}
        with self._database.writing() as connection:
            rows.upsert(connection, schema.power_leases, [row])

    def leases(self, site: str) -> tuple[PowerLease, ...]:
        """Return the power leases of a site, by pool."""
        table = schema.power_leases
        question = select(table).where(table.c.site == site).order_by(table.c.pool)
        with self._database.reading() as connection:
            found = connection.execute(question).mappings().all()
        return tuple(PowerLease(**row) for row in found)

    def record(self, entries: Iterable[Entry]) -> None:
        """Add lines to the audit record."""
        said = rows.entry_rows(entries)
        if said:
            with self._database.writing() as connection:
                _record(connection, said)

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
        table = schema.entries
        question = select(table).where(table.c.site == site, table.c.at_s >= since_s)
        if until_s is not None:
            question = question.where(table.c.at_s < until_s)
        if subject is not None:
            question = question.where(table.c.subject == subject)
        if kinds:
            question = question.where(table.c.kind.in_(kinds))
        if last is not None:
            question = question.limit(last)
        with self._database.reading() as connection:
            found = connection.execute(question.order_by(table.c.number.desc())).all()
        return tuple(rows.entry_of(row) for row in reversed(found))


def _fits(store: SqlStore) -> Store:
    return store  # the type-checker sees that it is one


def _of_site(
    connection: Connection, table: Table, site: str, names: Sequence[str]
) -> Sequence[Sequence[Any]]:
    question = select(*(table.c[name] for name in names)).where(table.c.site == site)
    return connection.execute(question).all()


@contextmanager
def _of_known_machines(site: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        said = str(error.orig)
        if "foreign key" not in said.lower():
            raise
        rule = "is asked for with a machine that the store does not know: put_machines first"
        raise InputError("site", site, rule) from None


def _record(connection: Connection, said: list[rows.Values]) -> None:
    if said:
        connection.execute(insert(schema.entries), said)


def _event(connection: Connection, id_: str) -> Event | None:
    table = schema.events
    found = connection.execute(select(table).where(table.c.id == id_)).mappings().first()
    return None if found is None else rows.event_of(dict(found))


def _refuse(event: Event, kept: Event | None) -> None:
    """Raise unless an event that has ended is only written as it is."""
    if kept is None:
        raise InputError("event", event.id, "is not there: add_event first")
    if replace(event, reason=rows.plain(event.reason)) != kept:
        rule = f"has ended: it is {kept.state} and never opened again"
        raise InputError("event", event.id, rule)


def _check_row(key: SealingKey) -> rows.Values:
    return {"id": 1, "sealed": key.seal(CHECK)}


def _check_key(connection: Connection, key: SealingKey, *, alone: bool = True) -> None:
    """Raise `InputError` where it is not the key of the store; it stays so while `alone`."""
    question = select(schema.key_check.c.sealed)
    found = connection.execute(question.with_for_update() if alone else question).scalar_one()
    key.open(found)
