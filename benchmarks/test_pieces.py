# SPDX-License-Identifier: Apache-2.0
"""What each piece of the model costs in time, as tables of ratios. No time is asserted."""

import pytest
from benchmarks.pieces import GAP, PIECES


@pytest.mark.long
def test_the_campus_without_one_piece_at_a_time(tabled, benchmark):
    rows = benchmark.pedantic(tabled, ("pieces",), rounds=1)
    assert len(rows) == len(PIECES) + 4
    assert max(row["gap"] for row in rows) <= GAP


def test_what_stands_beside_a_plan(tabled, benchmark):
    rows = benchmark.pedantic(tabled, ("beside",), rounds=1)
    assert rows[0]["ratio"] == 1
    assert "alternatives within 1 %" in {row["name"] for row in rows}


def test_a_year_with_accounts_against_highs(tabled, benchmark):
    rows = benchmark.pedantic(tabled, ("accounts",), rounds=1)
    assert max(row["apart"] for row in rows) <= 1e-9
