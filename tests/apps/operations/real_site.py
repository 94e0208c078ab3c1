# SPDX-License-Identifier: Apache-2.0
"""A site of real processes on loopback: simulated machines, an agent and its watchdog."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from loadstone.adapters.files.agent_files import AgentFiles
from loadstone.adapters.store import SqlStore, open_store
from loadstone.model.operations.command import Action
from loadstone.model.operations.event import Event, EventKind
from loadstone.model.operations.reading import State
from loadstone.model.operations.status import Status
from loadstone.model.operations.target import Progress
from tests import network_folders

SITE = "araguari"
SQLITE = "sqlite:///operate/agent.db"
PROGRAM = (sys.executable, "-c", "from loadstone.apps.cli import app; app()")
MODEL, RATED_W = "antminer-s21-hyd", 5360.0
FAMILIES = ("luxos", "antminer", "whatsminer-v2", "braiins")
PATIENCE_S = 120.0  # of a test, on a computer that does much besides
LOOK_S = 0.05
SOON_S = 40.0  # for what takes a second or two on a computer at rest

FLEET = """
seed = {seed}
speed = {speed}
control_port = {control}
[other]
mw = [0.01]
{rows}
[[meters]]
kind = "modbus"
id = "feeder"
host = "127.0.0.1"
port = {meter}
power_register = 0
energy_register = 2
"""
FLEET_ROW = """
[[machines]]
family = "{family}"
model = "{model}"
count = {count}
first = "{first}"
port = {port}
{web}
group = "hall-1"
"""
OPERATE = """
store = "{store}"
telemetry = "operate/telemetry"
key_file = "operate.key"
[[sites]]
site = "{site}"
limit_mw = {limit_mw}
margin = 0.0
safe_state = "stopped"
meter_silent = "{meter_silent}"
[sites.timing]
tick_s = 0.2
sweep_s = 1.0
meter_s = 0.2
deadline_s = 2.0
stale_s = 6.0
meter_stale_s = 2.0
allowed_over_s = {allowed_over_s}
confirm_s = 6.0
cooldown_s = 0.0
retry_s = 0.5
arm_s = 1.0
lease_s = {lease_s}
[sites.method]
interval_s = 60
[[sites.groups]]
id = "hall-1"
{rows}
[[sites.meters]]
kind = "modbus"
id = "feeder"
host = "127.0.0.1"
port = {meter}
power_register = 0
energy_register = 2
{more}
"""
OPERATE_ROW = """
[[sites.machines]]
group = "hall-1"
family = "{family}"
addresses = {addresses}
ids = {ids}
port = {port}
{web}
model = "{model}"
"""


def free_ports(count: int) -> list[int]:
    """Return ports on loopback that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    found = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return found


def until(true: Callable[[], Any], what: str, *, real_s: float = PATIENCE_S) -> Any:
    """Wait until something is so, and return it; fail with words where it never is."""
    ends_s = time.monotonic() + real_s
    while not (found := true()):
        assert time.monotonic() < ends_s, f"not within {real_s:g} s: {what}"
        time.sleep(LOOK_S)
    return found


