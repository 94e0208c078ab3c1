# SPDX-License-Identifier: Apache-2.0
import json
from contextlib import asynccontextmanager

import pytest

from loadstone.adapters.drivers.miners.braiins import Braiins
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import CapKind
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Pool, Reason, State
from tests.adapters.drivers.peers import nobody, peer

pytestmark = pytest.mark.anyio

# shapes of the published OpenAPI document 1.7.0; see the driver
DETAILS = {
    "uid": "u1",
    "miner_identity": {"brand": 1, "model": 0, "name": "S19", "miner_model": "Antminer S19"},
    "bos_version": {"current": "26.04", "major": "26", "bos_plus": True},
    "mac_address": "02:00:00:AA:BB:01",
    "serial_number": "SN1",
    "system_uptime_s": 5000,
    "status": 2,
}
STATS = {
    "miner_stats": {"real_hashrate": {"last_5s": {"gigahash_per_second": 95_000.0}}},
    "power_stats": {"approximated_consumption": {"watt": 3250}},
}
CONSTRAINTS = {
    "tuner_constraints": {
        "power_target": {"min": {"watt": 945}, "default": {"watt": 3250}, "max": {"watt": 4000}}
    },
    "hashboards_constraints": {"hashboard_ids": ["1", "2", "3"]},
}
BOARDS = {
    "hashboards": [
        {
            "id": "1",
            "enabled": True,
            "highest_chip_temp": {"temperature": {"degree_c": 71.5}},
            "stats": {"real_hashrate": {"last_1m": {"gigahash_per_second": 31_000.0}}},
        },
        {"id": "2", "enabled": True, "board_temp": {"degree_c": 40.0}, "stats": None},
    ]
}
GROUP = {
    "uid": "g1",
    "name": "mine",
    "strategy": {"quota": {"value": 3}},
    "pools": [
        {"uid": "p1", "url": "stratum+tcp://a.example:1", "user": "w", "enabled": True},
        {"uid": "p2", "url": "stratum+tcp://off.example:1", "user": "w", "enabled": False},
    ],
}
PASSWORD = "correct horse"


class Fake:
    """A machine as the published interface has it, in as few words as can be."""

    def __init__(self):
        self.details = dict(DETAILS)
        self.groups = [json.loads(json.dumps(GROUP))]
        self.target = 3250
        self.tuner = True
        self.tokens = ["none"]
        self.heard = []
        self.written = None
        self.says = {}  # (status, body) by path
        self.takes_cap = True

    def reply(self, request):
        head, _, body = request.partition(b"\r\n\r\n")
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        name = path.removeprefix("/api/v1/")
        self.heard.append(f"{method} {name}")
        if name in self.says:
            return self.said(*self.says[name])
        if name == "auth/login":
            return self.said(*self.log_in(json.loads(body)))
        token = head.lower().partition(b"authorization: ")[2].split(b"\r\n")[0].decode()
        if token != self.tokens[-1]:
            return self.said(401, {})
        return self.said(*self.answer(method, name, body))

    def said(self, status, body):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text)

    def log_in(self, who):
        if who != {"username": "root", "password": PASSWORD}:
            return 401, {}
        self.tokens.append(f"t{len(self.tokens)}")
        return 200, {"token": self.tokens[-1], "timeout_s": 3600}

    def answer(self, method, name, body):
        watt = {"watt": self.target}
        if method == "GET":
            told = {
                "miner/details": self.details,
                "miner/stats": STATS,
                "miner/hw/hashboards": BOARDS,
                "miner/errors": {
                    "errors": [{"message": "hot", "error_codes": [{"code": "M1"}]}]
                },
                "cooling/state": {"fans": [{"rpm": 3000}, {"rpm": None}]},
                "configuration/constraints": CONSTRAINTS,
                "performance/tuner-state": {
                    "mode_state": {"powertargetmodestate": {"current_target": watt}}
                    if self.tuner
                    else None
                },
                "performance/mode": {
                    "tunermode": {"target": {"powertarget": {"power_target": watt}}}
                },
                "pools/": self.groups,
            }
            return (200, told[name]) if name in told else (404, {})
        if name == "actions/pause":
            was, self.details["status"] = self.details["status"] == 3, 3
            return 200, was
        if name == "actions/resume":
            was, self.details["status"] = self.details["status"] == 2, 2
            return 200, was
        if name == "performance/power-target":
            asked = json.loads(body)["watt"]
            self.target = asked if self.takes_cap else self.target
            return 200, {"watt": asked}
        if name == "pools/batch":
            self.written = json.loads(body)
            self.groups = [
                {"name": g["name"], "uid": "g1", "pools": g["pools"], "strategy": None}
                for g in self.written
            ]
            return 200, self.written
        return 404, {}


