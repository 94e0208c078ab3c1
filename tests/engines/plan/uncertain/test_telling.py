# SPDX-License-Identifier: Apache-2.0

import pytest

from loadstone.engines.plan.uncertain.telling import MOST_RULES, condition, rules_of
from loadstone.model.plan import Build
from loadstone.model.uncertainty import Node

HIGH, LOW = (condition("hashprice", 42.0, above) for above in (True, False))
DEAR, CHEAP = (condition("ai:blackwell", 0.9, above) for above in (True, False))


def build(amount, asset="ai_hall", site="a", capex=1.0, unit="MW"):
    return Build(site=site, phase=2029, asset=asset, amount=amount, unit=unit, capex=capex)


def node(number, *builds, conditions=(), phase=2029):
    return Node(
        phase=phase, node=number, probability=0.5, conditions=tuple(conditions), builds=builds
    )


@pytest.mark.parametrize(
    ("factor", "threshold", "above", "said"),
    [
        ("hashprice", 42.04, True, "hashprice is at least 42 USD/PH/day"),
        ("hashprice", 42.04, False, "hashprice is below 42 USD/PH/day"),
        (
            "ai:blackwell",
            0.9,
            True,
            "AI on blackwell sells for at least 90% of the price in the facts",
        ),
        ("ai", 1.1, False, "AI sells for below 110% of the price in the facts"),
        ("power:NO-2", 1.25, True, "power in NO-2 costs at least 125% of what is stated"),
        ("power", 0.8, False, "power costs below 80% of what is stated"),
    ],
)
def test_what_is_seen_is_told_in_words(factor, threshold, above, said):
    assert condition(factor, threshold, above) == said


def test_what_is_built_in_one_node_alone_is_built_only_if():
    nodes = (node(0, conditions=(LOW,)), node(1, build(12.0), conditions=(HIGH,)))
    assert rules_of(nodes) == (
        "2029, a, ai_hall: 12 MW only if hashprice is at least 42 USD/PH/day; "
        "nothing otherwise.",
    )


def test_amounts_that_differ_are_told_most_first():
    nodes = (
        node(0, build(3.0), conditions=(LOW,)),
        node(1, build(12.0), conditions=(HIGH, CHEAP)),
        node(2, conditions=(HIGH, DEAR)),
    )
    (said,) = rules_of(nodes)
    assert said == (
        f"2029, a, ai_hall: 12 MW if {HIGH} and {CHEAP}; 3 MW if {LOW}; nothing otherwise."
    )


def test_a_question_whose_answer_does_not_matter_is_left_out():
    nodes = (
        node(0, conditions=(LOW,)),
        node(1, build(12.0), conditions=(HIGH, CHEAP)),
        node(2, build(12.1), conditions=(HIGH, DEAR)),
    )
    (said,) = rules_of(nodes)
    assert said == f"2029, a, ai_hall: 12.1 MW only if {HIGH}; nothing otherwise."


def test_what_is_the_same_in_all_nodes_is_no_rule():
    nodes = (
        node(0, build(12.0), conditions=(LOW,)),
        node(1, build(12.1), conditions=(HIGH,)),
    )
    assert rules_of(nodes) == ()
    assert rules_of((node(0, build(12.0)),)) == ()


def test_the_dearest_rules_come_first_and_the_rest_is_counted():
    many = [build(5.0, site=f"s{i}", capex=float(i)) for i in range(MOST_RULES + 3)]
    said = rules_of((node(0, conditions=(LOW,)), node(1, *many, conditions=(HIGH,))))
    assert said[0].startswith(f"2029, s{MOST_RULES + 2}, ")
    assert said[-1] == "3 smaller ones are in the nodes."
    assert len(said) == MOST_RULES + 1


def test_sites_that_open_are_counted_without_a_unit():
    nodes = (
        node(0, conditions=(LOW,)),
        node(1, build(1.0, asset="site", unit="1"), conditions=(HIGH,)),
    )
    assert rules_of(nodes)[0].startswith("2029, a, site: 1 only if ")
