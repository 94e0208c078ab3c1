# SPDX-License-Identifier: Apache-2.0
"""The search over futures: few stand for many, builds wait for what is learnt, risk counts.

The branch that is followed where the outlook comes true is an ordinary plan with a proof of its
own.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.outlook import outlook_in, prepare, stated
from loadstone.engines.outlook.reduce import (
    MOST_CANDIDATES,
    Reduction,
    read_factors,
    reduced,
    seen_before,
    stretched,
)
from loadstone.engines.plan.decide.stress import HELD
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.held import holding, search_on, value_of
from loadstone.engines.plan.lower import Lowered, lower
from loadstone.engines.plan.problem import Aversion, Problem
from loadstone.engines.plan.relaxation import Relaxation
from loadstone.engines.plan.solution import Solution
from loadstone.engines.plan.uncertain.stack import Stacked, stack
from loadstone.engines.plan.uncertain.telling import Told
from loadstone.engines.plan.uncertain.tree import grow
from loadstone.model.errors import InfeasibleError, InputError
from loadstone.model.futures.named import NamedFuture
from loadstone.model.futures.paths import Paths
from loadstone.model.network import Network
from loadstone.model.uncertainty import RiskTerms
from loadstone.services.deciding import Tell
from loadstone.services.planning import Evidence, Show, finer_gap, searched

Floats = NDArray[np.float64]
Stop = Callable[[], bool]

CANDIDATES = 1000  # futures that few stand for
FRESH = 100  # further futures in which the decisions are tried
MOST_NODES = 8  # of a phase
LEAST_FUTURES = 4  # of a node: with fewer, an answer would give the future away
MONTHS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """How a plan is made over futures.

    Attributes:
        futures: Futures that are planned for.
        risk: What the worst count, 0 to 1; None takes what network.toml says.
        tail: Share of futures that are the worst; None takes what network.toml says.
        seed: What futures are drawn with.
        candidates: How many are drawn for few to stand for.
        fresh: How many further ones the decisions are tried in.
        nodes: Decisions of a phase at most; 1 decides all here and now.
    """

    futures: int
    risk: float | None = None
    tail: float | None = None
    seed: int = 0
    candidates: int = CANDIDATES
    fresh: int = FRESH
    nodes: int = MOST_NODES

    def __post_init__(self) -> None:
        if self.futures < 1:
            raise InputError("--futures", self.futures, "must be at least 1")
        if not self.futures <= self.candidates <= MOST_CANDIDATES:
            rule = f"must be from the number of futures to {MOST_CANDIDATES}"
            raise InputError("candidates", self.candidates, rule)
        if self.fresh < 0 or self.nodes < 1:
            raise InputError("fresh, nodes", (self.fresh, self.nodes), "must be at least 0, 1")
        if self.risk is not None and not 0 <= self.risk <= 1:
            raise InputError("--risk", self.risk, "must be from 0 to 1")
        if self.tail is not None and not 0 < self.tail <= 1:
            raise InputError("--tail", self.tail, "must be above 0, to 1")

    def terms(self, stated: RiskTerms) -> RiskTerms:
        """Return how the worst count, from what network.toml says where nothing is given."""
        return RiskTerms(
            weight=stated.weight if self.risk is None else self.risk,
            tail=stated.tail if self.tail is None else self.tail,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """Futures, and what draws more of them.

    Attributes:
        paths: The futures.
        outlook: The outlook as a future: one path.
        more: Returns further futures, from how many and from which number on; None where
            futures are stated.
    """

    paths: Paths
    outlook: Paths
    more: Callable[[int, int], Paths] | None


def drawn_futures(network: Network, doubts: Doubts) -> Drawn:
    """Return the futures of a network from the start of its first phase.

    Raises:
        InputError: The network says nothing of futures.
    """
    futures, phases = network.futures, network.study.phases
    if futures is None:
        rule = "needs a futures.toml in the network folder, which says how futures are drawn"
        raise InputError("--futures", doubts.futures, rule)
    first = phases[0].start
    months = round((phases[-1].ends - phases[0].at) * MONTHS)
    if not futures.drawable:
        alone = NamedFuture(name="outlook", weight=1.0, source=network.study.outlook.source)
        middle = replace(futures, named=(alone,))
        return Drawn(
            paths=stated(futures, network, months=months, first=first),
            outlook=stated(middle, network, months=months, first=first),
            more=None,
        )
    drawing = prepare(futures, network, months=months, first=first, seed=doubts.seed)
    paths = drawing.paths(doubts.candidates)
    middle_path = replace(
        paths,
        values=drawing.nominal[:, None, :],
        happens=np.zeros((len(paths.events), 1)),
        weather=paths.weather[:1],
        weight=np.ones(1),
    )
    return Drawn(paths=paths, outlook=middle_path, more=drawing.paths)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OverFutures:
    """A plan over futures that was found.

    Attributes:
        lowered: The network in its outlook.
        drawn: The futures that there were.
        reduction: Which of them are planned for.
        kept: These, with the mean and the spread of all.
        problems: The problem of each of these alone.
        told: The problem over them, and its words.
        search: What found the plan.
        solution: The plan.
        alone: What found the best plan for the outlook alone.
    """

    lowered: Lowered
    drawn: Drawn
    reduction: Reduction
    kept: Paths
    problems: tuple[Lowered, ...]
    told: Told
    search: Search
    solution: Solution
    alone: Search

    @property
    def stacked(self) -> Stacked:
        """The problem over futures."""
        return self.told.stacked

    @property
    def aversion(self) -> Aversion:
        """How its futures count."""
        found = self.stacked.problem.aversion
        assert found is not None
        return found

    def values(self, solution: Solution) -> Floats:
        """Return what a plan is worth in each future. Shape (S,)."""
        return self.stacked.values(solution.columns, solution.values)


def search_over_futures(
    lowered: Lowered,
    doubts: Doubts,
    *,
    gap: float,
    executor: Executor | None,
    stop: Stop,
    show: Show | None,
    tell: Tell,
) -> OverFutures:
    """Find the best plan over futures.

    Args:
        lowered: The network in its outlook.
        doubts: Which futures, and how they count.
        gap: Proven gap at which the search ends.
        executor: Runs blocks side by side.
        stop: Where it says so, the best plan so far is taken.
        show: Told how far the search is.
        tell: Told what is done before it.

    Raises:
        InputError: The network says nothing of futures.
        InfeasibleError: No plan is possible in all of them.
    """
    network = lowered.network
    drawn = drawn_futures(network, doubts)
    tell("the plan of the outlook")
    alone = searched(Search(lowered.problem, gap=gap, executor=executor, stop=stop), stop)
    alone = _with_promises(alone, stop)
    phases = network.study.phases
    tell(f"choosing {doubts.futures} of {drawn.paths.count} futures")
    reduction = reduced(drawn.paths, phases, doubts.futures)
    kept = stretched(drawn.paths, reduction)
    problems = []
    for i in range(kept.count):
        tell(f"future {i + 1} of {kept.count}")
        there = lower(in_future(network, kept, i))
        problems.append(replace(there, problem=called_as_needed(there.problem)))
    tree = grow(seen_before(kept, phases), kept.weight, most=doubts.nodes, least=LEAST_FUTURES)
    risk = doubts.terms(network.study.risk)
    stacked = stack(
        [one.problem for one in problems],
        reduction.weight,
        tree.nodes,
        tail=risk.tail,
        weight=risk.weight,
    )
    relaxation = Relaxation(stacked.problem, executor)
    # the plan of the outlook may break a row here; what it proves of the blocks holds anyway
    relaxation.begin(
        np.clip(
            stacked.place(alone.solution().columns),
            stacked.problem.lower,
            stacked.problem.upper,
        )
    )
    search = Search(stacked.problem, gap=gap, stop=stop, relaxation=relaxation)
    searched(search, stop, show)
    told = Told(lowered=lowered, stacked=stacked, tree=tree, factors=read_factors(drawn.paths))
    return OverFutures(
        lowered=lowered,
        drawn=drawn,
        reduction=reduction,
        kept=kept,
        problems=tuple(problems),
        told=told,
        search=search,
        solution=search.solution(),
        alone=alone,
    )


def searched_on(over: OverFutures, gap: float, stop: Stop, show: Show | None) -> OverFutures:
    """Go on with a search over futures, to a finer gap.

    Args:
        over: What was found; what its searches know is used and added to.
        gap: Proven gap at which the search ends.
        stop: Where it says so, the best plan so far is taken.
        show: Told how far the search is.
    """
    alone = _finer(over.alone, gap, stop, None)
    search = _finer(over.search, gap, stop, show)
    return replace(over, alone=alone, search=search, solution=search.solution())


def _with_promises(search: Search, stop: Stop) -> Search:
    """Go on with a search until it misses no promised power for want of a finer gap."""
    gap, price = search.gap, search.problem.shortage_price
    while not stop() and (finer := finer_gap(search.solution(), search.dispatch(), price, gap)):
        gap = finer
        search = _finer(search, gap, stop, None)
    return search


def _finer(search: Search, gap: float, stop: Stop, show: Show | None) -> Search:
    search.keep()
    finer = Search(
        search.problem,
        gap=gap,
        stop=stop,
        relaxation=search.relaxation,
        start=search.best.columns,
    )
    searched(finer, stop, show)
    # a search that was stopped may have found less
    return finer if finer.best.value >= search.best.value else search


def share_of_branch(over: OverFutures) -> float:
    """Return the probability of the futures that decide as the branch of the outlook does."""
    here = (over.stacked.nodes == np.asarray(branch_of(over))).all(axis=1)
    return float(over.stacked.probability[here].sum())


def in_future(network: Network, paths: Paths, i: int) -> Network:
    """Return a network whose outlook is one of the futures."""
    outlook = outlook_in(paths, i, network)
    return replace(network, study=replace(network.study, outlook=outlook))


def called_as_needed(problem: Problem) -> Problem:
    """Return a problem in which investors may promise more than is called.

    What is built costs more in some futures than in others, so that one promise for all of
    them can only cover what is spent, not equal it.
    """
    funded = np.array([label.kind == "funded" for label in problem.rows], dtype=np.bool_)
    return replace(problem, row_upper=np.where(funded, np.inf, problem.row_upper))


def branch_of(over: OverFutures) -> tuple[int, ...]:
    """Return the node of each phase in which the outlook's own path is."""
    phases = over.lowered.network.study.phases
    nodes = over.told.tree.find(seen_before(over.drawn.outlook, phases))
    return tuple(nodes[0].tolist())


