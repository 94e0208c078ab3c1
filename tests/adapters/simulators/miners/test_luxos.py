# SPDX-License-Identifier: Apache-2.0
"""LuxOS and its sessions."""

import pytest

from loadstone.adapters.simulators.faults import Fault, FaultKind
from tests.adapters.simulators.miners.talking import Talk


def logon(talk):
    return talk.ask("logon")["SESSION"][0]["SessionID"]


def status(answer):
    return answer["STATUS"][0]["STATUS"]


def test_several_commands_are_answered_at_once_but_take_no_parameters():
    talk = Talk("luxos")
    told = talk.ask("summary+power+config")
    assert told["summary"][0]["SUMMARY"][0]["GHS 5s"] == 100_000.0
    assert told["power"][0]["POWER"][0]["Watts"] == 3000
    assert told["config"][0]["CONFIG"][0]["CurtailMode"] == "None"
    assert status(talk.ask("summary+power", "x")) == "E"


def test_answers_end_with_the_connection_and_no_zero_byte():
    assert Talk("luxos").bytes(b'{"command":"version"}').endswith(b"}")


def test_a_stop_needs_a_session():
    talk = Talk("luxos")
    assert status(talk.ask("curtail", "sleep")) == "E"
    assert status(talk.ask("curtail", "nonsense,sleep")) == "E"
    assert not talk.machine.asleep
    told = talk.ask("curtail", f"{logon(talk)},sleep")
    assert told["CURTAIL"] == [{"Action": "sleep mode"}]
    assert talk.ask("config")["CONFIG"][0]["CurtailMode"] == "Sleep"


def test_there_is_one_session_until_it_is_left():
    talk = Talk("luxos")
    name = logon(talk)
    assert status(talk.ask("logon")) == "E"
    assert talk.ask("session")["SESSION"] == [{"SessionID": name}]
    assert status(talk.ask("logoff", name)) == "S"
    assert talk.ask("session")["SESSION"] == [{"SessionID": ""}]
    assert logon(talk) != name


def test_a_session_ends_a_minute_after_its_last_use():
    talk = Talk("luxos")
    name = logon(talk)
    for now_s in (50.0, 100.0):
        talk.clock.now_s = now_s
        assert status(talk.ask("curtail", f"{name},sleep")) == "S"
    talk.clock.now_s = 161.0
    assert status(talk.ask("curtail", f"{name},wakeup")) == "E"
    assert status(talk.ask("logon")) == "S"


def test_sessions_that_expire_at_once_let_nobody_in():
    talk = Talk("luxos", Fault(kind=FaultKind.TOKEN_EXPIRY))
    name = logon(talk)
    talk.clock.now_s = 0.1
    assert status(talk.ask("curtail", f"{name},sleep")) == "E"


def test_a_profile_caps_the_machine():
    talk = Talk("luxos")
    rows = talk.ask("profiles")["PROFILES"]
    assert [row["Watts"] for row in rows] == [1200, 1500, 1800, 2100, 2400, 2700, 3000]
    assert rows[-1]["Profile Name"] == "default"
    name = rows[2]["Profile Name"]
    told = talk.ask("profileset", f"{logon(talk)},{name}")
    assert told["PROFILE"][0]["Profile"] == name
    assert talk.machine.limit_w == 1800.0
    row = talk.ask("config")["CONFIG"][0]
    assert (row["Profile"], row["ProfileStep"]) == (name, "-4")


def test_a_cap_that_is_refused_silently_sounds_like_one_that_is_taken():
    talk = Talk("luxos", "cap-refused-silently")
    told = talk.ask("profileset", f"{logon(talk)},240MHz")
    assert status(told) == "S"
    assert talk.machine.limit_w is None
    assert talk.ask("config")["CONFIG"][0]["Profile"] == "default"


@pytest.mark.parametrize("words", ["profileset,nonsense", "curtail,nap"])
def test_what_there_is_not_is_refused(words):
    talk = Talk("luxos")
    command, _, word = words.partition(",")
    assert status(talk.ask(command, f"{logon(talk)},{word}")) == "E"
    assert talk.machine.told == []


def test_thermal_management_keeps_what_it_is_set_to():
    talk = Talk("luxos")
    name = logon(talk)
    talk.ask("atmset", f"{name},enabled=true")
    talk.ask("atmset", f"{name},max_profile=360MHz")
    row = talk.ask("atm")["ATM"][0]
    assert (row["Enabled"], row["MaxProfile"]) == (True, "360MHz")
    assert talk.ask("config")["CONFIG"][0]["IsAtmEnabled"] is True


def test_pools_are_added_and_removed_by_their_number():
    talk = Talk("luxos")
    assert status(talk.ask("addpool", "stratum+tcp://b:1,me.1,x")) == "S"
    assert [row["URL"] for row in talk.ask("pools")["POOLS"]][1] == "stratum+tcp://b:1"
    assert status(talk.ask("removepool", "0")) == "S"
    assert [pool.url for pool in talk.machine.pools] == ["stratum+tcp://b:1"]
    for number in ("5", "-1", "\u00b2", "9" * 5_000):
        assert status(talk.ask("removepool", number)) == "E"


def test_a_reboot_ends_the_session_and_a_stop_outlives_it():
    talk = Talk("luxos")
    name = logon(talk)
    talk.ask("curtail", f"{name},sleep")
    assert status(talk.ask("rebootdevice", name)) == "S"
    talk.clock.now_s = 40.0
    assert talk.machine.asleep
    assert talk.ask("session")["SESSION"] == [{"SessionID": ""}]


def test_a_lost_board_shows_in_devs_and_events():
    talk = Talk("luxos", "board-failure")
    assert [row["Status"] for row in talk.ask("devs")["DEVS"]] == ["Alive", "Alive", "Dead"]
    assert talk.ask("events")["EVENTS"][0]["Code"] == "BOARD_NOT_DETECTED"


def test_a_wrong_clock_is_told():
    told = Talk("luxos", "clock-skew").ask("summary")["STATUS"][0]["When"]
    assert told == 1_800_003_600
