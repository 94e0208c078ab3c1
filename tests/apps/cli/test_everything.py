# SPDX-License-Identifier: Apache-2.0
"""All pieces of the planner in one network: the plan is proven, and its books add up."""

import json

import pytest

from loadstone.adapters.files.run_folder import read_plan
from loadstone.apps.reading import read_network
from loadstone.engines.plan.lower import lower
from tests.apps.cli.commands import answer
from tests.network_folders import everything

NO_PROFIT = {"tax", "risk_premium"}
BR_RATE = 0.34


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a run of everything."""
    folder = everything(tmp_path_factory.mktemp("everything"))
    answer("plan", folder, "--out", folder / "runs" / "first", "--gap", "3e-3", "--alone")
    return folder / "runs" / "first"


@pytest.fixture(scope="module")
def plan(made):
    return read_plan(made)


@pytest.mark.parametrize("level", [1, pytest.param(2, marks=pytest.mark.long)])
def test_the_plan_is_proven_again(level, made):
    found = answer("verify", made, "--level", level)
    assert found["ok"], found["checks"]


def test_what_must_be_taken_is_and_what_waits_is_told(plan):
    taken = {offer.id: offer.taken for offer in plan.offers}
    assert taken["tenant-a"]
    told = {hit.text for hit in plan.rules}
    assert "what is new for AI waits for a permit, expected on 2027-06-30" in told
    assert len([text for text in told if "fibre" in text]) == 1


def test_what_the_books_leave_is_the_value_of_each_site(made, plan):
    lowered = lower(read_network(made / "inputs"))
    for site in lowered.sites:
        weights = dict(zip(plan.phases, site.economy.weights, strict=True))
        total = sum(
            weights[y.phase] * (sum(y.revenue.values()) - sum(y.cost.values()) - y.annuity)
            for y in plan.site_years
            if y.site == site.site.id
        )
        (told,) = (one.npv for one in plan.sites if one.id == site.site.id)
        assert total == pytest.approx(told, rel=1e-9)
    assert sum(one.npv for one in plan.sites) == pytest.approx(plan.objective, rel=1e-9)


def test_tax_is_the_rate_on_what_is_left_before_it(plan):
    # Both uses pay 34 % in Brazil and may deduct all costs; nothing else may hide in the tax.
    for year in plan.site_years:
        cost = sum(amount for name, amount in year.cost.items() if name not in NO_PROFIT)
        profit = sum(year.revenue.values()) - cost
        assert year.cost["tax"] == pytest.approx(BR_RATE * profit, rel=1e-6, abs=1.0)


def test_energy_that_comes_in_goes_somewhere(plan):
    given = ("import", "solar", "wind", "own", "backup", "discharge")
    used = (
        "export",
        "charge",
        "mining",
        "ai",
        "promised",
        "hosting",
        "lease power",
        "auxiliary",
    )
    for year in plan.site_years:
        energy = year.energy_mwh
        came = sum(energy.get(name, 0.0) for name in given)
        went = sum(energy.get(name, 0.0) for name in used)
        assert came == pytest.approx(went, rel=1e-9)


def test_no_line_is_told_that_is_never_paid(plan):
    lines = {name for year in plan.site_years for name in (*year.revenue, *year.cost)}
    assert "hosting" not in lines  # nobody is hosted
    assert {"reserve", "rent", "lease power", "held_demand"} <= lines


def test_the_same_inputs_give_the_same_plan(made, tmp_path):
    again = tmp_path / "again"
    answer("plan", made / "inputs", "--out", again, "--gap", "3e-3", "--alone")
    names = ("objective", "bound", "builds")
    first, second = (json.loads((run / "plan.json").read_text()) for run in (made, again))
    assert [first[name] for name in names] == [second[name] for name in names]
