# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from loadstone.engines.control.standing import standing_orders
from loadstone.model.operations.control import Cause
from loadstone.model.operations.terms import SiteTerms, Window
from loadstone.model.site import Clause
from tests.network_folders import campus, read
from tests.shape import DATA

PEAK = Window(weekdays=(0, 1, 2, 3, 4), hours=(18,), limit_mw=3.0, reason="evening")
TERMS = SiteTerms(site="araguari", schedule=(PEAK,))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return read(campus(tmp_path_factory.mktemp("standing")))


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        (datetime(2026, 11, 20, 21, 5, tzinfo=UTC), True),  # Friday, 18:05 in Sao Paulo
        (datetime(2026, 11, 20, 20, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 20, 22, 0, tzinfo=UTC), False),
        (datetime(2026, 11, 21, 21, 5, tzinfo=UTC), False),  # Saturday
    ],
)
def test_a_schedule_goes_by_the_local_clock(network, at, holds):
    orders = standing_orders(TERMS, network, network.sites[0], at)
    assert [(one.limit_mw, one.cause) for one in orders] == [(3.0, Cause.SCHEDULE)] * holds


def test_a_clause_of_the_site_stops_mining_and_says_why(network):
    site = replace(network.sites[0], clauses=(Clause(hours=(12,), source="the contract"),))
    bare = SiteTerms(site="araguari")
    noon = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
    orders = standing_orders(bare, network, site, noon)
    assert [(one.limit_mw, one.cause) for one in orders] == [(0.0, Cause.PROHIBITION)]
    assert "the contract" in orders[0].reason
    assert standing_orders(bare, network, site, noon.replace(hour=17)) == ()


def test_a_ban_of_the_country_is_obeyed_in_its_season():
    """Dagestan: mining is forbidden until 15 March 2031."""
    brics = read(DATA / "networks" / "brics")
    site = next(one for one in brics.sites if one.id == "kizilyurt")
    terms = SiteTerms(site="kizilyurt")
    at = datetime(2027, 1, 15, 12, tzinfo=UTC)
    rules = brics.facts.countries["RU"].rules
    banned = [one for one in rules if one.use == "mining" and one.region == site.region]
    orders = standing_orders(terms, brics, site, at)
    assert bool(orders) == bool(banned)
    assert all(one.cause is Cause.PROHIBITION for one in orders)
