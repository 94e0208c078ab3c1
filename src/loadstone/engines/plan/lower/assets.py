# SPDX-License-Identifier: Apache-2.0
"""What stands at a site and what is added, phase by phase: columns with lives and prices."""

from collections.abc import Mapping, Sequence

from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.lower.economy import Economy, Taxation, annuity
from loadstone.engines.plan.lower.lowered_site import Built, LoweredSite


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
        first = self.phases[0].at
        for p, phase in enumerate(self.phases):
            if phase.at - first < self.site.connection.lead_time_years:
                continue
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
        yearly: Mapping[str, float] | None = None,
        taxation: Taxation | None = None,
        standing: Sequence[float] = (),
        from_phase: int = 0,
        gated: bool = True,
    ) -> None:
        """Add what stands of an asset in each phase, and what is added.

        Args:
            asset: Name of the asset.
            unit: Its unit.
            largest: Most that may stand.
            price: Price of a unit by phase, network currency; None where it is not for sale.
            life: Its life, years.
            relief: Share of the price that comes back as less tax, by phase.
            yearly: Yearly costs of a unit that stands, before tax, by line.
            taxation: How they are taxed; None takes the site's.
            standing: What stands already, by phase.
            from_phase: First phase in which it can be added.
            gated: Whether it needs the site to be open.
        """
        economy, draft, count = self.economy, self.draft, len(self.phases)
        standing = standing or [0.0] * count
        rate = annuity(economy.rate, life)
        for p in range(count):
            unit_price = price[p]
            if p < from_phase or unit_price is None or largest <= min(standing[p:]):
                continue
            paid = sum(economy.weights[q] for q in economy.stands(life, p))
            cost = unit_price * (1 - relief[p]) * rate * paid
            label = self.out.label("build", p, asset, unit)
            column = draft.column(label, cost=cost, upper=largest)
            self.out.builds[asset, p] = Built(column, unit_price, economy.stands(life, p))
        for p in range(count):
            alive = [
                self.out.builds[asset, q].column
                for q in range(p + 1)
                if (asset, q) in self.out.builds and p in self.out.builds[asset, q].stands
            ]
            if not alive and not standing[p]:
                continue
            label = self.out.label("amount", p, asset, unit)
            column = draft.column(
                label,
                lower=standing[p] if not alive else 0.0,
                upper=max(largest, standing[p]) if alive else standing[p],
            )
            self.out.amounts[asset, p] = column
            for name, amount in (yearly or {}).items():
                self.out.yearly(draft, p, column, name, amount, taxation=taxation)
            if alive:
                terms = [(column, 1.0), *((b, -1.0) for b in alive)]
                stands = self.out.label("stands", p, asset, unit)
                draft.row(stands, terms, lower=standing[p], upper=standing[p])
                if gated:
                    self._gate(asset, p, unit, max(largest, standing[p]))

    def phase_from(self, lead_time_years: float) -> int:
        """Return the first phase that a lead time allows."""
        first = self.phases[0].at
        late = [p for p, x in enumerate(self.phases) if x.at - first >= lead_time_years]
        return late[0] if late else len(self.phases)
