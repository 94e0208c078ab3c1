# SPDX-License-Identifier: Apache-2.0
"""The books of a site in a plan: revenue, bill, tax and capital, year by year.

Revenue and bill are counted from the hours, with the rate card's own `charge`; what the
objective counts is counted from the columns. Tax is the difference between the two.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.lower.connection import CONNECTIONS
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.engines.plan.pledged import PledgedYear
from loadstone.engines.plan.problem import ONES
from loadstone.engines.plan.solution import BlockDispatch, Solution
from loadstone.model.plan import SiteYear, phase_name
from loadstone.model.tariff import Load
from loadstone.model.tariff.terms import (
    BlockTerm,
    ConnectionTerm,
    EnergyTerm,
    FixedTerm,
    OwnGenerationTerm,
    PeakTerm,
    TakeOrPayTerm,
    Term,
)

Floats = NDArray[np.float64]

KINDS: tuple[tuple[type, str], ...] = (
    (PeakTerm, "demand"),
    (BlockTerm, "energy"),
    (TakeOrPayTerm, "take_or_pay"),
    (OwnGenerationTerm, "energy"),
    (FixedTerm, "fixed"),
    (ConnectionTerm, "connection"),
)
LEAST_STANDING = 1e-9
RISK_PREMIUM = "risk_premium"
"""Line of cost for what revenue counts less at a discount rate of its own; no cash."""
HELD_DEMAND = "held_demand"
"""Line of cost for demand that the plan counts beside a power contract and no bill has."""
DEMAND = {"peak", "billed", "excess"}
"""Kinds of columns whose cost is a demand charge."""
LEAST_IDLE = 0.01  # of what is paid: less is not worth a sentence
ALWAYS = {
    *("mining", "ai", "curtailment", "export", "energy", "demand", "connection", "levies"),
    *("take_or_pay", "fixed", "carbon", "vat", "tax"),
}
"""Lines that are told even where they are 0."""
CAPITAL = {"build", "open", "leave", "tranche"}
"""Kinds of columns whose cost is capital."""


def without_idle_lines(years: Sequence[SiteYear]) -> tuple[SiteYear, ...]:
    """Return the years without lines of what a site never earns or pays, such as a rent."""
    told: dict[str, set[str]] = {}
    for year in years:
        lines = [*year.revenue.items(), *year.cost.items()]
        found = {name for name, amount in lines if abs(amount) > LEAST_STANDING}
        told.setdefault(year.site, set(ALWAYS)).update(found)
    return tuple(
        replace(
            year,
            revenue={k: v for k, v in year.revenue.items() if k in told[year.site]},
            cost={k: v for k, v in year.cost.items() if k in told[year.site]},
        )
        for year in years
    )


class SiteBooks:
    """Counts what one site earns and costs in each phase."""

    def __init__(
        self,
        lowered: Lowered,
        site: LoweredSite,
        solution: Solution,
        hours: Sequence[BlockDispatch],
    ) -> None:
        """Open the books.

        Args:
            lowered: The network and its problem.
            site: The site.
            solution: What a method found.
            hours: Its dispatch, block by block.
        """
        self.lowered, self.site, self.solution = lowered, site, solution
        self._hours = hours
        self._columns = [
            c
            for c, label in enumerate(lowered.problem.columns)
            if label.subject == site.site.id
        ]

    def value(self) -> float:
        """Return the site's part of the objective."""
        problem, solution = self.lowered.problem, self.solution
        earned = sum(
            problem.blocks[b].weight * float(solution.values[b]) for b in self.site.blocks
        )
        return earned - float(problem.cost[self._columns] @ solution.columns[self._columns])

    def load(self, phase: int) -> Load:
        """Return what the site's meters say in a phase."""
        given, power = self.site.hours[phase], self._power(phase)
        nothing = np.zeros(given.grid.count)

        def total(*prefixes: str) -> Floats:
            chosen = (mw for name, mw in power.items() if name.startswith(prefixes))
            return np.maximum(sum(chosen, nothing), 0.0)

        def each(prefix: str) -> dict[str, Floats]:
            return {
                name.removeprefix(prefix): np.maximum(mw, 0.0)
                for name, mw in power.items()
                if name.startswith(prefix)
            }

        return Load(
            grid=given.grid,
            import_mw=total("grid", "ppa:"),
            export_mw=total("export"),
            mining_mw=total("miner:", "hosting:", "promised:mining"),
            ai_mw=total("server:", "lease:", "promised:ai"),
            auxiliary_mw=nothing,
            ppa_mw=each("ppa:"),
            own_mw=each("own:"),
            contracted_mw=sum(self._amount(asset, phase) for asset in CONNECTIONS),
        )

    def site_year(self, phase: int) -> SiteYear:
        """Return what stands in a phase and what a year of it brings."""
        problem = self.lowered.problem
        block = self.site.blocks[phase]
        load = self.load(phase)
        revenue = self._revenue(phase) | {"export": 0.0}
        cost = self._bill(phase, load, revenue)
        cost["carbon"] = float(
            (load.import_mw * self.site.hours[phase].carbon).sum()
            * self.lowered.network.study.caps.carbon_price
        )
        self._add_lines(phase, revenue, cost)
        cost["vat"] = self._vat(phase)
        if any(isinstance(term, TakeOrPayTerm) for term in self.site.hours[phase].terms()):
            cost[HELD_DEMAND] = self._demand(phase) - cost["demand"]
        if phase in self.site.shortfalls:
            cost["shortfall"] = self._shortfall(phase)
        if at_risk := self._at_risk(phase):
            cost[RISK_PREMIUM] = cost.get(RISK_PREMIUM, 0.0) + at_risk
        opening = self.site.site.opening
        is_open = self._is_open(phase)
        yearly = opening.yearly_cost * is_open if opening else 0.0
        cost["fixed"] += yearly
        weight = problem.blocks[block].weight
        kept = 1 - self.site.taxation.relief
        counted = float(self.solution.values[block]) - self._yearly_columns(phase) / weight
        counted -= yearly * kept
        cost["tax"] = sum(revenue.values()) - sum(cost.values()) - counted
        return SiteYear(
            site=self.site.site.id,
            phase=self.lowered.network.study.phases[phase].at,
            capacities={
                asset: float(self.solution.columns[column])
                for (asset, q), column in self.site.amounts.items()
                if q == phase and self.solution.columns[column] > LEAST_STANDING
            },
            energy_mwh=self._energy(phase, load),
            revenue=revenue,
            cost=cost,
            annuity=self._annuity(phase),
        )

    def approximations(self) -> list[str]:
        """Return where the planner does not charge what the bill will, in sentences."""
        said = []
        for p, given in enumerate(self.site.hours):
            terms = given.card.approximated()
            if not terms or not self._amount("connection", p):
                continue
            low, high = given.card.bounds(self.load(p))
            names = ", ".join(sorted({term.name for term in terms}))
            said.append(
                f"{self.site.site.name}, {self._phase(p)}: the plan "
                f"does not charge exactly: {names}. The bill lies between {low:,.0f} and "
                f"{high:,.0f} {given.currency}."
            )
        return [*said, *self._paid_idle()]

    def _paid_idle(self) -> Iterator[str]:
        """Yield where curtailment may pay for machines that would have stood still anyway."""
        for p, pledges in enumerate(self.site.pledges):
            worth = self._hours[self.site.blocks[p]].worth
            for pledge in pledges:
                taxed = [self.site.sold[p][name].taxation.rate for name in pledge.per_mwh]
                kept = 1 - max(taxed, default=0.0)
                paid, idle = self._pledged(p).idle(pledge, pledges, kept * pledge.counts, worth)
                if idle > LEAST_IDLE * paid + LEAST_STANDING:
                    yield (
                        f"{self.site.site.name}, {self._phase(p)}: "
                        f"{pledge.name} pays for {paid:,.0f} MWh that are not drawn; up to "
                        f"{idle:,.0f} MWh of it lie in hours in which mining would not have "
                        "paid for its power, which a contract with a measured baseline does "
                        "not pay."
                    )

    def _phase(self, phase: int) -> str:
        return phase_name(self.lowered.network.study.phases[phase].at)

    def _power(self, phase: int) -> dict[str, Floats]:
        b = self.site.blocks[phase]
        segments = self.lowered.problem.blocks[b].segments
        return {s.name: self._hours[b].power[j] for j, s in enumerate(segments)}

    def _amount(self, asset: str, phase: int) -> float:
        column = self.site.amounts.get((asset, phase))
        return 0.0 if column is None else float(self.solution.columns[column])

    def _is_open(self, phase: int) -> float:
        if self.site.site.opening is None:
            return 1.0
        opened = [z for p, z in self.site.opens.items() if p <= phase]
        return float(np.round(self.solution.columns[opened].sum())) if opened else 0.0

    def _revenue(self, phase: int) -> dict[str, float]:
        revenue = {"mining": 0.0, "ai": 0.0, "curtailment": 0.0}
        for pledge in self.site.pledges[phase]:
            earned = self._pledged(phase).earned(pledge)
            revenue[pledge.line] = revenue.get(pledge.line, 0.0) + earned
        sold = self.site.sold[phase]
        for name, power in self._power(phase).items():
            if name in sold:
                earned = float((power / sold[name].pue * sold[name].per_mwh).sum())
                revenue[sold[name].line] = revenue.get(sold[name].line, 0.0) + earned
        return revenue

    def _pledged(self, phase: int) -> PledgedYear:
        problem, b = self.lowered.problem, self.site.blocks[phase]
        return PledgedYear(
            problem, problem.blocks[b], self.solution.columns, self._power(phase)
        )

    def _bill(self, phase: int, load: Load, revenue: dict[str, float]) -> dict[str, float]:
        """Return the bill by kind, as the planner charges it; export is revenue."""
        given = self.site.hours[phase]
        cost = dict.fromkeys(("energy", "demand", "connection", "levies", "take_or_pay"), 0.0)
        cost["fixed"] = 0.0
        is_open = self._is_open(phase)
        for source, per_mwh in self.site.fuel[phase].items():
            burnt = float(self._power(phase)[source].sum()) * per_mwh
            cost["fuel"] = cost.get("fuel", 0.0) + burnt
        for term in given.terms():
            if is_open == 0.0:
                continue
            charge = self._charge(term, load) * given.fx
            if isinstance(term, EnergyTerm) and term.on == "export":
                revenue["export"] -= charge * given.factor
            elif isinstance(term, EnergyTerm) and term.on in ("import", "residual"):
                cost["energy"] += charge * given.factor
            elif isinstance(term, EnergyTerm):
                cost["levies"] += charge
            else:
                name = next((kind for type_, kind in KINDS if isinstance(term, type_)), None)
                if name is not None:
                    cost[name] += charge
        return cost

    @staticmethod
    def _charge(term: Term, load: Load) -> float:
        return float(term.charge(load))

    def _vat(self, phase: int) -> float:
        """Return the value-added tax on power that does not come back."""
        given = self.site.hours[phase]
        price = given.price("import", "residual")
        sold, total = self.site.sold[phase], 0.0
        for name, power in self._power(phase).items():
            if name in sold and sold[name].taxation.vat:
                total += float((power * price).sum()) * sold[name].taxation.vat
        return total

    def _add_lines(self, phase: int, revenue: dict[str, float], cost: dict[str, float]) -> None:
        """Add what columns earn and cost a year."""
        for line in self.site.lines:
            if line.phase == phase:
                amount = line.per_unit * float(self.solution.columns[line.column])
                lines = revenue if line.revenue else cost
                lines[line.name] = lines.get(line.name, 0.0) + amount

    def _at_risk(self, phase: int) -> float:
        """Return revenue after tax less what the objective counts of it.

        Revenue whose kind is discounted at a rate of its own counts less, or more, than the
        same amount at the rate of the country.
        """
        sold, total = self.site.sold[phase], 0.0
        for name, power in self._power(phase).items():
            one = sold.get(name)
            if one is not None and one.counts != 1:
                earned = float((power / one.pue * one.per_mwh).sum())
                total += earned * (1 - one.taxation.rate) * (1 - one.counts)
        for pledge in self.site.pledges[phase]:
            rates = [sold[name].taxation.rate for name in pledge.per_mwh]
            kept = (1 - max(rates, default=0.0)) * (1 - pledge.counts)
            total += self._pledged(phase).earned(pledge) * kept if kept else 0.0
        return total + sum(
            line.at_risk * float(self.solution.columns[line.column])
            for line in self.site.lines
            if line.phase == phase
        )

    def _shortfall(self, phase: int) -> float:
        """Return what is paid for energy that was promised and is missing."""
        problem, b = self.lowered.problem, self.site.blocks[phase]
        block, total = problem.blocks[b], 0.0
        capacities = self.solution.columns[block.columns]
        paid = {one.account: one.per_mwh for one in self.site.shortfalls[phase]}
        for account in block.accounts:
            if account.name in paid:
                hours = problem.series[account.hours] if account.hours != ONES else 1.0
                counted = sum(
                    share * float((self._hours[b].power[j] * hours).sum())
                    for j, share in zip(account.segments, account.coefficients, strict=True)
                )
                beyond = counted - account.per_unit * float(capacities[account.limit])
                total += max(0.0, beyond) * paid[account.name]
        return total

    def _demand(self, phase: int) -> float:
        """Return the demand charges of a year as the objective counts them, before relief."""
        problem, weight = self.lowered.problem, self.site.economy.weights[phase]
        labels = problem.columns
        return float(
            sum(
                problem.cost[c] * self.solution.columns[c]
                for c in self._columns
                if labels[c].phase == phase and labels[c].kind in DEMAND
            )
        ) / (weight * (1 - self.site.taxation.relief))

    def _yearly_columns(self, phase: int) -> float:
        """Return what the site's columns of a phase cost beside building and opening."""
        labels, cost = self.lowered.problem.columns, self.lowered.problem.cost
        return float(
            sum(
                cost[c] * self.solution.columns[c]
                for c in self._columns
                if labels[c].phase == phase and labels[c].kind not in CAPITAL
            )
        )

    def _annuity(self, phase: int) -> float:
        """Return the capital charge of a year, after the relief of writing off."""
        economy, problem, total = self.site.economy, self.lowered.problem, 0.0
        made = [(p, built) for (_, p), built in self.site.builds.items()]
        made += [(p, gone) for (_, p, _), gone in self.site.left.items()]
        made += self.site.deposits
        for p, built in made:
            if not built.stands:  # paid at once
                if p == phase:
                    kept = 1 - self.site.taxation.relief
                    start = economy.starts[p] / economy.weights[p]
                    amount = float(self.solution.columns[built.column])
                    total += amount * built.unit_price * start * kept
            elif phase in built.stands:
                paid = sum(economy.weights[q] for q in built.stands)
                charged = problem.cost[built.column] * self.solution.columns[built.column]
                total += float(charged) / paid
        return total

    def _energy(self, phase: int, load: Load) -> dict[str, float]:
        b = self.site.blocks[phase]
        hours, power = self._hours[b], self._power(phase)
        given, sold = self.site.hours[phase], self.site.sold[phase]
        plugs = {"mining": 0.0, "ai": 0.0, "promised": 0.0}
        for name, mw in power.items():
            if name in sold:
                line = sold[name].line
                plugs[line] = plugs.get(line, 0.0) + float((mw / sold[name].pue).sum())
            elif name.startswith("promised:"):
                pue = given.mining_pue if name.startswith("promised:mining") else given.ai_pue
                plugs["promised"] += float((mw / pue).sum())
        at_bus = float(load.mining_mw.sum() + load.ai_mw.sum())
        return {
            "import": float(load.import_mw.sum()),
            "export": float(load.export_mw.sum()),
            **plugs,
            "auxiliary": at_bus - sum(plugs.values()),
            "solar": float(power["solar"].sum()) if "solar" in power else 0.0,
            "wind": float(power["wind"].sum()) if "wind" in power else 0.0,
            "ppa": float(load.delivered_mw.sum()),
            "own": float(sum(mw.sum() for name, mw in load.own_mw.items() if name != "backup")),
            "backup": float(load.own_mw["backup"].sum()) if "backup" in load.own_mw else 0.0,
            "charge": float(hours.charge.sum()),
            "discharge": float(hours.discharge.sum()),
            "curtailed": self._pledged(phase).not_drawn(self.site.pledges[phase]),
        }
