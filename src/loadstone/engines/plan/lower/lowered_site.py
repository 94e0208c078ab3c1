# SPDX-License-Identifier: Apache-2.0
"""Where a lowered site's columns and blocks are, for shared limits and for the result."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.economy import Taxation
from loadstone.engines.plan.lower.power import SiteHours
from loadstone.engines.plan.problem import Label
from loadstone.model.country import Country
from loadstone.model.site import Site

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sold:
    """What a segment earns before tax, per MWh at the plugs, network currency."""

    use: str
    per_mwh: float
    taxation: Taxation


@dataclass(slots=True, eq=False)
class LoweredSite:
    """A site's columns and blocks, for the shared limits and for telling the result.

    Attributes:
        site: The site.
        country: Its country's facts.
        taxation: The tax on what is shared: power, connection, generation.
        amounts: Column of what stands, by asset and phase.
        builds: Column of what is added, by asset and phase, with its unit price.
        opens: Column of opening, by phase; empty where the site is open anyway.
        hours: Its hours, by phase.
        blocks: Index of its block, by phase.
        sold: What each segment earns, by phase.
        pledges: Curtailment by segment name: payment per MWh and the hours of calls.
        quotas: Column of the carbon that it may cause, tonnes, by phase.
    """

    site: Site
    country: Country
    taxation: Taxation
    amounts: dict[tuple[str, int], int] = field(default_factory=dict)
    builds: dict[tuple[str, int], tuple[int, float]] = field(default_factory=dict)
    opens: dict[int, int] = field(default_factory=dict)
    hours: list[SiteHours] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    sold: list[dict[str, Sold]] = field(default_factory=list)
    pledges: list[dict[str, tuple[float, Floats]]] = field(default_factory=list)
    quotas: dict[int, int] = field(default_factory=dict)

    def label(
        self, kind: str, phase: int = -1, asset: str = "", unit: str = "MW", text: str = ""
    ) -> Label:
        """Return what a column or row of the site is about."""
        return Label(
            kind=kind, subject=self.site.id, phase=phase, asset=asset, unit=unit, text=text
        )
