# SPDX-License-Identifier: Apache-2.0
"""Run the whole agent of a site on a simulated fleet and print what it took, as JSON.

    python -m benchmarks.fleet_agent 10000 --lasts 120
    python -m benchmarks.fleet_agent 10000 --stop hang,refuse,drift --after 310

It has drivers, a meter over Modbus, a store in SQLite, the history of readings, a lease file
and a status file, and ticks once a second. `--after` so many seconds from when all have been
read it begins: with `--stop` each of the named faults comes over 2 % of the machines, and an
event is put into the store that stops all of them; then what the store says of each machine is
held against what the simulator knows. After five minutes each has been read in full.
"""

import argparse
import asyncio
import cProfile
import json
import math
import os
import pstats
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from benchmarks.fleet import FAMILIES, Served, taken
from benchmarks.fleet_sweep import DEADLINE_S, Collecting

from loadstone.adapters.drivers.miners import DRIVERS
from loadstone.adapters.files.agent_files import AgentFiles
from loadstone.adapters.meters import open_metering
from loadstone.adapters.store import SqlStore, open_store
from loadstone.adapters.store.telemetry import open_telemetry
from loadstone.apps.clock import SystemClock
from loadstone.apps.operations.agents import keep_machines
from loadstone.apps.operations.running import collect_seldom
from loadstone.engines.control import decide
from loadstone.model.operations.command import Outcome
from loadstone.model.operations.control import Decision, SiteView
from loadstone.model.operations.event import Event, EventKind
from loadstone.model.operations.machine import Credential, Machine
from loadstone.model.operations.status import Status
from loadstone.model.operations.target import Progress
from loadstone.model.ports import LoadDriver
from loadstone.services.operations.agent import SiteAgent
from loadstone.services.operations.doors import AgentDoors, AgentTime, Worth

T = TypeVar("T")
SHARE = 0.02
LOOKS_S = (18.0, 40.0, 70.0)  # a look takes a second, of the agent's process too
WORST_S = 120.0


