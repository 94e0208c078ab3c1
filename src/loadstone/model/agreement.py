# SPDX-License-Identifier: Apache-2.0
"""Whether the parts of a network fit together: what no file can know alone."""

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from loadstone.model.cash_agreement import cash_disagreements
from loadstone.model.country import Country
from loadstone.model.deals_agreement import deal_disagreements
from loadstone.model.debt_agreement import debt_disagreements
from loadstone.model.errors import InputError, InputErrors
from loadstone.model.fact import Facts
from loadstone.model.futures_agreement import future_disagreements
from loadstone.model.grid import HOURS_PER_YEAR, TimeGrid
from loadstone.model.network import Network
from loadstone.model.offer_agreement import hall_disagreements, offer_disagreements
from loadstone.model.rights_agreement import owner_disagreements, rights_disagreements
from loadstone.model.series import Series
from loadstone.model.site import Site
from loadstone.model.tariff import PriceSeries, site_card

MACHINE_CURRENCY = "USD"  # of machines, rentals, costs and bitcoin in the facts
MOST_NAMED = 12
SERIES = (
    *("prices", "drybulb_c", "wetbulb_c", "solar", "wind", "carbon_kg_per_mwh"),
    "availability",
)


def disagreements(network: Network, *, hourly: bool = True) -> tuple[InputError, ...]:
    """Return all that does not fit together, each with the file that says it.

    Args:
        network: The network.
        hourly: Whether its hourly series were read; else none is missed.
    """
    found = [error.in_file("network.toml") for error in _in_study(network)]
    found += [error.in_file("series/series.toml") for error in _in_series(network)]
    for site in network.sites:
        file = f"sites/{site.id}.toml"
        found += [error.in_file(file) for error in _in_site(site, network, hourly)]
    found += [error.in_file("offers.toml") for error in offer_disagreements(network)]
    found += [error.in_file("deals.toml") for error in cash_disagreements(network)]
    deals = deal_disagreements(network, hourly=hourly)
    found += [error.in_file("deals.toml") for error in deals]
    found += [error.in_file("deals.toml") for error in debt_disagreements(network)]
    found += [error.in_file("futures.toml") for error in future_disagreements(network)]
    found += [error.in_file("deals.toml") for error in _in_multipliers(network)]
    return tuple(found)


def _in_study(network: Network) -> Iterator[InputError]:
    study, facts = network.study, network.facts
    if MACHINE_CURRENCY not in _currencies(network):
        rule = f"must say the rate of {MACHINE_CURRENCY}, in which machines are priced"
        yield InputError(f"fx.{MACHINE_CURRENCY}", None, rule)
    yield from _models("miners", study.miners, facts.miners)
    yield from _models("used_miners", study.used_miners, facts.miners)
    yield from _models("servers", study.servers, facts.servers)
    zones = {zone for country in facts.countries.values() for zone in country.zones}
    generations = {"", *(server.generation for server in facts.servers.values())}
    yield from _keys("ai_sales.workload", (study.ai_sales.workload,), _workloads(facts))
    yield from _keys("caps.country_mw", study.caps.country_mw, facts.countries)
    yield from _keys("caps.zone_mw", study.caps.zone_mw, zones)
    yield from _keys("costs", study.costs, facts.costs)
    yield from rights_disagreements(network)
    for i, demand in enumerate(study.ai_demand):
        yield from _keys(f"ai_demand[{i}].countries", demand.countries, facts.countries)
        yield from _keys(f"ai_demand[{i}].generation", (demand.generation,), generations)


def _in_multipliers(network: Network) -> Iterator[InputError]:
    """Yield multipliers of countries without a site."""
    here = {site.country for site in network.sites}
    for i, row in enumerate(network.deals.multipliers):
        yield from _keys(f"multipliers[{i}].country", (row.country,), here)


def _in_series(network: Network) -> Iterator[InputError]:
    """Yield series that are no planning year."""
    for kind in SERIES:
        series: Mapping[str, Series] = getattr(network, kind)
        for zone, one in series.items():
            if one.values.size != HOURS_PER_YEAR:
                rule = f"must have {HOURS_PER_YEAR} hours, without 29 February"
                yield InputError(f"{kind}.{zone}", one.values.size, rule)


def _in_site(site: Site, network: Network, hourly: bool) -> Iterator[InputError]:
    country = network.facts.countries.get(site.country)
    if country is None:
        yield _unknown("country", site.country, network.facts.countries)
    else:
        yield from _in_country(site, country)
    facts = network.facts
    yield from _models("miners", site.miners or (), facts.miners)
    yield from _models("servers", site.servers or (), facts.servers)
    if site.ai_sales is not None:
        yield from _keys("ai_sales.workload", (site.ai_sales.workload,), _workloads(facts))
    machines = {**facts.miners, **facts.servers}
    for i, standing in enumerate(site.standing):
        if standing.model not in machines:
            yield _unknown(f"standing[{i}].model", standing.model, machines)
    cooled = [("mining_cooling", "mining", site.mining_cooling)]
    cooled += [("ai_cooling", "ai", id_) for id_ in site.ai_cooling]
    for name, use, id_ in cooled:
        plant = facts.cooling.get(id_)
        if plant is None or plant.use != use:
            fitting = [other for other, one in facts.cooling.items() if one.use == use]
            yield _unknown(name, id_, fitting)
    yield from hall_disagreements(site, network)
    yield from owner_disagreements(site)
    yield from _in_time(site, network)
    if hourly:
        yield from _missing_series(site, network)
    yield from _in_supply(site, network, hourly)


