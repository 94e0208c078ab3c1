# SPDX-License-Identifier: Apache-2.0
"""Returns and payments equal published examples."""

import numpy as np
import pytest

from loadstone.engines.finance.debt.carrying import carried, payment
from loadstone.engines.finance.debt.repaying import level
from loadstone.engines.finance.returns import Reason, irr, npv


def test_present_value_as_in_excels_example():
    # Microsoft's page on NPV: 10 % on -10,000 in a year, then 3,000, 4,200 and 6,800: 1,188.44.
    # NPV discounts the first flow by a year; ours does not.
    flows = np.array([0.0, -10_000.0, 3_000.0, 4_200.0, 6_800.0])
    assert npv(flows, 0.10) == pytest.approx(1188.44, abs=0.005)


def test_rates_of_return_as_in_excels_example():
    # Microsoft's page on IRR: -2.1 % after four years, 8.7 % after five, -44.4 % after two
    flows = np.array([-70_000.0, 12_000.0, 15_000.0, 18_000.0, 21_000.0, 26_000.0])
    assert irr(flows[:5]).rates == pytest.approx([-0.021], abs=5e-4)
    assert irr(flows).rates == pytest.approx([0.087], abs=5e-4)
    assert irr(flows[:3]).rates == pytest.approx([-0.444], abs=5e-4)


def test_both_rates_of_the_pump_that_empties_a_field_sooner():
    # Lorie and Savage, "Three problems in rationing capital", Journal of Business 28 (1955):
    # -1,600, then 10,000 and -10,000: 25 % and 400 %
    found = irr(np.array([-1_600.0, 10_000.0, -10_000.0]))
    assert found.rates == pytest.approx([0.25, 4.0])
    assert found.reason == Reason.SEVERAL


def test_the_payment_of_a_loan_as_in_excels_example():
    # Microsoft's page on PMT: 10,000 at 8 % a year over 10 months: 1,037.03 a month
    assert 10_000 * payment(0.08 / 12, 10) == pytest.approx(1037.03, abs=0.005)
    loan = level(10_000.0, 0.08 / 12, 10)
    assert loan.service.sum() == pytest.approx(10 * 1037.0321, abs=0.01)
    assert carried(loan.service, 0.08 / 12) == pytest.approx(10_000.0)
