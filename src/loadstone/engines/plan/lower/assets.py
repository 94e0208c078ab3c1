# SPDX-License-Identifier: Apache-2.0
"""What stands at a site and what is added, phase by phase: columns with lives and prices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import Economy, Taxation, annuity
from loadstone.engines.plan.lower.eligibility import may_build
from loadstone.engines.plan.lower.lowered_site import Built, LoweredSite
from loadstone.engines.plan.lower.spending import by_phase, payments, worth_in_use
from loadstone.engines.plan.lower.upkeep import upkeep
from loadstone.engines.plan.problem import Label

Terms = list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a unit that leaves at the start of a phase pays or is paid.

    Attributes:
        price: Paid to us for a unit, network currency; below 0 where we pay.
        years: Years over which it counts as annuities, like the price that was paid for it;
            0 where it is paid at once.
        tax_share: Part of it that tax takes.
    """

    price: float
    years: float = 0.0
    tax_share: float = 0.0


class Assets:
    """Adds the columns of one site's assets, and of its opening."""

    def __init__(self, economy: Economy, draft: Draft, out: LoweredSite) -> None:
        self.economy, self.draft, self.out = economy, draft, out
        self.network, self.country = economy.network, out.country
        self.site, self.phases = out.site, economy.study.phases
        self.mining_tax = economy.taxation(out.country, "mining")
        self.ai_tax = economy.taxation(out.country, "ai")

    def openings(self) -> None:
        """Add the yes or no of each phase; without one the site is open throughout."""
        opening, economy = self.site.opening, self.economy
        if opening is None:
            return
        ready = self.site.connection.ready(economy.study.decided_at)
        for p in range(self._phase_at(ready), len(self.phases)):
            relief = 1 - self.out.taxation.relief
            weight = sum(economy.weights[p:])
            cost = opening.fixed_cost * economy.starts[p] + opening.yearly_cost * weight
            label = self.out.label("open", p, "site", "1")
            self.out.opens[p] = self.draft.column(
                label, cost=cost * relief, upper=1.0, whole=True
            )
            self.out.builds["site", p] = Built(self.out.opens[p], opening.fixed_cost)
        if len(self.out.opens) > 1:
            terms = [(z, 1.0) for z in self.out.opens.values()]
            self.draft.row(self.out.label("open_once", unit="1"), terms, upper=1.0)

    def open_amount(self, phase: int) -> int:
        """Return a column that is 1 where the site is open in a phase, else 0."""
        label = self.out.label("open_amount", phase, unit="1")
        if self.site.opening is None:
            return self.draft.column(label, lower=1.0, upper=1.0)
        column = self.draft.column(label, upper=1.0)
        terms = [(column, 1.0), *((z, -1.0) for z in self.opened(phase))]
        self.draft.row(self.out.label("is_open", phase, unit="1"), terms, lower=0.0, upper=0.0)
        return column

    def opened(self, phase: int) -> list[int]:
        """Return the columns whose sum says whether the site is open in a phase."""
        return [z for p, z in self.out.opens.items() if p <= phase]

    def _gate(self, asset: str, phase: int, unit: str, largest: float) -> None:
        """Let a site that can open have an asset only once it is open."""
        if self.site.opening is not None:
            column = self.out.amounts[asset, phase]
            terms = [(column, 1.0), *((z, -largest) for z in self.opened(phase))]
            text = f"{asset.replace('_', ' ')} at {self.site.name}"
            label = self.out.label("limit", phase, asset, unit, text)
            self.draft.row(label, terms, upper=0.0)

    def add(
        self,
        asset: str,
        unit: str,
        *,
        largest: float,
        price: Sequence[float | None],
        life: float,
        relief: Sequence[float],
        taxation: Taxation | None = None,
        standing: Sequence[float] = (),
        from_phase: int = 0,
        gated: bool = True,
        whole: bool = False,
        leaving: Callable[[int | None, int], Leaving | None] | None = None,
        further: Sequence[Terms] = (),
    ) -> None:
        """Add what stands of an asset in each phase, and what is added.

        Args:
            asset: Name of the asset.
            unit: Its unit.
            largest: Most that may stand.
            price: Price of a unit by phase, network currency; None where it is not for sale.
            life: Its life, years.
            relief: Share of the price that comes back as less tax, by phase.
            taxation: How its yearly costs are taxed; None takes the site's.
            standing: What stands already, by phase.
            from_phase: First phase in which it can be added.
            gated: Whether it needs the site to be open.
            whole: Whether it is added in whole units.
            leaving: What a unit that was built in a phase (None: that stands already) pays or
                is paid when it leaves at the start of another; None where it cannot leave.
            further: Terms that add to what stands, by phase.
        """
        economy, draft, count = self.economy, self.draft, len(self.phases)
        standing = standing or [0.0] * count
        rate = annuity(economy.rate, life)
        for p in range(count):
            unit_price = price[p]
            if p < from_phase or unit_price is None or largest <= min(standing[p:]):
                continue
            if not may_build(self.out, asset, p):
                continue
            paid = sum(economy.weights[q] for q in economy.stands(life, p))
            spend = payments(self.network, asset, p)
            worth = worth_in_use(spend, self.phases[p].at, economy.rate)
            cost = unit_price * (worth - relief[p]) * rate * paid
            label = self.out.label("build", p, asset, unit)
            column = draft.column(label, cost=cost, upper=largest, whole=whole)
            self.out.builds[asset, p] = Built(
                column, unit_price, economy.stands(life, p), by_phase(economy.study, spend)
            )
        left = self._leave(asset, unit, standing, largest, leaving)
        for p in range(count):
            alive = [
                self.out.builds[asset, q].column
                for q in range(p + 1)
                if (asset, q) in self.out.builds and p in self.out.builds[asset, q].stands
            ]
            moved = [*(further[p] if further else ()), *left[p]]
            if not alive and not standing[p] and not moved:
                continue
            label = self.out.label("amount", p, asset, unit)
            column = draft.column(
                label,
                lower=0.0 if alive or moved else standing[p],
                upper=max(largest, standing[p]) if alive or moved else standing[p],
            )
            self.out.amounts[asset, p] = column
            for name, amount in upkeep(economy, self.country, asset, price[p], life).items():
                self.out.yearly(draft, p, column, name, amount, taxation=taxation)
            if alive or moved:
                terms = [(column, 1.0), *((b, -1.0) for b in alive)]
                terms += [(c, -value) for c, value in moved]
                stands = self.out.label("stands", p, asset, unit)
                draft.row(stands, terms, lower=standing[p], upper=standing[p])
                if gated:
                    self._gate(asset, p, unit, max(largest, standing[p]))

    def _leave(
        self,
        asset: str,
        unit: str,
        standing: Sequence[float],
        largest: float,
        leaving: Callable[[int | None, int], Leaving | None] | None,
    ) -> list[Terms]:
        """Add what may leave; return, by phase, the terms by which less stands."""
        count = len(self.phases)
        left: list[Terms] = [[] for _ in range(count)]
        if leaving is None:
            return left
        made = {q: built for (name, q), built in self.out.builds.items() if name == asset}
        cohorts: list[tuple[int | None, int, tuple[int, ...], float]]
        cohorts = [(None, 0, tuple(p for p in range(count) if standing[p]), max(standing))]
        cohorts += [(q, q + 1, one.stands, largest) for q, one in made.items()]
        for built, first, stands, most in cohorts:
            gone: Terms = []
            for p in stands:
                terms = leaving(built, p) if p >= first else None
                label = self.out.label("leave", p, asset, unit)
                if terms is not None:
                    gone.append((self._leaver(label, terms, stands, most), 1.0))
                left[p] += [(column, -1.0) for column, _ in gone]
                if gone and built is None:
                    row = self.out.label("leaves", p, asset, unit)
                    self.draft.row(row, gone, upper=standing[p])
            if gone and built is not None:
                row = self.out.label("leaves", built, asset, unit)
                self.draft.row(row, [*gone, (made[built].column, -1.0)], upper=0.0)
        return left

    def _leaver(
        self, label: Label, terms: Leaving, stands: tuple[int, ...], most: float
    ) -> int:
        """Add the column of what leaves at the start of a phase."""
        economy, phase = self.economy, label.phase
        over = tuple(q for q in stands if q >= phase) if terms.years else ()
        counted = economy.starts[phase]
        if over:
            counted = annuity(economy.rate, terms.years) * sum(economy.weights[q] for q in over)
        cost = -terms.price * (1 - terms.tax_share) * counted
        column = self.draft.column(label, cost=cost, upper=most)
        cohort = len([key for key in self.out.left if key[:2] == (label.asset, phase)])
        self.out.left[label.asset, phase, cohort] = Built(column, -terms.price, over)
        return column

    def phase_from(self, lead_time_years: float) -> int:
        """Return the first phase that a lead time allows."""
        return self._phase_at(self.economy.study.decided_at + lead_time_years)

    def _phase_at(self, ready: float) -> int:
        """Return the first phase that begins no earlier than a time, in calendar years."""
        late = [p for p, x in enumerate(self.phases) if x.at >= ready]
        return late[0] if late else len(self.phases)
