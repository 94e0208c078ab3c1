# SPDX-License-Identifier: Apache-2.0
"""A PostgreSQL of its own on loopback, in a temporary folder, for the tests that need one."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

PLACES = ("/usr/lib/postgresql/*/bin", "/usr/local/bin", "/usr/pgsql-*/bin")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # the tests kill programs, not the computer
    "max_connections": "40",
    "shared_buffers": "32MB",
}
STARTS_S = 20.0


def _program(name: str) -> str | None:
    found = shutil.which(name)
    places = (path for place in PLACES for path in Path("/").glob(f"{place[1:]}/{name}"))
    return found or next((str(path) for path in places), None)


def _user() -> str | None:
    """Return who the server must run as: it refuses root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    pytest.skip("PostgreSQL refuses to run as root, and there is no other user here")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Postgres:
    """A server that can be stopped, frozen and started again at the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.user, self.port = folder, _user(), _free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._names = count()
        programs = [_program(name) for name in ("initdb", "postgres")]
        if None in programs:
            pytest.skip(
                "PostgreSQL is not installed: initdb and postgres are not on this machine"
            )
        initdb, self._postgres = (str(program) for program in programs)
        if self.user:
            shutil.chown(folder, self.user)
        make = [initdb, "-D", str(folder / "data"), "-U", "loadstone", "-A", "trust", "-N"]
        made = subprocess.run(
            [*make, "-E", "UTF8", "--locale=C"],
            user=self.user,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode:
            pytest.skip(f"PostgreSQL cannot be set up here: {made.stderr.strip()[-300:]}")

    def start(self) -> None:
        settings = [part for item in SETTINGS.items() for part in ("-c", "=".join(item))]
        self._server = subprocess.Popen(
            [self._postgres, "-D", str(self.folder / "data"), "-p", str(self.port), *settings],
            user=self.user,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + STARTS_S
        while not self._answers():
            if self._server.poll() is not None or time.monotonic() > until:
                pytest.skip("PostgreSQL was installed and does not start here")
            time.sleep(0.02)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url("postgres", driver=""), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End it at once, as a crash does."""
        if self._server is not None:
            self._group(signal.SIGQUIT)
            self._server.wait(10)
            self._server = None

    def freeze(self) -> None:
        """Leave connections open and answer nothing."""
        for child in self._processes():
            os.kill(child, signal.SIGSTOP)

    def thaw(self) -> None:
        for child in self._processes():
            os.kill(child, signal.SIGCONT)

    def _processes(self) -> list[int]:
        assert self._server is not None
        children = Path(f"/proc/{self._server.pid}/task/{self._server.pid}/children")
        return [self._server.pid, *map(int, children.read_text().split())]

    def _group(self, number: int) -> None:
        assert self._server is not None
        os.kill(self._server.pid, number)

    def url(self, name: str, driver: str = "+psycopg") -> str:
        return f"postgresql{driver}://loadstone@127.0.0.1:{self.port}/{name}"

    def new_database(self) -> str:
        """Return the address of an empty database."""
        import psycopg

        name = f"test_{next(self._names)}"
        with psycopg.connect(self.url("postgres", driver=""), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server for as long as the block runs, or skip the test and say why."""
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    with tempfile.TemporaryDirectory(
        prefix="loadstone-pg-", ignore_cleanup_errors=True
    ) as made:
        server = Postgres(Path(made))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Give one server to all tests of this process."""
    with running_postgres() as server:
        yield server
