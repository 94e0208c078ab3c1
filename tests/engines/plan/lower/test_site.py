# SPDX-License-Identifier: Apache-2.0
"""What may stand at a site, when, and what rules and promises do to it."""

from datetime import date

import numpy as np
import pytest

from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lp import solve_lp
from loadstone.model.connection import Connection
from loadstone.model.errors import InfeasibleError
from loadstone.model.network import Phase
from loadstone.model.site import Clause, Limits, Obligation, Opening, Standing
from loadstone.model.tariff import Prohibition
from loadstone.model.tariff.calendar import Window
from tests.engines.plan.lower import tiny_network as tiny

YEARS = (2027, 2028, 2029)


def test_a_connection_grows_only_after_its_lead_time():
    late = tiny.site(connection=Connection(existing_mw=2.0, max_mw=10.0, lead_time_years=1.5))
    found = tiny.solve(tiny.network(late, years=YEARS))
    assert [found.stands("connection", p) for p in range(3)] == pytest.approx([2, 2, 10])


def test_a_site_opens_only_after_its_lead_time():
    late = tiny.site(
        connection=Connection(max_mw=10.0, lead_time_years=1.0), opening=Opening(fixed_cost=1e4)
    )
    found = tiny.solve(tiny.network(late, years=YEARS), gap=1e-7)
    assert found.plan.sites[0].opened == 2028
    assert [b.phase for b in found.plan.builds if b.asset == "site"] == [2028]


def test_new_connection_comes_in_whole_blocks():
    blocks = tiny.site(connection=Connection(max_mw=10.0, block_mw=4.0))
    found = tiny.solve(tiny.network(blocks), gap=1e-7)
    assert found.built("connection") == pytest.approx(8.0)


def test_a_site_opens_once_and_stays_open():
    yearly = tiny.site(opening=Opening(fixed_cost=1e4, yearly_cost=100.0))
    found = tiny.solve(tiny.network(yearly, years=YEARS), gap=1e-7)
    assert found.built("site") == pytest.approx(1.0)
    opened = [found.power(p)["miner:miner"].sum() > 0 for p in range(3)]
    assert opened == [True, True, True]


def test_a_site_whose_opening_costs_more_than_it_earns_stays_shut():
    both = (
        tiny.site("cheap", opening=Opening(fixed_cost=1e4)),
        tiny.site("dear", opening=Opening(fixed_cost=1e9)),
    )
    found = tiny.solve(tiny.network(*both), gap=1e-7)
    assert [(s.id, s.opened) for s in found.plan.sites] == [("cheap", 2027), ("dear", None)]
    assert {y.site for y in found.plan.site_years} == {"cheap"}


def test_an_open_site_has_its_least_connection():
    # machines find room for 2 MW only, and yet the site must connect 6
    small = tiny.site(opening=Opening(minimum_mw=6.0), limits=Limits(mining_mw=2.0, ai_mw=0.0))
    found = tiny.solve(tiny.network(small), gap=1e-7)
    assert found.built("miner:miner") == pytest.approx(2.0)
    assert found.built("connection") == pytest.approx(6.0)


def test_an_opening_is_paid_once_and_its_yearly_cost_every_year():
    free, paid = (
        tiny.solve(tiny.network(tiny.site(opening=one), years=YEARS), gap=1e-8)
        for one in (Opening(), Opening(fixed_cost=1e5, yearly_cost=1e4))
    )
    yearly = sum(1e4 / 1.1**k for k in (1, 2, 3))
    lost = free.plan.objective - paid.plan.objective
    assert lost == pytest.approx(1e5 + yearly, rel=1e-5)


def in_june():
    hours = np.datetime64("2027-01-01T00", "h") + np.arange(tiny.HOURS)
    return hours.astype("datetime64[M]") == np.datetime64("2027-06", "M")


JUNE = tiny.ban(window="06-01..07-01")
FORBIDDEN = {
    "a law": (tiny.site(), tiny.facts(countries={"AA": tiny.country(rules=[JUNE])})),
    "a clause": (tiny.site(clauses=(Clause(months=(6,), source="contract"),)), tiny.facts()),
    "a supply contract": (
        tiny.site(
            supply=(
                tiny.flat(),
                Prohibition(
                    currency="USD", zone="UTC", use="mining", when=(Window(months=(6,)),),
                    source="contract",
                ),
            )
        ),
        tiny.facts(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FORBIDDEN)
def test_machines_stand_still_where_they_are_forbidden(case):
    site, given = FORBIDDEN[case]
    found = tiny.solve(tiny.network(site, given=given))
    power, june = found.power()["miner:miner"], in_june()
    assert power[june].max() == 0
    assert power[~june].min() > 9.9
    assert [(hit.phase, hit.hours) for hit in found.plan.rules] == [(2027, 720)]


def test_nothing_is_bought_where_mining_is_forbidden_throughout():
    forbidden = tiny.facts(countries={"AA": tiny.country(rules=[tiny.ban()])})
    lowered = lower(tiny.network(given=forbidden))
    assert not [label for label in lowered.problem.columns if label.asset == "miner:miner"]


def test_a_ban_from_a_later_day_leaves_the_time_before():
    rules = [tiny.ban(start=date(2028, 1, 1))]
    forbidden = tiny.facts(countries={"AA": tiny.country(rules=rules)})
    # a new miner must earn its price in the one year that is left, so one stands already
    site = tiny.site(
        status="operating", connection=Connection(existing_mw=10.0, max_mw=10.0),
        standing=(Standing(model="miner", mw=5.0, installed=date(2026, 6, 1)),),
    )  # fmt: skip
    found = tiny.solve(tiny.network(site, given=forbidden, years=(2027, 2028)))
    assert found.power(0)["miner:miner"].min() > 5.2
    assert "miner:miner" not in found.power(1)


def test_a_promise_against_a_ban_names_both_rules():
    forbidden = tiny.facts(
        countries={"AA": tiny.country(rules=[tiny.ban(window="06-01..07-01")])}
    )
    promised = tiny.site(obligations=(Obligation(use="mining", mw=2.0, source="contract 7"),))
    with pytest.raises(InfeasibleError) as caught:
        lower(tiny.network(promised, given=forbidden))
    (conflict,) = caught.value.conflicts
    assert conflict.rules == (
        "site promised 2 MW of mining around the clock (contract 7)",
        "mining is forbidden in AA from 06-01 to 07-01, 720 hours of 2027 (Act of a test)",
    )
    assert "promise" in conflict.relax


def test_promised_power_runs_in_every_hour():
    promised = tiny.site(
        connection=Connection(existing_mw=5.0, max_mw=10.0), status="operating",
        obligations=(Obligation(use="mining", mw=2.0, source="contract 7"),),
    )  # fmt: skip
    found = tiny.solve(tiny.network(promised))
    power = found.power()["promised:mining:contract 7"]
    np.testing.assert_allclose(power, 2.0 * tiny.PUE)
    assert found.plan.builds
    assert sum(hours.shortage.sum() for hours in found.hours) == 0


def test_the_whole_model_agrees_with_the_exact_method():
    given = tiny.network(
        tiny.site(supply=(tiny.spot(),), opening=Opening(fixed_cost=2e5, minimum_mw=3.0)),
        phases=(Phase(year=2027, budget=8e6),),
    )
    exact, model = tiny.solve(given, gap=1e-7), solve_lp(lower(given).problem, gap=1e-9)
    assert exact.plan.objective == pytest.approx(model.objective, rel=1e-6)
