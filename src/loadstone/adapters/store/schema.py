# SPDX-License-Identifier: Apache-2.0
"""The tables of the store: one schema for SQLite and PostgreSQL.

Times are seconds since 1970, UTC, as floats; words of a fixed list are text that the database
checks. A change of this file needs a migration in `migrations/versions`; a test compares the
two on both databases.
"""

from collections.abc import Iterable
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from loadstone.model.operations.command import Action
from loadstone.model.operations.event import OPEN, EventKind, EventState
from loadstone.model.operations.reading import State
from loadstone.model.operations.target import Progress

VERSION = "0001"
"""Name of the last migration."""

OPEN_STATES = tuple(sorted(state.value for state in OPEN))

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _number() -> TypeEngine[int]:
    return BigInteger().with_variant(Integer, "sqlite")  # what SQLite counts up by itself


def _text(name: str, *, key: bool = False, null: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=null)


def _real(name: str, *, null: bool = False) -> Column[float]:
    return Column(name, Double, nullable=null)


def _one_of(name: str, words: Iterable[str]) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{name} IN ({listed})", name=name)


def _values(kind: type[StrEnum]) -> list[str]:
    return [member.value for member in kind]


def _of_machine() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["site", "machine"], ["machines.site", "machines.id"])


machines = Table(
    "machines",
    metadata,
    _text("site", key=True),
    _text("id", key=True),
    _text("grouped"),  # "group" is a word of SQL
    _text("family"),
    _text("host"),
    Column("port", Integer, nullable=False),
    Column("web_port", Integer, nullable=True),
    _real("rated_w"),
    _real("hashrate_th"),
    _text("identity_family", null=True),  # null: never identified, and the next four too
    _text("mac", null=True),
    _text("serial", null=True),
    _text("model", null=True),
    _text("firmware", null=True),
)

credentials = Table(
    "credentials",
    metadata,
    _text("site", key=True),
    _text("machine", key=True),  # "" for the default of the site, or the id of a signal
    Column("sealed", LargeBinary, nullable=False),
)

key_check = Table(
    "key_check",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""One row, sealed with the key of the store: tells a wrong key before anything is read."""

targets = Table(
    "targets",
    metadata,
    _text("site", key=True),
    _text("machine", key=True),
    _text("action"),
    _real("limit_w", null=True),
    _text("owner"),
    _text("progress"),
    _real("since_s"),
    _real("dispatched_s", null=True),
    _real("confirmed_s", null=True),
    Column("attempts", Integer, nullable=False),
    _real("not_before_s"),
    _text("reason"),
    _real("baseline_w", null=True),
    _of_machine(),
    _one_of("action", _values(Action)),
    _one_of("progress", _values(Progress)),
)

observed = Table(
    "observed",
    metadata,
    _text("site", key=True),
    _text("machine", key=True),
    _text("state"),
    _text("reason"),
    _real("since_s"),
    _real("read_s", null=True),
    _real("power_w", null=True),
    _real("hashrate_th", null=True),
    _of_machine(),
    _one_of("state", _values(State)),
)

owners = Table(
    "owners",
    metadata,
    Column("number", _number(), primary_key=True),
    _text("site"),
    _text("machine"),
    _text("owner"),
    _real("taken_s"),
    _real("let_go_s", null=True),
    _of_machine(),
)
one_owner = Index(
    "one_owner",
    owners.c.site,
    owners.c.machine,
    unique=True,
    sqlite_where=owners.c.let_go_s.is_(None),
    postgresql_where=owners.c.let_go_s.is_(None),
)

events = Table(
    "events",
    metadata,
    Column("number", _number(), primary_key=True),  # the order of receipt
    Column("id", Text, nullable=False),
    _text("site"),
    _text("kind"),
    _real("mw"),
    _text("source"),
    _text("reference"),
    _real("penalty_per_mwh"),
    _real("received_s"),
    _real("starts_s"),
    _real("ends_s", null=True),
    _real("release_s", null=True),  # written by release alone, so that no write loses it
    _real("notice_s"),
    _text("method"),  # an object of JSON: recorded as it was fixed, never searched
    _text("state"),
    _text("reason"),
    _real("baseline_mw", null=True),
    _real("accepted_s", null=True),
    _real("armed_s", null=True),
    _real("active_s", null=True),
    _real("restoring_s", null=True),
    _real("done_s", null=True),
    _one_of("kind", _values(EventKind)),
    _one_of("state", _values(EventState)),
)
Index("one_event_id", events.c.id, unique=True)
Index(
    "one_reference",
    events.c.site,
    events.c.source,
    events.c.reference,
    unique=True,
    sqlite_where=events.c.reference != "",
    postgresql_where=events.c.reference != "",
)
Index("events_of_site", events.c.site, events.c.state)

power_leases = Table(
    "power_leases",
    metadata,
    _text("site", key=True),
    _text("pool", key=True),
    _real("mw"),
    Column("number", BigInteger, nullable=False),
    _real("granted_s"),
    _real("expires_s"),
)

entries = Table(
    "entries",
    metadata,
    Column("number", _number(), primary_key=True),  # the order of writing
    _real("at_s"),
    _text("site"),
    _text("kind"),
    _text("subject"),
    _text("text"),
    _text("data"),
)
Index("entries_by_time", entries.c.site, entries.c.at_s)
Index("entries_by_subject", entries.c.site, entries.c.subject)
