# SPDX-License-Identifier: Apache-2.0
"""Connections to SQLite and PostgreSQL: bounded waits, durable writes, errors told plainly."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from sqlite3 import OperationalError as SqliteError
from threading import RLock
from time import monotonic, sleep
from typing import Any
from weakref import finalize

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event, make_url
from sqlalchemy import inspect as look_at
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as NoneFree

from loadstone.model.errors import InputError, OutsideError

WAIT_S = 2
"""Longest wait for a connection, a lock or a statement, s."""

WRITES = "loadstone_writes"
ADVICE = {
    "sqlite": "see that its disk is there, has room and may be written; it is tried again at"
    " the next call",
    "postgresql": "see that the server runs and can be reached; it is tried again at the next"
    " call",
}


class Database:
    """A database and the transactions in it.

    A file of SQLite is written with a log ahead (WAL) and synced at each commit. A database in
    memory ("sqlite://") is one connection, used by one thread at a time.

    Args:
        url: "sqlite://", "sqlite:///PATH" or "postgresql+psycopg://...".
        folder: Folder that a relative PATH starts from.

    Raises:
        InputError: The URL is not one of these, or its driver is not installed.
        OutsideError: The folder of the file cannot be made.
    """

    def __init__(self, url: str, folder: Path) -> None:
        self._url = _checked(url, folder)
        self.engine = _engine(self._url)
        finalize(self, self.engine.dispose)  # nobody needs to remember to close a store
        in_memory = isinstance(self.engine.pool, StaticPool)
        self._turn: AbstractContextManager[Any] = RLock() if in_memory else nullcontext()

    def __str__(self) -> str:
        return self._url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one transaction that sees one state of the database."""
        with self._turn, self._told(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give one transaction that is written whole when the block ends, or not at all."""
        with self._turn, self._told(), self.engine.connect() as plain:
            connection = plain.execution_options(**{WRITES: True})
            with connection.begin():
                yield connection

    def version(self) -> str | None:
        """Return the name of its last migration; None where there was none."""
        with self.reading() as connection:
            if not look_at(connection).has_table("alembic_version"):
                return None
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
            return found.scalar_one_or_none()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError as error:
            said = " ".join(str(error.orig).split())
            raise InputError("store", said, "breaks a rule of the tables") from None
        except DBAPIError as error:
            raise self._outside(error) from None
        except NoneFree:
            raise OutsideError(
                f"store {self}: no free connection within {WAIT_S} s; tried again"
            ) from None

    def _outside(self, error: DBAPIError) -> OutsideError:
        said = " ".join(str(error.orig).split())
        return OutsideError(f"store {self}: {said}; {ADVICE[self.engine.dialect.name]}")

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


def _checked(url: str, folder: Path) -> URL:
    try:
        made = make_url(url)
    except ArgumentError:
        rule = 'must be "sqlite:///PATH" or "postgresql+psycopg://USER@HOST/NAME"'
        raise InputError("store", url.split("://", maxsplit=1)[0], rule) from None
    if made.drivername == "postgresql":
        made = made.set(drivername="postgresql+psycopg")
    shown = made.render_as_string(hide_password=True)
    if made.drivername not in ("sqlite", "postgresql+psycopg"):
        raise InputError("store", shown, "must be a database of SQLite or PostgreSQL")
    if made.drivername == "sqlite" and made.database not in (None, "", ":memory:"):
        path = folder / str(made.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutsideError(f"store {path}: {error.strerror}; see its folder") from None
        made = made.set(database=str(path))
    return made


def _engine(url: URL) -> Engine:
    if url.drivername == "sqlite":
        return _sqlite(url)
    try:
        # the extra "postgres": loaded only where it is asked for
        from loadstone.adapters.store.postgres import postgres_engine  # noqa: PLC0415
    except ImportError:
        shown = url.render_as_string(hide_password=True)
        rule = 'needs the extra "postgres": pip install "loadstone[postgres]"'
        raise InputError("store", shown, rule) from None
    return postgres_engine(url)


def _sqlite(url: URL) -> Engine:
    if url.database in (None, "", ":memory:"):
        engine = create_engine(
            url,
            poolclass=StaticPool,
            connect_args={"check_same_thread": False},
            hide_parameters=True,
        )
    else:
        engine = create_engine(
            url,
            connect_args={"timeout": WAIT_S},
            pool_timeout=WAIT_S,
            hide_parameters=True,
        )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: SqliteConnection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, not guessed by the driver
    _write_ahead(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: SqliteConnection) -> None:
    # of programs that turn one new file to WAL at once, SQLite refuses some without waiting
    until = monotonic() + WAIT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except SqliteError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or monotonic() > until:
                raise
        sleep(0.01)


def _begin_sqlite(connection: Connection) -> None:
    # a writer that begins as a reader cannot wait for another writer: it fails at once
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
