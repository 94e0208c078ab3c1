# SPDX-License-Identifier: Apache-2.0
"""Trees of futures: what is known when a phase is decided, and the questions that tell it.

A node of a phase is the set of futures that look alike until then. It comes from questions to
what can be seen as the phase begins, such as a hashprice of at least 42, so that a decision in
it can be told as a rule: build this if that is so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What splits the futures of a node as a phase begins.

    Attributes:
        phase: Phase whose decision it comes before.
        node: Node of the phase before.
        factor: What is looked at, an index.
        threshold: Futures with at least this go to `above`, the rest to `below`.
        below, above: Nodes of the phase.
    """

    phase: int
    node: int
    factor: int
    threshold: float
    below: int
    above: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tree:
    """Nodes of futures and the questions between them.

    Attributes:
        nodes: Node of each future in each phase. Shape (S, P).
        questions: What splits nodes; a node that none splits goes on as it is.
        follows: For each phase from the second, the node that a node goes on as, where no
            question splits it.
    """

    nodes: Ints
    questions: tuple[Question, ...]
    follows: tuple[dict[int, int], ...]

    def conditions(self, phase: int, node: int) -> tuple[tuple[Question, bool], ...]:
        """Return the questions that lead to a node, and whether the answer is `above`."""
        path: list[tuple[Question, bool]] = []
        for p in range(phase, 0, -1):
            asked = [q for q in self.questions if q.phase == p and node in (q.below, q.above)]
            if asked:
                path.insert(0, (asked[0], node == asked[0].above))
                node = asked[0].node
            else:
                node = next(a for a, b in self.follows[p - 1].items() if b == node)
        return tuple(path)

    def find(self, seen: Floats) -> Ints:
        """Return the nodes of other futures by the questions. Shape (S, P).

        Args:
            seen: What is seen of each factor as each phase begins. Shape (S, P, K).
        """
        nodes = np.zeros(seen.shape[:2], dtype=np.int64)
        for p in range(1, seen.shape[1]):
            before = nodes[:, p - 1]
            for old, new in self.follows[p - 1].items():
                nodes[before == old, p] = new
            for q in (one for one in self.questions if one.phase == p):
                here = before == q.node
                above = seen[:, p, q.factor] >= q.threshold
                nodes[here, p] = np.where(above, q.above, q.below)[here]
        return nodes


def grow(
    seen: Floats, probability: Floats, *, most: int = 8, first: int = 1, least: int = 2
) -> Tree:
    """Grow a tree by asking, phase by phase, what tells the futures of a node apart best.

    A node is split at the middle of the factor that spreads most among its futures, as a share
    of its spread over all of them.

    Args:
        seen: What is seen of each factor as each phase begins, in any units. Shape (S, P, K).
        probability: Of each future. Shape (S,).
        most: Nodes that a phase has at most.
        first: First phase that may be decided by what is seen; phases before are here and now.
        least: Futures that a node has at least.

    Raises:
        InputError: A number is out of range, or shapes do not agree.
    """
    if seen.ndim != 3 or seen.shape[0] != len(probability):
        raise InputError("seen", seen.shape, f"must be ({len(probability)}, phases, factors)")
    if first < 1 or most < 1 or least < 1:
        raise InputError("first, most, least", (first, most, least), "must be at least 1")
    futures, phases, _ = seen.shape
    nodes = np.zeros((futures, phases), dtype=np.int64)
    questions: list[Question] = []
    follows: list[dict[int, int]] = []
    for p in range(1, phases):
        sets = [np.flatnonzero(nodes[:, p - 1] == n) for n in range(nodes[:, p - 1].max() + 1)]
        splits = _splits(sets, seen[:, p], probability, most if p >= first else 0, least)
        follows.append({})
        count = 0
        for n, (members, split) in enumerate(zip(sets, splits, strict=True)):
            nodes[members, p] = count
            if split is None:
                follows[-1][n] = count
                count += 1
                continue
            factor, threshold = split
            above = members[seen[members, p, factor] >= threshold]
            nodes[above, p] = count + 1
            questions.append(
                Question(
                    phase=p,
                    node=n,
                    factor=factor,
                    threshold=threshold,
                    below=count,
                    above=count + 1,
                )
            )
            count += 2
    return Tree(nodes=nodes, questions=tuple(questions), follows=tuple(follows))


def _splits(
    sets: Sequence[Ints], seen: Floats, probability: Floats, most: int, least: int
) -> list[tuple[int, float] | None]:
    """Return how each node is split, the most telling first until there are enough."""
    overall = np.maximum(_spread(seen, probability), 1e-300)
    found: list[tuple[float, int, tuple[int, float]]] = []
    for n, members in enumerate(sets):
        weights = probability[members] / probability[members].sum()
        spread = _spread(seen[members], weights) / overall
        for factor in np.argsort(-spread, kind="stable"):
            threshold = _middle(seen[members, factor], weights)
            above = int((seen[members, factor] >= threshold).sum())
            if spread[factor] > 0 and least <= above <= len(members) - least:
                gain = float(probability[members].sum() * spread[factor])
                found.append((gain, n, (int(factor), threshold)))
                break
    splits: list[tuple[int, float] | None] = [None] * len(sets)
    for _, n, split in sorted(found, key=lambda one: -one[0])[: max(most - len(sets), 0)]:
        splits[n] = split
    return splits


def _spread(seen: Floats, weights: Floats) -> Floats:
    """Return the variance of each factor. Shape (K,)."""
    return np.asarray(weights @ (seen - weights @ seen) ** 2)


def _middle(values: Floats, weights: Floats) -> float:
    """Return a threshold with about half of the weight on either side."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    i = int(np.clip(np.searchsorted(below, 0.5 - 1e-12), 0, len(values) - 2))
    return float((values[order[i]] + values[order[i + 1]]) / 2)


def check_nodes(nodes: Ints, futures: int) -> None:
    """Check that nodes are a tree.

    Raises:
        InputError: They are not: what was told apart once stays so.
    """
    if nodes.ndim != 2 or len(nodes) != futures:
        raise InputError("nodes", nodes.shape, f"must be ({futures}, phases)")
    for p in range(1, nodes.shape[1]):
        pairs = np.unique(nodes[:, p - 1 : p + 1], axis=0)
        if len(pairs) != len(np.unique(nodes[:, p])):
            rule = f"must not bring futures together again in phase {p}"
            raise InputError("nodes", nodes[:, p].tolist(), rule)
