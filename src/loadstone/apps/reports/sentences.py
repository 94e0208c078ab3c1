# SPDX-License-Identifier: Apache-2.0
"""The answer in sentences, for somebody who has never seen a linear programme."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from loadstone.apps.charts.hours import machines_of, price_of
from loadstone.apps.charts.standing import Power, last_years, names_of, power_of, total
from loadstone.apps.charts.words import (
    asset_name,
    country_name,
    figures,
    listed,
    money,
    number,
    percent,
)
from loadstone.model.network import Network
from loadstone.model.plan import Plan, Resting, SiteDispatch, Status, phase_name

Bools = NDArray[np.bool_]
STATUS = {
    Status.OPTIMAL: "proven best within the gap asked for",
    Status.STOPPED: "stopped at a limit; feasible, with its gap stated",
    Status.INFEASIBLE: "no plan exists",
}
_EXACT = 1e-9
_RUNNING = 0.5  # of the most that a machine draws in the year
_STEADY = 0.995
_WRONG = 0.1  # of the hours in which a machine stands still, or runs if that is less


def capex_of(plan: Plan) -> float:
    """Return the price of all that is built, network currency, before annuities."""
    return sum(build.capex for build in plan.builds)


def power_at_end(plan: Plan) -> Power:
    """Return the power of the whole network in the last phase."""
    return total(power_of(year) for year in plan.site_years if year.phase == plan.phases[-1])


def running_sites(plan: Plan) -> list[str]:
    """Return the sites where machines stand in the last phase."""
    last = (year for year in plan.site_years if year.phase == plan.phases[-1])
    return [year.site for year in last if not power_of(year).idle]


def powers(power: Power) -> str:
    """Return the power of each use in words."""
    parts = [f"{number(power.mining_mw - power.hosted_mw)} MW of miners"]
    if power.hosted_mw:
        parts.append(f"{number(power.hosted_mw)} MW of hosted miners")
    own_mw = power.ai_mw - power.leased_mw
    if own_mw or not power.leased_mw:
        parts.append(f"{number(own_mw)} MW of AI servers")
    if power.leased_mw:
        parts.append(f"{number(power.leased_mw)} MW of leased AI halls")
    return listed(parts)


def headline(plan: Plan) -> str:
    """Return the answer in one sentence."""
    power = power_at_end(plan)
    count, looked_at = len(running_sites(plan)), len(plan.sites)
    sites = f"{count} of {looked_at} sites" if count < looked_at else f"all {count} sites"
    if looked_at == 1:
        sites = "the site" if count else "nothing"
    return (
        f"By {phase_name(plan.phases[-1])}, run {sites} with {powers(power)}. "
        "All phases together cost "
        f"{money(capex_of(plan), plan.currency)} to build, and the plan is worth "
        f"{money(plan.objective, plan.currency)}."
    )


def idle_at_end(plan: Plan, network: Network) -> str:
    """Return which sites are connected but have no machines in the last phase."""
    last = {year.site: year for year in plan.site_years if year.phase == plan.phases[-1]}
    idle = [site for site, year in last.items() if power_of(year).idle]
    if not idle:
        return ""
    names = names_of(network)
    return (
        f"Connected in {phase_name(plan.phases[-1])} but without machines: "
        f"{listed(sorted(names.get(site, site) for site in idle))}. "
        "The plan puts no new ones there."
    )


def value_means(network: Network) -> str:
    """Return what the value of a plan is."""
    study = network.study
    rate = percent(study.discount_rate, 1).replace(".0%", "%")
    further = {"country": study.discount.country, "kind of revenue": study.discount.revenue}
    kinds = [name for name, premiums in further.items() if any(premiums.values())]
    more = f", with premiums by {listed(kinds)}" if kinds else ""
    return (
        "Value is what is left of all revenue after power, levies, upkeep, tax and the yearly "
        f"charge for everything that was built, in real money, discounted at {rate} a year"
        f"{more}. "
        "Above zero, the plan earns more than that rate."
    )


def gap_words(gap: float) -> str:
    """Return a gap as people read it."""
    if gap <= _EXACT:
        return "no gap"
    if gap < 1e-6:
        return "less than one part in a million"
    return f"{figures(100 * gap, 2)}%"


def proof(plan: Plan) -> str:
    """Return what is proven about the plan."""
    if plan.gap <= _EXACT:
        return "No other plan is worth more: this is proven, not estimated."
    left = money(plan.bound - plan.objective, plan.currency)
    text = (
        f"It is proven that no plan is worth more than {money(plan.bound, plan.currency)}. "
        f"At most {left} ({gap_words(plan.gap)}) lie between this plan and the best there is."
    )
    if plan.status is Status.STOPPED:
        text += (
            " The search was stopped at a limit; with more time the gap would close further."
        )
    return text


def resting_words(resting: Resting) -> str:
    """Return what one input rests on, in money where money flows through it."""
    shares, of = (
        (resting.money, "of its money") if resting.money else (resting.hours, "of hours")
    )
    words = {"user": "stated by the user"}
    parts = [
        f"{percent(share)} {words.get(name, name)}"
        for name, share in sorted(shares.items(), key=lambda item: -item[1])
        if share > 0
    ]
    return f"{resting.input}: {', '.join(parts) or 'not used'} ({of})"


def synthetic_inputs(plan: Plan) -> list[str]:
    """Return the inputs of which a part is synthetic."""
    return [
        resting.input
        for resting in plan.resting
        if max(resting.hours.get("synthetic", 0.0), resting.money.get("synthetic", 0.0)) > 0
    ]


def not_built(plan: Plan, network: Network) -> str:
    """Return which sites were looked at and left, by country."""
    opened = {site.id for site in plan.sites if site.opened is not None}
    left: dict[str, list[str]] = {}
    for site in network.sites:
        if site.id not in opened:
            left.setdefault(country_name(site.country, network.facts), []).append(site.name)
    if not left:
        return "Every site that was looked at is open."
    parts = [
        f"{country}: {', '.join(sorted(names))}" for country, names in sorted(left.items())
    ]
    return f"Looked at and left: {'; '.join(parts)}."


def standing_at_end(plan: Plan) -> Mapping[str, Power]:
    """Return the power of each open site in its last phase."""
    return {site: power_of(year) for site, year in last_years(plan).items()}


def running(plan: Plan, network: Network, dispatch: SiteDispatch) -> str:
    """Return in words how long each machine of a site runs and at which price it stops."""
    unit = f"{plan.currency}/MWh"
    parts = []
    for asset in machines_of(dispatch):
        drawn = dispatch.machine_mw[asset]
        on = drawn > _RUNNING * drawn.max()
        share = float(on.mean())
        name = asset_name(asset, network.facts)
        if share >= _STEADY:
            parts.append(f"{name} runs practically always")
        else:
            parts.append(
                f"{name} runs {percent(share)} of the hours{_stops(on, dispatch, unit)}"
            )
    return f"{listed(parts)}." if parts else "Nothing runs here."


def _stops(on: Bools, dispatch: SiteDispatch, unit: str) -> str:
    """Return the price that divides running from standing, where one price does."""
    price = price_of(dispatch).per_mwh
    order = np.argsort(price, kind="stable")
    runs = on[order]
    # hours on the wrong side of a price that lies below the k-th cheapest hour
    wrong = np.r_[0, np.cumsum(~runs)] + runs.sum() - np.r_[0, np.cumsum(runs)]
    k = int(np.argmin(wrong))
    if wrong[k] > _WRONG * min(on.sum(), (~on).sum()) or not 0 < k < on.size:
        return "; other limits than the price stop it too"
    return f" and stops above about {figures(float(price[order[k - 1 : k + 1]].mean()))} {unit}"
