# SPDX-License-Identifier: Apache-2.0
"""`loadstone export`: the model of a run for another tool."""

from pathlib import Path
from typing import Annotated, Literal

import typer

import loadstone
from loadstone.apps.cli.session import Json, RunDir, clean_errors, show, side_console


def export(
    run: RunDir,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write, netCDF.")],
    to: Annotated[Literal["pypsa"], typer.Option(help="The other tool: pypsa.")],
    as_json: Json = False,
) -> None:
    """Write the model of a run as a PyPSA network, and say what PyPSA cannot hold."""
    with clean_errors(as_json), side_console().status("writing"):
        lacking = loadstone.export(run, out)
    lines = [
        f"{len(lacking)} parts are not in the file, because {to} has no words for them; "
        "loadstone.engines.plan.export.to_pypsa adds them to its model:",
        *(f"- {text}" for text in lacking[:20]),
        *([f"  and {len(lacking) - 20} more with --json"] if len(lacking) > 20 else []),
    ]
    show(as_json, {"run": str(run), "to": to, "not_in_file": lacking}, lines, [out])
