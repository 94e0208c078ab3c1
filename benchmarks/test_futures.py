# SPDX-License-Identifier: Apache-2.0
"""100,000 futures of 240 months: what drawing alone takes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TARGETS = {"three": 1.2, "full": 10.0}  # CPU seconds: twice the wall time on two cores


@pytest.mark.parametrize("which", TARGETS)
def test_100_000_futures_are_drawn_in_time(which, benchmark, tell):
    command = [sys.executable, "-m", "benchmarks.futures", which, "100000", "--plain", "500"]
    done = benchmark.pedantic(
        subprocess.run,
        (command,),
        {"cwd": ROOT, "capture_output": True, "text": True},
        rounds=1,
    )
    assert not done.returncode, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    benchmark.extra_info |= found
    tell(
        f"futures, {which} ({found['factors']} factors): {found['wall_s']:.2f} s wall, "
        f"{found['cpu_s']:.2f} CPU s of {TARGETS[which]}; numpy "
        f"{found['plain_cpu_s'] / found['cpu_s']:.1f}x; {found['peak_mb']} MB"
    )
    assert found["cpu_s"] <= TARGETS[which]
    assert found["apart"] <= 1e-12
