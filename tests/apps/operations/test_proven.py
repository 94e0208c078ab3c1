# SPDX-License-Identifier: Apache-2.0
"""The proof of an event on a simulated site says what its machines truly drew."""

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loadstone.adapters.files.agent_files import AgentFiles
from tests.apps.operations.real_site import LOOK_S, PROGRAM, SITE, RealSite, until

SPEED = 6
CLOSE = 0.01  # of the truth, in every interval
GAP_S = 6.0  # between two readings of the meter: 3 s, on a computer that does much besides
CHANGES = {
    "[sites.method]\n": "[sites.method]\nbefore_s = 20.0\n",
    "meter_stale_s = 2.0": "meter_stale_s = 10.0",  # it is read each 3 s of a hurried site
}


class Simulated(RealSite):
    """A site that `operate --simulated` brings up, with its own fleet and records."""

    @property
    def files(self) -> AgentFiles:
        return AgentFiles(self.folder / "operate" / "simulated" / SITE)

    def serve(self) -> None:
        """Nothing: the agent has its fleet served."""

    def told(self, *words: str, code: int = 0) -> Any:
        """Run a command on it and return its object."""
        run = subprocess.run(
            [*PROGRAM, words[0], str(self.folder), *words[1:], "--simulated", "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == code, run.stdout + run.stderr
        return json.loads(run.stdout)

    def up(self) -> None:
        self.start("--simulated", "--speed", str(SPEED))
        until(lambda: self.status is not None and self.status.sweep_s, "machines are read")
        served = json.loads((self.files.folder / "fleet.json").read_text(encoding="utf-8"))
        self._control = served["control_port"]


@contextmanager
def simulated(tmp: Path) -> Iterator[Simulated]:
    site = Simulated(tmp)
    path = site.folder / "operate.toml"
    text = path.read_text(encoding="utf-8")
    for before, after in CHANGES.items():
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    with site:
        site.up()
        yield site


@pytest.mark.long
def test_a_proof_agrees_with_the_true_energy_and_is_the_same_when_made_again(
    tmp_path: Path,
) -> None:
    with simulated(tmp_path) as site:
        enough_s = site.status.at_s + 60.0
        until(lambda: site.status.at_s > enough_s, "there is a meter before the event")
        with looked_at(site) as truth:
            said = site.told("curtail", "--site", SITE, "--by-mw", "0.05", "--for", "3min")
            event = said["event"]["id"]
            assert said["agent"]["runs"]

            def open_() -> bool:
                return any(one.id == event for one in site.status.events)

            until(open_, "the agent has heard of it")
            until(lambda: not open_(), "the event is done", real_s=120.0)
        site.agents[-1].send_signal(signal.SIGTERM)
        assert site.agents[-1].wait(20) == 0
        assert "leak" not in (site.folder / "agent.log").read_text(encoding="utf-8")
        first = site.told("proof", "--event", event)
        assert first["simulated"]
        assert first["differs"] == []
        json_file, html_file = (Path(name) for name in first["files"])
        assert html_file.stat().st_size > 1_000
        check(first["intervals"], truth)
        again = site.told("proof", "--event", event, "--against", str(json_file))
        assert again["differs"] == []
        assert again["record"] == first["record"]


@contextmanager
def looked_at(site: Simulated) -> Iterator[list[tuple[float, float]]]:
    """Take down all the while what was drawn: seconds since 1970, UTC, and MWh."""
    truth: list[tuple[float, float]] = []
    enough = threading.Event()

    def look() -> None:
        while True:
            last = enough.is_set()
            now = site.ask("truth")
            truth.append((now["utc_s"], now["energy_mwh"]))
            if last:
                return
            enough.wait(LOOK_S)

    with ThreadPoolExecutor(1) as beside:
        looking = beside.submit(look)
        try:
            yield truth
        finally:
            enough.set()
            looking.result()


def check(intervals: list[dict[str, Any]], truth: list[tuple[float, float]]) -> None:
    """Metered MW of each interval are those of the simulated machines."""
    assert len(intervals) == 3
    at_s, energy_mwh = np.array(truth).T

    def drawn_mwh(at: float) -> float:
        return float(np.interp(at, at_s, energy_mwh))

    def doubt_mwh(edge_s: float) -> float:
        """What cannot be known at an edge that lies between two readings of the meter.

        A line between two counts is off by at most a quarter of their distance times the
        change of the draw.
        """
        edges_s = edge_s + np.linspace(-GAP_S, GAP_S, 9)
        draws_mwh_per_s = np.diff([drawn_mwh(one) for one in edges_s]) / np.diff(edges_s)
        return float(GAP_S / 4 * np.ptp(draws_mwh_per_s))

    for one in intervals:
        edges_s = one["starts_s"], one["ends_s"]
        per_mwh = 3600.0 / (edges_s[1] - edges_s[0])
        true_mw = (drawn_mwh(edges_s[1]) - drawn_mwh(edges_s[0])) * per_mwh
        doubt_mw = sum(map(doubt_mwh, edges_s)) * per_mwh
        assert one["metered_mw"] == pytest.approx(true_mw, abs=CLOSE * true_mw + doubt_mw)
        assert one["delivered_mw"] is not None
