# SPDX-License-Identifier: Apache-2.0
"""Weighing a plan over futures: against other ways to plan, other weights, fresh futures."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.outlook.reduce import phase_means, read_factors, seen_before
from loadstone.engines.plan.decide.directions import restrictions_of
from loadstone.engines.plan.decide.stress import HELD, without_capital_limits
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.held import restricted, value_of
from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.problem import Problem
from loadstone.engines.plan.solution import Solution
from loadstone.engines.plan.uncertain.stack import stack
from loadstone.engines.plan.uncertain.telling import rules_of
from loadstone.model.errors import InfeasibleError
from loadstone.model.uncertainty import (
    FreshCheck,
    FrontierPoint,
    KeptFuture,
    Moment,
    Reduced,
    Strategy,
    Uncertainty,
)
from loadstone.services.over_futures import OverFutures, branch_of, columns_at, in_future

Floats = NDArray[np.float64]
Tell = Callable[[str], None]
Stop = Callable[[], bool]

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the frontier
GAP_BESIDE = 1e-3
LEFT_OUT = (
    "Futures differ by hashprice, AI and power prices as the planner reads them, one number a "
    "phase. Exchange rates, rents, weather, delays, bans and defaults stay those of the "
    "network; `loadstone value` moves them too.",
    "What is built here and now keeps the limits on capital in every future, also where "
    "machines are dearest.",
    "The mean of the worst is taken once, of values at the end. Over several stages that is "
    "not consistent in time: a decision that is best seen from today need not be the one that "
    "the same rule picks when its phase comes.",
)


def weigh(
    over: OverFutures,
    best: Solution,
    *,
    fresh: int,
    beside: bool,
    executor: Executor | None,
    stop: Stop,
    tell: Tell,
    notes: tuple[str, ...] = (),
) -> Uncertainty:
    """Return a plan over futures in words and numbers, and what stands beside it.

    Args:
        over: The plan.
        best: The best plan for the outlook alone.
        fresh: Further futures in which the decisions are tried.
        beside: Whether to look at anything beside the plan.
        executor: Runs blocks side by side.
        stop: Where it says so, what is left is not computed, and the notes say what.
        tell: Told what is being done.
        notes: What else is to be said.
    """
    weighing = _Weighing(over, executor, stop, tell)
    nodes = over.told.nodes(over.solution.columns)
    plan = weighing.strategy("plan", "Builds now, and later by what is seen.", over.solution)
    found = Uncertainty(
        currency=over.stacked.problem.currency,
        weight=over.aversion.weight,
        tail=over.aversion.tail,
        objective=over.solution.objective,
        bound=over.solution.bound,
        gap=over.solution.gap,
        mean=plan.mean,
        cvar=plan.cvar,
        reduced=_reduced(over),
        futures=tuple(_futures(over, plan, ())),
        nodes=nodes,
        rules=rules_of(nodes),
        branch=branch_of(over),
        mean_builds=over.told.mean_builds(over.solution.columns),
        notes=(*notes, *LEFT_OUT),
    )
    if not beside:
        return found
    return replace(weighing.beside(found, plan, best, fresh), notes=weighing.said(found.notes))


def _reduced(over: OverFutures) -> Reduced:
    """Return how futures became few, with what their moments lost."""
    paths, kept, phases = over.drawn.paths, over.reduction, over.lowered.network.study.phases
    every = phase_means(paths, phases)
    chosen = every[kept.chosen]

    def moments(values: Floats, weight: Floats) -> tuple[Floats, Floats]:
        mean = np.tensordot(weight, values, axes=1)
        return mean, np.sqrt(np.tensordot(weight, (values - mean) ** 2, axes=1))

    (mean, sd), (kept_mean, kept_sd) = (
        moments(every, paths.weight),
        moments(chosen, kept.weight),
    )
    return Reduced(
        drawn=paths.count,
        kept=len(kept.chosen),
        seed=paths.seed,
        lost=kept.lost,
        moments=tuple(
            Moment(
                factor=name,
                phase=phase.at,
                mean=float(mean[p, k]),
                sd=float(sd[p, k]),
                kept_mean=float(kept_mean[p, k]),
                kept_sd=float(kept_sd[p, k]),
            )
            for k, name in enumerate(read_factors(paths))
            for p, phase in enumerate(phases)
        ),
    )


def _futures(
    over: OverFutures, plan: Strategy, perfect: tuple[float | None, ...]
) -> Iterator[KeptFuture]:
    paths, kept = over.drawn.paths, over.reduction
    means = phase_means(paths, over.lowered.network.study.phases)
    for f, i in enumerate(kept.chosen.tolist()):
        yield KeptFuture(
            number=paths.start + i,
            probability=float(kept.weight[f]),
            nodes=tuple(over.stacked.nodes[f].tolist()),
            factors={
                name: tuple(means[i, :, k].tolist())
                for k, name in enumerate(read_factors(paths))
            },
            value=plan.values[f],
            perfect=perfect[f] if perfect else None,
        )


@dataclass(slots=True, eq=False)
class _Weighing:
    """Values other ways to plan in the same futures."""

    over: OverFutures
    executor: Executor | None
    stop: Stop
    tell: Tell
    skipped: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def said(self, notes: tuple[str, ...]) -> tuple[str, ...]:
        """Return notes with what could not be computed."""
        if self.skipped:
            notes = (*notes, f"No time was left for: {', '.join(self.skipped)}.")
        return (*notes, *self.missing)

    def late(self, name: str) -> bool:
        """Tell whether no time is left for something, and remember that."""
        if self.stop():
            self.skipped.append(name)
            return True
        self.tell(name)
        return False

    def beside(
        self, found: Uncertainty, plan: Strategy, best: Solution, fresh: int
    ) -> Uncertainty:
        """Return what was found with all that stands beside it."""
        others = {one.name: one for one in self.strategies(best)}
        tried = self.fresh(fresh)
        perfect = tuple(self.perfect())
        strategies = [_with_regret(one, perfect) for one in (plan, *others.values())]
        known = [value for value in perfect if value is not None]
        complete = perfect and len(known) == len(perfect)

        def more_than(name: str, *, turned: bool = False) -> float | None:
            if name not in others or not others[name].values:
                return None
            more = plan.worth - others[name].worth
            return -more if turned else more

        return replace(
            found,
            futures=tuple(_futures(self.over, plan, perfect)),
            strategies=tuple(strategies),
            fresh=tried,
            frontier=tuple(self.frontier()),
            perfect_information=float(self.over.reduction.weight @ np.array(known)) - plan.mean
            if complete
            else None,
            recourse=more_than("decide all now"),
            waiting=more_than("wait", turned=True),
            outlook_plan=more_than("plan of the outlook"),
        )

    def strategy(self, name: str, text: str, solution: Solution) -> Strategy:
        """Return a plan in the futures as a way to plan."""
        values = self.over.values(solution)
        return Strategy(
            name=name,
            text=text,
            worth=solution.objective,
            mean=float(self.over.reduction.weight @ values),
            cvar=self.over.aversion.tail_mean(values),
            values=tuple(values.tolist()),
        )

    def strategies(self, best: Solution) -> Iterator[Strategy]:
        """Yield the other ways to plan."""
        over, search = self.over, self.over.search
        text = "The best plan for the outlook alone, its builds held in every future."
        name = "plan of the outlook"
        if not self.late(name):
            try:
                placed = over.stacked.place(best.columns)
                found = value_of(search, placed, HELD, gap=GAP_BESIDE, stop=self.stop)
                yield self.strategy(name, text, found)
            except InfeasibleError:
                self.missing.append(
                    "The plan of the outlook passes a limit in some of the futures, so that it "
                    "has no value over them."
                )
        mean = over.stacked.mean(over.solution.columns)
        for rule in restrictions_of(over.lowered, mean):
            if self.late(rule.name):
                continue
            columns = np.flatnonzero(np.isin(over.stacked.origin, rule.columns))
            try:
                there = restricted(
                    search, replace(rule, columns=columns), gap=GAP_BESIDE, stop=self.stop
                )
                yield self.strategy(rule.name, rule.text, there.solution())
            except InfeasibleError:
                self.missing.append(f"{rule.name}: there is no such plan.")
        yield from self.all_now()

    def all_now(self) -> Iterator[Strategy]:
        """Yield the best plan that decides everything before anything is learnt."""
        over, name = self.over, "decide all now"
        if len(np.unique(over.stacked.nodes, axis=0)) == 1 or self.late(name):
            return
        together = stack(
            [one.problem for one in over.problems],
            over.reduction.weight,
            np.zeros_like(over.stacked.nodes),
            tail=over.aversion.tail,
            weight=over.aversion.weight,
        )
        try:
            search = self.searched(together.problem)
        except InfeasibleError:
            self.missing.append(f"{name}: there is no such plan.")
            return
        values = together.values(search.columns, search.values)
        yield Strategy(
            name=name,
            text="All builds of all phases decided before anything is learnt.",
            worth=search.objective,
            mean=float(over.reduction.weight @ values),
            cvar=over.aversion.tail_mean(values),
            values=tuple(values.tolist()),
        )

    def searched(self, problem: Problem) -> Solution:
        """Return the best plan of a problem, as good as time allows."""
        search = Search(
            problem,
            gap=GAP_BESIDE,
            executor=self.executor,
            stop=self.stop,
        )
        for progress in search.steps():
            if self.stop() and np.isfinite(progress.objective):
                break
        return search.solution()

    def perfect(self) -> Iterator[float | None]:
        """Yield what the best plan for each future alone is worth."""
        for n, one in enumerate(self.over.problems, 1):
            if self.late(f"perfect information of future {n}"):
                yield None
                continue
            yield self.searched(one.problem).objective

    def frontier(self) -> Iterator[FrontierPoint]:
        """Yield the best plan for other weights of the worst futures."""
        over = self.over
        if len(over.reduction.weight) == 1:
            return
        for weight in sorted({*WEIGHTS, over.aversion.weight}):
            solution = over.solution
            if weight != over.aversion.weight:
                if self.late(f"weight {weight:g} of the frontier"):
                    continue
                aversion = replace(over.aversion, weight=weight)
                solution = self.searched(replace(over.stacked.problem, aversion=aversion))
            values = over.values(solution)
            yield FrontierPoint(
                weight=weight,
                mean=float(over.reduction.weight @ values),
                cvar=over.aversion.tail_mean(values),
                now=over.told.here_and_now(solution.columns),
            )

    def fresh(self, count: int) -> FreshCheck | None:
        """Return what the decisions are worth in further futures."""
        over, drawn = self.over, self.over.drawn
        if drawn.more is None or not count:
            return None
        network, phases = over.lowered.network, over.lowered.network.study.phases
        first = drawn.paths.start + drawn.paths.count
        paths = drawn.more(count, first)
        nodes = over.told.tree.find(seen_before(paths, phases))
        values, broken = [], 0
        for i in range(count):
            if self.late(f"fresh future {i + 1} of {count}"):
                self.skipped[-1] = f"{count - i} of {count} fresh futures"
                break
            problem = without_capital_limits(lower(in_future(network, paths, i)).problem)
            held = columns_at(over, nodes[i].tolist())
            try:
                there = Search(problem, gap=GAP_BESIDE, executor=self.executor)
                values.append(value_of(there, held, HELD, gap=GAP_BESIDE).objective)
            except InfeasibleError:
                broken += 1
        if not values:
            return None
        alike = np.full(len(values), 1 / len(values))
        worst = replace(
            over.aversion,
            probability=alike,
            cost=np.zeros((len(values), 0)),
            constant=np.zeros(len(values)),
        )
        found = np.array(values)
        return FreshCheck(
            futures=len(values),
            first=first,
            mean=float(found.mean()),
            error=float(found.std(ddof=1) / sqrt(len(values))) if len(values) > 1 else 0.0,
            cvar=worst.tail_mean(found),
            broken=broken,
        )


def _with_regret(one: Strategy, perfect: tuple[float | None, ...]) -> Strategy:
    """Return a way to plan with the most that it loses to the best plan for a future alone."""
    lost = [
        best - value
        for best, value in zip(perfect, one.values, strict=False)
        if best is not None
    ]
    complete = one.values and len(lost) == len(one.values)
    return replace(one, regret=max(0.0, *lost) if complete else None)
