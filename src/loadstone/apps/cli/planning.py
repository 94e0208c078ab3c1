# SPDX-License-Identifier: Apache-2.0
"""`loadstone plan`: find the plan, print it, keep the run."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import RenderableType
from rich.text import Text

import loadstone
from loadstone.apps.cli.session import (
    NO,
    Json,
    NetworkDir,
    clean_errors,
    show,
    side_console,
)

if TYPE_CHECKING:
    from loadstone.engines.plan.exact import Progress

GAP = 1e-4


def plan(
    folder: NetworkDir,
    *,
    out: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Folder of the run; else DIR/runs/<time>."),
    ] = None,
    method: Annotated[
        Literal["exact", "lp"], typer.Option(help="exact, or lp: one model for HiGHS.")
    ] = "exact",
    gap: Annotated[
        float, typer.Option(metavar="G", help="Proven gap at which the search ends.")
    ] = GAP,
    time_limit: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds; the best plan so far is taken.")
    ] = None,
    beside: Annotated[
        bool, typer.Option("--beside/--alone", help="Whether to look for plans beside it.")
    ] = True,
    on: Annotated[
        Literal["threads", "processes", "ray"],
        typer.Option(help="Where sites are valued; the plan is the same to the bit."),
    ] = "threads",
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="How many at once; else one a processor.")
    ] = None,
    futures: Annotated[
        int | None,
        typer.Option(metavar="N", help="Plan over N futures, drawn as futures.toml says."),
    ] = None,
    risk: Annotated[
        float | None,
        typer.Option(metavar="W", help="What the worst futures count, 0 to 1."),
    ] = None,
    tail: Annotated[
        float | None, typer.Option(metavar="A", help="Share of futures that are the worst.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="What futures are drawn with.")] = 0,
    as_json: Json = False,
) -> None:
    """Find the plan that is worth most, prove how good it is, and keep the run."""
    with clean_errors(as_json), progress() as (show_search, tell):
        run = loadstone.plan(
            folder,
            out,
            method=method,
            gap=gap,
            time_limit_s=time_limit,
            beside=beside,
            on=on,
            workers=workers,
            futures=futures,
            risk=risk,
            tail=tail,
            seed=seed,
            show=show_search,
            tell=tell,
        )
    show_run(run, as_json)


@contextmanager
def progress() -> Iterator[tuple[Callable[["Progress"], None] | None, Callable[[str], None]]]:
    """Show how far a search is, where somebody watches."""
    side = side_console()
    if not side.is_terminal:
        yield None, lambda _: None
        return
    with side.status("reading") as status:
        yield (lambda found: status.update(_words(found))), status.update


def show_run(run: "loadstone.Run", as_json: bool) -> None:
    """Print a plan that was found; where counting it again fails, the answer is no."""
    show(as_json, run_table(run), _lines(run), run.files)
    if not run.manifest["verification"]["ok"]:
        raise typer.Exit(NO)


def run_table(run: "loadstone.Run") -> dict[str, Any]:
    """Return the headlines of a plan as plain values."""
    plan = run.plan
    table: dict[str, Any] = {
        "run": str(run.folder),
        "status": plan.status.value,
        "objective": plan.objective,
        "bound": plan.bound,
        "gap": plan.gap,
        "currency": plan.currency,
        "metrics": dict(plan.metrics),
        "wall_s": run.manifest["wall_s"],
        "cpu_s": run.manifest["cpu_s"],
        "verification": run.manifest["verification"]["text"],
    }
    if run.uncertainty is not None:
        table["over_futures"] = {
            name: getattr(run.uncertainty, name)
            for name in ("objective", "bound", "gap", "mean", "cvar", "weight", "tail")
        }
    return table


def _lines(run: "loadstone.Run") -> Iterator[RenderableType]:
    yield run.summary()
    yield Text()
    if run.uncertainty is not None:
        # figures load with it, so that commands that draw none do without them
        from loadstone.apps.reports import uncertainty_text  # noqa: PLC0415

        yield uncertainty_text(run.uncertainty)
        yield Text()
    yield Text(run.manifest["verification"]["text"])
    wall_s, cpu_s = run.manifest["wall_s"], run.manifest["cpu_s"]
    yield Text(f"Found in {wall_s:.1f} s, {cpu_s:.1f} s of processor.")


def _words(found: "Progress") -> str:
    if not isfinite(found.objective):
        return f"{found.stage}, round {found.round}"
    return (
        f"{found.stage}, round {found.round}: value {found.objective / 1e6:,.1f} million, "
        f"at most {found.bound / 1e6:,.1f} million, gap {found.gap:.1e}"
    )
