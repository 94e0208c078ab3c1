# SPDX-License-Identifier: Apache-2.0
"""What stands where and when: MW by site, phase and use, taken from a plan."""

from collections.abc import Iterable
from dataclasses import dataclass

from loadstone.apps.charts.words import use_of
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteYear, Year


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Power at one site in one phase.

    Attributes:
        connected_mw: Grid connection, MW at the meter.
        mining_mw: Miners, MW at their plugs.
        ai_mw: AI servers, MW at their plugs.
    """

    connected_mw: float
    mining_mw: float
    ai_mw: float

    @property
    def idle(self) -> bool:
        """Whether no machines stand there."""
        return self.mining_mw + self.ai_mw <= 0

    @property
    def size_mw(self) -> float:
        """The larger of connection and machines: what the site is known by, MW."""
        return max(self.connected_mw, self.mining_mw + self.ai_mw)


def power_of(year: SiteYear) -> Power:
    """Return the power of one site in one phase."""
    by_use = {"mining": 0.0, "ai": 0.0, "": 0.0}
    for asset, amount in year.capacities.items():
        by_use[use_of(asset)] += amount
    connected = year.capacities.get("connection", 0.0)
    return Power(connected_mw=connected, mining_mw=by_use["mining"], ai_mw=by_use["ai"])


def total(powers: Iterable[Power]) -> Power:
    """Return the sum of some powers."""
    rows = tuple(powers)
    return Power(
        connected_mw=sum(row.connected_mw for row in rows),
        mining_mw=sum(row.mining_mw for row in rows),
        ai_mw=sum(row.ai_mw for row in rows),
    )


def last_years(plan: Plan) -> dict[str, SiteYear]:
    """Return the last phase of each site that is open, by site."""
    return {year.site: year for year in sorted(plan.site_years, key=lambda year: year.phase)}


def names_of(network: Network) -> dict[str, str]:
    """Return what people call each site, by id."""
    return {site.id: site.name or site.id for site in network.sites}


def horizon(network: Network) -> dict[Year, float]:
    """Return the years that each phase stands for, by its year."""
    return {phase.at: phase.years for phase in network.study.phases}
