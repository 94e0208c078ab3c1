# SPDX-License-Identifier: Apache-2.0
"""Uses and sources of capital by year, and the assumptions that weigh most on it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from loadstone.apps.charts.words import asset_name, figures, money
from loadstone.apps.reports.tables import Table, millions
from loadstone.model.network import Network
from loadstone.model.plan import Plan, Year
from loadstone.model.source import Fact

OWN_FUNDS = "Own funds"
# what a committee tells apart, in this order
_GROUPS = {
    "Connection, transformers": ("connection", "transformer"),
    "Mining halls": ("mining_hall",),
    "AI halls, conversions": ("ai_hall", "conversion"),
    "Miners": ("miner",),
    "AI servers": ("server",),
    "Own power, storage": ("solar", "wind", "battery", "backup"),
}
_OTHER = "Opening sites, other"
_COSTS = {
    "mining_hall": "mining-site-air",
    "ai_hall": "ai-hall-air",
    "conversion:ai_hall_air": "conversion-ai-air",
    "conversion:ai_hall_liquid": "conversion-ai-liquid",
}
_LEAST = 0.5  # of the currency: less is no money
_ROUNDING = 1e3  # what sums of investors may differ by


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """An assumed price and what its range does to the capital of the plan.

    Attributes:
        text: The assumption in a sentence.
        swing: Capital at the high end of the range less that at the low end.
    """

    text: str
    swing: float


def group_of(asset: str) -> str:
    """Return what kind of capital an asset is."""
    for group, starts in _GROUPS.items():
        if asset.startswith(starts):
            return group
    return _OTHER


def capital_uses(plan: Plan) -> dict[str, dict[Year, float]]:
    """Return what is paid by kind and phase, network currency; kinds with none are left out.

    A plan that does not tell when it is paid is taken to pay when it builds.
    """
    found: dict[str, dict[Year, float]] = {
        group: defaultdict(float) for group in (*_GROUPS, _OTHER)
    }
    if plan.capital:
        for year in plan.capital:
            for asset, amount in year.by_asset.items():
                found[group_of(asset)][year.phase] += amount
    else:
        for build in plan.builds:
            found[group_of(build.asset)][build.phase] += build.capex
    return {group: row for group, row in found.items() if sum(row.values()) > _LEAST}


def capital_sources(plan: Plan, network: Network) -> dict[str, dict[Year, float]]:
    """Return who pays by phase, network currency; what no investor gives are own funds."""
    names = {one.id: one.name or one.id for one in network.study.investors}
    left: dict[Year, float] = defaultdict(float)
    for row in capital_uses(plan).values():
        for phase, amount in row.items():
            left[phase] += amount
    found: dict[str, dict[Year, float]] = defaultdict(lambda: defaultdict(float))
    for given in plan.funding:
        found[names.get(given.investor, given.investor)][given.phase] += given.amount
        left[given.phase] -= given.amount
    own = {phase: amount for phase, amount in left.items() if abs(amount) > _ROUNDING}
    return {**found, OWN_FUNDS: own} if own or not found else dict(found)


def _by_year(row: Mapping[Year, float]) -> dict[int, float]:
    found: dict[int, float] = defaultdict(float)
    for phase, amount in row.items():
        found[int(phase)] += amount
    return found


def capital_table(plan: Plan, network: Network) -> Table:
    """Return uses and sources of capital by calendar year, millions."""
    uses = {name: _by_year(row) for name, row in capital_uses(plan).items()}
    sources = {name: _by_year(row) for name, row in capital_sources(plan, network).items()}
    years = sorted({*map(int, plan.phases), *(year for row in uses.values() for year in row)})

    def cells(name: str, row: Mapping[int, float]) -> tuple[str, ...]:
        amounts = [row.get(year, 0.0) for year in years]
        return name, *(millions(amount) for amount in amounts), millions(sum(amounts))

    whole = {year: sum(row.get(year, 0.0) for row in uses.values()) for year in years}
    return Table(
        columns=(f"{plan.currency} m", *map(str, years), "All"),
        numeric=(False, *[True] * (len(years) + 1)),
        rows=(
            ("Uses",),
            *(cells(name, row) for name, row in uses.items()),
            ("Sources",),
            *(cells(name, row) for name, row in sources.items()),
        ),
        totals=cells("Total", whole),
    )


def _price(asset: str, network: Network) -> Fact | None:
    """Return the fact that an asset's price is taken from; None where the user says it."""
    facts = network.facts
    kind, _, rest = asset.partition(":")
    model = rest.partition(":")[0]
    if kind == "miner" and model in facts.miners:
        return facts.miners[model].price
    if kind == "server" and model in facts.servers:
        return facts.servers[model].price
    key = _COSTS.get(asset, asset.replace("_", "-"))
    return None if key in network.study.costs else facts.costs.get(key)


def weightiest(plan: Plan, network: Network, most: int = 3) -> tuple[Weight, ...]:
    """Return the assumed prices whose ranges move the capital of the plan most.

    Args:
        plan: The plan.
        network: Its network, for the facts.
        most: How many.
    """
    spent: dict[str, float] = defaultdict(float)
    for build in plan.builds:
        spent[build.asset] += build.capex
    found = []
    for asset, capex in spent.items():
        fact = _price(asset, network)
        if fact is None or fact.low is None or fact.high is None or not fact.value:
            continue
        less, more = capex * (1 - fact.low / fact.value), capex * (fact.high / fact.value - 1)
        text = (
            f"{asset_name(asset, network.facts)} at {figures(fact.value)} {fact.unit}, chosen "
            f"from {figures(fact.low)} to {figures(fact.high)}: capital from "
            f"{money(-less, plan.currency)} to +{money(more, plan.currency)}"
        )
        found.append(Weight(text=text, swing=less + more))
    return tuple(sorted(found, key=lambda weight: -weight.swing)[:most])
