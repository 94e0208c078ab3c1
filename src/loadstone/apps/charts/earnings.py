# SPDX-License-Identifier: Apache-2.0
"""What a MWh earns in each machine of a site, as the plan counts it."""

from collections.abc import Mapping

from loadstone.apps.charts.words import use_of
from loadstone.model.fact import Facts
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch, SiteYear

# lines of revenue that each kind of machine brings
_LINES = {
    "mining": ("mining",),
    "ai": ("ai",),
    "hosting": ("hosting",),
    "lease": ("rent", "lease power"),
}


def _kind(asset: str) -> str:
    kind = asset.partition(":")[0]
    return kind if kind in _LINES else use_of(asset)


def _weight(asset: str, facts: Facts) -> float | None:
    """Return what a MWh earns in a machine beside others of its use; None where not known.

    Only ratios count.
    """
    model = asset.partition(":")[2].partition(":")[0]
    if model in facts.miners:
        return 1 / facts.miners[model].j_per_th
    if model in facts.servers:
        server = facts.servers[model]
        return server.gpus_per_mw * server.rental.value
    return None


def _year_of(plan: Plan, dispatch: SiteDispatch) -> SiteYear | None:
    for year in plan.site_years:
        if (year.site, year.phase) == (dispatch.site, dispatch.phase):
            return year
    return None


def earnings_per_mwh(
    plan: Plan, network: Network, dispatch: SiteDispatch
) -> Mapping[str, float]:
    """Return the mean revenue per MWh drawn, cooling included, before levies and tax.

    The plan's revenue of each use is shared between its machines by their energy and by what
    the facts say that a MWh earns in them, so the parts add up to the plan's revenue. Rent,
    power of tenants and hosting are shared by energy alone.

    Args:
        plan: The plan.
        network: Its network, for the facts of machines.
        dispatch: One site in one phase.

    Returns:
        Network currency/MWh, by machine; machines that draw nothing are left out.
    """
    year = _year_of(plan, dispatch)
    if year is None:
        return {}
    drawn = {asset: float(mw.sum()) for asset, mw in dispatch.machine_mw.items()}
    per_mwh = {}
    for kind, lines in _LINES.items():
        own = [asset for asset, mwh in drawn.items() if _kind(asset) == kind and mwh > 0]
        known = [_weight(asset, network.facts) for asset in own]
        facts = [weight for weight in known if weight is not None]
        others = sum(facts) / len(facts) if facts else 1.0
        weights = [others if weight is None else weight for weight in known]
        weighted = sum(drawn[a] * weight for a, weight in zip(own, weights, strict=True))
        for asset, weight in zip(own, weights, strict=True):
            revenue = sum(year.revenue.get(line, 0.0) for line in lines)
            per_mwh[asset] = revenue * weight / weighted
    return per_mwh
