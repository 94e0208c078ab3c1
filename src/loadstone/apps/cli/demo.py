# SPDX-License-Identifier: Apache-2.0
"""`loadstone demo`: plan the reference network, value the plan and print both."""

from pathlib import Path

import loadstone
from loadstone.apps.cli.planning import progress, run_table, show_run
from loadstone.apps.cli.session import Json, clean_errors, print_json
from loadstone.apps.cli.valuing import show_value, telling, value_table

FOLDER = Path("demo")
STARTER = "brics"
GAP = 1e-3
FUTURES = 100_000


def demo(as_json: Json = False) -> None:
    """Plan the reference network into ./demo, value it over 100,000 futures, print both.

    A network that stands in ./demo already is planned as it is.
    """
    with clean_errors(as_json), progress() as (show_search, tell):
        if not (FOLDER / "network.toml").is_file():
            loadstone.new(FOLDER, STARTER)
        run = loadstone.plan(FOLDER, gap=GAP, show=show_search, tell=tell)
    if not as_json:
        show_run(run, as_json)
    futures = FUTURES if run.network.futures is not None else None
    with clean_errors(as_json), telling() as tell:
        found = loadstone.value(run.folder, futures, tell=tell)
    if as_json:
        files = [str(path) for path in (*run.files, *found.files)]
        print_json({**run_table(run), "value": value_table(found), "files": files})
    else:
        show_value(found, as_json)
