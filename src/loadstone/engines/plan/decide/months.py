# SPDX-License-Identifier: Apache-2.0
"""Month by month: what is energised, leased, drawn and mined at one site."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.engines.plan.solution import BlockDispatch
from loadstone.model.decision import Month
from loadstone.model.grid import TimeGrid
from loadstone.model.network import Phase

Floats = NDArray[np.float64]

MONTHS = 12
USES = {
    "leased_drawn_mw": ("lease:",),
    "cloud_mw": ("server:", "promised:ai"),
    "mining_mw": ("miner:", "promised:mining"),
    "hosting_mw": ("hosting:",),
}


def months(
    lowered: Lowered, site: LoweredSite, columns: Floats, hours: Sequence[BlockDispatch]
) -> tuple[Month, ...]:
    """Return the months of a site, phase after phase.

    A phase of several years repeats its year; a half-year phase shows the months of its half.

    Args:
        lowered: The network.
        site: The site.
        columns: The plan.
        hours: Its dispatch, block by block.
    """
    found = []
    for p, phase in enumerate(lowered.network.study.phases):
        year = _year(lowered, site, p, columns, hours)
        found += [
            Month(site=site.site.id, month=f"{y}-{m:02d}", **year[m - 1])
            for y, m in _calendar(phase)
        ]
    return tuple(found)


def _calendar(phase: Phase) -> list[tuple[int, int]]:
    count = round(phase.years * MONTHS)
    first = phase.year * MONTHS + phase.month - 1
    return [((first + k) // MONTHS, (first + k) % MONTHS + 1) for k in range(count)]


def _year(
    lowered: Lowered,
    site: LoweredSite,
    phase: int,
    columns: Floats,
    hours: Sequence[BlockDispatch],
) -> list[dict[str, float]]:
    """Return the mean hour of each month of a phase's year."""
    b = site.blocks[phase]
    block = lowered.problem.blocks[b]
    zone = site.country.zones[site.site.zone].time_zone
    grid: TimeGrid = site.hours[phase].grid
    month = grid.local_month(zone)

    def amount(*assets: str) -> float:
        return sum(
            float(columns[column])
            for (asset, q), column in site.amounts.items()
            if q == phase and asset.startswith(assets)
        )

    energised, firm = amount("connection"), amount("connection")
    firm -= amount("connection_non_firm")
    transformers = site.site.transformers
    if transformers is not None:
        spare = amount("transformer") - transformers.redundancy
        firm = min(firm, max(spare, 0.0) * transformers.unit_mw)
    leased = amount("lease:") * float(site.hours[phase].ai_pue.mean())
    drawn = {
        use: sum(
            (
                hours[b].power[j]
                for j, s in enumerate(block.segments)
                if s.name.startswith(starts)
            ),
            np.zeros(lowered.problem.hours),
        )
        for use, starts in USES.items()
    }
    return [
        {
            "firm_mw": firm,
            "energised_mw": energised,
            "leased_mw": leased,
            **{use: float(mw[month == m].mean()) for use, mw in drawn.items()},
        }
        for m in range(1, MONTHS + 1)
    ]
