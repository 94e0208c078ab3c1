# SPDX-License-Identifier: Apache-2.0
"""Numbers over futures: mean, quantiles, the mean of the worst, histograms and fans."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from loadstone.model.errors import InputError
from loadstone.model.futures.risk import Fan, Spread

Floats = NDArray[np.float64]

PROBABILITIES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
WORST = (0.05, 0.1)
BINS = 40
FAN = (0.05, 0.25, 0.5, 0.75, 0.95)
LEAST_WEIGHT = 1e-12


def weighted_quantiles(values: Floats, weight: Floats, at: tuple[float, ...]) -> Floats:
    """Return quantiles of weighted values; with equal weights numpy's linear ones.

    Args:
        values: Shape (N,).
        weight: Of each, at least 0, some above. Shape (N,).
        at: Probabilities, 0 to 1.
    """
    if np.ptp(weight) <= LEAST_WEIGHT * float(weight.max()):
        return np.asarray(np.quantile(values, at))
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weight[order])
    middle = (share - weight[order] / 2) / share[-1]
    return np.asarray(np.interp(np.asarray(at), middle, values[order]))


def mean_of_worst(values: Floats, weight: Floats, tail: float) -> float:
    """Return the mean of the lowest share of values.

    The future that straddles the share counts with the part of it that lies within, so that
    the result is continuous in the share.

    Args:
        values: Shape (N,).
        weight: Of each, at least 0. Shape (N,).
        tail: The share, above 0 to 1.

    Raises:
        InputError: The share is out of its range.

    Source:
        Rockafellar and Uryasev, Conditional value-at-risk for general loss distributions,
        Journal of Banking and Finance 26 (2002), proposition 8.
    """
    if not 0 < tail <= 1:
        raise InputError("tail", tail, "must be above 0 and at most 1")
    order = np.argsort(values, kind="stable")
    share = weight[order] / weight.sum()
    before = np.cumsum(share) - share
    within = np.clip(tail - before, 0.0, share)
    return float(values[order] @ within / within.sum())


def spread_of(name: str, unit: str, values: Floats, weight: Floats, reason: str = "") -> Spread:
    """Return how a number is spread; what is NaN does not exist in that future.

    Args:
        name: Its name.
        unit: Its unit.
        values: By future. Shape (N,).
        weight: Of each future. Shape (N,).
        reason: Why it does not exist where it does not.
    """
    there = np.isfinite(values)
    lost = float(weight[~there].sum() / weight.sum())
    if not there.any():
        return Spread(
            name=name, unit=unit, mean=None, sd=None, quantiles={}, undefined=1.0, reason=reason
        )
    held, share = values[there], weight[there] / weight[there].sum()
    mean = float(held @ share)
    quantiles = weighted_quantiles(held, share, PROBABILITIES)
    return Spread(
        name=name,
        unit=unit,
        mean=mean,
        sd=float(np.sqrt(((held - mean) ** 2) @ share)),
        quantiles={f"{p:g}": float(q) for p, q in zip(PROBABILITIES, quantiles, strict=True)},
        cvar={f"{tail:g}": mean_of_worst(held, share, tail) for tail in WORST},
        undefined=lost,
        reason=reason if lost else "",
        histogram=histogram(held, share),
    )


def histogram(values: Floats, weight: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return edges and shares of equal bins between the 0.1 and 99.9 % quantiles.

    What lies beyond counts in the outer bins.
    """
    low, high = (float(q) for q in weighted_quantiles(values, weight, (0.001, 0.999)))
    if not high > low:
        room = max(1.0, abs(low)) * 0.5
        low, high = low - room, high + room
    edges = np.linspace(low, high, BINS + 1)
    counts, _ = np.histogram(np.clip(values, low, high), bins=edges, weights=weight)
    shares = counts / weight.sum()
    return tuple(edges.tolist()), tuple(shares.tolist())


def fan_of(
    name: str,
    unit: str,
    times: tuple[float, ...],
    *,
    values: Floats,
    weight: Floats,
    base: Floats,
) -> Fan:
    """Return how a number spreads over time.

    Args:
        name: Its name.
        unit: Its unit.
        times: Calendar years. Length Y.
        values: By future and time. Shape (N, Y).
        weight: Of each future. Shape (N,).
        base: The base case. Shape (Y,).
    """
    by_time = [weighted_quantiles(column, weight, FAN) for column in values.T]
    quantiles: Mapping[str, tuple[float, ...]] = {
        f"{p:g}": tuple(float(found[i]) for found in by_time) for i, p in enumerate(FAN)
    }
    return Fan(
        name=name, unit=unit, times=times, quantiles=quantiles, base=tuple(base.tolist())
    )
