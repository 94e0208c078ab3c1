# SPDX-License-Identifier: Apache-2.0
"""Every driver, while a value somewhere in the machine's answers is not what it should be.

A part of each answer of the simulator is replaced by something of another kind, or is gone.
Whatever comes of it: nothing but a `DeviceError` is raised, a machine that hashes is never
stopped, and no command is said to be carried out that was not.
"""

import json
import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from loadstone.adapters.drivers.miners import DRIVERS
from loadstone.adapters.simulators.conversation import Conversation, Face
from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.miners import FACES
from loadstone.model.errors import DeviceError
from loadstone.model.operations.reading import State
from tests.adapters.drivers.served import POOLS, RATED_W, Rig, served

pytestmark = pytest.mark.anyio

ROUNDS = 150
JUNK = (
    None,
    "",
    "x",
    "-",
    "nan",
    -1,
    1e300,
    2**70,
    [],
    {},
    [None],
    [[]],
    {"": {}},
    "\u0000",
)


class Spoilt:
    """A conversation whose answers have one part replaced."""

    def __init__(self, inner: Conversation, chance: random.Random) -> None:
        self.inner, self.chance = inner, chance

    @property
    def closes(self) -> bool:
        return self.inner.closes

    def feed(self, data: bytes) -> bytes:
        said = self.inner.feed(data)
        if not said:
            return said
        if said.startswith(b"HTTP/"):
            return self.http(said)
        if int.from_bytes(said[:4], "little") == len(said) - 4:
            body = self.spoil(said[4:])
            return len(body).to_bytes(4, "little") + body
        return self.spoil(said)

    def http(self, said: bytes) -> bytes:
        head, _, body = said.partition(b"\r\n\r\n")
        spoilt = self.spoil(body)
        old, new = f"{len(body)}".encode(), f"{len(spoilt)}".encode()
        lines = [
            line.replace(old, new) if line.lower().startswith(b"content-length") else line
            for line in head.split(b"\r\n")
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n" + spoilt

    def spoil(self, body: bytes) -> bytes:
        try:
            value = json.loads(body.rstrip(b"\0\n"))
        except ValueError:
            return body
        places = list(parts(value)) if isinstance(value, dict | list) else []
        if not places:
            return body
        holder, key = self.chance.choice(places)
        if self.chance.random() < 0.25:
            del holder[key]
        else:
            holder[key] = self.chance.choice(JUNK)
        return json.dumps(value).encode()


def parts(value):
    """Give each place in a nest of lists and objects."""
    keys = value.keys() if isinstance(value, dict) else range(len(value))
    for key in list(keys):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from parts(value[key])


def spoilt_faces(family: str, chance: random.Random) -> dict[str, tuple[Face, ...]]:
    def spoiling(open_: Callable[[SimulatedMachine], Conversation]):
        return lambda machine: Spoilt(open_(machine), chance)

    return {
        family: tuple(
            Face(default_port=face.default_port, open=spoiling(face.open))
            for face in FACES[family]
        )
    }


@pytest.fixture(params=sorted(DRIVERS))
async def rig(request):
    chance = random.Random(f"answers of {request.param}")
    async with served(request.param, faces=spoilt_faces(request.param, chance)) as rig:
        yield rig


async def everything(rig: Rig, driver) -> None:
    """Make each call that may raise; only a `DeviceError` may come out."""
    for call in (driver.identify, driver.detail, driver.pools):
        with suppress(DeviceError):
            await call()
    await driver.warm()


async def test_a_machine_that_hashes_is_never_read_as_stopped(rig):
    seen = set()
    for _ in range(ROUNDS):
        driver = rig.driver(deadline_s=2.0)
        reading = await driver.read()
        seen.add(reading.state)
        assert reading.state is not State.STOPPED
        await everything(rig, driver)
        rig.later(1.0)
    assert State.RUNNING in seen


async def test_no_command_is_said_to_be_done_that_was_not(rig):
    for _ in range(ROUNDS):
        driver = rig.driver(deadline_s=2.0)
        outcome = await driver.stop()
        rig.later(60.0)
        if outcome.accepted:
            assert rig.machine.asleep
            rig.machine.wake()
        rig.later()
        outcome = await driver.cap(0.8 * RATED_W)
        if outcome.accepted:
            assert outcome.limit_w == pytest.approx(rig.machine.limit_w, abs=1)
        rig.later()


async def test_pools_are_lost_by_no_stop(rig):
    for _ in range(ROUNDS):
        driver = rig.driver(deadline_s=2.0)
        outcome = await driver.stop()
        if outcome.accepted:
            assert {pool.url for pool in rig.machine.pools} == {pool.url for pool in POOLS}
        rig.machine.pools = POOLS
        rig.machine.wake()
        rig.later()
