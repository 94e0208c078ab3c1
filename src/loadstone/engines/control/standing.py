# SPDX-License-Identifier: Apache-2.0
"""Limits that follow from the calendar alone: the site's schedule, and what the law forbids."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from loadstone.model.grid import TimeGrid
from loadstone.model.network import Network
from loadstone.model.operations.control import Cause, Order
from loadstone.model.operations.terms import SiteTerms, Window
from loadstone.model.site import Clause, Site
from loadstone.model.tariff import Prohibition

MINING = "mining"
STEP_MINUTES = 15  # every offset from UTC is whole quarters of an hour
SCHEDULE, PROHIBITION = "schedule", "prohibition"


def standing_orders(
    terms: SiteTerms, network: Network, site: Site, at: datetime
) -> tuple[Order, ...]:
    """Return the limits of the calendar in the quarter of an hour of `at`.

    A prohibition is of the country's rules, of the site's clauses, or of its supply contract,
    as the planner obeys them. Hours and months are local, of the site's grid zone.

    Args:
        terms: The site's part of operate.toml.
        network: The network it stands in.
        site: The site.
        at: The time, UTC.
    """
    grid, time_zone = quarter(at), time_zone_of(network, site)
    orders = [
        Order(
            owner=SCHEDULE,
            limit_mw=window.limit_mw,
            reason=window.reason or "limit of the schedule",
            cause=Cause.SCHEDULE,
        )
        for window in terms.schedule
        if _holds(window, grid, time_zone)
    ]
    orders += [
        Order(owner=PROHIBITION, limit_mw=0.0, reason=reason, cause=Cause.PROHIBITION)
        for reason in _bans(network, site, grid, time_zone)
    ]
    return tuple(orders)


def quarter(at: datetime) -> TimeGrid:
    """Return the quarter of an hour that holds a time."""
    moment = at.astimezone(UTC).replace(second=0, microsecond=0)
    start = moment - timedelta(minutes=moment.minute % STEP_MINUTES)
    return TimeGrid(start=start, count=1, step_minutes=STEP_MINUTES)


def time_zone_of(network: Network, site: Site) -> str:
    """Return the IANA name of the time zone of a site's grid zone."""
    zones = network.facts.countries[site.country].zones
    found = zones.get(site.zone)
    return found.time_zone if found else site.supply[0].zone


def _bans(network: Network, site: Site, grid: TimeGrid, time_zone: str) -> Iterator[str]:
    for rule in network.facts.countries[site.country].rules:
        if rule.use == MINING:
            off_grid = site.connection.off_grid
            mask = rule.bans(site.region, off_grid=off_grid, grid=grid, time_zone=time_zone)
            if mask.any():
                part = f", {rule.part}" if rule.part else ""
                yield f"mining is forbidden now in {rule.region}{part} ({rule.source})"
    for clause in site.clauses:
        if clause.use == MINING and _holds(clause, grid, time_zone):
            yield f"mining must stand still now by contract ({clause.source})"
    for entry in site.supply:
        if not isinstance(entry, Prohibition):
            continue
        if entry.rate_card(grid, {}).prohibited("mining").any():
            yield f"mining is forbidden now by the supply contract ({entry.label})"


def _holds(window: Window | Clause, grid: TimeGrid, time_zone: str) -> bool:
    """Return whether a time falls into local months, weekdays and hours; empty means all."""
    asked = (
        (window.months, grid.local_month(time_zone)),
        (getattr(window, "weekdays", ()), grid.local_weekday(time_zone)),
        (window.hours, grid.local_hour(time_zone)),
    )
    return all(not wanted or int(now[0]) in wanted for wanted, now in asked)
