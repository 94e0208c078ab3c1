# SPDX-License-Identifier: Apache-2.0
"""The summary for a terminal."""

from collections import defaultdict

from rich.console import Group, RenderableType
from rich.table import Table as Grid
from rich.text import Text

from loadstone.apps.charts.standing import power_of, total
from loadstone.apps.charts.words import (
    asset_name,
    country_name,
    money,
    number,
    use_of,
)
from loadstone.apps.reports.decision import decision_text
from loadstone.apps.reports.grids import block, grid, item
from loadstone.apps.reports.sentences import STATUS, headline, proof, resting_words
from loadstone.apps.reports.tables import amount_of, binding, is_trace, rules
from loadstone.model.decision import Decision
from loadstone.model.network import Network
from loadstone.model.plan import Plan, phase_name

_SHOWN, _FEW, _ASSUMPTIONS_SHOWN = 5, 3, 4


def _by_phase(plan: Plan) -> Grid:
    made = grid(
        "Phase", "connected MW", "mining MW", "AI MW", "sites run", "capex",
        title="What stands, by phase",
    )  # fmt: skip
    for phase in plan.phases:
        years = [year for year in plan.site_years if year.phase == phase]
        power = total(power_of(year) for year in years)
        spent = sum(build.capex for build in plan.builds if build.phase == phase)
        made.add_row(
            phase_name(phase), number(power.connected_mw), number(power.mining_mw),
            number(power.ai_mw), str(sum(not power_of(year).idle for year in years)),
            money(spent, plan.currency),
        )  # fmt: skip
    return made


def _by_country(plan: Plan, network: Network) -> Grid:
    made = grid(
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
        made.add_row(
            country_name(code, network.facts), str(len(sites[code])),
            number(row["connection"]), number(row["mining"]), number(row["ai"]),
            money(row["capex"], plan.currency),
        )  # fmt: skip
    return made


def _first_steps(plan: Plan, network: Network) -> list[Text]:
    """Return what is built in the first phase in which anything is."""
    first = min((build.phase for build in plan.builds), default=None)
    names = {site.id: site.name for site in network.sites}
    by_site: dict[str, list[str]] = defaultdict(list)
    for build in plan.builds:
        if build.phase == first and build.asset != "site" and not is_trace(build):
            name = asset_name(build.asset, network.facts)
            by_site[build.site].append(f"{name} {amount_of(build)}")
    return [item(f"{names[site]}: {', '.join(parts)}") for site, parts in by_site.items()]


def _evidence(plan: Plan, network: Network, most: int) -> list[RenderableType]:
    """Return what limits the plan, which rules bit and what it rests on."""
    found = rules(plan, network).rows
    told = [
        item(f"{text} ({where}; {sure} confidence)" if sure != "user"
             else f"{text} ({where}; the user's)")
        for text, where, _, _, _, sure in found
    ]  # fmt: skip
    resting = [item(resting_words(one)) for one in plan.resting]
    assumptions = [item(text) for text in plan.assumptions]
    return [
        *block("What limits the plan", [item(m.text) for m in binding(plan)], most),
        *block("Rules that bit", told, most),
        *block("What it rests on", resting),
        *block("Assumptions", assumptions, min(most, _ASSUMPTIONS_SHOWN)),
    ]


def summary_text(
    plan: Plan, network: Network, decision: Decision | None = None
) -> RenderableType:
    """Return the answer for a terminal, ready for `rich.console.Console.print`.

    Args:
        plan: The plan.
        network: The network it is a plan of.
        decision: What stands beside the plan; None where nobody looked.
    """
    head = Text(f"{network.study.name}: {STATUS[plan.status]}", style="bold")
    if decision is not None:
        return Group(
            head, *decision_text(plan, network, decision), *_evidence(plan, network, _FEW)
        )
    first = min((build.phase for build in plan.builds), default=0)
    return Group(
        head,
        Text(headline(plan)),
        Text(proof(plan)),
        Text(),
        _by_phase(plan),
        Text(),
        _by_country(plan, network),
        *block(f"What to build first, in {phase_name(first)}", _first_steps(plan, network), 12),
        *_evidence(plan, network, _SHOWN),
    )
