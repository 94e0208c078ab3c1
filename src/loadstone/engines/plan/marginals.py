# SPDX-License-Identifier: Apache-2.0
"""What limits a plan: the prices of its limits, in words."""

from collections.abc import Iterator

from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.problem import Label
from loadstone.engines.plan.solution import Solution
from loadstone.model.plan import Marginal

SHARED = ("budget", "country_cap", "zone_cap", "ai_demand", "carbon_cap")
OWN_LIMITS = {
    "connection": "grid connection",
    "mining_hall": "room for miners",
    "ai_hall": "room for AI servers",
    "solar": "room for solar",
    "wind": "room for wind",
    "battery_power": "battery power",
    "battery_energy": "battery energy",
}
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
    worth = [m for m in found if m.value > (1e-3 if m.kind == "budget" else least)]
    return tuple(
        sorted(worth, key=lambda m: (m.kind != "budget", -m.value, m.subject, m.phase))
    )


def _year(lowered: Lowered, label: Label) -> int:
    return lowered.network.study.phases[label.phase].year if label.phase >= 0 else 0


def _shared(lowered: Lowered, solution: Solution) -> Iterator[Marginal]:
    currency = lowered.problem.currency
    for label, price in zip(lowered.problem.rows, solution.row_price, strict=True):
        if label.kind not in SHARED or price <= 0:
            continue
        year = _year(lowered, label)
        when = f" in {year}" if year and label.kind != "budget" else ""
        one = f"One more {label.unit} of " + (label.text or label.subject)
        yield Marginal(
            kind=label.kind,
            subject=label.subject,
            phase=year,
            value=float(price),
            unit=label.unit,
            text=f"{one}{when} is worth {price:,.3g} {currency} over the whole plan."
            if label.kind == "budget"
            else f"{one}{when} is worth {price:,.0f} {currency} over the whole plan.",
        )


def _own(lowered: Lowered, solution: Solution) -> Iterator[Marginal]:
    """Yield the limits of single sites: gates of those that open, bounds of the others."""
    problem = lowered.problem
    names = {site.site.id: site.site.name for site in lowered.sites}

    def told(label: Label, price: float) -> Marginal:
        year = _year(lowered, label)
        what = OWN_LIMITS[label.asset]
        return Marginal(
            kind=label.asset,
            subject=label.subject,
            phase=year,
            value=price,
            unit=label.unit,
            text=f"One more {label.unit} of {what} at {names[label.subject]} in {year} is worth "
            f"{price:,.0f} {problem.currency} over the whole plan.",
        )

    # the price of a gate that stays shut says nothing: one more unit there needs an opening
    standing = {
        (site.site.id, asset, p)
        for site in lowered.sites
        for (asset, p), column in site.amounts.items()
        if solution.columns[column] > BINDING
    }
    for label, price in zip(problem.rows, solution.row_price, strict=True):
        stands = (label.subject, label.asset, label.phase) in standing
        if label.kind == "limit" and label.asset in OWN_LIMITS and price > 0 and stands:
            yield told(label, float(price))
    for c, label in enumerate(problem.columns):
        price = float(solution.column_price[c])
        at_most = solution.columns[c] >= problem.upper[c] - BINDING
        if label.kind == "amount" and label.asset in OWN_LIMITS and at_most and price > 0:
            yield told(label, price)
