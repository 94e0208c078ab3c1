# SPDX-License-Identifier: Apache-2.0
"""`loadstone value`: what the plan of a run is worth, and in how many futures it goes wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

import loadstone
from loadstone.apps.cli.session import Json, RunDir, clean_errors, show, side_console

if TYPE_CHECKING:
    from loadstone.apps.valued import Valued


def value(
    run: RunDir,
    *,
    futures: Annotated[
        int | None,
        typer.Option(metavar="N", help="Number of futures; else 10,000 where any are stated."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", help="What futures are drawn with.")] = 0,
    as_json: Json = False,
) -> None:
    """Find what the plan of a run is worth as cash, over the futures that it may meet."""
    with clean_errors(as_json), telling() as tell:
        found = loadstone.value(run, futures, seed=seed, tell=tell)
    show_value(found, as_json)


@contextmanager
def telling() -> Iterator[Callable[[str], None]]:
    """Show what is done, where somebody watches."""
    side = side_console()
    if not side.is_terminal:
        yield lambda _: None
        return
    with side.status("reading") as status:
        yield status.update


def value_table(found: "Valued") -> dict[str, Any]:
    """Return the headlines of a valuation as plain values."""
    valuation = found.valuation
    risk = valuation.risk
    table: dict[str, Any] = {
        "run": str(found.folder),
        "currency": valuation.currency,
        "returns": [
            {
                "scope": one.scope,
                "flow": one.flow,
                "npv": one.npv,
                "irr": list(one.irr),
                "irr_reason": one.irr_reason,
                "payback_years": one.payback_years,
                "peak": one.peak,
            }
            for one in valuation.returns
            if one.scope == "portfolio"
        ],
        "debts": {one.id: one.amount for one in valuation.debts},
        "notes": list(valuation.notes),
        "seconds": round(found.seconds, 3),
        "risk": None,
    }
    if risk is not None:
        table["risk"] = {
            "futures": risk.futures,
            "seed": risk.seed,
            "seconds": round(risk.seconds, 3),
            "loss": risk.loss,
            "breach": risk.breach,
            "mean": {one.name: one.mean for one in risk.spreads},
            "stresses": {one.name: one.npv for one in risk.stresses},
            "error": {
                "samples": risk.error.samples,
                "bias": risk.error.bias,
                "mean": risk.error.mean,
                "worst": risk.error.worst,
            }
            if risk.error
            else None,
        }
    return table


def show_value(found: "Valued", as_json: bool) -> None:
    """Print what a plan is worth."""
    show(as_json, value_table(found), found.summary(), found.files)
