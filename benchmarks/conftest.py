# SPDX-License-Identifier: Apache-2.0
"""Measurements in processes of their own, each made once a run, and a table of them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
MADE: dict[tuple[str, str, float], dict] = {}
TABLES: dict[str, list[dict]] = {}
RATIOS: list[str] = []


@pytest.fixture
def measured(benchmark) -> Callable[..., dict]:
    """Return `measured(method, problem, gap)`, whose answer the benchmark keeps."""

    def run(method: str, problem: str, gap: float) -> dict:
        key = (method, problem, gap)
        if key not in MADE:
            MADE[key] = _answer("benchmarks.measure", method, problem, "--gap", str(gap))
        benchmark.extra_info |= MADE[key]
        return MADE[key]

    return run


@pytest.fixture
def tabled() -> Callable[[str], list[dict]]:
    """Return `tabled(what)`, the rows of `benchmarks.pieces`, which are printed at the end."""

    def run(what: str) -> list[dict]:
        TABLES[what] = _answer("benchmarks.pieces", what)
        return TABLES[what]

    return run


def _answer(module: str, *arguments: str) -> Any:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def tell() -> Callable[[str], None]:
    """Return a function that adds a line to what is printed at the end."""
    return RATIOS.append


def pytest_terminal_summary(terminalreporter) -> None:
    """Print every measurement of the run, then the ratios and the tables."""
    line = terminalreporter.write_line
    if MADE or TABLES:
        terminalreporter.section("measured")
    if MADE:
        head = f"{'problem':<20}{'method':<8}{'gap':>9}{'rounds':>8}{'wall s':>9}{'CPU s':>9}"
        line(f"{head}{'peak MB':>9}  {'objective':>20}")
    for one in MADE.values():
        line(
            f"{one['problem']:<20}{one['method']:<8}{one['gap']:>9.1e}{one['rounds']:>8}"
            f"{one['wall_s']:>9.2f}{one['cpu_s']:>9.2f}{one['peak_mb']:>9}"
            f"  {one['objective']:>20,.2f}"
        )
    for text in RATIOS:
        line(text)
    for rows in TABLES.values():
        line("")
        line("| " + " | ".join(rows[0]) + " |")
        line("|---" * len(rows[0]) + "|")
        for row in rows:
            line("| " + " | ".join(_shown(value) for value in row.values()) + " |")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"{min(value):.2f} to {max(value):.2f}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
