# SPDX-License-Identifier: Apache-2.0
"""The cash of a plan shared between its investors, exactly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.local_money import nominal_rates
from loadstone.engines.finance.returns import xirr
from loadstone.engines.finance.waterfall.posting import Posting, Project
from loadstone.engines.finance.waterfall.projects import SiteCash, site_cash
from loadstone.engines.finance.waterfall.running import run
from loadstone.model.eligibility import money_may_go
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.deal import Deal, givers, narrowest
from loadstone.model.finance.returns import DealResult, PartyResult
from loadstone.model.money import Money
from loadstone.model.network import Network, Study

Floats = NDArray[np.float64]
MONTHS = 12
Rates = Mapping[str, Sequence[float] | Floats]


def distribute(
    table: CashTable, network: Network, rates: Rates | None = None
) -> tuple[DealResult, ...]:
    """Return how the cash of owners goes round in each deal, to the minor unit.

    Each site is in the narrowest deal that holds it; a site in none is its owner's. Estimates
    become money once: the amount of each site and month in the deal's currency. From there on
    all is exact.

    Args:
        table: All cash, in the reporting currency.
        network: Its deals, investors, eligibility and rates.
        rates: Units of each currency for one of the reporting currency, by month; None takes
            `nominal_rates`. Length M each.

    Raises:
        InputError: A currency has no rate, commitments are too small, or nobody may pay.
    """
    rates = nominal_rates(network, table.months) if rates is None else rates
    study, deals = network.study, network.deals.deals
    inside: dict[str, list[SiteCash]] = {deal.id: [] for deal in deals}
    for cash in site_cash(table):
        deal = narrowest(deals, cash.site, cash.country)
        if deal is not None:
            inside[deal.id].append(cash)
    days = [table.month(m) for m in range(table.months)]
    return tuple(
        _result(
            _Terms(deal=deal, currency=deal.currency or table.currency, days=days, rates=rates),
            inside[deal.id],
            study,
        )
        for deal in deals
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """A deal, the days of its money, and the rates of those days."""

    deal: Deal
    currency: str
    days: Sequence[date]
    rates: Rates


def _result(terms: _Terms, sites: Sequence[SiteCash], study: Study) -> DealResult:
    deal, currency, rates = terms.deal, terms.currency, terms.rates
    projects = [_project(terms, site, study) for site in sites]
    postings = run(deal, currency, projects, terms.days)
    parties = tuple(_party(terms, party, postings) for party in deal.parties)
    months = range(len(terms.days))
    left = [_left(currency, parties, m, rates) for m in months]
    back = sum(p.units for p in postings if p.tier == "clawback" and p.units > 0)
    return DealResult(
        id=deal.id,
        scope=deal.scope,
        style=deal.style,
        currency=currency,
        called=tuple(sum(party.counted_called[m] for party in parties) for m in months),
        distributed=tuple(sum(party.counted_received[m] for party in parties) for m in months),
        parties=parties,
        clawback=back,
        fx_rounding=tuple(left),
        checks=_checks(deal, projects, postings, len(terms.days)),
    )


def _project(terms: _Terms, site: SiteCash, study: Study) -> Project:
    deal, currency = terms.deal, terms.currency
    rate = _rate(currency, terms.rates)
    units = tuple(
        Money.of(float(amount) * rate[m], currency).units
        for m, amount in enumerate(site.amounts)
    )
    investors = givers(deal, study.investors)
    may = tuple(
        tuple(
            money_may_go(study.eligibility, investor, site.country, day)
            for investor in investors
        )
        for day in terms.days
    )
    return Project(id=site.site, units=units, may_pay=may)


def _rate(currency: str, rates: Rates) -> Sequence[float] | Floats:
    if currency not in rates:
        rule = f"must have a rate: fx.{currency} in network.toml"
        raise InputError("currency", currency, rule)
    return rates[currency]


def _party(terms: _Terms, party: str, postings: Iterable[Posting]) -> PartyResult:
    currency, days = terms.currency, terms.days
    called, received = [0] * len(days), [0] * len(days)
    by_tier: dict[str, float] = {}
    for posting in postings:
        if posting.party != party:
            continue
        if posting.units < 0:
            called[posting.month] -= posting.units
        else:
            received[posting.month] += posting.units
            by_tier[posting.tier] = by_tier.get(posting.tier, 0) + posting.units
    own = {t.investor: t.currency for t in terms.deal.tranches}.get(party, "") or currency
    paid = _exchanged(called, currency, own, terms.rates)
    had = _exchanged(received, currency, own, terms.rates)
    flows = np.array(had, dtype=np.float64) - np.array(paid, dtype=np.float64)
    found = xirr(days, flows) if len(days) else None
    return PartyResult(
        party=party,
        currency=own,
        called=tuple(paid),
        received=tuple(had),
        counted_called=tuple(called),
        counted_received=tuple(received),
        by_tier=by_tier,
        irr=found.rates if found else (),
        irr_reason=str(found.reason) if found else "",
        multiple=sum(had) / sum(paid) if sum(paid) else None,
    )


def _exchanged(units: Sequence[int], currency: str, own: str, rates: Rates) -> list[int]:
    """Return amounts in a party's own currency, at the rate of each month."""
    if own == currency:
        return list(units)
    cross = _cross(currency, own, rates)
    return [
        Money(units=one, currency=currency).at(cross[m], own).units if one else 0
        for m, one in enumerate(units)
    ]


def _cross(currency: str, own: str, rates: Rates) -> list[Decimal]:
    """Return units of one currency for one of another, by month."""
    theirs, ours = _rate(own, rates), _rate(currency, rates)
    return [
        Decimal(repr(float(a))) / Decimal(repr(float(b)))
        for a, b in zip(theirs, ours, strict=True)
    ]


def _left(currency: str, parties: Iterable[PartyResult], m: int, rates: Rates) -> int:
    """Return what a month's parts, each in its own currency, lack of the whole."""
    left = 0
    for party in parties:
        if party.currency == currency:
            continue
        back = _cross(party.currency, currency, {k: (v[m],) for k, v in rates.items()})[0]
        for counted, own in (
            (party.counted_received[m], party.received[m]),
            (-party.counted_called[m], -party.called[m]),
        ):
            theirs = Money(units=int(own), currency=party.currency).at(back, currency)
            left += int(counted) - theirs.units
    return left


def _checks(
    deal: Deal, projects: Sequence[Project], postings: Sequence[Posting], months: int
) -> tuple[str, ...]:
    """Return what was proven, or refuse to go on.

    Raises:
        InputError: Parties together have other than what the sites gave or needed.
    """
    net = [0] * months
    for posting in postings:
        net[posting.month] += posting.units
    waits = 0
    for m in range(months):
        waits += sum(project.units[m] for project in projects) - net[m]
        if waits < 0:
            rule = "must not pay out more than there is"
            raise InputError(f"deals.{deal.id}", f"month {m + 1}", rule)
    if waits:
        raise InputError(f"deals.{deal.id}", waits, "must pay out all there is")
    return (
        f"In each of {months} months no more is paid out than the sites gave and investors "
        "paid in, and at the end nothing is left, to the minor unit.",
    )
