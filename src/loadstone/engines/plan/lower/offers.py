# SPDX-License-Identifier: Apache-2.0
"""Offers of others become columns, rows and segments: leases of AI halls, hosted miners.

A lease is a yes or no for each phase in which it may be delivered. The tenant draws its share
in every hour, whatever power costs. Hosted miners run like the site's own where their fee pays
for power; an account pays for energy missing below the floor.
"""

from dataclasses import replace

import numpy as np

from loadstone.engines.plan.lower.assets import Assets
from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.lowered_site import LoweredSite, Shortfall, Sold
from loadstone.engines.plan.lower.machines import Machines
from loadstone.engines.plan.lower.reasons import refused_hosting, refused_lease
from loadstone.engines.plan.lower.supply import Capacities
from loadstone.engines.plan.problem import Account, Label, Segment
from loadstone.model.errors import Conflict, InfeasibleError
from loadstone.model.hall import MINING_HALL
from loadstone.model.network import Network
from loadstone.model.offer import Hosting, Lease

KW_PER_MW = 1000
MONTHS = 12


def wanted_halls(assets: Assets) -> set[str]:
    """Return the kinds of hall that offers at a site ask for."""
    offers, site = assets.network.offers, assets.site
    halls: set[str] = {one.hall for one in offers.leases if one.site == site.id}
    return halls | {MINING_HALL for one in offers.hosting if site.id in one.sites}


def add_offers(assets: Assets) -> None:
    """Add the offers for a site; why one cannot be met is kept.

    Raises:
        InfeasibleError: A lease that must be taken cannot be.
    """
    offers, out, site = assets.network.offers, assets.out, assets.site
    conflicts = []
    for lease in offers.leases:
        if lease.site == site.id:
            _add_lease(assets, lease)
            if lease.must and lease.name in out.refused:
                must = f"{lease.id} must be taken ({lease.source})"
                why = f"{site.name}: {out.refused[lease.name]}"
                relax = f"take `must` from {lease.id}, or let {site.name} have what it needs"
                conflicts.append(Conflict(rules=(must, why), relax=relax))
    if conflicts:
        raise InfeasibleError(conflicts)
    for one in offers.hosting:
        if site.id in one.sites:
            _add_hosting(assets, one)


def runs(assets: Assets, lease: Lease, delivered: int) -> tuple[int, ...]:
    """Return the phases in which a lease runs that was delivered at the start of one."""
    return assets.economy.stands(lease.term_years, delivered)


def _add_lease(assets: Assets, lease: Lease) -> None:
    """Add the yes or no of a lease for each phase of delivery, and what it pays."""
    draft, out, economy = assets.draft, assets.out, assets.economy
    possible, reason = refused_lease(assets, lease)
    if not possible:
        out.refused[lease.name] = reason
        return
    out.hall_of[lease.name] = lease.hall
    for d in possible:
        taken = draft.column(out.label("offer", d, lease.name, "1"), upper=1.0, whole=True)
        out.offers[lease.name, d] = taken
        late = (assets.phases[d].start - lease.ready).days
        paid = lease.damages_per_mw_day * lease.mw * late * economy.per(lease.currency)
        if paid:
            yearly = paid * economy.starts[d] / economy.weights[d]
            out.yearly(draft, d, taken, "damages", yearly, taxation=assets.ai_tax)
    text = f"the lease {lease.id} at {assets.site.name}, taken once"
    label = replace(out.label("taken", asset=lease.name, text=text), source=lease.source)
    terms = [(out.offers[lease.name, d], lease.mw) for d in possible]
    draft.row(label, terms, lower=lease.mw if lease.must else 0.0, upper=lease.mw)
    for p in range(len(assets.phases)):
        alive = [out.offers[lease.name, d] for d in possible if p in runs(assets, lease, d)]
        if alive:
            _reserve(assets, lease, p, alive)


def _reserve(assets: Assets, lease: Lease, phase: int, alive: list[int]) -> None:
    """Add what a lease reserves in a phase, its rent, and what must be kept for it."""
    draft, out, economy = assets.draft, assets.out, assets.economy
    column = draft.column(out.label("amount", phase, lease.name), upper=lease.mw)
    out.amounts[lease.name, phase] = column
    terms = [(column, 1.0), *((taken, -lease.mw) for taken in alive)]
    draft.row(out.label("leased", phase, lease.name), terms, lower=0.0, upper=0.0)
    rent = lease.rent_per_kw_month * KW_PER_MW * MONTHS * economy.per(lease.currency)
    counts = economy.revenue_factor("lease", phase, lease.credit_spread)
    out.yearly(
        draft, phase, column, "rent", rent,
        revenue=True, taxation=assets.ai_tax, counts=counts,
    )  # fmt: skip
    worst = float(out.hours[phase].pue(lease.hall).max())
    out.firm_load.setdefault(phase, []).append((column, lease.firm_share * worst))
    if not lease.undrawn_usable and lease.share_drawn < 1:
        out.reserved.setdefault(phase, []).append((column, (1 - lease.share_drawn) * worst))


