# SPDX-License-Identifier: Apache-2.0
"""The schema brought to the newest version, in one transaction, by one program at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from loadstone.adapters.store.database import Database
from loadstone.model.errors import InputError

MIGRATIONS = Path(__file__).parent / "migrations"
ONE_AT_A_TIME = 0x6C6F6164  # any number, the same in every program: "load"


def migrate(database: Database, *, to: str = "head") -> None:
    """Bring the schema to a version: the newest, or an older one for a test.

    Args:
        database: The database.
        to: Name of the version; "base" for none.

    Raises:
        InputError: The store was written by a newer version of this program.
        OutsideError: The database is gone, locked or full; nothing was changed.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)
    with database.reading() as connection:
        if to == "head" and _version(connection) == script.get_current_head():
            return
    with database.writing() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})")
        known = {revision.revision for revision in script.walk_revisions()}
        version = _version(connection)
        if version is not None and version not in known:
            rule = (
                f"has schema {version}, newer than this program knows"
                f" ({script.get_current_head()}): use the version of Loadstone that wrote it"
            )
            raise InputError("store", str(database), rule)
        config.attributes["connection"] = connection
        down = to == "base" or (version is not None and to != "head" and to < version)
        (command.downgrade if down else command.upgrade)(config, to)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
