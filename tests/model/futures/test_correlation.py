# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from loadstone.engines.outlook.recipe import lower_triangle
from loadstone.model.errors import InputError
from loadstone.model.futures.correlation import GROUPS, Correlation


def correlation(matrix, names=("btc", "ai", "power")):
    return Correlation(names=names[: len(matrix)], matrix=matrix, source="a test")


@pytest.mark.parametrize(
    ("matrix", "rule"),
    [
        (((1.0, 0.5), (0.4, 1.0)), "symmetric"),
        (((1.0, 0.5), (0.5, 0.9)), "diagonal"),
        (((1.0, 1.5), (1.5, 1.0)), "-1 to 1"),
        (((1.0, 0.5),), "rows"),
        (((1.0, 0.9, -0.9), (0.9, 1.0, 0.9), (-0.9, 0.9, 1.0)), "eigenvalue"),
    ],
)
def test_a_matrix_that_is_no_correlation_is_refused(matrix, rule):
    names = ("btc", "ai", "power")[: max(len(row) for row in matrix)]
    with pytest.raises(InputError, match=rule):
        Correlation(names=names, matrix=matrix, source="a test")


def test_names_that_are_unknown_or_doubled_and_no_source_are_refused():
    with pytest.raises(InputError, match="must be one of"):
        correlation(((1.0,),), ("gold",))
    with pytest.raises(InputError, match="given once"):
        correlation(((1.0, 1.0), (1.0, 1.0)), ("btc", "btc"))
    with pytest.raises(InputError, match="source"):
        Correlation(names=("btc",), matrix=((1.0,),))


def test_what_is_not_named_is_independent():
    one = correlation(((1.0, 0.5), (0.5, 1.0)))
    found = one.between(("power", "ai", "btc"))
    np.testing.assert_array_equal(found, [[1, 0, 0], [0, 1, 0.5], [0, 0.5, 1]])
    np.testing.assert_array_equal(Correlation().between(GROUPS), np.eye(len(GROUPS)))


@given(arrays(float, (4, 6), elements=st.floats(-1, 1)))
def test_the_triangle_gives_the_correlation_back_be_it_singular(factors):
    factors = np.hstack([factors[:, :2], np.eye(4) * 0.1]) if factors.any() else np.eye(4)
    made = factors @ factors.T
    scale = np.sqrt(np.diag(made))
    made = made / np.outer(scale, scale)
    made[3] = made[2]
    made[:, 3] = made[:, 2]
    made[3, 3] = made[2, 3] = made[3, 2] = 1.0
    lower = lower_triangle(made)
    np.testing.assert_allclose(lower @ lower.T, made, atol=1e-7)
    assert (np.triu(lower, 1) == 0).all()
