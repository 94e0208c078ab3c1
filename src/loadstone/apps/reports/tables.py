# SPDX-License-Identifier: Apache-2.0
"""Results as rows, once for the page and the terminal."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from loadstone.apps.charts.standing import names_of, power_of
from loadstone.apps.charts.words import (
    asset_name,
    country_name,
    money,
    number,
    percent,
)
from loadstone.model.network import Network
from loadstone.model.plan import Build, Marginal, Plan, RuleHit, SiteYear, Year, phase_name

_MINING, _AI = ("mining", "hosting"), ("ai", "rent", "lease power")
_POWER_COSTS = ("energy", "demand", "connection", "take_or_pay", "fuel")
_LEVIES = ("levies", "carbon")
_TAXES = ("tax", "vat")
_LEAST_AMOUNT = 0.005  # in the unit of the asset; less is a trace, told in the workbook only
_LEAST_SHOWN = 0.05
_LIMITS = {
    "connection": "Grid connection",
    "mining_hall": "Room for miners",
    "ai_hall": "Room for AI servers",
    "battery_power": "Battery power",
    "battery_energy": "Battery energy",
    "budget": "Budget",
    "country_cap": "Cap of a country",
    "zone_cap": "Cap of a zone",
    "ai_demand": "Demand for AI",
    "carbon_cap": "Cap on carbon",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows for people.

    Attributes:
        columns: Heads, with their units.
        numeric: Whether each column holds numbers, which stand to the right.
        rows: Cells; a row with one cell is a heading of the rows below it.
        totals: Cells of the last row; empty for none.
    """

    columns: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...] = ()


def added(build: Build, network: Network) -> str:
    """Return one addition in words."""
    name = asset_name(build.asset, network.facts)
    if build.unit == "1":
        return name if build.amount == 1 else f"{name} × {number(build.amount)}"
    return f"{name} {amount_of(build)}"


def amount_of(build: Build) -> str:
    """Return the size of an addition, e.g. "12.5 MW"."""
    small = build.amount < _LEAST_SHOWN
    amount = "under 0.1" if small else number(build.amount, 1).removesuffix(".0")
    return amount if build.unit == "1" else f"{amount} {build.unit}"


def is_trace(build: Build) -> bool:
    """Return whether an addition is too small to be told to people."""
    return build.amount < _LEAST_AMOUNT


