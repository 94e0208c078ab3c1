# SPDX-License-Identifier: Apache-2.0
"""Whether futures fit the network that they are of."""

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from loadstone.model.errors import InputError
from loadstone.model.futures.level import Levels
from loadstone.model.futures.named import NamedFuture
from loadstone.model.futures.terms import Futures
from loadstone.model.network import Network


def future_disagreements(network: Network) -> Iterator[InputError]:
    """Yield what futures.toml says of things that the network does not have."""
    futures = network.futures
    if futures is None:
        return
    if not futures.drawable and not futures.named:
        rule = "must have parameters to draw from ([btc], [ai], ...) or weighted [[named]] ones"
        yield InputError("named", (), rule)
    known = _Known(network)
    yield from _in_levels("ai", futures.ai, known.generations)
    yield from _in_levels("power", futures.power, known.zones)
    yield from _in_levels("fx", futures.fx, known.currencies)
    for i, hazard in enumerate(futures.hazards):
        yield from _keys(f"hazards[{i}].country", (hazard.country,), known.countries)
    if futures.default is not None:
        yield from _credits(futures, network)
    for i, one in enumerate(futures.named):
        for error in _in_named(one, known, len(network.study.phases)):
            yield error.within(f"named[{i}]")


class _Known:
    """Names of a network that futures may use."""

    def __init__(self, network: Network) -> None:
        self.zones = {site.zone for site in network.sites}
        self.countries = {site.country for site in network.sites}
        self.currencies = set(network.study.fx) - {network.study.currency}
        self.generations = {one.generation for one in network.facts.servers.values()}
        self.leases = {lease.id for lease in network.offers.leases}


def _in_levels(
    name: str, levels: Levels | None, known: Collection[str]
) -> Iterator[InputError]:
    if levels is not None:
        yield from _keys(f"{name}.each", levels.each, known)


def _credits(futures: Futures, network: Network) -> Iterator[InputError]:
    default = futures.default
    for lease in network.offers.leases:
        if default is not None and default.chance(lease.credit) is None:
            rule = f'must have the credit of lease {lease.id}, or "other"'
            yield InputError("default.yearly", lease.credit, rule)


def _in_named(one: NamedFuture, known: _Known, phases: int) -> Iterator[InputError]:
    for field, values in one.by_phase().items():
        if len(values) not in {1, phases}:
            rule = f"must have 1 value, or {phases}, one a phase"
            yield InputError(field, len(values), rule)
    yield from _keys("ai_by_generation", one.ai_by_generation, known.generations)
    yield from _keys("power_by_zone", one.power_by_zone, known.zones)
    yield from _keys("fx", one.fx, known.currencies)
    yield from _keys("mining_ban", one.mining_ban, known.countries)
    yield from _keys("expropriation", one.expropriation, known.countries)
    yield from _keys("tenant_default", one.tenant_default, known.leases)


def _keys(field: str, keys: Collection[str], known: Collection[str]) -> Iterator[InputError]:
    for key in keys:
        if key not in known:
            close = get_close_matches(key, known, n=1)
            told = f"; did you mean {close[0]}?" if close else ""
            listed = ", ".join(sorted(known)[:12]) or "none is there"
            yield InputError(field, key, f"must be one of this network: {listed}{told}")
