# SPDX-License-Identifier: Apache-2.0
"""Cover is told where there is service, and nowhere else."""

import numpy as np
import pytest

from loadstone.engines.finance.debt.cover import cover, loan_life_cover


def test_cover_is_cash_over_service():
    ratios = cover(np.array([50.0, 130.0, 150.0]), np.array([0.0, 100.0, 100.0]))
    assert (ratios.least, ratios.mean) == (1.3, 1.4)
    assert np.isnan(ratios.ratio[0])


def test_without_service_there_is_no_cover():
    ratios = cover(np.array([50.0]), np.array([0.0]))
    assert (ratios.least, ratios.mean) == (None, None)


def test_loan_life_cover_is_present_value_over_the_amount():
    assert loan_life_cover(np.array([110.0, 121.0]), 0.10, 100.0) == pytest.approx(2.0)
    assert loan_life_cover(np.array([110.0]), 0.10, 0.0) is None