def _add_hosting(assets: Assets, one: Hosting) -> None:
    """Add the miners of a customer that stand at a site; what moves in stays."""
    draft, out = assets.draft, assets.out
    phases, reason = refused_hosting(assets, one)
    if not phases:
        out.refused[one.name] = reason
        return
    out.hall_of[one.name] = MINING_HALL
    for p in phases:
        room = draft.upper(out.amounts[MINING_HALL, p])
        label = out.label("amount", p, one.name)
        out.amounts[one.name, p] = draft.column(label, upper=room)
        if p - 1 in phases:
            stay = out.label("stays", p, one.name)
            before = out.amounts[one.name, p - 1]
            draft.row(stay, [(out.amounts[one.name, p], 1.0), (before, -1.0)], lower=0.0)


class Offered:
    """Adds what tenants and hosted miners draw to the block of a site in one phase."""

    def __init__(self, assets: Assets, machines: Machines, phase: int) -> None:
        """Prepare a site-year.

        Args:
            assets: The site's assets.
            machines: Says what power costs besides its common price.
            phase: Index of the phase.
        """
        self.assets, self.machines, self.phase = assets, machines, phase
        self.draft, self.out, self.economy = assets.draft, assets.out, assets.economy
        self.hours, self.tax = assets.out.hours[phase], assets.ai_tax

    def add(self, caps: Capacities, segments: list[Segment], accounts: list[Account]) -> None:
        """Add the segments of what is offered here, and the accounts of uptime."""
        offers, amounts = self.assets.network.offers, self.out.amounts
        for lease in offers.leases:
            column = amounts.get((lease.name, self.phase))
            if lease.site == self.assets.site.id and column is not None and lease.share_drawn:
                segments.append(self._leased(lease, caps.index(lease.name, column)))
        for one in offers.hosting:
            column = amounts.get((one.name, self.phase))
            if column is not None:
                self._host(one, caps.index(one.name, column), segments, accounts)

    def _leased(self, lease: Lease, capacity: int) -> Segment:
        """Return what a tenant draws, and what it pays for that."""
        pue = self.hours.pue(lease.hall)
        earned = np.zeros(len(pue))
        if lease.power == "tenant":
            earned = self.hours.price("import", "residual", "ai", "all_use") * pue
        elif lease.power_per_mwh is not None:
            earned = earned + lease.power_per_mwh * self.economy.per(lease.currency)
        sold = Sold("ai", "lease power", earned, pue, self.tax)
        self.out.sold[self.phase][lease.name] = sold
        adder = self.machines.use_adder("ai", self.tax)
        return Segment(
            name=lease.name,
            capacity=capacity,
            width=self.draft.profile(pue * lease.share_drawn),
            value=self.draft.profile(earned / pue * (1 - self.tax.rate) - adder),
            must_run=True,
        )

    def _host(
        self,
        one: Hosting,
        capacity: int,
        segments: list[Segment],
        accounts: list[Account],
    ) -> None:
        """Add the segment of a customer's miners, and the account of their uptime.

        The fee is income from a service, taxed as other income is; levies on mining and bans
        hold whoever owns the miners.
        """
        pue, hours, tax = self.hours.mining_pue, self.hours, self.tax
        ready = np.where(hours.mining_banned, 0.0, hours.mining_ready)
        fee = one.fee_per_mwh * self.economy.per(one.currency)
        counts = self.economy.revenue_factor("hosting", self.phase)
        sold = Sold("mining", "hosting", fee, pue, tax, counts)
        self.out.sold[self.phase][one.name] = sold
        adder = self.machines.use_adder("mining", tax)
        segments.append(
            Segment(
                name=one.name,
                capacity=capacity,
                width=self.draft.profile(ready * pue),
                value=self.draft.worth(fee * (1 - tax.rate) * counts, pue, adder),
            )
        )
        back = one.shortfall_per_mwh * self.economy.per(one.currency)
        if one.uptime_floor and back:
            name = f"{one.name}: energy below the floor"
            account = Account(
                name=name,
                segments=(len(segments) - 1,),
                coefficients=(-1.0,),
                hours=self.draft.series(1 / pue),
                limit=capacity,
                per_unit=-one.uptime_floor * float(ready.sum()),
                penalty=back * (1 - tax.relief),
            )
            accounts.append(account)
            self.out.shortfalls.setdefault(self.phase, []).append(Shortfall(name, back))


def share_hosting(network: Network, draft: Draft, sites: list[LoweredSite]) -> None:
    """Hold what a customer hosts at all sites together to what it has."""
    for one in network.offers.hosting:
        for p in range(len(network.study.phases)):
            here = [site.amounts.get((one.name, p)) for site in sites]
            terms = [(column, 1.0) for column in here if column is not None]
            if terms:
                label = Label(
                    kind="hosting",
                    subject=one.customer,
                    phase=p,
                    asset=one.name,
                    unit="MW",
                    text=f"miners that {one.customer} would have hosted",
                    source=one.source,
                )
                draft.row(label, terms, upper=one.max_mw)
