# SPDX-License-Identifier: Apache-2.0
"""The section of a report on a plan over futures: now, later, and what waiting is worth."""

from collections.abc import Mapping
from html import escape

from loadstone.apps.charts.style import Figure
from loadstone.apps.charts.value.uncertain import frontier_figure, regret_figure
from loadstone.apps.charts.words import money, number, percent
from loadstone.apps.reports.markup import chart, details, paragraph, table
from loadstone.apps.reports.tables import Table, millions
from loadstone.model.plan import phase_name
from loadstone.model.uncertainty import Uncertainty

TITLE = "Now, and only if"
_RULES = 6


def uncertain_figures(found: Uncertainty) -> Mapping[str, Figure]:
    """Return the figures of a plan over futures, by name."""
    figures = {}
    if found.frontier:
        figures["uncertain-frontier"] = frontier_figure(found)
    if sum(bool(one.values) for one in found.strategies) > 1:
        figures["uncertain-regret"] = regret_figure(found)
    return figures


def _headline(found: Uncertainty) -> str:
    worst = percent(found.tail)
    few = found.reduced
    return (
        f"{few.kept} futures stand for {number(few.drawn)}. Over them the plan is worth "
        f"{money(found.mean, found.currency)} on average and "
        f"{money(found.cvar, found.currency)} in the worst {worst}; the worst count "
        f"{percent(found.weight)}."
    )


def _strategies(found: Uncertainty) -> str:
    worst = percent(found.tail)
    rows = tuple(
        (
            one.name, one.text,
            *((millions(one.worth), millions(one.mean), millions(one.cvar)) if one.values
              else ("not possible",) * 3),
            "–" if one.regret is None else millions(one.regret),
        )
        for one in found.strategies
    )  # fmt: skip
    heads = ("Way to plan", "", "Worth", "Mean", f"Worst {worst}", "Most regret")
    return table(
        Table(columns=heads, numeric=(False, False, True, True, True, True), rows=rows),
        dense=True,
    )


def _nodes(found: Uncertainty) -> str:
    rows = tuple(
        (
            phase_name(node.phase), percent(node.probability),
            "; ".join(node.conditions) or "always",
            millions(sum(build.capex for build in node.builds)),
        )
        for node in found.nodes
    )  # fmt: skip
    heads = ("Phase", "Probability", "Seen until then", f"Capital, {found.currency} m")
    return table(
        Table(columns=heads, numeric=(False, True, False, True), rows=rows), dense=True
    )


def _worths(found: Uncertainty) -> list[str]:
    currency = found.currency
    said = (
        (found.recourse, "Deciding later what can wait adds {}."),
        (found.waiting, "Building nothing in the first phase would add {}."),
        (found.outlook_plan, "Planning over futures adds {} to planning for the outlook."),
        (found.perfect_information, "Knowing the future would add {} to the mean, at most."),
    )
    return [text.format(money(value, currency)) for value, text in said if value is not None]


def _fresh(found: Uncertainty) -> str:
    """Return the same decisions in futures that no plan has seen."""
    if not found.fresh:
        return ""
    rows = tuple(
        (
            one.name, number(one.futures), millions(one.mean), millions(one.error),
            millions(one.cvar), number(one.broken) if one.broken else "",
        )
        for one in found.fresh
    )  # fmt: skip
    heads = ("Way to plan", "Futures", "Mean", "Standard error of it",
             f"Worst {percent(found.tail)}", "Not possible in")  # fmt: skip
    whole = Table(columns=heads, numeric=(False, *[True] * 5), rows=rows)
    return "<h3>In futures that no plan has seen</h3>" + table(whole, dense=True)


def _list(lines: list[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines if line)
    return f"<ul>{items}</ul>" if items else ""


def uncertain_section(found: Uncertainty) -> str:
    """Return the section, without its title."""
    figures = uncertain_figures(found)
    charts = "".join(
        chart(name, label) + paragraph(about, "read")
        for name, label, about in (
            ("uncertain-frontier", "Return against risk",
             "Each point of the line is the best plan for a weight of the worst futures: to "
             "the right it is safer, above it earns more on average."),
            ("uncertain-regret", "Regret by future",
             "What each way to plan is worth less than the best for that future alone, or than "
             "the best shown where that is not known. White loses nothing."),
        )
        if name in figures
    )  # fmt: skip
    rules = list(found.rules)
    more = details(f"{len(rules) - _RULES} more", _list(rules[_RULES:]))
    reduced = found.reduced
    return (
        paragraph(_headline(found), "lead")
        + charts
        + (_strategies(found) if len(found.strategies) > 1 else "")
        + _list(_worths(found))
        + ("<h3>Built later, by what is seen</h3>" if rules else "")
        + _list(rules[:_RULES])
        + (more if len(rules) > _RULES else "")
        + details("All decisions", _nodes(found))
        + _fresh(found)
        + paragraph(
            f"The {reduced.kept} futures leave {percent(reduced.lost)} of the spread of the "
            f"{number(reduced.drawn)} untold. No plan over them is worth more than "
            f"{money(found.bound, found.currency)} (gap {found.gap:.1e}).", "quiet",
        )
        + _list(list(found.notes))
    )  # fmt: skip
