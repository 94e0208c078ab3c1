# SPDX-License-Identifier: Apache-2.0
"""Networks with a layer switched off are networks."""

from dataclasses import replace

import pytest

from loadstone.engines.plan.decide.switches import without_layers
from loadstone.model.connection import Connection, Transformers
from loadstone.model.offer import Lease
from loadstone.model.plan import OfferResult
from tests.engines.plan.lower import tiny_network as tiny

LEASE = Lease(
    id="tenant", tenant="Tenant", site="site", hall="ai_hall_air", mw=2.0,
    rent_per_kw_month=100.0, currency="USD", term_years=5.0, ready=tiny.DAY, share_drawn=0.5,
    source="a letter",
)  # fmt: skip
UNITS = Transformers(unit_mw=4.0, standing=2, max_units=2)


def layers(existing_mw, lease=LEASE, **units):
    """Return the names of the layers of a site that a tenant leases from 2027 on."""
    site = tiny.site(
        status="operating",
        connection=Connection(existing_mw=existing_mw, max_mw=8.0),
        transformers=replace(UNITS, **units),
    )
    network = tiny.network(site)
    network = replace(network, offers=replace(network.offers, leases=(lease,)))
    taken = OfferResult(
        id="tenant",
        kind="lease",
        site="site",
        taken=True,
        from_phase=2027,
        mw=2.0,
        text="taken",
    )
    plan = replace(tiny.solve(tiny.network(tiny.site())).plan, offers=(taken,))
    return [name for name, _, _ in without_layers(network, plan)]


def test_the_reserve_may_stand_idle_where_the_rest_carries_the_connection():
    # one of two units of 4 MW stays
    assert "N-1 reserve idle" in layers(4.0)


@pytest.mark.parametrize(("mw", "units"), [(5.0, {}), (4.0, {"reserve_usable": False})])
def test_a_reserve_that_is_needed_or_idle_already_is_no_layer(mw, units):
    assert "N-1 reserve idle" not in layers(mw, **units)


def test_only_what_may_be_used_can_be_left_idle():
    assert "undrawn lease idle" not in layers(4.0)
    assert "undrawn lease idle" in layers(4.0, replace(LEASE, undrawn_usable=True))
