# SPDX-License-Identifier: Apache-2.0
"""Sockets of a whole simulated fleet in one process, on loopback and nowhere else.

Where the system allows it (Linux) one socket a port takes the calls of all
machines: it is bound to every address, but to the device `lo` alone, so that nobody outside
reaches it, and the address that was dialled says which machine is meant. Elsewhere each
machine and port has a socket of its own. Both take calls without a task or a transport each.

What a machine does wrong on the wire happens here. With one socket for all, a machine that
refuses is one that hangs up at once: the system has taken the call before it is asked.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from ipaddress import ip_address, ip_network

from loadstone.adapters.simulators.conversation import Conversation, Face
from loadstone.adapters.simulators.faults import FaultKind, chance
from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.site import SimulatedSite, places
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.machine import Address

LOOPBACK = ip_network("127.0.0.0/8")
Faces = Mapping[str, tuple[Face, ...]]
_EVERY = "0.0.0.0"  # every address of the device that a socket is bound to
_BACKLOG = 4096
_BATCH = 256  # calls that are taken before others get their turn
_LARGEST = 65_536  # bytes that are read at once
_SPARE_FILES = 2_000  # for calls under way
_LOOK_S = 0.5  # between two looks at who refuses
_HANG_UP = struct.pack("ii", 1, 0)  # close with a reset


class Mode(StrEnum):
    """How sockets are laid out."""

    AUTO = "auto"  # shared where it can be
    SHARED = "shared"  # one socket a port
    EACH = "each"  # one a machine and port


class Listener:
    """Takes the calls of a site's machines.

    Attributes:
        mode: How its sockets are laid out.
        taken: Calls taken so far.
        calls: Calls that are being waited for or answered now.
        loop: The loop that it runs on.
    """

    def __init__(
        self,
        site: SimulatedSite,
        faces: Faces,
        mode: Mode = Mode.AUTO,
        latency_s: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Make a listener that does not listen yet.

        Args:
            site: Machines with their addresses.
            faces: What they speak, by family: on their port, and on their web port.
            mode: How sockets are laid out.
            latency_s: Shortest and longest time of an answer, drawn with the site's seed.

        Raises:
            InputError: An address is not on loopback.
        """
        for machine in site.machines.values():
            check_loopback("address", _address(machine).host)
        self._site, self._faces = site, faces
        self._latency_s = latency_s
        self.mode = mode
        self.taken = 0
        self.loop = asyncio.get_running_loop()
        self._doors: dict[tuple[str, int], socket.socket] = {}
        self.calls: set[_Call] = set()
        self._look: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin to listen.

        Raises:
            OutsideError: A port is taken, or more sockets are needed than are allowed.
        """
        if self.mode is not Mode.EACH and self._open_shared():
            self.mode = Mode.SHARED
            return
        if self.mode is Mode.SHARED:
            raise OutsideError("one socket for all machines is not allowed on this system")
        self.mode = Mode.EACH
        count = sum(len(places(_address(one))) for one in self._site.machines.values())
        _allow_files(count + _SPARE_FILES)
        for machine in self._site.machines.values():
            self._open_each(machine)
        self._site.on_readdressed.append(self._move)
        self._see_who_refuses()

    def close(self) -> None:
        """Stop listening and end all calls."""
        if self._look:
            self._look.cancel()
        if self._move in self._site.on_readdressed:
            self._site.on_readdressed.remove(self._move)
        for door in self._doors.values():
            self.loop.remove_reader(door.fileno())
            door.close()
        self._doors.clear()
        for call in tuple(self.calls):
            call.end()

    # ---- doors ----

    def _open_shared(self) -> bool:
        ports = {
            port
            for machine in self._site.machines.values()
            for _, port in places(_address(machine))
        }
        with suppress(OutsideError):  # as many calls as are allowed will do
            _allow_files(len(self._site.machines) + _SPARE_FILES)
        opened: list[socket.socket] = []
        for port in sorted(ports):
            door = shared_door(port)
            if door is None:
                for one in opened:
                    one.close()
                return False
            opened.append(door)
            self._doors["", port] = door
        for door in opened:
            self.loop.add_reader(door.fileno(), self._take, door)
        return True

    def _open_each(self, machine: SimulatedMachine) -> None:
        for host, port in places(_address(machine)):
            if (host, port) not in self._doors:
                door = _door(host, port, backlog=64)
                self._doors[host, port] = door
                self.loop.add_reader(door.fileno(), self._take, door)

    def _shut(self, address: Address) -> None:
        for place in places(address):
            door = self._doors.pop(place, None)
            if door is not None:
                self.loop.remove_reader(door.fileno())
                door.close()

    def _move(self, machine: SimulatedMachine, former: Address | None) -> None:
        if former is not None:
            self._shut(former)
        self._open_each(machine)

    def _see_who_refuses(self) -> None:
        """Take the sockets of machines away while they refuse, and give them back."""
        for machine in self._site.machines.values():
            if _refuses(machine):
                self._shut(_address(machine))
            elif places(_address(machine))[0] not in self._doors:
                self._open_each(machine)
        self._look = self.loop.call_later(_LOOK_S, self._see_who_refuses)

    # ---- calls ----

    def _take(self, door: socket.socket) -> None:
        for _ in range(_BATCH):
            try:
                line, _caller = door.accept()
            except OSError:  # nobody waits, or the caller is gone already
                return
            self.taken += 1
            self._greet(line)

    def _greet(self, line: socket.socket) -> None:
        try:
            host, port = line.getsockname()
        except OSError:
            line.close()
            return
        machine = self._site.at(host, port)
        if machine is None or _refuses(machine):
            reset(line)
            return
        faces = self._faces[machine.family]
        face = faces[0] if port == _address(machine).port else faces[1]
        _Call(line, machine, face.open(machine), self).hear()

    def latency_s(self) -> float:
        """Return how long the next answer takes."""
        low, high = self._latency_s
        if low == high:
            return low
        return low + (high - low) * chance(self._site.world.seed, "answer", self.taken)


class _Call:
    """One connection with a machine."""

    __slots__ = (
        "_conversation",
        "_line",
        "_listener",
        "_loop",
        "_machine",
        "_unsent",
        "_waits",
    )

    def __init__(
        self,
        line: socket.socket,
        machine: SimulatedMachine,
        conversation: Conversation,
        listener: Listener,
    ) -> None:
        self._line, self._machine, self._conversation = line, machine, conversation
        self._listener, self._loop = listener, listener.loop
        self._unsent = b""
        self._waits = False

    def hear(self) -> None:
        """Take what has arrived, mostly all of the request at once."""
        try:
            data = self._line.recv(_LARGEST, socket.MSG_DONTWAIT)
        except BlockingIOError:
            self._wait()
            return
        except OSError:
            self.end()
            return
        if not data:
            self.end()
        elif self._machine.has(FaultKind.HANG):
            self._wait()
        else:
            try:
                answer = self._conversation.feed(data)
            except BaseException:
                self.end()
                raise
            self._reply(answer)

    def end(self) -> None:
        """Hang up."""
        if self._waits:
            self._loop.remove_reader(self._line.fileno())
            self._waits = False
        if self._unsent:
            self._loop.remove_writer(self._line.fileno())
            self._unsent = b""
        self._listener.calls.discard(self)
        self._line.close()

    def _wait(self) -> None:
        if not self._waits:
            self._waits = True
            self._listener.calls.add(self)
            self._loop.add_reader(self._line.fileno(), self.hear)

    def _reply(self, answer: bytes) -> None:
        if not answer:
            if self._conversation.closes:
                self.end()
            else:
                self._wait()
            return
        slow = self._machine.has(FaultKind.SLOW)
        takes_s = self._listener.latency_s() + (slow.size if slow else 0.0)
        if takes_s:
            self._wait()  # so that a caller who hangs up meanwhile is noticed
            self._loop.call_later(takes_s, self._send, answer)
        else:
            self._send(answer)

    def _send(self, answer: bytes) -> None:
        if self._line.fileno() < 0:
            return
        if self._machine.has(FaultKind.HALF_ANSWER):
            with suppress(OSError):
                self._line.send(answer[: len(answer) // 2], socket.MSG_DONTWAIT)
            self._line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HANG_UP)
            self.end()
            return
        try:
            sent = self._line.send(answer, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.end()
            return
        if sent < len(answer):
            self._unsent = answer[sent:]
            self._listener.calls.add(self)
            self._loop.add_writer(self._line.fileno(), self._send_rest)
        elif self._conversation.closes:
            self.end()
        else:
            self._wait()

    def _send_rest(self) -> None:
        answer, self._unsent = self._unsent, b""
        self._loop.remove_writer(self._line.fileno())
        self._send(answer)


def check_loopback(field: str, host: str) -> None:
    """Raise `InputError` unless a host is an address of loopback."""
    try:
        inside = ip_address(host) in LOOPBACK
    except ValueError:
        inside = False
    if not inside:
        raise InputError(field, host, "must be an address of loopback, 127.0.0.0/8")


def shared_door(port: int) -> socket.socket | None:
    """Return a socket for every address of loopback; None where that is not allowed.

    Args:
        port: Its port; 0 for one that is free.

    Raises:
        OutsideError: The port is taken.
    """
    device = getattr(socket, "SO_BINDTODEVICE", None)
    if device is None:
        return None
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        door.setsockopt(socket.SOL_SOCKET, device, b"lo\0")
    except OSError:
        door.close()
        return None
    return _listening(door, _EVERY, port, _BACKLOG)


def free_port() -> int:
    """Return a port that is free at every address of loopback now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as door:
        door.bind((_EVERY, 0))
        port: int = door.getsockname()[1]
        return port


