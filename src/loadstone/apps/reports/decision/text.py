# SPDX-License-Identifier: Apache-2.0
"""The committee page for a terminal."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table as Grid
from rich.text import Text

from loadstone.apps.charts.words import money, number, percent
from loadstone.apps.reports.decision.capital import capital_table
from loadstone.apps.reports.decision.rows import (
    MILLION,
    RegretRow,
    regrets,
    short_variants,
)
from loadstone.apps.reports.decision.sentences import (
    answer,
    hashprice_words,
    mining_words,
    named,
    outlook_words,
    power_words,
)
from loadstone.apps.reports.grids import Fitting, block, grid, grid_of, item
from loadstone.apps.reports.sentences import proof
from loadstone.model.decision import Decision
from loadstone.model.network import Network
from loadstone.model.plan import Plan, phase_name

_LEAST_MW, _WIDE = 0.05, 96


def _uses(decision: Decision) -> Grid:
    """Return MW by use and year; uses that never occur are left out."""
    rows = {
        "leased": [year.leased_mw for year in decision.uses],
        "drawn": [year.leased_drawn_mw for year in decision.uses],
        "cloud": [year.cloud_mw for year in decision.uses],
        "mining": [year.mining_mw for year in decision.uses],
        "hosting": [year.hosting_mw for year in decision.uses],
    }
    shown = {name: row for name, row in rows.items() if max(row, default=0.0) >= _LEAST_MW}
    made = grid("Phase", "energised", *shown, title="MW by use, mean hour at the meter")
    for i, year in enumerate(decision.uses):
        made.add_row(
            phase_name(year.phase), number(year.energised_mw, 1),
            *(number(row[i], 1) for row in shown.values()),
        )  # fmt: skip
    return made


def _value(plan: Plan, decision: Decision, network: Network) -> list[Text]:
    lines = (
        f"Value {money(plan.objective, plan.currency)}; "
        f"{percent(decision.contracted_share)} of its revenue is under contract.",
        f"Hashprice, USD/PH/day: {outlook_words(network)}.",
        hashprice_words(decision)[1],
        power_words(decision)[1],
        mining_words(decision, plan.currency),
    )
    return [item(line) for line in lines if line]


def _regret_cells(row: RegretRow) -> Sequence[Text]:
    marks = [
        Text("–" if cell.regret is None else cell.text, style="bold" if cell.worst else "")
        for cell in row.cells
    ]
    whole = "–" if row.largest is None else number(row.largest / MILLION, 1)
    return [*marks, Text(f"{whole} <" if row.least else f"{whole}  ")]


def _regret(plan: Plan, decision: Decision) -> list[RenderableType]:
    rows = regrets(decision)
    if not rows:
        return []
    title = (
        f"Regret in each stress, {plan.currency} m (< smallest of the largest; – not possible)"
    )
    names = [one.name for one in decision.stressed]
    numbers = [f"({i})" for i in range(1, len(names) + 1)]
    legend = "; ".join(f"{i} {name}" for i, name in zip(numbers, names, strict=True))
    wide = grid("Plan", *names, "largest", title=title)
    narrow = grid("Plan", *numbers, "largest", title=title)
    for row in rows:
        for made in (wide, narrow):
            made.add_row(Text(named(row.name)), *_regret_cells(row))
    return [Text(), Fitting([wide], [narrow, Text(legend, style="dim")], _WIDE)]


def _others(plan: Plan, decision: Decision) -> RenderableType:
    slack = number(100 * decision.slack, 1).removesuffix(".0")
    title = (
        f"Other plans, {plan.currency} m: within {slack}% of the plan; without something; with "
        "a rule or layer switched"
    )
    wide = grid_of(short_variants(decision), title)
    narrow = grid_of(short_variants(decision, narrow=True), title)
    return Fitting([wide], [narrow], _WIDE)


def decision_text(plan: Plan, network: Network, decision: Decision) -> list[RenderableType]:
    """Return the page as lines and tables.

    Args:
        plan: The plan.
        network: The network it is a plan of.
        decision: What stands beside the plan.
    """
    currency = plan.currency
    return [
        Text(answer(plan)),
        Text(proof(plan), style="dim"),
        Text(),
        _uses(decision),
        Text(),
        grid_of(
            capital_table(plan, network), f"Uses and sources of capital, {currency} million"
        ),
        *block("What it is worth, and where that ends", _value(plan, decision, network)),
        Text(),
        _others(plan, decision),
        *_regret(plan, decision),
        *block("What must be true", [item(truth.text) for truth in decision.truths]),
        *(Text(note, style="dim") for note in decision.notes),
    ]
