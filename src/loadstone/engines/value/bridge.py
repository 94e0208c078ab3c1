# SPDX-License-Identifier: Apache-2.0
"""From the objective of a plan to the value of its cash, one convention at a time.

The planner counts real money, year ends, annuities and a linear tax. Each step switches one of
these to what cash does and counts the whole again, so that the steps sum exactly.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.income import DEPOSIT
from loadstone.engines.finance.returns import factors as discount_factors
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.value.operating.ledger import Ledger
from loadstone.engines.value.operating.power import NO_CASH, PAID_BACK
from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.finance.cash import (
    LOST_ON,
    LOST_ON_POWER,
    OPERATING,
    CashRow,
    CashTable,
)
from loadstone.model.finance.returns import BridgeStep
from loadstone.model.finance.terms import MONTHS
from loadstone.model.network import Network
from loadstone.model.plan import Plan

Floats = NDArray[np.float64]
Discount = Callable[[str], Floats]
"""Returns what a unit of each month counts, by country. Shape (M,)."""
_Chosen = Callable[[CashRow], bool]
_BUILT = ("capex", "refresh", "duty", "resale")
_AT_END = ("end:", "removal:")
_BORDERS = ("withholding", "trapped")


def bridge(plan: Plan, table: CashTable, network: Network) -> tuple[BridgeStep, ...]:
    """Return the steps from the objective of a plan to the net present value of its cash.

    Args:
        plan: The plan.
        table: All its cash, after tax and debt.
        network: What was planned.

    Returns:
        First the objective and last the value of all cash but memo rows, discounted at the
        nominal rate from the first month, as levels; between them differences, which sum to
        the difference of the two.
    """
    return _Bridge(plan, table, network).steps()


class _Bridge:
    """Values of the same plan under more and more conventions of cash."""

    def __init__(self, plan: Plan, table: CashTable, network: Network) -> None:
        self.plan, self.table, self.network = plan, table, network
        self.study, self.terms = network.study, network.deals.cash
        self.timeline, self.economy = Timeline.of(network), Economy(network)
        self.ledger = Ledger(self.timeline, self.terms, self.study.currency)
        self.sites = {site.id: site for site in network.sites}
        self.index = {phase.at: p for p, phase in enumerate(self.study.phases)}
        self.rate = self.terms.nominal_rate(self.study.discount_rate, self.study.currency)

    def steps(self) -> tuple[BridgeStep, ...]:
        """Return all steps."""
        levels = list(self._levels())
        found = [BridgeStep(name="plan", text=levels[0][1], amount=levels[0][2])]
        for (_, _, before), (name, text, after) in pairwise(levels):
            found.append(BridgeStep(name=name, text=text, amount=after - before))
        text = f"Nominal cash after all of it, discounted at {self.rate:.2%} from the start."
        return (*found, BridgeStep(name="value", text=text, amount=levels[-1][2]))

    def _levels(self) -> Iterator[tuple[str, str, float]]:
        """Yield name, sentence and value, each with one convention more."""
        yield "plan", "What the planner maximises.", self.plan.objective
        yield (
            "no cash",
            "Without what lowers revenue at rates of its own, and demand that no bill has.",
            self._books(annuities=True),
        )
        here = self._by_country
        capital = self._real(self._is_built, here) + self._shields(here)
        yield (
            "capital when paid",
            "Capital and deposits are paid in full, on their days, not as annuities within the "
            "plan.",
            self._books(annuities=False) + capital,
        )
        months = self._real(self._is_running, here) - self._linear_tax(here)
        yield (
            "months",
            "Months in place of year ends; half-years earn what their own months do.",
            months + capital,
        )
        one = self._one_rate
        real = self._real(self._is_planned, one) + self._shields(one) - self._linear_tax(one)
        yield "one rate", f"All countries at {self.study.discount_rate:.2%}.", real
        lead = (self.study.phases[0].at - self._first) * MONTHS
        real *= float((1 + self.study.discount_rate) ** (-round(lead) / MONTHS))
        yield "first month", "Discounted to the first month, not to the first phase.", real
        yield from self._nominal_levels()

    def _nominal_levels(self) -> Iterator[tuple[str, str, float]]:
        planned = self._nominal(self._is_planned)
        flat = discount_factors(self.study.discount_rate, self.table.months)

        def none(_country: str) -> Floats:
            return flat  # what grows with prices is worth its real amount at the real rate

        taxes = self._shields(none) - self._linear_tax(none)
        yield (
            "inflation",
            "Nominal money at a nominal rate: only what does not follow prices changes.",
            planned + taxes,
        )
        tax = self._nominal(self._is_tax)
        yield (
            "tax in time",
            "Tax by calendar year with the schedules of the tax office, losses carried "
            "forward, on all that is taxed.",
            value := planned + tax,
        )
        rest: tuple[tuple[str, str, _Chosen], ...] = (
            (
                "value-added tax",
                "Paid with purchases, had back later.",
                lambda r: r.group == "vat" and not r.line.startswith(LOST_ON),
            ),
            (
                "working capital",
                "Invoices are paid later than they are written.",
                lambda r: r.group == "working_capital",
            ),
            (
                "end of the plan",
                "What assets bring and cost at the horizon.",
                lambda r: r.group == "resale" and r.line.startswith(_AT_END),
            ),
            (
                "borders",
                "Withheld on dividends and interest, and cash that waits in a country.",
                lambda r: r.group in _BORDERS,
            ),
        )
        seen: list[_Chosen] = [self._is_planned, self._is_tax]
        for name, text, chosen in rest:
            value += self._nominal(chosen)
            seen.append(chosen)
            yield name, text, value
        value += self._nominal(lambda r: not any(chosen(r) for chosen in seen))
        yield "debt and hedges", "Drawn, paid and kept in reserve; hedges.", value

    @property
    def _first(self) -> float:
        return self.timeline.first.year + (self.timeline.first.month - 1) / MONTHS

    def _by_country(self, country: str) -> Floats:
        """Return real discounting to the first phase at the rate of a country."""
        rate = self.economy.of(country).rate
        lead = round((self.study.phases[0].at - self._first) * MONTHS)
        return discount_factors(rate, self.table.months) * float((1 + rate) ** (lead / MONTHS))

    def _one_rate(self, _country: str) -> Floats:
        rate = self.study.discount_rate
        lead = round((self.study.phases[0].at - self._first) * MONTHS)
        return discount_factors(rate, self.table.months) * float((1 + rate) ** (lead / MONTHS))

    def _books(self, *, annuities: bool) -> float:
        """Return the books of all site-years, discounted as the planner does."""
        total = 0.0
        for year in self.plan.site_years:
            economy = self.economy.of(self.sites[year.site].country)
            kept = sum(year.revenue.values()) - year.cost.get("tax", 0.0)
            kept -= sum(v for line, v in year.cost.items() if line not in NO_CASH)
            kept -= year.cost.get("vat", 0.0)
            kept -= year.annuity if annuities else 0.0
            total += economy.weights[self.index[year.phase]] * kept
        return total

    def _real(self, chosen: _Chosen, discount: Discount) -> float:
        """Return the value of rows in real money."""
        total = 0.0
        for row in self.table.select():
            if chosen(row):
                growth = self.ledger.growth(row.group, row.line, row.currency)
                total += float((row.amounts / growth) @ discount(row.country))
        return total

    def _nominal(self, chosen: _Chosen) -> float:
        """Return the value of rows at the nominal rate."""
        factors = discount_factors(self.rate, self.table.months)
        return sum(float(row.amounts @ factors) for row in self.table.select() if chosen(row))

    @staticmethod
    def _is_built(row: CashRow) -> bool:
        lost = row.line.startswith(LOST_ON) and not row.line.startswith(LOST_ON_POWER)
        if row.group == "resale":
            return not row.line.startswith(_AT_END)
        return row.group in _BUILT or (row.group == "vat" and lost)

    @staticmethod
    def _is_running(row: CashRow) -> bool:
        lost = row.group == "vat" and row.line.startswith(LOST_ON_POWER)
        return (row.group in OPERATING or lost) and row.line != PAID_BACK

    @staticmethod
    def _is_tax(row: CashRow) -> bool:
        return row.group == "tax" or row.line == PAID_BACK

    @classmethod
    def _is_planned(cls, row: CashRow) -> bool:
        return cls._is_built(row) or cls._is_running(row)

    def _linear_tax(self, discount: Discount) -> float:
        """Return the tax of the books, spread over months."""
        total = 0.0
        for year in self.plan.site_years:
            months = self.timeline.spread(self.index[year.phase])
            country = self.sites[year.site].country
            total += year.cost.get("tax", 0.0) * float(months @ discount(country))
        return total

    def _shields(self, discount: Discount) -> float:
        """Return what linear writing off relieves on the day of use, less tax on sales."""
        total = -self._tax_on_sales(discount)
        for build in self.plan.builds:
            site = self.sites[build.site]
            economy, country = self.economy.of(site.country), site.country
            mining = build.asset.startswith(("miner:", "mining_hall"))
            use = "mining" if mining else "ai"
            tax = economy.taxation(self.network.facts.countries[country], use)
            share = tax.relief if build.asset == "site" else tax.shield
            month = self.timeline.index(self.study.phases[self.index[build.phase]].at)
            total += build.capex * share * float(discount(country)[month])
        return total

    def _tax_on_sales(self, discount: Discount) -> float:
        """Return the planner's tax on resale, less its relief on the cost of leaving."""
        total = 0.0
        for row in self.table.select("resale"):
            if not self._is_built(row) or row.line.startswith(DEPOSIT):
                continue
            country = self.network.facts.countries[row.country]
            mining = row.line.startswith("miner:")
            economy = self.economy.of(row.country)
            tax = economy.taxation(country, "mining" if mining else "ai")
            growth = self.ledger.growth(row.group, row.line, row.currency)
            share = tax.rate if mining else tax.relief
            total += share * float((row.amounts / growth) @ discount(row.country))
        return total
