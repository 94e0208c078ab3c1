# SPDX-License-Identifier: Apache-2.0
"""Stock Antminer firmware on its command port, and on its pages behind HTTP digest."""

from hashlib import md5

import pytest

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Pool
from tests.adapters.simulators.miners.talking import Talk


def md(text):
    return md5(text.encode()).hexdigest()


class Browser:
    """Somebody who knows the password."""

    def __init__(self, talk, user="root", password="root"):
        self.talk, self.user, self.password, self.nonce = talk, user, password, None

    def __call__(self, method, page, body=None):
        path = f"/cgi-bin/{page}.cgi"
        if self.nonce is None:
            status, headers, _ = self.talk.http(method, path, body)
            assert status == 401
            self.nonce = headers["WWW-Authenticate"].partition('nonce="')[2].partition('"')[0]
        who = md(f"{self.user}:antMiner Configuration:{self.password}")
        middle = f"{self.nonce}:00000001:abc:auth"
        answer = md(f"{who}:{middle}:{md(f'{method}:{path}')}")
        said = (
            f'Digest username="{self.user}", realm="antMiner Configuration", '
            f'nonce="{self.nonce}", uri="{path}", qop=auth, nc=00000001, cnonce="abc", '
            f'response="{answer}"'
        )
        status, _, told = self.talk.http(method, path, body, Authorization=said)
        return status, told


def test_a_summary_tells_the_hashrate_and_ends_with_zero():
    talk = Talk("antminer")
    assert talk.bytes(b'{"command":"summary"}').endswith(b"}\0")
    assert talk.ask("summary")["SUMMARY"][0]["GHS 5s"] == 100_000.0


def test_power_is_told_only_in_the_new_form():
    talk = Talk("antminer")
    (row,) = talk.ask("stats", new_api=True)["STATS"]
    assert (row["watt"], row["rate_5s"], row["miner-mode"]) == (3000, 100_000.0, 0)
    about, old = talk.ask("stats")["STATS"]
    assert about["Type"] == talk.machine.model
    assert "watt" not in old
    assert old["GHS 5s"] == 100_000.0


def test_several_commands_at_once_are_refused():
    assert Talk("antminer").ask("summary+stats")["STATUS"][0]["STATUS"] == "E"


def test_a_sleeping_machine_answers_with_a_rate_of_zero():
    talk = Talk("antminer")
    talk.machine.sleep()
    talk.clock.now_s = 60.0
    (row,) = talk.ask("stats", new_api=True)["STATS"]
    assert (row["rate_5s"], row["miner-mode"], row["watt"]) == (0.0, 1, 25)


def test_a_board_that_fails_is_missed():
    talk = Talk("antminer", "board-failure")
    (row,) = talk.ask("stats", new_api=True)["STATS"]
    assert len(row["chain"]) == 2
    _, told = Browser(talk)("GET", "summary")
    assert [one["status"] for one in told["SUMMARY"][0]["status"]] == ["s", "s", "s", "e"]


def test_pages_are_shown_to_those_who_know_the_password():
    talk = Talk("antminer", credential=Credential(user="root", password="secret"))
    assert Browser(talk)("GET", "get_system_info")[0] == 401
    status, told = Browser(talk, password="secret")("GET", "get_system_info")
    assert status == 200
    assert (told["macaddr"], told["serinum"]) == ("02:00:00:00:00:01", "SIM000000001")


def test_a_nonce_serves_many_requests_until_it_is_too_old():
    talk = Talk("antminer")
    browser = Browser(talk)
    assert [browser("GET", "summary")[0] for _ in range(3)] == [200] * 3
    talk.clock.now_s = 601.0
    assert browser("GET", "summary")[0] == 401


def test_tokens_that_expire_make_nonces_short():
    talk = Talk("antminer", Fault(kind=FaultKind.TOKEN_EXPIRY, amount=5.0))
    browser = Browser(talk)
    assert browser("GET", "summary")[0] == 200
    talk.clock.now_s = 6.0
    assert browser("GET", "summary")[0] == 401


def test_a_nonce_of_another_machine_is_no_good():
    browser = Browser(Talk("antminer"))
    assert browser("GET", "summary")[0] == 200
    browser.talk = Talk("antminer", mac="02:00:00:00:00:02")
    assert browser("GET", "summary")[0] == 401


def test_a_configuration_that_was_read_and_written_back_stops_the_machine_and_keeps_pools():
    talk = Talk("antminer")
    browser, before = Browser(talk), talk.machine.pools
    _, config = browser("GET", "get_miner_conf")
    assert config["bitmain-work-mode"] == "0"
    _, told = browser("POST", "set_miner_conf", config | {"miner-mode": 1})
    assert told == {"stats": "success", "code": "M000", "msg": "OK!"}
    assert talk.machine.asleep
    assert talk.machine.pools == before
    assert browser("GET", "get_miner_conf")[1]["bitmain-work-mode"] == "1"
    browser("POST", "set_miner_conf", config | {"miner-mode": "0"})
    assert not talk.machine.asleep


def test_a_write_of_the_other_mode_key_says_success_and_does_nothing():
    talk = Talk("antminer")
    _, told = Browser(talk)("POST", "set_miner_conf", {"bitmain-work-mode": 1})
    assert told["stats"] == "success"
    assert not talk.machine.asleep


def test_empty_pools_wipe_the_machines_pools():
    talk = Talk("antminer")
    empty = [{"url": "", "user": "", "pass": ""}] * 3
    Browser(talk)("POST", "set_miner_conf", {"miner-mode": 1, "pools": empty})
    assert talk.machine.pools == ()


def test_slots_that_are_not_written_keep_their_pools():
    talk = Talk("antminer")
    talk.machine.pools = (Pool(url="a", user="u"), Pool(url="b", user="u"))
    one = [{"url": "c", "user": "u", "pass": "p"}]
    Browser(talk)("POST", "set_miner_conf", {"pools": one})
    assert [pool.url for pool in talk.machine.pools] == ["c", "b"]


@pytest.mark.parametrize(
    ("body", "code"), [({"miner-mode": 3}, "M002"), ({"pools": [{}]}, "M001"), ([], "M001")]
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(body, code):
    talk = Talk("antminer")
    _, told = Browser(talk)("POST", "set_miner_conf", body)
    assert (told["stats"], told["code"]) == ("error", code)
    assert talk.machine.told == []


def test_a_page_that_there_is_not_is_not_found():
    assert Browser(Talk("antminer"))("GET", "nothing")[0] == 404
