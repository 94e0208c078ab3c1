# SPDX-License-Identifier: Apache-2.0
"""Deciding: the plan beside other plans, and all of them in futures that go wrong."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.alternatives import alternatives
from loadstone.engines.plan.decide.counts import (
    Told,
    contracted_share,
    count_of,
    countries,
    country_mw,
    uses,
)
from loadstone.engines.plan.decide.directions import directions_of, restrictions_of
from loadstone.engines.plan.decide.months import months
from loadstone.engines.plan.decide.stress import (
    HELD,
    carried_out,
    in_words,
    stressed,
    without_capital_limits,
)
from loadstone.engines.plan.decide.switches import Switched, without_firmness, without_layers
from loadstone.engines.plan.decide.truths import break_even, contract_ai, truths
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.held import restricted, value_of
from loadstone.engines.plan.lower import Lowered, lower
from loadstone.engines.plan.solution import BlockDispatch, Solution
from loadstone.model.decision import Decision, Factor, Sensitivity, Stressed, Variant
from loadstone.model.errors import InfeasibleError
from loadstone.model.plan import Plan
from loadstone.model.stress import Stress

Floats = NDArray[np.float64]
Tell = Callable[[str], None]

SLACK = 0.01
GAP_BESIDE = 1e-3  # of plans beside the plan, as a share of their value
TRIED: tuple[tuple[Factor, tuple[Stress, ...]], ...] = (
    ("hashprice", tuple(Stress(name="", hashprice=x) for x in (15, 20, 30, 45, 60))),
    ("ai_price", tuple(Stress(name="", ai_price_factor=x) for x in (0.4, 0.7, 1, 1.3))),
    ("power_price", tuple(Stress(name="", power_price_factor=x) for x in (0.7, 1, 1.5))),
)
"""Numbers at which the plan is valued again."""
FEW_SITES = 3  # a network so small that the layers of a lease are priced one by one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A plan that was found, with what found it.

    Attributes:
        lowered: The network as a problem.
        search: The search, with all it has learnt.
        solution: Its answer.
        hours: The answer's hours, block by block.
        plan: The answer in words.
    """

    lowered: Lowered
    search: Search
    solution: Solution
    hours: Sequence[BlockDispatch]
    plan: Plan


@dataclass(frozen=True, slots=True, eq=False)
class _Beside:
    """A plan beside the plan, with its columns in the problem of the network."""

    variant: Variant
    columns: Floats


def decide(
    found: Found,
    *,
    executor: Executor | None,
    enough: Callable[[], bool],
    stop: Callable[[], bool],
    tell: Tell,
) -> Decision:
    """Return what stands beside a plan.

    Args:
        found: The plan.
        executor: Runs blocks side by side.
        enough: Where it says so, the search for alternatives ends with the gaps it has.
        stop: Where it says so, what is left is not computed, and the notes say what.
        tell: Told what is being done.
    """
    deciding = _Deciding(found, executor, stop, tell)
    beside = list(deciding.plans(enough))
    switches = tuple(deciding.switches())
    stresses = tuple(deciding.stresses(beside))
    sensitivities = tuple(deciding.sensitivities(stresses))
    lowered, plan = found.lowered, found.plan
    even = break_even(lowered, plan, sensitivities)
    contract = contract_ai(lowered, [hours.power for hours in found.hours])
    leasing = {offer.site for offer in plan.offers if offer.kind == "lease" and offer.taken}
    return Decision(
        slack=SLACK,
        variants=(*(one.variant for one in beside), *switches),
        stressed=stresses,
        sensitivities=sensitivities,
        break_even=even,
        contracted_share=contracted_share(lowered, plan, contract),
        uses=uses(plan),
        countries=countries(lowered, plan),
        months=tuple(
            month
            for site in lowered.sites
            if site.site.id in leasing
            for month in months(lowered, site, found.solution.columns, found.hours)
        ),
        truths=truths(lowered, plan, even, sensitivities),
        notes=deciding.said(),
    )


