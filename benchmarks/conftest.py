# SPDX-License-Identifier: Apache-2.0
"""Measurements in processes of their own, each made once a run, and a table of them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MADE: dict[tuple[str, str, float], dict] = {}
RATIOS: list[str] = []


@pytest.fixture
def measured(benchmark) -> Callable[..., dict]:
    """Return `measured(method, problem, gap)`, whose answer the benchmark keeps."""

    def run(method: str, problem: str, gap: float) -> dict:
        key = (method, problem, gap)
        if key not in MADE:
            command = [sys.executable, "-m", "benchmarks.measure", method, problem]
            command += ["--gap", str(gap)]
            done = subprocess.run(
                command, cwd=ROOT, capture_output=True, text=True, check=False
            )
            if done.returncode:
                pytest.fail(done.stderr[-2000:])
            MADE[key] = json.loads(done.stdout.splitlines()[-1])
        benchmark.extra_info |= MADE[key]
        return MADE[key]

    return run


@pytest.fixture
def tell() -> Callable[[str], None]:
    """Return a function that adds a line to what is printed at the end."""
    return RATIOS.append


def pytest_terminal_summary(terminalreporter) -> None:
    """Print every measurement of the run, then the ratios."""
    if not MADE:
        return
    terminalreporter.section("measured")
    head = f"{'problem':<20}{'method':<8}{'gap':>9}{'rounds':>8}{'wall s':>9}{'CPU s':>9}"
    terminalreporter.write_line(f"{head}{'peak MB':>9}  {'objective':>20}")
    for one in MADE.values():
        terminalreporter.write_line(
            f"{one['problem']:<20}{one['method']:<8}{one['gap']:>9.1e}{one['rounds']:>8}"
            f"{one['wall_s']:>9.2f}{one['cpu_s']:>9.2f}{one['peak_mb']:>9}"
            f"  {one['objective']:>20,.2f}"
        )
    for line in RATIOS:
        terminalreporter.write_line(line)