class RealSite:
    """A network folder, a fleet process, and an agent that can be started and killed.

    Attributes:
        folder: The network folder.
        ids: Names of the machines, the same in operate.toml and in the simulated fleet.
        store: The store of the agent, open for looking on.
    """

    def __init__(self, tmp: Path, *, each: int = 5, **settings: Any) -> None:
        self.settings = {
            "limit_mw": 1.0,
            "store": SQLITE,
            "lease_s": 120.0,
            "allowed_over_s": 5.0,
            "meter_silent": "hold",
            "speed": 100,
            "seed": 1,
            "more": "",
            "families": FAMILIES,
            **settings,
        }
        self.folder = network_folders.campus(tmp)
        self.ids: list[str] = []
        self._fleet: subprocess.Popen[str] | None = None
        self.agents: list[subprocess.Popen[bytes]] = []
        self._write(each)
        self.store: SqlStore = open_store(
            self.settings["store"], Path("operate.key"), self.folder
        )

    # ---- files ----

    def _write(self, each: int) -> None:
        families = self.settings["families"]
        control, meter, *ports = free_ports(2 + 2 * len(families))
        self._control = control
        fleet_rows, operate_rows = [], []
        for n, family in enumerate(families):
            hosts = [f"127.{20 + n}.0.{k + 1}" for k in range(each)]
            ids = [f"sim-{len(self.ids) + k + 1:05d}" for k in range(each)]
            self.ids += ids
            web = f"web_port = {ports[2 * n + 1]}" if family in {"antminer", "braiins"} else ""
            said = {"family": family, "model": MODEL, "port": ports[2 * n], "web": web}
            fleet_rows.append(FLEET_ROW.format(count=each, first=hosts[0], **said))
            operate_rows.append(
                OPERATE_ROW.format(addresses=json.dumps(hosts), ids=json.dumps(ids), **said)
            )
        told = {**self.settings, "meter": meter, "site": SITE}
        fleet = FLEET.format(control=control, rows="".join(fleet_rows), **told)
        (self.folder / "fleet.toml").write_text(fleet, encoding="utf-8")
        operate = OPERATE.format(rows="".join(operate_rows), **told)
        (self.folder / "operate").mkdir(exist_ok=True)
        (self.folder / "operate.toml").write_text(operate, encoding="utf-8")

    @property
    def files(self) -> AgentFiles:
        """The files of the agent."""
        return AgentFiles(self.folder / "operate" / SITE)

    @property
    def status(self) -> Status | None:
        """The last word of the agent."""
        return self.files.read_status()

    @property
    def full_mw(self) -> float:
        """What all machines draw together, about."""
        return len(self.ids) * RATED_W / 1e6

    # ---- the fleet ----

    def serve(self) -> None:
        """Start the simulated fleet."""
        self._fleet = subprocess.Popen(
            [*PROGRAM, "fleet-sim", str(self.folder / "fleet.toml"), "--json"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "100"},
        )
        until(self._served, "the fleet is served")

    def _served(self) -> bool:
        assert self._fleet is not None
        assert self._fleet.poll() is None, "the fleet ended"
        with suppress(OSError):
            return bool(self.ask("truth")["ok"])
        return False

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Ask the control port of the fleet."""
        with socket.create_connection(("127.0.0.1", self._control), timeout=10) as line:
            line.sendall(json.dumps({"do": do, **more}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(line.makefile().readline())
        assert answer["ok"], answer
        return answer

    def truth(self) -> dict[str, dict[str, Any]]:
        """Return what is true of each machine."""
        return {one["id"]: one for one in self.ask("machines")["machines"]}

    def asleep(self) -> set[str]:
        """Return the machines that truly do not hash."""
        return {id_ for id_, one in self.truth().items() if one["phase"] == "asleep"}

    def hashing(self) -> bool:
        """Return whether every machine truly hashes."""
        return all(one["phase"] == "hashing" for one in self.truth().values())

    def meter_mw(self) -> float:
        """Return what the meter shows."""
        return float(self.ask("truth")["meter_mw"])

    # ---- the agent ----

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the agent, without waiting."""
        with (self.folder / "agent.log").open("ab") as log:
            agent = subprocess.Popen(
                [*PROGRAM, "operate", str(self.folder), *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.agents.append(agent)
        return agent

    def up(self) -> subprocess.Popen[bytes]:
        """Start the agent and wait until it has read every machine."""
        before = self.status
        last_s = before.started_s if before else 0.0
        agent = self.start()

        def knows() -> bool:
            assert agent.poll() is None, (self.folder / "agent.log").read_text()[-2000:]
            now = self.status
            return bool(now and now.started_s > last_s and now.recovered and now.sweep_s)

        until(knows, "the agent has read its machines")
        return agent

    def kill(self) -> None:
        """Kill the agent as it stands; nothing of it is told."""
        agent = self.agents[-1]
        agent.kill()
        assert agent.wait(10) == -signal.SIGKILL

    def curtail(self, *, to_mw: float, lasts_s: float | None = None, id_: str = "") -> str:
        """Raise an event as the command does, and return its id."""
        now_s = time.time()  # noqa: TID251 - processes share the computer's clock
        event = Event(
            id=id_ or f"e-{len(self.store.events(SITE, open_only=False)) + 1}",
            site=SITE,
            kind=EventKind.TO_MW,
            mw=to_mw,
            source="operator",
            reference=f"r-{now_s}",
            received_s=now_s,
            starts_s=now_s,
            ends_s=None if lasts_s is None else now_s + lasts_s,
        )
        return self.store.add_event(event).id

    def release(self, event: str) -> None:
        """End an event as the command does."""
        self.store.release(event, time.time(), abort=False, reason="test")  # noqa: TID251

    def event_is(self, event: str, *states: str) -> bool:
        """Return whether an event is in one of some states."""
        found = self.store.event(event)
        return found is not None and str(found.state) in states

    # ---- the end ----

    def processes(self, word: str) -> list[int]:
        """Return processes of this site, by a word of their command."""
        found = []
        for path in Path("/proc").iterdir():
            with suppress(OSError, ValueError):
                words = (path / "cmdline").read_bytes().decode(errors="replace")
                if str(self.folder) in words and word in words:
                    found.append(int(path.name))
        return found

    def end(self) -> None:
        """End everything that was started for this site."""
        for agent in self.agents:
            if agent.poll() is None:
                agent.terminate()
                with suppress(subprocess.TimeoutExpired):
                    agent.wait(15)
            if agent.poll() is None:
                agent.kill()
                agent.wait(5)
        for pid in self.processes("loadstone"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        if self._fleet is not None:
            with suppress(subprocess.TimeoutExpired):
                self._fleet.wait(5)
            if self._fleet.poll() is None:
                self._fleet.kill()
                self._fleet.wait(5)
            if self._fleet.stdout is not None:
                self._fleet.stdout.close()
        self.store.close()

    def __enter__(self) -> "RealSite":
        self.serve()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._tell()
        self.end()

    def _tell(self) -> None:
        """Print what helps to see why a test failed."""
        log = self.folder / "agent.log"
        if log.is_file():
            sys.stdout.write(log.read_text(encoding="utf-8", errors="replace")[-4000:])
        with suppress(Exception):
            for line in self.store.entries(SITE)[-30:]:
                sys.stdout.write(f"{line.at_s:.2f} {line.kind} {line.text}\n")


@contextmanager
def running(tmp: Path, **settings: Any) -> Iterator[RealSite]:
    """Give a site whose agent runs and has read its machines."""
    with RealSite(tmp, **settings) as site:
        site.up()
        yield site


def wait_to_agree(site: RealSite) -> None:
    """Wait until wanted, seen and true are the same of every machine, and confirmed."""
    with suppress(AssertionError):
        until(lambda: not differences(site), "they agree", real_s=SOON_S)
    found = differences(site)
    assert not found, "\n".join(found)


def differences(site: RealSite) -> list[str]:
    """Return of which machines they are not, and how."""
    targets, seen, truth = site.store.targets(SITE), site.store.observed(SITE), site.truth()
    found = []
    for id_ in site.ids:
        asleep = truth[id_]["phase"] == "asleep"
        state = State.STOPPED if asleep else State.RUNNING
        target = targets.get(id_)
        wanted = target is not None and target.action is Action.STOP
        confirmed = target is None or target.progress is Progress.CONFIRMED
        if id_ not in seen or seen[id_].state != state or wanted != asleep or not confirmed:
            found.append(f"{id_} {truth[id_]['phase']}, seen {seen.get(id_)}, {target}")
    return found
