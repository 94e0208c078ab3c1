# SPDX-License-Identifier: Apache-2.0
"""A plan does not depend on the currency it is counted in, weak as that may be."""

from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.plan.lp import solve_lp
from loadstone.engines.plan.problem import SHORTAGE_PRICE
from loadstone.engines.plan.uncertain.stack import stack
from loadstone.model.connection import Backup, Connection, Cut, NonFirm
from loadstone.model.network import Caps, Stated
from loadstone.model.site import AiSales, Limits
from tests.engines.plan.lower import tiny_network as tiny

RATE = 16_000.0  # to the dollar
RUPIAH = {
    "currency": "IDR",
    "fx": {"USD": Stated(value=1 / RATE, source="a bank", date=tiny.DAY)},
}


def scarce(battery_mw=2.0, **changes):
    """Return a network whose AI always runs, on power of which 10 MW lack one hour a day."""
    flexible = NonFirm(existing_mw=10.0, max_mw=10.0, cut=(Cut(hours=(18,)),))
    site = tiny.site(
        connection=Connection(existing_mw=5.0, max_mw=5.0, non_firm=flexible),
        limits=Limits(battery_mw=battery_mw, battery_mwh=2 * battery_mw),
        ai_sales=AiSales(contracted_share=1.0, floor=1.0),
        firmness=False,
    )
    return tiny.network(site, servers=("server",), **changes)


def test_a_weak_currency_changes_no_plan_and_lacks_no_power():
    dollars = tiny.solve(scarce(), gap=1e-7)
    rupiah = tiny.solve(scarce(**RUPIAH), gap=1e-7)
    assert dollars.stands("server:server") == pytest.approx(7 / tiny.PUE, rel=1e-4)
    np.testing.assert_allclose(
        rupiah.solution.columns, dollars.solution.columns, rtol=1e-3, atol=1e-3
    )
    assert rupiah.plan.objective == pytest.approx(RATE * dollars.plan.objective, rel=1e-6)
    assert max(float(h.shortage.max()) for h in rupiah.hours) < 1e-6


def test_the_whole_agrees_in_a_weak_currency():
    rupiah = tiny.solve(scarce(battery_mw=0.0, **RUPIAH))
    whole = solve_lp(rupiah.lowered.problem, gap=1e-9)
    assert rupiah.stands("server:server") == pytest.approx(5 / tiny.PUE)
    assert rupiah.plan.objective == pytest.approx(whole.objective, rel=1e-6)


def test_at_a_hundred_thousand_rupiah_a_mwh_it_would_pay_to_lack_power():
    problem = lower(scarce(**RUPIAH)).problem
    search = Search(replace(problem, shortage_price=SHORTAGE_PRICE), gap=1e-5)
    assert list(search.steps())
    assert max(float(h.shortage.max()) for h in search.dispatch()) > 1.0


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({}, SHORTAGE_PRICE),
        (RUPIAH, RATE * SHORTAGE_PRICE),
        ({"currency": "IDR"}, SHORTAGE_PRICE),
    ],
)
def test_dear_prices_are_in_dollars_where_a_rate_says_so(changes, price):
    assert Economy(scarce(**changes)).from_usd(SHORTAGE_PRICE) == pytest.approx(price)


def test_a_problem_has_the_price_of_missing_power_in_its_currency():
    assert lower(scarce()).problem.shortage_price == SHORTAGE_PRICE
    problem = lower(scarce(**RUPIAH)).problem
    assert problem.shortage_price == pytest.approx(RATE * SHORTAGE_PRICE)
    stacked = stack([problem, problem], np.array([0.5, 0.5]), np.zeros((2, 1), dtype=np.int64))
    assert stacked.problem.shortage_price == problem.shortage_price


def test_backup_beyond_its_permit_and_carbon_beyond_the_cap_cost_the_same_in_any_currency():
    backup = Backup(existing_mw=1.0, max_mw=1.0, max_hours=10.0)
    site = tiny.site(backup=backup)
    penalties = {
        currency: [
            account.penalty
            for block in lower(
                tiny.network(site, caps=Caps(carbon_tonnes=1e5), **changes)
            ).problem.blocks
            for account in block.accounts
        ]
        for currency, changes in (("USD", {}), ("IDR", RUPIAH))
    }
    assert penalties["USD"]
    assert penalties["IDR"] == pytest.approx([RATE * one for one in penalties["USD"]])
