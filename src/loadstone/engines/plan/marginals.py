# SPDX-License-Identifier: Apache-2.0
"""What limits a plan: the prices of its limits, in words."""

from collections.abc import Iterator

import numpy as np

from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.problem import Label, Problem
from loadstone.engines.plan.solution import Solution
from loadstone.model.plan import Marginal, Year, phase_name

MONEY = ("budget", "investor")
SHARED = (*MONEY, "country_cap", "zone_cap", "ai_demand", "carbon_cap", "hosting")
SITE_ROWS = ("firmness", "energised", "transformer")
OWN_LIMITS = {
    "connection": "grid connection",
    "connection_non_firm": "non-firm grid connection",
    "backup": "room for backup",
    "mining_hall": "room for miners",
    "ai_hall": "room for AI servers",
    "solar": "room for solar",
    "wind": "room for wind",
    "battery_power": "battery power",
    "battery_energy": "battery energy",
}
HALL_OF = {
    "miner": "mining_hall",
    "hosting": "mining_hall",
    "server": "ai_hall",
    "ai_hall_air": "ai_hall",
    "ai_hall_liquid": "ai_hall",
}
HALLS = {"mining_hall": "mining_mw", "ai_hall": "ai_mw"}
LEAST_SHARE = 1e-7  # of the objective: a limit worth less a unit is not worth a line
BINDING = 1e-6


def marginals(lowered: Lowered, solution: Solution) -> tuple[Marginal, ...]:
    """Return the limits that bind, dearest first.

    Whole numbers are held as the plan has them: opening another site is not a unit more.

    Args:
        lowered: The network and its problem.
        solution: A solution with the prices of its rows and columns.
    """
    least = LEAST_SHARE * abs(solution.objective)
    found = [m for m in (*_shared(lowered, solution), *_own(lowered, solution))]
    worth = [m for m in found if m.value > (1e-3 if m.kind in MONEY else least)]
    return tuple(
        sorted(worth, key=lambda m: (m.kind not in MONEY, -m.value, m.subject, m.phase))
    )


def _year(lowered: Lowered, label: Label) -> Year:
    return lowered.network.study.phases[label.phase].at if label.phase >= 0 else 0


def _shared(lowered: Lowered, solution: Solution) -> Iterator[Marginal]:
    currency = lowered.problem.currency
    for label, price in zip(lowered.problem.rows, solution.row_price, strict=True):
        if label.kind not in SHARED + SITE_ROWS or price <= 0:
            continue
        year = _year(lowered, label)
        when = f" in {phase_name(year)}" if year and label.kind != "budget" else ""
        one = f"One more {label.unit} of " + (label.text or label.subject)
        yield Marginal(
            kind=label.kind,
            subject=label.subject,
            phase=year,
            value=float(price),
            unit=label.unit,
            text=f"{one}{when} is worth {price:,.3g} {currency} over the whole plan."
            if label.kind in MONEY
            else f"{one}{when} is worth {price:,.0f} {currency} over the whole plan.",
        )


def _own(lowered: Lowered, solution: Solution) -> Iterator[Marginal]:
    """Yield the limits of single sites, phase by phase.

    One limit bounds several columns: what stands, what is added, the machines in a hall. Where
    they bind together its price may lie on any of them, so it is their sum.
    """
    sites = {site.site.id: site for site in lowered.sites}
    worth: dict[tuple[str, str, int], float] = {}
    for label, price in _binding(lowered.problem, solution):
        site = sites[label.subject]
        kind = HALL_OF.get(label.asset.split(":")[0], label.asset)
        boundless = kind in HALLS and getattr(site.site.limits, HALLS[kind]) is None
        if (label.kind == "grid" and kind not in OWN_LIMITS) or boundless:
            kind = "connection"  # it is what bounds them
        column = site.amounts.get((label.asset, label.phase))
        # the price of a gate that stays shut says nothing: one more unit needs an opening
        shut = column is not None and solution.columns[column] <= BINDING
        if kind in OWN_LIMITS and not shut:
            key = (label.subject, kind, label.phase)
            worth[key] = worth.get(key, 0.0) + price
    for (subject, kind, phase), price in worth.items():
        year = lowered.network.study.phases[phase].at
        unit = "MWh" if kind == "battery_energy" else "MW"
        where = f"{OWN_LIMITS[kind]} at {sites[subject].site.name} in {phase_name(year)}"
        yield Marginal(
            kind=kind,
            subject=subject,
            phase=year,
            value=price,
            unit=unit,
            text=f"One more {unit} of {where} is worth {price:,.0f} {lowered.problem.currency} "
            "over the whole plan.",
        )


def _binding(problem: Problem, solution: Solution) -> Iterator[tuple[Label, float]]:
    """Yield the gates and bounds of sites that have a price, with it."""
    for label, price in zip(problem.rows, solution.row_price, strict=True):
        if label.kind == "limit" and price > 0:
            yield label, float(price)
    full = solution.columns >= problem.upper - BINDING
    for c in np.flatnonzero(full & (solution.column_price > 0)):
        label = problem.columns[c]
        given = problem.lower[c] == problem.upper[c]  # it stands already: no limit of machines
        if label.kind in {"amount", "build", "grid"} and not (given and ":" in label.asset):
            yield label, float(solution.column_price[c])
