# SPDX-License-Identifier: Apache-2.0
import base64
import hashlib
import json
from contextlib import asynccontextmanager

import pytest
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from loadstone.adapters.drivers.miners.whatsminer.v3 import WhatsminerV3
from loadstone.adapters.drivers.wire import framed, to_length
from loadstone.model.errors import DeviceError
from loadstone.model.operations.command import CapKind
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Pool, Reason, State
from tests.adapters.drivers.peers import nobody, peer

pytestmark = pytest.mark.anyio

# the examples of apidoc.whatsminer.com, API 3.0.3, as kept in public copies; shortened
SUMMARY = {
    "elapsed": 1074,
    "bootup-time": 1175,
    "hash-average": 101.847,
    "hash-realtime": 101.847,
    "power-5min": 3247.641,
    "power-realtime": 3268,
    "chip-temp-max": 100.3,
    "power-limit": 3500,
    "fan-speed-in": 4980,
    "fan-speed-out": 5070,
}
INFO = {
    "network": {"mac": "CA:01:14:00:04:EB", "hostname": "WhatsMiner"},
    "miner": {"working": "true", "type": "M30S++_VH70", "board-num": "3", "miner-sn": "HTM1"},
    "system": {"api": "3.0.0", "fwversion": "20240722.07.51.REL"},
    "error-code": [{"531": "2025-03-12 14:52:35", "reason": "Slot1 not found."}],
}
EDEVS = [{"hash-average": 33.9, "chip-temp-max": 97.4}, {"hash-average": 0.0}]
POOLS = [{"id": 1, "url": "stratum+tcp://pool.example:3333", "account": "site.1"}]
PASSWORD = "correct horse"


class Fake:
    """A machine as the protocol has it, in as few words as can be."""

    def __init__(self):
        self.summary = dict(SUMMARY)
        self.info = json.loads(json.dumps(INFO))
        self.pools = list(POOLS)
        self.salt = "px5hoXa9"
        self.now = 1_692_685_443
        self.heard = []
        self.tokens = []
        self.says = {}
        self.takes_cap = True

    def reply(self, frame):
        asked = json.loads(frame[4:])
        command, param = asked["cmd"], asked.get("param")
        self.heard.append(f"{command} {param}" if isinstance(param, str) else command)
        if command in self.says:
            said = self.says[command]
            return said if said is None or isinstance(said, bytes) else self.frame(*said)
        if command.startswith("set."):
            return self.frame(*self.obey(asked))
        return self.frame(*self.tell(command, param))

    def frame(self, code, msg):
        return framed(json.dumps({"code": code, "when": self.now, "msg": msg}).encode())

    def tell(self, command, param):
        if command == "get.device.info":
            told = self.info | {"salt": self.salt}
            return 0, told if param is None else {param: told[param]}
        if command == "get.miner.status":
            told = {"summary": self.summary, "pools": self.pools, "edevs": EDEVS}
            return 0, {part: told[part] for part in param.split("+")}
        if command == "get.miner.setting":
            return 0, {"power-limit": self.summary["power-limit"]}
        return -2, "invalid command"

    def obey(self, asked):
        text = f"{asked['cmd']}{PASSWORD}{self.salt}{asked['ts']}"
        digest = hashlib.sha256(text.encode()).digest()
        known = asked["token"] == base64.b64encode(digest).decode()[:8]
        if not known or asked["account"] != "super" or abs(asked["ts"] - self.now) > 60:
            return -4, "no permission"
        self.tokens.append(asked["token"])
        param = asked.get("param")
        if asked["cmd"] == "set.miner.service":
            self.info["miner"]["working"] = "true" if param == "start" else "false"
            self.summary["hash-realtime"] = 101.847 if param == "start" else 0.0
        if asked["cmd"] == "set.miner.power_limit" and self.takes_cap:
            self.summary["power-limit"] = param
        if asked["cmd"] == "set.miner.pools":
            aes = Cipher(algorithms.AES(digest), modes.ECB()).decryptor()
            filled = aes.update(base64.b64decode(param)) + aes.finalize()
            plain = padding.PKCS7(128).unpadder()
            told = json.loads(plain.update(filled) + plain.finalize())
            self.pools = [{"url": p["pool"], "account": p["worker"]} for p in told]
        return 0, "ok"


