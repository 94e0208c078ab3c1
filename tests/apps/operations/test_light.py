# SPDX-License-Identifier: Apache-2.0
"""What is loaded for running sites: a library that is not asked for costs no memory."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from loadstone.adapters.files import copy_starter
from loadstone.adapters.store import open_store

PLANNING = {"highspy", "linopy", "llvmlite", "numba", "pandas", "plotly", "pvlib", "scipy"}
REPORTS = {"xlsxwriter"}
SERVERS = {"aiohttp", "pymodbus.server", "loadstone.adapters.simulators"}
HTTP = {"httpx", "openleadr"}
HISTORY = {"duckdb", "pyarrow"}
STORE = {"alembic", "psycopg", "sqlalchemy"}  # what a watchdog reads of it, it reads later on
METERS = {"aiomqtt", "pymodbus"}
OURS = {"loadstone.engines.outlook", "loadstone.engines.plan", "loadstone.engines.series"}

AGENT = PLANNING | REPORTS | SERVERS | HTTP | OURS | {"alembic"}
COMMANDS = AGENT | HISTORY | STORE | METERS
WATCHDOG = COMMANDS | {"rich", "typer"}


def loaded(*modules: str) -> set[str]:
    """Return the modules that a new Python has after it loaded some."""
    told = f"import {', '.join(modules)}, json, sys; print(json.dumps(list(sys.modules)))"
    command = [sys.executable, "-c", told]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize(
    ("modules", "without"),
    [
        (["loadstone.apps.operations.watchdog_process"], WATCHDOG),
        (["loadstone.apps.cli"], COMMANDS),
        (["loadstone.apps.operations.running", "loadstone.apps.operations.showing"], AGENT),
    ],
    ids=["watchdog", "commands", "agent"],
)
def test_what_runs_sites_loads_no_library_that_it_does_not_need(modules, without):
    found = loaded(*modules)
    assert set(modules) <= found
    assert found & without == set()


WATCHED = """
import json, sys
from datetime import date
from pathlib import Path
from loadstone.apps.operations import watchdog_process as own
place = own.read_place(Path(sys.argv[1]), date(2026, 11, 21))
watched = own.Watched(place, own.seat_of(place, place.chosen(None)[0]), lambda: 0.0, None)
watched.read_ahead()
assert watched.doors().drivers()
print(json.dumps(list(sys.modules)))
"""


def test_a_watchdog_that_has_read_its_store_needs_the_database_alone(tmp_path):
    folder = tmp_path / "campus"
    copy_starter("campus", folder)
    open_store("sqlite:///operate/agent.db", Path("operate.key"), folder).close()
    command = [sys.executable, "-c", WATCHED, str(folder)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(json.loads(ran.stdout)) & WATCHDOG == {"sqlalchemy"}
