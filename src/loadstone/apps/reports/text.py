# SPDX-License-Identifier: Apache-2.0
"""The summary for a terminal."""

from collections import defaultdict

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from loadstone.apps.charts.standing import power_of, total
from loadstone.apps.charts.words import asset_name, country_name, money, number, phase_name, use_of
from loadstone.apps.reports.sentences import STATUS, headline, proof, resting_words
from loadstone.apps.reports.tables import amount_of, binding, is_trace, rules
from loadstone.model.network import Network
from loadstone.model.plan import Plan

_LIMITS_SHOWN, _RULES_SHOWN, _ASSUMPTIONS_SHOWN = 5, 5, 4


def _grid(*heads: str, title: str) -> Grid:
    """Return an empty table; the first column is text, the others are numbers."""
    grid = Grid(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD,
        show_edge=False, pad_edge=False,
    )  # fmt: skip
    for i, head in enumerate(heads):
        grid.add_column(head, justify="right" if i else "left", no_wrap=i > 0)
    return grid


def _by_phase(plan: Plan) -> Grid:
    grid = _grid(
        "Phase", "connected MW", "mining MW", "AI MW", "sites run", "capex",
        title="What stands, by phase",
    )  # fmt: skip
    for phase in plan.phases:
        years = [year for year in plan.site_years if year.phase == phase]
        power = total(power_of(year) for year in years)
        spent = sum(build.capex for build in plan.builds if build.phase == phase)
        grid.add_row(
            phase_name(phase), number(power.connected_mw), number(power.mining_mw),
            number(power.ai_mw), str(sum(not power_of(year).idle for year in years)),
            money(spent, plan.currency),
        )  # fmt: skip
    return grid


def _by_country(plan: Plan, network: Network) -> Grid:
    grid = _grid(
        "Country", "sites", "connection MW", "miners MW", "AI servers MW", "capex",
        title="What is added, by country",
    )  # fmt: skip
    country = {site.id: site.country for site in network.sites}
    sums: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    sites: dict[str, set[str]] = defaultdict(set)
    for build in plan.builds:
        code = country[build.site]
        sites[code].add(build.site)
        sums[code]["capex"] += build.capex
        sums[code][use_of(build.asset) or build.asset] += build.amount
    for code in sorted(sums, key=lambda code: -sums[code]["capex"]):
        row = sums[code]
        grid.add_row(
            country_name(code, network.facts), str(len(sites[code])),
            number(row["connection"]), number(row["mining"]), number(row["ai"]),
            money(row["capex"], plan.currency),
        )  # fmt: skip
    return grid


def _first_steps(plan: Plan, network: Network) -> list[Text]:
    """Return what is built in the first phase in which anything is."""
    first = min((build.phase for build in plan.builds), default=None)
    names = {site.id: site.name for site in network.sites}
    by_site: dict[str, list[str]] = defaultdict(list)
    for build in plan.builds:
        if build.phase == first and build.asset != "site" and not is_trace(build):
            name = asset_name(build.asset, network.facts)
            by_site[build.site].append(f"{name} {amount_of(build)}")
    return [_item(f"{names[site]}: {', '.join(parts)}") for site, parts in by_site.items()]


def _item(text: str) -> Text:
    return Text(f"- {text}")


def _block(title: str, items: list[Text], most: int | None = None) -> list[RenderableType]:
    """Return a title and some items, with how many are left out."""
    if not items:
        return []
    shown = items[:most]
    left = len(items) - len(shown)
    more = [Text(f"  and {left} more in the report", style="dim")] if left else []
    return [Text(), Text(title, style="bold"), *shown, *more]


def summary_text(plan: Plan, network: Network) -> RenderableType:
    """Return the answer for a terminal, ready for `rich.console.Console.print`.

    Args:
        plan: The plan.
        network: The network it is a plan of.
    """
    found = rules(plan, network).rows
    first = min((build.phase for build in plan.builds), default=0)
    return Group(
        Text(f"{network.study.name}: {STATUS[plan.status]}", style="bold"),
        Text(headline(plan)),
        Text(proof(plan)),
        Text(),
        _by_phase(plan),
        Text(),
        _by_country(plan, network),
        *_block(f"What to build first, in {phase_name(first)}", _first_steps(plan, network), 12),
        *_block("What limits the plan", [_item(m.text) for m in binding(plan)], _LIMITS_SHOWN),
        *_block(
            "Rules that bit",
            [_item(f"{text} ({where}; {sure} confidence)" if sure != "user"
                   else f"{text} ({where}; the user's)")
             for text, where, _, _, _, sure in found],
            _RULES_SHOWN,
        ),
        *_block("What it rests on", [_item(resting_words(r)) for r in plan.resting]),
        *_block("Assumptions", [_item(text) for text in plan.assumptions], _ASSUMPTIONS_SHOWN),
    )  # fmt: skip
