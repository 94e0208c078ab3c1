# SPDX-License-Identifier: Apache-2.0
"""What became of offers: taken and from when, or why not."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.model.offer import Hosting, Lease
from loadstone.model.plan import OfferResult

Floats = NDArray[np.float64]

TAKEN = 0.5
LEAST_MW = 1e-6
POWER = {
    "tenant": "power at the tenant's expense",
    "landlord": "power included",
    "price": "power at an agreed price",
}
NOT_WORTH_IT = "Could be met; the plan is worth more without it."


def offer_results(lowered: Lowered, columns: Floats) -> tuple[OfferResult, ...]:
    """Return what a plan does with each offer, site by site.

    Args:
        lowered: The network and its problem.
        columns: The columns of the solution. Shape (C,).
    """
    sites = {site.site.id: site for site in lowered.sites}
    offers = lowered.network.offers
    leases = (_lease(lowered, sites[one.site], one, columns) for one in offers.leases)
    hosted = (
        _hosting(lowered, sites[id_], one, columns)
        for one in offers.hosting
        for id_ in one.sites
    )
    return tuple([*leases, *hosted])


def _lease(lowered: Lowered, site: LoweredSite, one: Lease, columns: Floats) -> OfferResult:
    phases = lowered.network.study.phases
    taken = [
        phases[d]
        for (asset, d), column in site.offers.items()
        if asset == one.name and columns[column] > TAKEN
    ]
    text = _refusal(site, one.name)
    if taken:
        late = (taken[0].start - one.ready).days
        text = "".join(
            (
                f"{one.tenant} rents {one.mw:g} MW from {taken[0].start} for "
                f"{one.term_years:g} years at {one.rent_per_kw_month:,.6g} {one.currency} per "
                f"kW and month, {POWER[one.power]}",
                f"; delivered {late} days late" if late else "",
                _damages(one, late),
                ".",
            )
        )
    return OfferResult(
        id=one.id,
        kind="lease",
        site=one.site,
        taken=bool(taken),
        from_phase=taken[0].at if taken else None,
        mw=one.mw if taken else 0.0,
        text=text,
    )


def _damages(one: Lease, late: int) -> str:
    paid = one.damages_per_mw_day * one.mw * late
    return f", which costs {paid:,.0f} {one.currency}" if paid else ""


def _hosting(lowered: Lowered, site: LoweredSite, one: Hosting, columns: Floats) -> OfferResult:
    phases, hosted = lowered.network.study.phases, list(_hosted(site, one, columns))
    text = _refusal(site, one.name)
    if hosted:
        start, most = phases[hosted[0][0]].start, max(mw for _, mw in hosted)
        text = (
            f"{one.customer} places {most:,.4g} MW of miners from {start} at "
            f"{one.fee_per_mwh:,.6g} {one.currency} per MWh."
        )
    return OfferResult(
        id=one.id,
        kind="hosting",
        site=site.site.id,
        taken=bool(hosted),
        from_phase=phases[hosted[0][0]].at if hosted else None,
        mw=max((mw for _, mw in hosted), default=0.0),
        text=text,
    )


def _hosted(site: LoweredSite, one: Hosting, columns: Floats) -> Iterator[tuple[int, float]]:
    """Yield the phases in which a customer's miners stand, and how many, MW."""
    for (asset, phase), column in site.amounts.items():
        if asset == one.name and columns[column] > LEAST_MW:
            yield phase, float(columns[column])


def _refusal(site: LoweredSite, name: str) -> str:
    reason = site.refused.get(name)
    return f"Cannot be met: {reason}." if reason else NOT_WORTH_IT
