# SPDX-License-Identifier: Apache-2.0
"""`loadstone demo`: plan the reference network and print the answer."""

from pathlib import Path

import loadstone
from loadstone.apps.cli.planning import progress, show_run
from loadstone.apps.cli.session import Json, clean_errors

FOLDER = Path("demo")
STARTER = "brics"
GAP = 1e-3


def demo(as_json: Json = False) -> None:
    """Plan the reference network into ./demo and print the answer.

    A network that stands in ./demo already is planned as it is.
    """
    with clean_errors(as_json), progress() as (show_search, tell):
        if not (FOLDER / "network.toml").is_file():
            loadstone.new(FOLDER, STARTER)
        run = loadstone.plan(FOLDER, gap=GAP, show=show_search, tell=tell)
    show_run(run, as_json)
