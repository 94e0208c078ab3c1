# SPDX-License-Identifier: Apache-2.0
"""What a site-year earns, line by line and month by month.

The books of the plan say how much a line brings in a year, its hours in which months, and
among which machines, tenants and customers.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.lower.economy import USD
from loadstone.engines.plan.lower.power import in_hours
from loadstone.engines.revenue import AiRevenue, ai_revenue
from loadstone.engines.value.operating.ledger import Ledger, Moves
from loadstone.engines.value.operating.site_year import SiteTime
from loadstone.engines.value.operating.timeline import EVEN
from loadstone.model.hall import MINING_HALL
from loadstone.model.machine import Server

Floats = NDArray[np.float64]
_Key = TypeVar("_Key")
FLEXIBILITY = ("curtailment", "reserve")
MINING = "mining"
"""Driver of what follows hashprice and may stand idle."""
OTHERS = ("mining", "ai", "rent", "lease power", "hosting")


def add_revenue(one: SiteTime, ledger: Ledger) -> None:
    """Add the revenue of a site-year."""
    earned = one.books.revenue
    _mining(one, ledger, earned.get("mining", 0.0))
    _servers(one, ledger, earned.get("ai", 0.0))
    _leases(one, ledger, earned)
    _hosting(one, ledger, earned.get("hosting", 0.0))
    for line, amount in earned.items():
        if line in FLEXIBILITY:
            months = _called(one, line)
            moves = Moves(one.hours.currency)
            real = amount * ledger.timeline.spread(one.phase, months)
            ledger.money("flexibility", line, one.site, moves, real)
        elif line == "export":
            months = one.by_month(one.dispatch.grid_export_mw * one.hours.price("export"))
            moves = Moves(one.hours.currency, f"power:{one.site.zone}")
            real = amount * ledger.timeline.spread(one.phase, months)
            ledger.money("revenue", line, one.site, moves, real)
        elif line not in OTHERS:
            real = amount * ledger.timeline.spread(one.phase)
            ledger.money("revenue", line, one.site, Moves(ledger.reporting), real)


def own_money(one: SiteTime) -> str:
    """Return the currency of what is priced in dollars, where the network knows dollars."""
    study = one.network.study
    return USD if USD in (study.currency, *study.fx) else study.currency


def hashes(one: SiteTime) -> Floats:
    """Return a weight of each hour for what the site's miners earn. Shape (T,)."""
    found = np.zeros(one.hours.grid.count)
    for name, mw in one.dispatch.machine_mw.items():
        if name.startswith("miner:"):
            found += mw / one.network.facts.miners[name.split(":")[1]].j_per_th
    return np.asarray(found / one.hours.pue(MINING_HALL))


def _mining(one: SiteTime, ledger: Ledger, amount: float) -> None:
    months = ledger.timeline.spread(one.phase, one.by_month(hashes(one)))
    ledger.money("revenue", "mining", one.site, Moves(own_money(one), MINING), amount * months)
    usd = one.economy.per(USD) if USD in (ledger.reporting, *one.network.study.fx) else 1.0
    price = one.network.study.outlook.btc_price[one.phase] * usd
    ledger.memo("mining", one.site, "BTC", amount / price * months)


def sold_by(one: SiteTime, server: Server) -> AiRevenue:
    """Return what a MWh at the plugs of a server earns under contract and spot, USD."""
    study = one.network.study
    sales = one.site.ai_sales or study.ai_sales
    return ai_revenue(
        usd_per_gpu_h=server.rental.value
        * study.outlook.ai_factor(server.generation, one.phase),
        gpus_per_mw=server.gpus_per_mw,
        utilisation=sales.utilisation,
        contracted_share=sales.contracted_share,
        contracted_price_factor=sales.contracted_price_factor,
        floor=sales.floor,
    )