@asynccontextmanager
async def at(fake, *, password=PASSWORD, deadline_s=2.0, now_s=lambda: 1000.0):
    async with peer(fake.reply, whole=lambda b: to_length(bytearray(b), False)) as here:
        credential = Credential(user="super", password=password)
        yield WhatsminerV3(here.address, credential, deadline_s=deadline_s, now_s=now_s)


async def test_a_machine_that_hashes_is_read_by_its_summary_alone():
    fake = Fake()
    async with at(fake) as driver:
        read = await driver.read()
    assert (read.state, read.power_w, read.limit_w) == (State.RUNNING, 3268, 3500)
    assert (read.hashrate_th, read.temperature_c) == (101.847, 100.3)
    assert fake.heard == ["get.miner.status summary"]


async def test_a_machine_that_does_not_hash_is_asked_whether_it_works():
    fake = Fake()
    fake.summary["hash-realtime"] = 0.0
    async with at(fake) as driver:
        assert (await driver.read()).state is State.RUNNING
        fake.info["miner"]["working"] = "false"
        assert (await driver.read()).state is State.STOPPED
        fake.info["miner"].pop("working")
        read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, Reason.INCOMPLETE)


async def test_an_idle_machine_may_have_no_summary():
    fake = Fake()
    fake.says["get.miner.status"] = (-1, "fail")
    fake.info["miner"]["working"] = "false"
    async with at(fake) as driver:
        read = await driver.read()
    assert (read.state, read.power_w) == (State.STOPPED, None)


async def test_a_stop_is_read_by_the_machines_own_word():
    fake = Fake()
    async with at(fake) as driver:
        assert (await driver.stop()).accepted is True
        assert (await driver.read()).state is State.STOPPED
        assert (await driver.resume()).accepted is True
        assert (await driver.read()).state is State.RUNNING


async def test_a_summary_that_stands_still_is_stale():
    fake, clock = Fake(), [1000.0]
    async with at(fake, now_s=lambda: clock[0]) as driver:
        await driver.read()
        clock[0] += 15.0
        read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, Reason.STALE)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"", Reason.TIMEOUT),
        (b"\x00\x01\x00\x00half", Reason.RESET),
        (None, Reason.RESET),
        (framed(b"no json"), Reason.GARBAGE),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Reason.GARBAGE),
        (framed(b"[]"), Reason.INCOMPLETE),
    ],
)
async def test_every_failure_to_read_has_its_reason(said, reason):
    fake = Fake()
    fake.says["get.miner.status"] = said
    async with at(fake, deadline_s=0.05) as driver:
        read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, reason)


async def test_nobody_at_the_address_is_unknown_and_not_stopped():
    driver = WhatsminerV3(await nobody(), None, deadline_s=2.0, now_s=lambda: 0.0)
    read = await driver.read()
    assert (read.state, read.reason) == (State.UNKNOWN, Reason.REFUSED)


async def test_the_salt_is_fetched_once_and_anew_when_it_is_refused():
    fake = Fake()
    async with at(fake) as driver:
        await driver.warm()
        await driver.stop()
        assert fake.heard.count("get.device.info salt") == 1
        fake.salt = "anotherS"
        assert (await driver.resume()).accepted is True
    assert fake.heard.count("get.device.info salt") == 2


async def test_a_machine_read_in_full_has_told_its_salt():
    fake = Fake()
    async with at(fake) as driver:
        await driver.detail()
        assert (await driver.stop()).accepted is True
        fake.salt = "anotherS"
        await driver.detail()
        assert (await driver.resume()).accepted is True
    assert "get.device.info salt" not in fake.heard


async def test_a_token_carries_the_time_of_the_machines_own_clock():
    fake, clock = Fake(), [5_000_000.0]
    async with at(fake, now_s=lambda: clock[0]) as driver:
        await driver.warm()
        clock[0] += 900.0
        fake.now += 900
        assert (await driver.stop()).accepted is True


async def test_a_wrong_password_is_told_and_changes_nothing():
    fake = Fake()
    async with at(fake, password="wrong") as driver:
        said = await driver.stop()
    assert (said.accepted, said.reason) == (False, Reason.AUTH)
    assert fake.info["miner"]["working"] == "true"
    assert "wrong" not in said.message
    assert "wrong" not in repr(driver)


