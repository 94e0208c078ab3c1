# SPDX-License-Identifier: Apache-2.0
"""Whether loans speak of places, currencies and times that a network knows."""

from collections.abc import Iterator
from datetime import date

from loadstone.model.errors import InputError
from loadstone.model.finance.debt import MONTHS, Debt
from loadstone.model.network import Network


def debt_disagreements(network: Network) -> Iterator[InputError]:
    """Yield what loans of deals.toml name and the network does not know, or has no time for."""
    currencies = {network.study.currency, *network.study.fx}
    for debt in network.deals.debts:
        place = f"debts.{debt.id}"
        yield from _scope(f"{place}.scope", debt.scope, network)
        if debt.currency not in currencies:
            rule = f"must have a rate: fx.{debt.currency} in network.toml"
            yield InputError(f"{place}.currency", debt.currency, rule)
        yield from _times(place, debt, network)
        if debt.lender_country and network.deals.cash.interest_abroad:
            rule = "must not be given with cash.interest_abroad: it would be withheld twice"
            yield InputError(f"{place}.lender_country", debt.lender_country, rule)


def _scope(field: str, scope: str, network: Network) -> Iterator[InputError]:
    kind, _, name = scope.partition(":")
    known = {
        "site": {site.id for site in network.sites},
        "country": {site.country for site in network.sites},
    }.get(kind, {name})
    if name not in known:
        rule = f"must be a {kind} of the network: {', '.join(sorted(known))}"
        yield InputError(field, scope, rule)


def _times(place: str, debt: Debt, network: Network) -> Iterator[InputError]:
    study, stated = network.study, network.deals.cash.start
    opens = study.phases[0].start
    first = stated or min(study.decided or opens, opens)
    if debt.starts < first.replace(day=1):
        rule = f"must not be before the first month of cash, {first.replace(day=1)}"
        yield InputError(f"{place}.starts", str(debt.starts), rule)
    drawing = debt.draw_months if debt.kind == "machine" else 0
    last = debt.starts.year * MONTHS + debt.starts.month - 1 + drawing + debt.tenor_months
    ends = round(study.phases[-1].ends * MONTHS)
    if last > ends:
        rule = f"must be repaid before the last phase ends, {_month(ends)}"
        yield InputError(f"{place}.tenor_years", debt.tenor_years, rule)


def _month(index: int) -> date:
    return date(index // MONTHS, index % MONTHS + 1, 1)
