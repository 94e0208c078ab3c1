# SPDX-License-Identifier: Apache-2.0
"""Databases that are old, new, locked, full, gone or silent: said within seconds, then well."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from loadstone.adapters.store import SqlStore, open_store
from loadstone.adapters.store.database import Database
from loadstone.adapters.store.migrate import migrate
from loadstone.adapters.store.schema import VERSION, metadata
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.machine import Address, Credential, Machine
from loadstone.model.operations.target import Entry, PowerLease
from tests.postgres import Postgres, postgres, running_postgres

__all__ = ["postgres"]  # a fixture
SOON_S = 10.0  # two seconds, and what a busy computer adds; not for ever


def lease(number: int = 1) -> PowerLease:
    return PowerLease(
        site="north", pool="mining", mw=1.0, number=number, granted_s=0.0, expires_s=1.0
    )


def machine(name: str) -> Machine:
    return Machine(
        id=name,
        site="north",
        group="g",
        family="luxos",
        address=Address(host="h", port=1),
        rated_w=1.0,
        hashrate_th=1.0,
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    url = "sqlite:///agent.db"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    made = Database(url, tmp_path)
    yield made
    made.close()


def tables(database: Database) -> set[str]:
    with database.reading() as connection:
        return set(inspect(connection).get_table_names())


# the schema


def test_migrations_lead_up_to_the_schema_and_down_to_nothing(database):
    assert database.version() is None
    migrate(database)
    assert database.version() == VERSION
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    migrate(database)  # nothing to do
    migrate(database, to="base")
    assert tables(database) == {"alembic_version"}
    migrate(database)
    assert tables(database) == {"alembic_version", *metadata.tables}


def test_checks_and_indexes_of_the_migrations_are_those_of_the_schema(database, tmp_path):
    """Alembic compares neither, so a database made from the schema stands beside."""
    migrate(database)
    if database.engine.dialect.name != "sqlite":
        pytest.skip("the text of the tables can be compared on SQLite alone")
    other = Database("sqlite:///other.db", tmp_path)
    with other.writing() as connection:
        metadata.create_all(connection)

    def described(one: Database):
        with one.reading() as connection:
            seen = inspect(connection)
            return {
                name: (
                    sorted(
                        (check["name"], check["sqltext"])
                        for check in seen.get_check_constraints(name)
                    ),
                    sorted(
                        (index["name"], tuple(index["column_names"]), index["unique"])
                        for index in seen.get_indexes(name)
                    ),
                )
                for name in metadata.tables
            }

    assert described(database) == described(other)
    other.close()


def test_a_store_of_a_newer_program_is_refused_and_left_as_it_is(database):
    migrate(database)
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(InputError, match=r"9999, newer than this program knows \(0001\)"):
        migrate(database)
    with database.reading() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == "9999"


def test_programs_that_start_at_once_migrate_once(database, tmp_path):
    url = database.engine.url.render_as_string(hide_password=False)
    start = threading.Barrier(4)

    def open_one(_: int) -> SqlStore:
        start.wait()
        return open_store(url, tmp_path / "k.key")

    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(open_one, range(4)))
    stores[0].renew(lease())
    assert [store.leases("north") for store in stores] == [(lease(),)] * 4
    for store in stores:
        store.close()


def test_programs_that_write_the_same_machines_do_not_lock_each_other(database, tmp_path):
    url = database.engine.url.render_as_string(hide_password=False)
    listed = [machine(f"m{number:03}") for number in range(400)]
    stores = [open_store(url, tmp_path / "k.key") for _ in range(2)]
    start = threading.Barrier(2, timeout=60)

    def put(store: SqlStore, machines: list[Machine]) -> None:
        for _ in range(3):
            start.wait()
            store.put_machines(machines)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(put, stores, [listed, listed[::-1]]))
    assert len(stores[0].machines("north")) == 400
    for store in stores:
        store.close()


def test_a_program_that_was_open_when_the_key_changed_seals_nothing_with_the_old_one(
    database, tmp_path
):
    url = database.engine.url.render_as_string(hide_password=False)
    scan, store = (open_store(url, tmp_path / "k.key") for _ in range(2))
    scan.put_credential("north", "early", Credential(user="", password="p"))
    store.rekey(tmp_path / "k.key", tmp_path / "new.key")
    with pytest.raises(InputError):
        scan.put_credential("north", "late", Credential(user="", password="p"))
    assert store.credentials("north") == {"early": Credential(user="", password="p")}
    store.close()
    scan.close()


def test_a_new_file_that_another_program_writes_is_waited_for(tmp_path):
    other = sqlite3.connect(
        tmp_path / "agent.db", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE early (a)")  # no turn to WAL while this is open
    threading.Timer(0.3, other.close).start()
    open_store("sqlite:///agent.db", None, tmp_path).close()


# addresses


@pytest.mark.parametrize("url", ["mysql://h/x", "agent.db", "", "sqlite+aiosqlite:///x"])
def test_an_address_of_something_else_is_refused(url):
    with pytest.raises(InputError, match="store"):
        open_store(url)


def test_a_file_is_sought_from_the_folder(tmp_path):
    open_store("sqlite:///operate/agent.db", None, tmp_path).close()
    assert (tmp_path / "operate" / "agent.db").is_file()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutsideError, match="file"):
        open_store("sqlite:///file/agent.db", None, tmp_path)


# SQLite


def test_what_was_decided_is_synced_at_each_commit(tmp_path):
    made = Database("sqlite:///agent.db", tmp_path)
    with made.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 2000,
    }
    made.close()


def test_a_file_that_another_program_holds_is_told_and_read_meanwhile(tmp_path):
    store = open_store("sqlite:///agent.db", None, tmp_path)
    store.renew(lease(1))
    holder = sqlite3.connect(tmp_path / "agent.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert store.leases("north") == (lease(1),)
    began = time.monotonic()
    with pytest.raises(OutsideError, match="locked"):
        store.renew(lease(2))
    assert 1.5 < time.monotonic() - began < SOON_S
    holder.execute("ROLLBACK")
    holder.close()
    store.renew(lease(3))
    assert store.leases("north") == (lease(3),)
    store.close()


def test_a_full_disk_is_told_and_nothing_of_the_call_is_written(tmp_path):
    store = open_store("sqlite:///agent.db", None, tmp_path)
    lines = [Entry(at_s=0.0, site="north", kind="x", text="y" * 500) for _ in range(500)]
    with store._database.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(OutsideError, match=r"full.*room"):
        store.record(lines)
    assert store.entries("north") == ()
    with store._database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")
    store.record(lines)
    assert len(store.entries("north")) == 500
    store.close()


def test_a_file_that_is_no_database_is_told(tmp_path):
    (tmp_path / "agent.db").write_text("something else, and long enough to be looked at" * 50)
    with pytest.raises(OutsideError, match="not a database"):
        open_store("sqlite:///agent.db", None, tmp_path)


def test_threads_share_a_store(tmp_path):
    store = open_store("sqlite:///agent.db", None, tmp_path)
    store.put_machines(machine(f"m{number}") for number in range(8))

    def work(number: int) -> None:
        for round_ in range(5):
            store.take("north", f"owner {number}", [f"m{number}"], float(round_))
            store.let_go("north", f"owner {number}", [f"m{number}"], float(round_))
            store.renew(lease(round_))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert store.owners("north") == {}
    store.close()


# PostgreSQL


@pytest.fixture
def own_server():
    with running_postgres() as server:
        yield server


def timed(call) -> float:
    began = time.monotonic()
    with pytest.raises(OutsideError, match="tried again"):
        call()
    return time.monotonic() - began


def test_a_database_that_is_gone_is_told_and_comes_back_for_the_same_store(
    own_server: Postgres, tmp_path
):
    store = open_store(own_server.new_database(), tmp_path / "k.key")
    store.renew(lease(1))
    own_server.stop()
    assert timed(lambda: store.renew(lease(2))) < SOON_S
    assert timed(lambda: store.leases("north")) < SOON_S
    own_server.start()
    assert store.leases("north") == (lease(1),)
    store.renew(lease(3))
    assert store.leases("north") == (lease(3),)
    store.close()


def test_a_database_that_hangs_is_told_and_comes_back_for_the_same_store(
    own_server: Postgres, tmp_path
):
    store = open_store(own_server.new_database(), tmp_path / "k.key")
    store.renew(lease(1))
    own_server.freeze()
    try:
        assert timed(lambda: store.renew(lease(2))) < SOON_S  # an open connection is silent
        assert timed(lambda: store.renew(lease(2))) < SOON_S  # a new one is not answered
    finally:
        own_server.thaw()
    store.renew(lease(3))
    assert store.leases("north") == (lease(3),)
    store.close()


def test_a_row_that_another_program_holds_is_told(postgres: Postgres, tmp_path):
    url = postgres.new_database()
    store, other = (open_store(url, tmp_path / "k.key") for _ in range(2))
    store.renew(lease(1))
    with other._database.writing() as connection:
        connection.exec_driver_sql("UPDATE power_leases SET number = 5")
        assert timed(lambda: store.renew(lease(2))) < SOON_S
    store.renew(lease(6))
    assert other.leases("north") == (lease(6),)
    store.close()
    other.close()


def test_what_a_sweep_writes_at_once_is_there_whole(tmp_path):
    from loadstone.model.operations.command import Action
    from loadstone.model.operations.target import Observed, Target

    store = open_store("sqlite:///agent.db", None, tmp_path)
    names = [f"m{number:05d}" for number in range(10_000)]
    store.put_machines(machine(name) for name in names)
    targets = [
        Target(machine=name, action=Action.STOP, owner="e1", since_s=0.5) for name in names
    ]
    seen = [Observed(machine=name, state="running", since_s=0.5) for name in names]
    store.put_targets("north", targets, [])
    store.put_observed("north", seen)
    assert list(store.targets("north").values()) == targets
    assert list(store.observed("north").values()) == seen
    store.close()


def test_the_file_is_where_the_address_says(tmp_path: Path):
    store = open_store(f"sqlite:///{tmp_path}/deep/er/agent.db")
    assert str(tmp_path / "deep" / "er" / "agent.db") in repr(store)
    store.close()
