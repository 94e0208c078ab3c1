# SPDX-License-Identifier: Apache-2.0
"""`loadstone check`: read everything, print limits and provenance, or every error at once."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from statistics import fmean

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

import loadstone
from loadstone.apps.cli.session import Json, NetworkDir, clean_errors, show
from loadstone.apps.reading import limit_rows, operation_rows, series_rows

MOST_WARNINGS = 12
KINDS = {
    "prices": "prices",
    "drybulb_c": "air temperature",
    "wetbulb_c": "wet-bulb temperature",
    "solar": "solar",
    "wind": "wind",
    "carbon_kg_per_mwh": "carbon",
    "availability": "non-firm connection",
}


def check(folder: NetworkDir, as_json: Json = False) -> None:
    """Read everything of a network and print limits and provenance, or every error at once."""
    with clean_errors(as_json):
        found = loadstone.check(folder)
    table = {
        "network": found.network.study.name,
        "sites": limit_rows(found.network),
        "series": series_rows(found.network),
        "operation": operation_rows(found),
        "warnings": [
            {"path": w.path, "reasons": w.reasons, "text": w.text, "source": w.source}
            for w in found.warnings
        ],
    }
    show(as_json, table, _lines(found))


def _lines(found: "loadstone.Checked") -> Iterator[RenderableType]:
    study = found.network.study
    yield Text(f"{study.name}: nothing wrong; sites: {len(found.network.sites)}", style="bold")
    yield Text(study.description)
    yield Text()
    yield _limits(found)
    yield Text()
    yield _provenance(found)
    yield Text()
    if found.operation is not None:
        yield _operation(found)
        yield Text()
    yield Text(f"{len(found.warnings)} facts to doubt", style="bold")
    for warning in found.warnings[:MOST_WARNINGS]:
        reasons = ", ".join(warning.reasons)
        yield Text(f"- {warning.path}: {reasons}: {warning.text} ({warning.source})")
    if len(found.warnings) > MOST_WARNINGS:
        yield Text(f"  and {len(found.warnings) - MOST_WARNINGS} more with --json", style="dim")


def _limits(found: "loadstone.Checked") -> Table:
    heads = ["site", "zone", "status", "now MW", "most MW", "mining MW", "AI MW"]
    grid = _grid("Limits", heads, texts=3)
    for row in limit_rows(found.network):
        most = (row["existing_mw"], row["max_mw"], row["mining_mw"], row["ai_mw"])
        shown = ["" if mw is None else f"{mw:,.0f}" for mw in most]
        grid.add_row(row["site"], row["zone"], row["status"], *shown)
    return grid


def _provenance(found: "loadstone.Checked") -> Table:
    shares = ["observed", "filled", "synthetic", "user"]
    grid = _grid("Where the hours come from", ["series", "zones", *shares], texts=1)
    for kind, group in groupby(series_rows(found.network), key=itemgetter("kind")):
        rows = list(group)
        means = [f"{100 * fmean(row[share] for row in rows):.0f} %" for share in shares]
        grid.add_row(KINDS[kind], str(len(rows)), *means)
    return grid


def _operation(found: "loadstone.Checked") -> Table:
    grid = _grid("Run by operate.toml", ["site", "machines", "MW", "limit MW"], texts=1)
    grid.add_column("firmware")
    for row in operation_rows(found):
        families = ", ".join(f"{count} {family}" for family, count in row["families"].items())
        power = f"{row['rated_mw']:,.2f}", f"{row['limit_mw']:,.2f}"
        grid.add_row(row["site"], f"{row['machines']:,}", *power, families)
    return grid


def _grid(title: str, heads: list[str], texts: int) -> Table:
    grid = Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
        show_edge=False, pad_edge=False,
    )  # fmt: skip
    for i, head in enumerate(heads):
        grid.add_column(head, justify="left" if i < texts else "right", no_wrap=True)
    return grid
