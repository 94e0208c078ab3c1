# SPDX-License-Identifier: Apache-2.0
"""Processes beside the agent: the watchdog of each site, and the fleet of a simulated one."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from loadstone.apps.operations.places import WATCHDOG, Place
from loadstone.model.errors import OutsideError

MODULES = "loadstone.apps.operations"
STARTS_S, LOOK_S, AGAIN_S = 60.0, 0.1, 5.0
LAST_CHARACTERS = 400


class Child:
    """A process of a site that lives on when this one dies.

    Attributes:
        name: WATCHDOG or FLEET.
    """

    def __init__(self, place: Place, site: str, name: str, *more: str) -> None:
        self.name = name
        own = ["--agent", str(os.getpid())] if name == WATCHDOG else []
        own += ["--simulated"] if place.simulated and name == WATCHDOG else []
        module = f"{MODULES}.{name}_process"
        self._words = [sys.executable, "-m", module, str(place.folder), site, *own, *more]
        self._folder = place.agent_folder(site)
        self._lock = place.lock(site, name)
        self._started: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """File of what it says."""
        return self._folder / f"{self.name}.log"

    def alive(self) -> bool:
        """Return whether it runs, started by this process or by an earlier one."""
        return self._lock.held()

    def start(self) -> None:
        """Start it, apart from this process and its terminal.

        Raises:
            OutsideError: It cannot be started.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab") as log:
                self._started = subprocess.Popen(
                    self._words,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        except OSError as error:
            raise OutsideError(f"the {self.name} cannot be started: {error}") from error

    async def up(self, *, real_s: float = STARTS_S) -> None:
        """Start it where it does not run, and wait until it does.

        Raises:
            OutsideError: It does not come up.
        """
        if self.alive():
            return
        self.start()
        for _ in range(int(real_s / LOOK_S)):
            if self.alive():
                return
            if self._started is not None and self._started.poll() not in (None, 0):
                break
            await asyncio.sleep(LOOK_S)
        said = self.log.read_text(encoding="utf-8", errors="replace")[-LAST_CHARACTERS:]
        raise OutsideError(
            f"the {self.name} did not come up; {self.log} ends with: {said.strip()}"
        )

    async def keep_up(self) -> None:
        """Start it again whenever it has died; one that is still coming up is waited for."""
        while True:
            await asyncio.sleep(AGAIN_S)
            coming = self._started is not None and self._started.poll() is None
            if not coming and not self.alive():
                with suppress(OutsideError):
                    self.start()


def end(pid: int) -> None:
    """Ask a process that was started for a site to end."""
    with suppress(OSError):
        os.kill(pid, signal.SIGTERM)
