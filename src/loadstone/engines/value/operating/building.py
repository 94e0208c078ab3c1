# SPDX-License-Identifier: Apache-2.0
"""What is built, bought again, sold and left, on the days on which it is paid."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.economy import USD, Economy, annuity
from loadstone.engines.plan.lower.spending import Payments, payments
from loadstone.engines.value.operating.ledger import Ledger, Moves
from loadstone.model.connection import in_years
from loadstone.model.country import Country
from loadstone.model.finance.cash import DEPRECIATION, IN_SERVICE
from loadstone.model.finance.terms import MONTHS
from loadstone.model.hall import MINING_HALL
from loadstone.model.machine import Miner, Server
from loadstone.model.network import Network
from loadstone.model.plan import Build, Plan
from loadstone.model.site import Site

Floats = NDArray[np.float64]
MACHINES = ("miner", "server")
LIVES = {
    MINING_HALL: "life-mining-site",
    "ai_hall_air": "life-ai-hall",
    "ai_hall_liquid": "life-ai-hall",
    "conversion": "life-ai-hall",
    "solar": "life-solar",
    "wind": "life-wind",
    "battery_power": "life-battery",
    "battery_energy": "life-battery",
    "backup": "life-backup",
    "transformer": "life-transformer",
}
LEAST = 1e-6  # in an asset's unit


def kind_of(asset: str) -> str:
    """Return the kind of an asset: the first part of its name."""
    return asset.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """What was put to use together.

    Attributes:
        asset: Name of the asset.
        at: Day in calendar years.
        amount: In its unit.
        life: Years.
        age: Age of machines on that day, years: of second-hand ones above 0.
        cost: Nominal cost; 0 for what stands today, whose cost is sunk.
        built: Index of the phase; None for what stands today.
    """

    asset: str
    at: float
    amount: float
    life: float
    age: float = 0.0
    cost: float = 0.0
    built: int | None = None


class Building:
    """Adds what one site builds, buys again, sells and leaves."""

    def __init__(
        self, network: Network, economy: Economy, plan: Plan, site: Site, ledger: Ledger
    ) -> None:
        self.network, self.site, self.ledger = network, site, ledger
        self.economy = economy.of(site.country)
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
                    life=self.life(build.asset),
                    age=self.economy.cost("used-age") if build.asset.endswith(":used") else 0.0,
                    cost=cost,
                    built=p,
                )
            )
        for asset in sorted({one.asset for one in cohorts}):
            self._leave(asset, [one for one in cohorts if one.asset == asset])
        self._deposits()

    def life(self, asset: str) -> float:
        """Return the life of an asset that is bought, years."""
        kind, facts = kind_of(asset), self.network.facts
        if kind == "miner":
            whole = facts.miners[asset.split(":")[1]].life.value
            return whole - (self.economy.cost("used-age") if asset.endswith(":used") else 0.0)
        if kind == "server":
            return facts.servers[asset.split(":")[1]].life.value
        if kind.startswith("connection"):
            return self.site.connection.life_years
        given = self.site.transformers
        if kind == "transformer" and given is not None and given.life_years is not None:
            return given.life_years
        if kind in LIVES:
            return self.economy.cost(LIVES[kind])
        return self.phases[-1].ends - self.phases[0].at

    def _standing(self) -> Iterator[Cohort]:
        facts = self.network.facts
        for one in self.site.standing:
            prefix = "miner" if one.model in facts.miners else "server"
            asset = f"{prefix}:{one.model}"
            at = in_years(one.installed)
            yield Cohort(asset=asset, at=at, amount=one.mw, life=self.life(asset))
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
        moves = Moves(self._currency(build.asset))
        rows = (
            ("capex", build.asset, net * (1 - again)),
            ("refresh", build.asset, net * again),
            ("duty", build.asset, net * duty),
            ("vat", f"lost on {build.asset}", net * (1 + duty) * vat),
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

    def _currency(self, asset: str) -> str:
        """Return the currency of a price: the country's for the grid, else dollars."""
        study = self.network.study
        known = (study.currency, *study.fx)
        wanted = self.country.currency if kind_of(asset).startswith("connection") else USD
        return wanted if wanted in known else study.currency

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

    def _leave(self, asset: str, cohorts: list[Cohort]) -> None:
        """Add what comes of machines and connection that leave, and what is written off.

        What leaves before its time is the oldest.
        """
        left = [one.amount for one in cohorts]
        for p in range(len(self.phases)):
            here = [
                k
                for k, one in enumerate(cohorts)
                if (one.built is None or one.built <= p) and self._alive(one, p)
            ]
            excess = sum(left[k] for k in here) - self.stands[p].get(asset, 0.0)
            for k in sorted(here, key=lambda k: cohorts[k].at):
                gone = min(max(excess, 0.0), left[k])
                if gone > LEAST and cohorts[k].at < self.phases[p].at:
                    self._sell(cohorts[k], p, gone)
                    self._write_off(cohorts[k], gone, self.phases[p].at)
                    left[k] -= gone
                    excess -= gone
        for one, amount in zip(cohorts, left, strict=True):
            self._write_off(one, amount, self.phases[-1].ends)

    def _alive(self, one: Cohort, phase: int) -> bool:
        """Tell whether the planner lets a cohort stand in a phase."""
        middle = self.phases[phase].at + self.phases[phase].years / 2
        return middle - one.at < one.life

    def _write_off(self, one: Cohort, amount: float, until: float) -> None:
        """Write a cohort off in equal parts over its life; add what is left at the end."""
        if not one.cost or not amount:
            return
        cost = one.cost * amount / one.amount
        first = self.timeline.index(one.at)
        last = round((until - one.at) * MONTHS) + first
        months = max(round(one.life * MONTHS), 1)
        monthly = np.zeros(self.timeline.months)
        monthly[first : min(first + months, last)] = cost / months
        written = float(monthly.sum())
        if until < self.phases[-1].ends:  # what leaves early is written off on that day
            monthly[self.timeline.index(until)] += cost - written
        self.ledger.memo(
            f"{DEPRECIATION}:{one.asset}", self.site, self.ledger.reporting, monthly
        )
        if until >= self.phases[-1].ends:
            self._end(one, cost, cost - written)

    def _end(self, one: Cohort, cost: float, rest: float) -> None:
        """Add what the terms say an asset brings and costs at the horizon."""
        terms, kind = self.ledger.terms, kind_of(one.asset)
        brings = terms.end_value.get(kind, terms.end_value.get("", 0.0)) * rest
        costs = terms.end_cost.get(kind, terms.end_cost.get("", 0.0)) * cost
        last = self.timeline.months - 1
        moves = Moves(self._currency(one.asset))
        for line, amount in ((f"end:{one.asset}", brings), (f"removal:{one.asset}", -costs)):
            growth = self.ledger.growth("resale", line, moves.currency)
            real = np.zeros(self.timeline.months)
            real[last] = amount / growth[last]  # stated in nominal money
            self.ledger.money("resale", line, self.site, moves, real)

    def _sell(self, one: Cohort, phase: int, amount: float) -> None:
        """Add what machines bring that are sold, and what leaving a connection costs."""
        kind, fee = kind_of(one.asset), self.site.connection.exit_fee_per_mw
        price = 0.0
        if kind == "miner" and self.network.study.resale:
            price = self._resale(one, phase)
        if kind.startswith("connection") and fee is not None:
            price = -fee
        moves = Moves(self._currency(one.asset))
        real = self.timeline.at(self.phases[phase].at, price * amount)
        self.ledger.money("resale", one.asset, self.site, moves, real)

    def _resale(self, one: Cohort, phase: int) -> float:
        """Return what a MW of miners brings: as the planner counts it, never a profit."""
        miner = self.network.facts.miners[one.asset.split(":")[1]]
        gone = self.phases[phase].at - one.at
        asked = self.economy.asked_price(miner, phase, one.age + gone)
        years = one.life - gone
        if asked is None or years <= 0:
            return 0.0
        if one.built is None:
            return asked
        tax = self.economy.taxation(self.country, "mining")
        paid = sum(b.capex for b in self.builds if b.asset == one.asset and self._is(b, one))
        rate = self.economy.rate
        owed = paid / one.amount * (1 - tax.shield) * annuity(rate, one.life)
        return float(min(asked, owed / annuity(rate, years) / max(1 - tax.rate, 1e-9)))

    def _is(self, build: Build, one: Cohort) -> bool:
        return self.index[build.phase] == one.built

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
                moves = Moves(self._currency(asset))
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
