# SPDX-License-Identifier: Apache-2.0
"""A plan over weighted futures: what is built now, what only if, and what that is worth."""

from collections.abc import Mapping
from dataclasses import dataclass

from loadstone.model.errors import InputError
from loadstone.model.plan import Build, Year


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskTerms:
    """How the worst futures count in a plan: `[risk]` of network.toml.

    A plan is worth (1 - weight) x its mean over futures + weight x its mean over the worst.

    Attributes:
        weight: What the worst futures count, 0 to 1; 0 plans for the mean alone.
        tail: Share of futures that are the worst, above 0 to 1.
    """

    weight: float = 0.0
    tail: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise InputError("weight", self.weight, "must be from 0 to 1")
        if not 0 < self.tail <= 1:
            raise InputError("tail", self.tail, "must be above 0, to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFuture:
    """One of the futures that were planned for.

    Attributes:
        number: Its number among those drawn or stated.
        probability: What it stands for.
        nodes: Node in which each phase is decided, one a phase.
        factors: What the planner reads of it: mean of each phase, by factor of `Paths`.
        value: What the plan is worth in it.
        perfect: What the best plan for it alone is worth; None where there was no time.
    """

    number: int
    probability: float
    nodes: tuple[int, ...]
    factors: Mapping[str, tuple[float, ...]]
    value: float
    perfect: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Mean and spread of one factor in one phase, before and after futures were left out.

    Attributes:
        factor: Name as in `Paths`.
        phase: Start of the phase.
        mean, sd: Over all futures.
        kept_mean, kept_sd: Over those kept, with their weights.
    """

    factor: str
    phase: Year
    mean: float
    sd: float
    kept_mean: float
    kept_sd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """How many futures became few.

    Attributes:
        drawn: How many there were.
        kept: How many are planned for.
        seed: What they were drawn with; None where somebody stated them.
        lost: Share of the spread that the kept ones do not tell, 0 to 1: their mean distance
            from all over that of the single best one.
        moments: Of each factor in each phase.
    """

    drawn: int
    kept: int
    seed: int | None
    lost: float
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A decision: what is built in a phase by futures that look alike until then.

    Attributes:
        phase: Start of the phase.
        node: Its number in the phase.
        probability: Of being there.
        conditions: What must be seen for it, in words, first to last; empty where always.
        builds: What is built there, at the prices of the outlook.
    """

    phase: Year
    node: int
    probability: float
    conditions: tuple[str, ...]
    builds: tuple[Build, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A way to plan, and what it is worth in each future that was kept.

    Attributes:
        name: "plan", "plan of the outlook", "AI only", "mine only", "wait", "decide all now".
        text: What it is, in a sentence.
        worth: By the weight and tail of the plan.
        mean: Mean value.
        cvar: Mean of the worst.
        values: Value in each future, in their order; empty where builds cannot be carried out.
        regret: Most that it loses to the best plan for a future alone; None without those.
    """

    name: str
    text: str
    worth: float
    mean: float
    cvar: float
    values: tuple[float, ...]
    regret: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierPoint:
    """The best plan for one weight of the worst futures.

    Attributes:
        weight: The weight.
        mean: Mean value.
        cvar: Mean of the worst.
        now: Capital of what is built here and now, at the prices of the outlook.
    """

    weight: float
    mean: float
    cvar: float
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshCheck:
    """Decisions in futures that no plan has seen.

    Attributes:
        name: Way to plan, as in `Strategy`.
        futures: How many.
        first: Number of the first.
        mean: Mean value.
        error: Standard error of that mean.
        cvar: Mean of the worst.
        broken: Futures in which the builds could not be carried out, and are not counted.
    """

    name: str
    futures: int
    first: int
    mean: float
    error: float
    cvar: float
    broken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """A plan over futures: what uncertainty.json says. Money is the network's currency.

    Attributes:
        currency: Of all money.
        weight, tail: How the worst futures count; see `RiskTerms`.
        objective: What the plan is worth by them.
        bound: No plan is worth more, in these futures with these decisions.
        gap: (bound - objective) / |objective|.
        mean: Mean value over the futures.
        cvar: Mean of the worst.
        reduced: How futures became few.
        futures: Those planned for.
        nodes: What is decided when, on what condition.
        rules: The same in sentences, for what is built under a condition.
        branch: Node of each phase that plan.json follows: that of the outlook.
        mean_builds: What is built, weighted by probability.
        strategies: Other ways to plan, the plan first.
        frontier: Mean against worst, by weight.
        perfect_information: What knowing the future before would add to the mean, at most.
        recourse: What deciding later what can wait adds to the worth.
        waiting: What it adds to build nothing in the first phase; below 0 where it costs.
        outlook_plan: What the plan adds to the worth of that made for the outlook alone.
        fresh: Decisions in further futures, the plan's first; none where none can be drawn,
            or without time.
        proven_bound: The bound computed again from prices alone, apart from the search; None
            where the problem is too large to keep them.
        notes: What all this leaves out, in sentences.
    """

    currency: str
    weight: float
    tail: float
    objective: float
    bound: float
    gap: float
    mean: float
    cvar: float
    reduced: Reduced
    futures: tuple[KeptFuture, ...]
    nodes: tuple[Node, ...]
    rules: tuple[str, ...]
    branch: tuple[int, ...]
    mean_builds: tuple[Build, ...]
    strategies: tuple[Strategy, ...] = ()
    frontier: tuple[FrontierPoint, ...] = ()
    perfect_information: float | None = None
    recourse: float | None = None
    waiting: float | None = None
    outlook_plan: float | None = None
    fresh: tuple[FreshCheck, ...] = ()
    proven_bound: float | None = None
    notes: tuple[str, ...] = ()
