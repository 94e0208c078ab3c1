# SPDX-License-Identifier: Apache-2.0
"""The futures of each node in one: the problem of somebody who plans for the mean."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.problem import Block, Problem, Profile, Segment

Floats = NDArray[np.float64]


def gist(problem: Problem) -> Problem:
    """Return the problem with the mean of the futures that share a node in their place.

    Columns and rows stay, so that its plans are plans of the problem. It knows nothing of the
    worst futures, and a mean price is worth less than prices that a plan can follow.
    """
    shared: dict[bytes, list[Block]] = {}
    for block in problem.blocks:
        shared.setdefault(block.columns.tobytes(), []).append(block)
    means = _Means(problem)
    blocks = tuple(means.block(blocks) for blocks in shared.values())
    series = np.concatenate([problem.series, np.array(means.rows).reshape(-1, problem.hours)])
    return replace(problem, blocks=blocks, series=series, aversion=None)


class _Means:
    """Means of blocks, and the series that they need."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.rows: list[Floats] = []

    def block(self, blocks: Sequence[Block]) -> Block:
        """Return the mean of blocks that differ in numbers only."""
        weights = np.array([block.weight for block in blocks])
        total, shares = float(weights.sum()), weights / weights.sum()
        segments = zip(*(block.segments for block in blocks), strict=True)
        accounts = zip(*(block.accounts for block in blocks), strict=True)
        return replace(
            blocks[0],
            future=0,
            weight=total,
            segments=tuple(self._segment(each, shares) for each in segments),
            accounts=tuple(
                replace(
                    each[0],
                    per_unit=float(shares @ [one.per_unit for one in each]),
                    penalty=float(shares @ [one.penalty for one in each]),
                )
                for each in accounts
            ),
        )

    def _segment(self, each: Sequence[Segment], shares: Floats) -> Segment:
        return replace(
            each[0],
            width=self._profile([one.width for one in each], shares),
            value=self._profile([one.value for one in each], shares),
        )

    def _profile(self, each: Sequence[Profile], shares: Floats) -> Profile:
        if len({one.row for one in each}) == 1:
            return Profile(
                row=each[0].row,
                scale=float(shares @ [one.scale for one in each]),
                shift=float(shares @ [one.shift for one in each]),
            )
        hours = [self.problem.profile(one) for one in each]
        self.rows.append(np.asarray(shares @ np.array(hours)))
        return Profile(row=len(self.problem.series) + len(self.rows) - 1)
