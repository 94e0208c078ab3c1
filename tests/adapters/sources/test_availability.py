# SPDX-License-Identifier: Apache-2.0
"""Availability of non-firm connection comes from files alone."""

import numpy as np
import pytest

from loadstone.adapters.sources.folder import read_series_folder
from loadstone.adapters.sources.importing import Request
from loadstone.model.errors import InputError, InputErrors
from tests.adapters.sources.test_folder import columns, entry, network

SHARE = np.where(np.arange(8760) < 8000, 1.0, 0.5)


def test_a_file_says_what_share_of_a_connection_may_be_drawn(tmp_path):
    table = columns(availability=SHARE)
    folder = network(tmp_path, entry(kind="availability", currency=None), table)
    library = read_series_folder(folder, typical_year=2027)
    found = library.by_zone("availability", "availability")["X"]
    np.testing.assert_array_equal(found.values, SHARE)
    assert found.unit == "1"


def test_a_share_beyond_one_is_refused(tmp_path):
    table = columns(availability=SHARE * 2)
    folder = network(tmp_path, entry(kind="availability", currency=None), table)
    with pytest.raises(InputErrors, match="must be from 0 to 1"):
        read_series_folder(folder, typical_year=2027)


def test_availability_is_not_imported():
    with pytest.raises(InputError, match="must be one of prices"):
        Request(kind="availability", zone="X")
