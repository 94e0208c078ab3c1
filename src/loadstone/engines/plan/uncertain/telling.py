# SPDX-License-Identifier: Apache-2.0
"""A plan over futures in words: its decisions by node, and what is built only if."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.decide.counts import builds_of
from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.uncertain.stack import Stacked
from loadstone.engines.plan.uncertain.tree import Question, Tree
from loadstone.model.plan import Build, Year, phase_name
from loadstone.model.uncertainty import Node

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ALIKE = 0.02  # of the largest: amounts that are the same to a reader
LEAST = 0.05  # in an asset's unit: less is not worth a rule
MOST_RULES = 40
ABOVE, BELOW = "at least", "below"
Way = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Told:
    """What a plan over futures is a plan of.

    Attributes:
        lowered: The network in its outlook.
        stacked: The problem over futures.
        tree: Its nodes, and the questions between them.
        factors: Names of what questions ask for, as in `Paths`.
    """

    lowered: Lowered
    stacked: Stacked
    tree: Tree
    factors: tuple[str, ...]

    @property
    def years(self) -> list[Year]:
        """The starts of the phases."""
        return [phase.at for phase in self.lowered.network.study.phases]

    def nodes(self, columns: Floats) -> tuple[Node, ...]:
        """Return what a plan decides in every node, phase by phase."""
        found = []
        for p, year in enumerate(self.years):
            for n in np.unique(self.stacked.nodes[:, p]).tolist():
                here = self.stacked.nodes[:, p] == n
                own = self.stacked.of_future(columns, int(np.argmax(here)))
                found.append(
                    Node(
                        phase=year,
                        node=n,
                        probability=float(self.stacked.probability[here].sum()),
                        conditions=tuple(
                            self._condition(*asked) for asked in self.tree.conditions(p, n)
                        ),
                        builds=_of_phase(builds_of(self.lowered, own), year),
                    )
                )
        return tuple(found)

    def mean_builds(self, columns: Floats) -> tuple[Build, ...]:
        """Return what a plan builds, weighted by probability."""
        return builds_of(self.lowered, self.stacked.mean(columns))

    def here_and_now(self, columns: Floats) -> float:
        """Return the price of what is built before anything is learnt."""
        first = self.stacked.nodes[:, 0]
        same = [
            year
            for p, year in enumerate(self.years)
            if len(np.unique(self.stacked.nodes[:, p])) == len(np.unique(first)) == 1
        ]
        own = builds_of(self.lowered, self.stacked.of_future(columns, 0))
        return sum(build.capex for build in own if build.phase in same)

    def _condition(self, question: Question, above: bool) -> str:
        name = self.factors[question.factor]
        when = phase_name(self.years[question.phase])
        return f"{condition(name, question.threshold, above)} as {when} begins"


def condition(factor: str, threshold: float, above: bool) -> str:
    """Return an answer to a question in words."""
    side = ABOVE if above else BELOW
    kind, _, key = factor.partition(":")
    if kind == "hashprice":
        return f"hashprice is {side} {threshold:.3g} USD/PH/day"
    if kind == "ai":
        what = f"AI on {key}" if key else "AI"
        return f"{what} sells for {side} {threshold:.0%} of the price in the facts"
    what = f"power in {key}" if key else "power"
    return f"{what} costs {side} {threshold:.0%} of what is stated"


def _of_phase(builds: Sequence[Build], year: Year) -> tuple[Build, ...]:
    return tuple(build for build in builds if build.phase == year)


def rules_of(nodes: Sequence[Node]) -> tuple[str, ...]:
    """Return what is built under a condition in sentences, dearest first.

    Args:
        nodes: Of all phases.
    """
    found: list[tuple[float, str]] = []
    for year in dict.fromkeys(node.phase for node in nodes):
        here = [node for node in nodes if node.phase == year]
        if len(here) > 1:
            found += _rules_of_phase(here)
    found.sort(key=lambda one: -one[0])
    said = [text for _, text in found[:MOST_RULES]]
    if len(found) > MOST_RULES:
        said.append(f"{len(found) - MOST_RULES} smaller ones are in the nodes.")
    return tuple(said)


def _rules_of_phase(nodes: Sequence[Node]) -> list[tuple[float, str]]:
    amounts: dict[tuple[str, str, str], dict[int, Build]] = defaultdict(dict)
    for node in nodes:
        for build in node.builds:
            amounts[build.site, build.asset, build.unit][node.node] = build
    found = []
    for (site, asset, unit), built in amounts.items():
        by_node = [
            (built[node.node].amount if node.node in built else 0.0, node) for node in nodes
        ]
        most = max(amount for amount, _ in by_node)
        least = min(amount for amount, _ in by_node)
        if most - least <= max(ALIKE * most, LEAST):
            continue
        choices = "; ".join(_choices(by_node, unit, most))
        money = max(build.capex for build in built.values())
        text = f"{phase_name(nodes[0].phase)}, {site}, {asset}: {choices}."
        found.append((money, text))
    return found


def _choices(by_node: Sequence[tuple[float, Node]], unit: str, most: float) -> list[str]:
    """Return what is built if what, the most first, nothing last."""
    groups: list[tuple[float, list[Node]]] = []
    for amount, node in sorted(by_node, key=lambda one: -one[0]):
        if groups and groups[-1][0] - amount <= max(ALIKE * most, LEAST):
            groups[-1][1].append(node)
        else:
            groups.append((amount, [node]))
    said: list[str] = []
    for amount, members in groups:
        if amount <= LEAST and said:
            said.append("nothing otherwise")
            continue
        how = f"{amount:,.4g} {unit}".removesuffix(" 1")
        only = "only if " if len(groups) == 2 and groups[-1][0] <= LEAST else "if "
        said.append(how + " " + only + " or if ".join(_where(members)))
    return said


def _where(nodes: Sequence[Node]) -> list[str]:
    """Return what leads to any of some nodes, without questions that do not matter."""
    ways = [node.conditions for node in nodes]
    while (pair := _alike(ways)) is not None:
        one, other = pair
        ways = [way for way in ways if way not in (one, other)]
        ways.append(tuple(a for a, b in zip(one, other, strict=True) if a == b))
    return [" and ".join(way) for way in ways]


def _alike(ways: Sequence[Way]) -> tuple[Way, Way] | None:
    """Return two ways that differ by the answer to one question."""
    for i, one in enumerate(ways):
        for other in ways[i + 1 :]:
            apart = [(a, b) for a, b in zip(one, other, strict=False) if a != b]
            if len(one) == len(other) and len(apart) == 1 and _opposite(*apart[0]):
                return one, other
    return None


def _opposite(one: str, other: str) -> bool:
    first, second = f" {ABOVE} ", f" {BELOW} "
    return one.replace(first, second) == other.replace(first, second)
