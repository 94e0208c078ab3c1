# SPDX-License-Identifier: Apache-2.0
"""What capital a plan asks for and who gives it, and the gates that it waits for."""

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.lower.eligibility import held_back
from loadstone.engines.plan.lower.funding import MILLION
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.model.gate import Gate
from loadstone.model.plan import CapitalYear, Funding, RuleHit, SiteGate

Floats = NDArray[np.float64]

LEAST_UNITS = 1e-6  # in an asset's unit; less is nothing
LEAST_MONEY = 1.0  # of the currency


def capital_years(lowered: Lowered, columns: Floats) -> tuple[CapitalYear, ...]:
    """Return what is paid in each phase, by kind of asset.

    Args:
        lowered: The network and its problem.
        columns: The columns of the solution. Shape (C,).
    """
    phases = lowered.network.study.phases
    paid: list[dict[str, float]] = [{} for _ in phases]
    for site in lowered.sites:
        for (asset, built), one in site.builds.items():
            amount, kind = float(columns[one.column]), asset.partition(":")[0]
            for p, per_unit in one.spent(built) if amount > LEAST_UNITS else ():
                if per_unit:
                    paid[p][kind] = paid[p].get(kind, 0.0) + per_unit * amount
    return tuple(
        CapitalYear(phase=phase.at, by_asset=dict(sorted(row.items())))
        for phase, row in zip(phases, paid, strict=True)
    )


def fundings(lowered: Lowered, columns: Floats) -> tuple[Funding, ...]:
    """Return what each investor gives, by country and phase."""
    phases = lowered.network.study.phases
    return tuple(
        Funding(
            investor=investor,
            country=country,
            phase=phases[p].at,
            amount=float(columns[column]) * MILLION,
        )
        for (investor, country, p), column in lowered.funds.items()
        if columns[column] * MILLION > LEAST_MONEY
    )


def site_gates(lowered: Lowered, columns: Floats) -> tuple[SiteGate, ...]:
    """Return the gates of all sites, and whether the plan builds what they hold back."""
    return tuple(
        SiteGate(
            site=site.site.id,
            kind=gate.kind,
            uses=gate.uses,
            opens="" if gate.opens is None else str(gate.opens),
            probability=gate.probability,
            used=any(gate_of(site, gate, asset) for asset in _new(site, columns)),
            text=f"{site.site.name}: {gate.text}",
            source=gate.source,
        )
        for site in lowered.sites
        for gate in site.site.gates
    )


def _new(site: LoweredSite, columns: Floats) -> set[str]:
    """Return the assets that a plan adds at a site, and the offers that it takes there."""
    built = {
        asset for (asset, _), one in site.builds.items() if columns[one.column] > LEAST_UNITS
    }
    return built | {
        asset
        for (asset, _), column in site.amounts.items()
        if asset.startswith(("lease:", "hosting:")) and columns[column] > LEAST_UNITS
    }


def gate_of(site: LoweredSite, gate: Gate, asset: str) -> bool:
    """Tell whether an asset would be held back by a gate that never opened."""
    return gate in held_back(site, asset, None)


def barred(lowered: Lowered) -> tuple[RuleHit, ...]:
    """Return the gates and rows of eligibility that keep something from being built."""
    return tuple(hit for site in lowered.sites for hit in site.barred)


def taken_as_given(lowered: Lowered, columns: Floats) -> list[str]:
    """Return the probabilities that the plan does not weigh by, in sentences."""
    unsure = [
        (gate.probability, gate.text)
        for gate in site_gates(lowered, columns)
        if gate.used and gate.probability < 1
    ]
    if not unsure:
        return []
    probability, text = min(unsure)
    return [
        "What sites wait for is taken to come on its day. "
        f"{len(unsure)} of what the plan waits for may not come at all, which its value does "
        f"not weigh. Least likely: {text} ({probability:.0%})."
    ]
