# SPDX-License-Identifier: Apache-2.0
"""What cash takes for granted, in sentences."""

from collections.abc import Iterator

from loadstone.model.country import Country
from loadstone.model.fact import sourced_in
from loadstone.model.finance.cash import CashTable
from loadstone.model.network import Network
from loadstone.model.plan import phase_name


def cash_notes(table: CashTable, network: Network) -> tuple[str, ...]:
    """Return what a reader of a plan's cash should know.

    Args:
        table: The cash.
        network: Its terms and countries.
    """
    codes = sorted({row.country for row in table.rows if row.country})
    countries = [network.facts.countries[code] for code in codes]
    return (
        *_money(table, network),
        *_contracts(table, network),
        *_borders(countries, network),
        *(note for country in countries for note in _doubts(country)),
    )


def _money(table: CashTable, network: Network) -> Iterator[str]:
    """Yield the currencies that follow another for want of a rate."""
    stated = network.deals.cash.inflation
    here = {row.currency for row in table.rows if row.currency}
    silent = sorted(here - set(stated) - {table.currency})
    if stated and silent:
        names = ", ".join(silent)
        yield f"No inflation is stated for {names}: it is taken to be that of {table.currency}."


def _contracts(table: CashTable, network: Network) -> Iterator[str]:
    if any(row.contracted and row.line.startswith("ai:") for row in table.rows):
        yield (
            "AI power under contract is paid what the plan says for each phase, whatever "
            "prices become; contracts are renewed with each phase."
        )
    end = phase_name(network.study.phases[-1].ends)
    running = [
        lease.id
        for lease in network.offers.leases
        for row in table.select("revenue")
        if row.line == lease.name and _runs_on(row.amounts.tolist(), lease.term_years)
    ]
    if running:
        yield f"Leases run on after {end}, which is not counted: {', '.join(running)}."


def _runs_on(amounts: list[float], years: float) -> bool:
    """Tell whether rent is paid in the last month and for less than the term."""
    paid = sum(amount != 0 for amount in amounts)
    return bool(amounts[-1]) and paid < round(12 * years)


def _borders(countries: list[Country], network: Network) -> Iterator[str]:
    abroad: dict[str, list[str]] = {}
    unknown = []
    for country in countries:
        sites = [site for site in network.sites if site.country == country.code]
        owners = {site.owner or network.study.owner for site in sites}
        if "" in owners:
            unknown.append(country.name)
        elif owners != {country.code}:
            abroad.setdefault(", ".join(sorted(owners)), []).append(country.name)
    if unknown:
        yield (
            f"No owner is stated for sites in {', '.join(unknown)}, so nothing is withheld "
            "there and no cash waits."
        )
    for owner, places in abroad.items():
        yield (
            f"Owners of sites in {', '.join(places)} are of {owner}: what leaves bears the "
            "country's own rates, without any treaty."
        )


def _doubts(country: Country) -> Iterator[str]:
    """Yield the rules of tax and borders that a reader should doubt."""
    found = [
        path.replace("_", " ").replace("depreciation.", "writing off ")
        for path, fact in sourced_in(
            {
                name: getattr(country.finance, name)
                for name in country.finance.__dataclass_fields__
            }
        )
        if getattr(fact, "confidence", "") == "low"
    ]
    if found:
        yield (
            f"Rules of {country.name} of low confidence, to be confirmed: {', '.join(found)}."
        )
