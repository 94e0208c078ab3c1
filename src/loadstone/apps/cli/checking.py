# SPDX-License-Identifier: Apache-2.0
"""`loadstone check`: read everything, print limits and provenance, or every error at once."""

from collections.abc import Iterator

import pandas as pd  # type: ignore[import-untyped]
from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from loadstone.apps import library
from loadstone.apps.cli.session import Json, NetworkDir, clean_errors, show

MOST_WARNINGS = 12
KINDS = {
    "prices": "prices",
    "drybulb_c": "air temperature",
    "wetbulb_c": "wet-bulb temperature",
    "solar": "solar",
    "wind": "wind",
    "carbon_kg_per_mwh": "carbon",
}


def check(folder: NetworkDir, as_json: Json = False) -> None:
    """Read everything of a network and print limits and provenance, or every error at once."""
    with clean_errors(as_json):
        found = library.check(folder)
    table = {
        "network": found.network.study.name,
        "sites": found.limits().to_dict("records"),
        "series": found.provenance().to_dict("records"),
        "warnings": [
            {"path": w.path, "reasons": w.reasons, "text": w.text, "source": w.source}
            for w in found.warnings
        ],
    }
    show(as_json, table, _lines(found))


def _lines(found: library.Checked) -> Iterator[RenderableType]:
    study = found.network.study
    yield Text(f"{study.name}: nothing wrong; sites: {len(found.network.sites)}", style="bold")
    yield Text(study.description)
    yield Text()
    yield _limits(found)
    yield Text()
    yield _provenance(found)
    yield Text()
    yield Text(f"{len(found.warnings)} facts to doubt", style="bold")
    for warning in found.warnings[:MOST_WARNINGS]:
        reasons = ", ".join(warning.reasons)
        yield Text(f"- {warning.path}: {reasons}: {warning.text} ({warning.source})")
    if len(found.warnings) > MOST_WARNINGS:
        yield Text(f"  and {len(found.warnings) - MOST_WARNINGS} more with --json", style="dim")


def _limits(found: library.Checked) -> Table:
    heads = ["site", "zone", "status", "now MW", "most MW", "mining MW", "AI MW"]
    grid = _grid("Limits", heads, texts=3)
    for row in found.limits().to_dict("records"):
        most = (row["existing_mw"], row["max_mw"], row["mining_mw"], row["ai_mw"])
        shown = ["" if pd.isna(mw) else f"{mw:,.0f}" for mw in most]
        grid.add_row(row["site"], row["zone"], row["status"], *shown)
    return grid


def _provenance(found: library.Checked) -> Table:
    shares = ["observed", "filled", "synthetic", "user"]
    grid = _grid("Where the hours come from", ["series", "zones", *shares], texts=1)
    for kind, rows in found.provenance().groupby("kind", sort=False):
        means = [f"{100 * rows[share].mean():.0f} %" for share in shares]
        grid.add_row(KINDS[str(kind)], str(len(rows)), *means)
    return grid


def _grid(title: str, heads: list[str], texts: int) -> Table:
    grid = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
        show_edge=False, pad_edge=False,
    )  # fmt: skip
    for i, head in enumerate(heads):
        grid.add_column(head, justify="left" if i < texts else "right", no_wrap=True)
    return grid
