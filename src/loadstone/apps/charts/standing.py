# SPDX-License-Identifier: Apache-2.0
"""What stands where and when: MW by site, phase and use, taken from a plan."""

from collections.abc import Iterable
from dataclasses import dataclass

from loadstone.apps.charts.words import number, use_of
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteYear, Year

LEAST_MW = 1e-3  # a kilowatt: less stands nowhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """Power at one site in one phase.

    Attributes:
        connected_mw: Grid connection, firm or not, MW at the meter.
        mining_mw: Miners, MW at their plugs.
        ai_mw: AI servers, MW at their plugs.
        hosted_mw: Miners of others, a part of `mining_mw`.
        leased_mw: Halls leased to tenants, a part of `ai_mw`.
    """

    connected_mw: float
    mining_mw: float
    ai_mw: float
    hosted_mw: float = 0.0
    leased_mw: float = 0.0

    @property
    def idle(self) -> bool:
        """Whether no machines stand there."""
        return self.mining_mw + self.ai_mw < LEAST_MW

    @property
    def size_mw(self) -> float:
        """The larger of connection and machines: what the site is known by, MW."""
        return max(self.connected_mw, self.mining_mw + self.ai_mw)


def power_of(year: SiteYear) -> Power:
    """Return the power of one site in one phase."""
    by_use = {"mining": 0.0, "ai": 0.0, "": 0.0}
    for asset, amount in year.capacities.items():
        by_use[use_of(asset)] += amount
    return Power(
        connected_mw=_starting(year, "connection"),
        mining_mw=by_use["mining"],
        ai_mw=by_use["ai"],
        hosted_mw=_starting(year, "hosting:"),
        leased_mw=_starting(year, "lease:"),
    )


def _starting(year: SiteYear, prefix: str) -> float:
    return sum(mw for asset, mw in year.capacities.items() if asset.startswith(prefix))


def of_others(power: Power) -> str:
    """Return what of a site's machines belongs to others, in words that follow a list."""
    parts = []
    if power.hosted_mw:
        parts.append(f"{number(power.hosted_mw, 1)} MW hosted")
    if power.leased_mw:
        parts.append(f"{number(power.leased_mw, 1)} MW leased to tenants")
    return f" (of which {' and '.join(parts)})" if parts else ""


def total(powers: Iterable[Power]) -> Power:
    """Return the sum of some powers."""
    rows = tuple(powers)
    return Power(
        connected_mw=sum(row.connected_mw for row in rows),
        mining_mw=sum(row.mining_mw for row in rows),
        ai_mw=sum(row.ai_mw for row in rows),
        hosted_mw=sum(row.hosted_mw for row in rows),
        leased_mw=sum(row.leased_mw for row in rows),
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
