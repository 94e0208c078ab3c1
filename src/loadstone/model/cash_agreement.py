# SPDX-License-Identifier: Apache-2.0
"""Whether terms of cash speak of currencies, countries, lines and assets that there are."""

from collections.abc import Collection, Iterator

from loadstone.model.errors import InputError
from loadstone.model.finance.cash import GROUPS
from loadstone.model.network import Network

REVENUE = ("mining", "ai", "lease", "lease power", "hosting", "export")
"""Lines of revenue, or what stands before the colon of one."""
RUNNING = (
    *REVENUE,
    *(
        "curtailment",
        "reserve",
        "energy",
        "demand",
        "connection",
        "take_or_pay",
        "fixed",
        "fuel",
    ),
    *("levies", "carbon", "staff", "repairs", "insurance", "property_tax", "decommissioning"),
)
ASSETS = (
    *("connection", "connection_non_firm", "transformer", "site", "backup", "solar", "wind"),
    *("battery_power", "battery_energy", "mining_hall", "ai_hall_air", "ai_hall_liquid"),
    *("conversion", "miner", "server"),
)
NAMED = {"lease": "leases", "lease power": "leases", "hosting": "hosting"}
MOST_NAMED = 12
MOST_YEARS_BEFORE = 10


def cash_disagreements(network: Network) -> Iterator[InputError]:
    """Yield what `[cash]` of deals.toml names and the network does not know."""
    terms, study = network.deals.cash, network.study
    countries = {site.country for site in network.sites}
    local = {
        network.facts.countries[code].currency
        for code in countries
        if code in network.facts.countries
    }
    yield from _keys("inflation", terms.inflation, {study.currency, *study.fx, *local})
    yield from _keys("vat_refund_months", terms.vat_refund_months, countries)
    yield from _keys("trapped_months", terms.trapped_months, countries)
    yield from _keys("end_value", terms.end_value, {"", *ASSETS})
    yield from _keys("end_cost", terms.end_cost, {"", *ASSETS})
    yield from _lines("sold_with_vat", terms.sold_with_vat, REVENUE, network)
    yield from _lines("escalation", terms.escalation, {*RUNNING, *GROUPS}, network)
    opens = study.phases[0].start
    if terms.start is not None and terms.start > opens:
        rule = f"must not be after the first phase begins, {opens}"
        yield InputError("cash.start", str(terms.start), rule)
    if terms.start is not None and terms.start.year < opens.year - MOST_YEARS_BEFORE:
        rule = f"must be at most {MOST_YEARS_BEFORE} years before the first phase, {opens}"
        yield InputError("cash.start", str(terms.start), rule)
    if terms.nominal_rate(study.discount_rate, study.currency) < 0:
        rate = terms.inflation_of(study.currency, study.currency)
        rule = f"must leave no nominal discount rate below 0 beside {study.discount_rate:g}"
        yield InputError(f"cash.inflation.{study.currency}.value", rate, rule)


def _keys(field: str, given: Collection[str], known: Collection[str]) -> Iterator[InputError]:
    for key in given:
        if key not in known:
            shown = ", ".join(sorted(known - {""} if isinstance(known, set) else known))
            yield InputError(f"cash.{field}", key, f"is not known; there are {shown}")


def _lines(
    field: str, given: Collection[str], known: Collection[str], network: Network
) -> Iterator[InputError]:
    """Yield lines that no cash can have: an unknown kind, or an offer that is not there."""
    for key in given:
        kind, _, name = key.partition(":")
        if kind not in known:
            yield from _keys(field, (kind,), known)
        elif name and kind in NAMED:
            ids = {one.id for one in getattr(network.offers, NAMED[kind])}
            if name not in ids:
                shown = ", ".join(sorted(ids)[:MOST_NAMED]) or "none"
                yield InputError(f"cash.{field}", key, f"is no offer; there are {shown}")
