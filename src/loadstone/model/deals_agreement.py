# SPDX-License-Identifier: Apache-2.0
"""Whether deals and hedges speak of investors, places and currencies that a network knows."""

from collections.abc import Collection, Iterator
from datetime import date

from loadstone.model.eligibility import money_may_go
from loadstone.model.errors import InputError
from loadstone.model.finance.deal import Deal, givers, narrowest
from loadstone.model.finance.hedge import Hedge
from loadstone.model.network import Network

MOST_NAMED = 12


def deal_disagreements(network: Network, *, hourly: bool = True) -> Iterator[InputError]:
    """Yield what deals and hedges of deals.toml name and the network does not know.

    Args:
        network: The network.
        hourly: Whether its hourly series were read; else no price is missed.
    """
    currencies = {network.study.currency, *network.study.fx}
    scopes: set[str] = set()
    for deal in network.deals.deals:
        place = f"deals.{deal.id}"
        if deal.scope in scopes:
            rule = "must be of one deal; a deal may have many tranches"
            yield InputError(f"{place}.scope", deal.scope, rule)
        scopes.add(deal.scope)
        yield from _scope(f"{place}.scope", deal.scope, network)
        yield from _rate(f"{place}.currency", deal.currency, currencies)
        for i, tranche in enumerate(deal.tranches):
            yield from _rate(f"{place}.tranches[{i}].currency", tranche.currency, currencies)
        yield from _investors(place, deal, network)
    for hedge in network.deals.hedges:
        place = f"hedges.{hedge.id}"
        yield from _rate(f"{place}.currency", hedge.currency, currencies)
        if hedge.zone and hourly:
            yield from _known(f"{place}.zone", hedge.zone, network.prices, "has no prices")
        yield from _months(place, hedge, network)


def _months(place: str, hedge: Hedge, network: Network) -> Iterator[InputError]:
    """Yield months of a hedge that are not counted: nobody would see that they are not."""
    study, end = network.study, _end(network)
    opens = study.phases[0].start
    first = network.deals.cash.start or min(study.decided or opens, opens).replace(day=1)
    if hedge.starts >= end:
        rule = f"must be before the last phase ends, {end}"
        yield InputError(f"{place}.starts", str(hedge.starts), rule)
    elif hedge.ends > end:
        rule = f"must not be after the last phase ends, {end}; state the months until then"
        yield InputError(f"{place}.ends", str(hedge.ends), rule)
    if hedge.starts < first:
        rule = f"must not be before the first month of cash, {first}; state what is left"
        yield InputError(f"{place}.starts", str(hedge.starts), rule)


def _end(network: Network) -> date:
    ends = network.study.phases[-1].ends
    return date(int(ends), 1 if ends == int(ends) else 7, 1)


def _scope(field: str, scope: str, network: Network) -> Iterator[InputError]:
    kind, _, name = scope.partition(":")
    if kind == "site":
        yield from _known(field, name, [site.id for site in network.sites])
    elif kind == "country":
        yield from _known(field, name, {site.country for site in network.sites})


def _investors(place: str, deal: Deal, network: Network) -> Iterator[InputError]:
    """Yield investors who are not known, and deals in a country that no tranche may fund."""
    try:
        known = givers(deal, network.study.investors)
    except InputError as error:
        yield error.within(place)
        return
    rows, day = network.study.eligibility, network.study.phases[0].start
    deals = network.deals.deals
    held = {
        site.country
        for site in network.sites
        if narrowest(deals, site.id, site.country) is deal
    }
    for country in sorted(held):
        if not any(money_may_go(rows, investor, country, day) for investor in known):
            rule = f"must have one whose money may go to {country} on {day}"
            yield InputError(f"{place}.tranches", [one.id for one in known], rule)


def _rate(field: str, currency: str, known: Collection[str]) -> Iterator[InputError]:
    if currency and currency not in known:
        yield InputError(field, currency, f"must have a rate: fx.{currency} in network.toml")


def _known(
    field: str, value: str, known: Collection[str], problem: str = "is not known"
) -> Iterator[InputError]:
    if value not in known:
        shown = ", ".join(sorted(known)[:MOST_NAMED]) or "none"
        yield InputError(field, value, f"{problem}; there are {shown}")
