# SPDX-License-Identifier: Apache-2.0
"""What explains the spread of value: shares of its variance, and value at both ends.

Value is regressed on each factor's mean over time, discounted, and on its square. A group's
share is what it adds to the variance explained, averaged over all orders in which groups may
come in: the shares do not depend on an order and sum to what the regression explains, also
where factors move together.

Source: Lindeman, Merenda and Gold, Introduction to Bivariate and Multivariate Analysis (1980),
p. 119 ff.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from loadstone.model.futures.risk import Driver

Floats = NDArray[np.float64]

TENTH = 0.1
RIDGE = 1e-7  # of the variance of a column: columns that move together stay solvable
LEAST_SHARE = 5e-4
GROUPS: Mapping[str, str] = {
    "hashprice": "Hashprice",
    "ai": "AI price",
    "power": "Power prices",
    "lease": "Rents of new leases",
    "fx": "Exchange rates",
    "delay": "Delays of connections",
    "mining_ban": "Mining bans",
    "expropriation": "Expropriation",
    "default": "Tenants that stop paying",
}
"""Groups of factors and events by the first part of their names; others only follow them."""


def drivers_of(
    value: Floats, columns: Mapping[str, Floats]
) -> tuple[tuple[Driver, ...], float]:
    """Return what explains a value, most first, and the share of variance explained.

    Args:
        value: By future. Shape (N,).
        columns: One number a future by factor or event, e.g. its discounted mean. Shapes (N,).
    """
    grouped: dict[str, list[str]] = {}
    for name, column in columns.items():
        kind = name.partition(":")[0]
        if kind in GROUPS and np.ptp(column) > 0:
            grouped.setdefault(kind, []).append(name)
    if not grouped or not np.ptp(value) > 0:
        return (), 0.0
    blocks = [_block([columns[name] for name in names]) for names in grouped.values()]
    shares = shapley(value, blocks)
    found = []
    for share, (kind, names) in zip(shares, grouped.items(), strict=True):
        low, high = ends(value, np.mean([_scaled(columns[name]) for name in names], axis=0))
        name = names[0] if len(names) == 1 else kind
        text = GROUPS[kind]
        if len(names) == 1 and ":" in names[0]:
            text = f"{text}, {names[0].partition(':')[2]}"
        found.append(Driver(factor=name, text=text, share=share, low=low, high=high))
    told = sorted(found, key=lambda one: -one.share)
    return tuple(one for one in told if one.share > LEAST_SHARE), float(sum(shares))


def _scaled(column: Floats) -> Floats:
    spread = column.std()
    return (column - column.mean()) / spread if spread > 0 else np.zeros_like(column)


def _block(columns: Sequence[Floats]) -> Floats:
    """Return columns with their squares. Shape (N, 2 columns)."""
    scaled = [_scaled(column) for column in columns]
    return np.stack([*scaled, *(_scaled(one**2) for one in scaled)], axis=1)


def shapley(value: Floats, blocks: Sequence[Floats]) -> list[float]:
    """Return each block's share of the variance of a value, averaged over all orders.

    Args:
        value: Shape (N,).
        blocks: Columns of each group. Shapes (N, columns).
    """
    count = len(blocks)
    every = np.concatenate(blocks, axis=1)
    every = every - every.mean(axis=0)
    target = value - value.mean()
    gram = every.T @ every / len(value)
    gram += RIDGE * np.eye(len(gram))
    cross, variance = every.T @ target / len(value), float(target @ target) / len(value)
    edges = np.cumsum([0, *(block.shape[1] for block in blocks)])
    explained: dict[frozenset[int], float] = {frozenset(): 0.0}
    for size in range(1, count + 1):
        for chosen in combinations(range(count), size):
            at = np.concatenate([np.arange(edges[g], edges[g + 1]) for g in chosen])
            found = np.linalg.solve(gram[np.ix_(at, at)], cross[at])
            explained[frozenset(chosen)] = float(cross[at] @ found) / variance
    shares = []
    for g in range(count):
        others = [k for k in range(count) if k != g]
        total = 0.0
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for chosen in combinations(others, size):
                before = frozenset(chosen)
                total += weight * (explained[before | {g}] - explained[before])
        shares.append(max(total, 0.0))
    return shares


def ends(value: Floats, index: Floats) -> tuple[float, float]:
    """Return the mean value where an index is in its lowest and in its highest tenth.

    Where more than a tenth share the lowest or the highest index, as where nothing happens, all
    of them count.
    """
    low, high = np.quantile(index, (TENTH, 1 - TENTH))
    if high <= low:  # what happens in less than a tenth of futures
        high = np.nextafter(low, np.inf)
    return float(value[index <= low].mean()), float(value[index >= high].mean())
