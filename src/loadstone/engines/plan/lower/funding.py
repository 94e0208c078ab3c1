# SPDX-License-Identifier: Apache-2.0
"""Investors become columns: who pays for what is built, in which country and phase."""

from collections.abc import Sequence

from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.eligibility import may_fund
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.engines.plan.lower.spending import spending
from loadstone.engines.plan.problem import Label
from loadstone.model.network import Network

MILLION = 1e6
Terms = list[tuple[int, float]]
Funds = dict[tuple[str, str, int], int]
"""Column of what an investor gives, in millions: by investor, country and phase."""


def add_funding(network: Network, draft: Draft, sites: Sequence[LoweredSite]) -> Funds:
    """Let investors pay for what is built, each where it may and within its capital.

    Without investors nothing is added: the budgets of the study alone hold what is spent.

    Args:
        network: The network.
        draft: The problem in the making.
        sites: All sites.
    """
    study, funds = network.study, Funds()
    if not study.investors:
        return funds
    for country in sorted({site.site.country for site in sites}):
        here = [site for site in sites if site.site.country == country]
        for p in range(len(study.phases)):
            _place(network, draft, (country, p), list(spending(here, p)), funds)
    for investor in study.investors:
        given = [(key, column) for key, column in funds.items() if key[0] == investor.id]
        text = f"capital of {investor.name}"
        label = Label(kind="investor", subject=investor.id, unit=study.currency, text=text)
        terms = [(column, MILLION) for _, column in given]
        draft.row(label, terms, upper=investor.capital)
        for p, most in enumerate(investor.capital_per_phase):
            label = Label(
                kind="investor", subject=investor.id, phase=p, unit=study.currency, text=text
            )
            terms = [(column, MILLION) for (_, _, q), column in given if q == p]
            draft.row(label, terms, upper=most)
    return funds


def _place(
    network: Network, draft: Draft, at: tuple[str, int], bought: Terms, funds: Funds
) -> None:
    """Let what is spent in a country in a phase be what investors give for it."""
    if not bought:
        return
    country, phase = at
    unit, placed = f"million {network.study.currency}", Terms()
    for investor in network.study.investors:
        if may_fund(network, investor, country, phase):
            name = f"investor:{investor.id}"
            label = Label(kind="fund", subject=name, phase=phase, asset=country, unit=unit)
            column = draft.column(label, upper=investor.capital / MILLION)
            funds[investor.id, country, phase] = column
            placed.append((column, 1.0))
    text = f"capital in {country}"
    label = Label(kind="funded", subject=country, phase=phase, unit=unit, text=text)
    terms = [*placed, *((column, -amount / MILLION) for column, amount in bought)]
    draft.row(label, terms, lower=0.0, upper=0.0)
