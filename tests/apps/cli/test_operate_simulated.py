# SPDX-License-Identifier: Apache-2.0
"""A simulated site obeys a price, and a killed agent finds everything right after restart."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loadstone.adapters.files.agent_files import AgentFiles, AgentLock
from loadstone.adapters.store import open_store
from tests.apps.cli.commands import run
from tests.network_folders import edit

pytestmark = pytest.mark.long
LOADSTONE = [sys.executable, "-m", "typer", "loadstone.apps.cli", "run"]
SITE = "bratsk-1"
APART = Path("operate/simulated")


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "brics"
    run("new", made, "--from", "brics")
    edit(made / "operate.toml", "10.80.1.1-10.80.1.120", "10.80.1.1-10.80.1.30")
    edit(made / "operate.toml", "10.80.2.1-10.80.2.80", "10.80.2.1-10.80.2.20")
    edit(made / "operate.toml", "up_kw_per_min = 200.0", "up_kw_per_min = 2000.0")
    return made


def operate(folder: Path, *words: str) -> subprocess.Popen:
    command = [*LOADSTONE, "operate", str(folder), "--site", SITE, "--simulated", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def agent(folder: Path) -> AgentFiles:
    return AgentFiles(folder / "operate" / "simulated" / SITE)


def wait_for(true, seconds: float = 240.0):
    for _ in range(int(seconds / 0.2)):
        found = true()
        if found:
            return found
        time.sleep(0.2)  # real processes, real time
    raise AssertionError("it did not come")


def states(folder: Path) -> dict[str, int]:
    status = agent(folder).read_status()
    return dict(status.by_state) if status else {}


def test_a_simulated_site_stops_at_a_price_and_comes_back(folder):
    with operate(folder, "--for", "15min") as running:
        wait_for(lambda: states(folder).get("running") == 50)
        wait_for(lambda: states(folder).get("stopped", 0) >= 40)
        wait_for(lambda: states(folder).get("running", 0) >= 40)
        running.send_signal(signal.SIGINT)
        out = running.communicate(timeout=60)[0]
    assert running.returncode == 0
    assert "SIMULATED" in out
    assert "left as they are" in out
    assert not AgentLock(folder / "operate" / "simulated" / SITE).held()
    assert not (folder / "operate" / "agent.db").exists()  # the real record is untouched


def test_a_second_agent_is_refused_and_a_killed_one_is_taken_over(folder):
    first = operate(folder)
    try:
        wait_for(lambda: states(folder).get("running") == 50)
        second = subprocess.run(
            [*LOADSTONE, "operate", str(folder), "--site", SITE, "--simulated", "--json"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert second.returncode == 2
        assert "run by another agent" in json.loads(second.stdout)["errors"][0]["rule"]
        watchdog = AgentLock(folder / "operate" / "simulated" / SITE / "watchdog")
        wait_for(watchdog.held)
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        entries = wait_for(lambda: agent(folder).watchdog_record(False))
        assert "the agent is gone" in entries[0].text
    finally:
        first.kill()
        first.communicate()
    with operate(folder, "--for", "75s") as again:
        again.communicate(timeout=160)
    assert again.returncode == 0
    store = open_store(f"sqlite:///{APART}/agent.db", APART / "simulated.key", folder)
    said = [entry.text for entry in store.entries(SITE, kinds=["watchdog"])]
    store.close()
    assert any("the agent is gone" in text for text in said)
    assert not AgentLock(folder / "operate" / "simulated" / SITE / "fleet").held()
