# SPDX-License-Identifier: Apache-2.0
"""Whether halls and offers fit the sites that they are for."""

from collections.abc import Iterator

from loadstone.model.connection import in_years
from loadstone.model.errors import InputError
from loadstone.model.hall import MINING_HALL, ai_hall
from loadstone.model.network import Network
from loadstone.model.offer import Hosting, Lease
from loadstone.model.site import Site


def hall_disagreements(site: Site, network: Network) -> Iterator[InputError]:
    """Yield halls that the site cannot cool, and conversions of halls that cannot be."""
    yield from _stands(site, network)
    for i, hall in enumerate(site.halls):
        if hall.kind != MINING_HALL:
            yield from _cooled(f"halls[{i}].kind", hall.kind, site)
    for i, one in enumerate(site.conversions):
        yield from _cooled(f"conversions[{i}].into", one.into, site)
        if not _may_mine(site, network):
            rule = f"must stand at {site.name} or be one that may be built: limits.mining_mw"
            yield InputError(f"conversions[{i}].hall", one.hall, rule)


def _stands(site: Site, network: Network) -> Iterator[InputError]:
    """Yield what is said to stand today, and comes later than the first phase."""
    first = network.study.phases[0].start
    days = [(f"halls[{i}].built", one.built) for i, one in enumerate(site.halls)]
    days += [(f"standing[{i}].installed", one.installed) for i, one in enumerate(site.standing)]
    for field, day in days:
        if day > first:
            rule = f"must not be after the first phase begins, {first}: what stands is there"
            yield InputError(field, str(day), rule)


def _cooled(field: str, kind: str, site: Site) -> Iterator[InputError]:
    """Yield an error where the site has no cooling plant for a kind of AI hall."""
    if kind not in {ai_hall(plant) for plant in site.ai_cooling}:
        rule = f"must have a cooling plant; ai_cooling is {', '.join(site.ai_cooling)}"
        yield InputError(field, kind, rule)


def _may_mine(site: Site, network: Network) -> bool:
    """Tell whether a mining hall stands at a site or may be built there."""
    miners = network.facts.miners
    stands = any(hall.kind == MINING_HALL and hall.mw for hall in site.halls)
    stands = stands or any(one.model in miners and one.mw for one in site.standing)
    named = network.study.miners if site.miners is None else site.miners
    hosts = any(site.id in one.sites for one in network.offers.hosting)
    return stands or (site.limits.mining_mw != 0 and (bool(named) or hosts))


def offer_disagreements(network: Network) -> Iterator[InputError]:
    """Yield offers for sites that are not there or that they cannot fit, and missing rates."""
    sites = {site.id: site for site in network.sites}
    last = network.study.phases[-1].ends
    for lease in network.offers.leases:
        yield from _rate(f"leases.{lease.id}", lease.currency, network)
        if in_years(lease.ready) < network.study.decided_at:
            rule = f"must not be before the decision, in {network.study.decided_at:.4g}"
            yield InputError(f"leases.{lease.id}.ready", str(lease.ready), rule)
        elif in_years(lease.ready) >= last:
            rule = f"must be before the last phase ends, in {last:g}"
            yield InputError(f"leases.{lease.id}.ready", str(lease.ready), rule)
        if lease.site in sites:
            yield from _in_lease(lease, sites[lease.site], network)
        else:
            yield _no_site(f"leases.{lease.id}.site", lease.site, sites)
    for one in network.offers.hosting:
        yield from _rate(f"hosting.{one.id}", one.currency, network)
        begins = network.study.phases[0].at
        if not begins < in_years(one.start) + one.term_years or in_years(one.start) >= last:
            rule = f"must leave years between {begins:g} and {last:g}, which are planned"
            yield InputError(f"hosting.{one.id}.start", str(one.start), rule)
        for id_ in one.sites:
            if id_ in sites:
                yield from _in_hosting(one, sites[id_])
            else:
                yield _no_site(f"hosting.{one.id}.sites", id_, sites)


def _rate(field: str, currency: str, network: Network) -> Iterator[InputError]:
    if currency not in {network.study.currency, *network.study.fx}:
        rule = f"must have a rate: fx.{currency} in network.toml"
        yield InputError(f"{field}.currency", currency, rule)


def _no_site(field: str, id_: str, sites: dict[str, Site]) -> InputError:
    shown = ", ".join(sorted(sites)[:12])
    return InputError(field, id_, f"must be a site of the network, e.g. {shown}")


def _in_lease(lease: Lease, site: Site, network: Network) -> Iterator[InputError]:
    """Yield what keeps a lease from its site for good."""
    name, connection = f"leases.{lease.id}", site.connection
    yield from _cooled(f"{name}.hall", lease.hall, site)
    if not connection.off_grid and lease.mw > connection.most_mw:
        rule = f"must be at most the {connection.most_mw:g} MW that {site.name} can connect"
        yield InputError(f"{name}.mw", lease.mw, rule)
    most = site.limits.ai_mw
    if most is not None and lease.mw > most:
        rule = f"must be at most limits.ai_mw {most:g} of {site.name}"
        yield InputError(f"{name}.mw", lease.mw, rule)
    ready = connection.ready(network.study.decided_at)
    if not connection.exists_mw and not connection.off_grid and in_years(lease.ready) < ready:
        rule = f"must not be before {site.name} has a connection, in {ready:.4g}"
        yield InputError(f"{name}.ready", str(lease.ready), rule)


def _in_hosting(one: Hosting, site: Site) -> Iterator[InputError]:
    """Yield what keeps hosted miners from a site for good."""
    if site.mining_cooling != f"mining-{one.cooling}":
        rule = f"must fit the mining cooling of {site.name}, {site.mining_cooling}"
        yield InputError(f"hosting.{one.id}.cooling", one.cooling, rule)
    stands = any(hall.kind == MINING_HALL for hall in site.halls) or bool(site.standing)
    if site.limits.mining_mw == 0 and not stands:
        rule = f"must have room for miners; limits.mining_mw of {site.name} is 0"
        yield InputError(f"hosting.{one.id}.sites", site.id, rule)
