# SPDX-License-Identifier: Apache-2.0
"""Agreements to stop when called: paid up to their hours, for what could have run."""

import numpy as np
import pytest

from loadstone.model.flexibility import Curtailment
from loadstone.model.site import Clause
from tests.engines.plan.lower import tiny_network as tiny

CALLED = (np.arange(tiny.HOURS) % 24 == 18) & (
    np.datetime64("2027-01-01T00", "h") + np.arange(tiny.HOURS) < np.datetime64("2027-03-01")
)  # 18:00 to 19:00 in January and February: 59 hours


def agreement(**changes):
    given = {
        "name": "peak relief", "mw": 4.0, "months": (1, 2), "hours": (18,), "max_hours": 20.0,
        "per_mwh": 1000.0, "currency": "USD", "source": "contract",
    }  # fmt: skip
    return Curtailment(**given | changes)


def solved(one, **site):
    return tiny.solve(tiny.network(tiny.site(curtailment=(one,), **site)), gap=1e-8)


def test_calls_pay_up_to_their_hours_and_no_further():
    # a MW of machines draws 1.05 MW at the meter, and earns 150 - 1.05 x 50 at its plug
    found = solved(agreement())
    power = found.power()["miner:miner:peak relief"]
    still = (4 * tiny.PUE - power)[CALLED].sum()
    assert still == pytest.approx(20 * 4 * tiny.PUE, rel=1e-6)
    year = found.year()
    assert year.revenue["curtailment"] == pytest.approx(20 * 4 * tiny.PUE * 1000, rel=1e-6)
    before = tiny.solve(tiny.network())
    gain = 20 * 4 * (tiny.PUE * 1000 - (150 - tiny.PUE * 50)) / 1.1
    assert found.plan.objective - before.plan.objective == pytest.approx(gain, rel=1e-4)


def test_a_call_that_pays_less_than_mining_changes_nothing():
    # stopping a MWh at the meter loses 150 / 1.05 - 50 = 93 USD
    found, before = solved(agreement(per_mwh=90.0)), tiny.solve(tiny.network())
    assert found.plan.objective == pytest.approx(before.plan.objective, rel=1e-7)
    assert found.year().revenue["curtailment"] == pytest.approx(0, abs=1e-3)


def test_nothing_is_paid_for_machines_that_were_not_allowed_to_run():
    # mining is forbidden in January: only February's 28 calls are left of 59
    found = solved(agreement(max_hours=1000.0), clauses=(Clause(months=(1,), source="x"),))
    paid = found.year().revenue["curtailment"]
    assert paid == pytest.approx(28 * 4 * tiny.PUE * 1000, rel=1e-6)


def test_a_pledge_is_paid_by_the_mw_and_year():
    found = solved(agreement(per_mwh=0.0, per_mw_year=5000.0))
    before = tiny.solve(tiny.network())
    gain = found.plan.objective - before.plan.objective
    assert gain == pytest.approx(4 * 5000 / 1.1, rel=1e-4)


def test_a_pledge_is_kept_by_no_more_machines_than_there_are():
    found = solved(agreement(mw=500.0))
    problem, site = found.lowered.problem, found.lowered.sites[0]
    pledged = [
        float(found.solution.columns[c])
        for c, label in enumerate(problem.columns)
        if label.kind == "pledge"
    ]
    assert sum(pledged) <= found.stands("miner:miner") + 1e-6
    assert site.site.curtailment[0].mw > sum(pledged)
