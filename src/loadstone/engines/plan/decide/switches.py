# SPDX-License-Identifier: Apache-2.0
"""Networks with a rule or a layer of a lease switched off, to see what it is worth."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from loadstone.model.gate import Gate
from loadstone.model.hall import StandingHall
from loadstone.model.network import Network
from loadstone.model.offer import Lease
from loadstone.model.plan import Plan, Year
from loadstone.model.site import Site

Switched = tuple[str, str, Network]
JULY = 7


def without_firmness(network: Network) -> Switched:
    """Return the network in which AI may exceed what is firm, with its name and text."""
    return (
        "without the firmness rule",
        "AI may exceed firm connection and backup; the difference is what the rule costs.",
        replace(network, study=replace(network.study, firmness=False)),
    )


def without_layers(network: Network, plan: Plan) -> Iterator[Switched]:
    """Yield the network without each layer that miners fill around the leases of a plan."""
    begins = {
        offer.id: offer.from_phase
        for offer in plan.offers
        if offer.kind == "lease" and offer.taken and offer.from_phase is not None
    }
    leases = [lease for lease in network.offers.leases if lease.id in begins]
    first: dict[str, Year] = {}
    for lease in leases:
        first[lease.site] = min(first.get(lease.site, begins[lease.id]), begins[lease.id])
    yield (
        "no mining before the halls",
        "No miners run before the tenant comes; those that stand are gone, new ones may come.",
        _with_sites(network, {s: _later_miners(network, s, at) for s, at in first.items()}),
    )
    changed = {s.id: _without_reserve(s) for s in network.sites if s.id in first}
    idle = {id_: site for id_, site in changed.items() if site is not None}
    if idle:
        yield (
            "N-1 reserve idle",
            "The utility lets nothing use the spare transformer.",
            _with_sites(network, idle),
        )
    if any(lease.undrawn_usable for lease in leases):
        yield (
            "undrawn lease idle",
            "What tenants reserve and do not draw stays empty.",
            _with_leases(network, [replace(one, undrawn_usable=False) for one in leases]),
        )
    yield "without the lease", "No hall is leased.", _with_leases(network, [])


def _later_miners(network: Network, site_id: str, at: Year) -> Site:
    """Return a site whose miners come only from a phase on."""
    site = next(s for s in network.sites if s.id == site_id)
    miners = [s for s in site.standing if s.model in network.facts.miners]
    halls = site.halls
    if miners:
        mw, built = sum(s.mw for s in miners), min(s.installed for s in miners)
        halls = (*halls, StandingHall(kind="mining_hall", mw=mw, built=built))
    gate = Gate(
        kind="permit",
        uses=("mining",),
        opens=date(int(at), 1 if at == int(at) else JULY, 1),
        source="a question: what is mining before the halls worth?",
    )
    standing = tuple(s for s in site.standing if s not in miners)
    return replace(site, standing=standing, halls=halls, gates=(*site.gates, gate))


def _without_reserve(site: Site) -> Site | None:
    """Return a site whose spare transformers stand idle; None where they cannot."""
    units = site.transformers
    if units is None or not units.reserve_usable:
        return None
    units = replace(units, reserve_usable=False)
    if site.connection.exists_mw > units.carries_mw:  # what is connected already needs them
        return None
    return replace(site, transformers=units)


def _with_sites(network: Network, changed: dict[str, Site]) -> Network:
    sites = tuple(changed.get(site.id, site) for site in network.sites)
    return replace(network, sites=sites)


def _with_leases(network: Network, leases: list[Lease]) -> Network:
    return replace(network, offers=replace(network.offers, leases=tuple(leases)))
