# SPDX-License-Identifier: Apache-2.0
"""What the commands of operation share: their options, and the folder with its store."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.places import Place, read_place

if TYPE_CHECKING:
    from loadstone.adapters.store import SqlStore

OneSite = Annotated[str, typer.Option("--site", metavar="X", help="Id of the site.")]
SomeSite = Annotated[
    str | None, typer.Option("--site", metavar="X", help="One site; else all of operate.toml.")
]
Simulated = Annotated[
    bool,
    typer.Option("--simulated", help="Simulated machines, whose records are kept apart."),
]
Watch = Annotated[bool, typer.Option("--watch", help="Show it again each second.")]


@contextmanager
def opened(folder: Path, simulated: bool) -> Iterator[tuple[Place, "SqlStore"]]:
    """Give a network folder that is operated, and its store."""
    place = read_place(folder, SystemClock().now().date(), simulated=simulated)
    with place.store() as store:
        yield place, store
