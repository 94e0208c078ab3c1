# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import pytest

from loadstone.apps.reports.decision.capital import (
    capital_sources,
    capital_table,
    capital_uses,
    group_of,
    weightiest,
)
from loadstone.apps.reports.decision.rows import (
    change,
    countries_table,
    regrets,
    short_variants,
    signed,
    variants_table,
)
from loadstone.model.capital import Investor
from loadstone.model.decision import Stressed
from loadstone.model.network import Stated
from loadstone.model.plan import CapitalYear, Funding
from tests.apps.example_decision import decided
from tests.apps.example_plan import DAY

PLAN, _, NETWORK, DECISION = decided()


def number_in(cell: str) -> float:
    return float(cell.replace(",", "").replace("−", "-").replace("–", "0"))


def test_the_plan_stands_first_and_other_plans_below_it_by_kind():
    rows = variants_table(DECISION).rows
    assert rows[0][0] == "The plan"
    assert [row[0] for row in rows if len(row) == 1] == [
        "Worth within 1% of the plan",
        "The best without something",
        "The best with a rule or a layer switched",
    ]


def test_differences_are_those_of_the_values():
    rows = [row for row in variants_table(DECISION).rows if len(row) > 1]
    whole = number_in(rows[0][1])
    for row in rows[1:]:
        assert number_in(row[2]) == pytest.approx(number_in(row[1]) - whole, abs=0.11)
        assert number_in(row[3]) == pytest.approx(100 * number_in(row[2]) / whole, abs=0.06)


def test_what_an_alternative_has_stands_beside_its_proven_limit():
    rows = {row[0]: row for row in variants_table(DECISION).rows}
    assert rows["Most mining"][4:6] == ("1,388.2 MW", "1,392.9 MW")
    assert rows["Fewest sites"][4:6] == ("22", "22")
    assert rows["Wait"][4:6] == ("", "")


def test_hosting_has_a_column_only_where_somebody_hosts():
    own = tuple(replace(one, hosted_mw=0.0) for one in DECISION.variants)
    alone = replace(DECISION, variants=own)
    assert "Hosted MW" in variants_table(DECISION).columns
    assert "Hosted MW" not in variants_table(alone).columns
    assert "Hosted MW" not in short_variants(alone).columns


def test_the_narrow_table_leaves_out_limits_and_hosting():
    table = short_variants(DECISION, narrow=True)
    assert table.columns[-1] == "Capital"
    assert all(len(row) in {1, len(table.columns)} for row in table.rows)


def test_a_sign_is_never_put_on_nothing():
    assert (signed(0.0), signed(12_000.0), signed(-2.5e6)) == ("0.0", "0.0", "−2.5")
    assert (change(100.04, 100.0), change(90.0, 100.0), change(1.0, 0.0)) == (
        "0.0", "−10.0", "–",
    )  # fmt: skip


def test_regret_is_what_the_best_is_worth_more():
    rows = {row.name: row for row in regrets(DECISION)}
    worth = PLAN.objective
    cell = rows["mine only"].cells[0]  # hashprice 20: 70 % for most AI, -4 % for mine only
    assert cell.regret == pytest.approx(0.74 * worth)
    assert cell.value == pytest.approx(-0.04 * worth)
    assert rows["most AI"].cells[0].regret == 0


def test_the_smallest_of_the_largest_regrets_is_marked():
    rows = regrets(DECISION)
    assert [row.name for row in rows if row.least] == ["plan"]
    for row in rows:
        known = [cell.regret for cell in row.cells if cell.regret is not None]
        assert row.largest in {None, max(known)}


def test_a_plan_that_a_stress_makes_impossible_has_no_largest_regret():
    wait = next(row for row in regrets(DECISION) if row.name == "wait")
    assert wait.largest is None
    assert wait.cells[-1].text == "not possible"
    assert wait.cells[-1].worst


def test_a_stress_that_no_plan_survives_is_told_not_ranked():
    none = Stressed(name="war", text="", values=dict.fromkeys(DECISION.stressed[0].values))
    rows = regrets(replace(DECISION, stressed=(*DECISION.stressed, none)))
    assert {row.cells[-1].text for row in rows} == {"not possible"}
    assert not any(row.least for row in rows)


def test_regret_is_darker_the_more_of_the_value_it_is():
    steps = {cell.regret: cell.step for row in regrets(DECISION) for cell in row.cells}
    known = sorted((regret, step) for regret, step in steps.items() if regret is not None)
    assert [step for _, step in known] == sorted(step for _, step in known)
    assert {step for _, step in known} == {0, 1, 2, 3}


