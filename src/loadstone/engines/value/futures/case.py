# SPDX-License-Identifier: Apache-2.0
"""The base case as a book needs it: its cash at sites, its miners' curves, its debts."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.value.base_case import BaseCase
from loadstone.engines.value.financing import nominal_rate, placed
from loadstone.engines.value.futures.book import Book, Loans
from loadstone.engines.value.futures.curves import SiteCurve, site_curve
from loadstone.engines.value.futures.many import Valuer
from loadstone.engines.value.futures.opening import Case, Middle, open_book
from loadstone.engines.value.operating.site_year import SiteTime
from loadstone.model.finance.deal import narrowest
from loadstone.model.finance.returns import DebtResult
from loadstone.model.futures.paths import NEVER, Paths
from loadstone.model.network import AiDemand, Network, Phase
from loadstone.model.plan import Plan

Floats = NDArray[np.float64]

SITE = "site:"


def sold_mw(plan: Plan, network: Network, demand: AiDemand, phase: Phase) -> float:
    """Return own servers that count in what a region can sell, MW at the plugs."""
    servers = network.facts.servers
    country = {site.id: site.country for site in network.sites}
    return sum(
        mw
        for year in plan.site_years
        if year.phase == phase.at and country[year.site] in demand.countries
        for asset, mw in year.capacities.items()
        if asset.startswith("server:")
        and demand.generation in ("", servers[asset.split(":")[1]].generation)
    )


def curves_of(times: Sequence[SiteTime]) -> tuple[SiteCurve, ...]:
    """Return what the miners of a plan earn."""
    found = (site_curve(one) for one in times)
    return tuple(one for one in found if one is not None)


def case_of(base: BaseCase, plan: Plan, network: Network, curves: Sequence[SiteCurve]) -> Case:
    """Return the base case as a book needs it."""
    table = placed(base.financed.table)
    debts = [debt for debt in base.financed.debts if debt.amount > 0]
    covenants = {debt.id: debt.default_dscr or 0.0 for debt in network.deals.debts}
    served = [_served(debt, base) for debt in debts]
    count = len(table.years)
    cash, service, due = (
        np.array([one[i] for one in served]).reshape(-1, count) for i in range(3)
    )
    return Case(
        network=network,
        plan=plan,
        table=table,
        curves=curves,
        loans=Loans(
            units=np.zeros((len(debts), 0)),
            cash=cash,
            service=service,
            due=due,
            covenant=np.array([covenants.get(debt.id, 0.0) for debt in debts]),
        ),
        scopes=tuple(debt.scope for debt in debts),
        apart=_apart(network, debts),
        rate=nominal_rate(network),
    )


def _served(debt: DebtResult, base: BaseCase) -> tuple[Floats, Floats, Floats]:
    """Return cash, service and share of months with service, by year."""
    table = base.financed.table
    months = np.arange(table.months)
    last = -1 if debt.last_payment is None else debt.last_payment
    due = ((months >= (debt.first_payment or 0)) & (months <= last)).astype(np.float64)
    paid = np.array(debt.interest) + np.array(debt.principal)
    every = table.by_year(np.ones(table.months))
    return (
        table.by_year(np.array(debt.all_cash) * due),
        table.by_year(paid * due),
        table.by_year(due) / every,
    )


def _apart(network: Network, debts: Sequence[DebtResult]) -> frozenset[str]:
    """Return sites whose cash is counted by itself."""
    named = {debt.scope for debt in debts} | {deal.scope for deal in network.deals.deals}
    found = {scope.removeprefix(SITE) for scope in named if scope.startswith(SITE)}
    for deal in network.deals.deals:
        if deal.style == "american":
            held = (s for s in network.sites if _deal_of(network, s.id, s.country) == deal.id)
            found |= {site.id for site in held}
    return frozenset(found)


def _deal_of(network: Network, site: str, country: str) -> str:
    deal = narrowest(network.deals.deals, site, country)
    return deal.id if deal else ""


def middle_paths(middle: Middle, case: Case) -> Paths:
    """Return the one future in which all goes as the middle says."""
    table = case.table
    return Paths(
        first=table.first,
        factors=middle.factors,
        values=middle.nominal[:, None, :].copy(),
        events=middle.events,
        happens=np.array(
            [[0.0 if name.startswith("delay:") else float(NEVER)] for name in middle.events]
        ).reshape(-1, 1),
        weather=np.zeros((1, len(table.years)), dtype=np.int64),
        weight=np.ones(1),
        seed=None,
    )


def settled_book(
    case: Case,
    middle: Middle,
    base: BaseCase,
    *,
    by_site: bool = False,
    retire_after: int = 0,
) -> Book:
    """Return a book whose middle is worth to the project what the base case says.

    The base case counts the project with tax as if there were no debt; the book's cash is that
    with debt. The difference is the same in all futures.
    """
    book = open_book(case, middle, by_site=by_site, retire_after=retire_after)
    project = base.financed.returns[0].npv
    worth = Valuer(replace(book, retire=np.zeros_like(book.retire))).of(
        middle_paths(middle, case)
    )
    return replace(book, unlevered=project - float(worth.npv[0]))
