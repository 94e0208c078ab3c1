# SPDX-License-Identifier: Apache-2.0
"""The planning problem as numbers: what it refuses, and what its parts mean."""

from dataclasses import replace

import numpy as np
import pytest

from loadstone.engines.plan.lower.draft import Draft
from loadstone.engines.plan.problem import ONES, Block, Label, Problem, Profile, Segment
from loadstone.model.errors import InputError

HOURS = 4


def block(**changes):
    given = {
        "site": "s", "capacities": ("grid",), "columns": np.array([0]),
        "segments": (Segment(name="grid", source=True, capacity=0),),
    }  # fmt: skip
    return Block(**given | changes)


def problem(**changes):
    given = {
        "currency": "USD", "series": np.arange(4.0).reshape(1, HOURS),
        "groups": np.empty((0, HOURS), dtype=np.int64), "blocks": (block(),),
        "columns": (Label(kind="amount"), Label(kind="amount")), "cost": np.array([1.0, 2.0]),
        "lower": np.zeros(2), "upper": np.array([5.0, 6.0]), "whole": np.zeros(2, dtype=bool),
        "rows": (Label(kind="budget"), Label(kind="budget")), "row_start": np.array([0, 2, 3]),
        "row_column": np.array([0, 1, 1]), "row_value": np.array([1.0, 10.0, 100.0]),
        "row_lower": np.full(2, -np.inf), "row_upper": np.array([7.0, 8.0]),
    }  # fmt: skip
    return Problem(**given | changes)


WRONG = {
    "a use that must run and is grouped": lambda: Segment(
        name="x", capacity=0, must_run=True, group=0
    ),
    "a source that must run": lambda: Segment(name="x", capacity=0, must_run=True, source=True),
    "a width with a shift": lambda: Segment(name="x", capacity=0, width=Profile(shift=1.0)),
    "columns that are not capacities": lambda: block(columns=np.array([0, 1])),
    "a block that does not count": lambda: block(weight=0.0),
    "two segments of one name": lambda: block(segments=block().segments * 2),
    "costs that are not columns": lambda: problem(cost=np.zeros(3)),
    "a negative lower bound": lambda: problem(lower=np.array([0.0, -1.0])),
    "an endless upper bound": lambda: problem(upper=np.array([1.0, np.inf])),
    "rows without an end": lambda: problem(row_start=np.array([0, 2])),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_makes_no_problem_is_refused(what):
    with pytest.raises(InputError):
        WRONG[what]()


def test_a_bad_bound_names_its_column():
    columns = (Label(kind="build", subject="oslo"), Label(kind="amount"))
    with pytest.raises(InputError, match="oslo"):
        problem(columns=columns, lower=np.array([-1.0, 0.0]))


def test_a_profile_scales_and_shifts_its_row():
    found = problem().profile(Profile(row=0, scale=2.0, shift=1.0))
    np.testing.assert_array_equal(found, [1, 3, 5, 7])
    np.testing.assert_array_equal(problem().profile(Profile(scale=3.0)), [3, 3, 3, 3])


def test_rows_are_summed_over_their_columns():
    np.testing.assert_array_equal(problem().row_activity(np.array([2.0, 3.0])), [2 + 30, 300])


def test_a_block_is_named_by_site_phase_and_future():
    assert block(phase=2).name == "s/2"
    assert block(phase=2, future=1).name == "s/2/1"


def test_a_draft_keeps_equal_series_once():
    draft = Draft(HOURS)
    assert draft.series(np.ones(HOURS)) == ONES
    first = draft.profile(np.arange(4.0))
    assert draft.profile(np.arange(4.0)) == first
    assert draft.profile(np.full(HOURS, 7.0)) == Profile(scale=7.0)
    assert draft.problem("USD").series.shape == (1, HOURS)


def test_a_draft_adds_up_terms_and_costs_of_one_column():
    draft = Draft(HOURS)
    column = draft.column(Label(kind="amount"), cost=1.0, upper=3.0)
    draft.add_cost(column, 2.0)
    draft.row(Label(kind="budget"), [(column, 1.0), (column, 4.0)], upper=9.0)
    found = draft.problem("USD")
    assert found.cost.tolist() == [3.0]
    assert (found.row_value.tolist(), found.row_upper.tolist()) == ([5.0], [9.0])


def test_a_problem_without_rows_or_series_is_one():
    draft = Draft(HOURS)
    draft.column(Label(kind="amount"), upper=1.0)
    found = draft.problem("USD")
    assert found.hours == HOURS
    assert found.row_activity(np.ones(1)).shape == (0,)
    assert replace(found, constant=1.0).constant == 1.0