def builds_by_country(plan: Plan, network: Network) -> Table:
    """Return what is added where and when, grouped by country."""
    places = {site.id: site for site in network.sites}
    groups: dict[str, dict[tuple[str, Year], list[Build]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for build in plan.builds:
        if is_trace(build):
            continue
        place = places[build.site]
        groups[place.country][place.name, build.phase].append(build)
    rows: list[tuple[str, ...]] = []
    for code, group in sorted(groups.items()):
        spent = sum(build.capex for builds in group.values() for build in builds)
        name = country_name(code, network.facts)
        rows.append((f"{name}: {money(spent, plan.currency)}",))
        for (site, phase), builds in sorted(group.items()):
            what = " · ".join(added(build, network) for build in builds)
            rows.append((site, phase_name(phase), what, millions(sum(b.capex for b in builds))))
    return Table(
        columns=("Site", "Year", "What is added", f"Capex, {plan.currency} m"),
        numeric=(False, False, False, True), rows=tuple(rows),
        totals=("Everything", "", "", millions(sum(build.capex for build in plan.builds))),
    )  # fmt: skip


def millions(value: float) -> str:
    """Return money in millions; what is too small to show but not 0 reads so."""
    if 0 < abs(value) < 5e4:
        return "~0"
    return number(value / 1e6, 1) if value else "–"


def left_over(year: SiteYear) -> float:
    """Return what a year leaves after all costs and the charge for capital."""
    return sum(year.revenue.values()) - sum(year.cost.values()) - year.annuity


def _economics(year: SiteYear) -> tuple[float, ...]:
    power = power_of(year)
    mining = sum(year.revenue.get(name, 0.0) for name in _MINING)
    ai = sum(year.revenue.get(name, 0.0) for name in _AI)
    other = sum(v for name, v in year.revenue.items() if name not in (*_MINING, *_AI))
    bought = sum(year.cost.get(name, 0.0) for name in _POWER_COSTS)
    levies = sum(year.cost.get(name, 0.0) for name in _LEVIES)
    tax = sum(year.cost.get(name, 0.0) for name in _TAXES)
    return (
        power.connected_mw, power.mining_mw, power.ai_mw, mining, ai, other, bought, levies,
        sum(year.cost.values()) - bought - levies - tax, tax, year.annuity, left_over(year),
    )  # fmt: skip


def _economics_cells(values: Iterable[float]) -> list[str]:
    return [
        (number(value) if value else "–") if i < 3 else millions(value)
        for i, value in enumerate(values)
    ]


def economics(plan: Plan, network: Network, phase: Year) -> Table:
    """Return a year of each open site in money, the most valuable site first."""
    names = names_of(network)
    worth = {site.id: site.npv for site in plan.sites}
    years = [year for year in plan.site_years if year.phase == phase]
    years.sort(key=lambda year: -worth.get(year.site, 0.0))
    values = [(*_economics(year), worth.get(year.site, 0.0)) for year in years]
    totals = [sum(column) for column in zip(*values, strict=True)] if values else [0.0] * 13
    return Table(
        columns=(
            "Site", "Grid", "Mining", "AI", "Mining", "AI", "Other", "Power", "Levies", "Other",
            "Tax", "Capital", "Left over", "Value, all years",
        ),
        numeric=(False, *[True] * 13),
        rows=tuple(
            (names.get(year.site, year.site), *_economics_cells(row))
            for year, row in zip(years, values, strict=True)
        ),
        totals=("All open sites", *_economics_cells(totals)),
    )  # fmt: skip


def limit_name(marginal: Marginal) -> str:
    """Return what kind of limit it is."""
    return _LIMITS.get(marginal.kind, marginal.kind.replace("_", " ").capitalize())


def binding(plan: Plan) -> tuple[Marginal, ...]:
    """Return the limits that people can act on: those of sites that never open are left out."""
    shut = {site.id for site in plan.sites if site.opened is None}
    return tuple(marginal for marginal in plan.marginals if marginal.subject not in shut)


def limits(plan: Plan) -> Table:
    """Return what limits the plan, in words, in the plan's order."""
    return Table(
        columns=("Limit", "In words", "Value of one more"), numeric=(False, False, True),
        rows=tuple(
            (limit_name(m), m.text, f"{money(m.value, plan.currency)} / {m.unit}")
            for m in binding(plan)
        ),
    )  # fmt: skip


def source_text(key: str, network: Network) -> str:
    """Return a source with its address, by key or title, or the words where it is neither."""
    titles = {source.title: source for source in network.facts.sources.values()}
    source = network.facts.sources.get(key) or titles.get(key)
    if source is None:
        return key
    address = f", {source.address}" if source.address else ""
    return f"{source.title}. {source.publisher}{address}; read {source.read}"


def offers(plan: Plan, network: Network) -> Table:
    """Return what became of each offer, those taken first."""
    names = names_of(network)
    found = sorted(plan.offers, key=lambda one: (not one.taken, one.kind, one.id, one.site))
    return Table(
        columns=("Offer", "Kind", "Site", "Taken", "From", "MW", "Terms, or why not"),
        numeric=(False, False, False, False, False, True, False),
        rows=tuple(
            (
                one.id, one.kind, names.get(one.site, one.site), "yes" if one.taken else "no",
                "" if one.from_phase is None else phase_name(one.from_phase),
                number(one.mw, 1), one.text,
            )
            for one in found
        ),
    )  # fmt: skip


def gates(plan: Plan, network: Network) -> Table:
    """Return what sites wait for: first what the plan builds on, the least likely first."""
    names = names_of(network)
    found = sorted(plan.gates, key=lambda one: (not one.used, one.probability, one.site))
    return Table(
        columns=("Site", "What", "Holds back", "Expected", "Likely", "Built on", "In words",
                 "Who says so"),
        numeric=(False, False, False, True, True, False, False, False),
        rows=tuple(
            (
                names.get(one.site, one.site), one.kind, ", ".join(one.uses),
                one.opens or "never", percent(one.probability), "yes" if one.used else "no",
                one.text, source_text(one.source, network),
            )
            for one in found
        ),
    )  # fmt: skip


def _range(values: Iterable[Year]) -> str:
    found = sorted(set(values))
    if len(found) < 2:
        return "".join(phase_name(value) for value in found)
    return f"{phase_name(found[0])} to {phase_name(found[-1])}"


def rules(plan: Plan, network: Network) -> Table:
    """Return each rule once, with the sites, phases and hours in which it bit."""
    names = names_of(network)
    groups: dict[tuple[str, str, str], list[RuleHit]] = defaultdict(list)
    for hit in plan.rules:
        groups[hit.text, hit.source, hit.confidence].append(hit)
    rows = []
    for (text, source, confidence), hits in groups.items():
        sites = sorted({names.get(hit.site, hit.site) for hit in hits})
        hours = "–".join(
            f"{h:,}" for h in sorted({min(h.hours for h in hits), max(h.hours for h in hits)})
        )
        rows.append(
            (
                f"{text[:1].upper()}{text[1:]}", ", ".join(sites),
                _range(hit.phase for hit in hits), hours,
                source_text(source, network), confidence,
            )
        )  # fmt: skip
    rows.sort(key=lambda row: row[1])
    return Table(
        columns=("Rule", "Where", "Years", "Hours a year", "Where it is written", "How sure"),
        numeric=(False, False, False, True, False, False), rows=tuple(rows),
    )  # fmt: skip
