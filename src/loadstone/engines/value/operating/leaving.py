# SPDX-License-Identifier: Apache-2.0
"""What leaves a site before the plan ends or with it: sold, written off, worth something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loadstone.engines.plan.lower.economy import USD, Economy, annuity
from loadstone.engines.value.operating.ledger import Ledger, Moves
from loadstone.model.finance.cash import DEPRECIATION
from loadstone.model.finance.terms import MONTHS
from loadstone.model.hall import MINING_HALL
from loadstone.model.network import Network
from loadstone.model.site import Site

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
        price: What it cost in real money.
        cost: Nominal cost; 0 for what stands today, whose cost is sunk.
        built: Index of the phase; None for what stands today.
    """

    asset: str
    at: float
    amount: float
    life: float
    age: float = 0.0
    price: float = 0.0
    cost: float = 0.0
    built: int | None = None


def life_of(network: Network, economy: Economy, site: Site, asset: str) -> float:
    """Return the life of an asset that is bought, years."""
    kind, facts = kind_of(asset), network.facts
    if kind == "miner":
        whole = facts.miners[asset.split(":")[1]].life.value
        return whole - (economy.cost("used-age") if asset.endswith(":used") else 0.0)
    if kind == "server":
        return facts.servers[asset.split(":")[1]].life.value
    if kind.startswith("connection"):
        return site.connection.life_years
    given = site.transformers
    if kind == "transformer" and given is not None and given.life_years is not None:
        return given.life_years
    if kind in LIVES:
        return economy.cost(LIVES[kind])
    return network.study.phases[-1].ends - network.study.phases[0].at


def priced_in(network: Network, country: str, asset: str) -> str:
    """Return the currency of a price: the country's for the grid, else dollars."""
    study = network.study
    known = (study.currency, *study.fx)
    local = network.facts.countries[country].currency
    wanted = local if kind_of(asset).startswith("connection") else USD
    return wanted if wanted in known else study.currency


class Leaving:
    """Adds what comes of what leaves one site, and what is written off in the books."""

    def __init__(self, network: Network, economy: Economy, site: Site, ledger: Ledger) -> None:
        self.network, self.site, self.ledger = network, site, ledger
        self.economy = economy.of(site.country)
        self.phases, self.timeline = network.study.phases, ledger.timeline
        self.country = network.facts.countries[site.country]

    def add(
        self, asset: str, cohorts: Sequence[Cohort], stands: Sequence[Mapping[str, float]]
    ) -> None:
        """Add what comes of machines and connection that leave, and what is written off.

        What leaves before its time is the oldest.

        Args:
            asset: Name of the asset.
            cohorts: All that was ever put to use of it.
            stands: What stands by phase and asset.
        """
        left = [one.amount for one in cohorts]
        for p in range(len(self.phases)):
            here = [
                k
                for k, one in enumerate(cohorts)
                if (one.built is None or one.built <= p) and self._alive(one, p)
            ]
            excess = sum(left[k] for k in here) - stands[p].get(asset, 0.0)
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
            owed = self.ledger.terms.end_basis == "owed"
            rest = self._owed(one, amount) if owed else cost - written
            self._end(one, cost, rest)

    def _owed(self, one: Cohort, amount: float) -> float:
        """Return what the planner's annuities have still to pay, nominal money of the horizon.

        They end with the plan, so the planner takes what is left to be worth just this.
        """
        years = one.life - (self.phases[-1].ends - one.at)
        if years <= 0:
            return 0.0
        rate, last = self.economy.rate, self.timeline.months - 1
        share = annuity(rate, one.life) / annuity(rate, years)
        moves = Moves(priced_in(self.network, self.site.country, one.asset))
        growth = self.ledger.growth("resale", f"end:{one.asset}", moves.currency)
        return one.price * amount / one.amount * share * float(growth[last])

    def _end(self, one: Cohort, cost: float, rest: float) -> None:
        """Add what the terms say an asset brings and costs at the horizon."""
        terms, kind = self.ledger.terms, kind_of(one.asset)
        brings = terms.end_value.get(kind, terms.end_value.get("", 0.0)) * rest
        costs = terms.end_cost.get(kind, terms.end_cost.get("", 0.0)) * cost
        last = self.timeline.months - 1
        moves = Moves(priced_in(self.network, self.site.country, one.asset))
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
        moves = Moves(priced_in(self.network, self.site.country, one.asset))
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
        rate = self.economy.rate
        owed = one.price / one.amount * (1 - tax.shield) * annuity(rate, one.life)
        return float(min(asked, owed / annuity(rate, years) / max(1 - tax.rate, 1e-9)))
