# SPDX-License-Identifier: Apache-2.0
"""A small network over four futures, for tests."""

from functools import cache

import numpy as np
from benchmarks.b31 import b31_phases
from benchmarks.uncertain import draw, future

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.uncertain.stack import stack
from loadstone.engines.plan.uncertain.tree import grow

PROBABILITY = np.array([0.1, 0.2, 0.3, 0.4])
TAIL = 0.15


def seen(factors):
    """Return what is known as each phase begins: the factors of the phase before."""
    ones = np.ones((len(factors), 1, factors.shape[2]))
    return np.log(np.concatenate([ones, factors[:, :-1]], axis=1))


def futures(*, phases=3, binary=False):
    factors = draw(len(PROBABILITY), phases)
    problem = b31_phases(1, phases, hours=72, binary=binary)
    tree = grow(seen(factors), PROBABILITY, most=3, least=1)
    return [future(problem, one) for one in factors], tree


@cache
def solved(weight, gap=1e-6):
    """Return the problems, their stack and a search of it that has ended."""
    problems, tree = futures()
    stacked = stack(problems, PROBABILITY, tree.nodes, tail=TAIL, weight=weight)
    search = Search(stacked.problem, gap=gap)
    for _ in search.steps():
        pass
    return problems, stacked, search
