# SPDX-License-Identifier: Apache-2.0
"""Futures of the starter networks stay in the middle of their outlooks."""

import numpy as np
import pytest

from loadstone.adapters.files import STARTERS, copy_starter
from loadstone.engines.outlook import prepare
from tests.engines.outlook.outlooks import FIRST
from tests.network_folders import read


@pytest.mark.parametrize("starter", STARTERS)
def test_the_futures_of_a_starter_have_its_outlook_in_the_middle(starter, tmp_path):
    copy_starter(starter, tmp_path / starter)
    network = read(tmp_path / starter)
    assert network.futures is not None
    made = prepare(network.futures, network, months=96, first=FIRST, seed=0)
    paths = made.paths(3000)
    for row, name in enumerate(made.factors):
        off = np.median(paths.values[row], axis=0) / made.nominal[row]
        assert np.abs(np.log(off)).max() < 0.12, name  # fees: spikes, and 3,000 futures
    hashprice = made.factors.index("hashprice")
    low, high = np.quantile(paths.values[hashprice] / made.nominal[hashprice], [0.05, 0.95])
    assert 0.3 < low < 0.6
    assert 1.7 < high < 3.0
    assert paths.happens.shape[0] == len(made.events) > 0
