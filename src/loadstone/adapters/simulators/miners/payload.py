# SPDX-License-Identifier: Apache-2.0
"""Answers as JSON, and how they come out when something is wrong with a machine."""

from collections.abc import Callable
from typing import Any

import msgspec

from loadstone.adapters.simulators.faults import FaultKind, chance
from loadstone.adapters.simulators.machine import SimulatedMachine

Answer = dict[str, Any]


def encoded(machine: SimulatedMachine, answer: Any) -> bytes:
    """Return an answer as JSON; spoiled while the machine talks garbage."""
    text = msgspec.json.encode(answer)
    if not machine.has(FaultKind.GARBAGE):
        return text
    ways = len(_WAYS)
    which = chance(machine.world.seed, "garbage", machine.id, int(machine.world.now_s()))
    return _WAYS[int(which * ways)](text)


def life_s(machine: SimulatedMachine, usual_s: float) -> float:
    """Return how long a token, a session or a nonce lives on a machine now, s."""
    fault = machine.has(FaultKind.TOKEN_EXPIRY)
    return fault.size if fault else usual_s


def _trailing_comma(text: bytes) -> bytes:
    return text[:-1] + b"," + text[-1:]


def _no_comma(text: bytes) -> bytes:
    """Two objects with nothing between them."""
    return text + text


def _no_number(text: bytes) -> bytes:
    """A number that JSON does not have, as C prints it."""
    return text[:-1] + b',"rate":inf' + text[-1:] if text.endswith(b"}") else b"nan"


def _cut(text: bytes) -> bytes:
    """As much as went into a buffer that is too small."""
    return text[: 2 * len(text) // 3]


def _no_json(text: bytes) -> bytes:
    return b"Socket connect failed: Connection refused\n"


def _nothing_in_it(text: bytes) -> bytes:
    """It can be read, but lacks every section."""
    return b'{"id":1}'


_WAYS: tuple[Callable[[bytes], bytes], ...] = (
    _trailing_comma,
    _no_comma,
    _no_number,
    _cut,
    _no_json,
    _nothing_in_it,
)