class _Deciding:
    """Finds the plans beside a plan, and values them."""

    def __init__(
        self,
        found: Found,
        executor: Executor | None,
        stop: Callable[[], bool],
        tell: Tell,
    ) -> None:
        self.found, self.executor, self.stop, self.tell = found, executor, stop, tell
        self.lowered, self.network = found.lowered, found.lowered.network
        self.notes: list[str] = []
        self.skipped: list[str] = []
        by_country = country_mw(self.lowered, found.solution.columns)
        self.largest = max(by_country, key=lambda code: by_country[code])

    def said(self) -> tuple[str, ...]:
        """Return what could not be computed, in sentences."""
        if not self.skipped:
            return tuple(self.notes)
        return (*self.notes, f"No time was left for: {', '.join(self.skipped)}.")

    def plans(self, enough: Callable[[], bool]) -> Iterator[_Beside]:
        """Yield the plan, its alternatives and the best plans without something."""
        solution = self.found.solution
        told = Told(
            name="plan",
            kind="plan",
            text="The plan that is worth most.",
            value=solution.objective,
            bound=solution.bound,
        )
        yield self._beside(told, solution.columns)
        yield from self._alternatives(enough)
        yield from self._restricted()

    def _alternatives(self, enough: Callable[[], bool]) -> Iterator[_Beside]:
        directions = directions_of(self.lowered, self.found.solution.columns)
        self.tell("alternatives")
        for one in alternatives(
            self.found.search, directions, slack=SLACK, gap=SLACK, stop=enough
        ):
            self.tell(f"alternatives: {one.name}")
            told = Told(
                name=one.name,
                kind="alternative",
                text=one.text,
                value=one.solution.objective,
                bound=one.solution.bound,
                amount=one.amount,
                amount_bound=one.amount_bound,
                unit=one.unit,
            )
            yield self._beside(told, one.solution.columns)

    def _restricted(self) -> Iterator[_Beside]:
        for restriction in restrictions_of(self.lowered, self.found.solution.columns):
            self.tell(f"beside the plan: {restriction.name}")
            if self.stop():
                self.skipped.append(restriction.name)
                continue
            try:
                one = restricted(
                    self.found.search, restriction, gap=GAP_BESIDE, stop=self.stop
                ).solution()
            except InfeasibleError:
                self.notes.append(f"{restriction.name}: there is no such plan.")
                continue
            told = Told(
                name=restriction.name,
                kind="restricted",
                text=restriction.text,
                value=one.objective,
                bound=one.bound,
            )
            yield self._beside(told, one.columns)

    def _beside(self, told: Told, columns: Floats) -> _Beside:
        return _Beside(count_of(self.lowered, columns, told, self.largest), columns)

    def switches(self) -> Iterator[Variant]:
        """Yield the best plans of the network with a rule or a layer switched."""
        for name, text, network in self._switched():
            self.tell(f"beside the plan: {name}")
            if self.stop():
                self.skipped.append(name)
                continue
            try:
                lowered = lower(network)
                search = Search(
                    lowered.problem, gap=GAP_BESIDE, executor=self.executor, stop=self.stop
                )
                solution = search.run().solution()
            except InfeasibleError:
                self.notes.append(f"{name}: there is no such plan.")
                continue
            told = Told(
                name=name,
                kind="switch",
                text=text,
                value=solution.objective,
                bound=solution.bound,
            )
            yield count_of(lowered, solution.columns, told, self.largest)

    def _switched(self) -> Iterator[Switched]:
        network = self.network
        rows = np.array([label.kind == "firmness" for label in self.lowered.problem.rows])
        if rows.any() and (np.abs(self.found.solution.row_price[rows]) > 0).any():
            yield without_firmness(network)
        leased = any(o.kind == "lease" and o.taken for o in self.found.plan.offers)
        if leased and len(network.sites) <= FEW_SITES:
            yield from without_layers(network, self.found.plan)

    def stresses(self, beside: Sequence[_Beside]) -> Iterator[Stressed]:
        """Yield what every plan is worth in every stress."""
        for stress in self.network.study.stresses:
            self.tell(f"stress: {stress.name}")
            if self.stop():
                self.skipped.append(f"stress {stress.name}")
                continue
            there = self._there(stress)
            yield Stressed(
                name=stress.name,
                text=in_words(stress),
                values={
                    one.variant.name: self._value(there, one.columns, stress) for one in beside
                },
            )

    def sensitivities(self, stressed: Sequence[Stressed]) -> Iterator[Sensitivity]:
        """Yield the value of the plan where one number is another.

        Args:
            stressed: Stresses that were tried; those that are such a number are not again.
        """
        plan = self.found.solution
        tried = {one.name: one.values["plan"] for one in stressed}
        known = {
            replace(stress, name=""): tried.get(stress.name)
            for stress in self.network.study.stresses
        } | {Stress(name=""): plan.objective}
        for factor, stresses in TRIED:
            for stress in stresses:
                at = stress.hashprice or (
                    stress.ai_price_factor
                    if factor == "ai_price"
                    else stress.power_price_factor
                )
                value = known.get(stress)
                if value is None and self.stop():
                    self.skipped.append(f"{factor.replace('_', ' ')} {at:g}")
                    continue
                self.tell(f"sensitivity: {factor.replace('_', ' ')} {at:g}")
                if value is None:
                    value = self._value(self._there(stress), plan.columns, stress)
                if value is not None:
                    yield Sensitivity(factor=factor, at=at, value=value)

    def _there(self, stress: Stress) -> Search | None:
        """Return a search in a future, which learns with every plan that it values.

        None where the future leaves no plan, as with a promise that comes too late.
        """
        try:
            problem = without_capital_limits(lower(stressed(self.network, stress)).problem)
        except InfeasibleError:
            return None
        return Search(problem, gap=GAP_BESIDE, executor=self.executor, stop=self.stop)

    def _value(self, there: Search | None, columns: Floats, stress: Stress) -> float | None:
        if there is None:
            return None
        late = stress.connection_delay_years
        held = carried_out(self.lowered, columns, there.problem, late)
        try:
            return value_of(there, held, HELD, gap=GAP_BESIDE, stop=self.stop).objective
        except InfeasibleError:
            return None
