# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace

import pytest

from loadstone.apps.reports.decision.sentences import (
    answer,
    filled,
    hashprice_words,
    mining_words,
    month_name,
    outlook_words,
    power_words,
    worst_stress,
)
from loadstone.model.decision import BreakEven
from tests.apps.example_decision import decision, months
from tests.apps.example_plan import example

PLAN, _, NETWORK = example()
DECISION = decision(PLAN)
NONE = BreakEven(hashprice=None, power_factor=None, mining_hashprice=None, mining_power=None)


def test_the_answer_is_one_sentence_with_cost_value_and_proof():
    text = answer(PLAN)
    assert text == (
        "By 2030, run 5 of 6 sites with 219 MW of miners and 239 MW of AI servers: "
        "USD 7.39 bn of capital for a value of USD 6.82 bn, proven within 0.04% of the best "
        "possible."
    )
    assert answer(replace(PLAN, gap=0.0)).endswith("and no plan is worth more.")


def test_leases_and_hosting_are_named_apart():
    *others, last = PLAN.site_years
    more = replace(last, capacities={**last.capacities, "lease:acme": 30.0, "hosting:x": 5.0})
    text = answer(replace(PLAN, site_years=(*others, more)))
    assert "219 MW of miners, 5 MW of hosted miners, 239 MW of AI servers and 30 MW of" in text


def shifted(made, by: float):
    """Return the decision with every value of its sensitivities lower."""
    less = tuple(replace(s, value=s.value - by) for s in made.sensitivities)
    return replace(made, sensitivities=less, break_even=NONE)


def test_a_hashprice_that_was_not_found_says_how_far_it_was_looked_for():
    figure, text = hashprice_words(DECISION)
    assert figure == "below 15"
    assert "none down to 15 USD/PH/day" in text
    figure, text = hashprice_words(shifted(DECISION, 1e12))
    assert figure == "above 60"
    assert "none up to 60" in text
    assert "was tried" in hashprice_words(replace(DECISION, sensitivities=()))[1]


def test_a_hashprice_that_was_found_is_named():
    even = replace(DECISION.break_even, hashprice=23.46)
    figure, text = hashprice_words(replace(DECISION, break_even=even))
    assert figure == "23.5"
    assert text == "Break-even hashprice: 23.5 USD/PH/day, flat over all years."


@pytest.mark.parametrize(
    ("factor", "figure", "words"),
    [(1.86, "+86%", "86% above the outlook's"), (0.9, "−10%", "10% below the outlook's")],
)
def test_a_power_price_is_told_as_a_change(factor, figure, words):
    even = replace(DECISION.break_even, power_factor=factor)
    found = power_words(replace(DECISION, break_even=even))
    assert found[0] == figure
    assert words in found[1]


def test_a_power_price_that_was_not_found_says_how_far_it_was_looked_for():
    assert power_words(shifted(DECISION, -1e12))[0] == "over +100%"
    assert power_words(shifted(DECISION, 1e12))[0] == "none"
    none = replace(DECISION, break_even=NONE, sensitivities=())
    assert "was tried" in power_words(none)[1]


def test_a_plan_that_never_mines_says_nothing_of_mining():
    assert "27.4 USD/PH/day" in mining_words(DECISION, "USD")
    assert mining_words(replace(DECISION, break_even=NONE), "USD") == ""


def test_the_outlook_is_told_from_first_to_last():
    assert outlook_words(NETWORK).startswith("the outlook has ")
    assert " to " in outlook_words(NETWORK)


def test_the_worst_stress_is_that_in_which_the_plan_is_worth_least():
    name, value = worst_stress(DECISION)
    assert name == "halving unpaid, AI -60 %"
    assert value == pytest.approx(-0.24 * PLAN.objective)
    assert worst_stress(replace(DECISION, stressed=())) is None


def test_months_are_told_by_the_gap_that_miners_fill():
    text = filled(months())
    assert text.startswith("Until AI draws its first power in January 2029, miners draw ")
    assert "MW in the reserve that is energised but not firm" in text
    assert "32 MW in the part of the lease that the tenant does not draw" in text  # 100 - 68


def test_a_site_without_ai_says_so():
    alone = tuple(replace(m, leased_mw=0.0, leased_drawn_mw=0.0) for m in months())
    assert filled(alone).startswith("No tenant")


def test_a_site_without_miners_says_so():
    still = tuple(replace(m, mining_mw=0.0, hosting_mw=0.0) for m in months())
    assert filled(still) == (
        "Nothing mines here before AI draws its first power in January 2029. From then on "
        "nothing is mined."
    )


def test_months_have_names():
    assert month_name("2027-03") == "March 2027"
