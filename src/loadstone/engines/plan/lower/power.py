# SPDX-License-Identifier: Apache-2.0
"""A site's hours in one phase: what power costs, what it cools, and when a use is forbidden."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.climate import availability, pue
from loadstone.engines.plan.lower.economy import Economy
from loadstone.model.connection import Cut
from loadstone.model.errors import InputError
from loadstone.model.flexibility import Flexibility
from loadstone.model.grid import TimeGrid
from loadstone.model.hall import MINING_HALL, ai_hall
from loadstone.model.network import Network
from loadstone.model.plan import RuleHit
from loadstone.model.site import Clause, Site
from loadstone.model.tariff import PriceSeries, site_card
from loadstone.model.tariff.rate_card import RateCard
from loadstone.model.tariff.terms import EnergyTerm, Term

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

USES = ("mining", "ai")


@dataclass(frozen=True, slots=True, eq=False)
class SiteHours:
    """What the hours of a site-year are like. Arrays have shape (T,).

    Attributes:
        grid: The hours of the phase's first year.
        card: The rate card, in `currency`.
        currency: Currency of the card.
        fx: Worth of one unit of it in the network's currency.
        factor: What energy prices are multiplied by in this phase.
        hall_pue: Hall power over plug power at full load, by kind of hall.
        hall_ready: Share of installed power that can run, by kind of hall.
        first_ai_hall: Kind of AI hall of the first cooling plant that the site names.
        mining_banned, ai_banned: Hours in which a use must stand still.
        carbon: Carbon of a MWh drawn from the grid, tonnes.
        hits: Rules that forbid something in this phase.
    """

    grid: TimeGrid
    card: RateCard
    currency: str
    fx: float
    factor: float
    hall_pue: Mapping[str, Floats]
    hall_ready: Mapping[str, Floats]
    first_ai_hall: str
    mining_banned: Bools
    ai_banned: Bools
    carbon: Floats
    hits: tuple[RuleHit, ...]

    def pue(self, hall: str) -> Floats:
        """Return hall power over plug power at full load in a kind of hall. Shape (T,)."""
        return self.hall_pue[hall]

    def ready(self, hall: str) -> Floats:
        """Return the share of installed power that can run in a kind of hall. Shape (T,)."""
        return self.hall_ready[hall]

    @property
    def mining_pue(self) -> Floats:
        """Power of a mining hall over plug power at full load. Shape (T,)."""
        return self.hall_pue[MINING_HALL]

    @property
    def mining_ready(self) -> Floats:
        """Share of installed miners that can run. Shape (T,)."""
        return self.hall_ready[MINING_HALL]

    @property
    def ai_pue(self) -> Floats:
        """Power of the first kind of AI hall over plug power at full load. Shape (T,)."""
        return self.hall_pue[self.first_ai_hall]

    def price(self, *meters: str) -> Floats:
        """Return the planner's price of energy on meters, network currency/MWh. Shape (T,)."""
        total = np.zeros(self.grid.count)
        for term in self.terms():
            if isinstance(term, EnergyTerm) and term.on in meters:
                scale = self.factor if term.on in ("import", "residual", "export") else 1.0
                total += term.per_mwh * (scale * self.fx)
        return total

    def terms(self) -> tuple[Term, ...]:
        """Return the planner's terms."""
        return self.card.planner_terms()