class Told:
    """Takes down when each machine was told to stop, between the agent and its drivers."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.now_s = now_s
        self.began_s: dict[str, float] = {}
        self.ended_s: dict[str, float] = {}

    def driver(self, machine: Machine, credential: Credential | None) -> LoadDriver:
        make = DRIVERS[machine.family].make
        made = make(machine.address, credential, deadline_s=DEADLINE_S, now_s=self.now_s)
        return _Noted(made, machine.id, self)

    async def note(self, id_: str, call: Callable[[], Awaitable[Outcome]]) -> Outcome:
        self.began_s.setdefault(id_, self.now_s())
        outcome = await call()
        self.ended_s.setdefault(id_, self.now_s())
        return outcome


class _Noted:
    """A driver of which stops are taken down."""

    def __init__(self, driver: LoadDriver, id_: str, told: Told) -> None:
        self._driver, self._id, self._told = driver, id_, told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)

    async def stop(self) -> Outcome:
        return await self._told.note(self._id, self._driver.stop)


class Watch:
    """Watches the agent from within its process: ticks, processor, memory, sweeps."""

    def __init__(self) -> None:
        self.collecting = Collecting()
        self.ticks_s: list[float] = []
        self.decisions_ms: list[float] = []
        self.statuses: list[Status] = []

    def decide(self, view: SiteView) -> Decision:
        self.ticks_s.append(time.perf_counter())
        began = time.thread_time()
        decision = decide(view)
        self.decisions_ms.append(1e3 * (time.thread_time() - began))
        return decision

    def status(self, status: Status) -> None:
        self.statuses.append(status)
        del self.statuses[:-2]


def _in_thread(call: Callable[[], T], /) -> Awaitable[T]:
    return asyncio.to_thread(call)


def doors_of(
    served: Served, folder: Path, store: SqlStore, time_: AgentTime, seen: tuple[Told, Watch]
) -> AgentDoors:
    """Wire an agent as `loadstone operate` does."""
    (told, watch), terms, machines = seen, served.terms(), served.machines()
    files = AgentFiles(folder / "site")
    metering = open_metering(
        terms.meters, (), deadline_s=DEADLINE_S, now_s=time_.now_s, utc_s=time_.utc_s
    )

    def publish(status: Status) -> None:
        watch.status(status)
        files.write_status(status)

    return AgentDoors(
        time=time_,
        store=store,
        telemetry=open_telemetry(folder / "telemetry", {"bench": 3.0}),
        driver=told.driver,
        machines=machines,
        worth={
            one.id: Worth(value_per_mwh=60.0 + number % 7, j_per_th=34.0)
            for number, one in enumerate(machines)
        },
        meters=metering.meters,
        offload=_in_thread,
        lease=files.write_lease,
        publish=publish,
        watchdog_record=files.watchdog_record,
    )


async def settled(watch: Watch, count: int) -> None:
    """Wait until all machines have been read and the first identities are known."""
    ends = time.perf_counter() + WORST_S
    while time.perf_counter() < ends:
        await asyncio.sleep(0.25)
        states = dict(watch.statuses[-1].by_state) if watch.statuses else {}
        progress = dict(watch.statuses[-1].by_progress) if watch.statuses else {}
        if states.get("running", 0) == count and progress.get("confirmed", 0) == count:
            return
    raise SystemExit(f"the fleet did not settle: {watch.statuses[-1:]}")


async def lasting(watch: Watch, served: Served, lasts_s: float) -> dict[str, Any]:
    """Watch for some time and return what was seen."""
    before, sim, collected = taken(), served.taken(), watch.collecting.s
    began, first = time.perf_counter(), len(watch.ticks_s)
    sweeps, memory = set(), []
    while time.perf_counter() < began + lasts_s:
        await asyncio.sleep(1.0)
        sweeps.add(watch.statuses[-1].sweep_s)
        memory.append(taken()["rss_mb"])
    wall_s, after, sim_after = time.perf_counter() - began, taken(), served.taken()
    ticks = watch.ticks_s[first:]
    gaps = sorted(b - a for a, b in pairwise(ticks))
    return {
        "wall_s": round(wall_s, 1),
        "cpu_share": round((after["cpu_s"] - before["cpu_s"]) / wall_s, 3),
        "sim_cpu_share": round((sim_after["cpu_s"] - sim["cpu_s"]) / wall_s, 3),
        "calls_per_s": round((sim_after["calls"] - sim["calls"]) / wall_s),
        "gc_share": round((watch.collecting.s - collected) / wall_s, 3),
        "sweeps_s": sorted(round(one, 2) for one in sweeps if one is not None),
        "tick_gap_s": _spread(gaps),
        "decide_ms": _spread(sorted(watch.decisions_ms[first:])),
        "rss_mb": [memory[0], memory[len(memory) // 2], memory[-1]],
        "peak_mb": after["peak_mb"],
        "alarms": sorted({f"{one.kind}: {one.text}"[:90] for one in watch.statuses[-1].alarms}),
    }


def _spread(values: list[float]) -> dict[str, float]:
    """Return the least, the middle one, that of 19 in 20 and the most of sorted values."""
    if not values:
        return {}
    at = {"least": 0, "median": len(values) // 2, "p95": int(0.95 * (len(values) - 1))}
    return {name: round(values[i], 3) for name, i in at.items()} | {
        "most": round(values[-1], 3)
    }


async def stopping(
    served: Served, store: SqlStore, seen: tuple[Told, Watch], given: argparse.Namespace
) -> dict[str, Any]:
    """Stop everything and hold what is believed against what is true.

    Seconds count from the order; where notice is given, from the start that it names.
    """
    (told, watch), faults = seen, tuple(kind for kind in given.stop.split(",") if kind)
    ill = await asyncio.to_thread(_fall_ill, served, faults)
    well = {one.id for one in served.machines()} - set().union(*ill.values())
    sim_ahead_s = served.ask(do="truth")["now_s"] - told.now_s()
    before, sim = taken(), served.taken()
    order_s = told.now_s() + given.notice
    event = _event(SystemClock().now().timestamp(), given.notice)
    await asyncio.to_thread(store.add_event, event)
    counts, looks = {}, []
    for look_s in LOOKS_S:
        while (gone_s := told.now_s() - order_s) < look_s:
            counts[round(gone_s, 1)] = dict(watch.statuses[-1].by_progress).get("confirmed", 0)
            await asyncio.sleep(0.5)
        cost = {
            "cpu_s": round(taken()["cpu_s"] - before["cpu_s"], 2),
            "sim_cpu_s": round(served.taken()["cpu_s"] - sim["cpu_s"], 2),
        }
        look = await asyncio.to_thread(_look, served, store, ill, well)
        looks.append({"at_s": round(gone_s, 1)} | cost | look)
    begun = sorted(at - order_s for at in told.began_s.values())
    ended = sorted(at - order_s for id_, at in told.ended_s.items() if id_ in well)
    units = served.ask(do="machines")["machines"]
    heard = sorted(
        _first_sleep(one) - sim_ahead_s - order_s for one in units if one["id"] in well
    )
    whole = [at_s for at_s, count in counts.items() if len(well) <= count < served.count]
    return {
        "ill": {kind: len(ids) for kind, ids in ill.items()},
        "told_in_all": len(begun),
        "call_s": _spread(begun),
        "heard_by_well_s": _spread(heard),
        "answered_by_well_s": _spread(ended),
        "call_takes_s": {
            family: _spread(
                sorted(
                    told.ended_s[one.id] - told.began_s[one.id]
                    for one in served.machines()
                    if one.family == family and one.id in well
                )
            )
            for family in served.families
        },
        "as_many_confirmed_as_are_well_s": whole[0] if whole else None,
        "confirmed_by_s": counts,
        "looks": looks,
    }


def _fall_ill(served: Served, kinds: tuple[str, ...]) -> dict[str, set[str]]:
    """Have 2 % of the machines fall ill of each kind, no machine of two; return which."""
    ids = [one.id for one in served.machines()]
    each = round(SHARE * len(ids))
    spread = [ids[(7919 * n) % len(ids)] for n in range(each * len(kinds))]
    ill = {kind: set(spread[n * each : (n + 1) * each]) for n, kind in enumerate(kinds)}
    for kind, chosen in ill.items():
        served.ask(do="fault", fault={"kind": kind, "machines": sorted(chosen)})
    return ill


def _event(now_s: float, notice_s: float) -> Event:
    return Event(
        id="stop-all",
        site="bench",
        kind=EventKind.STOP,
        mw=0.0,
        source="operator",
        received_s=now_s,
        starts_s=now_s + notice_s,
        notice_s=notice_s,
    )


def _look(
    served: Served, store: SqlStore, ill: dict[str, set[str]], well: set[str]
) -> dict[str, Any]:
    """Compare what the store says with what the simulator knows.

    A machine that wakes up again by itself is believed asleep until it is read again. Such a
    belief is late, not wrong: `late` counts these, `wrong` all others that are not asleep.
    """
    targets = store.targets("bench")
    phases = {one["id"]: one["phase"] for one in served.ask(do="machines")["machines"]}
    confirmed = {
        id_
        for id_, target in targets.items()
        if target.progress is Progress.CONFIRMED and target.action == "stop"
    }
    awake = {id_ for id_ in confirmed if phases[id_] != "asleep"}
    drifting = ill.get("drift", set())
    mute = ill.get("hang", set()) | ill.get("refuse", set())
    return {
        "confirmed": len(confirmed),
        "well_confirmed": len(confirmed & well),
        "well": len(well),
        "mute_confirmed": len(confirmed & mute),
        "wrong": len(awake - drifting),
        "late": len(awake & drifting),
        "truly_asleep": sum(phase == "asleep" for phase in phases.values()),
        "progress": dict(Counter(str(target.progress) for target in targets.values())),
    }


def _first_sleep(machine: dict[str, Any]) -> float:
    times = [one["at_s"] for one in machine["told"] if one["what"] == "sleep"]
    return times[0] if times else math.inf


async def run(served: Served, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Run the agent and return what was measured."""
    clock, watch = SystemClock(), Watch()
    time_ = AgentTime(clock)
    told = Told(time_.now_s)
    store = open_store(f"sqlite:///{folder}/agent.db", folder / "key")
    keep_machines(store, served.machines())
    doors = doors_of(served, folder, store, time_, (told, watch))
    agent = SiteAgent(served.terms(), doors, decide=watch.decide)
    stop = asyncio.Event()
    collect_seldom()
    began = time.perf_counter()
    running = asyncio.ensure_future(agent.run(stop))
    try:
        await settled(watch, served.count)
        settled_s = time.perf_counter() - began
        await asyncio.sleep(given.after)
        with profiled(given.profile):
            if given.stop:
                result = await stopping(served, store, (told, watch), given)
            else:
                result = await lasting(watch, served, given.lasts)
    finally:
        stop.set()
        await running
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {"settled_s": round(settled_s, 1), **result, "disk_mb": round(size / 2**20, 1)}


@contextmanager
def profiled(file: str) -> Iterator[None]:
    """Write a profile of the agent's thread to a file, where one is named."""
    if not file:
        yield
        return
    with cProfile.Profile() as profile:
        yield
    pstats.Stats(profile).dump_stats(file)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.fleet_agent", description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("families", nargs="?", default=",".join(FAMILIES))
    parser.add_argument("--lasts", type=float, default=60.0)
    parser.add_argument("--after", type=float, default=5.0, help="seconds before it begins")
    parser.add_argument("--stop", default="", help="kinds of faults, or a comma for none")
    parser.add_argument("--notice", type=float, default=0.0, help="seconds before the stop")
    parser.add_argument("--profile", default="", help="file of a profile of the agent")
    given = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    with (
        tempfile.TemporaryDirectory() as folder,
        Served(given.count, tuple(given.families.split(","))) as served,
    ):
        measured = uvloop.run(run(served, Path(folder), given))
    told = {"count": given.count, "families": given.families, "load": round(load, 1)}
    print(json.dumps(told | measured))


if __name__ == "__main__":
    main(sys.argv[1:])
