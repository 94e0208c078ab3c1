# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from loadstone.engines.value.futures.drivers import drivers_of, ends, shapley

RANDOM = np.random.default_rng(5)
N = 20_000
A, B, C = RANDOM.standard_normal((3, N))


def test_independent_factors_have_the_shares_of_their_variances():
    # variances of 9, 4 and 1 of 14
    shares = shapley(3 * A + 2 * B + C, [A[:, None], B[:, None], C[:, None]])
    assert shares == pytest.approx([9 / 14, 4 / 14, 1 / 14], abs=0.02)


def test_two_factors_that_are_the_same_share_alike():
    shares = shapley(A, [A[:, None], A[:, None].copy()])
    assert shares == pytest.approx([0.5, 0.5], abs=1e-3)


def test_shares_sum_to_what_all_explain():
    value = A + B * C  # the product is not in the regression
    found, explained = drivers_of(value, {"hashprice": A, "power:X": B, "lease": C})
    assert explained == pytest.approx(0.5, abs=0.03)
    assert sum(one.share for one in found) == pytest.approx(explained, abs=2e-3)


def test_a_curved_effect_is_found():
    found, explained = drivers_of(A**2, {"hashprice": A, "lease": B})
    assert explained == pytest.approx(1, abs=0.01)
    assert found[0].factor == "hashprice"


def test_factors_of_a_kind_are_told_together_and_a_single_one_by_its_name():
    value = 2 * A + B + C
    found, _ = drivers_of(value, {"power:X": A, "power:Y": B, "ai:hopper": C, "btc_price": A})
    assert [(one.factor, one.text) for one in found] == [
        ("power", "Power prices"),
        ("ai:hopper", "AI price, hopper"),
    ]


def test_value_falls_where_a_cost_is_high():
    found, _ = drivers_of(-A, {"power:X": A})
    assert found[0].low > found[0].high


def test_what_seldom_happens_is_held_against_all_other_futures():
    happened = np.zeros(100)
    happened[:5] = 1.0
    assert ends(np.where(happened > 0, -10.0, 1.0), happened) == (1.0, -10.0)


def test_nothing_explains_a_value_that_does_not_move():
    assert drivers_of(np.ones(50), {"hashprice": A[:50]}) == ((), 0.0)
