# SPDX-License-Identifier: Apache-2.0
"""The whole agent on a simulated fleet: some time of running, and a full stop with faults."""

import json
import subprocess
import sys

import pytest
from benchmarks.fleet import ROOT

COUNT = 1000


def agent(*arguments):
    command = [sys.executable, "-m", "benchmarks.fleet_agent", str(COUNT), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if "did not come up" in done.stderr:
        pytest.skip(f"{COUNT} machines cannot be served here: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_an_agent_runs_a_fleet(tell):
    told = agent("--lasts", "20")
    tell(
        f"agent of {COUNT:,}: {told['cpu_share']:.3f} of a core, sweeps {told['sweeps_s']} s, "
        f"ticks {told['tick_gap_s']} s apart, decisions {told['decide_ms']} ms, "
        f"{told['peak_mb']:.0f} MB, load {told['load']}"
    )


def test_those_believed_stopped_are_those_that_are(tell):
    told = agent("--stop", "hang,refuse,drift")
    for look in told["looks"]:
        assert look["mute_confirmed"] == 0  # a machine that is not heard is not stopped
        assert look["wrong"] == 0
    assert told["told_in_all"] == COUNT
    assert told["looks"][-1]["well_confirmed"] == told["looks"][-1]["well"]
    tell(
        f"stop of {COUNT:,}: all told {told['call_s']['most']:.1f} s after the order, those "
        f"that are well confirmed after {told['as_many_confirmed_as_are_well_s']} s, "
        f"load {told['load']}"
    )
