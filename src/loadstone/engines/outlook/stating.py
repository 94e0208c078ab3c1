# SPDX-License-Identifier: Apache-2.0
"""Futures that somebody states, as paths; and paths as the planner's outlook."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.outlook.months import (
    ai_months,
    bitcoin_months,
    calendar_years,
    month_starts,
    months_until,
    phase_of_months,
    power_months,
)
from loadstone.engines.outlook.recipe import MINING, generations
from loadstone.model.errors import InputError
from loadstone.model.futures.named import NamedFuture
from loadstone.model.futures.paths import NEVER, Paths
from loadstone.model.futures.terms import Futures
from loadstone.model.network import Network, Outlook

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MONTHS = 12


def stated(futures: Futures, network: Network, *, months: int, first: date) -> Paths:
    """Return the named futures with their weights.

    Their weather is that of the network's series.

    Args:
        futures: What futures.toml says.
        network: What it is of.
        months: How many months, M.
        first: First day of the first month.

    Raises:
        InputError: No futures are named, or the months are wrong.
    """
    named = futures.named
    if not named:
        raise InputError("named", (), "must have at least one weighted future")
    month_starts(first, months)
    phase = phase_of_months(network.study.phases, first, months)
    paths = [_factors(one, network, phase, first) for one in named]
    events = _events(named, network, first, months)
    return Paths(
        first=first,
        factors=tuple(paths[0]),
        values=np.array([[path[name] for path in paths] for name in paths[0]]),
        events=tuple(events),
        happens=np.array(list(events.values())).reshape(len(events), len(named)),
        weather=np.zeros((len(named), len(calendar_years(first, months))), dtype=np.int64),
        weight=np.array([one.weight for one in named]),
        seed=None,
    )


def _factors(one: NamedFuture, network: Network, phase: Ints, first: date) -> dict[str, Floats]:
    """Return all factors of one named future by name. Each of shape (M,)."""
    outlook, months = network.study.outlook, phase.size
    told = bitcoin_months(network, first, months)
    price = told.price * _spread(one.btc_price, phase)
    eh = told.network_eh * _spread(one.network_eh, phase)
    fees = told.fee_share * _spread(one.fee_share, phase)
    hashprice = told.per_eh * price * (1 + fees) / eh
    found = dict(zip(MINING, (hashprice, price, eh, fees), strict=True))
    for name in generations(network):
        factor = one.ai_by_generation.get(name, one.ai_price)
        path = ai_months(outlook, name, network, first, months)
        found[f"ai:{name}"] = path * _spread(factor, phase)
    found["lease"] = _spread(one.rent, phase)
    for zone in sorted({site.zone for site in network.sites}):
        factor = one.power_by_zone.get(zone, one.power_price)
        path = power_months(outlook, zone, network, first, months)
        found[f"power:{zone}"] = path * _spread(factor, phase)
    for currency in sorted(set(network.study.fx) - {network.study.currency}):
        found[f"fx:{currency}"] = _spread(one.fx.get(currency, (1.0,)), phase)
    return found


def _spread(values: Sequence[float], phase: Ints) -> Floats:
    stated = np.asarray(values, dtype=np.float64)
    return np.full(phase.shape, stated[0]) if stated.size == 1 else stated[phase]


def _events(
    named: tuple[NamedFuture, ...], network: Network, first: date, months: int
) -> dict[str, list[float]]:
    """Return what happens by name, one number a named future."""
    found = {
        f"delay:{site.id}": [one.delay_years for one in named]
        for site in network.sites
        if any(one.delay_years for one in named)
    }
    for kind, days in (
        ("mining_ban", [one.mining_ban for one in named]),
        ("expropriation", [one.expropriation for one in named]),
        ("default", [one.tenant_default for one in named]),
    ):
        for name in sorted({key for each in days for key in each}):
            month = [_month(each.get(name), first, months) for each in days]
            found[f"{kind}:{name}"] = month
    return found


def _month(day: date | None, first: date, months: int) -> float:
    if day is None:
        return float(NEVER)
    month = (day.year - first.year) * MONTHS + day.month - first.month
    return float(max(month, 0)) if month < months else float(NEVER)


def outlook_in(paths: Paths, future: int, network: Network) -> Outlook:
    """Return one future as the planner reads it: the mean of each phase.

    What does not move in the paths stays as the network's outlook says. A phase that the
    months do not reach has its nearest month's value.

    Args:
        paths: Futures.
        future: Place of one among them.
        network: What they are of.
    """
    study = network.study
    outlook = study.outlook
    count = len(study.phases)
    months = min(paths.months, months_until(study.phases[-1].ends, paths.first))
    phase = phase_of_months(study.phases, paths.first, max(months, 1))

    def means(name: str) -> tuple[float, ...]:
        path = paths.factor(name)[future]
        return tuple(_mean(path, phase, i) for i in range(count))

    ai = {n: means(f"ai:{n}") for n in generations(network) if paths.has(f"ai:{n}")}
    zones = sorted({site.zone for site in network.sites})
    power = {n: means(f"power:{n}") for n in zones if paths.has(f"power:{n}")}
    mining = {n: means(n) for n in MINING if paths.has(n)}
    return replace(
        outlook,
        hashprice=mining.get("hashprice", outlook.hashprice),
        btc_price=mining.get("btc_price", outlook.btc_price),
        network_eh=mining.get("network_eh", outlook.network_eh),
        fee_share=mining.get("fee_share", outlook.fee_share),
        ai_by_generation={**outlook.ai_by_generation, **ai},
        power_by_zone={**outlook.power_by_zone, **power},
        source=f"{outlook.source}; future {paths.start + future}",
    )


def _mean(path: Floats, phase: Ints, i: int) -> float:
    path = path[: phase.size]
    inside = phase == i
    if inside.any():
        return float(path[inside].mean())
    return float(path[0] if i < phase[0] else path[-1])
