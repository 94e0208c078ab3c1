# SPDX-License-Identifier: Apache-2.0
"""Braiins OS: the command port reads, REST does the rest."""

import pytest

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.model.operations.machine import Credential
from tests.adapters.simulators.miners.talking import Talk

LOGIN = {"username": "root", "password": "root"}


class Owner:
    """Somebody with a token."""

    def __init__(self, talk, prefix=""):
        self.talk = talk
        status, _, told = talk.http("POST", "/api/v1/auth/login", LOGIN)
        assert status == 200
        self.token, self.timeout_s = prefix + told["token"], told["timeout_s"]

    def __call__(self, method, path, body=None):
        path = f"/api/v1/{path}"
        status, _, told = self.talk.http(method, path, body, Authorization=self.token)
        return status, told


def test_the_command_port_tells_rates_and_power():
    talk = Talk("braiins")
    told = talk.ask("summary+tunerstatus")
    assert told["summary"][0]["SUMMARY"][0]["MHS 5s"] == 100e6
    row = told["tunerstatus"][0]["TUNERSTATUS"][0]
    assert (row["ApproximateMinerPowerConsumption"], row["PowerLimit"]) == (3000, 3000)
    assert talk.ask("pause")["STATUS"][0]["STATUS"] == "E"


def test_nothing_is_told_without_a_token():
    status, _, _ = Talk("braiins").http("GET", "/api/v1/miner/details")
    assert status == 401


@pytest.mark.parametrize("prefix", ["", "Bearer "])
def test_a_token_is_taken_with_bearer_or_without(prefix):
    owner = Owner(Talk("braiins"), prefix)
    status, told = owner("GET", "miner/details")
    assert status == 200
    assert (told["status"], told["mac_address"]) == (2, "02:00:00:00:00:01")


def test_a_wrong_password_gives_no_token():
    talk = Talk("braiins", credential=Credential(user="root", password="secret"))
    assert talk.http("POST", "/api/v1/auth/login", LOGIN)[0] == 401


def test_a_token_lives_an_hour_from_its_last_use():
    talk = Talk("braiins")
    owner = Owner(talk)
    assert owner.timeout_s == 3600
    for now_s in (3000.0, 6000.0):
        talk.clock.now_s = now_s
        assert owner("GET", "version")[0] == 200
    talk.clock.now_s = 9601.0
    assert owner("GET", "version")[0] == 401


def test_tokens_that_expire_die_early():
    talk = Talk("braiins", Fault(kind=FaultKind.TOKEN_EXPIRY, amount=10.0))
    owner = Owner(talk)
    assert owner.timeout_s == 10
    talk.clock.now_s = 11.0
    assert owner("GET", "version")[0] == 401


def test_pause_and_resume_say_whether_it_was_so_already():
    talk = Talk("braiins")
    owner = Owner(talk)
    assert owner("PUT", "actions/pause") == (200, False)
    assert owner("PUT", "actions/pause") == (200, True)
    assert owner("GET", "miner/details")[1]["status"] == 3
    assert talk.ask("devs")["DEVS"] == []
    assert owner("PUT", "actions/resume") == (200, False)
    assert not talk.machine.asleep


def test_a_power_target_within_bounds_is_taken():
    owner = Owner(Talk("braiins"))
    target = owner("GET", "configuration/constraints")[1]["tuner_constraints"]["power_target"]
    assert (target["min"], target["max"]) == ({"watt": 1200}, {"watt": 3000})
    assert owner("PUT", "performance/power-target", {"watt": 2000}) == (200, {"watt": 2000})
    told = owner("GET", "performance/tuner-state")[1]
    assert told["mode_state"]["powertargetmodestate"]["current_target"] == {"watt": 2000}


@pytest.mark.parametrize("body", [{"watt": 100}, {"watt": "2000"}, {}, None, [1]])
def test_another_power_target_is_refused(body):
    talk = Talk("braiins")
    assert Owner(talk)("PUT", "performance/power-target", body)[0] == 400
    assert talk.machine.told == []


def test_pools_are_written_in_groups():
    talk = Talk("braiins")
    owner = Owner(talk)
    group = {"name": "g", "pools": [{"url": "a:1", "user": "u", "password": None}]}
    assert owner("PUT", "pools/batch", [group])[0] == 200
    assert owner("GET", "pools/")[1][0]["pools"][0]["url"] == "a:1"
    assert owner("PUT", "pools/batch", {"no": "list"})[0] == 400


def test_pages_that_there_are_not_and_ways_that_are_wrong():
    owner = Owner(Talk("braiins"))
    assert owner("GET", "nothing")[0] == 404
    assert owner("POST", "miner/details")[0] == 405


def test_a_reboot_is_said_with_no_content():
    talk = Talk("braiins")
    assert Owner(talk)("PUT", "actions/reboot") == (204, None)
    assert not talk.machine.reachable


def test_a_lost_board_is_an_error_it_tells():
    owner = Owner(Talk("braiins", "board-failure"))
    (row,) = owner("GET", "miner/errors")[1]["errors"]
    assert "Hashboard 3" in row["message"]
    assert len(owner("GET", "miner/hw/hashboards")[1]["hashboards"]) == 2


def test_others_can_tell_it_by_its_front_page_and_graphql():
    talk = Talk("braiins", model="Antminer S21")
    assert b"Braiins OS" in talk.bytes(b"GET / HTTP/1.1\r\n\r\n", port=1)
    asked = {"query": "{ bosminer { info { modelName } } }"}
    _, _, told = talk.http("POST", "/graphql", asked)
    assert told["data"]["bosminer"]["info"]["modelName"] == "Antminer S21"
