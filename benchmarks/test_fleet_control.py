# SPDX-License-Identifier: Apache-2.0
"""Decisions for a large site, beside clear Python that does a part of the same."""

import pytest
from benchmarks.control import measure

COUNT = 10_000


def test_a_decision_stops_whom_plain_python_would(tell):
    told = measure(COUNT)
    for name, row in told.items():
        if name in {"count", "load"}:
            continue
        if "plain_stops" in row:
            assert row["stops"] == pytest.approx(row["plain_stops"], abs=1)
        beside = f", plain Python {row['plain_ms']} ms" if "plain_ms" in row else ""
        tell(f"decision for {COUNT:,}, {name}: {row['best_ms']} ms CPU{beside}")