def reset(line: socket.socket) -> None:
    """Hang up at once, with a reset."""
    with suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HANG_UP)
    line.close()


def _door(host: str, port: int, backlog: int) -> socket.socket:
    return _listening(socket.socket(socket.AF_INET, socket.SOCK_STREAM), host, port, backlog)


def _listening(door: socket.socket, host: str, port: int, backlog: int) -> socket.socket:
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((host, port))
        door.listen(backlog)
        door.setblocking(False)
    except OSError as error:
        door.close()
        reason = os.strerror(error.errno or 0)
        place = f"port {port} of loopback" if host == _EVERY else f"{host}:{port}"
        raise OutsideError(f"cannot listen on {place}: {reason}") from error
    return door


def _allow_files(needed: int) -> None:
    """Raise the number of sockets that this process may have, if it is too low."""
    try:
        import resource  # noqa: PLC0415 absent on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise OutsideError(
                f"{needed} sockets are needed and {hard} allowed: raise the limit of open "
                "files, serve fewer machines, or run as root for one socket a port"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _refuses(machine: SimulatedMachine) -> bool:
    return machine.has(FaultKind.REFUSE) is not None or not machine.reachable


def _address(machine: SimulatedMachine) -> Address:
    if machine.address is None:
        raise InputError("address", machine.id, "must be set before it is served")
    return machine.address
