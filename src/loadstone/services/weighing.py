# SPDX-License-Identifier: Apache-2.0
"""Weighing a plan over futures: against other ways to plan, other weights, fresh futures."""

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.outlook.reduce import phase_means, read_factors, seen_before
from loadstone.engines.plan.certificate import recount_bound
from loadstone.engines.plan.decide.directions import restrictions_of
from loadstone.engines.plan.decide.stress import HELD, without_capital_limits
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.held import restricted, value_of
from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.problem import Aversion
from loadstone.engines.plan.solution import Solution
from loadstone.engines.plan.uncertain.information import decided_now, foresight
from loadstone.engines.plan.uncertain.outcome import frontier
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
from loadstone.services.deciding import Tell
from loadstone.services.over_futures import (
    OverFutures,
    Stop,
    branch_of,
    columns_at,
    in_future,
)

Floats = NDArray[np.float64]

WEIGHTS = (0.0, 0.25, 0.5, 0.75, 0.95)  # of the frontier; at 1 only the worst would count
GAP_BESIDE = 1e-3
MOST_PROVEN = 1000  # blocks whose prices are kept at once: some hundred MB
LEFT_OUT = (
    "Futures differ by hashprice, AI and power prices as the planner reads them, one number a "
    "phase. Exchange rates, rents, weather, delays, bans and defaults stay those of the "
    "network; `loadstone value` moves them too.",
    "Where decisions are tried in fresh futures, builds are held and what runs is chosen with "
    "that future known, without limits on capital: the value is an upper end.",
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
        proven_bound=_proven(over, tell),
        notes=(*notes, *LEFT_OUT),
    )
    if not beside:
        return found
    return replace(weighing.beside(found, plan, best, fresh), notes=weighing.said(found.notes))


def _proven(over: OverFutures, tell: Tell) -> float | None:
    """Return the bound computed again from prices; None where there are too many of them."""
    problem = over.stacked.problem
    if len(problem.blocks) > MOST_PROVEN:
        return None
    tell("the bound again")
    return recount_bound(problem, over.search.proof())


