# SPDX-License-Identifier: Apache-2.0
"""All cash of a plan before debt and tax on income."""

from collections.abc import Sequence

from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.value.operating.building import Building
from loadstone.engines.value.operating.ledger import Ledger
from loadstone.engines.value.operating.power import add_costs, add_lost_vat
from loadstone.engines.value.operating.revenue import add_revenue
from loadstone.engines.value.operating.site_year import SiteTime
from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashTable
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch


def operating_cash(
    plan: Plan,
    dispatch: Sequence[SiteDispatch],
    network: Network,
    times: Sequence[SiteTime] | None = None,
) -> CashTable:
    """Return the cash of a plan month by month, before debt and tax on income.

    Args:
        plan: The plan.
        dispatch: Its hours, of every site-year that it has.
        network: What was planned.
        times: Its site-years with their hours, where they are laid out already.

    Returns:
        Rows in nominal money of the network's currency. Before inflation, a year of a site
        sums to its books; lines of the books that are no cash are left out.

    Raises:
        InputError: Plan, hours and network are not of one another.
    """
    ledger = Ledger(Timeline.of(network), network.deals.cash, network.study.currency)
    for one in site_times(plan, dispatch, network) if times is None else times:
        add_revenue(one, ledger)
        add_costs(one, ledger)
        add_lost_vat(one, ledger, network.facts.countries[one.site.country], one.economy)
    economy = Economy(network)
    for site in network.sites:
        Building(network, economy, plan, site, ledger).add()
    return ledger.table()


def site_times(
    plan: Plan, dispatch: Sequence[SiteDispatch], network: Network
) -> tuple[SiteTime, ...]:
    """Return the site-years of a plan with their hours.

    Raises:
        InputError: Plan, hours and network are not of one another.
    """
    economy, sites = Economy(network), {site.id: site for site in network.sites}
    index = {phase.at: p for p, phase in enumerate(network.study.phases)}
    hours = {(one.site, one.phase): one for one in dispatch}
    found = []
    for books in plan.site_years:
        name = f"{books.site}, {books.phase}"
        if books.site not in sites or books.phase not in index:
            raise InputError("plan.site_years", name, "must be a site and phase of the network")
        if (books.site, books.phase) not in hours:
            rule = "must have the hours of every site-year of the plan"
            raise InputError("dispatch", name, rule)
        found.append(
            SiteTime.of(
                network=network,
                economy=economy,
                site=sites[books.site],
                phase=index[books.phase],
                books=books,
                dispatch=hours[books.site, books.phase],
            )
        )
    return tuple(found)
