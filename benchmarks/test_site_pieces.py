# SPDX-License-Identifier: Apache-2.0
"""What the smaller pieces of a site's programs take, beside the least that could do it."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.physics import Weather, World
from loadstone.adapters.simulators.site import SimulatedSite
from loadstone.adapters.store import open_store
from loadstone.model.operations.command import Action
from loadstone.model.operations.machine import Address, Machine
from loadstone.model.operations.reading import Reading, State
from loadstone.model.operations.target import Target
from loadstone.model.operations.terms import Group, SiteTerms
from loadstone.services.operations.book import FleetBook

COUNT, TIMES = 10_000, 5
Tell = Callable[[str], None]


def cpu_ms(act: Callable[[], object]) -> float:
    """Return the least processor time of a few calls, ms."""
    took = []
    for _ in range(TIMES):
        began = time.process_time()
        act()
        took.append(time.process_time() - began)
    return 1e3 * min(took)


def machines() -> list[Machine]:
    return [
        Machine(
            id=f"m{k:05}",
            site="s",
            group="g",
            family="luxos",
            address=Address(host=f"127.90.{k // 250}.{k % 250 + 1}", port=4028),
            rated_w=3250.0,
            hashrate_th=100.0,
        )
        for k in range(COUNT)
    ]


def test_targets_of_a_fleet_are_written_and_read(tmp_path: Path, tell: Tell) -> None:
    store = open_store("sqlite:///agent.db", None, tmp_path)
    store.put_machines(machines())
    targets = [
        Target(machine=f"m{k:05}", action=Action.STOP, owner="e", since_s=0.5)
        for k in range(COUNT)
    ]
    write_ms = cpu_ms(lambda: store.put_targets("s", targets, []))
    read_ms = cpu_ms(lambda: store.targets("s"))
    assert list(store.targets("s").values()) == targets
    store.close()
    bare = sqlite3.connect(tmp_path / "bare.db")
    bare.execute(
        "CREATE TABLE t (machine TEXT PRIMARY KEY, action TEXT, owner TEXT, since REAL)"
    )
    rows = [(one.machine, str(one.action), one.owner, one.since_s) for one in targets]

    def put() -> None:
        with bare:
            bare.executemany("INSERT OR REPLACE INTO t VALUES (?, ?, ?, ?)", rows)

    bare_write_ms = cpu_ms(put)
    bare_read_ms = cpu_ms(lambda: bare.execute("SELECT * FROM t").fetchall())
    bare.close()
    tell(
        f"store, {COUNT:,} targets: written in {write_ms:.0f} ms CPU, "
        f"{write_ms / bare_write_ms:.1f}x four columns with bare sqlite3; read in "
        f"{read_ms:.0f} ms, {read_ms / bare_read_ms:.1f}x"
    )


def test_readings_of_a_fleet_are_taken_in(tell: Tell) -> None:
    book = FleetBook(
        SiteTerms(site="s", limit_mw=40.0, groups=(Group(id="g"),)), machines(), {}
    )
    readings = [
        Reading(
            state=State.RUNNING, began_s=at, ended_s=at + 0.1, power_w=3250.0, hashrate_th=100.0
        )
        for at in range(1, TIMES + 1)
    ]
    later = iter(readings)
    plain: dict[int, Reading] = {}

    def take() -> None:
        one = next(later)
        for k in range(COUNT):
            book.take_reading(k, one)

    def keep() -> None:
        for k in range(COUNT):
            plain[k] = readings[0]

    took_ms, plain_ms = cpu_ms(take), cpu_ms(keep)
    assert (book.power_w == 3250.0).all()
    tell(
        f"book, {COUNT:,} readings: {took_ms:.0f} ms CPU, {took_ms / plain_ms:.0f}x putting "
        f"them into a dict"
    )


def test_the_draw_of_a_simulated_fleet_is_summed(tell: Tell) -> None:
    now_s = [0.0]
    world = World(lambda: now_s[0], weather=Weather(swing_c=10.0))
    fleet = [SimulatedMachine(Build(id=f"m{k}", family="luxos"), world) for k in range(COUNT)]
    site = SimulatedSite(world, fleet)
    for machine in fleet:
        machine.sleep()
    now_s[0] = 1.0
    took_ms = cpu_ms(lambda: (site.true_power_mw(), site.energy_mwh()))
    plain_ms = cpu_ms(lambda: sum(machine.true_power_w() for machine in fleet))
    drawn_w = sum(machine.true_power_w() for machine in fleet)
    assert site.true_power_mw() == pytest.approx(drawn_w / 1e6)
    tell(
        f"simulated site, {COUNT:,} machines: draw and energy in {took_ms:.1f} ms CPU, one by "
        f"one {plain_ms / took_ms:.0f}x for the draw alone"
    )
