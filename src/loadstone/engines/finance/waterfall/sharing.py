# SPDX-License-Identifier: Apache-2.0
"""The deals of a network made ready for futures: who gets what of cash by place and year."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.local_money import nominal_rates
from loadstone.engines.finance.waterfall.distributing import MONTHS
from loadstone.engines.finance.waterfall.many import Bools, distribute_many, may_pay
from loadstone.engines.finance.waterfall.projects import called_and_paid, site_cash
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.deal import Deal, narrowest
from loadstone.model.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Place = tuple[str, str]
"""Id of a site and code of its country; without a site all others of the country, without a
country what belongs to none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shared:
    """One deal made ready.

    Attributes:
        deal: The deal.
        places: Which places it holds.
        allowed: Which tranches may pay for which of them when. Shape (Y, places, I).
        rate: Units of its currency for one of the reporting currency, by year. Shape (Y,).
        gross: What the sites of each place are called for in the base case, reporting
            currency. Shape (places, Y).
        waits: What is paid out in a year less what came in, since cash waits for the day of
            distribution, in the base case. Shape (places, Y).
        lag: Years from a year's calls to its payments, on the mean of the base case.
    """

    deal: Deal
    places: Ints
    allowed: Bools
    rate: Floats
    gross: Floats
    waits: Floats
    lag: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sharing:
    """All deals made ready.

    Attributes:
        deals: Each deal.
        place: Place of each unit that futures are added up by; -1 for none. Shape (U,).
        planned: Cash of owners in the base case by place, all rows given to places. Shape
            (P, Y).
        project: Cash of the project in the base case by unit, as futures count it. Shape
            (U, Y).
        weight: How what belongs to no place is spread; sums to 1. Shape (P,).
    """

    deals: tuple[Shared, ...]
    place: Ints
    planned: Floats
    project: Floats
    weight: Floats

    def of(self, cash: Floats, owners: Floats | None = None) -> dict[tuple[str, str], Floats]:
        """Return what each party receives less what it pays, by deal and party.

        A place has what it has in the base case, and what the future changes in its project;
        what else changes for owners is spread over all places. What its sites are called for
        is called in every future, and more where the change asks for it. Parties together
        have what owners have, but for the cash that waits over the turn of a year.

        Args:
            cash: Of the project by unit. Shape (N, U, Y).
            owners: Of all owners; None where nothing but the project changes. Shape (N, Y).

        Returns:
            Reporting currency. Shapes (N, Y).
        """
        placed = np.repeat(self.planned[None], len(cash), axis=0)
        for u, p in enumerate(self.place.tolist()):
            if p >= 0:
                placed[:, p] += cash[:, u] - self.project[u]
        if owners is not None:
            rest = owners - placed.sum(axis=1)
            placed += rest[:, None, :] * self.weight[:, None]
        found = {}
        for one in self.deals:
            counted = (placed[:, one.places] + one.waits) * one.rate
            parties = distribute_many(
                counted,
                one.deal,
                allowed=one.allowed,
                gross=one.gross * one.rate,
                lag=one.lag,
            )
            parties /= one.rate
            for i, party in enumerate(one.deal.parties):
                found[one.deal.id, party] = np.ascontiguousarray(parties[:, i])
        return found


def sharing(
    table: CashTable, network: Network, units: Sequence[Place], project: Floats
) -> Sharing:
    """Return the deals of a network made ready for futures.

    Args:
        table: All cash of the base case.
        network: Its deals, investors and rates.
        units: By what futures are added up; several may be of one place. Length U.
        project: Cash of the project in the base case, as futures count it. Shape (U, Y).

    Raises:
        InputError: Shapes disagree, or a site has no unit.
    """
    shape = (len(units), len(table.years))
    if project.shape != shape:
        raise InputError("project", project.shape, f"must be {shape}")
    places = [place for place in dict.fromkeys(units) if place[1]]
    planned = np.zeros((len(places), len(table.years)))
    for cash in site_cash(table):
        planned[_place(places, cash.site, cash.country)] += table.by_year(cash.amounts)
    gains = np.maximum(planned, 0.0).sum(axis=1)
    weight = gains if gains.any() else np.ones(len(places))
    at = {place: p for p, place in enumerate(places)}
    return Sharing(
        deals=tuple(_shared(deal, places, table, network) for deal in network.deals.deals),
        place=np.array([at.get(unit, -1) for unit in units], dtype=np.int64),
        planned=planned,
        project=project,
        weight=weight / (weight.sum() or 1.0),
    )


def _shared(deal: Deal, places: Sequence[Place], table: CashTable, network: Network) -> Shared:
    deals, days = network.deals.deals, [date(year, 1, 1) for year in table.years]
    held = [p for p, place in enumerate(places) if narrowest(deals, *place) is deal]
    shape = (len(places), table.months)
    needed, given, paid = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for cash in site_cash(table):
        if narrowest(deals, cash.site, cash.country) is deal:
            p = _place(places, cash.site, cash.country)
            called, out = called_and_paid(cash.amounts, deal.every_months)
            needed[p] += called
            given[p] += cash.amounts + called
            paid[p] += out
    rates = np.asarray(nominal_rates(network, table.months)[deal.currency or table.currency])
    allowed = may_pay(deal, network.study, [places[p][1] for p in held], days)
    return Shared(
        deal=deal,
        places=np.array(held, dtype=np.int64),
        allowed=allowed.reshape(len(days), len(held), len(deal.tranches)),
        rate=table.by_year(rates) / table.by_year(np.ones(table.months)),
        gross=_by_year(table, needed[held]),
        waits=_by_year(table, paid[held] - given[held]),
        lag=_lag(table, needed.sum(axis=0), paid.sum(axis=0)),
    )


def _by_year(table: CashTable, amounts: Floats) -> Floats:
    """Return sums by calendar year of some places. Shape (places, Y)."""
    found = [table.by_year(row) for row in amounts]
    return np.array(found).reshape(len(amounts), len(table.years))


def _lag(table: CashTable, called: Floats, paid: Floats) -> float:
    """Return the years from calls to payments within a calendar year, on the mean."""
    month = np.array([table.month(m).month for m in range(table.months)])
    if not (called.sum() > 0 and paid.sum() > 0):
        return 0.0
    later = (month @ paid) / paid.sum() - (month @ called) / called.sum()
    return float(np.clip(later / MONTHS, 0.0, 1.0))


def _place(places: Sequence[Place], site: str, country: str) -> int:
    for place in ((site, country), ("", country)):
        if place in places:
            return places.index(place)
    raise InputError("units", (site, country), "must have one of the site or its country")