def _in_country(site: Site, country: Country) -> Iterator[InputError]:
    if not country.complete:
        rule = "has too few facts for a site; add facts/countries/" + f"{site.country}.toml"
        yield InputError("country", site.country, rule)
    elif site.zone not in country.zones:
        yield _unknown("zone", site.zone, country.zones)
    known = [incentive.id for incentive in country.incentives]
    yield from _keys("incentives", site.incentives, known)
    if site.region and not site.region.startswith(f"{site.country}-"):
        rule = f"must be an ISO 3166-2 code of {site.country}"
        yield InputError("region", site.region, rule)


def _in_time(site: Site, network: Network) -> Iterator[InputError]:
    """Yield a lead time that leaves no phase in which the site could run, and old dates."""
    connection = site.connection
    last = network.study.phases[-1]
    day = network.study.decided or network.study.phases[0].start
    for i, tranche in enumerate(connection.tranches):
        if tranche.energised < day:
            rule = f"must not be before the decision, {day}; state it as existing_mw"
            field = f"connection.tranches[{i}].energised"
            yield InputError(field, str(tranche.energised), rule)
    ready = connection.ready(network.study.decided_at)
    if not connection.exists_mw and ready >= last.ends:
        decided = int(network.study.decided_at)
        rule = f"must leave a phase: decided in {decided}, power comes in {ready:.4g}"
        if connection.tranches:
            first = str(connection.tranches[0].energised)
            yield InputError("connection.tranches[0].energised", first, rule)
        else:
            yield InputError("connection.lead_time_years", connection.lead_time_years, rule)


def _missing_series(site: Site, network: Network) -> Iterator[InputError]:
    weather = set(network.drybulb_c) & set(network.wetbulb_c)
    if site.station not in weather:
        yield _missing("station", site.station, "weather")
    for kind in ("solar", "wind"):
        wanted = getattr(site.limits, f"{kind}_mw") > 0
        if wanted and site.id not in getattr(network, kind):
            yield _missing(f"limits.{kind}_mw", site.id, kind)
    non_firm = site.connection.non_firm
    if non_firm is not None and non_firm.series and non_firm.series not in network.availability:
        rule = 'has no availability series; add a [[file]] row with kind = "availability"'
        yield InputError("connection.non_firm.series", non_firm.series, rule)


def _in_supply(site: Site, network: Network, hourly: bool) -> Iterator[InputError]:
    """Yield rates and prices that are missing, and what keeps the supply from being lowered."""
    known = _currencies(network)
    for i, entry in enumerate(site.supply):
        if entry.currency not in known:
            yield _no_rate(f"supply[{i}].currency", entry.currency)
        series = getattr(entry, "series", "")
        if series and series not in network.prices:
            if hourly:
                yield _missing(f"supply[{i}].series", series, "prices")
            return
    for i, product in enumerate(site.flexibility):
        if product.currency not in known:
            yield _no_rate(f"flexibility[{i}].currency", product.currency)
    yield from _in_card(site, network)


def _in_card(site: Site, network: Network) -> Iterator[InputError]:
    """Yield what keeps the supply from being lowered."""
    prices = {
        zone: PriceSeries(currency=one.currency, per_mwh=one.values)
        for zone, one in network.prices.items()
        if one.values.size == HOURS_PER_YEAR
    }
    dated = any(entry.valid_from or entry.valid_to for entry in site.supply)
    for phase in network.study.phases if dated else network.study.phases[:1]:
        try:
            card = site_card(site.supply, TimeGrid.planning_year(phase.year), prices)
        except InputErrors as found:
            yield from found.errors
            return
        except InputError as error:
            rule = f"{error.rule} (in {phase.year})"
            yield InputError(f"supply, {error.field}", error.value, rule)
            return
        if not (site.connection.off_grid or card.priced.all()):
            rule = f"must price the grid's energy in every hour of {phase.year}"
            yield InputError("supply", f"{len(site.supply)} entries", rule)
            return


def _keys(field: str, keys: Collection[str], known: Collection[str]) -> Iterator[InputError]:
    """Yield keys that are not known."""
    yield from (_unknown(field, key, known) for key in keys if key not in known)


def _workloads(facts: Facts) -> set[str]:
    """Return the kinds of work that cap curves name; "" for the first of each server."""
    servers = facts.servers.values()
    return {"", *(curve.workload for server in servers for curve in server.cap_curves)}


def _models(
    field: str, models: Collection[str], known: Mapping[str, object]
) -> Iterator[InputError]:
    """Yield models that may be built but do not exist, or have no price."""
    for i, model in enumerate(models):
        if model not in known:
            yield _unknown(f"{field}[{i}]", model, known)
        elif getattr(known[model], "price", None) is None:
            rule = "has no price, so it cannot be bought; state one in facts/machines"
            yield InputError(f"{field}[{i}]", model, rule)


def _currencies(network: Network) -> set[str]:
    return {network.study.currency, *network.study.fx}


def _no_rate(field: str, currency: str) -> InputError:
    return InputError(field, currency, f"must have a rate: fx.{currency} in network.toml")


def _missing(field: str, zone: str, kind: str) -> InputError:
    rule = (
        f"has no {kind} series; bring one in with `loadstone import {kind} FILE DIR --zone "
        f'{zone}`, or add a [[typical]] row to series/series.toml with kind = "{kind}"'
    )
    return InputError(field, zone, rule)


def _unknown(field: str, value: str, known: Collection[str]) -> InputError:
    named = sorted(name for name in known if name)
    if len(named) > MOST_NAMED:
        named = [*(get_close_matches(value, named, cutoff=0.4) or named[:6]), "..."]
    return InputError(field, value, f"is not known; there are {', '.join(named) or 'none'}")
