# SPDX-License-Identifier: Apache-2.0
"""Turning a mining hall into an AI hall, where a site may and the plan does not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.economy import USD, Economy, annuity
from loadstone.engines.revenue import ai_revenue
from loadstone.engines.value.futures.book import NONE, Book
from loadstone.engines.value.futures.case import sold_mw
from loadstone.engines.value.futures.fleets import phase_of_months
from loadstone.engines.value.futures.opening import Case
from loadstone.engines.value.operating.site_year import SiteTime
from loadstone.model.finance.terms import MONTHS
from loadstone.model.futures.risk import OptionValue
from loadstone.model.hall import MINING_HALL, Conversion
from loadstone.model.machine import Server
from loadstone.model.site import Site

Floats = NDArray[np.float64]

HOURS_PER_MONTH = 730.0
LEAST_MW = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hall:
    """A hall that may be converted; money is nominal, after tax. Arrays have shape (M,).

    Attributes:
        site: Id of the site.
        mw: How much of it, MW at the plugs.
        share: Part of the site's miners that go.
        earns: What servers in it earn before their power, in the middle of futures.
        power: What their power costs there.
        price: What conversion and servers cost on the day.
        yearly: What they must bring a year more than miners, over their price.
        months_out: Months in which neither use runs.
        generation: Of the servers.
        keeps: Part of a margin that is left after tax.
    """

    site: Site
    mw: float
    share: Floats
    earns: Floats
    power: Floats
    price: Floats
    yearly: float
    months_out: int
    generation: str
    keeps: float


def conversion_value(
    book: Book, case: Case, times: Sequence[SiteTime], values: Floats
) -> OptionValue | None:
    """Return what the freedom to convert halls is worth; None where no hall may be.

    At each new year owners look back on the last one. Where servers of the best model for the
    hall would have earned so much more than the miners in it that they pay for themselves over
    their life at the discount rate, the hall is converted, once and for good.

    Args:
        book: The plan, with every site as units of its own.
        case: Its base case.
        times: The site-years of the plan.
        values: Factors of some futures. Shape (K, N, M).
    """
    halls = [hall for site in case.network.sites for hall in _halls(case, site, times)]
    if not halls:
        return None
    gain = np.zeros(values.shape[1])
    used = np.zeros(values.shape[1], dtype=np.bool_)
    for hall in halls:
        more = _ai_margin(book, hall, values) - _mining_margin(book, hall, values)
        for n, (begin, worth) in enumerate(_converted(book, hall, more)):
            gain[n] += worth
            used[n] |= begin != NONE
    names = ", ".join(f"{hall.mw:,.0f} MW at {hall.site.name}" for hall in halls)
    return OptionValue(
        name="convert a hall",
        text="A mining hall becomes an AI hall at a new year where, in the last one, servers "
        "would have earned so much more than its miners that they pay for themselves over "
        f"their life ({names}); all of it sells by the hour.",
        value=float(gain.mean()),
        used=float(used.mean()),
    )


def _converted(book: Book, hall: Hall, more: Floats) -> Iterator[tuple[int, float]]:
    """Yield the month of conversion, or `NONE`, and what it is worth, by future."""
    news = np.flatnonzero(np.diff(book.year, prepend=-1))
    news = news[(news >= MONTHS) & (hall.share[np.maximum(news - 1, 0)] > 0)]
    for row in more:
        total = np.concatenate(([0.0], np.cumsum(row)))
        begin = next(
            (
                int(m)
                for m in news
                if total[m] - total[m - MONTHS] > hall.yearly * hall.price[m]
            ),
            NONE,
        )
        if begin == NONE:
            yield NONE, 0.0
            continue
        starts = min(begin + hall.months_out, book.months)
        discount = book.discount
        worth = float(row[starts:] @ discount[starts:]) - hall.price[begin] * discount[begin]
        yield begin, worth


def _ai_margin(book: Book, hall: Hall, values: Floats) -> Floats:
    """Return what servers in a hall would earn, after tax. Shape (N, M)."""
    price = _over(book, f"ai:{hall.generation}", values)
    power = _over(book, f"power:{hall.site.zone}", values)
    return np.asarray((hall.earns * price - hall.power * power) * hall.keeps)


def _over(book: Book, driver: str, values: Floats) -> Floats:
    for name in (driver, driver.partition(":")[0]):
        if name in book.factors:
            k = book.factors.index(name)
            return np.asarray(values[k] / book.base[k])
    return np.ones(values.shape[1:])


def _mining_margin(book: Book, hall: Hall, values: Floats) -> Floats:
    """Return what the miners in a hall earn, after tax. Shape (N, M)."""
    fleets, found = book.fleets, np.zeros(values.shape[1:])
    knots = np.arange(fleets.curve.shape[1]) * fleets.step
    power = _over(book, f"power:{hall.site.zone}", values)
    hashprice = fleets.price[None, :] * (
        values[book.hashprice] if book.hashprice != NONE else np.ones(values.shape[1:])
    )
    for v, unit in enumerate(fleets.unit.tolist()):
        if book.units[unit].site != hall.site.id:
            continue
        for m in np.flatnonzero(fleets.row[v] != NONE).tolist():
            cost = np.maximum(1 + fleets.share[v] * (power[:, m] - 1), 0.01)
            curve = fleets.curve[fleets.row[v, m]]
            earned = cost * np.interp(hashprice[:, m] / cost, knots, curve)
            found[:, m] += fleets.scale[v, m] * earned + fleets.rest[v, m]
    return found * hall.share * hall.keeps


def _halls(case: Case, site: Site, times: Sequence[SiteTime]) -> Iterator[Hall]:
    """Yield what may be converted at a site and is not in the plan."""
    built = {build.asset for build in case.plan.builds if build.site == site.id}
    here = {one.phase: one for one in times if one.site.id == site.id}
    if any(asset.startswith("conversion") for asset in built) or not here:
        return
    for one in site.conversions:
        found = _hall(case, site, one, here)
        if found is not None:
            yield found


def _hall(case: Case, site: Site, one: Conversion, here: dict[int, SiteTime]) -> Hall | None:
    network, last = case.network, here[max(here)]
    economy = last.economy
    standing = {p: t.books.capacities.get(MINING_HALL, 0.0) for p, t in here.items()}
    server = _server(case, site, one, economy)
    if server is None or one.into not in last.hours.hall_pue:
        return None
    mw = min(one.max_mw, standing[max(here)], _room(case, site, server))
    if mw < LEAST_MW:
        return None
    phase = phase_of_months(network, case.table.months)
    country = network.facts.countries[site.country]
    tax = economy.taxation(country, "ai")
    terms, reporting = network.deals.cash, case.table.currency
    inflation = terms.inflation_of(reporting, reporting)
    growth = (1 + inflation) ** (np.arange(case.table.months) / MONTHS)
    sales = site.ai_sales or network.study.ai_sales
    shape = np.zeros(case.table.months)
    earns, power, price, share = shape.copy(), shape.copy(), shape.copy(), shape.copy()
    kind = one.into.rpartition("_")[2]
    hall_price = one.cost_per_mw
    if hall_price is None:
        hall_price = economy.cost(f"conversion-ai-{kind}")
    for p, time in here.items():
        at, hours = phase == p, time.hours
        sold = ai_revenue(
            usd_per_gpu_h=server.rental.value
            * network.study.outlook.ai_factor(server.generation, p),
            gpus_per_mw=server.gpus_per_mw,
            utilisation=sales.utilisation,
        )
        ready, pue = hours.ready(one.into), hours.pue(one.into)
        monthly = mw * HOURS_PER_MONTH * growth[at]
        earns[at] = monthly * ready.mean() * sold.spot_per_mwh * economy.per(USD)
        cost = hours.price("import", "residual", "ai", "all_use")
        power[at] = monthly * (ready * pue * cost).mean()
        price[at] = (
            mw
            * growth[at]
            * (hall_price + economy.server_price(server, country, p))
            * (1 - tax.shield)
        )
        share[at] = min(mw / standing[p], 1.0) if standing[p] else 0.0
    months = one.months_out
    months = economy.cost("conversion-months") if months is None else months
    return Hall(
        site=site,
        mw=mw,
        share=share,
        earns=earns,
        power=power,
        price=price,
        yearly=annuity(case.rate, server.life.value),
        months_out=round(months),
        generation=server.generation,
        keeps=1 - tax.rate,
    )


def _server(case: Case, site: Site, one: Conversion, economy: Economy) -> Server | None:
    """Return the server that earns most for its price and fits the hall."""
    network = case.network
    cooling = "air" if one.into.endswith("air") else "liquid"
    known = [network.facts.servers[name] for name in site.servers or network.study.servers]
    country = network.facts.countries[site.country]
    fitting = [server for server in known if server.cooling == cooling]
    return max(
        fitting,
        key=lambda server: (
            server.rental.value * server.gpus_per_mw / economy.server_price(server, country, 0)
        ),
        default=None,
    )


def _room(case: Case, site: Site, server: Server) -> float:
    """Return how much more of a server the region can sell in its tightest phase, MW."""
    network, room = case.network, np.inf
    for demand in network.study.ai_demand:
        if site.country not in demand.countries:
            continue
        if demand.generation not in ("", server.generation):
            continue
        for p, phase in enumerate(network.study.phases):
            own = sold_mw(case.plan, network, demand, phase)
            if p:
                room = min(room, demand.max_mw[p] - own)
    return float(max(room, 0.0))
