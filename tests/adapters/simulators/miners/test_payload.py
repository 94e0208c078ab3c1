# SPDX-License-Identifier: Apache-2.0
"""Garbage comes in every way, and none of it tells a machine's state."""

import json

import pytest

from loadstone.adapters.simulators.miners import FACES
from tests.adapters.simulators.miners.talking import Talk


@pytest.mark.parametrize("family", ["antminer", "braiins", "luxos", "whatsminer-v2"])
def test_no_garbage_can_be_read_as_a_summary(family):
    talk = Talk(family, "garbage")
    readable = 0
    for second in range(60):
        talk.clock.now_s = float(second)
        said = talk.bytes(b'{"command":"summary"}').rstrip(b"\0")
        try:
            told = json.loads(said)
        except ValueError:
            continue
        readable += 1
        assert "SUMMARY" not in told
    assert 0 < readable < 30


def test_framed_garbage_still_has_its_length():
    talk = Talk("whatsminer-v3", "garbage")
    asked = b'{"cmd":"get.miner.status","param":"summary"}'
    said = talk.bytes(len(asked).to_bytes(4, "little") + asked)
    assert int.from_bytes(said[:4], "little") == len(said) - 4


def test_the_same_machine_at_the_same_time_says_the_same_garbage():
    assert Talk("luxos", "garbage").bytes(b'{"command":"power"}') == Talk(
        "luxos", "garbage"
    ).bytes(b'{"command":"power"}')


def test_every_family_has_its_ports():
    ports = {family: [face.default_port for face in faces] for family, faces in FACES.items()}
    assert ports == {
        "antminer": [4028, 80],
        "braiins": [4028, 80],
        "luxos": [4028],
        "whatsminer-v2": [4028],
        "whatsminer-v3": [4433, 4028],
    }
