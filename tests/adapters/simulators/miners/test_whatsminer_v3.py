# SPDX-License-Identifier: Apache-2.0
"""WhatsMiner with API 3: framed JSON, and writes signed with a salt and the time."""

import json
from base64 import b64encode
from hashlib import sha256

import pytest

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.miners import FACES
from loadstone.adapters.simulators.miners.whatsminer.sealing import seal
from loadstone.model.operations.machine import Credential
from tests.adapters.simulators.miners.talking import Talk

NOW = 1_800_000_000


def framed(asked):
    body = json.dumps(asked).encode()
    return len(body).to_bytes(4, "little") + body


def unframed(said):
    assert int.from_bytes(said[:4], "little") == len(said) - 4
    return json.loads(said[4:])


def ask(talk, command, param=None):
    asked = {"cmd": command} if param is None else {"cmd": command, "param": param}
    return unframed(talk.bytes(framed(asked)))


def tell(talk, command, param=None, *, password="super", at=NOW, sealed=False):
    salt = ask(talk, "get.device.info", "salt")["msg"]["salt"]
    key = sha256(f"{command}{password}{salt}{at}".encode()).digest()
    if sealed:
        param = seal(key, json.dumps(param).encode())
    signed = {"ts": at, "account": "super", "token": b64encode(key)[:8].decode()}
    return unframed(talk.bytes(framed({"cmd": command, "param": param} | signed)))


def test_status_is_asked_for_in_parts():
    talk = Talk("whatsminer-v3")
    told = ask(talk, "get.miner.status", "summary+pools")["msg"]
    assert set(told) == {"summary", "pools"}
    assert told["summary"]["power-realtime"] == 3000
    assert told["summary"]["hash-realtime"] == 100.0
    assert ask(talk, "get.miner.status")["code"] == -3
    assert ask(talk, "get.miner.status", "weather")["code"] == -2


def test_device_info_is_told_whole_or_in_part():
    talk = Talk("whatsminer-v3")
    whole = ask(talk, "get.device.info")["msg"]
    assert whole["miner"]["working"] == "true"
    assert whole["network"]["mac"] == "02:00:00:00:00:01"
    assert ask(talk, "get.device.info", "system")["msg"] == {"system": whole["system"]}


def test_requests_on_one_connection_are_answered_in_turn_however_they_arrive():
    talk = Talk("whatsminer-v3")
    there = FACES["whatsminer-v3"][0].open(talk.machine)
    sent = framed({"cmd": "get.miner.setting"}) * 2
    said = b"".join(there.feed(sent[at : at + 5]) for at in range(0, len(sent), 5))
    size = int.from_bytes(said[:4], "little")
    assert said[: 4 + size] == said[4 + size :]
    assert not there.closes


def test_a_length_out_of_all_proportion_ends_the_call():
    there = FACES["whatsminer-v3"][0].open(Talk("whatsminer-v3").machine)
    assert there.feed(b"\xff\xff\xff\xff") == b""
    assert there.closes


def test_the_owner_stops_and_starts_it():
    talk = Talk("whatsminer-v3")
    assert tell(talk, "set.miner.service", "stop")["msg"] == "ok"
    assert ask(talk, "get.device.info", "miner")["msg"]["miner"]["working"] == "false"
    assert tell(talk, "set.miner.service", "start")["code"] == 0
    assert not talk.machine.asleep
    assert tell(talk, "set.miner.service", "dance")["code"] == -1


def test_a_wrong_password_is_not_permitted():
    talk = Talk("whatsminer-v3", credential=Credential(user="super", password="secret"))
    assert tell(talk, "set.miner.service", "stop")["code"] == -4
    assert tell(talk, "set.miner.service", "stop", password="secret")["code"] == 0


def test_a_write_without_a_token_is_not_permitted():
    assert ask(Talk("whatsminer-v3"), "set.miner.service", "stop")["code"] == -4


def test_an_unknown_command_is_invalid():
    for command in ("get.rich.quick", ["get.device.info"], {"a": 1}, 7):
        assert ask(Talk("whatsminer-v3"), command)["code"] == -2
    for param in ("riches", ["miner"], {"a": 1}):
        assert ask(Talk("whatsminer-v3"), "get.device.info", param)["code"] == -2


def test_caps_are_watts_or_percents_in_text():
    talk = Talk("whatsminer-v3")
    assert tell(talk, "set.miner.power_limit", 2000)["code"] == 0
    assert ask(talk, "get.miner.setting")["msg"]["power-limit"] == 2000
    half = {"percent": "50", "mode": "fast"}
    assert tell(talk, "set.miner.power_percent", half)["code"] == 0
    assert talk.machine.limit_w == 1500.0
    assert tell(talk, "set.miner.power_percent", {"percent": 50})["code"] == -1
    assert tell(talk, "set.miner.power_limit", "2000")["code"] == -1


def test_pools_are_sealed_with_the_hash_of_their_request():
    talk = Talk("whatsminer-v3")
    rows = [{"pool": "a:1", "worker": "w", "passwd": "p"}]
    assert tell(talk, "set.miner.pools", rows)["code"] == -1
    assert tell(talk, "set.miner.pools", rows, sealed=True)["code"] == 0
    assert ask(talk, "get.miner.status", "pools")["msg"]["pools"][0]["url"] == "a:1"


def test_a_salt_stays_until_a_reboot():
    talk = Talk("whatsminer-v3")
    first = ask(talk, "get.device.info", "salt")["msg"]["salt"]
    talk.clock.now_s = 1e6
    assert ask(talk, "get.device.info", "salt")["msg"]["salt"] == first
    tell(talk, "set.system.reboot")
    assert ask(talk, "get.device.info", "salt")["msg"]["salt"] != first


def test_a_salt_that_expires_makes_old_tokens_worthless():
    talk = Talk("whatsminer-v3", Fault(kind=FaultKind.TOKEN_EXPIRY, amount=10.0))
    first = ask(talk, "get.device.info", "salt")["msg"]["salt"]
    talk.clock.now_s = 11.0
    assert ask(talk, "get.device.info", "salt")["msg"]["salt"] != first


@pytest.mark.parametrize(("at", "code"), [(NOW, -4), (NOW + 3600, 0)])
def test_a_machine_with_a_wrong_clock_wants_its_own_time(at, code):
    talk = Talk("whatsminer-v3", "clock-skew")
    assert ask(talk, "get.miner.setting")["when"] == NOW + 3600
    assert tell(talk, "set.miner.service", "stop", at=at)["code"] == code


def test_the_old_port_reads_and_does_not_write():
    talk = Talk("whatsminer-v3")
    there = FACES["whatsminer-v3"][1].open(talk.machine)
    told = json.loads(there.feed(b'{"command":"get_version"}'))["Msg"]
    assert (told["api_ver"], told["fw_ver"]) == ("3.0.2", "20250214.16.Rel")
    sealed = b'{"enc":1,"data":"AAAAAAAAAAAAAAAAAAAAAA=="}'
    assert json.loads(FACES["whatsminer-v3"][1].open(talk.machine).feed(sealed))["Code"] == 14
