# SPDX-License-Identifier: Apache-2.0
"""A whole network becomes a problem: its sites, and the limits that they share."""

from dataclasses import dataclass, field

from loadstone.engines.plan.lower.connection import connected
from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lower.funding import Funds, add_funding
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.engines.plan.lower.offers import share_hosting
from loadstone.engines.plan.lower.power import check_currency
from loadstone.engines.plan.lower.site import SiteLowering
from loadstone.engines.plan.lower.spending import spending
from loadstone.engines.plan.problem import SHORTAGE_PRICE, Label, Problem
from loadstone.model.errors import Conflict, InfeasibleError, InputError, InputErrors
from loadstone.model.grid import HOURS_PER_YEAR
from loadstone.model.network import Network


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """A problem, and where each site is in it.

    Attributes:
        network: The network.
        economy: Prices, taxes and discounting, with the assumptions they took.
        problem: The problem.
        sites: Where each site's columns and blocks are.
        funds: Columns of what investors give, by investor, country and phase.
    """

    network: Network
    economy: Economy
    problem: Problem
    sites: tuple[LoweredSite, ...]
    funds: Funds = field(default_factory=dict)


def lower(network: Network) -> Lowered:
    """Return the problem of a network.

    Raises:
        InputErrors: Tariffs or rates that do not fit, all at once.
        InfeasibleError: Promises that rules forbid to keep, all at once.
    """
    economy, draft = Economy(network), Draft(HOURS_PER_YEAR)
    sites: list[LoweredSite] = []
    errors: list[InputError] = []
    conflicts: list[Conflict] = []
    for site in network.sites:
        try:
            check_currency(network, site)
            sites.append(SiteLowering(network, economy, draft, site).lower())
        except InputError as error:
            errors.append(error.in_file(error.file or f"sites/{site.id}.toml"))
        except InputErrors as found:
            errors += [e.in_file(e.file or f"sites/{site.id}.toml") for e in found.errors]
        except InfeasibleError as found:
            conflicts += found.conflicts
    if errors:
        raise InputErrors(errors)
    if conflicts:
        raise InfeasibleError(conflicts)
    _budgets(network, draft, sites)
    _caps(network, draft, sites)
    _demand(network, draft, sites)
    share_hosting(network, draft, sites)
    funds = add_funding(network, draft, sites)
    return Lowered(
        network=network,
        economy=economy,
        problem=draft.problem(network.study.currency, economy.from_usd(SHORTAGE_PRICE)),
        sites=tuple(sites),
        funds=funds,
    )


def _budgets(network: Network, draft: Draft, sites: list[LoweredSite]) -> None:
    study = network.study
    bought = [list(spending(sites, p)) for p in range(len(study.phases))]
    for p, phase in enumerate(study.phases):
        if phase.budget is not None and bought[p]:
            text = f"capital of {phase.at}"
            label = Label(
                kind="budget", subject="network", phase=p, unit=study.currency, text=text
            )
            draft.row(label, bought[p], upper=phase.budget)
    if study.caps.total_budget is not None:
        label = Label(kind="budget", subject="network", unit=study.currency, text="all capital")
        every = [term for terms in bought for term in terms]
        draft.row(label, every, upper=study.caps.total_budget)


def _caps(network: Network, draft: Draft, sites: list[LoweredSite]) -> None:
    caps = network.study.caps
    shared = [
        ("country_cap", code, most, [s for s in sites if s.site.country == code])
        for code, most in caps.country_mw.items()
    ] + [
        ("zone_cap", zone, most, [s for s in sites if s.site.zone == zone])
        for zone, most in caps.zone_mw.items()
    ]
    for p in range(len(network.study.phases)):
        for kind, subject, most, members in shared:
            terms = [(column, 1.0) for s in members for column in connected(s, p)]
            if terms:
                text = f"connected power in {subject}"
                label = Label(kind=kind, subject=subject, phase=p, unit="MW", text=text)
                draft.row(label, terms, upper=most)
        quotas = [(s.quotas[p], 1.0) for s in sites if p in s.quotas]
        if quotas and caps.carbon_tonnes is not None:
            text = "carbon of a year"
            label = Label(kind="carbon_cap", subject="network", phase=p, unit="t", text=text)
            draft.row(label, quotas, upper=caps.carbon_tonnes)


def _demand(network: Network, draft: Draft, sites: list[LoweredSite]) -> None:
    """Hold the servers of a generation in a region to what can be sold there."""
    servers = network.facts.servers
    for demand in network.study.ai_demand:
        for p in range(len(network.study.phases)):
            terms = [
                (column, 1.0)
                for s in sites
                if s.site.country in demand.countries
                for (asset, q), column in s.amounts.items()
                if q == p
                and asset.startswith("server:")
                and demand.generation in ("", servers[asset.removeprefix("server:")].generation)
            ]
            if terms:
                where = ", ".join(demand.countries)
                what = f"{demand.generation or 'AI'} servers sold in {where}"
                label = Label(
                    kind="ai_demand",
                    subject=where,
                    phase=p,
                    unit="MW",
                    text=what,
                    asset=demand.generation,
                    source=demand.source,
                )
                draft.row(label, terms, upper=demand.max_mw[p])
