# SPDX-License-Identifier: Apache-2.0
"""The exact method: block oracles under a stabilised cutting-plane master.

Where columns must be whole, the relaxation is closed first; then whole numbers are chosen by
the master as a mixed-integer programme, and the plan around each choice is closed again, until
no other choice can be better.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.master import Master, MasterPoint
from loadstone.engines.plan.problem import Problem
from loadstone.engines.plan.relaxation import Best, Mixture, Relaxation, never
from loadstone.engines.plan.solution import BlockDispatch, Cut, Solution
from loadstone.model.errors import InfeasibleError, InputError
from loadstone.model.plan import Status

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIRST_SHARE = 0.4  # of the columns' bounds: where the first cuts are taken
WHOLE = 1e-6  # distance from a whole number that is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a search is.

    Attributes:
        stage: "relaxation", "whole numbers" or "plan".
        round: Rounds so far.
        objective: Value of the best plan; minus infinity before the first.
        bound: No plan is worth more.
    """

    stage: str
    round: int
    objective: float
    bound: float

    @property
    def gap(self) -> float:
        """Distance from the bound, as a share of the objective."""
        if not np.isfinite(self.objective):
            return np.inf
        return (self.bound - self.objective) / max(abs(self.objective), 1e-9)


class Search:
    """A search for the best plan of a problem.

    `steps` yields after every round and may be left at any time; `solution` is then the best
    plan so far with its proven bound. The same problem gives the same plan to the bit,
    whatever the executor.

    Attributes:
        problem: What is planned.
        gap: Proven gap at which it ends, as a share of the objective.
        relaxation: The problem seen from above.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        gap: float = 1e-5,
        executor: Executor | None = None,
        stop: Callable[[], bool] = never,
        relaxation: Relaxation | None = None,
        start: Floats | None = None,
    ) -> None:
        """Prepare a search.

        Args:
            problem: What is planned.
            gap: Proven gap at which it ends, as a share of the objective.
            executor: Threads that value blocks; None values them one after another.
            stop: Asked inside long stretches; where it says so, `steps` ends early.
            relaxation: Of a problem that differs in the bounds of its columns, or in how much
                the tail of its futures counts: what it knows holds here as well. None makes a
                new one.
            start: A plan to start from, which keeps the rows and bounds. Shape (C,).

        Raises:
            InputError: The relaxation is of another problem.
        """
        if relaxation is not None and not relaxation.fits(problem):
            raise InputError("relaxation", "of another problem", "may differ in bounds only")
        self.problem, self.gap = problem, gap
        self.relaxation = relaxation or Relaxation(problem, executor)
        self._stop = stop
        self._start = start
        self._mixed: list[Mixture] = []
        self._best = Best()
        self._bound = np.inf
        self._last: MasterPoint | None = None
        self._priced: MasterPoint | None = None
        self._rounds = 0

    def steps(self) -> Iterator[Progress]:
        """Search, yielding after every round.

        Raises:
            InfeasibleError: No plan keeps the rows and bounds.
        """
        lower, upper = self.problem.lower, self.problem.upper
        if not self.relaxation.begun:
            first = self._start
            self.relaxation.begin(
                lower + FIRST_SHARE * (upper - lower) if first is None else first
            )
        master = self._held()
        whole = bool((self.problem.whole & (upper > lower)).any())
        if whole:
            self._begin(master)
        relaxed = Best() if self._start is None else self.relaxation.known(self._start)
        if not whole:
            self._best = relaxed
        for point in self._close(relaxed, self.gap / 4 if whole else self.gap):
            self._bound = min(self._bound, point.bound)
            yield self._progress("relaxation" if whole else "plan")
        if whole:
            yield from self._choose(relaxed)

    def run(self) -> "Search":
        """Search to the end, and return the search."""
        for _ in self.steps():
            pass
        return self

    def _held(self) -> Master:
        """Return the master, within the bounds of this problem and for its objective."""
        p = self.problem
        self.relaxation.hold(p.lower, p.upper, p.aversion)
        return self.relaxation.master

    def _begin(self, master: Master) -> None:
        """Value the plan that chooses as little as can be, so that there always is one."""
        whole = np.flatnonzero(self.problem.whole)
        lower, upper = self.problem.lower[whole], self.problem.upper[whole]
        master.fix(whole, lower, lower)
        with suppress(InfeasibleError):  # where something must be chosen
            self.relaxation.attempt(self.relaxation.calm(), self._best)
        master.fix(whole, lower, upper)

    def _progress(self, stage: str) -> Progress:
        return Progress(
            stage=stage, round=self._rounds, objective=self._best.value, bound=self._bound
        )

    def _close(self, best: Best, gap: float) -> Iterator[MasterPoint]:
        """Bring bound and best plan together, counting the rounds."""
        for n, point in enumerate(self.relaxation.close(best, gap, self._stop)):
            self._last = point
            self._rounds += n > 0
            yield point

    def _choose(self, relaxed: Best) -> Iterator[Progress]:
        """Choose whole numbers, close the plan around them, and prove that none are better.

        The choosing master is small: it knows each block by the mixed cuts of the relaxation
        and of every choice that was looked at. A choice it makes is looked at, and its cuts
        say what it is really worth; so it makes none twice, but for rounding.
        """
        if relaxed.columns is None:
            return
        whole = np.flatnonzero(self.problem.whole)
        choosing = self.relaxation.year_master()
        choosing.hold(self.problem.lower, self.problem.upper)
        self._mixed += self.relaxation.mixed
        choosing.add_cuts([m.pool for m in self._mixed], [m.slope for m in self._mixed])
        self._learn(choosing)
        looked_at: set[bytes] = set()
        while True:
            point = choosing.solve_whole(self.gap / 4, self._best.columns, self._stop)
            if point is None:
                return
            # what `_narrow` left out is worth no more than the best plan
            self._bound = min(self._bound, max(point.bound, self._best.value))
            yield self._progress("whole numbers")
            choice = np.round(point.columns[whole])
            if self._closed() or self._stop() or choice.tobytes() in looked_at:
                return
            looked_at.add(choice.tobytes())
            yield from self._around(whole, choice)
            self._learn(choosing)
            self._narrow(whole, choosing)

    def _learn(self, choosing: Master) -> None:
        """Give the choosing master what the last solution of the master proves."""
        mixtures = self.relaxation.mixtures()
        self._mixed += mixtures
        self.relaxation.mixed += mixtures
        self.relaxation.lead(choosing)
        choosing.add_cuts([m.pool for m in mixtures], [m.slope for m in mixtures])

    def _closed(self) -> bool:
        return self.relaxation.within(self._bound, self._best.value, self.gap)

    def _around(self, whole: Ints, choice: Floats) -> Iterator[Progress]:
        """Close the plan around a choice of whole numbers, unless it cannot be better."""
        self.relaxation.master.fix(whole, choice, choice)
        best = Best()
        try:
            point = self.relaxation.solve()
            if point.bound > self._best.value:
                for point in self._close(best, self.gap / 4):
                    if best.value > self._best.value:
                        self._best = best
                    yield self._progress("plan")
                    if point.bound <= self._best.value and best is not self._best:
                        break
        except InfeasibleError:
            pass  # within its tolerances the choosing master may break a row
        self._free(whole)

    def _free(self, whole: Ints) -> None:
        p = self.problem
        self.relaxation.master.fix(whole, p.lower[whole], p.upper[whole])

    def _narrow(self, whole: Ints, choosing: Master) -> None:
        """Fix whole columns that cannot move by one without losing to the best plan."""
        point = self.relaxation.solve()
        self._bound = min(self._bound, max(point.bound, self._best.value))
        at, price = point.columns[whole], np.abs(point.column_price[whole])
        lower, upper = self.problem.lower[whole], self.problem.upper[whole]
        settled = point.bound - price < self._best.value
        low, high = settled & (at <= lower + WHOLE), settled & (at >= upper - WHOLE)
        choosing.fix(whole, np.where(high, upper, lower), np.where(low, lower, upper))

    def solution(self) -> Solution:
        """Return the best plan so far with its proven bound.

        Raises:
            InfeasibleError: The search ended before it found a plan.
        """
        best = self._best
        if best.columns is None:
            raise InfeasibleError([])
        values = np.array([valuation.value for valuation in best.found])
        objective = self.problem.worth(best.columns, values)
        last = self._priced or self._prices()
        return Solution(
            status=Status.OPTIMAL
            if self.relaxation.within(self._bound, objective, self.gap)
            else Status.STOPPED,
            objective=objective,
            bound=max(self._bound, objective),
            columns=best.columns,
            values=values,
            row_price=last.row_price,
            column_price=last.column_price,
            iterations=self._rounds,
        )

    def _prices(self) -> MasterPoint:
        """Solve the master around the best plan's whole numbers, for its prices."""
        best, p = self._best, self.problem
        whole = np.flatnonzero(p.whole)
        if not whole.size or best.columns is None:
            assert self._last is not None
            return self._last
        choice = np.round(best.columns[whole])
        self._held().fix(whole, choice, choice)
        point = self.relaxation.solve()
        self._free(whole)
        return point

    @property
    def best(self) -> Best:
        """The best plan so far."""
        return self._best

    def dispatch(self) -> tuple[BlockDispatch, ...]:
        """Return the hours of the best plan, block by block."""
        if self._best.columns is None:
            return ()
        return self.relaxation.dispatch(self._best.columns, self._best.found)

    def keep(self) -> None:
        """Remember bound and prices, before the relaxation is used for something else."""
        if not self._mixed:
            self._mixed += self.relaxation.mixtures()
        if self._priced is None and self._best.columns is not None:
            self._priced = self._prices()

    def proof(self) -> tuple[Cut, ...]:
        """Return prices that prove the bound, apart from the search that found them."""
        self.keep()
        return tuple(cut for one in self._mixed for cut in self.relaxation.prices_of(one))
