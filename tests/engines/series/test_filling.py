# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from loadstone.engines.series import fill, gaps
from loadstone.model.errors import InputError

marks = arrays(bool, 60)


@given(marks)
def test_gaps_are_exactly_the_missing_hours(present):
    found = np.zeros(60, bool)
    for start, length in gaps(present):
        assert length > 0
        found[start : start + length] = True
    np.testing.assert_array_equal(found, ~present)


def test_a_straight_line_between_neighbours():
    values = np.array([1.0, 9.0, 9.0, 4.0])
    present = np.array([True, False, False, True])
    np.testing.assert_allclose(fill(values, present, "linear", 2), [1, 2, 3, 4])


def test_the_day_before_is_repeated_and_again_where_that_is_missing_too():
    values = np.arange(100.0)
    present = np.ones(100, bool)
    present[[30, 54]] = False
    filled = fill(values, present, "previous-day", 1)
    assert filled[30] == filled[54] == 6.0
    assert (filled[present] == values[present]).all()


def test_the_week_before_is_repeated():
    values, present = np.arange(200.0), np.ones(200, bool)
    present[170] = False
    assert fill(values, present, "previous-week", 1)[170] == 2.0


@given(marks, st.sampled_from(["linear", "previous-day"]))
def test_observed_hours_are_never_changed(present, method):
    present[:24], present[-1] = True, True
    values = np.random.default_rng(0).normal(size=60)
    before = values.copy()
    filled = fill(values, present, method, 60)
    np.testing.assert_array_equal(filled[present], before[present])
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize(
    ("hours", "method", "longest", "rule"),
    [
        ([5], "guess", 9, "must be linear"),
        ([5, 6, 7], "linear", 2, "longer than the 2 hours"),
        ([0], "linear", 9, "both sides"),
        ([59], "linear", 9, "both sides"),
        ([5], "previous-day", 9, "nothing 24 hours before"),
    ],
)
def test_what_cannot_be_filled_is_refused(hours, method, longest, rule):
    present = np.ones(60, bool)
    present[hours] = False
    with pytest.raises(InputError, match=rule):
        fill(np.zeros(60), present, method, longest)
