# SPDX-License-Identifier: Apache-2.0
"""The listener serves every machine on its address, and fails on the wire as it is told."""

import asyncio
import socket
import time

import pytest

from loadstone.adapters.simulators.conversation import Face
from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.listener import Listener, Mode, free_port, shared_door
from loadstone.adapters.simulators.machine import Build, SimulatedMachine
from loadstone.adapters.simulators.physics import World
from loadstone.adapters.simulators.site import SimulatedSite
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.machine import Address

pytestmark = pytest.mark.anyio


def _shared_is_allowed() -> bool:
    door = shared_door(0)
    if door is None:
        return False
    door.close()
    return True


MODES = [
    pytest.param(
        Mode.SHARED,
        marks=pytest.mark.skipif(
            not _shared_is_allowed(), reason="sockets cannot be bound to the device lo here"
        ),
    ),
    Mode.EACH,
]


class Echo:
    """Says which machine it is, and what it heard; hangs up after "bye"."""

    def __init__(self, machine, word):
        self._machine, self._word = machine, word
        self._heard = b""
        self.closes = False

    def feed(self, data):
        self._heard += data
        if not self._heard.endswith(b"\n"):
            return b""
        heard, self._heard = self._heard, b""
        self.closes = heard == b"bye\n"
        return f"{self._machine.id} {self._word} ".encode() + heard


class Long(Echo):
    """An answer too long for one write."""

    def feed(self, data):
        self.closes = True
        return b"x" * 20_000_000


class Broken(Echo):
    """Falls over whatever it hears."""

    def feed(self, data):
        raise ZeroDivisionError


def face(kind, word):
    return Face(default_port=1, open=lambda machine: kind(machine, word))


FACES = {
    "luxos": (face(Echo, "port"), face(Echo, "web")),
    "antminer": (face(Long, ""),),
    "braiins": (face(Broken, ""),),
}


class Served:
    """Machines that are served while a block runs."""

    def __init__(self, mode, *faults, count=3, family="luxos", clock=lambda: 0.0):
        world = World(clock)
        self.port, self.web_port = free_port(), free_port()
        machines = [
            SimulatedMachine(
                Build(id=f"m{k}", family=family),
                world,
                [f for f in faults if f.selects(id_=f"m{k}", group="", family=family, seed=0)],
            )
            for k in range(count)
        ]
        for k, machine in enumerate(machines):
            machine.address = Address(
                host=f"127.77.0.{k + 1}", port=self.port, web_port=self.web_port
            )
        self.site = SimulatedSite(world, machines, spare_hosts=("127.78.0.1",))
        self.mode = mode

    async def __aenter__(self):
        self.listener = Listener(self.site, FACES, self.mode)
        self.listener.open()
        return self

    async def __aexit__(self, *exc):
        self.listener.close()

    async def ask(self, host, words=b"bye\n", *, web=False, within_s=2.0):
        """Return all that comes back until the machine hangs up."""
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(
                host, self.web_port if web else self.port
            )
            try:
                writer.write(words)
                return await reader.read()
            finally:
                writer.close()


@pytest.mark.parametrize("mode", MODES)
async def test_the_address_that_is_dialled_says_which_machine_answers(mode):
    async with Served(mode) as served:
        assert served.listener.mode is mode
        assert await served.ask("127.77.0.1") == b"m0 port bye\n"
        assert await served.ask("127.77.0.3") == b"m2 port bye\n"
        assert await served.ask("127.77.0.3", web=True) == b"m2 web bye\n"
        assert served.listener.taken == 3


@pytest.mark.parametrize("mode", MODES)
async def test_an_address_without_a_machine_does_not_answer(mode):
    async with Served(mode) as served:
        with pytest.raises(ConnectionError):
            assert await served.ask("127.77.0.9") == b"never"


@pytest.mark.parametrize("mode", MODES)
async def test_a_connection_is_kept_while_the_conversation_goes_on(mode):
    async with Served(mode) as served:
        reader, writer = await asyncio.open_connection("127.77.0.1", served.port)
        writer.write(b"hel")
        await asyncio.sleep(0.01)
        writer.write(b"lo\n")
        assert await reader.readline() == b"m0 port hello\n"
        writer.write(b"bye\n")
        assert await reader.read() == b"m0 port bye\n"
        writer.close()


@pytest.mark.parametrize("mode", MODES)
async def test_a_long_answer_comes_whole(mode):
    async with Served(mode, family="antminer") as served:
        assert len(await served.ask("127.77.0.1", within_s=10.0)) == 20_000_000


