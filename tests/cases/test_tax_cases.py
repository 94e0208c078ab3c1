# SPDX-License-Identifier: Apache-2.0
"""Tax schedules against published tables and the words of the law."""

from datetime import date

import numpy as np
import pytest

from loadstone.engines.finance.depreciation import written_off
from loadstone.engines.finance.losses import TaxRules, tax_by_year
from loadstone.model.finance.country_finance import Depreciation

MACRS_5 = (0.20, 0.32, 0.192, 0.1152, 0.1152, 0.0576)


def test_five_year_property_as_in_table_a_1_of_irs_publication_946():
    """Half-year convention: double declining balance, then a straight line of what is left."""
    left, expected = 1.0, []
    for year in range(6):
        # 5 years of which half of the first is gone: 4.5 are left after it, then 3.5 ...
        declining = left * 0.4 * (0.5 if year == 0 else 1.0)
        remaining = 5.5 - year
        straight = left / remaining if year else 0.0
        share = min(left, max(declining, straight))
        expected.append(share)
        left -= share
    assert expected == pytest.approx(MACRS_5, abs=5e-5)
    rule = Depreciation(
        kind="table", shares=MACRS_5, source="s", date=date(2026, 1, 1), confidence="high"
    )
    assert written_off(rule, 8, 7) == pytest.approx([*MACRS_5, 0.0])


def test_losses_reduce_at_most_80_percent_of_income_as_26_usc_172_a_2_says():
    # 1,000 is lost. Of 500 earned 400 is set off: 100 at 21 %. Of 1,000 earned the other 600
    # are set off, below the limit of 800: 400 at 21 %
    profit = np.array([[-1000.0, 500.0, 1000.0]])
    tax = tax_by_year(profit, TaxRules(rate=0.21, loss_limit=0.8))
    assert tax == pytest.approx(np.array([[0.0, 21.0, 84.0]]))


def test_brazil_sets_off_30_percent_without_end():
    # 100 lost, 50 earned each year: 15 set off in each, so 35 are taxed at 34 %
    profit = np.array([[-100.0, *[50.0] * 7]])
    tax = tax_by_year(profit, TaxRules(rate=0.34, loss_limit=0.3))
    # six years of 15 make 90; the last 10 are set off in the seventh
    assert tax == pytest.approx(np.array([[0.0, *[11.9] * 6, 0.34 * 40]]))


def test_china_loses_losses_after_five_years():
    # article 18: at most five years after; 10 a year are earned, 50 of 100 set off, then taxed
    profit = np.array([[-100.0, *[10.0] * 7]])
    tax = tax_by_year(profit, TaxRules(rate=0.25, loss_years=5))
    assert tax == pytest.approx(np.array([[*[0.0] * 6, 2.5, 2.5]]))
