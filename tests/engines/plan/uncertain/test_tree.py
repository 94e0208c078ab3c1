# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.plan.uncertain.tree import check_nodes, grow
from loadstone.model.errors import InputError
from tests.engines.plan.uncertain.futures import seen as seen_in


def drawn(seed, futures=12, phases=4, factors=2):
    rng = np.random.default_rng(seed)
    return seen_in(np.exp(rng.normal(size=(futures, phases, factors)).cumsum(axis=1)))


@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 3))
def test_the_questions_lead_each_future_to_its_node(seed, most, least):
    seen = drawn(seed)
    tree = grow(seen, np.full(12, 1 / 12), most=most, least=least)
    check_nodes(tree.nodes, 12)
    np.testing.assert_array_equal(tree.find(seen), tree.nodes)
    assert all(len(set(tree.nodes[:, p])) <= most for p in range(4))
    for p in range(4):
        assert np.bincount(tree.nodes[:, p]).min() >= min(least, 12)


@given(st.integers(0, 10_000))
def test_the_conditions_of_a_node_hold_for_its_futures_alone(seed):
    seen = drawn(seed)
    tree = grow(seen, np.full(12, 1 / 12), most=5, least=1)
    for p in range(4):
        for node in set(tree.nodes[:, p].tolist()):
            here = np.ones(12, dtype=bool)
            for question, above in tree.conditions(p, node):
                at = seen[:, question.phase, question.factor] >= question.threshold
                here &= at == above
            np.testing.assert_array_equal(here, tree.nodes[:, p] == node)


def test_the_factor_that_spreads_most_is_asked_about_first():
    seen = np.zeros((4, 2, 2))
    seen[:, 1, 0] = [1.0, 1.0, 2.0, 2.0]
    tree = grow(seen, np.full(4, 0.25))
    (question,) = tree.questions
    assert (question.phase, question.node, question.factor) == (1, 0, 0)
    assert question.threshold == 1.5
    assert tree.nodes[:, 1].tolist() == [0, 0, 1, 1]


def test_phases_before_the_first_are_decided_here_and_now():
    tree = grow(drawn(1), np.full(12, 1 / 12), first=3)
    assert (tree.nodes[:, :3] == 0).all()
    assert tree.nodes[:, 3].max() == 1


@pytest.mark.parametrize(
    "nodes",
    [np.array([[0, 0, 0], [0, 1, 0]]), np.zeros((3, 2), dtype=int), np.zeros(2, dtype=int)],
)
def test_nodes_that_are_no_tree_are_refused(nodes):
    with pytest.raises(InputError, match="nodes"):
        check_nodes(nodes, 2)


@pytest.mark.parametrize("wrong", [{"most": 0}, {"first": 0}, {"least": 0}])
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="at least 1"):
        grow(drawn(1), np.full(12, 1 / 12), **wrong)
    with pytest.raises(InputError, match="seen"):
        grow(drawn(1), np.full(3, 1 / 3))
