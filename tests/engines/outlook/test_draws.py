# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy import stats

from loadstone.engines.outlook.draws import (
    GOLDEN,
    WORD,
    future_keys,
    mix,
    normals,
    quantiles,
    stream,
    uniforms,
)


def test_words_are_mixed_as_in_the_published_generator():
    # the first numbers of splitmix64 from the seed 1234567, as its reference code gives them
    words = [mix(1234567 + i * GOLDEN & WORD) for i in (1, 2, 3)]
    assert words == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_quantiles_are_those_of_the_normal_distribution():
    at = np.concatenate([np.linspace(1e-6, 1 - 1e-6, 9999), [2.0**-53, 1 - 2.0**-53, 0.02425]])
    np.testing.assert_allclose(quantiles(at), stats.norm.ppf(at), rtol=2e-9, atol=1e-12)


def test_numbers_are_spread_evenly():
    drawn = uniforms(future_keys(1, np.arange(2000)), stream("a"), 50).ravel()
    assert 0 < drawn.min() < drawn.max() < 1
    assert stats.kstest(drawn, "uniform").pvalue > 0.01
    assert (
        stats.kstest(normals(future_keys(2, np.arange(2000)), 5, 50).ravel(), "norm")[1] > 0.01
    )


@pytest.mark.parametrize("other", ["month", "future", "stream", "seed"])
def test_neighbours_have_nothing_in_common(other):
    keys = future_keys(3, np.arange(20_000))
    one = normals(keys, stream("a"), 2)[:, 0]
    two = {
        "month": normals(keys, stream("a"), 2)[:, 1],
        "future": np.roll(one, 1),
        "stream": normals(keys, stream("b"), 1)[:, 0],
        "seed": normals(future_keys(4, np.arange(20_000)), stream("a"), 1)[:, 0],
    }[other]
    assert abs(np.corrcoef(one, two)[0, 1]) < 4 / 20_000**0.5
