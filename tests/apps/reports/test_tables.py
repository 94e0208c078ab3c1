# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import pytest

from loadstone.apps.reports.tables import (
    builds_by_country,
    economics,
    gates,
    limits,
    millions,
    offers,
    rules,
    source_text,
)
from loadstone.model.plan import Marginal
from tests.apps.example_decision import asked
from tests.apps.example_plan import example

PLAN, _, NETWORK = example()
ASKED = asked(PLAN), NETWORK


def test_builds_are_grouped_by_country_and_add_up():
    table = builds_by_country(PLAN, NETWORK)
    groups = [row[0] for row in table.rows if len(row) == 1]
    assert [group.partition(":")[0] for group in groups] == [
        "Brazil", "China", "India", "Russia",
    ]  # fmt: skip
    spent = sum(float(row[-1].replace(",", "")) for row in table.rows if len(row) > 1)
    assert table.totals[-1] == f"{spent:,.1f}" == "7,393.2"


def test_every_build_is_told_once():
    table = builds_by_country(PLAN, NETWORK)
    told = sum(row[2].count("·") + 1 for row in table.rows if len(row) > 1)
    assert told == len(PLAN.builds)


def test_the_worth_of_the_sites_adds_up_to_the_plan():
    totals = economics(PLAN, NETWORK, 2030).totals
    assert totals[-1] == millions(PLAN.objective)  # all sites with a worth are open in 2030


def test_left_over_is_revenue_less_costs_and_capital():
    row = economics(PLAN, NETWORK, 2030).rows[0]
    numbers = [float(cell.replace(",", "").replace("–", "0")) for cell in row[4:13]]
    mining, ai, other, power, levies, rest, tax, capital, left = numbers
    assert abs(mining + ai + other - power - levies - rest - tax - capital - left) < 0.5


def test_a_rule_stands_once_with_all_its_years():
    rows = rules(PLAN, NETWORK).rows
    assert len(rows) == 3  # five hits of three rules
    assert rows[0][1:4] == ("Bratsk", "2027 to 2030", "2,904")


def test_a_rule_whose_hours_differ_shows_their_range():
    first, *others = PLAN.rules
    plan = replace(PLAN, rules=(replace(first, hours=2880), *others))
    assert rules(plan, NETWORK).rows[0][3] == "2,880–2,904"


def test_a_source_is_shown_with_its_address_and_day():
    text = source_text("decree", NETWORK)
    assert text.endswith("https://example.org/decree; read 2026-11-01")
    assert source_text("Decree 1869, <list of regions>", NETWORK) == text  # by its title
    assert source_text("Connection contract, clause 7", NETWORK) == (
        "Connection contract, clause 7"
    )


def test_limits_of_sites_that_never_open_are_left_out():
    shut = Marginal(
        kind="solar", subject="unbuilt", phase=2027, value=9e6, unit="MW", text="More."
    )
    plan = replace(PLAN, marginals=(shut, *PLAN.marginals))
    assert limits(plan) == limits(PLAN)


def test_a_limit_of_a_new_kind_is_still_told():
    odd = Marginal(kind="ice_cap", subject="x", phase=0, value=2e6, unit="MW", text="More ice.")
    table = limits(replace(PLAN, marginals=(odd,)))
    assert table.rows == (("Ice cap", "More ice.", "USD 2.00 m / MW"),)


def test_money_too_small_to_show_is_not_nothing():
    assert [millions(value) for value in (0.0, 1e3, -1e3, 1.25e9)] == [
        "–", "~0", "~0", "1,250.0",
    ]  # fmt: skip


def test_a_trace_of_an_asset_is_not_told():
    build = replace(PLAN.builds[0], asset="solar", amount=0.002, capex=1_400.0)
    plan = replace(PLAN, builds=(*PLAN.builds, build))
    assert (
        builds_by_country(plan, NETWORK).rows[1:] == builds_by_country(PLAN, NETWORK).rows[1:]
    )
    small = replace(build, amount=0.02)
    told = builds_by_country(replace(PLAN, builds=(small,)), NETWORK).rows
    assert told[1][2] == "Solar under 0.1 MW"


def test_value_added_tax_is_told_with_tax():
    year = PLAN.site_years[-1]
    more = replace(year, cost={**year.cost, "vat": 1e6})
    before = economics(PLAN, NETWORK, 2030).totals
    after = economics(replace(PLAN, site_years=(*PLAN.site_years[:-1], more)), NETWORK, 2030)
    assert float(after.totals[10]) - float(before[10]) == pytest.approx(1.0)


def test_offers_that_are_taken_stand_first():
    rows = offers(*ASKED).rows
    assert [row[:5] for row in rows] == [
        ("acme", "lease", "Tucuruí <north>", "yes", "2030"),
        ("north", "hosting", "Bratsk", "no", ""),
    ]


def test_gates_on_which_the_plan_builds_stand_first():
    rows = gates(*ASKED).rows
    assert rows[0][:6] == ("Kutch", "permit", "ai", "2027-09-01", "70%", "yes")
    assert rows[1][3] == "never"


def test_rent_counts_as_ai_and_hosting_as_mining():
    plan, network = ASKED
    more = economics(plan, network, 2030).totals
    less = economics(PLAN, NETWORK, 2030).totals

    def rise(column: int) -> float:
        return float(more[column].replace(",", "")) - float(less[column].replace(",", ""))

    assert rise(4) == pytest.approx(5.0)  # hosting, USD m
    assert rise(5) == pytest.approx(60_000 * 140 * 12 / 1e6 + 9.0, abs=0.11)
    assert (rise(2), rise(3)) == (12, 60)  # MW
