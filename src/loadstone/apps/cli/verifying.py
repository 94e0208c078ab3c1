# SPDX-License-Identifier: Apache-2.0
"""`loadstone verify`: prove a plan again, apart from the code that found it."""

from typing import Annotated

import typer
from rich.text import Text

from loadstone.apps import library
from loadstone.apps.cli.session import NO, Json, RunDir, clean_errors, show, side_console
from loadstone.services.planning import verification_table


def verify(
    run: RunDir,
    level: Annotated[
        int,
        typer.Option(
            min=0,
            max=3,
            help="0 gap and all rules counted again; 1 one site against HiGHS; 2 every site, "
            "and the bound from its stored prices; 3 the whole model (small networks).",
        ),
    ] = 0,
    as_json: Json = False,
) -> None:
    """Prove the plan of a run again, apart from the code that found it."""
    with clean_errors(as_json), side_console().status("proving"):
        found = library.verify(run, level)
    lines = []
    for check in found.checks:
        word, style = ("holds", "") if check.ok else ("FAILS", "bold red")
        lines.append(
            Text(f"{word}  {check.name}: {check.worst:.2g} (at most {check.limit:.2g}); "
                 f"{check.text}", style=style)
        )  # fmt: skip
    text = verification_table(found)["text"]
    table = {"run": str(run), **verification_table(found)}
    show(as_json, table, [*lines, Text(text, style="bold")], [run / library.VERIFICATION])
    if not found.ok:
        raise typer.Exit(NO)
