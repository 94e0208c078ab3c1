# SPDX-License-Identifier: Apache-2.0
"""Whether discount rates, eligibility and investors speak of what a network knows."""

from collections.abc import Collection, Iterator

from loadstone.model.eligibility import CHIPS, COUNTRY, GENERATION, INVESTOR
from loadstone.model.errors import InputError
from loadstone.model.network import Network
from loadstone.model.site import Site

MOST_NAMED = 12


def rights_disagreements(network: Network) -> Iterator[InputError]:
    """Yield premiums, rows and owners of what is not known in network.toml."""
    study, countries = network.study, network.facts.countries
    yield from _code("owner", study.owner)
    for i, investor in enumerate(study.investors):
        yield from _code(f"investors[{i}].country", investor.country)
    for code in study.discount.country:
        yield from _known(f"discount.country.{code}", code, countries)
    for i, row in enumerate(study.eligibility):
        for code in row.countries:
            yield from _known(f"eligibility[{i}].countries", code, countries)
        yield from _known(f"eligibility[{i}].subject", row.subject, _subjects(network))


def _subjects(network: Network) -> set[str]:
    """Return all that a row of eligibility may be about."""
    servers = network.facts.servers.values()
    return {
        *network.facts.miners,
        *network.facts.servers,
        *(GENERATION + server.generation for server in servers),
        *(CHIPS + server.chip_country for server in servers),
        *(INVESTOR + investor.id for investor in network.study.investors),
    }


def owner_disagreements(site: Site) -> Iterator[InputError]:
    """Yield an owner of a site that is no country."""
    yield from _code("owner", site.owner or "")


def _code(field: str, code: str) -> Iterator[InputError]:
    if code and not COUNTRY.fullmatch(code):
        yield InputError(field, code, "must be an ISO 3166-1 code of two letters")


def _known(field: str, value: str, known: Collection[str]) -> Iterator[InputError]:
    if value not in known:
        kind = value.partition(":")[0] + ":" if ":" in value else ""
        alike = sorted(n for n in known if n.startswith(kind) and (":" in n) == bool(kind))
        shown = ", ".join(alike[:MOST_NAMED]) or "none"
        yield InputError(field, value, f"is not known; there are {shown}")