def columns_at(over: OverFutures, nodes: Sequence[int]) -> Floats:
    """Return a plan as futures see it that go through these nodes. Shape (C,)."""
    here = np.flatnonzero((over.stacked.nodes == np.asarray(nodes)).all(axis=1))
    return over.stacked.of_future(over.solution.columns, int(here[0]))


Branch = tuple[Evidence, Solution, tuple[str, ...]]


def evidence_of_branch(over: OverFutures, *, gap: float, stop: Stop) -> Branch:
    """Return the branch of the outlook as an ordinary plan, with its hours and its proof.

    Its builds are held and its operation is chosen anew; its bound is that of all plans for
    the outlook, so its gap says what the plan gives up where the outlook comes true.

    Returns:
        The evidence, the best plan for the outlook alone, and what had to be changed.

    Raises:
        InfeasibleError: The outlook leaves no plan.
    """
    search = over.alone
    best = search.solution()
    columns, notes = columns_at(over, branch_of(over)), []
    try:
        held = value_of(search, columns, HELD, gap=gap, stop=stop)
    except InfeasibleError:
        notes.append(
            "At the prices of the outlook later builds of its branch pass a limit on capital; "
            "plan.json keeps what is built here and now and chooses the rest again."
        )
        held = _here_and_now(over, search, columns, gap, stop)
    solution = replace(held, bound=max(best.bound, held.objective))
    found = search.relaxation.valued(solution.columns)
    hours = search.relaxation.dispatch(solution.columns, found)
    return (solution, hours, search.proof()), best, tuple(notes)


def _here_and_now(
    over: OverFutures, search: Search, columns: Floats, gap: float, stop: Stop
) -> Solution:
    """Value a plan of which only what all futures share is held."""
    stacked = over.stacked
    shared = stacked.here_and_now()[stacked.column[0]]
    problem = over.lowered.problem
    kept = shared & np.array([label.kind in HELD for label in problem.columns])
    return search_on(search, holding(problem, columns, kept), gap, stop).solution()
