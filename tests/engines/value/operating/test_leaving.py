# SPDX-License-Identifier: Apache-2.0
"""What leaves a site brings and costs what the planner counted for it."""

from datetime import date

import numpy as np
import pytest

from loadstone.engines.plan.result import site_hours
from loadstone.engines.value.operating import operating_cash
from loadstone.model.connection import Connection
from loadstone.model.tariff import CapacityCharge
from tests.engines.plan.lower import test_resale as resale
from tests.engines.plan.lower import tiny_network as tiny

CHARGE = CapacityCharge(currency="USD", zone="UTC", name="charge", per_mw_month=100_000 / 12)


def cash_of(network):
    found = tiny.solve(network, gap=1e-8)
    hours = site_hours(found.lowered, found.solution, found.hours)
    return found, operating_cash(found.plan, hours, network)


def planned(found):
    """Return what the planner's own columns of leaving bring."""
    (site,) = found.lowered.sites
    return sum(-b.unit_price * found.solution.columns[b.column] for b in site.left.values())


def test_miners_that_stand_are_sold_at_the_price_of_their_age():
    facts = resale.given(**resale.USED)
    dear = np.full(tiny.HOURS, resale.DEAR)
    found, table = cash_of(
        tiny.network(resale.standing(), given=facts, prices=dear, resale=True)
    )
    # 10 MW at 80 % of a million with a quarter of the life gone; a sale on the first day
    assert table.total("resale")[0] == pytest.approx(10 * 1e6 * 0.8 * 0.75)
    assert table.total("resale").sum() == pytest.approx(planned(found))


def test_miners_that_were_bought_are_sold_and_written_off_on_that_day():
    facts = resale.given(**resale.USED)
    found, table = cash_of(resale.two_years(1.0, given=facts, resale=True))
    assert table.total("resale").sum() == pytest.approx(planned(found), rel=1e-6)
    assert np.flatnonzero(table.total("resale")).tolist() == [12]
    bought = -table.total("capex").sum() - 10 * (200_000 + 400_000 / tiny.PUE)
    (written,) = [row.amounts for row in table.rows if row.line == "depreciation:miner:miner"]
    assert written[:12] == pytest.approx(np.full(12, bought / 48))
    assert written[12] == pytest.approx(bought * 36 / 48)
    assert not written[13:].any()


def test_miners_that_stay_bring_nothing():
    facts = resale.given(**resale.USED)
    cheap = np.full(tiny.HOURS, resale.CHEAP)
    _, table = cash_of(tiny.network(resale.standing(), given=facts, prices=cheap, resale=True))
    assert not table.total("resale").any()


def test_connection_that_is_given_up_costs_its_fee():
    phases = tiny.study((2027, 2028)).phases
    price = tiny.outlook(phases).btc_price[0]
    outlook = tiny.outlook(phases, btc_price=(3 * price, price / 1e6))
    site = tiny.site(
        connection=Connection(max_mw=10.0, exit_fee_per_mw=10_000.0),
        supply=(tiny.flat(), CHARGE),
    )
    found, table = cash_of(tiny.network(site, years=(2027, 2028), outlook=outlook))
    paid = table.total("resale")
    assert paid[12] == pytest.approx(-100_000.0)
    assert paid.sum() == pytest.approx(planned(found))
    assert table.month(12) == date(2028, 1, 1)
