# SPDX-License-Identifier: Apache-2.0
"""What is built, bought again, sold and left, on the days on which it is paid."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lower.spending import Payments, payments
from loadstone.engines.value.operating.leaving import (
    Cohort,
    Leaving,
    kind_of,
    life_of,
    priced_in,
)
from loadstone.engines.value.operating.ledger import Ledger, Moves
from loadstone.model.connection import in_years
from loadstone.model.country import Country
from loadstone.model.finance.cash import IN_SERVICE, LOST_ON
from loadstone.model.machine import Miner, Server
from loadstone.model.network import Network
from loadstone.model.plan import Build, Plan
from loadstone.model.site import Site

Floats = NDArray[np.float64]
MACHINES = ("miner", "server")


class Building:
    """Adds what one site builds, buys again, sells and leaves."""

    def __init__(
        self, network: Network, economy: Economy, plan: Plan, site: Site, ledger: Ledger
    ) -> None:
        self.network, self.site, self.ledger = network, site, ledger
        self.economy = economy.of(site.country)
        self.leaving = Leaving(network, economy, site, ledger)
        self.phases, self.timeline = network.study.phases, ledger.timeline
        self.country = network.facts.countries[site.country]
        self.index = {phase.at: p for p, phase in enumerate(self.phases)}
        self.builds = [build for build in plan.builds if build.site == site.id]
        self.stands: list[Mapping[str, float]] = [{} for _ in self.phases]
        for year in plan.site_years:
            if year.site == site.id:
                self.stands[self.index[year.phase]] = year.capacities

    def add(self) -> None:
        """Add all of it."""
        cohorts = list(self._standing())
        for build in self.builds:
            cost = self._pay(build)
            p = self.index[build.phase]
            self.ledger.memo(
                f"{IN_SERVICE}:{build.asset}",
                self.site,
                self.ledger.reporting,
                self.timeline.at(self.phases[p].at, cost),
            )
            cohorts.append(
                Cohort(
                    asset=build.asset,
                    at=self.phases[p].at,
                    amount=build.amount,
                    life=life_of(self.network, self.economy, self.site, build.asset),
                    age=self.economy.cost("used-age") if build.asset.endswith(":used") else 0.0,
                    price=build.capex,
                    cost=cost,
                    built=p,
                )
            )
        for asset in sorted({one.asset for one in cohorts}):
            here = [one for one in cohorts if one.asset == asset]
            self.leaving.add(asset, here, self.stands)
        self._deposits()

    def _standing(self) -> Iterator[Cohort]:
        facts = self.network.facts
        for one in self.site.standing:
            prefix = "miner" if one.model in facts.miners else "server"
            asset = f"{prefix}:{one.model}"
            at = in_years(one.installed)
            life = life_of(self.network, self.economy, self.site, asset)
            yield Cohort(asset=asset, at=at, amount=one.mw, life=life)
        given = self.site.connection
        parts = {"connection": given.existing_mw}
        if given.non_firm is not None:
            parts["connection_non_firm"] = given.non_firm.existing_mw
        for asset, mw in parts.items():
            if mw:
                yield Cohort(asset=asset, at=self.phases[0].at, amount=mw, life=np.inf)

    def _pay(self, build: Build) -> float:
        """Add the payments for a build; return what it costs in nominal money."""
        p = self.index[build.phase]
        paid: Payments = ()
        if kind_of(build.asset) not in ("site", "conversion"):
            paid = payments(self.network, build.asset, p)
        paid = paid or ((self.phases[p].at, 1.0),)
        duty, vat = self._at_border(build.asset, p)
        net = build.capex / ((1 + duty) * (1 + vat))
        again = self._again(build, p)
        moves = Moves(priced_in(self.network, self.site.country, build.asset))
        rows = (
            ("capex", build.asset, net * (1 - again)),
            ("refresh", build.asset, net * again),
            ("duty", build.asset, net * duty),
            ("vat", f"{LOST_ON}{build.asset}", net * (1 + duty) * vat),
        )
        total = 0.0
        for group, line, amount in rows:
            real = np.zeros(self.timeline.months)
            for day, share in paid:
                real -= self.timeline.at(day, share * amount)
            self.ledger.money(group, line, self.site, moves, real)  # type: ignore[arg-type]
            growth = self.ledger.growth(group, line, moves.currency)
            total -= float((real * growth).sum())
        return total

    def _at_border(self, asset: str, phase: int) -> tuple[float, float]:
        """Return duty and lost value-added tax on a machine, over what each is due on."""
        model = _model(self.network, asset)
        if model is None:
            return 0.0, 0.0
        duty = duty_on(self.country, model, self.network, phase)
        use = "mining" if isinstance(model, Miner) else "ai"
        return duty, self.economy.taxation(self.country, use).vat

    def _again(self, build: Build, p: int) -> float:
        """Return the share of a build that replaces machines whose life has ended."""
        kind = kind_of(build.asset)
        if kind not in MACHINES:
            return 0.0

        def standing(q: int) -> float:
            return sum(mw for name, mw in self.stands[q].items() if kind_of(name) == kind)

        if p == 0:
            facts = self.network.facts
            known = facts.miners if kind == "miner" else facts.servers
            before = sum(one.mw for one in self.site.standing if one.model in known)
        else:
            before = standing(p - 1)
        new = sum(
            one.amount
            for one in self.builds
            if kind_of(one.asset) == kind and self.index[one.phase] == p
        )
        grown = max(standing(p) - before, 0.0)
        return min(max(1 - grown / new, 0.0), 1.0)

    def _deposits(self) -> None:
        """Add deposits for tranches of the connection, which come back when they are energised.

        New connection is taken to use the tranches in their order, those without a deposit
        first. One that was paid before the decision is as if it were paid on that day, since
        without the tranche it would come back: so the planner counts it.
        """
        given = self.site.connection
        for asset, firm in (("connection", True), ("connection_non_firm", False)):
            wanted = sum(one.amount for one in self.builds if one.asset == asset)
            tranches = sorted(given.tranches_of(firm=firm), key=lambda t: t.deposit_per_mw > 0)
            for tranche in tranches:
                taken = min(tranche.mw, max(wanted, 0.0))
                wanted -= taken
                if tranche.deposit_paid is None or not taken:
                    continue
                paid = max(in_years(tranche.deposit_paid), self.network.study.decided_at)
                back = max(in_years(tranche.energised), paid)
                amount = taken * tranche.deposit_per_mw
                real = self.timeline.at(back, amount) - self.timeline.at(paid, amount)
                moves = Moves(priced_in(self.network, self.site.country, asset))
                self.ledger.money("resale", f"deposit:{asset}", self.site, moves, real)


def _model(network: Network, asset: str) -> Miner | Server | None:
    kind = kind_of(asset)
    if kind not in MACHINES:
        return None
    known = network.facts.miners if kind == "miner" else network.facts.servers
    return known[asset.split(":")[1]]


def duty_on(country: Country, model: Miner | Server, network: Network, phase: int) -> float:
    """Return the import duty on a machine, as the planner takes it: none where not known."""
    day = network.study.phases[phase].start
    if isinstance(model, Miner):
        duty = country.miner_duty(
            hashrate_th=model.hashrate_th, j_per_th=model.j_per_th, on=day
        )
    else:
        duty = country.server_duty(day)
    return duty.value if duty else 0.0