async def test_a_command_it_does_not_know_is_unsupported():
    fake = Fake()
    fake.says["set.miner.service"] = (-2, "invalid command")
    async with at(fake) as driver:
        said = await driver.stop()
    assert (said.accepted, said.reason) == (False, Reason.UNSUPPORTED)


async def test_a_token_that_is_refused_under_another_code_is_made_anew():
    fake, refused = Fake(), []
    usual = fake.obey

    def obey(asked):
        if not refused:
            refused.append(asked)
            return -2, "invalid token"
        return usual(asked)

    fake.obey = obey
    async with at(fake) as driver:
        assert (await driver.stop()).accepted is True
    assert fake.heard.count("get.device.info salt") == 2


async def test_an_objection_to_what_is_so_already_is_a_yes():
    fake = Fake()
    fake.info["miner"]["working"] = "false"
    fake.says["set.miner.service"] = (-1, "fail")
    async with at(fake) as driver:
        assert (await driver.stop()).accepted is True
        fake.info["miner"]["working"] = "true"
        said = await driver.stop()
    assert (said.accepted, said.reason) == (False, Reason.DENIED)


async def test_a_denial_is_told_in_its_own_words_where_nothing_else_is_said():
    fake = Fake()
    async with at(fake) as driver:
        await driver.warm()
        fake.says["set.miner.service"] = (-1, "not now")
        fake.says["get.device.info"] = (-2, "invalid command")
        said = await driver.stop()
    assert (said.accepted, said.reason) == (False, Reason.DENIED)
    assert "not now" in said.message


async def test_a_cap_is_read_back_and_not_written_twice():
    fake = Fake()
    async with at(fake) as driver:
        first = await driver.cap(3000.9)
        again = await driver.cap(3000.0)
    assert [(said.accepted, said.limit_w) for said in (first, again)] == [(True, 3000.0)] * 2
    assert fake.heard.count("set.miner.power_limit") == 1
    assert driver.capability.cap is CapKind.WATTS


async def test_a_cap_that_is_refused_silently_is_unverified():
    fake = Fake()
    fake.takes_cap = False
    async with at(fake, deadline_s=0.2) as driver:
        said = await driver.cap(3000.0)
    assert (said.accepted, said.reason, said.limit_w) == (None, Reason.UNVERIFIED, 3500.0)


async def test_pools_travel_encrypted_and_are_read_back():
    fake, wanted = Fake(), [Pool(url="stratum+tcp://b.example:1", user="w", password="secret")]
    async with at(fake) as driver:
        said = await driver.set_pools(wanted)
        assert await driver.pools() == (Pool(url="stratum+tcp://b.example:1", user="w"),)
    assert said.accepted is True
    assert fake.heard[0] == "get.miner.status pools"
    assert not any("secret" in heard for heard in fake.heard)


async def test_pools_are_not_written_when_they_could_not_be_read():
    fake = Fake()
    fake.says["get.miner.status"] = (-2, "invalid command")
    async with at(fake) as driver:
        said = await driver.set_pools([Pool(url="stratum+tcp://b.example:1", user="w")])
        with pytest.raises(DeviceError):
            await driver.pools()
    assert said.accepted is False
    assert not any(heard.startswith("set.") for heard in fake.heard)


async def test_an_idle_machine_tells_its_pools_beside_its_summary():
    fake = Fake()
    usual = fake.tell

    def tell(command, param):
        return (-1, "fail") if param == "pools" else usual(command, param)

    fake.tell = tell
    async with at(fake) as driver:
        assert len(await driver.pools()) == 1


async def test_a_machine_says_who_it_is_and_how_it_fares():
    async with at(Fake()) as driver:
        identity = await driver.identify()
        told = await driver.detail()
    assert (identity.mac, identity.serial) == ("ca:01:14:00:04:eb", "HTM1")
    assert (identity.model, identity.firmware) == ("M30S++_VH70", "20240722.07.51.REL")
    assert (told.boards, told.boards_expected) == (1, 3)
    assert told.errors == ("531 Slot1 not found.",)
    assert (told.fan_rpm, told.temperatures_c) == ((4980.0, 5070.0), (97.4,))
    assert told.uptime_s == 1175.0
    assert told.pools == (Pool(url="stratum+tcp://pool.example:3333", user="site.1"),)
