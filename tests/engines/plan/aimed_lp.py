# SPDX-License-Identifier: Apache-2.0
"""The most of an amount in plans worth enough, as one mixed-integer programme for HiGHS."""

from dataclasses import replace

import numpy as np

from loadstone.engines.plan.highs import End, minimise
from loadstone.engines.plan.lp import _programme
from loadstone.engines.plan.monolith import THOUSAND, build_model

TIGHT = {"mip_rel_gap": 1e-9, "mip_feasibility_tolerance": 1e-9}


def most_of(problem, weights, target):
    """Return the most of weights . columns in plans worth the target, with every hour in it."""
    programme = _programme(build_model(problem).model, problem)
    worth = np.flatnonzero(programme.cost)
    cost = np.zeros(len(programme.cost))
    cost[: len(weights)] = -weights
    aimed = replace(
        programme,
        cost=cost,
        row_start=np.append(programme.row_start, programme.row_start[-1] + len(worth)),
        row_column=np.append(programme.row_column, worth),
        row_value=np.append(programme.row_value, programme.cost[worth]),
        row_lower=np.append(programme.row_lower, -np.inf),
        row_upper=np.append(programme.row_upper, (problem.constant - target) / THOUSAND),
    )
    answer = minimise(aimed, TIGHT if programme.is_whole else {})
    assert answer.end is End.OPTIMAL
    return -answer.objective
