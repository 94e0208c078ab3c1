# SPDX-License-Identifier: Apache-2.0
"""Clearly different plans that are worth nearly as much as the best, each with a proof.

A finished search has bounded every block from above by cuts, and a cut holds for every plan. So
the same master, told to seek the most of some amount instead of value, under a row that holds
its plans to what they must be worth, bounds that amount over all plans that are worth enough.
Its own point is worth less than its cuts believe; on the way from it to the best plan the true
value rises as a concave function, which says how far one must go to be worth enough.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.master import Aim, Master
from loadstone.engines.plan.problem import Problem
from loadstone.engines.plan.relaxation import Best, Relaxation, never
from loadstone.engines.plan.solution import Solution
from loadstone.model.errors import InfeasibleError, InputError
from loadstone.model.plan import Status

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INSIDE = 0.1  # of gap times slack: how far inside the limit on value plans are sought
FINE = 1e-3  # of the slack: how well the most value around a choice is known at least
BETTER = 0.9  # of the gap: what a further choice must be better by to be looked at
DEEP = 0.5  # of the way from the limit to the bound: a plan this good is a centre to aim from
MOST_ROUNDS = 60  # of valuations for one direction, then its gap is stated as it is


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Direction:
    """An amount of which a plan may have as much, or as little, as can be.

    Attributes:
        name: A short name.
        text: What the plan has most or least of, in words.
        unit: Unit of the amount.
        weights: What one unit of each column counts. Shape (C,).
        largest: Whether the most is sought, else the least.
    """

    name: str
    text: str
    unit: str
    weights: Floats
    largest: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Alternative:
    """A plan beside the best one.

    Attributes:
        name: As of its direction.
        text: As of its direction.
        unit: Unit of the amounts.
        solution: The plan; its bound is that of all plans. Its prices are 0, because what a
            limit is worth is a matter of the best plan.
        amount: What it has of the direction.
        amount_bound: No plan that is worth enough has more, or less where the least is sought.
        amount_in_best: What the best plan has.
        target: What a plan had to be worth, currency.
        rounds: Valuations of all blocks that it took.
        closed: Whether amount and bound are as close as was asked.
    """

    name: str
    text: str
    unit: str
    solution: Solution
    amount: float
    amount_bound: float
    amount_in_best: float
    target: float
    rounds: int
    closed: bool

    @property
    def amount_gap(self) -> float:
        """Distance of the amount from its bound, as a share of the larger amount known."""
        most = max(abs(self.amount), abs(self.amount_in_best), 1e-9)
        return abs(self.amount_bound - self.amount) / most


def alternatives(
    search: Search,
    directions: Sequence[Direction],
    *,
    slack: float = 0.01,
    gap: float = 0.01,
    most_rounds: int = MOST_ROUNDS,
    stop: Callable[[], bool] = never,
) -> Iterator[Alternative]:
    """Yield for each direction the plan that goes furthest and is worth nearly the best value.

    Args:
        search: A search that has found a plan.
        directions: What to have most or least of.
        slack: Share of the best value that may be given up, above 0.
        gap: Distance of amount and bound at which to be content, as a share.
        most_rounds: Valuations of all blocks for one direction at most.
        stop: Where it says so, what is known is returned with its gap.

    Raises:
        InfeasibleError: The search has found no plan.
        InputError: The slack is not above 0.
    """
    if not slack > 0:
        raise InputError("slack", slack, "must be above 0")
    around = _Around(search, slack=slack, gap=gap, most_rounds=most_rounds, stop=stop)
    for direction in directions:
        yield around.furthest(direction)


@dataclass(slots=True, eq=False)
class _Pursuit:
    """One direction on its way. Amounts are signed so that more is better.

    Attributes:
        aim: What is sought.
        scale: Amount that gaps are shares of, if that of the best plan is smaller.
        best: The plan that has most so far.
        centre: A plan with the same whole numbers that is worth more than enough.
        most_rounds: Valuations of all blocks at most.
        bound: No plan worth enough has more.
        rounds: Valuations of all blocks so far.
    """

    aim: Aim
    scale: float
    best: Best
    centre: Best
    most_rounds: int
    bound: float = np.inf
    rounds: int = 0

    @property
    def amount(self) -> float:
        assert self.best.columns is not None
        return float(self.aim.weights @ self.best.columns)

    def keep(self, plan: Best, centre: Best) -> None:
        """Keep a plan worth enough where it has more."""
        if plan.columns is not None and self.aim.weights @ plan.columns > self.amount:
            self.best, self.centre = plan, centre

    def beyond(self, gap: float) -> float:
        """Return the amount that is a gap beyond that of the best plan."""
        return self.amount + gap * max(abs(self.amount), self.scale)


class _Around:
    """Looks around the best plan of a search, at plans that are worth enough."""

    def __init__(
        self,
        search: Search,
        *,
        slack: float,
        gap: float,
        most_rounds: int,
        stop: Callable[[], bool],
    ) -> None:
        self.solution = search.solution()
        search.keep()
        self.relaxation: Relaxation = search.relaxation
        self.problem: Problem = search.problem
        self._gap, self._most_rounds, self._stop = gap, most_rounds, stop
        value = self.solution.objective
        given = slack * abs(value)
        self.target = value - given
        self._inside = self.target + INSIDE * min(gap, 1.0) * given
        self._fine = FINE * slack
        self._top = search.best
        self._known = [self._top]
        p = self.problem
        self._whole = np.flatnonzero(p.whole & (p.upper > p.lower))
        self._choosing: Master | None = None

    def furthest(self, direction: Direction) -> Alternative:
        """Return the plan that goes furthest in a direction."""
        sign = 1.0 if direction.largest else -1.0
        pursuit = self._start(sign * direction.weights)
        self.relaxation.hold(self.problem.lower, self.problem.upper)
        if self._whole.size:
            self._choose(pursuit)
        else:
            pursuit.bound = self._approach(pursuit, self._top, pursuit.best, self._gap)
        self._value(pursuit)
        self._known += [pursuit.best, pursuit.centre]
        bound, closed = max(self._rounded(pursuit), pursuit.amount), self._closed(pursuit)
        return Alternative(
            name=direction.name,
            text=direction.text,
            unit=direction.unit,
            solution=self._solution(pursuit, closed=closed),
            amount=sign * pursuit.amount,
            amount_bound=sign * bound,
            amount_in_best=float(direction.weights @ self.solution.columns),
            target=self.target,
            rounds=pursuit.rounds,
            closed=closed,
        )

    def _start(self, weights: Floats) -> _Pursuit:
        """Start from whichever known plan goes furthest."""
        scale = abs(float(weights @ self.solution.columns))
        most = max(scale, 1e-3 * float(np.abs(weights) @ self.problem.upper), 1e-9)
        aim = Aim(
            weights=weights,
            unit=2.0 ** float(np.round(np.log2(most / 100))),
            target=self.target,
        )
        scale = max(scale, 1e-9 * most)
        pursuit = _Pursuit(
            aim=aim,
            scale=scale,
            best=self._top,
            centre=self._top,
            most_rounds=self._most_rounds,
        )
        for plan in self._known:
            pursuit.keep(plan, plan)
        return pursuit

    def _approach(self, pursuit: _Pursuit, centre: Best, here: Best, gap: float) -> float:
        """Bring amount and bound together under the master's bounds, and return the bound.

        Args:
            pursuit: What is sought.
            centre: A plan within the master's bounds that is worth more than enough.
            here: A plan within them that is worth enough, from which to set out.
            gap: Share of the amount at which to end.
        """
        self.relaxation.master.aim(pursuit.aim)
        bound = np.inf
        while True:
            point = self.relaxation.solve()
            bound = min(bound, point.bound)
            if bound <= pursuit.beyond(gap) or self._ended(pursuit):
                return bound
            columns = self.relaxation.inward(point.columns, here.columns)
            plan = Best()
            self.relaxation.attempt(columns, plan)
            pursuit.rounds += 1
            plan = self._enough(plan, centre)
            if self._further(pursuit, plan, here):
                here = plan
            pursuit.keep(plan, centre)

    def _ended(self, pursuit: _Pursuit) -> bool:
        return pursuit.rounds >= pursuit.most_rounds or self._stop()

    @staticmethod
    def _further(pursuit: _Pursuit, plan: Best, other: Best) -> bool:
        if plan.columns is None or other.columns is None:
            return False
        return bool(pursuit.aim.weights @ (plan.columns - other.columns) > 0)

    def _enough(self, plan: Best, centre: Best) -> Best:
        """Return the plan, or the nearest on the way to the centre that is surely worth enough.

        Value is concave, so it is at least what the straight line between the two says.
        """
        if plan.value >= self._inside or plan.columns is None or centre.columns is None:
            return plan
        share = (centre.value - self._inside) / (centre.value - plan.value)
        columns = share * plan.columns + (1 - share) * centre.columns
        return Best(value=self._inside, columns=columns)

    def _value(self, pursuit: _Pursuit) -> None:
        """Value a best plan that so far is only known to be worth enough."""
        while not pursuit.best.found:
            plan = Best()
            assert pursuit.best.columns is not None
            self.relaxation.attempt(pursuit.best.columns, plan)
            pursuit.rounds += 1
            # the straight line is right but for rounding; where it is not, the centre is sure
            pursuit.best = plan if plan.value >= self.target else pursuit.centre

    def _choose(self, pursuit: _Pursuit) -> None:
        """Choose whole numbers by the small master, and look around each choice.

        First come the whole numbers of the best plan so far. Then only those count that may
        have more by a good part of the gap; that there are none is soon proven.
        """
        relaxed = replace(pursuit, most_rounds=self._most_rounds // 3)
        pursuit.bound = self._approach(relaxed, self._top, pursuit.best, self._gap / 2)
        pursuit.rounds = relaxed.rounds
        if self._closed(pursuit):
            return
        choosing = self._chooser()
        self._learn(choosing)
        choice = self._choice(pursuit.centre)
        looked_at: set[bytes] = set()
        while choice.tobytes() not in looked_at:
            looked_at.add(choice.tobytes())
            self._look_around(pursuit, choice, choosing)
            if self._closed(pursuit) or self._ended(pursuit):
                return
            least = pursuit.beyond(BETTER * self._gap)
            choosing.aim(pursuit.aim, least)
            try:
                point = choosing.solve_whole(self._gap, None, self._stop)
            except InfeasibleError:
                pursuit.bound = min(pursuit.bound, least)
                return
            if point is None:
                return
            pursuit.bound = min(pursuit.bound, max(point.bound, least))
            choice = np.round(point.columns[self._whole])

    def _choice(self, plan: Best) -> Floats:
        assert plan.columns is not None
        return np.round(plan.columns[self._whole])

    def _chooser(self) -> Master:
        """Return the small master that knows every mixture of cuts so far."""
        if self._choosing is None:
            self._choosing = self.relaxation.year_master()
            self._choosing.hold(self.problem.lower, self.problem.upper)
            mixed = self.relaxation.mixed
            self._choosing.add_cuts([m.pool for m in mixed], [m.slope for m in mixed])
        return self._choosing

    def _learn(self, choosing: Master) -> None:
        """Give the choosing master what the last solution of the master proves."""
        mixtures = self.relaxation.mixtures()
        self.relaxation.mixed += mixtures
        choosing.add_cuts([m.pool for m in mixtures], [m.slope for m in mixtures])

    def _look_around(self, pursuit: _Pursuit, choice: Floats, choosing: Master) -> None:
        """Find a plan with these whole numbers that is worth enough, and go on from there."""
        master, whole, p = self.relaxation.master, self._whole, self.problem
        master.fix(whole, choice, choice)
        master.aim()
        try:
            centre = self._centre(pursuit, choice, choosing)
            if centre.value > self._inside:
                pursuit.keep(centre, centre)
                self._approach(pursuit, centre, centre, self._gap / 2)
                self._learn(choosing)
        except InfeasibleError:
            pass  # within its tolerances the choosing master may break a row
        master.fix(whole, p.lower[whole], p.upper[whole])

    def _centre(self, pursuit: _Pursuit, choice: Floats, choosing: Master) -> Best:
        """Return a plan with these whole numbers well worth enough, where there is one."""
        for plan in self._known:
            deep = self.target + DEEP * (self._top.value - self.target)
            if plan.value >= deep and (self._choice(plan) == choice).all():
                return plan
        centre = Best()
        for point in self.relaxation.close(centre, self._fine, self._stop):
            pursuit.rounds += 1
            deep = self.target + DEEP * (point.bound - self.target)
            if point.bound < self.target or centre.value >= max(deep, self._inside):
                break
            if self._ended(pursuit):
                break
        self._learn(choosing)
        return centre

    def _closed(self, pursuit: _Pursuit) -> bool:
        return self._rounded(pursuit) <= pursuit.beyond(self._gap)

    def _rounded(self, pursuit: _Pursuit) -> float:
        """Return the bound; a count of whole columns is a whole number."""
        weights = pursuit.aim.weights
        counted = weights != 0
        if self.problem.whole[counted].all() and (weights == np.round(weights)).all():
            return float(np.floor(pursuit.bound + 1e-6))
        return pursuit.bound

    def _solution(self, pursuit: _Pursuit, *, closed: bool) -> Solution:
        best, p = pursuit.best, self.problem
        assert best.columns is not None
        return Solution(
            status=Status.OPTIMAL if closed else Status.STOPPED,
            objective=best.value,
            bound=max(self.solution.bound, best.value),
            columns=best.columns,
            values=np.array([valuation.value for valuation in best.found]),
            row_price=np.zeros(len(p.rows)),
            column_price=np.zeros(len(p.columns)),
            iterations=pursuit.rounds,
        )
