# SPDX-License-Identifier: Apache-2.0
"""The least value of a convex function of one price."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.plan.price_search import search_price

lines = st.lists(st.tuples(st.integers(-9, 9), st.integers(-50, 50)), min_size=1, max_size=8)


def upper(tangents):
    """Return the largest of some lines as a function of price: height and slope."""
    return lambda price: max((c + s * price, s) for s, c in tangents)


@given(lines, st.floats(-1, 11))
def test_no_price_of_a_fine_grid_is_lower(tangents, guess):
    at = upper(tangents)
    found = search_price(at, 0.0, 10.0, guess=guess, tolerance=1e-9)
    assert at(found.price)[0] <= min(at(p)[0] for p in np.linspace(0, 10, 401)) + 1e-6
    assert found.low <= found.high


@given(lines)
def test_both_sides_have_the_least_value_as_their_mixture(tangents):
    at = upper(tangents)
    found = search_price(at, 0.0, 10.0, guess=3.0, tolerance=1e-9)
    (low, falling), (high, rising) = at(found.low), at(found.high)
    if found.low < found.high:
        assert falling < 0 <= rising
        meet = (low - falling * found.low) * rising - (high - rising * found.high) * falling
        assert meet / (rising - falling) == pytest.approx(at(found.price)[0], abs=1e-6)


@pytest.mark.parametrize(("slope", "end"), [(1, 0.0), (-1, 10.0)])
@pytest.mark.parametrize("guess", [0.0, 4.0, 10.0])
def test_a_function_that_only_falls_or_rises_is_least_at_an_end(slope, end, guess):
    found = search_price(upper([(slope, 0)]), 0.0, 10.0, guess=guess, tolerance=0.0)
    assert (found.price, found.low, found.high) == (end, end, end)


def test_a_smooth_function_is_met_to_the_tolerance():
    found = search_price(
        lambda p: ((p - 3.3) ** 2, 2 * (p - 3.3)), 0.0, 10.0, guess=0.0, tolerance=1e-8
    )
    assert found.price == pytest.approx(3.3, abs=1e-3)


def test_a_flat_function_is_least_anywhere():
    found = search_price(lambda _: (1.0, 0.0), 0.0, 10.0, guess=5.0, tolerance=0.0)
    assert 0.0 <= found.price <= 10.0


@pytest.mark.parametrize("power", [4, 9])
def test_a_search_without_end_is_left(power):
    def at(p):
        return abs(p - 3.3) ** power, power * (p - 3.3) * abs(p - 3.3) ** (power - 2)

    found = search_price(at, 0.0, 10.0, guess=0.0, tolerance=-1.0)
    assert found.price == pytest.approx(3.3, abs=0.5)