def whole(buffer):
    head, parted, _ = buffer.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
    size = len(head) + 4 + int(length or 0)
    return size if parted and len(buffer) >= size else 0


@asynccontextmanager
async def at(fake, *, password=PASSWORD, deadline_s=2.0, now_s=lambda: 1000.0):
    async with peer(fake.reply, whole=whole, keeps=True) as here:
        credential = Credential(user="root", password=password)
        driver = Braiins(here.address, credential, deadline_s=deadline_s, now_s=now_s)
        yield driver
        await driver.close()


async def test_a_machine_at_work_tells_its_figures():
    fake = Fake()
    async with at(fake) as driver:
        read = await driver.read()
        fake.heard.clear()
        await driver.read()
    assert (read.state, read.power_w, read.hashrate_th) == (State.RUNNING, 3250, 95.0)
    assert read.limit_w == 3250
    assert fake.heard == ["GET miner/details", "GET miner/stats"]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (1, State.STOPPED),
        (2, State.RUNNING),
        (3, State.STOPPED),
        (4, State.STOPPED),
        (5, State.RUNNING),
        (0, State.UNKNOWN),
        (9, State.UNKNOWN),
        (None, State.UNKNOWN),
    ],
)
async def test_the_state_is_the_machines_own_word(status, state):
    fake = Fake()
    fake.details["status"] = status
    async with at(fake) as driver:
        read = await driver.read()
    assert read.state is state
    assert (read.reason is Reason.INCOMPLETE) == (state is State.UNKNOWN)


async def test_power_of_a_paused_machine_is_not_told_for_it_may_be_left_over():
    fake = Fake()
    async with at(fake) as driver:
        assert (await driver.stop()).accepted is True
        fake.heard.clear()
        read = await driver.read()
        again = await driver.stop()
        assert (await driver.resume()).accepted is True
        assert (await driver.read()).state is State.RUNNING
    assert (read.state, read.power_w, read.hashrate_th) == (State.STOPPED, None, 0.0)
    assert (again.accepted, again.message) == (True, "already so")


async def test_an_uptime_that_stands_still_is_stale():
    fake, clock = Fake(), [1000.0]
    async with at(fake, now_s=lambda: clock[0]) as driver:
        assert (await driver.read()).state is State.RUNNING
        clock[0] += 31.0
        read = await driver.read()
        assert (read.state, read.reason) == (State.UNKNOWN, Reason.STALE)
        fake.details["system_uptime_s"] += 31
        assert (await driver.read()).state is State.RUNNING


async def test_a_token_is_used_until_it_ends_and_renewed_when_it_is_refused():
    fake, clock = Fake(), [1000.0]
    async with at(fake, now_s=lambda: clock[0]) as driver:
        await driver.warm()
        await driver.stop()
        assert fake.heard.count("POST auth/login") == 1
        clock[0] += 3_000.0
        await driver.resume()  # prolongs it
        clock[0] += 3_000.0
        await driver.stop()
        assert fake.heard.count("POST auth/login") == 1
        clock[0] += 3_600.0
        await driver.stop()
        assert fake.heard.count("POST auth/login") == 2
        fake.tokens.append("another")
        assert (await driver.resume()).accepted is True


async def test_a_wrong_password_is_told_and_never_shown():
    fake = Fake()
    async with at(fake, password="wr0ng") as driver:
        said = await driver.stop()
        read = await driver.read()
        with pytest.raises(DeviceError) as caught:
            await driver.identify()
    assert (said.accepted, said.reason) == (False, Reason.AUTH)
    assert (read.state, read.reason) == (State.UNKNOWN, Reason.AUTH)
    assert not any("wr0ng" in text for text in (said.message, str(caught.value), repr(driver)))
    assert fake.details["status"] == 2


async def test_firmware_without_this_interface_is_unsupported():
    fake = Fake()
    fake.says["auth/login"] = (404, b"<html></html>")
    async with at(fake) as driver:
        read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, Reason.UNSUPPORTED)


@pytest.mark.parametrize(
    ("said", "reason"),
    [((200, b"no json"), Reason.GARBAGE), ((200, []), Reason.INCOMPLETE)],
)
async def test_an_answer_that_cannot_be_read_is_unknown(said, reason):
    fake = Fake()
    fake.says["miner/details"] = said
    async with at(fake) as driver:
        read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, reason)


async def test_nobody_at_the_address_is_unknown_and_not_stopped():
    driver = Braiins(await nobody(), None, deadline_s=2.0, now_s=lambda: 0.0)
    read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, Reason.REFUSED)


