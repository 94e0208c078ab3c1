# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from loadstone.adapters.coastlines import read_coastlines


def test_every_ring_is_closed_and_on_the_map():
    for rings in read_coastlines().values():
        for ring in rings:
            longitude, latitude = ring.T
            np.testing.assert_array_equal(ring[0], ring[-1])
            assert longitude.min() >= -181
            assert longitude.max() <= 192
            assert np.abs(latitude).max() <= 84
            assert np.abs(np.diff(longitude)).max() < 90  # no line runs around the world


@pytest.mark.parametrize("code", ["BR", "CN", "IN", "RU", "ZA"])
def test_the_countries_of_the_reference_network_are_drawn(code):
    assert max(len(ring) for ring in read_coastlines()[code]) > 50


def test_chukotka_stays_with_the_rest_of_asia():
    mainland = max(read_coastlines()["RU"], key=len)
    assert mainland[:, 0].max() > 185  # east of the antimeridian
