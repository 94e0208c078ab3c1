# SPDX-License-Identifier: Apache-2.0
"""What may happen in a future, lowered to numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, log

from loadstone.model.futures.terms import Futures
from loadstone.model.network import Network
from loadstone.model.site import Site

TRANSFORMER = "lead-transformer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event: something that comes at a rate, or a connection that comes late.

    Attributes:
        name: As in `Paths`.
        rate: How often a year; 0 for a delay.
        lead_years: Stated lead of a connection, years.
        scale: Median of its time over the lead.
        spread: Standard deviation of the time's logarithm.
        together: Part of the variance that is shared with `group`.
        group: Sites that are late together.
    """

    name: str
    rate: float = 0.0
    lead_years: float = 0.0
    scale: float = 1.0
    spread: float = 0.0
    together: float = 0.0
    group: str = ""


def happenings(futures: Futures, network: Network) -> tuple[Happening, ...]:
    """Return all that may happen."""
    return (*_delays(futures, network), *_bans(futures), *_defaults(futures, network))


def _delays(futures: Futures, network: Network) -> Iterator[Happening]:
    delay = futures.delay
    if delay is None:
        return
    for site in network.sites:
        lead = lead_years(site, network)
        if lead > 0:
            yield Happening(
                name=f"delay:{site.id}",
                lead_years=lead,
                scale=1 + delay.overrun,
                spread=delay.spread,
                together=delay.together,
                group=site.country,
            )


def lead_years(site: Site, network: Network) -> float:
    """Return the time from the decision to the first new MW of a site, years.

    The slower of connection and transformers; 0 where nothing new may be connected.
    """
    connection, decided = site.connection, network.study.decided_at
    if connection.most_mw <= connection.exists_mw:
        return 0.0
    lead = connection.ready(decided) - decided
    transformers = site.transformers
    if transformers is not None and transformers.standing < transformers.max_units:
        stated = transformers.lead_time_years
        lead = max(lead, cost_of(network, TRANSFORMER) if stated is None else stated)
    return max(lead, 0.0)


def cost_of(network: Network, id_: str) -> float:
    """Return a cost that the network states, or else the facts; 0 where neither does."""
    stated = network.study.costs.get(id_)
    if stated is not None:
        return stated.value
    fact = network.facts.costs.get(id_)
    return 0.0 if fact is None else fact.value


def _bans(futures: Futures) -> Iterator[Happening]:
    for hazard in futures.hazards:
        for kind, chance in (
            ("mining_ban", hazard.mining_ban),
            ("expropriation", hazard.expropriation),
        ):
            if chance:
                yield Happening(name=f"{kind}:{hazard.country}", rate=rate_of(chance))


def _defaults(futures: Futures, network: Network) -> Iterator[Happening]:
    if futures.default is None:
        return
    for lease in network.offers.leases:
        chance = futures.default.chance(lease.credit)
        if chance:
            yield Happening(name=f"default:{lease.id}", rate=rate_of(chance))


def rate_of(chance: float) -> float:
    """Return how often a year something comes whose chance a year is given."""
    return -log(1 - chance) if chance < 1 else inf
