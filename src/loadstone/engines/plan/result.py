# SPDX-License-Identifier: Apache-2.0
"""A solution told in the words of the network: builds, site-years, hours, and what limits."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.books import SiteBooks, without_idle_lines
from loadstone.engines.plan.capital import (
    barred,
    capital_years,
    fundings,
    site_gates,
    taken_as_given,
)
from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.engines.plan.lower.supply import GRID
from loadstone.engines.plan.marginals import marginals
from loadstone.engines.plan.offered import offer_results
from loadstone.engines.plan.resting import resting
from loadstone.engines.plan.solution import BlockDispatch, Solution
from loadstone.model.flexibility import available
from loadstone.model.plan import Build, Plan, SiteDispatch, SiteValue, SiteYear, Year
from loadstone.model.tariff.terms import FixedTerm, TakeOrPayTerm

Floats = NDArray[np.float64]

LEAST_BUILD = 1e-6  # in the asset's unit; less is nothing


def site_hours(
    lowered: Lowered, solution: Solution, hours: Sequence[BlockDispatch]
) -> tuple[SiteDispatch, ...]:
    """Return the hours of every site and phase in which something stands or is paid for."""
    found = []
    for site in lowered.sites:
        for p in range(len(site.blocks)):
            if _counts(site, p, solution.columns):
                found.append(site_dispatch(lowered, site, p, hours[site.blocks[p]]))
    return tuple(found)


def _stands(site: LoweredSite, phase: int, columns: Floats) -> bool:
    """Tell whether a site has anything in a phase."""
    return any(
        columns[column] > LEAST_BUILD for (_, q), column in site.amounts.items() if q == phase
    )


def _counts(site: LoweredSite, phase: int, columns: Floats) -> bool:
    """Tell whether a site earns or costs anything: contracts run though nothing may stand."""
    paid = any(
        (isinstance(term, FixedTerm) and term.amount)
        or (
            isinstance(term, TakeOrPayTerm)
            and (term.minimum_mwh * term.shortfall_per_mwh).any()
        )
        for term in site.hours[phase].terms()
    )
    return _stands(site, phase, columns) or (site.site.opening is None and bool(paid))


def site_dispatch(
    lowered: Lowered, site: LoweredSite, phase: int, hours: BlockDispatch
) -> SiteDispatch:
    """Return the hours of one site in one phase."""
    block = lowered.problem.blocks[site.blocks[phase]]
    power = {segment.name: hours.power[j] for j, segment in enumerate(block.segments)}
    nothing = np.zeros(lowered.problem.hours)
    contracts = {name: mw for name, mw in power.items() if name.startswith("ppa:")}
    supply = contracts | {name: mw for name, mw in power.items() if name.startswith("own:")}
    machines: dict[str, Floats] = {}
    for name, mw in power.items():
        if name.startswith(("miner:", "server:", "lease:", "hosting:", "promised:")):
            machine = ":".join(name.split(":")[:2])
            machines[machine] = machines.get(machine, nothing) + mw
    given = site.hours[phase]
    return SiteDispatch(
        site=site.site.id,
        phase=lowered.network.study.phases[phase].at,
        grid_import_mw=sum((power[name] for name in GRID.values() if name in power), nothing)
        + sum(contracts.values(), nothing),
        grid_export_mw=power.get("export", nothing),
        supply_mw=supply,
        solar_mw=power.get("solar", nothing),
        wind_mw=power.get("wind", nothing),
        charge_mw=hours.charge,
        discharge_mw=hours.discharge,
        stored_mwh=hours.stored,
        machine_mw=machines,
        shortage_mw=hours.shortage,
        price=given.price("import", "residual"),
        worth=hours.worth / (1 - site.taxation.relief),
    )


def plan_of(
    lowered: Lowered,
    solution: Solution,
    hours: Sequence[BlockDispatch],
    dispatch: Sequence[SiteDispatch] = (),
    *,
    method: str,
) -> Plan:
    """Return the plan that a solution is.

    Args:
        lowered: The network and its problem.
        solution: What a method found.
        hours: Its dispatch, block by block.
        dispatch: The same by site and phase, where it is known already.
        method: "exact" or "lp".
    """
    study = lowered.network.study
    years = [phase.at for phase in study.phases]
    books = [SiteBooks(lowered, site, solution, hours) for site in lowered.sites]
    site_years = without_idle_lines(
        [
            book.site_year(p)
            for book in books
            for p in range(len(years))
            if _counts(book.site, p, solution.columns)
        ]
    )
    builds = tuple(_builds(lowered, solution.columns))
    return Plan(
        network=study.name,
        status=solution.status,
        method=method,
        objective=solution.objective,
        bound=solution.bound,
        gap=solution.gap,
        currency=study.currency,
        phases=tuple(years),
        builds=builds,
        sites=tuple(_site_value(lowered, book, solution) for book in books),
        site_years=site_years,
        marginals=marginals(lowered, solution),
        offers=offer_results(lowered, solution.columns),
        rules=tuple(hit for site in lowered.sites for given in site.hours for hit in given.hits)
        + barred(lowered),
        capital=capital_years(lowered, solution.columns),
        funding=fundings(lowered, solution.columns),
        gates=site_gates(lowered, solution.columns),
        resting=resting(lowered, tuple(dispatch) or site_hours(lowered, solution, hours)),
        assumptions=_assumptions(lowered, books, solution),
        metrics=_metrics(lowered, builds, site_years),
    )


def _builds(lowered: Lowered, columns: Floats) -> list[Build]:
    found = []
    for site in lowered.sites:
        for (asset, p), built in site.builds.items():
            amount = float(columns[built.column])
            if amount > LEAST_BUILD:
                found.append(
                    Build(
                        site=site.site.id,
                        phase=lowered.network.study.phases[p].at,
                        asset=asset,
                        amount=amount,
                        unit=lowered.problem.columns[built.column].unit,
                        capex=amount * built.unit_price,
                    )
                )
    return sorted(found, key=lambda b: (b.site, b.phase, b.asset))


def _site_value(lowered: Lowered, book: SiteBooks, solution: Solution) -> SiteValue:
    site, years = book.site, [phase.at for phase in lowered.network.study.phases]
    opened: Year | None = None
    for p, year in enumerate(years):
        if opened is None and _stands(site, p, solution.columns):
            opened = year
    return SiteValue(
        id=site.site.id, country=site.site.country, npv=book.value(), opened=opened
    )


def _assumptions(
    lowered: Lowered, books: Sequence[SiteBooks], solution: Solution
) -> tuple[str, ...]:
    """Return what the plan takes for granted, in sentences."""
    study = lowered.network.study
    outlook = study.outlook
    said = [
        "Prices of bitcoin, AI and power and the hashrate of the network are stated, not known "
        f"({outlook.source}, {outlook.date}).",
        *(
            f"Rate of {code}: {rate.value:g} for one {study.currency} ({rate.source}, "
            f"{rate.date})."
            for code, rate in study.fx.items()
        ),
        *(f"Assumed {text}." for _, text in sorted(lowered.economy.assumed.items())),
        *taken_as_given(lowered, solution.columns),
    ]
    for site in lowered.network.sites:
        _, refused = available(site.flexibility, site.response_s)
        said += [f"{site.name}: {sentence}" for sentence in refused]
    for book in books:
        said += book.approximations()
    return tuple(dict.fromkeys(said))


def _metrics(
    lowered: Lowered, builds: Sequence[Build], site_years: Sequence[SiteYear]
) -> Mapping[str, float]:
    """Return totals by name; amounts are those of the last phase."""
    last = lowered.network.study.phases[-1].at
    final = [y for y in site_years if y.phase == last]

    def standing(prefix: str) -> float:
        return sum(
            amount
            for y in final
            for asset, amount in y.capacities.items()
            if asset.startswith(prefix)
        )

    weights = {
        (site.site.id, phase.at): weight
        for site in lowered.sites
        for phase, weight in zip(
            lowered.network.study.phases, site.economy.weights, strict=True
        )
    }
    energy = {
        name: sum(y.energy_mwh.get(name, 0.0) for y in final)
        for name in ("import", "mining", "ai", "auxiliary")
    }
    revenue = {
        name: sum(weights[y.site, y.phase] * y.revenue.get(name, 0.0) for y in site_years)
        for name in (
            *("mining", "ai", "rent", "lease power", "hosting"),
            *("export", "curtailment", "reserve"),
        )
    }
    revenue["lease"] = revenue.pop("rent") + revenue.pop("lease power")
    hashprices = [
        lowered.economy.hashprice(p) for p in range(len(lowered.network.study.phases))
    ]
    return {
        "capex": sum(build.capex for build in builds),
        "connected_mw": standing("connection"),
        "mining_mw": standing("miner:"),
        "ai_mw": standing("server:"),
        "leased_mw": standing("lease:"),
        "hosted_mw": standing("hosting:"),
        "solar_mw": standing("solar"),
        "wind_mw": standing("wind"),
        "battery_mw": standing("battery_power"),
        "battery_mwh": standing("battery_energy"),
        "sites_with_machines": float(
            sum(
                any(
                    a.startswith(("miner:", "server:", "lease:", "hosting:"))
                    and v > LEAST_BUILD
                    for a, v in y.capacities.items()
                )
                for y in final
            )
        ),
        **{f"energy_{name}_mwh": value for name, value in energy.items()},
        **{f"revenue_{name}": value for name, value in revenue.items()},
        "hashprice_first": hashprices[0],
        "hashprice_last": hashprices[-1],
    }
