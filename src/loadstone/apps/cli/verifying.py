# SPDX-License-Identifier: Apache-2.0
"""`loadstone verify`: prove a plan again, apart from the code that found it."""

from typing import Annotated

import typer
from rich.text import Text

import loadstone
from loadstone.adapters.files.uncertainty_file import UNCERTAINTY
from loadstone.adapters.json_files import read_json
from loadstone.apps.cli.session import NO, Json, RunDir, clean_errors, show, side_console

OVER_FUTURES = (
    "This run was planned over futures. What is proven here is the branch that plan.json "
    "keeps, where the outlook comes true; what uncertainty.json says was proven as it was "
    "made, and is not proven again."
)


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
    # Parquet loads here, so that other commands do without it
    from loadstone.adapters.files.run_folder import VERIFICATION  # noqa: PLC0415

    with clean_errors(as_json), side_console().status("proving"):
        found = loadstone.verify(run, level)
    lines = []
    for check in found.checks:
        word, style = ("holds", "") if check.ok else ("FAILS", "bold red")
        lines.append(
            Text(f"{word}  {check.name}: {check.worst:.2g} (at most {check.limit:.2g}); "
                 f"{check.text}", style=style)
        )  # fmt: skip
    kept = run / VERIFICATION
    table = {"run": str(run), **read_json(kept)}
    if (run / UNCERTAINTY).is_file():
        table["over_futures"] = OVER_FUTURES
        lines.append(Text(OVER_FUTURES))
    show(as_json, table, [*lines, Text(table["text"], style="bold")], [kept])
    if not found.ok:
        raise typer.Exit(NO)
