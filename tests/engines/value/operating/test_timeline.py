# SPDX-License-Identifier: Apache-2.0
"""Days fall into their months, and years spread over them."""

from datetime import date

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.connection import in_years
from loadstone.model.finance.cash import CashTable
from loadstone.model.network import Phase

PHASES = (Phase(year=2027, years=0.5), Phase(year=2027, month=7, years=1.5), Phase(year=2029))
LINE = Timeline(first=date(2026, 10, 1), months=39, phases=PHASES)
TABLE = CashTable(first=LINE.first, months=LINE.months, currency="USD", rows=())


@given(st.dates(date(2026, 10, 1), date(2029, 12, 30)))
def test_a_day_falls_into_its_month(day):
    assume(day != date(2028, 12, 31))  # a 366th day, which `in_years` counts into the next
    assert TABLE.month(LINE.index(in_years(day))) == day.replace(day=1)


@given(st.integers(3, 38), st.integers(0, 12))
def test_twelfths_of_years_are_months(month, back):
    at = 2026 + (9 + month) / 12
    assert LINE.index(at - back / 12) == max(month - back, 0)


def test_days_outside_fall_into_the_ends():
    assert LINE.index(2020.0) == 0
    assert LINE.index(2050.0) == 38


def test_a_phase_of_a_year_and_a_half_repeats_the_months_of_the_year():
    shares = np.arange(1, 13) / 78
    found = LINE.spread(1, shares)
    assert found[9:15] == pytest.approx(shares[6:])
    assert found[15:27] == pytest.approx(shares)
    assert not found[:9].any()
    assert not found[27:].any()
