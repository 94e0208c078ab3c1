# SPDX-License-Identifier: Apache-2.0
"""How much of a plan rests on which kind of evidence, by hours and by money."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower import Lowered
from loadstone.engines.plan.lower.lowered_site import LoweredSite
from loadstone.engines.plan.lower.power import SiteHours
from loadstone.model.hall import MINING_HALL
from loadstone.model.plan import Resting, SiteDispatch
from loadstone.model.series import Provenance, Series
from loadstone.model.tariff import SpotPrice
from loadstone.model.tariff.terms import EnergyTerm, TakeOrPayTerm

Floats = NDArray[np.float64]


class _Shares:
    """Hours and money of one input by provenance."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hours = dict.fromkeys(Provenance, 0.0)
        self.money = dict.fromkeys(Provenance, 0.0)

    def add(self, series: Series | None, money: Floats, *, count: bool = True) -> None:
        """Add a year of one site; without a series its values are the user's.

        Args:
            series: What the money follows.
            money: Money that flows through it, hour by hour. Shape (T,).
            count: Whether its hours count; else only the money does.
        """
        for kind in Provenance:
            if series is None:
                mine = np.full(money.shape, kind == Provenance.USER)
            else:
                mine = series.provenance == kind
            self.hours[kind] += float(mine.sum()) * count
            self.money[kind] += float(np.abs(money[mine]).sum())

    def told(self) -> Resting | None:
        """Return the shares, or nothing where the input is not used."""
        hours, money = sum(self.hours.values()), sum(self.money.values())
        if not hours:
            return None
        return Resting(
            input=self.name,
            hours={k.name.lower(): v / hours for k, v in self.hours.items() if v},
            money={k.name.lower(): v / money for k, v in self.money.items() if v and money},
        )


def resting(lowered: Lowered, dispatch: Sequence[SiteDispatch]) -> tuple[Resting, ...]:
    """Return what the plan rests on, input by input.

    The money of prices is the cost of the power drawn: market prices rest on their series,
    adders, charges on energy and contracts on the user. The money of weather is the cost of
    cooling; of solar and wind the worth of what they give.

    Args:
        lowered: The network.
        dispatch: The hours of its plan.
    """
    network = lowered.network
    shares = {name: _Shares(name) for name in ("prices", "weather", "solar", "wind", "carbon")}
    sites = {site.site.id: site for site in lowered.sites}
    years = [phase.at for phase in network.study.phases]
    counts = network.study.caps.carbon_price > 0 or network.study.caps.carbon_tonnes is not None
    for hours in dispatch:
        site = sites[hours.site]
        given = site.hours[years.index(hours.phase)]
        _add_prices(shares["prices"], lowered, given, hours)
        cooling = _cooling(site, hours, years.index(hours.phase)) * hours.price
        shares["weather"].add(network.drybulb_c[site.site.station], cooling)
        for name, power in (("solar", hours.solar_mw), ("wind", hours.wind_mw)):
            series = (network.solar if name == "solar" else network.wind).get(site.site.id)
            if power.any():
                shares[name].add(series, power * hours.worth)
        if counts:
            carbon = network.carbon_kg_per_mwh.get(site.site.zone)
            shares["carbon"].add(carbon, hours.grid_import_mw * given.carbon)
    return tuple(told for share in shares.values() if (told := share.told()) is not None)


def _add_prices(
    shares: _Shares, lowered: Lowered, given: SiteHours, hours: SiteDispatch
) -> None:
    """Add the cost of a site's power, the market's part apart from what the user states."""
    site = next(s.site for s in lowered.sites if s.site.id == hours.site)
    contracts = [t for t in given.terms() if isinstance(t, TakeOrPayTerm)]
    taken = {t.name: hours.supply_mw.get(f"ppa:{t.name}") for t in contracts}
    residual = hours.grid_import_mw.copy()
    stated = given.price("import") * hours.grid_import_mw
    for term in contracts:
        if (power := taken[term.name]) is not None:
            residual -= power
            stated = stated + term.per_mwh * power * given.fx
    stated = stated + given.price("residual") * residual
    followed = False
    for entry in site.supply:
        if not isinstance(entry, SpotPrice):
            continue
        market = _of_term(given, entry.label) * residual
        shares.add(lowered.network.prices[entry.series], market, count=not followed)
        stated = stated - market
        followed = True
    shares.add(None, stated, count=not followed)


def _of_term(given: SiteHours, name: str) -> Floats:
    """Return what the energy terms of a name add to the price of grid power. Shape (T,)."""
    total = np.zeros(given.grid.count)
    for term in given.terms():
        if isinstance(term, EnergyTerm) and term.name == name and term.on == "residual":
            total += term.per_mwh * (given.factor * given.fx)
    return total


def _cooling(site: LoweredSite, hours: SiteDispatch, phase: int) -> Floats:
    """Return the power that is not drawn at the machines' plugs, MW. Shape (T,)."""
    given = site.hours[phase]
    total = np.zeros_like(hours.price)
    for name, power in hours.machine_mw.items():
        mining = name.startswith(("miner:", "hosting:", "promised:mining"))
        first = MINING_HALL if mining else given.first_ai_hall
        total += power * (1 - 1 / given.pue(site.hall_of.get(name, first)))
    return total