def test_variants_that_no_stress_was_tried_on_have_no_regret():
    assert "without the firmness rule" not in {row.name for row in regrets(DECISION)}
    assert regrets(replace(DECISION, stressed=())) == ()


def test_uses_and_sources_of_capital_are_the_same_sum():
    table = capital_table(PLAN, NETWORK)
    uses = [row for row in table.rows if len(row) > 1 and row[0] != "Own funds"]
    (own,) = [row for row in table.rows if row[0] == "Own funds"]
    for j in range(1, len(table.columns)):
        assert sum(number_in(row[j]) for row in uses) == pytest.approx(
            number_in(own[j]), abs=0.3
        )
    assert table.totals[1:] == own[1:]


@pytest.mark.parametrize(
    ("asset", "group"),
    [
        ("connection_non_firm", "Connection, transformers"),
        ("transformer", "Connection, transformers"),
        ("ai_hall_liquid", "AI halls, conversions"),
        ("conversion:ai_hall_air", "AI halls, conversions"),
        ("miner:antminer-s21-xp:used", "Miners"),
        ("battery_energy", "Own power, storage"),
        ("site", "Opening sites, other"),
    ],
)
def test_every_asset_is_some_kind_of_capital(asset, group):
    assert group_of(asset) == group


def test_all_capital_is_in_one_kind():
    spent = sum(sum(row.values()) for row in capital_uses(PLAN).values())
    assert spent == pytest.approx(sum(build.capex for build in PLAN.builds))


def test_investors_stand_beside_own_funds_by_name():
    given = Funding(investor="fund", country="BR", phase=2027, amount=1e8)
    investor = Investor(id="fund", name="River Fund", country="BR", capital=1e9)
    study = replace(NETWORK.study, investors=(investor,))
    network = replace(NETWORK, study=study)
    sources = capital_sources(replace(PLAN, funding=(given,)), network)
    assert list(sources) == ["River Fund", "Own funds"]
    assert sources["Own funds"][2027] == pytest.approx(75e6)  # 175 m are paid in 2027
    whole = tuple(
        replace(given, phase=phase, amount=sum(y.by_asset.values()))
        for y in PLAN.capital
        for phase in (y.phase,)
    )
    assert list(capital_sources(replace(PLAN, funding=whole), network)) == ["River Fund"]


def test_half_years_are_one_year_of_capital():
    halves = tuple(CapitalYear(phase=at, by_asset={"server": 1e9}) for at in (2027, 2027.5))
    table = capital_table(replace(PLAN, phases=(2027, 2027.5), capital=halves), NETWORK)
    assert table.columns == ("USD m", "2027", "All")
    assert table.totals == ("Total", "2,000.0", "2,000.0")


def test_capital_is_told_when_it_is_paid():
    early = CapitalYear(phase=2027, by_asset={"server": 3e9, "ai_hall_liquid": 1e9})
    uses = capital_uses(replace(PLAN, capital=(early,)))
    assert uses == {"AI halls, conversions": {2027: 1e9}, "AI servers": {2027: 3e9}}


def test_the_heaviest_assumption_says_what_its_range_does():
    (weight,) = weightiest(PLAN, NETWORK)  # the only price of the example with a range
    spent = sum(b.capex for b in PLAN.builds if b.asset == "server:dgx-b200")
    assert weight.swing == pytest.approx(spent * (515 - 350) / 400)
    assert weight.text.startswith("DGX B200 at 400,000 USD, chosen from 350,000 to 515,000")


def test_a_cost_that_the_user_states_is_no_assumption():
    costs = {"connection": replace(NETWORK.facts.servers["dgx-b200"].price, unit="USD/MW")}
    facts = replace(NETWORK.facts, costs=costs)
    assert len(weightiest(PLAN, replace(NETWORK, facts=facts))) == 2
    stated = {"connection": Stated(value=1e5, source="me", date=DAY)}
    study = replace(NETWORK.study, costs=stated)
    assert len(weightiest(PLAN, replace(NETWORK, facts=facts, study=study))) == 1


def test_countries_are_told_side_by_side():
    table = countries_table(DECISION, NETWORK)
    assert [row[0] for row in table.rows] == ["Russia", "Brazil", "India", "China"]
    assert table.rows[0][-2:] == ("34.2", "14.0%")
    none = replace(DECISION.countries[0], power_cost=None)
    assert countries_table(replace(DECISION, countries=(none,)), NETWORK).rows[0][-2] == "–"
