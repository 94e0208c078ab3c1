# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.plan.decide.stress import (
    HELD,
    carried_out,
    later,
    stressed,
    without_capital_limits,
)
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.held import value_of
from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lower.economy import Economy
from loadstone.model.connection import Connection
from loadstone.model.network import Phase
from loadstone.model.stress import Stress
from tests.engines.plan.lower.tiny_network import facts, network, site, solve, study


def prices(of):
    economy = Economy(of)
    return [economy.hashprice(p) for p in range(len(of.study.phases))]


def three_years(**changes):
    return network(site(**changes), years=(2027, 2028, 2029))


def test_a_stress_changes_what_it_says_and_nothing_else():
    base = three_years()
    flat = stressed(base, Stress(name="", hashprice=20.0))
    assert prices(flat) == pytest.approx([20.0] * 3)
    assert flat.sites == base.sites
    dear = stressed(base, Stress(name="", power_price_factor=1.5, ai_price_factor=0.4))
    assert dear.study.outlook.power_price_factor == (1.5,) * 3
    assert dear.study.outlook.ai_price_factor == (0.4,) * 3
    assert prices(dear) == pytest.approx(prices(base))


def test_a_halving_that_is_not_paid_halves_hashprice_for_good():
    given = facts()
    halvings = tuple(
        replace(one, date=date(2028, 1, 1)) if one.date.year == 2098 else one
        for one in given.bitcoin.halvings
    )
    base = network(
        site(),
        years=(2027, 2028, 2029),
        given=replace(given, bitcoin=replace(given.bitcoin, halvings=halvings)),
    )
    before = prices(base)[0]
    unpaid = prices(stressed(base, Stress(name="", halving_unpaid=True)))
    assert unpaid[0] == pytest.approx(before)
    assert max(unpaid[1:]) <= before / 2 * (1 + 1e-12)


def test_builds_are_worth_the_plan_where_nothing_is_stressed():
    found = solve(three_years())
    there = lower(stressed(found.lowered.network, Stress(name="")))
    held = carried_out(found.lowered, found.solution.columns, there.problem, 0.0)
    value = value_of(Search(there.problem, gap=1e-9), held, HELD, gap=1e-9)
    assert value.objective == pytest.approx(found.solution.objective, rel=1e-6)


def test_where_connection_comes_later_all_that_a_site_builds_waits():
    base = three_years(connection=Connection(max_mw=10.0, lead_time_years=0.0))
    found = solve(base)
    assert found.built("connection") > 1
    late = Stress(name="", connection_delay_years=2.0)
    there = without_capital_limits(lower(stressed(base, late)).problem)
    held = carried_out(found.lowered, found.solution.columns, there, 2.0)
    built = [
        (there.columns[c].asset, there.columns[c].phase)
        for c in np.flatnonzero(held > 1e-6)
        if there.columns[c].kind == "build"
    ]
    assert {phase for _, phase in built} == {2}
    assert {"connection", "mining_hall", "miner:miner"} <= {asset for asset, _ in built}
    value = value_of(Search(there, gap=1e-6), held, HELD, gap=1e-6)
    assert value.objective < found.solution.objective


def test_a_day_is_later_by_whole_and_by_half_years():
    assert later(date(2027, 7, 1), 2.0) == date(2029, 7, 1)
    assert later(date(2027, 7, 1), 0.5) == date(2027, 12, 31)
    assert later(date(2028, 2, 29), 1.0) == date(2029, 2, 28)


def test_a_stated_hashprice_stands_in_place_of_what_price_and_network_say():
    phases = (Phase(year=2027), Phase(year=2028))
    base = study(phases=phases)
    outlook = replace(base.outlook, hashprice=(31.0, 32.0))
    assert prices(network(site(), phases=phases, outlook=outlook)) == [31.0, 32.0]
