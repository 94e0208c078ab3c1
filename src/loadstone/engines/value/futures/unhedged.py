# SPDX-License-Identifier: Apache-2.0
"""What hedges do to risk: the same futures with and without them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.value.futures.many import CHUNK, Source
from loadstone.engines.value.futures.opening import Middle
from loadstone.engines.value.futures.spreads import mean_of_worst
from loadstone.engines.value.hedging import HedgeLine, hedge_cash
from loadstone.model.futures.risk import HedgeRisk

Floats = NDArray[np.float64]

WORST = 0.05
MOST = 2_000
"""Futures that are compared; both sides are the same futures, so few are enough."""


def hedge_risk(
    lines: Sequence[HedgeLine],
    owners: Floats,
    *,
    source: Source,
    middle: Middle,
    discount: Floats,
    weight: Floats,
    every: int = 1,
) -> HedgeRisk | None:
    """Return what hedges do to the value of equity; None where there are none.

    The futures are drawn again, and what hedges bring in each is taken away.

    Args:
        lines: The hedges.
        owners: What futures are worth to owners, with hedges; of more than `MOST` the first.
            Shape (N,).
        source: Where the futures come from.
        middle: Their factors and middle paths.
        discount: Worth of each month's money in the first. Shape (M,).
        weight: Of each future. Shape (N,).
        every: Number of futures drawn for one that was kept.
    """
    owners, weight = owners[:MOST], weight[:MOST]
    if not lines or not len(owners):
        return None
    base = sum(
        (line.payoff - line.fee - np.diff(line.margin(), prepend=0.0) for line in lines),
        np.zeros(len(discount)),
    )
    without = owners - float(base @ discount)
    chunk = CHUNK if every == 1 else 1
    for start in range(0, len(owners), chunk):
        values, happens, weather = source.room(min(chunk, len(owners) - start))
        source.into(values, happens, weather, start * every)
        moved = hedge_cash(lines, middle.factors, values, middle.nominal)
        without[start : start + len(moved)] -= moved @ discount
    share = weight / weight.sum()
    means = [float(worth @ share) for worth in (owners, without)]
    spreads = [
        float(np.sqrt((worth - mean) ** 2 @ share))
        for worth, mean in zip((owners, without), means, strict=True)
    ]
    return HedgeRisk(
        futures=len(owners),
        mean=means[0],
        mean_without=means[1],
        sd=spreads[0],
        sd_without=spreads[1],
        worst=mean_of_worst(owners, weight, WORST),
        worst_without=mean_of_worst(without, weight, WORST),
    )
