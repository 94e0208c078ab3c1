# SPDX-License-Identifier: Apache-2.0
"""The watchdog of a real agent stops the machines when the agent is gone."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.apps.operations.real_site import SITE, RealSite, running, until, wait_to_agree

LEASE_S = 3.0
LIMIT_MW = 0.05


def said(site: RealSite) -> str:
    path = site.folder / "operate" / SITE / "watchdog.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return "\n".join(json.loads(line)["text"] for line in lines)


def recorded(site: RealSite) -> str:
    return "\n".join(entry.text for entry in site.store.entries(SITE, kinds=("watchdog",)))


def watched(site: RealSite) -> None:
    until(lambda: site.processes("watchdog_process"), "a watchdog runs")
    until((site.folder / "operate" / SITE / "watchdog").is_dir, "it has its lock")


def test_machines_of_a_killed_agent_are_stopped_and_come_back_with_it(tmp_path: Path) -> None:
    with running(tmp_path, lease_s=LEASE_S) as site:
        watched(site)
        event = site.curtail(to_mw=LIMIT_MW)
        until(lambda: site.event_is(event, "active"), "the event is active")
        site.kill()
        until(lambda: site.asleep() == set(site.ids), "every machine is stopped")
        until(lambda: "20 of 20 machines told are seen stopped" in said(site), "it is recorded")
        assert "the agent is gone" in said(site)
        site.up()
        until(lambda: "the agent is gone" in recorded(site), "it is in the store")
        wait_to_agree(site)
        assert site.event_is(event, "active")
        assert 0 < len(site.asleep()) < len(site.ids), "what is not owed runs again"
        assert site.meter_mw() < LIMIT_MW * 1.01
        site.release(event)
        until(site.hashing, "every machine hashes")


@pytest.mark.long
def test_an_agent_that_hangs_is_as_good_as_dead(tmp_path: Path) -> None:
    with running(tmp_path, lease_s=LEASE_S) as site:
        watched(site)
        pid = site.agents[-1].pid
        os.kill(pid, signal.SIGSTOP)
        until(lambda: site.asleep() == set(site.ids), "every machine is stopped")
        os.kill(pid, signal.SIGCONT)
        until(site.hashing, "every machine hashes")
        wait_to_agree(site)
        until(lambda: "the watchdog stands down" in recorded(site), "all is in the store")


@pytest.mark.long
def test_a_watchdog_that_dies_is_started_again_and_still_watches(tmp_path: Path) -> None:
    with running(tmp_path, lease_s=LEASE_S) as site:
        watched(site)
        before = site.processes("watchdog_process")[0]
        os.kill(before, signal.SIGKILL)
        until(lambda: set(site.processes("watchdog_process")) - {before}, "another one runs")
        until(lambda: site.processes("watchdog_process") != [before], "the first is gone")
        assert site.hashing()
        until(lambda: ready(site), "it reads the lease")
        site.kill()
        until(lambda: site.asleep() == set(site.ids), "every machine is stopped")


def ready(site: RealSite) -> bool:
    """Return whether the watchdog has loaded: it is at rest."""
    pids = site.processes("watchdog_process")
    return any(Path(f"/proc/{pid}/stat").read_text().split()[2] == "S" for pid in pids)


@pytest.mark.long
def test_the_watchdog_of_a_killed_agent_gives_way_to_one_that_knows_what_was_added(
    tmp_path: Path,
) -> None:
    with RealSite(tmp_path, lease_s=LEASE_S) as site:
        file = site.folder / "operate.toml"
        whole = file.read_text(encoding="utf-8")
        less = whole.replace(', "127.23.0.5"', "").replace(f', "{site.ids[-1]}"', "")
        file.write_text(less, encoding="utf-8")
        site.up()
        watched(site)
        before = set(site.processes("watchdog_process"))
        site.kill()
        file.write_text(whole, encoding="utf-8")
        site.up()
        until(lambda: not before & set(site.processes("watchdog_process")), "it is gone")
        site.kill()
        until(lambda: site.asleep() == set(site.ids), "the added machine is stopped as well")


@pytest.mark.long
def test_a_machine_that_the_watchdog_does_not_reach_never_counts_as_stopped(
    tmp_path: Path,
) -> None:
    with running(tmp_path, lease_s=LEASE_S) as site:
        watched(site)
        silent = [site.ids[0], site.ids[7]]
        site.ask("fault", fault={"kind": "hang", "machines": silent})
        site.kill()
        others = set(site.ids) - set(silent)
        until(lambda: site.asleep() == others, "every other machine is stopped")
        until(lambda: "18 of 20 machines told are seen stopped" in said(site), "it is told")
        site.ask("clear")
        until(lambda: site.asleep() == set(site.ids), "those too, when they can be reached")


@pytest.mark.long
def test_a_watchdog_that_comes_up_after_its_agent_left_on_purpose_ends(tmp_path: Path) -> None:
    with RealSite(tmp_path, each=1) as site:
        agent = site.start("--for", "0.1s")
        until(lambda: site.processes("watchdog_process"), "a watchdog is started")
        assert agent.wait(60) == 0
        until(lambda: not site.processes("watchdog_process"), "nothing is left of it")
        assert not said(site)
