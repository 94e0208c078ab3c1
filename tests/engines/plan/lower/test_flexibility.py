# SPDX-License-Identifier: Apache-2.0
"""Flexibility pays up to its hours, on the MW that may be stacked, for what could respond."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lp import solve_lp
from loadstone.model.connection import Connection
from loadstone.model.flexibility import Flexibility
from loadstone.model.machine import FirmwareMode
from loadstone.model.site import AiSales, Clause, Limits
from tests.engines.plan.lower import tiny_network as tiny

CALLED = (np.arange(tiny.HOURS) % 24 == 18) & (
    np.datetime64("2027-01-01T00", "h") + np.arange(tiny.HOURS) < np.datetime64("2027-03-01")
)  # 18:00 to 19:00 in January and February: 59 hours
EVENING = np.arange(tiny.HOURS) % 24 == 18
MARGIN = 150 / tiny.PUE - 50  # what a MWh at the meter leaves: 93 USD


def curtailment(**changes):
    given = {
        "name": "peak relief", "kind": "curtailment", "mw": 4.0, "months": (1, 2),
        "hours": (18,), "max_hours": 20.0, "per_mwh": 1000.0, "currency": "USD",
        "source": "contract",
    }  # fmt: skip
    return Flexibility(**given | changes)


def reserve(**changes):
    given = {
        "name": "spinning", "kind": "reserve", "mw": 4.0, "hours": (18,), "per_mw_h": 100.0,
        "currency": "USD", "source": "market rules",
    }  # fmt: skip
    return Flexibility(**given | changes)


def solved(*products, prices=None, **site):
    supply = {} if prices is None else {"supply": (tiny.spot(),)}
    given = tiny.site(flexibility=products, **supply | site)
    return tiny.solve(tiny.network(given, prices=prices), gap=1e-8)


def pledged_power(found, product):
    return sum(mw for name, mw in found.power().items() if f"pledged to {product}" in name)


def gain(found, before):
    """Return by how much a year is worth more, at its end."""
    return (found.plan.objective - before.plan.objective) * 1.1


def test_calls_pay_up_to_their_hours_and_no_further():
    # a MW of machines draws 1.05 MW at the meter, and earns 150 - 1.05 x 50 at its plug
    found = solved(curtailment())
    still = (4 * tiny.PUE - pledged_power(found, "peak relief"))[CALLED].sum()
    assert still == pytest.approx(20 * 4 * tiny.PUE, rel=1e-6)
    year = found.year()
    assert year.revenue["curtailment"] == pytest.approx(20 * 4 * tiny.PUE * 1000, rel=1e-6)
    assert year.energy_mwh["curtailed"] == pytest.approx(20 * 4 * tiny.PUE, rel=1e-6)
    expected = 20 * 4 * tiny.PUE * (1000 - MARGIN)
    assert gain(found, solved()) == pytest.approx(expected, rel=1e-4)


def test_calls_are_held_to_their_number_times_their_length():
    found = solved(curtailment(max_hours=None, max_calls=5, hours_per_call=3.0))
    paid = found.year().revenue["curtailment"]
    assert paid == pytest.approx(15 * 4 * tiny.PUE * 1000, rel=1e-6)


def test_a_call_that_pays_less_than_mining_changes_nothing():
    found, before = solved(curtailment(per_mwh=90.0)), solved()
    assert found.plan.objective == pytest.approx(before.plan.objective, rel=1e-7)
    assert found.year().revenue["curtailment"] == pytest.approx(0, abs=1e-3)


def test_nothing_is_paid_for_machines_that_were_not_allowed_to_run():
    # mining is forbidden in January: only February's 28 calls are left of 59
    found = solved(curtailment(max_hours=1000.0), clauses=(Clause(months=(1,), source="x"),))
    paid = found.year().revenue["curtailment"]
    assert paid == pytest.approx(28 * 4 * tiny.PUE * 1000, rel=1e-6)
    ready = solved(reserve(months=(1, 2)), clauses=(Clause(months=(1,), source="x"),))
    assert ready.year().revenue["reserve"] == pytest.approx(28 * 4 * tiny.PUE * 100, rel=1e-6)


def test_a_pledge_is_paid_by_the_mw_and_year():
    found = solved(curtailment(per_mwh=0.0, per_mw_year=5000.0))
    assert gain(found, solved()) == pytest.approx(4 * 5000, rel=1e-4)


def test_a_pledge_is_kept_by_no_more_machines_than_there_are():
    found = solved(curtailment(mw=500.0))
    pledged = [
        float(found.solution.columns[c])
        for c, label in enumerate(found.lowered.problem.columns)
        if label.kind == "pledge"
    ]
    assert 0 < sum(pledged) <= found.stands("miner:miner") + 1e-6


PAID = {"mw": 500.0, "per_mwh": 0.0}
STACKS = {
    "one group: the better of the two": ("a", "a", (), 5000),
    "no group: the better of the two": ("", "a", (), 5000),
    "an excluded group: the better of the two": ("a", "b", ("b",), 5000),
    "two groups: both on the same MW": ("a", "b", (), 8000),
}


@pytest.mark.parametrize("case", STACKS)
def test_a_mw_is_sold_twice_only_across_groups(case):
    first, second, excludes, per_mw = STACKS[case]
    found = solved(
        curtailment(**PAID, per_mw_year=5000.0, group=first, excludes=excludes),
        curtailment(**PAID, per_mw_year=3000.0, group=second, name="second"),
    )
    paid = found.year().revenue["curtailment"]
    assert paid == pytest.approx(per_mw * found.stands("miner:miner"), rel=1e-6)


def test_a_product_that_requires_another_is_sold_on_its_mw_alone():
    found = solved(
        curtailment(per_mwh=0.0, group="a"),
        curtailment(
            mw=500.0, per_mwh=0.0, per_mw_year=3000.0, group="b", name="second",
            requires="peak relief",
        ),
    )  # fmt: skip
    assert found.year().revenue["curtailment"] == pytest.approx(4 * 3000, rel=1e-6)


def test_a_penalty_makes_stopping_certain():
    # pledging is paid, each MWh drawn in a call costs more than mining leaves
    given = {"per_mwh": 0.0, "per_mw_year": 50_000.0, "max_hours": None}
    certain = solved(curtailment(**given, penalty_per_mwh=100.0))
    assert pledged_power(certain, "peak relief")[CALLED].max() == pytest.approx(0, abs=1e-6)
    expected = 4 * 50_000 - 59 * 4 * tiny.PUE * MARGIN
    assert gain(certain, solved()) == pytest.approx(expected, rel=1e-4)
    # called in 29.5 of the 59 hours: half the penalty is expected, and mining leaves more
    calls = {"max_calls": 59, "hours_per_call": 0.5}
    doubtful = solved(curtailment(**given | calls, penalty_per_mwh=100.0))
    drawn = pledged_power(doubtful, "peak relief")[CALLED]
    np.testing.assert_allclose(drawn, 4 * tiny.PUE, rtol=1e-6)
    expected = 4 * 50_000 - 59 * 4 * tiny.PUE * 50
    assert doubtful.year().revenue["curtailment"] == pytest.approx(expected, rel=1e-6)


DEAR_EVENINGS = np.where(EVENING, 200.0, 50.0)  # mining loses 57 USD/MWh at six


def test_a_reserve_that_must_consume_makes_mining_worth_its_power():
    found = solved(reserve(must_be_consuming=True), prices=DEAR_EVENINGS)
    drawn = pledged_power(found, "spinning")[EVENING]
    np.testing.assert_allclose(drawn, 4 * tiny.PUE, rtol=1e-6)
    assert found.year().revenue["reserve"] == pytest.approx(365 * 4 * tiny.PUE * 100, rel=1e-6)
    expected = 365 * 4 * tiny.PUE * (100 + 150 / tiny.PUE - 200)
    assert gain(found, solved(prices=DEAR_EVENINGS)) == pytest.approx(expected, rel=1e-4)


def test_a_reserve_that_may_stand_still_is_paid_for_what_is_pledged():
    found = solved(reserve(), prices=DEAR_EVENINGS)
    assert pledged_power(found, "spinning")[EVENING].max() == pytest.approx(0, abs=1e-6)
    expected = 365 * 4 * tiny.PUE * 100
    assert found.year().revenue["reserve"] == pytest.approx(expected, rel=1e-6)
    assert gain(found, solved(prices=DEAR_EVENINGS)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "share", [{"activated_share": 0.1}, {"max_calls": 73, "hours_per_call": 0.5}]
)
def test_an_activated_reserve_gives_up_energy_for_pay(share):
    found = solved(reserve(must_be_consuming=True, per_mwh=300.0, **share))
    np.testing.assert_allclose(
        pledged_power(found, "spinning")[EVENING], 0.9 * 4 * tiny.PUE, rtol=1e-6
    )
    paid = 365 * 4 * tiny.PUE * (100 + 0.1 * 300)
    assert found.year().revenue["reserve"] == pytest.approx(paid, rel=1e-6)
    expected = paid - 365 * 4 * tiny.PUE * 0.1 * MARGIN
    assert gain(found, solved()) == pytest.approx(expected, rel=1e-4)


def test_the_same_mw_stands_by_and_stops_when_called():
    # in the evenings of January and February it stands still, in the others it is a reserve
    found = solved(
        curtailment(mw=500.0, max_hours=None, group="grid"),
        reserve(mw=500.0, group="market", must_be_consuming=True),
    )
    mw = found.stands("miner:miner") * tiny.PUE
    year = found.year()
    assert year.revenue["curtailment"] == pytest.approx(59 * mw * 1000, rel=1e-6)
    assert year.revenue["reserve"] == pytest.approx((365 - 59) * mw * 100, rel=1e-6)


def test_pay_for_machines_that_would_stand_still_anyway_is_said():
    called = {"months": (), "max_hours": 10.0, "per_mwh": 500.0}
    dear = solved(curtailment(**called), prices=DEAR_EVENINGS).plan.assumptions
    mwh = 10 * 4 * tiny.PUE
    [said] = [text for text in dear if "measured baseline" in text]
    assert f"pays for {mwh:,.0f} MWh that are not drawn; up to {mwh:,.0f} MWh" in said
    cheap = solved(curtailment(**called)).plan.assumptions
    assert not [text for text in cheap if "measured baseline" in text]


@pytest.mark.parametrize("proven", [None, 30.0])
def test_a_response_too_slow_adds_nothing_and_is_said(proven):
    products = (reserve(response_s=10.0, group="a"), reserve(
        name="second", group="b", requires="spinning"))  # fmt: skip
    before, found = solved(), solved(*products, response_s=proven)
    assert len(found.lowered.problem.columns) == len(before.lowered.problem.columns)
    np.testing.assert_array_equal(found.solution.columns, before.solution.columns)
    assert found.plan.objective == before.plan.objective
    assert found.plan.site_years == before.plan.site_years
    refused = [text for text in found.plan.assumptions if "is not sold" in text]
    assert len(refused) == 2
    assert "spinning is not sold: it asks for a response within 10 s" in refused[0]


def test_a_response_in_time_is_sold():
    found = solved(reserve(response_s=10.0), response_s=10.0)
    assert found.year().revenue["reserve"] > 0
    assert not [text for text in found.plan.assumptions if "is not sold" in text]


def test_a_product_is_pledged_in_no_less_than_its_minimum():
    # 9.5 MW of machines stand behind 10 MW; a minimum of 12 MW would not pay for more
    enough = solved(reserve(mw=20.0, min_mw=9.0))
    assert enough.year().revenue["reserve"] > 0
    few = solved(reserve(mw=20.0, min_mw=12.0, per_mw_h=1.0))
    assert few.year().revenue.get("reserve", 0.0) == pytest.approx(0, abs=1e-6)
    assert few.plan.objective == pytest.approx(solved().plan.objective, rel=1e-7)


def test_only_own_miners_are_pledged():
    ai = tiny.site(
        flexibility=(reserve(),), limits=Limits(ai_mw=2.0), ai_sales=AiSales(floor=0.5)
    )
    lowered = lower(tiny.network(ai, servers=("server",)))
    pledged = {
        label.asset for label in lowered.problem.columns if label.kind in {"free", "pledged"}
    }
    assert pledged == {"miner:miner"}


MODE = FirmwareMode(
    name="low", power=0.6, hashrate=0.75, source="invented", date=date(2026, 11, 1),
    confidence="high",
)  # fmt: skip
RICH = (
    curtailment(
        mw=6.0, group="grid", max_hours=None, max_calls=10, hours_per_call=3.0,
        per_mwh=400.0, per_mw_year=900.0, penalty_per_mwh=60.0, hours=(17, 18, 19),
    ),
    reserve(
        mw=5.0, group="market", must_be_consuming=True, activated_share=0.05, per_mw_h=9.0,
        per_mwh=80.0, hours=(16, 17, 18),
    ),
    reserve(mw=3.0, name="standby", per_mw_h=6.0, months=(6, 7, 8)),
)  # fmt: skip


def rich_network(products=RICH):
    """Return a taxed network of swinging prices with two products stacked and one alone."""
    taxes = tiny.treatment(rate=0.25, deductible=0.8, vat_back=0.5)
    facts = tiny.facts(
        countries={"AA": tiny.country(mining=taxes, ai=taxes)},
        miners={"miner": replace(tiny.MINER, modes=(MODE,))},
    )
    given = tiny.site(
        flexibility=products, supply=(tiny.spot(),), connection=Connection(max_mw=10.0)
    )
    return tiny.network(given, given=facts, prices=tiny.daily_prices())


@pytest.fixture(scope="module")
def rich():
    return tiny.solve(rich_network(), gap=1e-7)


def test_stacked_products_on_steps_agree_with_one_programme(rich):
    model = solve_lp(rich.lowered.problem, gap=1e-9)
    assert rich.plan.objective == pytest.approx(model.objective, rel=1e-6)


@pytest.mark.long
def test_a_least_pledge_agrees_with_one_programme():
    found = tiny.solve(rich_network((RICH[0], replace(RICH[1], min_mw=4.0))), gap=1e-7)
    model = solve_lp(found.lowered.problem, gap=1e-9)
    assert found.plan.objective == pytest.approx(model.objective, rel=1e-6)


def test_the_books_leave_what_the_objective_counts(rich):
    year = rich.year()
    assert year.revenue["curtailment"] > 0
    assert year.revenue["reserve"] > 0
    left = sum(year.revenue.values()) - sum(year.cost.values()) - year.annuity
    assert rich.plan.objective == pytest.approx(left / 1.1, rel=1e-9)
    # tax is a rate on revenue less a relief on costs, so it must be that of these lines
    kept = 0.75 * sum(year.revenue.values())
    costs = sum(v for name, v in year.cost.items() if name != "tax") * (1 - 0.25 * 0.8)
    assert rich.plan.objective == pytest.approx((kept - costs - year.annuity) / 1.1, rel=1e-6)
