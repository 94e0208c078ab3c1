# SPDX-License-Identifier: Apache-2.0
"""Which other plans a committee asks for: most or least of something, or without it."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.alternatives import Direction
from loadstone.engines.plan.decide.counts import country_mw
from loadstone.engines.plan.decide.stress import DONE
from loadstone.engines.plan.held import Restriction
from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.problem import Label

Floats = NDArray[np.float64]

MINING = ("miner:", "hosting:")
AI = ("server:", "lease:")
DECISIONS = frozenset({"build", "open", "offer"})


def directions_of(lowered: Lowered, columns: Floats) -> tuple[Direction, ...]:
    """Return of what a plan may have most or least.

    Args:
        lowered: The network.
        columns: Its best plan, whose largest country is meant. Shape (C,).
    """
    by_country = country_mw(lowered, columns)
    largest = max(by_country, key=lambda code: by_country[code])
    home = {site.site.id: site.site.country for site in lowered.sites}
    name = lowered.network.facts.countries[largest].name
    capital = _prices(lowered)
    found = [
        Direction(
            name="most mining",
            text="Most own and hosted miners, mean of all years.",
            unit="MW",
            weights=_mean(lowered, MINING),
        ),
        Direction(
            name="most AI",
            text="Most own servers and leased halls, mean of all years.",
            unit="MW",
            weights=_mean(lowered, AI),
        ),
        Direction(
            name="least capital",
            text="Least capital in all phases.",
            unit=lowered.problem.currency,
            weights=capital,
            largest=False,
        ),
    ]
    opens = _chosen(lowered, lambda label: label.kind == "open")
    if opens.any():
        found.append(
            Direction(
                name="fewest sites",
                text="Fewest sites that open; those that operate stay.",
                unit="1",
                weights=opens,
                largest=False,
            )
        )
    if len(set(home.values())) > 1:
        found.append(
            Direction(
                name=f"least in {name}",
                text=f"Least connection in {name}, mean of all years.",
                unit="MW",
                weights=_mean(lowered, ("connection",), country=largest),
                largest=False,
            )
        )
    return tuple(one for one in found if one.weights.any())


def restrictions_of(lowered: Lowered, columns: Floats) -> tuple[Restriction, ...]:
    """Return what a plan may go without; what stands today stays.

    Args:
        lowered: The network.
        columns: Its best plan, whose first builds may wait. Shape (C,).
    """
    labels = lowered.problem.columns
    phases = lowered.network.study.phases
    made = [labels[c].phase for c in np.flatnonzero(columns > DONE) if _decides(labels[c])]
    first = min(made, default=0)
    found = (
        Restriction(
            name="AI only",
            text="No new miners, own or hosted.",
            columns=np.flatnonzero(_of(lowered, MINING)),
        ),
        Restriction(
            name="mine only",
            text="No new servers and no leased halls.",
            columns=np.flatnonzero(_of(lowered, AI)),
        ),
        Restriction(
            name="wait",
            text=f"Nothing is built or accepted up to {phases[first].at:g}.",
            columns=np.flatnonzero(
                _chosen(lowered, lambda label: _decides(label) and label.phase <= first)
            ),
        ),
    )
    return tuple(one for one in found if one.columns.size)


def _decides(label: Label) -> bool:
    return label.kind in DECISIONS


def _of(lowered: Lowered, assets: tuple[str, ...]) -> Floats:
    """Return 1 for the columns by which new machines or tenants of these kinds come."""
    return _chosen(
        lowered,
        lambda label: (
            label.asset.startswith(assets)
            and (_decides(label) or (label.kind == "amount" and label.asset[:2] == "ho"))
        ),
    )


def _chosen(lowered: Lowered, chosen: Callable[[Label], bool]) -> Floats:
    return np.array([float(chosen(label)) for label in lowered.problem.columns])


def _mean(lowered: Lowered, assets: tuple[str, ...], country: str = "") -> Floats:
    """Return the share of all years for which each column of what stands counts."""
    phases = lowered.network.study.phases
    years = sum(phase.years for phase in phases)
    weights = np.zeros(len(lowered.problem.columns))
    for site in lowered.sites:
        if country and site.site.country != country:
            continue
        for (asset, p), column in site.amounts.items():
            if asset.startswith(assets):
                weights[column] = phases[p].years / years
    return weights


def _prices(lowered: Lowered) -> Floats:
    """Return what a unit of each column that is built costs to buy."""
    weights = np.zeros(len(lowered.problem.columns))
    for site in lowered.sites:
        for made in site.builds.values():
            weights[made.column] = made.unit_price
    return weights
