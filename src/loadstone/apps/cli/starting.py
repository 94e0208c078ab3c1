# SPDX-License-Identifier: Apache-2.0
"""`loadstone new`: a starter network to change into one's own."""

from pathlib import Path
from typing import Annotated

import typer

import loadstone
from loadstone.apps.cli.session import Json, clean_errors, show


def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    starter: Annotated[str, typer.Option("--from", help="campus or brics.")] = "campus",
    as_json: Json = False,
) -> None:
    """Copy a starter network into a new folder."""
    with clean_errors(as_json):
        files = loadstone.new(folder, starter)
    table = {"network": str(folder), "from": starter}
    lines = [
        f"{folder} holds the {starter} network. It is invented: change it into yours.",
        f"Next: loadstone check {folder}",
    ]
    show(as_json, table, lines, files if as_json else [folder])
