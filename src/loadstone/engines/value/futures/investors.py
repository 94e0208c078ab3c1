# SPDX-License-Identifier: Apache-2.0
"""What each party of each deal has in each future, by the rules of its deal, year by year."""

import datetime

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.waterfall import distribute_many, may_pay
from loadstone.engines.finance.waterfall.distributing import nominal_rates
from loadstone.engines.finance.waterfall.projects import site_cash
from loadstone.engines.value.futures.book import Book
from loadstone.engines.value.futures.opening import Case
from loadstone.model.finance.deal import Deal, narrowest
from loadstone.model.network import Network

Floats = NDArray[np.float64]

AMERICAN = "american"


def party_values(book: Book, case: Case, units: Floats, base: Floats) -> dict[str, Floats]:
    """Return what each party's money is worth in each future, network currency.

    Cash of owners by site is that of the base case, moved by what the project brings more in
    its unit; exchange rates of the base case hold between parties.

    Args:
        book: The plan.
        case: Its base case.
        units: Cash of the project by unit and year in each future. Shape (N, U, Y).
        base: The same in the base case. Shape (U, Y).

    Returns:
        By party, summed over deals. Shapes (N,).
    """
    network, table = case.network, case.table
    deals = network.deals.deals
    first = np.searchsorted(book.year, np.arange(book.years))
    worth = book.discount[first]
    rates = nominal_rates(network, table.months)
    days = [table.month(int(m)) for m in first]
    owned = {one.site: table.by_year(one.amounts) for one in site_cash(table)}
    found: dict[str, Floats] = {}
    for deal in deals:
        flows, countries = _flows(deal, network, book, owned, units - base)
        if not flows.shape[1]:
            continue
        per = rates[deal.currency or table.currency][first]
        paid = distribute_many(
            flows * per,
            deal,
            allowed=may_pay(deal, network.study, countries, days),
            years=_lengths(days),
        )
        for i, party in enumerate(deal.parties):
            value = (paid[:, i] / per) @ worth
            found[party] = found.get(party, np.zeros(len(value))) + value
    return found


def _lengths(days: list[datetime.date]) -> Floats:
    """Return years between flows, the first 0."""
    at = np.array([day.year + (day.month - 1) / 12 for day in days])
    return np.diff(at, prepend=at[:1])


def _flows(
    deal: Deal, network: Network, book: Book, owned: dict[str, Floats], more: Floats
) -> tuple[Floats, list[str]]:
    """Return the cash of a deal by group of sites, (N, P, Y), and the country of each."""
    deals = network.deals.deals
    by_site = deal.style == AMERICAN
    groups: dict[str, tuple[str, Floats]] = {}
    for site in network.sites:
        if site.id in owned and narrowest(deals, site.id, site.country) is deal:
            key = site.id if by_site else site.country
            before = groups.get(key, (site.country, np.zeros(book.years)))[1]
            groups[key] = site.country, before + owned[site.id]
    names = list(groups)
    flows = np.tile(
        np.array([amounts for _, amounts in groups.values()]).reshape(-1, book.years),
        (len(more), 1, 1),
    )
    for u, unit in enumerate(book.units):
        key = unit.site if by_site else unit.country
        if key in groups and narrowest(deals, unit.site, unit.country) is deal:
            flows[:, names.index(key)] += more[:, u]
    return flows, [country for country, _ in groups.values()]
