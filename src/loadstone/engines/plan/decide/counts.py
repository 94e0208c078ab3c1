# SPDX-License-Identifier: Apache-2.0
"""Plans in a few numbers: power by use and year, by country, and what is contracted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower import Lowered
from loadstone.model.decision import CountryRow, Kind, UseYear, Variant
from loadstone.model.grid import HOURS_PER_YEAR
from loadstone.model.plan import Build, Plan, SiteYear

Floats = NDArray[np.float64]

LEAST_MW = 1e-3  # a kilowatt: less stands nowhere
KINDS = {
    "connected_mw": ("connection",),
    "mining_mw": ("miner:",),
    "ai_mw": ("server:",),
    "leased_mw": ("lease:",),
    "hosted_mw": ("hosting:",),
}
CONTRACTED = ("rent", "lease power", "hosting")
POWER_COSTS = ("energy", "demand", "connection", "levies", "take_or_pay", "fixed", "carbon")


def standing(year: SiteYear) -> dict[str, float]:
    """Return what stands at a site in a phase by kind, MW."""
    return {
        kind: sum(mw for asset, mw in year.capacities.items() if asset.startswith(starts))
        for kind, starts in KINDS.items()
    }


def amounts_at_end(lowered: Lowered, columns: Floats) -> dict[str, dict[str, float]]:
    """Return what stands in the last phase by site and kind, MW."""
    last = len(lowered.network.study.phases) - 1
    found: dict[str, dict[str, float]] = {}
    for site in lowered.sites:
        found[site.site.id] = {
            kind: sum(
                float(columns[column])
                for (asset, p), column in site.amounts.items()
                if p == last and asset.startswith(starts)
            )
            for kind, starts in KINDS.items()
        }
    return found


def builds_of(lowered: Lowered, columns: Floats) -> tuple[Build, ...]:
    """Return what columns build, in the order of sites, phases and assets."""
    phases = lowered.network.study.phases
    found = [
        Build(
            site=site.site.id,
            phase=phases[p].at,
            asset=asset,
            amount=float(columns[made.column]),
            unit=lowered.problem.columns[made.column].unit,
            capex=float(columns[made.column]) * made.unit_price,
        )
        for site in lowered.sites
        for (asset, p), made in site.builds.items()
        if columns[made.column] > LEAST_MW
    ]
    return tuple(sorted(found, key=lambda b: (b.site, b.phase, b.asset)))


def country_mw(lowered: Lowered, columns: Floats) -> dict[str, float]:
    """Return the connection of the last phase by country, MW."""
    at_end = amounts_at_end(lowered, columns)
    found: dict[str, float] = {}
    for site in lowered.sites:
        code = site.site.country
        found[code] = found.get(code, 0.0) + at_end[site.site.id]["connected_mw"]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the numbers of a plan do not say; fields as in `Variant`."""

    name: str
    kind: Kind
    text: str
    value: float
    bound: float
    amount: float | None = None
    amount_bound: float | None = None
    unit: str = ""


def count_of(lowered: Lowered, columns: Floats, told: Told, largest: str = "") -> Variant:
    """Return a plan in a few numbers.

    Args:
        lowered: The network.
        columns: The plan.
        told: What the numbers do not say.
        largest: Country whose connection is told; "" for the largest of this plan.
    """
    at_end = amounts_at_end(lowered, columns)
    totals = {kind: sum(one[kind] for one in at_end.values()) for kind in KINDS}
    used = ("mining_mw", "ai_mw", "leased_mw", "hosted_mw")
    by_country = country_mw(lowered, columns)
    largest = largest or max(by_country, key=lambda code: by_country[code])
    builds = builds_of(lowered, columns)
    return Variant(
        name=told.name,
        kind=told.kind,
        text=told.text,
        value=told.value,
        bound=told.bound,
        amount=told.amount,
        amount_bound=told.amount_bound,
        unit=told.unit,
        connected_mw=totals["connected_mw"],
        mining_mw=totals["mining_mw"],
        ai_mw=totals["ai_mw"],
        leased_mw=totals["leased_mw"],
        hosted_mw=totals["hosted_mw"],
        sites=sum(any(one[kind] > LEAST_MW for kind in used) for one in at_end.values()),
        capex=sum(build.capex for build in builds),
        largest_country=largest,
        largest_country_mw=by_country.get(largest, 0.0),
        builds=builds,
    )


def uses(plan: Plan) -> tuple[UseYear, ...]:
    """Return the power of a mean hour by use, phase by phase."""
    found = []
    for phase in plan.phases:
        years = [year for year in plan.site_years if year.phase == phase]
        sums = [standing(year) for year in years]
        found.append(
            UseYear(
                phase=phase,
                energised_mw=sum(one["connected_mw"] for one in sums),
                leased_mw=sum(one["leased_mw"] for one in sums),
                leased_drawn_mw=_mean(years, "lease power"),
                cloud_mw=_mean(years, "ai"),
                mining_mw=_mean(years, "mining"),
                hosting_mw=_mean(years, "hosting"),
            )
        )
    return tuple(found)


def _mean(years: Sequence[SiteYear], line: str) -> float:
    return sum(year.energy_mwh.get(line, 0.0) for year in years) / HOURS_PER_YEAR


def countries(lowered: Lowered, plan: Plan) -> tuple[CountryRow, ...]:
    """Return each country of a network in a plan, most value first."""
    home = {site.site.id: site.site.country for site in lowered.sites}
    rates = {site.site.country: site.economy.rate for site in lowered.sites}
    rows = []
    for code in sorted(set(home.values())):
        years = [
            year
            for year in plan.site_years
            if home[year.site] == code and year.phase == plan.phases[-1]
        ]
        totals = {kind: sum(standing(year)[kind] for year in years) for kind in KINDS}
        energy = sum(year.energy_mwh.get("import", 0.0) for year in years)
        paid = sum(year.cost.get(name, 0.0) for year in years for name in POWER_COSTS)
        rows.append(
            CountryRow(
                code=code,
                value=sum(site.npv for site in plan.sites if site.country == code),
                capex=sum(b.capex for b in plan.builds if home[b.site] == code),
                energy_mwh=energy,
                power_cost=paid / energy if energy > 1.0 else None,
                revenue=sum(sum(year.revenue.values()) for year in years),
                discount_rate=rates[code],
                **totals,
            )
        )
    return tuple(sorted(rows, key=lambda row: -row.value))


def contracted_share(lowered: Lowered, plan: Plan, contract_ai: Mapping[str, float]) -> float:
    """Return the part of the discounted revenue that contracts promise, 0 to 1.

    Args:
        lowered: The network.
        plan: The plan.
        contract_ai: Yearly revenue of AI under contract, by "site/phase".
    """
    economy = {site.site.id: site.economy for site in lowered.sites}
    place = {phase: p for p, phase in enumerate(plan.phases)}
    promised = total = 0.0
    for year in plan.site_years:
        weight = economy[year.site].weights[place[year.phase]]
        lines = sum(year.revenue.get(name, 0.0) for name in CONTRACTED)
        lines += contract_ai.get(f"{year.site}/{year.phase}", 0.0)
        promised += weight * lines
        total += weight * sum(year.revenue.values())
    return promised / total if total > 0 else 0.0
