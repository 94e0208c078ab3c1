# SPDX-License-Identifier: Apache-2.0
"""One site in one phase as cash needs it: its books, its hours, and the months they lie in."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lower.power import SiteHours, site_hours
from loadstone.engines.value.operating.timeline import EVEN
from loadstone.model.finance.terms import MONTHS
from loadstone.model.hall import AIR_HALL, LIQUID_HALL, ai_hall
from loadstone.model.machine import Server
from loadstone.model.network import Network
from loadstone.model.plan import SiteDispatch, SiteYear
from loadstone.model.site import Site
from loadstone.model.tariff import Load

Floats = NDArray[np.float64]
USES: Mapping[str, str] = {
    "miner": "mining",
    "server": "ai",
    "lease": "lease",
    "hosting": "hosting",
    "promised": "promised",
}
"""Use of a machine by the first part of its name."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteTime:
    """A site-year with its hours.

    Attributes:
        network: The network.
        economy: Prices where it is.
        site: The site.
        phase: Index of the phase.
        books: What stands and what a year of it brings.
        dispatch: Its hours.
        hours: What the hours are like.
        month: Month of the year of each hour, from 0, local. Shape (T,).
    """

    network: Network
    economy: Economy
    site: Site
    phase: int
    books: SiteYear
    dispatch: SiteDispatch
    hours: SiteHours
    month: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        *,
        network: Network,
        economy: Economy,
        site: Site,
        phase: int,
        books: SiteYear,
        dispatch: SiteDispatch,
    ) -> "SiteTime":
        """Return a site-year.

        Args:
            network: The network.
            economy: Prices of the network.
            site: The site.
            phase: Index of the phase.
            books: Of the plan.
            dispatch: Of the plan.
        """
        here = economy.of(site.country)
        hours = site_hours(network, here, site, phase)
        zone = network.facts.countries[site.country].zones[site.zone].time_zone
        return cls(
            network=network,
            economy=here,
            site=site,
            phase=phase,
            books=books,
            dispatch=dispatch,
            hours=hours,
            month=hours.grid.local_month(zone) - 1,
        )

    def by_month(self, weights: Floats, otherwise: Floats = EVEN) -> Floats:
        """Return sums of hours by month of the year over their total. Shape (12,).

        Args:
            weights: What each hour counts. Shape (T,).
            otherwise: Taken where the hours sum to nothing, or cancel each other out.
        """
        sums = np.bincount(self.month, weights=weights, minlength=MONTHS)
        total = sums.sum()
        if abs(total) <= 1e-9 * np.abs(sums).sum() or total == 0:
            return otherwise
        return np.asarray(sums / total)

    def drawn(self) -> dict[str, Floats]:
        """Return power at the bus by use: cooling goes with what it cools. Shapes (T,)."""
        found: dict[str, Floats] = {}
        for name, mw in self.dispatch.machine_mw.items():
            use = USES[name.partition(":")[0]]
            found[use] = found.get(use, np.zeros(len(mw))) + mw
        return found

    def load(self) -> Load:
        """Return what the meters of the site say."""
        nothing = np.zeros(self.hours.grid.count)
        given, drawn = self.dispatch, self.drawn()

        def parts(prefix: str) -> dict[str, Floats]:
            return {
                name.removeprefix(prefix): np.maximum(mw, 0.0)
                for name, mw in given.supply_mw.items()
                if name.startswith(prefix)
            }

        promised = {
            use: sum(
                (mw for n, mw in given.machine_mw.items() if n.startswith(f"promised:{use}")),
                nothing,
            )
            for use in ("mining", "ai")
        }
        ppa = parts("ppa:")
        capacities = self.books.capacities
        connected = ("connection", "connection_non_firm")
        return Load(
            grid=self.hours.grid,
            # kept to a float of single precision in files: contracts are a part of the import
            import_mw=np.maximum(given.grid_import_mw, sum(ppa.values(), nothing)),
            export_mw=np.maximum(given.grid_export_mw, 0.0),
            mining_mw=_sum(drawn, "mining", "hosting", nothing) + promised["mining"],
            ai_mw=_sum(drawn, "ai", "lease", nothing) + promised["ai"],
            auxiliary_mw=nothing,
            ppa_mw=ppa,
            own_mw=parts("own:"),
            contracted_mw=sum(capacities.get(asset, 0.0) for asset in connected),
        )

    def server_hall(self, server: Server) -> str:
        """Return the kind of hall that a server stands in, as the planner places it."""
        halls = [ai_hall(plant) for plant in self.site.ai_cooling]
        if server.cooling == "air" and AIR_HALL in halls:
            return AIR_HALL
        return LIQUID_HALL if LIQUID_HALL in halls else halls[0]


def _sum(drawn: Mapping[str, Floats], first: str, second: str, nothing: Floats) -> Floats:
    return np.maximum(drawn.get(first, nothing) + drawn.get(second, nothing), 0.0)