def _reduced(over: OverFutures) -> Reduced:
    """Return how futures became few, with what their moments lost."""
    paths, kept, phases = over.drawn.paths, over.reduction, over.lowered.network.study.phases
    every, few = phase_means(paths, phases), phase_means(over.kept, phases)

    def moments(values: Floats, weight: Floats) -> tuple[Floats, Floats]:
        mean = np.tensordot(weight, values, axes=1)
        return mean, np.sqrt(np.tensordot(weight, (values - mean) ** 2, axes=1))

    mean, sd = moments(every, paths.weight)
    kept_mean, kept_sd = moments(few, kept.weight)
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
    over: OverFutures, plan: Strategy, perfect: tuple[float, ...]
) -> Iterator[KeptFuture]:
    paths, kept = over.drawn.paths, over.reduction
    means = phase_means(over.kept, over.lowered.network.study.phases)
    for f, i in enumerate(kept.chosen.tolist()):
        yield KeptFuture(
            number=paths.start + i,
            probability=float(kept.weight[f]),
            nodes=tuple(over.stacked.nodes[f].tolist()),
            factors={
                name: tuple(means[f, :, k].tolist())
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
    alone: dict[str, Floats] = field(default_factory=dict)  # plans that ask no questions

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
        tried = tuple(self.fresh(fresh))
        perfect = self.perfect()
        weights = tuple(self.frontier())
        strategies = [_with_regret(one, perfect) for one in (plan, *others.values())]

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
            frontier=weights,
            perfect_information=float(self.over.reduction.weight @ np.array(perfect))
            - plan.mean
            if perfect
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
        name = "plan of the outlook"
        if not self.late(name) and (held := self.outlook_plan(name, best)) is not None:
            yield held
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
        name = "decide all now"
        if len(np.unique(over.stacked.nodes, axis=0)) == 1 or self.late(name):
            return
        try:
            problems = [one.problem for one in over.problems]
            now = decided_now(
                problems, over.stacked, search, gap=GAP_BESIDE, executor=self.executor,
                stop=self.stop,
            )  # fmt: skip
        except InfeasibleError:
            self.missing.append(f"{name}: there is no such plan.")
            return
        self.alone[name] = now.columns  # nothing is split: these are a future's own columns
        yield Strategy(
            name=name,
            text="All builds of all phases decided before anything is learnt.",
            worth=now.worth,
            mean=now.mean,
            cvar=now.tail_mean,
            values=tuple(now.values.tolist()),
        )

    def outlook_plan(self, name: str, best: Solution) -> Strategy | None:
        """Return the best plan for the outlook alone, its builds held in every future.

        Limits on capital are lifted for it, as builds cost more in some futures.
        """
        over = self.over
        self.alone[name] = best.columns
        values = np.empty(len(over.problems))
        for f, one in enumerate(over.problems):
            there = Search(
                without_capital_limits(one.problem), gap=GAP_BESIDE, executor=self.executor
            )
            try:
                values[f] = value_of(there, best.columns, HELD, gap=GAP_BESIDE).objective
            except InfeasibleError:
                self.missing.append(f"{name}: it cannot be carried out in all futures.")
                return None
        return Strategy(
            name=name,
            text="The best plan for the outlook alone, its builds held in every future, "
            "without limits on capital.",
            worth=over.aversion.worth(values),
            mean=float(over.reduction.weight @ values),
            cvar=over.aversion.tail_mean(values),
            values=tuple(values.tolist()),
        )

    def perfect(self) -> tuple[float, ...]:
        """Return what the best plan for each future alone is worth; empty without time."""
        if self.late("perfect information"):
            return ()
        over = self.over
        found = foresight(
            [one.problem for one in over.problems],
            over.stacked,
            over.search,
            gap=GAP_BESIDE,
            executor=self.executor,
            stop=self.stop,
        )
        if self.stop():
            self.missing.append(
                "There was little time for plans that know their future: they may be better."
            )
        return tuple(found.values.tolist())

    def frontier(self) -> Iterator[FrontierPoint]:
        """Yield the best plan for other weights of the worst futures."""
        over = self.over
        if len(over.reduction.weight) == 1 or self.late("the frontier"):
            return
        weights = sorted({*WEIGHTS, over.aversion.weight})
        for weight, found in zip(
            weights,
            frontier(over.stacked, over.search, weights, gap=GAP_BESIDE, stop=self.stop),
            strict=True,
        ):
            yield FrontierPoint(
                weight=weight,
                mean=found.mean,
                cvar=found.tail_mean,
                now=over.told.here_and_now(found.columns),
            )
        if self.stop():
            self.missing.append("There was little time for the frontier: it may lie higher.")

    def fresh(self, count: int) -> Iterator[FreshCheck]:
        """Yield what decisions are worth in further futures, those of the plan first."""
        over, drawn = self.over, self.over.drawn
        if drawn.more is None or not count:
            return
        network, phases = over.lowered.network, over.lowered.network.study.phases
        first = drawn.paths.start + drawn.paths.count
        paths = drawn.more(count, first)
        nodes = over.told.tree.find(seen_before(paths, phases))
        values: dict[str, list[float]] = {name: [] for name in ("plan", *self.alone)}
        for i in range(count):
            if self.late(f"fresh future {i + 1} of {count}"):
                self.skipped[-1] = f"{count - i} of {count} fresh futures"
                break
            problem = without_capital_limits(lower(in_future(network, paths, i)).problem)
            there = Search(problem, gap=GAP_BESIDE, executor=self.executor)
            plans = {"plan": columns_at(over, nodes[i].tolist())} | self.alone
            for name, columns in plans.items():
                values[name].append(_value_or_nan(there, columns))
        for name, found in values.items():
            if np.isfinite(found).any():
                yield _checked(name, np.array(found), first, over.aversion.tail)


def _value_or_nan(there: Search, columns: Floats) -> float:
    """Return what builds are worth in a future; nan where they cannot be carried out."""
    try:
        return value_of(there, columns, HELD, gap=GAP_BESIDE).objective
    except InfeasibleError:
        return float("nan")


def _checked(name: str, every: Floats, first: int, tail: float) -> FreshCheck:
    values = every[np.isfinite(every)]
    count = len(values)
    alike = Aversion(
        probability=np.full(count, 1 / count),
        cost=np.zeros((count, 0)),
        constant=np.zeros(count),
        tail=tail,
        weight=0.0,
    )
    return FreshCheck(
        name=name,
        futures=count,
        first=first,
        mean=float(values.mean()),
        error=float(values.std(ddof=1) / sqrt(count)) if count > 1 else 0.0,
        cvar=alike.tail_mean(values),
        broken=len(every) - count,
    )


def _with_regret(one: Strategy, perfect: tuple[float, ...]) -> Strategy:
    """Return a way to plan with the most that it loses to the best plan for a future alone."""
    lost = [best - value for best, value in zip(perfect, one.values, strict=False)]
    return replace(one, regret=max(0.0, *lost) if lost else None)
