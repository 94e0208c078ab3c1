# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from itertools import pairwise

import pytest

from loadstone.adapters.files.run_folder import read_decision
from loadstone.services.planning import Order, plan_network
from tests.network_folders import campus, edit
from tests.services.test_planning import SteppingClock, doors

TWO = """
[[stresses]]
name = "poor"
hashprice = 20.0

[[stresses]]
name = "late"
connection_delay_years = 1.0
"""


class HurryingClock(SteppingClock):
    """A clock that goes half as far again each time it is asked."""

    def wall_s(self) -> float:
        self.step_s *= 1.5
        return super().wall_s()


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = campus(tmp_path_factory.mktemp("deciding"))
    study = folder / "network.toml"
    edit(study, "carbon_price = 0.0\n", "carbon_price = 0.0\n" + TWO)
    return plan_network(folder, folder / "run", doors(), order=Order(gap=1e-3))


def test_every_alternative_is_worth_enough_and_within_its_proven_limit(found):
    plan = found.plan
    alternatives = [v for v in found.decision.variants if v.kind == "alternative"]
    assert {v.name for v in alternatives} == {"most mining", "most AI", "least capital"}
    for one in alternatives:
        assert one.value >= 0.99 * plan.objective
        assert one.value <= plan.bound * (1 + 1e-9)
        past = one.amount_bound - one.amount
        assert (past if one.name.startswith("most") else -past) >= -1e-6 * abs(one.amount)
    first = found.decision.variants[0]
    assert (first.name, first.value) == ("plan", plan.objective)
    by_name = {v.name: v for v in alternatives}
    assert by_name["most mining"].mining_mw >= first.mining_mw - 1e-6
    assert by_name["least capital"].capex <= first.capex * (1 + 1e-9)


def test_what_goes_without_something_is_worth_less_and_does_without(found):
    by_name = {v.name: v for v in found.decision.variants if v.kind == "restricted"}
    assert set(by_name) == {"AI only", "mine only", "wait"}
    assert all(v.value <= found.plan.bound * (1 + 1e-9) for v in by_name.values())
    built = {name: {b.asset for b in v.builds} for name, v in by_name.items()}
    assert not any(asset.startswith("miner:") for asset in built["AI only"])
    assert not any(asset.startswith("server:") for asset in built["mine only"])
    first = min(b.phase for b in found.plan.builds)
    assert all(b.phase > first for b in by_name["wait"].builds)


def test_stresses_value_every_plan_and_none_is_better_than_the_best(found):
    poor, late = found.decision.stressed
    assert (poor.name, late.name) == ("poor", "late")
    names = {v.name for v in found.decision.variants if v.kind != "switch"}
    for one in (poor, late):
        assert set(one.values) == names
        assert min(one.regret(name) for name in names) == 0
    assert poor.values["plan"] < found.plan.objective
    assert "20 USD/PH/day" in poor.text
    assert "1 year later" in late.text


def test_the_value_rises_with_hashprice_and_falls_with_the_price_of_power(found):
    def values(factor):
        rows = [s for s in found.decision.sensitivities if s.factor == factor]
        return [s.value for s in sorted(rows, key=lambda s: s.at)]

    assert len(values("hashprice")) == 5
    assert all(a < b for a, b in pairwise(values("hashprice")))
    assert all(a < b for a, b in pairwise(values("ai_price")))
    assert all(a > b for a, b in pairwise(values("power_price")))


def test_the_page_s_numbers_agree_with_the_plan(found):
    decision, plan = found.decision, found.plan
    assert [use.phase for use in decision.uses] == list(plan.phases)
    assert decision.uses[-1].energised_mw == pytest.approx(plan.metrics["connected_mw"])
    [row] = decision.countries
    assert row.code == "BR"
    assert row.value == pytest.approx(plan.objective)
    assert 0 < decision.contracted_share < 1  # half of the AI is under contract
    assert any("Hashprice" in truth.text for truth in decision.truths)
    assert all(truth.basis for truth in decision.truths)


def test_a_decision_is_read_again_as_it_was_written(found):
    assert read_decision(found.run) == found.decision


def test_what_there_was_no_time_for_is_said(tmp_path):
    folder = campus(tmp_path)
    hurried = replace(doors(), clock=HurryingClock(1.0))
    found = plan_network(folder, tmp_path / "run", hurried, order=Order(gap=1e-3))
    [note] = found.decision.notes
    assert note.startswith("No time was left for: ")
    assert "stress hashprice 20" in note
    assert found.decision.variants[0].name == "plan"
