# SPDX-License-Identifier: Apache-2.0
"""WhatsMiner with API 2: reads in plain text, writes sealed with a token."""

import json

import pytest

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.miners.whatsminer.sealing import (
    key_of,
    md5_crypt,
    open_sealed,
    seal,
)
from loadstone.model.operations.machine import Credential
from tests.adapters.simulators.miners.talking import Talk


class Owner:
    """Somebody who has a token and a password."""

    def __init__(self, talk, password="admin"):
        self.talk = talk
        token = talk.ask("get_token")["Msg"]
        word = md5_crypt(password.encode(), token["salt"].encode())
        self.key = key_of(word)
        self.sign = md5_crypt((word + token["time"]).encode(), token["newsalt"].encode())

    def __call__(self, command, **more):
        asked = json.dumps({"cmd": command, "token": self.sign} | more).encode()
        sent = json.dumps({"enc": 1, "data": seal(self.key, asked)}).encode()
        said = json.loads(self.talk.bytes(sent))
        return json.loads(open_sealed(self.key, said["enc"])) if "enc" in said else said


def test_reads_are_open_and_some_may_be_joined():
    talk = Talk("whatsminer-v2")
    told = talk.ask("summary+pools")
    row = told["summary"][0]["SUMMARY"][0]
    assert (row["Power"], row["HS RT"], row["Power Limit"]) == (3000, 100e6, 3000)
    assert told["pools"][0]["POOLS"][0]["POOL"] == 1
    assert talk.ask("summary+status")["Code"] == 14
    assert talk.ask("status")["Msg"]["mineroff"] == "false"


def test_the_key_may_be_cmd_or_command():
    assert json.loads(Talk("whatsminer-v2").bytes(b'{"cmd":"get_version"}'))["Code"] == 131


def test_a_write_in_plain_text_is_not_permitted():
    assert Talk("whatsminer-v2").ask("power_off")["Code"] == 45


def test_the_owner_stops_and_starts_it():
    talk = Talk("whatsminer-v2")
    owner = Owner(talk)
    assert owner("power_off", respbefore="true")["Msg"] == "API command OK"
    assert talk.ask("status")["Msg"]["mineroff"] == "true"
    assert owner("power_on")["Code"] == 131
    assert not talk.machine.asleep


def test_reads_may_be_sealed_too():
    assert Owner(Talk("whatsminer-v2"))("summary")["SUMMARY"][0]["Power"] == 3000


def test_another_password_opens_nothing():
    talk = Talk("whatsminer-v2", credential=Credential(user="admin", password="secret"))
    assert Owner(talk)("power_off")["Code"] == 23
    assert Owner(talk, "secret")("power_off")["Code"] == 131


@pytest.mark.parametrize("data", ["%%%", "YQ==", 5])
def test_what_cannot_be_opened_is_refused_in_plain_text(data):
    sent = json.dumps({"enc": 1, "data": data}).encode()
    assert json.loads(Talk("whatsminer-v2").bytes(sent))["Code"] == 23


def test_a_token_lives_half_an_hour_from_its_issue():
    talk = Talk("whatsminer-v2")
    owner = Owner(talk)
    talk.clock.now_s = 1799.0
    assert owner("power_off")["Code"] == 131
    talk.clock.now_s = 1801.0
    assert owner("power_on")["Code"] == 135
    assert Owner(talk)("power_on")["Code"] == 131


def test_tokens_that_expire_die_early():
    talk = Talk("whatsminer-v2", Fault(kind=FaultKind.TOKEN_EXPIRY, amount=10.0))
    owner = Owner(talk)
    talk.clock.now_s = 11.0
    assert owner("power_off")["Code"] == 135


def test_there_are_no_more_than_thirty_two_tokens():
    talk = Talk("whatsminer-v2")
    first = Owner(talk)
    assert [talk.ask("get_token")["Code"] for _ in range(32)] == [134] * 31 + [136]
    assert first("power_off")["Code"] == 131
    talk.clock.now_s = 1801.0
    assert talk.ask("get_token")["Code"] == 134


def test_a_token_that_was_never_given_is_refused():
    talk = Talk("whatsminer-v2")
    owner = Owner(talk)
    owner.sign = "x" * 22
    assert owner("power_off")["Code"] == 135
    assert talk.machine.told == []


def test_a_reboot_forgets_tokens():
    talk = Talk("whatsminer-v2")
    owner = Owner(talk)
    assert owner("reboot")["Code"] == 131
    talk.clock.now_s = 60.0
    assert owner("power_off")["Code"] == 135


def test_caps_are_watts_or_percents():
    talk = Talk("whatsminer-v2")
    owner = Owner(talk)
    assert owner("adjust_power_limit", power_limit="2000")["Code"] == 131
    assert talk.ask("summary")["SUMMARY"][0]["Power Limit"] == 2000
    assert owner("set_power_pct", percent="50")["Code"] == 131
    assert talk.machine.limit_w == 1500.0
    assert owner("adjust_power_limit", power_limit="many")["Code"] == 132
    assert owner("set_power_pct", percent="101")["Code"] == 132


def test_pools_are_written_all_at_once():
    talk = Talk("whatsminer-v2")
    owner = Owner(talk)
    said = owner("update_pools", pool1="a:1", worker1="w", passwd1="p", pool2="b:2")
    assert said["Code"] == 131
    assert [(pool.url, pool.user) for pool in talk.machine.pools] == [("a:1", "w"), ("b:2", "")]
    assert owner("update_pools")["Code"] == 132


def test_a_write_that_resets_pools_loses_them():
    talk = Talk("whatsminer-v2", "pools-reset-on-config-write")
    assert Owner(talk)("update_pools", pool1="a:1")["Code"] == 131
    assert talk.ask("pools")["POOLS"] == []


def test_a_lost_board_is_an_error_code():
    talk = Talk("whatsminer-v2", "board-failure")
    assert [list(one) for one in talk.ask("get_error_code")["Msg"]["error_code"]] == [["542"]]
    assert talk.ask("summary")["SUMMARY"][0]["Error Code Count"] == 1
