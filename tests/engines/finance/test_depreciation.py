# SPDX-License-Identifier: Apache-2.0
"""What may be written off, year by year, of each kind of schedule."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.finance.depreciation import straight_line, written_off
from loadstone.model.finance.country_finance import Depreciation

STATED = {"source": "s", "date": date(2026, 1, 1), "confidence": "high"}


def test_a_straight_line_counts_months_of_the_first_and_last_year():
    # July: 6 of 36 months, twice 12, and 6
    shares = written_off(Depreciation(kind="straight-line", years=3.0, **STATED), 6, 5)
    assert shares == pytest.approx(np.array([6, 12, 12, 6, 0]) / 36)


def test_a_declining_pool_writes_off_a_share_of_what_is_left():
    # 40 % of 1, of 0.6, of 0.36
    shares = written_off(Depreciation(kind="declining", rate=0.4, **STATED), 3, 3)
    assert shares == pytest.approx([0.4, 0.24, 0.144])


def test_a_pool_may_have_half_a_first_year_and_an_end():
    # 20 % of 1, 40 % of 0.8, and all of 0.48
    rule = Depreciation(kind="declining", rate=0.4, first_year=0.5, years=3.0, **STATED)
    assert written_off(rule, 0, 5) == pytest.approx([0.2, 0.32, 0.48, 0.0, 0.0])


def test_a_table_is_taken_as_it_is_and_may_be_cut_by_the_last_year():
    rule = Depreciation(kind="table", shares=(0.5, 0.3, 0.2), **STATED)
    assert written_off(rule, 11, 2) == pytest.approx([0.5, 0.3])


@given(st.floats(0.1, 40.0), st.integers(0, 11))
def test_a_straight_line_writes_off_the_whole_price_once(years, month):
    shares = straight_line(years, month, 60)
    assert shares.sum() == pytest.approx(1.0)
    assert (shares >= 0).all()
