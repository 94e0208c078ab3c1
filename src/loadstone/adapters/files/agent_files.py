# SPDX-License-Identifier: Apache-2.0
"""Files that an agent leaves for its watchdog and for people who look on.

One folder per site: the lease that the watchdog watches, the status of the last second, what
the watchdog did by itself, and the lock of the agent that runs. None of them is the record:
that is the store.
"""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any

from loadstone.adapters.tables import checked
from loadstone.model.errors import InputErrors, OutsideError
from loadstone.model.operations.status import Status
from loadstone.model.operations.target import Entry, PowerLease

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LEASE, STATUS, WATCHDOG, LOCK = "lease.json", "status.json", "watchdog.jsonl", "agent.lock"
TAKEN = "watchdog-taken.jsonl"
LOOK_S = 0.5  # who only looks whether a lock is held does so within less


class AgentFiles:
    """The files of one site's agent.

    Attributes:
        folder: Where they are; made when the first is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write_lease(self, lease: PowerLease) -> None:
        """Write the lease whole.

        Raises:
            OutsideError: The disk is full or gone.
        """
        self._write(LEASE, asdict(lease))

    def read_lease(self) -> PowerLease | None:
        """Return the lease; None where there is none.

        Raises:
            OutsideError: It cannot be read.
        """
        found: PowerLease | None = self._read(LEASE, PowerLease)
        return found

    def write_status(self, status: Status) -> None:
        """Write the status whole.

        Raises:
            OutsideError: The disk is full or gone.
        """
        self._write(STATUS, asdict(status))

    def read_status(self) -> Status | None:
        """Return the last status; None where no agent ever ran.

        Raises:
            OutsideError: It cannot be read.
        """
        found: Status | None = self._read(STATUS, Status)
        return found

    def add_watchdog(self, entry: Entry) -> None:
        """Add a line to the watchdog's own record, on the disk when this returns.

        Raises:
            OutsideError: The disk is full or gone.
        """
        line = json.dumps(asdict(entry)).encode() + b"\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            while not _added(self.folder / WATCHDOG, line):
                pass  # the file was taken aside meanwhile, with this line or without it
        except OSError as error:
            raise self._outside(WATCHDOG, error) from error

    def watchdog_record(self, clear: bool) -> Sequence[Entry]:
        """Return what the watchdog did by itself.

        Its file is taken aside first, and returned until it is forgotten; what is written
        meanwhile comes after that. A line that was written while the file was taken may come
        twice. One that was cut off by a crash is left out.

        Args:
            clear: Whether to forget what was returned last, once it is in the store.

        Raises:
            OutsideError: It cannot be read.
        """
        path, taken = self.folder / WATCHDOG, self.folder / TAKEN
        try:
            if not clear and not taken.exists() and path.exists():
                path.rename(taken)
            lines = taken.read_bytes().splitlines() if taken.exists() else []
            if clear:
                taken.unlink(missing_ok=True)
        except OSError as error:
            raise self._outside(WATCHDOG, error) from error
        found = []
        for line in lines:
            with suppress(ValueError, InputErrors):
                found.append(checked(Entry, json.loads(line)))
        return found

    def _write(self, name: str, table: dict[str, Any]) -> None:
        path = self.folder / name
        made = path.with_name(f".{name}.{os.getpid()}")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            made.write_text(json.dumps(table), encoding="utf-8")
            made.replace(path)  # readers see the old one or the new one, never half of one
        except OSError as error:
            raise self._outside(name, error) from error

    def _read(self, name: str, type_: Any) -> Any:
        path = self.folder / name
        try:
            return checked(type_, json.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise OutsideError(f"{path}: {error.strerror}; see that it can be read") from error
        except (ValueError, InputErrors) as error:
            rule = "is not what this version writes; it is written anew when the agent runs"
            raise OutsideError(f"{path}: {rule}") from error

    def _outside(self, name: str, error: OSError) -> OutsideError:
        said = error.strerror or error
        return OutsideError(f"{self.folder / name}: {said}; see that its disk has room")


def _added(path: Path, line: bytes) -> bool:
    """Add a line, on the disk when this returns, and return whether its file is still there."""
    with path.open("ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line  # after one cut off
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
        try:
            return os.path.samestat(os.fstat(file.fileno()), path.stat())
        except FileNotFoundError:
            return False


class AgentLock:
    """Held by the one agent of a site. The system lets go of it when the agent dies.

    Args:
        folder: Its folder; made when it is first taken.
        name: Its file; another for what programs other than agents do one at a time.
    """

    def __init__(self, folder: Path, name: str = LOCK) -> None:
        self._path = folder / name
        self._file: IO[str] | None = None

    def take(self, wait_s: float = LOOK_S) -> bool:
        """Take it and return True, or False when another agent holds it.

        Args:
            wait_s: How long it is waited for, s: who looks whether it is held has it for a
                moment.

        Raises:
            OutsideError: The file cannot be made.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+", encoding="utf-8")
        except OSError as error:
            raise OutsideError(f"{self._path}: {error.strerror or error}") from error
        until = monotonic() + wait_s
        while not _locked(file):
            if monotonic() > until:
                file.close()
                return False
            sleep(0.01)
        self._file = file
        return True

    def held(self) -> bool:
        """Return whether an agent holds it now, this one or another."""
        if self._file is not None:
            return True
        if not self._path.is_file():
            return False
        try:
            with self._path.open("a+", encoding="utf-8") as file:
                return not _locked(file, alone=False)
        except OSError:
            return False

    def let_go(self) -> None:
        """Let go of it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _locked(file: IO[str], *, alone: bool = True) -> bool:
    """Lock a file without waiting and return True, or False where another has it.

    Not `alone`, it is shared with others who only look; Windows knows no such lock.
    """
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
