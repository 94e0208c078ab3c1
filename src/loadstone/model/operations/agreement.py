# SPDX-License-Identifier: Apache-2.0
"""Whether operate.toml fits the network: what the file cannot know alone."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches

from loadstone.model.connection import Connection
from loadstone.model.errors import InputError
from loadstone.model.network import Network
from loadstone.model.operations.machine import Machine
from loadstone.model.operations.roster import looked_up
from loadstone.model.operations.terms import Operation, SiteTerms
from loadstone.model.site import Site

SHARE_OVER = 1e-9
MOST_LINES = 3  # of addresses that are given twice, before they are told as one
RUN_BY = ("operating", "building")


def drawable_mw(connection: Connection, on: date) -> float:
    """Return the firm and non-firm power that may be drawn on a day, MW at the meter.

    Source:
        `sites/*.toml`: what exists, and the tranches energised by that day.
    """
    energised = sum(one.mw for one in connection.tranches if one.energised <= on)
    return connection.exists_mw + energised


def limit_of(terms: SiteTerms, site: Site, on: date) -> float:
    """Return the most that a site's meter may show, MW: its own or its connection's."""
    if terms.limit_mw is not None:
        return terms.limit_mw
    return drawable_mw(site.connection, on)


def operation_disagreements(
    operation: Operation, network: Network, on: date
) -> tuple[InputError, ...]:
    """Return all of operate.toml that does not fit the network.

    Args:
        operation: What operate.toml says.
        network: The network it stands in.
        on: The day, for tranches of the connection.
    """
    found: list[InputError] = []
    machines: list[Machine] = []
    sites = {site.id: site for site in network.sites}
    for terms in operation.sites:
        place = f"sites.{terms.site}"
        site = sites.get(terms.site)
        if site is None:
            close = get_close_matches(terms.site, sites, n=3)
            rule = f"must be a site of the network{_such(close)}"
            found.append(InputError(f"{place}.site", terms.site, rule))
        else:
            found += [error.within(place) for error in _of_site(terms, site, on)]
        known, wrong = looked_up(terms, network.facts.miners)
        machines += known
        found += [error.within(place) for error in wrong]
    return (*found, *_doubled(machines))


def _of_site(terms: SiteTerms, site: Site, on: date) -> Iterator[InputError]:
    if site.status not in RUN_BY:
        rule = f"is {site.status} in sites/{site.id}.toml; only {' or '.join(RUN_BY)} runs"
        yield InputError("site", terms.site, rule)
        return
    drawable = drawable_mw(site.connection, on)
    if terms.limit_mw is not None and terms.limit_mw > drawable * (1 + SHARE_OVER):
        rule = f"must be at most the connection, {drawable:g} MW on {on}"
        yield InputError("limit_mw", terms.limit_mw, rule)
    if terms.limit_mw is None and drawable <= 0:
        rule = f"must be given: sites/{site.id}.toml has no connection that exists on {on}"
        yield InputError("limit_mw", None, rule)
    if not any(meter.main for meter in terms.meters) and terms.meter_silent != "release":
        rule = (
            'must have a main meter; without one, meter_silent = "release" says that the '
            "site goes by what machines tell"
        )
        yield InputError("meters", [meter.id for meter in terms.meters], rule)
    roles = {switch.id: switch.role for switch in terms.switches}
    for group in terms.groups:
        if group.fans and roles.get(group.fans) != "fans":
            rule = 'must be a switch with role = "fans"'
            yield InputError(f"groups.{group.id}.fans", group.fans, rule)


def _doubled(machines: list[Machine]) -> Iterator[InputError]:
    """Yield addresses and ids that more than one machine has."""
    placed: dict[tuple[str, str], list[str]] = {}
    for machine in machines:
        placed.setdefault((machine.site, str(machine.address)), []).append(machine.id)
    again = {place for place, ids in placed.items() if len(ids) > 1}
    yield from _given_once("addresses", again)
    webs = Counter(
        (machine.site, f"{machine.address.host}:{machine.address.web_port}")
        for machine in machines
        if machine.address.web_port and (machine.site, str(machine.address)) not in again
    )
    # told over its web page, one machine would do what is meant for the other
    yield from _given_once("web_port", {place for place, count in webs.items() if count > 1})
    named: dict[tuple[str, str], set[str]] = {}
    for machine in machines:
        named.setdefault((machine.site, machine.id), set()).add(str(machine.address))
    for (site, id_), places in named.items():
        if len(places) > 1:
            rule = (
                f"must be the name of one machine, and is that of {', '.join(sorted(places))}"
            )
            yield InputError(f"sites.{site}.machines.ids", id_, rule)


def _given_once(field: str, doubled: set[tuple[str, str]]) -> Iterator[InputError]:
    """Yield an error for each place that is given more than once; for many, one a site."""
    sites = dict.fromkeys(site for site, _ in sorted(doubled))
    for site in sites:
        places = sorted((place for of, place in doubled if of == site), key=_by_number)
        path, rule = f"sites.{site}.machines.{field}", "must be given once"
        if len(places) > MOST_LINES:
            rule = f"must each be given once: {len(places)} stand in more than one row"
            yield InputError(path, f"{places[0]} to {places[-1]}", rule)
        else:
            yield from (InputError(path, place, rule) for place in places)


def _by_number(place: str) -> list[tuple[int, str]]:
    """Return what puts 10.0.0.9 before 10.0.0.10."""
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"[.:]", place)]


def _such(close: list[str]) -> str:
    return f", such as {', '.join(close)}" if close else ""
