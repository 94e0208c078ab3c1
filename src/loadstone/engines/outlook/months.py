# SPDX-License-Identifier: Apache-2.0
"""Months of a set of futures, and the plan's outlook told by month."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.revenue import hashprice_of_network
from loadstone.model.bitcoin import Bitcoin
from loadstone.model.errors import InputError
from loadstone.model.network import Network, Outlook, Phase

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MONTHS = 12
MOST_MONTHS = 1200
LEAST_HASHPRICE = 1e-6  # an outlook may state 0, of which there is no logarithm


def month_starts(first: date, months: int) -> tuple[date, ...]:
    """Return the first day of each month, and of the one after the last.

    Raises:
        InputError: `first` is no first of a month, or there are too few or too many months.
    """
    if first.day != 1:
        raise InputError("first", str(first), "must be the first day of a month")
    if not 1 <= months <= MOST_MONTHS:
        raise InputError("months", months, f"must be from 1 to {MOST_MONTHS}")
    zero = first.year * MONTHS + first.month - 1
    return tuple(date(m // MONTHS, m % MONTHS + 1, 1) for m in range(zero, zero + months + 1))


def calendar_years(first: date, months: int) -> tuple[int, ...]:
    """Return the calendar years that the months lie in."""
    last = first.year + (first.month - 1 + months - 1) // MONTHS
    return tuple(range(first.year, last + 1))


def phase_of_months(phases: Sequence[Phase], first: date, months: int) -> Ints:
    """Return the phase that each month lies in, the nearest outside all. Shape (M,)."""
    middle = first.year + (first.month - 0.5) / MONTHS + np.arange(months) / MONTHS
    starts = np.array([phase.at for phase in phases])
    return np.clip(np.searchsorted(starts, middle, side="right") - 1, 0, None)


def months_until(end: float, first: date) -> int:
    """Return the number of months from a first one to a time in calendar years."""
    return round((end - first.year) * MONTHS) - first.month + 1


def by_month(
    values: Sequence[float], phases: Sequence[Phase], first: date, months: int
) -> Floats:
    """Return an outlook by month, whose mean over each phase is what the outlook says.

    Between the middles of phases the logarithm goes in a straight line (the value itself
    where one is 0), before the first and after the last it stays. Each phase is then scaled to
    its mean. Months outside all phases have the nearest month's value.

    Args:
        values: One a phase.
        phases: The phases.
        first: First day of the first month.
        months: How many, M.

    Returns:
        Shape (M,).
    """
    begin, end = float(phases[0].at), float(phases[-1].ends)
    count = round((end - begin) * MONTHS)
    middle = begin + (np.arange(count) + 0.5) / MONTHS
    centres = [(phase.at + phase.ends) / 2 for phase in phases]
    stated = np.asarray(values, dtype=np.float64)
    if (stated > 0).all():
        path = np.exp(np.interp(middle, centres, np.log(stated)))
    else:
        path = np.interp(middle, centres, stated)
    month = phase_of_months(phases, phases[0].start, count)
    for i, value in enumerate(stated):
        mean = path[month == i].mean()
        path[month == i] *= value / mean if mean else 0.0
    start = round((first.year + (first.month - 1) / MONTHS - begin) * MONTHS)
    return np.asarray(path[np.clip(start + np.arange(months), 0, count - 1)])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BitcoinMonths:
    """The outlook of mining by month. All of shape (M,).

    Attributes:
        price: Price of a bitcoin, USD.
        network_eh: Hashrate of the network, EH/s.
        fee_share: Fees over subsidy.
        per_eh: Hashprice times hashrate of the network over price and (1 + fee share),
            USD/PH/day EH/s per USD: the subsidy, with its steps at halvings.
    """

    price: Floats
    network_eh: Floats
    fee_share: Floats
    per_eh: Floats

    @property
    def hashprice(self) -> Floats:
        """Hashprice, USD/PH/day. Shape (M,)."""
        return self.per_eh * self.price * (1 + self.fee_share) / self.network_eh


def bitcoin_months(network: Network, first: date, months: int) -> BitcoinMonths:
    """Return the outlook of mining by month; its mean over a phase is the plan's hashprice.

    The planner takes one price, hashrate and subsidy a phase. Where the mean of the months is
    not quite what these give, hashrate makes up for it, by few per cent. Where the outlook
    states a hashprice of its own, the difference stays as one factor a phase on hashprice.
    """
    study = network.study
    phases = study.phases
    whole = months_until(phases[-1].ends, phases[0].start)
    over = _unscaled(network, phases[0].start, whole)
    phase = phase_of_months(phases, phases[0].start, whole)
    scale = np.array(
        [
            over.hashprice[phase == i].mean() / planned_hashprice(network, i)
            for i in range(len(phases))
        ]
    )[phase_of_months(phases, first, months)]
    made = _unscaled(network, first, months)
    if study.outlook.hashprice:
        return replace(made, per_eh=made.per_eh / scale)
    return replace(made, network_eh=made.network_eh * scale)


def planned_hashprice(network: Network, phase: int) -> float:
    """Return the hashprice that the planner takes in a phase, USD/PH/day."""
    outlook, p = network.study.outlook, network.study.phases[phase]
    if outlook.hashprice:
        return max(outlook.hashprice[phase], LEAST_HASHPRICE)
    after = month_starts(p.start, round(p.years * MONTHS))[-1]
    return hashprice_of_network(
        outlook.network_eh[phase],
        outlook.btc_price[phase],
        subsidy_btc=network.facts.bitcoin.mean_subsidy_btc(p.start, after),
        fee_share=outlook.fee_share[phase],
    )


def _unscaled(network: Network, first: date, months: int) -> BitcoinMonths:
    outlook, phases = network.study.outlook, network.study.phases
    one = hashprice_of_network(1.0, 1.0, subsidy_btc=1.0)
    return BitcoinMonths(
        price=by_month(outlook.btc_price, phases, first, months),
        network_eh=by_month(outlook.network_eh, phases, first, months),
        fee_share=by_month(outlook.fee_share, phases, first, months),
        per_eh=one * subsidies(network.facts.bitcoin, first, months),
    )


def subsidies(bitcoin: Bitcoin, first: date, months: int) -> Floats:
    """Return the mean subsidy of each month's days, BTC a block. Shape (M,)."""
    starts = month_starts(first, months)
    return np.array([bitcoin.mean_subsidy_btc(a, b) for a, b in pairwise(starts)])


def ai_months(
    outlook: Outlook, generation: str, network: Network, first: date, months: int
) -> Floats:
    """Return the AI price factor of a generation by month. Shape (M,)."""
    values = outlook.ai_by_generation.get(generation, outlook.ai_price_factor)
    return by_month(values, network.study.phases, first, months)


def power_months(
    outlook: Outlook, zone: str, network: Network, first: date, months: int
) -> Floats:
    """Return the power price factor of a zone by month. Shape (M,)."""
    values = outlook.power_by_zone.get(zone, outlook.power_price_factor)
    return by_month(values, network.study.phases, first, months)
