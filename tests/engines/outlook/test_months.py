# SPDX-License-Identifier: Apache-2.0
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.outlook.months import (
    by_month,
    calendar_years,
    month_starts,
    months_until,
    phase_of_months,
)
from loadstone.model.errors import InputError
from loadstone.model.network import Phase

PHASES = (Phase(year=2027, years=0.5), Phase(year=2027, month=7, years=1.5), Phase(year=2029))


def test_months_follow_the_calendar():
    assert month_starts(date(2027, 11, 1), 3) == (
        date(2027, 11, 1), date(2027, 12, 1), date(2028, 1, 1), date(2028, 2, 1),
    )  # fmt: skip
    assert calendar_years(date(2027, 11, 1), 2) == (2027,)
    assert calendar_years(date(2027, 11, 1), 3) == (2027, 2028)
    assert months_until(2028, date(2027, 11, 1)) == 2
    with pytest.raises(InputError, match="first"):
        month_starts(date(2027, 11, 2), 3)


def test_months_know_their_phase():
    phase = phase_of_months(PHASES, date(2026, 12, 1), 39)
    assert phase.tolist() == [0] * 7 + [1] * 18 + [2] * 14


@given(st.lists(st.floats(0, 1e6), min_size=3, max_size=3))
def test_the_mean_of_each_phase_is_the_outlook(values):
    path = by_month(values, PHASES, date(2027, 1, 1), 36)
    phase = phase_of_months(PHASES, date(2027, 1, 1), 36)
    assert (path >= 0).all()
    for i, value in enumerate(values):
        assert path[phase == i].mean() == pytest.approx(value, rel=1e-9, abs=1e-300)


def test_an_even_outlook_stays_even_and_goes_on_outside_the_phases():
    assert by_month((2.0, 2.0, 2.0), PHASES, date(2020, 1, 1), 300) == pytest.approx(2.0)
    path = by_month((1.0, 2.0, 4.0), PHASES, date(2026, 1, 1), 100)
    assert (path[:13] == path[12]).all()
    assert (path[47:] == path[47]).all()
    assert (np.diff(path[12:48]) >= -1e-9).sum() >= 33  # rises, but for steps between phases
