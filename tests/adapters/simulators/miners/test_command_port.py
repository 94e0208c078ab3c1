# SPDX-License-Identifier: Apache-2.0
"""A request is whole when its braces close, however it arrives."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.simulators.faults import Fault, FaultKind
from loadstone.adapters.simulators.miners.command_port import CommandPort
from tests.adapters.simulators.miners.talking import Talk

REQUEST = b'{"command": "summary", "parameter": "a}{b"}'


def port():
    return CommandPort(lambda request: json.dumps(request).encode())


@given(st.sets(st.integers(1, len(REQUEST) - 1), max_size=4))
def test_a_request_in_pieces_is_answered_once_and_whole(cuts):
    there = port()
    edges = [0, *sorted(cuts), len(REQUEST)]
    answers = [there.feed(REQUEST[a:b]) for a, b in pairwise(edges)]
    assert [one for one in answers if one] == [json.dumps(json.loads(REQUEST)).encode()]
    assert there.closes


@pytest.mark.parametrize("end", [b"\n", b"\0", b"\r\n"])
def test_clients_end_requests_as_they_like(end):
    assert json.loads(port().feed(REQUEST + end)) == json.loads(REQUEST)


@pytest.mark.parametrize("sent", [b"hello\n", b"{]}", b"[1]", b"{" + b"x" * 9000])
def test_what_is_no_request_is_refused_and_the_line_closed(sent):
    there = port()
    assert there.feed(sent) == b"null"
    assert there.closes


@pytest.mark.parametrize("family", ["antminer", "braiins", "luxos"])
def test_a_machine_says_that_it_did_not_understand(family):
    talk = Talk(family)
    said = json.loads(talk.bytes(b"{]}").rstrip(b"\0"))
    assert said["STATUS"][0]["STATUS"] == "E"
    assert talk.ask("dance")["STATUS"][0]["Code"] == 14


@pytest.mark.parametrize(
    ("family", "commands"),
    [
        ("antminer", "version summary stats pools devs"),
        ("braiins", "version summary devs devdetails temps fans pools tunerstatus"),
        (
            "luxos",
            "version summary stats power config profiles atm session devs edevs temps fans "
            "tempctrl groups events pools",
        ),
        ("whatsminer-v2", "summary devs edevs devdetails pools"),
    ],
)
def test_every_read_is_answered_awake_and_asleep_with_boards_and_without(family, commands):
    for faults in ((), (Fault(kind=FaultKind.BOARD_FAILURE, amount=3.0),)):
        talk = Talk(family, *faults)
        for command in commands.split():
            assert talk.ask(command)["STATUS"][0]["STATUS"] == "S"
        talk.machine.sleep()
        for command in commands.split():
            assert talk.ask(command)["STATUS"][0]["STATUS"] == "S"
