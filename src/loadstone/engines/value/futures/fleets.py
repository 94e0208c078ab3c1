# SPDX-License-Identifier: Apache-2.0
"""Curves of sites become fleets, and meet the base case exactly."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.value.futures.book import NONE, Fleets
from loadstone.engines.value.futures.curves import STEP, SiteCurve
from loadstone.engines.value.futures.plain import on_curve
from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.finance.cash import CashRow
from loadstone.model.finance.terms import MONTHS
from loadstone.model.network import Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST = 1e-3  # of a fleet's largest month, and of what books say: less gives no scale


class FleetKey(NamedTuple):
    """What miners share whose cash moves alike: places in a `Book`, or `NONE`."""

    unit: int
    power: int
    delay: int
    ban: int


def planned_hashprice(network: Network, curves: Sequence[SiteCurve], months: int) -> Floats:
    """Return the hashprice that the plan counts with; 0 where nothing mines. Shape (M,)."""
    known = {curve.phase: curve.hashprice for curve in curves}
    phase, _ = _calendar(network, months)
    return np.array([known.get(p, 0.0) for p in phase.tolist()])


def phase_of_months(network: Network, months: int) -> Ints:
    """Return the phase of each month, or `NONE` outside all. Shape (M,)."""
    return _calendar(network, months)[0]


def _calendar(network: Network, months: int) -> tuple[Ints, Ints]:
    """Return the phase of each month, or `NONE`, and the month of the year from 0."""
    timeline = Timeline.of(network)
    phase, month = np.full(months, NONE), np.zeros(months, dtype=np.int64)
    for p in range(len(network.study.phases)):
        for m, of_year in timeline.window(p):
            phase[m], month[m] = p, of_year
    return phase, month


def open_fleets(
    mined: Mapping[FleetKey, Sequence[CashRow]],
    curves: Sequence[SiteCurve],
    network: Network,
    *,
    nominal: Floats,
    hashprice: int,
    planned: Floats,
    currencies: Mapping[str, int],
    reporting: str,
) -> Fleets:
    """Return fleets.

    Args:
        mined: Rows of mining by fleet.
        curves: What miners earn, by site and phase.
        network: The network.
        nominal: Middle path of each factor. Shape (K, M).
        hashprice: Its factor, or `NONE`.
        planned: Hashprice that the plan counts with. Shape (M,).
        currencies: Factor of each currency, or `NONE`.
        reporting: Reporting currency.
    """
    months, phases = len(planned), len(network.study.phases)
    phase, month = _calendar(network, months)
    stands = phase != NONE
    knots = curves[0].margin.shape[1] if curves else 2
    middle = nominal[hashprice] if hashprice != NONE else np.ones(months)
    price = np.divide(planned, middle, out=np.ones(months), where=middle > 0)
    growth = _growth(network, reporting)
    shape = (len(mined), months)
    over, rows = np.ones(shape), np.full(shape, NONE)
    scale, rest = np.zeros(shape), np.zeros(shape)
    shares, paid_in, tables = [], [], []
    for v, (key, cash) in enumerate(mined.items()):
        sites = {row.site for row in cash}
        here = [curve for curve in curves if curve.site in sites]
        table, revenue = np.zeros((phases, MONTHS, knots)), np.zeros((phases, MONTHS))
        for one in here:
            table[one.phase] += one.margin
            revenue[one.phase] += one.revenue
        currency = _currency(cash, currencies, reporting)
        if key.power != NONE:
            over[v] = nominal[key.power]
        if currency != NONE:
            over[v] /= nominal[currency]
        rows[v] = np.where(stands, (v * phases + phase) * MONTHS + month, NONE)
        earned = sum((row.amounts for row in cash if row.group == "revenue"), np.zeros(months))
        counted = np.where(stands, revenue[phase, month], 0.0)
        known = (counted > LEAST * counted.max(initial=0.0)) & (counted > LEAST * earned)
        scale[v] = np.divide(earned, counted, out=growth.copy(), where=known & (earned > 0))
        at_middle = [
            on_curve(table[phase[m], month[m]], STEP, float(middle[m] * price[m]))
            if stands[m]
            else 0.0
            for m in range(months)
        ]
        rest[v] = sum(row.amounts for row in cash) - scale[v] * np.array(at_middle)
        shares.append(_share(here))
        paid_in.append(currency)
        tables.append(table.reshape(-1, knots))
    keys = np.array(list(mined), dtype=np.int64).reshape(-1, 4).T
    return Fleets(
        unit=keys[0],
        power=keys[1],
        currency=np.array(paid_in, dtype=np.int64),
        share=np.array(shares),
        delay=keys[2],
        ban=keys[3],
        nominal=over,
        row=rows,
        scale=scale,
        rest=rest,
        curve=np.concatenate(tables) if tables else np.zeros((1, 2)),
        weathers=1,
        step=STEP,
        price=price,
    )


def _growth(network: Network, reporting: str) -> Floats:
    terms, timeline = network.deals.cash, Timeline.of(network)
    return np.asarray((1 + terms.inflation_of(reporting, reporting)) ** timeline.elapsed)


def _currency(cash: Sequence[CashRow], currencies: Mapping[str, int], reporting: str) -> int:
    """Return the factor of the currency in which a fleet pays its power."""
    paid = [row.currency for row in cash if row.group == "energy" and row.currency]
    return NONE if not paid or paid[0] == reporting else currencies.get(paid[0], NONE)


def _share(here: Sequence[SiteCurve]) -> float:
    """Return the share of the cost of an hour that follows power, weighted by revenue."""
    weights = [float(curve.revenue.sum()) for curve in here]
    if not sum(weights) > 0:
        return 1.0
    return float(np.average([curve.power_share for curve in here], weights=weights))