def site_hours(network: Network, economy: Economy, site: Site, phase: int) -> SiteHours:
    """Return the hours of a site in a phase.

    Raises:
        InputError: A tariff does not fit the series.
    """
    year = network.study.phases[phase].year
    grid = TimeGrid.planning_year(year)
    country = network.facts.countries[site.country]
    zone = country.zones[site.zone]
    prices = {
        name: PriceSeries(currency=series.currency, per_mwh=series.values)
        for name, series in network.prices.items()
    }
    card = site_card(site.supply, grid, prices)
    plants = network.facts.cooling
    dry, wet = network.drybulb_c[site.station].values, network.wetbulb_c[site.station].values
    halls = {MINING_HALL: ("mining", site.mining_cooling)}
    halls |= {ai_hall(plant): ("ai", plant) for plant in site.ai_cooling}
    banned, hits = _banned(network, site, phase, grid, card)
    return SiteHours(
        grid=grid,
        card=card,
        currency=card.currency,
        fx=economy.per(card.currency),
        factor=network.study.outlook.power_factor(site.zone, phase),
        hall_pue={
            hall: np.round(pue(plants[plant], dry, wet), 6)
            for hall, (_, plant) in halls.items()
        },
        hall_ready={
            hall: np.round(
                availability(plants[plant], dry) * economy.cost(f"availability-{use}"), 6
            )
            for hall, (use, plant) in halls.items()
        },
        first_ai_hall=ai_hall(site.ai_cooling[0]),
        mining_banned=banned["mining"],
        ai_banned=banned["ai"],
        carbon=_carbon(network, site, zone.carbon.value) / 1000,
        hits=tuple(hits),
    )


def _carbon(network: Network, site: Site, fact_kg_per_mwh: float) -> Floats:
    series = network.carbon_kg_per_mwh.get(site.zone)
    if series is not None:
        return np.asarray(series.values)
    return np.full(TimeGrid.planning_year(2025).count, fact_kg_per_mwh)


def in_hours(rule: Clause | Cut | Flexibility, grid: TimeGrid, time_zone: str) -> Bools:
    """Return the hours that a rule of months and local hours names. Shape (T,)."""
    mask = np.ones(grid.count, dtype=np.bool_)
    if rule.months:
        mask &= np.isin(grid.local_month(time_zone), rule.months)
    if rule.hours:
        mask &= np.isin(grid.local_hour(time_zone), rule.hours)
    return mask


def _banned(
    network: Network, site: Site, phase: int, grid: TimeGrid, card: RateCard
) -> tuple[dict[str, Bools], list[RuleHit]]:
    """Return when each use must stand still, and the rules that say so."""
    country = network.facts.countries[site.country]
    time_zone = country.zones[site.zone].time_zone
    year = network.study.phases[phase].at
    banned = {use: np.zeros(grid.count, dtype=np.bool_) for use in USES}
    hits: list[RuleHit] = []

    def hold(use: str, mask: Bools, text: str, source: str, confidence: str) -> None:
        if mask.any():
            banned[use] |= mask
            hits.append(
                RuleHit(
                    site=site.id,
                    phase=year,
                    text=text,
                    hours=int(mask.sum()),
                    source=source,
                    confidence=confidence,
                )
            )

    for rule in country.rules:
        mask = rule.bans(
            site.region, off_grid=site.connection.off_grid, grid=grid, time_zone=time_zone
        )
        where = rule.region + (f", {rule.part}" if rule.part else "")
        season = f" from {rule.window.replace('..', ' to ')}" if rule.window else ""
        until = f" until {rule.effective_to}" if rule.effective_to else ""
        text = f"{rule.use} is forbidden in {where}{season}{until}"
        source = network.facts.sources[rule.source].title
        hold(rule.use, mask, text, source, rule.confidence)
    for clause in site.clauses:
        mask = in_hours(clause, grid, time_zone)
        hold(
            clause.use,
            mask,
            f"{clause.use} must stand still by contract",
            clause.source,
            "user",
        )
    for use in USES:
        mask = card.prohibited("mining" if use == "mining" else "ai")
        hold(
            use,
            mask,
            f"{use} is forbidden by the supply contract",
            "supply of the site",
            "user",
        )
    return banned, hits


def check_currency(network: Network, site: Site) -> None:
    """Refuse a site whose money has no rate.

    Raises:
        InputError: No rate for the currency of the site's tariffs.
    """
    for entry in site.supply:
        if entry.currency != network.study.currency and entry.currency not in network.study.fx:
            raise InputError("fx", entry.currency, f"must have a rate, which {site.id} needs")
