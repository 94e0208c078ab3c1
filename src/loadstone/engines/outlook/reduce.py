# SPDX-License-Identifier: Apache-2.0
"""Many futures as a few with weights, and how much is lost by that.

A planner can hold some dozen futures, a drawing has thousands. Futures are compared by what
the planner reads of them: the mean of each factor in each phase, as a logarithm, over its
spread; kinds of factors (hashprice, AI, power) count alike, however many zones or generations
each has. Forward selection adds, one by one, the future that brings the kept ones nearest to
all; then each kept one moves to the middle of those it stands for, as long as that helps. A
kept future weighs what it stands for.

Middles lie closer together than what they are the middles of, so that a few of them tell of a
calmer world, and of its tail nothing. `stretched` gives back the spread: in every month the
kept futures are moved and stretched until mean and spread of each factor's logarithm are those
of all. They are then no drawn futures any more, but keep their order and their shape.

Source:
    Heitsch and Römisch, Scenario reduction algorithms in stochastic programming, Computational
    Optimization and Applications 24 (2003): fast forward selection. Høyland and Wallace,
    Generating scenario trees for multistage decision problems, Management Science 47 (2001):
    why moments are to be matched.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.outlook.months import months_until, phase_of_months
from loadstone.model.errors import InputError
from loadstone.model.futures.paths import Paths
from loadstone.model.network import Phase

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

READ = ("hashprice", "ai", "power")
"""Kinds of factors that a planner reads."""

MOST_CANDIDATES = 4000  # distances of all pairs are kept: 128 MB
MOST_MOVES = 30
MOST_STRETCH = 4.0  # of a factor in a month: more would make much of little
LEAST = 1e-9  # a factor's value below is told by its logarithm no further


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reduction:
    """Some futures that stand for all, and what is lost.

    Attributes:
        chosen: Places of those kept among all. Shape (S,).
        weight: Their probabilities. Shape (S,).
        nearest: Which kept one stands for each future. Shape (N,).
        distance: Mean distance of a future from the one that stands for it.
        of_one: The same if the best single future stood for all.
    """

    chosen: Ints
    weight: Floats
    nearest: Ints
    distance: float
    of_one: float

    @property
    def lost(self) -> float:
        """Share of the spread of futures that the kept ones do not tell, 0 to 1."""
        return self.distance / self.of_one if self.of_one > 0 else 0.0


def read_factors(paths: Paths) -> tuple[str, ...]:
    """Return the names of the factors that a planner reads."""
    return tuple(name for name in paths.factors if name.partition(":")[0] in READ)


def phase_means(paths: Paths, phases: Sequence[Phase]) -> Floats:
    """Return the mean of each factor that is read in each phase. Shape (N, P, K).

    Months before the first phase count in it, and a phase that the months do not reach has the
    value of the nearest month: so a planner reads them.

    Args:
        paths: Futures.
        phases: Of the study.
    """
    months = min(paths.months, max(months_until(phases[-1].ends, paths.first), 1))
    phase = phase_of_months(phases, paths.first, months)
    names = read_factors(paths)
    found = np.empty((paths.count, len(phases), len(names)))
    for k, name in enumerate(names):
        values = paths.factor(name)[:, :months]
        for p in range(len(phases)):
            inside = phase == p
            if inside.any():
                found[:, p, k] = values[:, inside].mean(axis=1)
            else:
                found[:, p, k] = values[:, 0 if p < phase[0] else -1]
    return found


def seen_before(paths: Paths, phases: Sequence[Phase]) -> Floats:
    """Return what is seen of each factor that is read as each phase begins. Shape (N, P, K).

    It is the value of the month before; of the first month where there is none before.
    """
    months = [
        (phase.start.year - paths.first.year) * 12 + phase.start.month - paths.first.month - 1
        for phase in phases
    ]
    at = np.clip(months, 0, paths.months - 1)
    return np.stack([paths.factor(name)[:, at] for name in read_factors(paths)], axis=2)


def reduced(paths: Paths, phases: Sequence[Phase], count: int) -> Reduction:
    """Return some futures that stand for all of them.

    Args:
        paths: Futures with their weights, at most `MOST_CANDIDATES`.
        phases: Of the study.
        count: How many to keep, S; all of them where there are no more.

    Raises:
        InputError: The count is below 1, or there are too many futures.
    """
    if count < 1:
        raise InputError("futures", count, "must be at least 1")
    if paths.count > MOST_CANDIDATES:
        raise InputError("futures", paths.count, f"must be at most {MOST_CANDIDATES}")
    points = _points(phase_means(paths, phases), read_factors(paths), paths.weight)
    between = _distances(points)
    chosen = _forward(between, paths.weight, min(count, paths.count))
    chosen = _moved(between, paths.weight, chosen)
    # of futures that are the same, one stands for all
    chosen = chosen[np.unique(np.argmin(between[:, chosen], axis=1))]
    nearest = np.argmin(between[:, chosen], axis=1)
    weight = np.bincount(nearest, weights=paths.weight, minlength=len(chosen))
    return Reduction(
        chosen=chosen,
        weight=weight / weight.sum(),
        nearest=nearest,
        distance=float(paths.weight @ between[:, chosen].min(axis=1)),
        of_one=float((paths.weight @ between).min()),
    )


def stretched(paths: Paths, reduction: Reduction) -> Paths:
    """Return the kept futures with the moments of all of them.

    What a planner does not read stays as it was drawn.

    Args:
        paths: All futures.
        reduction: Which are kept.
    """
    values = paths.values[:, reduction.chosen].copy()
    for name in read_factors(paths):
        k = paths.factors.index(name)
        logs = np.log(np.maximum(paths.values[k], LEAST))
        mean, sd = _moments(logs, paths.weight)
        kept_mean, kept_sd = _moments(logs[reduction.chosen], reduction.weight)
        ratio = np.divide(sd, kept_sd, out=np.ones_like(sd), where=kept_sd > LEAST)
        ratio = np.clip(ratio, 1 / MOST_STRETCH, MOST_STRETCH)
        values[k] = np.exp(mean + (logs[reduction.chosen] - kept_mean) * ratio)
    return replace(
        paths,
        values=values,
        happens=paths.happens[:, reduction.chosen],
        weather=paths.weather[reduction.chosen],
        weight=reduction.weight,
    )


def _moments(values: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return mean and spread over futures, the first axis."""
    mean = np.tensordot(weight, values, axes=1)
    return mean, np.sqrt(np.tensordot(weight, (values - mean) ** 2, axes=1))