@pytest.mark.parametrize("mode", MODES)
async def test_a_machine_that_hangs_says_nothing_while_others_answer(mode):
    async with Served(mode, Fault(kind=FaultKind.HANG, machines=("m1",))) as served:
        with pytest.raises(TimeoutError):
            await served.ask("127.77.0.2", within_s=0.1)
        assert await served.ask("127.77.0.1") == b"m0 port bye\n"


@pytest.mark.parametrize("mode", MODES)
async def test_half_an_answer_ends_with_a_reset(mode):
    async with Served(mode, Fault(kind=FaultKind.HALF_ANSWER)) as served:
        line = socket.socket()
        line.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(line, ("127.77.0.1", served.port))
        await loop.sock_sendall(line, b"bye\n")
        heard = []
        with line, pytest.raises(ConnectionResetError):
            await _hear_all(loop, line, heard)
        assert len(b"".join(heard)) < len(b"m0 port bye\n")


@pytest.mark.parametrize("mode", MODES)
async def test_a_slow_machine_answers_late_and_right(mode):
    async with Served(mode, Fault(kind=FaultKind.SLOW, amount=0.05)) as served:
        began_s = time.monotonic()
        assert await served.ask("127.77.0.1") == b"m0 port bye\n"
        assert time.monotonic() - began_s >= 0.05


async def test_answers_take_their_time_where_a_latency_is_given():
    served = Served(Mode.EACH)
    served.listener = Listener(served.site, FACES, Mode.EACH, latency_s=(0.02, 0.04))
    served.listener.open()
    began_s = time.monotonic()
    assert await served.ask("127.77.0.1") == b"m0 port bye\n"
    assert time.monotonic() - began_s >= 0.02
    served.listener.close()


async def test_with_a_socket_each_a_refused_call_is_refused():
    async with Served(Mode.EACH, Fault(kind=FaultKind.REFUSE, machines=("m0",))) as served:
        with pytest.raises(ConnectionRefusedError):
            await served.ask("127.77.0.1")
        assert await served.ask("127.77.0.2") == b"m1 port bye\n"


@pytest.mark.parametrize("mode", MODES)
async def test_a_machine_that_reboots_takes_no_calls(mode):
    async with Served(mode) as served:
        served.site.machines["m0"].reboot()
        with pytest.raises(ConnectionError):
            assert await served.ask("127.77.0.1") == b"never"


@pytest.mark.parametrize("mode", MODES)
async def test_a_machine_with_a_new_address_answers_there(mode):
    now = [0.0]
    fault = Fault(kind=FaultKind.NEW_ADDRESS, machines=("m0",), from_s=10.0)
    async with Served(mode, fault, clock=lambda: now[0]) as served:
        assert await served.ask("127.77.0.1") == b"m0 port bye\n"
        now[0] = 60.0
        served.site.world.now_s()
        assert await served.ask("127.78.0.1") == b"m0 port bye\n"
        with pytest.raises(ConnectionError):
            assert await served.ask("127.77.0.1") == b"never"


async def test_a_face_that_fails_hangs_up_and_is_heard_of():
    heard = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: heard.append(type(context["exception"])))
    async with Served(Mode.EACH, family="braiins") as served:
        assert await served.ask("127.77.0.1") == b""
        assert heard == [ZeroDivisionError]
        assert not served.listener.calls
    loop.set_exception_handler(None)


async def test_nothing_but_loopback_is_served():
    served = Served(Mode.EACH)
    served.site.machines["m0"].address = Address(host="192.0.2.1", port=4028)
    with pytest.raises(InputError, match=r"127\.0\.0\.0/8"):
        Listener(served.site, FACES)


async def test_a_port_that_is_taken_is_said_to_be():
    served = Served(Mode.EACH)
    with socket.socket() as other:
        other.bind(("127.77.0.1", served.port))
        other.listen()
        with pytest.raises(OutsideError, match=r"127\.77\.0\.1.*in use"):
            async with served:
                pass
        served.listener.close()


async def test_callers_that_hang_up_leave_nothing_behind():
    async with Served(Mode.EACH, Fault(kind=FaultKind.HANG)) as served:
        for _ in range(20):
            with pytest.raises(TimeoutError):
                await served.ask("127.77.0.1", within_s=0.005)
        for _ in range(100):
            await asyncio.sleep(0.005)
            if not served.listener.calls:
                break
        assert not served.listener.calls


async def _hear_all(loop, line, heard):
    while more := await loop.sock_recv(line, 100):
        heard.append(more)