def _servers(one: SiteTime, ledger: Ledger, amount: float) -> None:
    """Add what AI servers earn, by model, under contract and spot.

    Both parts are taken to run in the same hours. The contracted part is paid what the plan
    says for the phase, whatever prices become.
    """
    plugs: dict[str, Floats] = {}
    for name, mw in one.dispatch.machine_mw.items():
        if name.startswith("server:"):
            hall = one.server_hall(one.network.facts.servers[name.split(":")[1]])
            plugs[name.split(":")[1]] = mw / one.hours.pue(hall)
    weights = {
        model: float(mwh.sum()) * sold_by(one, one.network.facts.servers[model]).mean_per_mwh
        for model, mwh in plugs.items()
    }
    total = sum(weights.values())
    for model, mwh in plugs.items():
        server = one.network.facts.servers[model]
        sold, months = sold_by(one, server), one.by_month(mwh)
        spread = ledger.timeline.spread(one.phase, months)
        share = sold.contracted_share * sold.contracted_per_mwh
        contracted = share / sold.mean_per_mwh if sold.mean_per_mwh else 0.0
        real = amount * (weights[model] / total if total else 0.0) * spread
        line, currency = f"ai:{model}", own_money(one)
        spot = Moves(currency, f"ai:{server.generation}")
        signed = Moves(currency, contracted=True)
        ledger.money("revenue", line, one.site, spot, (1 - contracted) * real)
        ledger.money("revenue", line, one.site, signed, contracted * real)
        utilisation = (one.site.ai_sales or one.network.study.ai_sales).utilisation
        used = sold.contracted_share + (1 - sold.contracted_share) * utilisation
        hours = float(mwh.sum()) * server.gpus_per_mw * used
        ledger.memo(line, one.site, "GPU-h", hours * spread)


def _leases(one: SiteTime, ledger: Ledger, earned: Mapping[str, float]) -> None:
    """Add rents, and what tenants pay for power, by lease."""
    here = [lease for lease in one.network.offers.leases if lease.site == one.site.id]
    rents = {
        lease: one.books.capacities.get(lease.name, 0.0)
        * lease.rent_per_kw_month
        * one.economy.per(lease.currency)
        for lease in here
    }
    months = ledger.timeline.spread(one.phase)
    for lease, share in _shares(rents):
        moves = Moves(lease.currency, contracted=True)
        real = earned.get("rent", 0.0) * share * months
        ledger.money("revenue", lease.name, one.site, moves, real)
        kw_months = one.books.capacities.get(lease.name, 0.0) * 1000
        ledger.memo(lease.name, one.site, "kW-month", kw_months * 12 * months)
    paid = {
        lease: hourly for lease in here if (hourly := _power_of(one, lease.name)) is not None
    }
    totals = {lease: float(hourly.sum()) for lease, hourly in paid.items()}
    for lease, share in _shares(totals):
        tenant = lease.power == "tenant"
        moves = Moves(
            one.hours.currency if tenant else lease.currency,
            f"power:{one.site.zone}" if tenant else "",
            contracted=True,
        )
        spread = ledger.timeline.spread(one.phase, one.by_month(paid[lease]))
        real = earned.get("lease power", 0.0) * share * spread
        ledger.money("revenue", f"lease power:{lease.id}", one.site, moves, real)


def _power_of(one: SiteTime, name: str) -> Floats | None:
    """Return what a tenant pays for power hour by hour, network currency; None for nothing."""
    lease = next(lease for lease in one.network.offers.leases if lease.name == name)
    mw = one.dispatch.machine_mw.get(name)
    if mw is None or lease.power == "landlord":
        return None
    if lease.power == "tenant":
        return np.asarray(mw * one.hours.price("import", "residual", "ai", "all_use"))
    agreed = (lease.power_per_mwh or 0.0) * one.economy.per(lease.currency)
    return np.asarray(mw / one.hours.pue(lease.hall) * agreed)


def _shares(weights: Mapping[_Key, float]) -> Iterator[tuple[_Key, float]]:
    total = sum(weights.values())
    for key, weight in weights.items():
        if total and weight:
            yield key, weight / total


def _hosting(one: SiteTime, ledger: Ledger, amount: float) -> None:
    fees = {}
    for offer in one.network.offers.hosting:
        mw = one.dispatch.machine_mw.get(offer.name)
        if mw is not None:
            fees[offer] = float(mw.sum()) * offer.fee_per_mwh * one.economy.per(offer.currency)
    for offer, share in _shares(fees):
        months = one.by_month(one.dispatch.machine_mw[offer.name])
        real = amount * share * ledger.timeline.spread(one.phase, months)
        moves = Moves(offer.currency, contracted=True)
        ledger.money("revenue", offer.name, one.site, moves, real)


def _called(one: SiteTime, line: str) -> Floats:
    """Return the months in which products of flexibility of a kind may call."""
    zone = one.network.facts.countries[one.site.country].zones[one.site.zone].time_zone
    products = [product for product in one.site.flexibility if product.kind == line]
    weights = np.zeros(one.hours.grid.count)
    for product in products:
        window = in_hours(product, one.hours.grid, zone)
        weights += window * (product.mw / max(int(window.sum()), 1))
    return one.by_month(weights, EVEN)
