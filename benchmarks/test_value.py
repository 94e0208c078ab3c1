# SPDX-License-Identifier: Apache-2.0
"""A fixed plan over futures: time against clear numpy, and the same values. None is asserted
of time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def measured(*given: str) -> dict:
    command = [sys.executable, "-m", "benchmarks.value", *given]
    made = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(made.stdout)


@pytest.mark.parametrize("count", [20_000, 100_000])
def test_three_factors_with_sites_summed_before(count, benchmark):
    row = benchmark.pedantic(measured, ("three", str(count), "--plain", "200"), rounds=1)
    benchmark.extra_info |= row
    assert row["apart"] <= 1e-12
    assert row["apart_by_site"] <= 1e-12


@pytest.mark.parametrize("count", [20_000, 100_000])
def test_the_whole_outlook(count, benchmark):
    row = benchmark.pedantic(measured, ("full", str(count)), rounds=1)
    benchmark.extra_info |= row


def test_memory_does_not_grow_with_futures(benchmark):
    few = measured("three", "200000")
    many = benchmark.pedantic(measured, ("three", "600000"), rounds=1)
    assert many["peak_mb"] < 1.15 * few["peak_mb"]