async def test_a_cap_is_exact_watts_read_back_and_not_written_twice():
    fake = Fake()
    async with at(fake) as driver:
        first = await driver.cap(2000.7)
        again = await driver.cap(2000.0)
        read = await driver.read()
    assert [(said.accepted, said.limit_w) for said in (first, again)] == [(True, 2000.0)] * 2
    assert fake.heard.count("PUT performance/power-target") == 1
    assert read.limit_w == 2000.0
    assert driver.capability.cap is CapKind.WATTS
    assert (driver.capability.min_w, driver.capability.max_w) == (945.0, 4000.0)


async def test_a_cap_above_its_highest_is_its_highest_and_one_below_is_refused():
    fake = Fake()
    async with at(fake) as driver:
        assert (await driver.cap(9_000.0)).limit_w == 4000.0
        low = await driver.cap(500.0)
    assert (low.accepted, low.reason) == (False, Reason.DENIED)
    assert fake.target == 4000


@pytest.mark.parametrize("most", [0, -1, None, "many", 10**400])
async def test_a_bound_that_is_no_power_is_not_kept_to(most):
    fake = Fake()
    bounds = {"min": {"watt": 945}, "max": {"watt": most}}
    fake.says["configuration/constraints"] = (
        200,
        {"tuner_constraints": {"power_target": bounds}},
    )
    async with at(fake) as driver:
        said = await driver.cap(2000.0)
    assert (said.accepted, said.limit_w, fake.target) == (True, 2000.0, 2000)


async def test_bounds_nested_without_end_are_as_none():
    fake = Fake()
    fake.says["configuration/constraints"] = (200, b'{"a":' * 50_000 + b"1" + b"}" * 50_000)
    async with at(fake) as driver:
        assert (await driver.cap(2000.0)).limit_w == 2000.0


async def test_a_tuner_at_rest_tells_its_target_by_its_mode():
    fake = Fake()
    fake.tuner = False
    async with at(fake) as driver:
        assert (await driver.cap(2000.0)).limit_w == 2000.0


async def test_a_cap_that_is_refused_silently_is_unverified():
    fake = Fake()
    fake.takes_cap = False
    async with at(fake, deadline_s=0.2) as driver:
        said = await driver.cap(2000.0)
    assert (said.accepted, said.reason, said.limit_w) == (None, Reason.UNVERIFIED, 3250.0)


async def test_a_machine_without_a_power_target_still_tells_its_state():
    fake = Fake()
    fake.says["performance/tuner-state"] = (200, {"mode_state": None})
    fake.says["performance/mode"] = (200, {"manualmode": {}})
    async with at(fake) as driver:
        read = await driver.read()
        said = await driver.cap(2000.0)
    assert (read.state, read.limit_w) == (State.RUNNING, None)
    assert said.accepted is None


async def test_pools_are_written_into_the_group_that_was_read():
    fake, wanted = Fake(), [Pool(url="stratum+tcp://b.example:1", user="v", password="x")]
    async with at(fake) as driver:
        assert await driver.pools() == (Pool(url="stratum+tcp://a.example:1", user="w"),)
        said = await driver.set_pools(wanted)
    assert said.accepted is True
    assert [(g["name"], g["load_balance_strategy"]) for g in fake.written] == [
        ("mine", {"quota": {"value": 3}})
    ]


async def test_pools_in_several_groups_are_left_alone():
    fake = Fake()
    fake.groups = fake.groups * 2
    async with at(fake) as driver:
        said = await driver.set_pools([Pool(url="stratum+tcp://b.example:1", user="v")])
    assert (said.accepted, said.reason) == (False, Reason.UNSUPPORTED)
    assert fake.written is None


async def test_pools_are_not_written_when_they_could_not_be_read():
    fake = Fake()
    fake.says["pools/"] = (500, b"")
    async with at(fake) as driver:
        said = await driver.set_pools([Pool(url="stratum+tcp://b.example:1", user="v")])
    assert said.accepted is False
    assert fake.written is None


async def test_a_machine_says_who_it_is_and_how_it_fares():
    async with at(Fake()) as driver:
        identity = await driver.identify()
        told = await driver.detail()
    assert (identity.mac, identity.serial) == ("02:00:00:aa:bb:01", "SN1")
    assert (identity.model, identity.firmware) == ("Antminer S19", "26.04")
    assert (told.boards, told.boards_expected) == (1, 3)
    assert told.temperatures_c == (71.5, 40.0)
    assert (told.fan_rpm, told.errors, told.uptime_s) == ((3000.0,), ("M1 hot",), 5000.0)
    assert told.pools == (Pool(url="stratum+tcp://a.example:1", user="w"),)


async def test_a_page_of_somebody_else_is_not_taken_for_braiins_os():
    fake = Fake()
    fake.says["miner/details"] = (200, {"mac_address": "02:00:00:AA:BB:01"})
    async with at(fake) as driver:
        with pytest.raises(DeviceError, match="Braiins"):
            await driver.identify()
