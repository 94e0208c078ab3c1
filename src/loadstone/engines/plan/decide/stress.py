# SPDX-License-Identifier: Apache-2.0
"""A network in a future that goes wrong, and a plan carried out in it."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.problem import Problem
from loadstone.model.network import Network, Outlook
from loadstone.model.site import Site
from loadstone.model.stress import Stress

Floats = NDArray[np.float64]

DAYS_PER_YEAR = 365.25
DONE = 1e-6  # in the unit of what is built: less is nothing
HELD = frozenset({"build", "open", "offer", "blocks"})  # kinds of columns that are decisions
CAPITAL_ROWS = ("budget", "funding")  # money that is spent later is no breach of a stress


def stressed(network: Network, stress: Stress) -> Network:
    """Return a network in which a stress holds."""
    changed = replace(network, study=replace(network.study, outlook=_outlook(network, stress)))
    if stress.connection_delay_years:
        sites = tuple(_late(site, stress.connection_delay_years) for site in network.sites)
        changed = replace(changed, sites=sites)
    return changed


def _outlook(network: Network, stress: Stress) -> Outlook:
    outlook, economy = network.study.outlook, Economy(network)
    prices = [economy.hashprice(p) for p in range(len(network.study.phases))]
    wanted = [
        (price if stress.hashprice is None else stress.hashprice) * stress.hashprice_factor
        for price in prices
    ]
    if stress.halving_unpaid:
        wanted = _unpaid(network, wanted)
    return replace(
        outlook,
        hashprice=tuple(wanted),
        ai_price_factor=tuple(f * stress.ai_price_factor for f in outlook.ai_price_factor),
        power_price_factor=tuple(
            f * stress.power_price_factor for f in outlook.power_price_factor
        ),
        ai_by_generation={
            name: tuple(f * stress.ai_price_factor for f in factors)
            for name, factors in outlook.ai_by_generation.items()
        },
        power_by_zone={
            name: tuple(f * stress.power_price_factor for f in factors)
            for name, factors in outlook.power_by_zone.items()
        },
    )


def _unpaid(network: Network, prices: list[float]) -> list[float]:
    """Return hashprices that halve at the next halving, whatever the outlook hopes."""
    phases = network.study.phases
    halvings = [h.date for h in network.facts.bitcoin.halvings if h.date > phases[0].start]
    if not halvings:
        return prices
    before = [price for p, price in zip(phases, prices, strict=True) if p.start < halvings[0]]
    most = before[-1] / 2
    return [
        price if p.start < halvings[0] else min(price, most)
        for p, price in zip(phases, prices, strict=True)
    ]


def _late(site: Site, years: float) -> Site:
    """Return a site whose new connection comes later."""
    connection = site.connection
    tranches = tuple(
        replace(one, energised=later(one.energised, years)) for one in connection.tranches
    )
    lead = connection.lead_time_years + years
    return replace(
        site, connection=replace(connection, tranches=tranches, lead_time_years=lead)
    )


def later(day: date, years: float) -> date:
    """Return a day some years later."""
    if years == int(years) and (day.month, day.day) != (2, 29):
        return day.replace(year=day.year + int(years))
    return day + timedelta(days=round(years * DAYS_PER_YEAR))


def carried_out(plan: Lowered, columns: Floats, there: Problem, delay_years: float) -> Floats:
    """Return the columns of a plan's decisions in the problem of another future.

    Where connection comes later, everything that a site does waits as long.

    Args:
        plan: The network that was planned.
        columns: The plan. Shape (C,).
        there: The problem of the same network in another future.
        delay_years: Years by which new connection comes later there.

    Returns:
        Columns of `there`; those of the kinds in `HELD` are set, and all of them where only
        prices differ. Shape (C',).
    """
    labels, phases = plan.problem.columns, plan.network.study.phases
    if not delay_years and labels == there.columns:
        return np.clip(columns, there.lower, there.upper)
    held = [c for c in np.flatnonzero(columns > DONE).tolist() if labels[c].kind in HELD]
    late = {labels[c].subject for c in held if labels[c].asset.startswith("connection")}
    room: dict[tuple[str, str, str], list[tuple[float, int]]] = {}
    for c, label in enumerate(there.columns):
        if label.kind in HELD:
            key = (label.kind, label.subject, label.asset)
            room.setdefault(key, []).append((phases[label.phase].at, c))
    moved = np.zeros(len(there.columns))
    for c in held:
        label = labels[c]
        waits = delay_years if label.subject in late else 0.0
        ready = phases[label.phase].at + waits
        at = [
            column
            for when, column in sorted(room.get((label.kind, label.subject, label.asset), []))
            if when >= ready
        ]
        if at:
            moved[at[0]] += columns[c]
    return np.minimum(moved, there.upper)


def without_capital_limits(problem: Problem) -> Problem:
    """Return a problem whose plan may be paid whenever it comes."""
    free = np.array([label.kind in CAPITAL_ROWS for label in problem.rows], dtype=np.bool_)
    return replace(
        problem,
        row_lower=np.where(free, -np.inf, problem.row_lower),
        row_upper=np.where(free, np.inf, problem.row_upper),
    )


def _years(number: float) -> str:
    return f"{number:g} year" if number == 1 else f"{number:g} years"


def in_words(stress: Stress) -> str:
    """Return what goes wrong in a stress, in a sentence."""
    said = []
    if stress.hashprice is not None:
        said.append(f"hashprice is {stress.hashprice:g} USD/PH/day in every year")
    if stress.hashprice_factor != 1:
        said.append(f"hashprice is {stress.hashprice_factor:.0%} of the outlook")
    if stress.halving_unpaid:
        said.append("hashprice halves at the next halving and does not recover")
    if stress.ai_price_factor != 1:
        said.append(
            f"AI by the hour sells at {stress.ai_price_factor:.0%} of the outlook; rents stay"
        )
    if stress.power_price_factor != 1:
        said.append(f"energy costs {stress.power_price_factor:.0%} of what is stated")
    if stress.connection_delay_years:
        said.append(f"new connection comes {_years(stress.connection_delay_years)} later")
    text = "; ".join(said) or "as the outlook says"
    return text[0].upper() + text[1:] + "."
