# SPDX-License-Identifier: Apache-2.0
"""A plan over futures for a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from loadstone.apps.charts.words import money, number, percent
from loadstone.apps.reports.grids import block, grid, item
from loadstone.model.uncertainty import Strategy, Uncertainty

MILLION = 1e6
MOST_RULES = 8


def uncertainty_text(found: Uncertainty) -> RenderableType:
    """Return what is decided over futures, and what it is worth."""
    parts: list[RenderableType] = [Text(line) for line in _head(found)]
    parts += block("Built later, by what is seen", [item(r) for r in found.rules], MOST_RULES)
    if len(found.strategies) > 1:
        parts += [Text(), _strategies(found)]
    if found.frontier:
        parts += [Text(), _frontier(found)]
    parts += [Text(line) for line in _worths(found)]
    if found.fresh:
        parts += [Text(), _fresh(found)]
    parts += block("What this leaves out", [item(note) for note in found.notes])
    return Group(*parts)


def _head(found: Uncertainty) -> list[str]:
    few, worst = found.reduced, percent(found.tail)
    stated = f"{few.kept} futures stand for {few.drawn}"
    counts = f"the worst {worst} count {percent(found.weight)}, the mean the rest"
    if not found.weight:
        counts = "the mean alone counts"
    return [
        f"Over futures: {stated}, which leaves {percent(few.lost)} of their spread untold; "
        f"{counts}.",
        f"Worth {money(found.objective, found.currency)} by that, at most "
        f"{money(found.bound, found.currency)} (gap {found.gap:.1e}): mean "
        f"{money(found.mean, found.currency)}, mean of the worst {worst} "
        f"{money(found.cvar, found.currency)}.",
        *_proven(found),
        "Above stands the branch that is followed where the outlook comes true.",
    ]


def _proven(found: Uncertainty) -> list[str]:
    if found.proven_bound is None:
        return []
    again = money(found.proven_bound, found.currency)
    return [f"Computed again from prices alone, no plan is worth more than {again}."]


def _strategies(found: Uncertainty) -> Grid:
    title = f"Ways to plan, {found.currency} m"
    made = grid("", "worth", "mean", f"worst {percent(found.tail)}", "most regret", title=title)
    for one in found.strategies:
        made.add_row(one.name, *(_millions(value) for value in _numbers(one)))
    return made


def _numbers(one: Strategy) -> tuple[float | None, ...]:
    return one.worth, one.mean, one.cvar, one.regret


def _millions(value: float | None) -> str:
    return "-" if value is None else number(value / MILLION, 1)


def _frontier(found: Uncertainty) -> Grid:
    title = f"Return against risk, {found.currency} m"
    heads = ("weight", "mean", f"worst {percent(found.tail)}", "built now")
    made = grid(*heads, title=title)
    for point in found.frontier:
        numbers = (_millions(value) for value in (point.mean, point.cvar, point.now))
        made.add_row(percent(point.weight), *numbers)
    return made


def _waiting(found: Uncertainty) -> tuple[float | None, str]:
    """Return what building nothing in the first phase adds or costs, and the words for it."""
    value = found.waiting
    word = "costs" if value is not None and value < 0 else "adds"
    return value and abs(value), f"Building nothing in the first phase {word} {{}}."


def _worths(found: Uncertainty) -> list[str]:
    currency, lines = found.currency, []
    said = (
        (found.recourse, "Deciding later what can wait is worth {}."),
        _waiting(found),
        (found.outlook_plan, "Planning over futures is worth {} more than for the outlook."),
        (found.perfect_information, "Knowing the future would add {} to the mean, at most."),
    )
    for value, text in said:
        if value is not None:
            lines.append(text.format(money(value, currency)))
    return ["", *lines] if lines else []


def _fresh(found: Uncertainty) -> Grid:
    title = f"The same decisions in fresh futures, {found.currency} m"
    heads = (
        "",
        "futures",
        "mean",
        "\N{PLUS-MINUS SIGN}",
        f"worst {percent(found.tail)}",
        "broken",
    )
    made = grid(*heads, title=title)
    for one in found.fresh:
        numbers = (_millions(value) for value in (one.mean, one.error, one.cvar))
        made.add_row(one.name, number(one.futures), *numbers, number(one.broken))
    return made
