# SPDX-License-Identifier: Apache-2.0
"""The base case: a plan's cash with tax and debt, what it returns, and who has what of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from loadstone.engines.finance.waterfall import distribute
from loadstone.engines.value.bridge import bridge
from loadstone.engines.value.financing import Financed, financed, unit_costs
from loadstone.engines.value.hedge_effect import hedge_effect
from loadstone.engines.value.hedged import hedged
from loadstone.engines.value.hedging import HedgeLine, hedge_lines
from loadstone.engines.value.operating import cash_notes, operating_cash
from loadstone.engines.value.operating.site_year import SiteTime
from loadstone.engines.value.operating.table import site_times
from loadstone.engines.value.region import region
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch
from loadstone.model.valuation import Valuation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BaseCase:
    """A plan as cash.

    Attributes:
        valuation: What it is worth, without futures.
        financed: Its cash after tax and debt.
        hedges: Its hedges by month.
        times: The plan's site-years with their hours.
    """

    valuation: Valuation
    financed: Financed
    hedges: tuple[HedgeLine, ...]
    times: tuple[SiteTime, ...]


def base_case(plan: Plan, dispatch: Sequence[SiteDispatch], network: Network) -> BaseCase:
    """Return what a plan is worth where all goes as the outlook says.

    Args:
        plan: The plan.
        dispatch: Its hours.
        network: What it is a plan of.

    Raises:
        InputError: Plan, hours and network are not of one another, or terms do not fit them.
    """
    lines = hedge_lines(network, dispatch)
    times = site_times(plan, dispatch, network)
    operating = operating_cash(plan, dispatch, network, times)
    found = financed(hedged(operating, lines), network)
    rows, ceiling = region(plan, found.table, network, network.deals.multipliers)
    valuation = Valuation(
        network=plan.network,
        currency=plan.currency,
        cash=found.table,
        returns=found.returns,
        costs=unit_costs(found, network),
        bridge=bridge(plan, found.table, network),
        debts=found.debts,
        deals=distribute(found.table, network),
        hedging=hedge_effect(operating, found, lines, network),
        region=rows,
        ceiling=ceiling,
        notes=(*found.notes, *_notes(network), *cash_notes(found.table, network)),
    )
    return BaseCase(valuation=valuation, financed=found, hedges=lines, times=times)


def _notes(network: Network) -> list[str]:
    """Return what the numbers leave out because nothing is stated, in sentences."""
    terms, said = network.deals.cash, []
    if not terms.inflation:
        said.append("No inflation is stated, so none is counted: cash is in today's money.")
    if not terms.end_value:
        said.append(
            "Nothing is stated of what is left at the end of the plan, so it is worth nothing."
        )
    if not network.deals.debts:
        said.append("No debt is stated: owners pay for everything.")
    if not network.deals.deals:
        said.append("No deal is stated: one owner has all of it.")
    if network.futures is None:
        said.append("No futures are stated (futures.toml): this is the base case alone.")
    return said
