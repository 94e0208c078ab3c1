# SPDX-License-Identifier: Apache-2.0
"""From a plan's objective to the value of its cash: steps that sum, each for its reason."""

from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.finance.returns import factors as discount_factors
from loadstone.engines.finance.tax import taxed
from loadstone.engines.plan.result import site_hours
from loadstone.engines.value.bridge import bridge
from loadstone.engines.value.operating import operating_cash
from loadstone.model.capital import Discount
from loadstone.model.finance.cash import CashRow
from tests.engines.plan.lower import test_resale as resale
from tests.engines.plan.lower import tiny_network as tiny
from tests.engines.value.operating.planned import inflation, solved, with_cash


def told(plan, table, network):
    """Return the steps by name, in order."""
    return {step.name: step.amount for step in bridge(plan, table, network)}


@pytest.fixture(scope="module")
def small():
    return solved()


def after_tax(small, **terms):
    plan, hours, network = small
    given = with_cash(network, **terms)
    return plan, taxed(operating_cash(plan, hours, given), given), given


def test_it_begins_with_the_objective_and_ends_with_the_value_of_cash(small):
    plan, table, network = after_tax(small, inflation=inflation(USD=0.03))
    steps = told(plan, table, network)
    names = list(steps)
    assert (names[0], names[-1]) == ("plan", "value")
    assert steps["plan"] == plan.objective
    rate = 1.10 * 1.03 - 1
    expected = float(table.total() @ discount_factors(rate, table.months))
    assert steps["value"] == pytest.approx(expected)


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"inflation": inflation(USD=0.05)},
        {"paid_after_days": {"revenue": 30.0}, "end_value": {"": 1.0}},
    ],
)
def test_the_steps_sum(small, terms):
    steps = list(bridge(*after_tax(small, **terms)))
    total = sum(step.amount for step in steps[:-1])
    assert total == pytest.approx(steps[-1].amount, rel=1e-12)


def test_a_plan_without_premiums_has_no_step_for_them(small):
    steps = told(*after_tax(small))
    assert steps["no cash"] == pytest.approx(0.0, abs=1e-6 * abs(steps["plan"]))
    assert steps["one rate"] == pytest.approx(0.0, abs=1e-6)
    assert steps["debt and hedges"] == 0.0


def test_a_premium_on_revenue_is_no_cash(small):
    """The objective is less by it, and the step gives it back."""
    _, _, network = small
    study = replace(network.study, discount=Discount(revenue={"ai": 0.02}))
    found = tiny.solve(replace(network, study=study), gap=1e-7)
    premium = sum(
        year.cost["risk_premium"] * weight
        for year, weight in zip(found.plan.site_years, weights(study), strict=True)
    )
    table = operating_cash(found.plan, hours_of(found), found.lowered.network)
    steps = told(found.plan, table, found.lowered.network)
    assert premium > 0
    assert steps["no cash"] == pytest.approx(premium)


def weights(study):
    from_first = [(p.at - study.phases[0].at, p.years) for p in study.phases]
    return [
        sum(
            min(1.0, years - k) * 1.1 ** -(at + k + min(1.0, years - k))
            for k in range(int(np.ceil(years)))
        )
        for at, years in from_first
    ]


def hours_of(found):
    return site_hours(found.lowered, found.solution, found.hours)


def test_inflation_alone_changes_nothing_that_follows_prices(small):
    steps = told(*after_tax(small, inflation=inflation(USD=0.08)))
    assert steps["inflation"] == pytest.approx(0.0, abs=1e-6 * abs(steps["plan"]))


def test_a_rent_that_stays_loses_by_inflation(small):
    terms = {"inflation": inflation(USD=0.08), "escalation": {"lease:tenant": 0.0}}
    assert told(*after_tax(small, **terms))["inflation"] < -1.0


def test_debt_is_a_step_of_its_own(small):
    plan, table, network = after_tax(small)
    drawn = np.eye(table.months)[0] * 1e6
    loan = CashRow(group="draw", line="loan", amounts=drawn)
    steps = told(plan, replace(table, rows=(*table.rows, loan)), network)
    assert steps["debt and hedges"] == pytest.approx(1e6)


def test_tax_that_is_linear_in_cash_too_has_a_small_step():
    """Where machines are written off alike and no loss waits, only days differ."""
    steps = told(*after_tax(solved()))
    assert abs(steps["tax in time"]) < 0.2 * abs(steps["plan"])


def test_tax_on_what_is_sold_is_the_planners_before_it_is_the_tax_offices():
    """With one rate, no losses and one year, both are the same: only its day differs."""
    country = tiny.country(mining=tiny.treatment(rate=0.25), ai=tiny.treatment(rate=0.25))
    facts = replace(resale.given(**resale.USED), countries={"AA": country})
    cheap = np.full(tiny.HOURS, resale.CHEAP)
    site = resale.standing(standing=(replace(resale.standing().standing[0], mw=8.0),))
    network = tiny.network(site, given=facts, prices=cheap, resale=True)
    found = tiny.solve(network, gap=1e-8)
    table = operating_cash(found.plan, hours_of(found), network)
    sold = CashRow(
        group="resale", line="miner:miner", amounts=np.eye(table.months)[0] * 1e6, site="site",
        country="AA", currency="USD",
    )  # fmt: skip
    more = replace(table, rows=(*table.rows, sold))
    before = told(found.plan, taxed(table, network), network)
    after = told(found.plan, taxed(more, network), network)
    # 75 % of a million at once; then the tax of a year's end in place of its beginning
    assert after["capital when paid"] - before["capital when paid"] == pytest.approx(750_000.0)
    later = 250_000 * (1 - 1.1 ** (-11 / 12))
    assert after["tax in time"] - before["tax in time"] == pytest.approx(later)