def _points(means: Floats, names: Sequence[str], weight: Floats) -> Floats:
    """Return futures as points whose distance says how different they are. Shape (N, P K)."""
    logs = np.log(np.maximum(means, LEAST))
    middle, spread = _moments(logs, weight)
    kinds = Counter(name.partition(":")[0] for name in names)
    share = np.sqrt([1 / kinds[name.partition(":")[0]] for name in names])
    scale = np.divide(share, spread, out=np.zeros_like(spread), where=spread > LEAST)
    return np.asarray(((logs - middle) * scale).reshape(len(means), -1))


def _distances(points: Floats) -> Floats:
    """Return the distance of every pair. Shape (N, N)."""
    size = (points**2).sum(axis=1)
    square = size[:, None] + size[None, :] - 2 * points @ points.T
    found: Floats = np.sqrt(np.maximum(square, 0.0))
    np.fill_diagonal(found, 0.0)
    return found


def _forward(between: Floats, weight: Floats, count: int) -> Ints:
    """Choose futures one by one, each where it brings the kept ones nearest to all."""
    chosen: list[int] = []
    nearest = np.full(len(between), np.inf)
    for _ in range(count):
        cost = weight @ np.minimum(nearest[:, None], between)
        cost[chosen] = np.inf
        best = int(np.argmin(cost))
        chosen.append(best)
        nearest = np.minimum(nearest, between[:, best])
    return np.array(chosen, dtype=np.int64)


def _moved(between: Floats, weight: Floats, chosen: Ints) -> Ints:
    """Move each chosen future to the middle of those that it stands for, while that helps."""
    chosen = chosen.copy()
    for _ in range(MOST_MOVES):
        nearest, before = np.argmin(between[:, chosen], axis=1), chosen.copy()
        for k in range(len(chosen)):
            mine = np.flatnonzero(nearest == k)
            if mine.size:
                cost = weight[mine] @ between[np.ix_(mine, mine)]
                chosen[k] = mine[int(np.argmin(cost))]
        if np.array_equal(chosen, before):
            break
    return chosen
