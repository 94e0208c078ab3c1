# SPDX-License-Identifier: Apache-2.0
"""What the miners of a site earn in a month, over hashprice, when they stand still if it pays.

In each hour a step of power of a machine runs where what it earns, after tax, is worth more
than its power. Over the hours of a month that makes a curve over hashprice, summed over
machines exactly at its knots. Where power costs f times as much, the same hours are cleared at
1/f of the hashprice, so one curve serves all levels of power prices.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.economy import USD
from loadstone.engines.plan.lower.steps import miner_steps, model_of, ready_widths
from loadstone.engines.revenue import mining_per_mwh
from loadstone.engines.value.operating.site_year import SiteTime
from loadstone.model.finance.terms import MONTHS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KNOTS = 385
STEP = 0.5
"""Knots from 0 to 192 USD/PH/day; beyond, the curve goes straight on."""
BOUND = 1e-3  # MW: machines that run so much below what they could are held back


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteCurve:
    """Mining of one site-year, real network currency.

    Attributes:
        site: Id of the site.
        phase: Index of the phase.
        hashprice: That of the plan, USD/PH/day.
        margin: Revenue less power and levies of each month at the knots. Shape (12, Q).
        revenue: Of each month at the plan's hashprice. Shape (12,).
        power_share: Share of the cost of an hour that follows the price of power, 0 to 1.
    """

    site: str
    phase: int
    hashprice: float
    margin: Floats
    revenue: Floats
    power_share: float


@dataclass(frozen=True, slots=True, eq=False)
class _Steps:
    """Steps of power of all miners. Arrays have shape (J, T) but `ratio`.

    Attributes:
        mw: What may run, MW at the bus.
        earns: What a MWh at the bus earns for each USD/PH/day, network currency.
        cost: What it costs, network currency/MWh.
    """

    mw: Floats
    earns: Floats
    cost: Floats


def site_curve(one: SiteTime, *, knots: int = KNOTS, step: float = STEP) -> SiteCurve | None:
    """Return the curve of a site-year, or None without miners.

    Args:
        one: The site-year.
        knots: How many.
        step: Their distance, from 0, USD/PH/day.
    """
    models = [name for name in one.dispatch.machine_mw if name.startswith("miner:")]
    if not models:
        return None
    market, fixed, vat = _power_cost(one)
    cost = market * (1 + vat) + fixed
    hashprice = one.economy.hashprice(one.phase)
    parts = [part for name in models for part in _steps(one, name, cost, hashprice)]
    steps = _Steps(
        mw=np.array([mw for mw, _ in parts]),
        earns=np.array([earns for _, earns in parts]),
        cost=np.tile(cost, (len(parts), 1)),
    )
    at = np.arange(knots, dtype=np.float64) * step
    runs = np.where(hashprice * steps.earns > _least(one) * cost, steps.mw, 0.0).sum(axis=0)
    paid = float(np.abs(runs * cost).sum())
    moving = float(np.abs(runs * market * (1 + vat)).sum())
    margin, revenue = np.empty((MONTHS, knots)), np.empty(MONTHS)
    for month in range(MONTHS):
        hours = one.month == month
        here = _Steps(steps.mw[:, hours], steps.earns[:, hours], steps.cost[:, hours])
        margin[month] = cleared(here.mw, here.earns, here.cost, at, _least(one))[0]
        earned = cleared(here.mw, here.earns, here.cost, np.array([hashprice]), _least(one))
        revenue[month] = earned[1][0]
    return SiteCurve(
        site=one.site.id,
        phase=one.phase,
        hashprice=hashprice,
        margin=margin,
        revenue=revenue,
        power_share=min(max(moving / paid, 0.0), 1.0) if paid else 1.0,
    )


def cleared(
    mw: Floats, earns: Floats, cost: Floats, at: Floats, least: float = 1.0
) -> tuple[Floats, Floats]:
    """Return margin and revenue of steps that run where they pay, at some hashprices.

    Args:
        mw: Power of each step in each hour. Shape (J, T).
        earns: Earnings of a MWh for each unit of hashprice. Shape (J, T).
        cost: Cost of a MWh. Shape (J, T).
        at: Hashprices. Shape (Q,).
        least: Earnings over cost at which owners let a step run; 1 but for taxes that take
            more of the one than they relieve of the other.
    """
    on = earns > 0
    need = least * cost[on] / earns[on]
    order = np.argsort(need, kind="stable")
    gains = np.concatenate(([0.0], np.cumsum((mw[on] * earns[on])[order])))
    costs = np.concatenate(([0.0], np.cumsum((mw[on] * cost[on])[order])))
    running = np.searchsorted(need[order], at, side="right")
    revenue = at * gains[running]
    return revenue - costs[running], revenue


def _least(one: SiteTime) -> float:
    """Return earnings over cost at which a miner runs, before tax."""
    country = one.network.facts.countries[one.site.country]
    tax = one.economy.taxation(country, "mining")
    counts = one.economy.revenue_factor("mining", one.phase)
    kept = (1 - tax.rate) * counts
    return (1 - tax.relief) / kept if kept > 0 else np.inf


def _power_cost(one: SiteTime) -> tuple[Floats, Floats, float]:
    """Return what a MWh at the bus costs miners: market, levies; and lost value-added tax.

    In hours in which a site lives on its own power, more load costs what that is worth.
    """
    country = one.network.facts.countries[one.site.country]
    vat = one.economy.taxation(country, "mining").vat
    market = one.hours.price("import", "residual")
    given = one.dispatch
    own = given.solar_mw + given.wind_mw + given.discharge_mw
    own = own + sum(given.supply_mw.values(), np.zeros(len(own)))
    bought = (mw for name, mw in given.supply_mw.items() if name.startswith("ppa:"))
    market_mw = given.grid_import_mw - sum(bought, np.zeros(len(own)))
    alone = (own > BOUND) & (market_mw <= BOUND)
    market = np.where(alone, np.minimum(market, given.worth), market)
    return market, one.hours.price("mining", "all_use"), vat


def _steps(
    one: SiteTime, name: str, cost: Floats, hashprice: float
) -> Iterator[tuple[Floats, Floats]]:
    """Yield what may run of each step of a model, MW, and what a MWh earns. Shapes (T,).

    Where the plan runs less than pays at the price of power, something else holds the machines
    back, a limit or a promise, and does so in other futures.
    """
    economy = one.economy
    miner = one.network.facts.miners[model_of(name)]
    standing = sum(
        amount
        for asset, amount in one.books.capacities.items()
        if asset in (name, f"{name}:used")
    )
    ready = np.where(one.hours.mining_banned, 0.0, one.hours.mining_ready)
    available, pue = economy.cost("availability-mining"), one.hours.mining_pue
    steps = miner_steps(economy, miner)
    per_mwh = mining_per_mwh(1.0, miner.j_per_th, pool_fee=one.network.study.pool_fee)
    per_mwh *= economy.per(USD)
    left = one.dispatch.machine_mw[name].copy()
    for step, share in zip(steps, ready_widths(steps, ready, available), strict=True):
        most, earns = share * standing * pue, per_mwh * step.gain / pue
        ran = np.clip(left, 0.0, most)
        left = left - ran
        pays = hashprice * earns > _least(one) * cost
        yield np.where(pays & (ran < most - BOUND), ran, most), earns
