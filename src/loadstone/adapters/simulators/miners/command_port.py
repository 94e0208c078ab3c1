# SPDX-License-Identifier: Apache-2.0
"""The command port that most firmware has from cgminer: JSON in, JSON out, hang up."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.miners.payload import Answer

Request = Mapping[str, Any]

_LARGEST = 8_192  # bytes of a request


class CommandPort:
    """One request and its answer, after which the machine hangs up.

    Requests have no end mark: one is whole when its braces close.
    """

    def __init__(self, answer: Callable[[Request | None], bytes]) -> None:
        """Begin a conversation.

        Args:
            answer: Makes the answer to a request; to None, which is no JSON object.
        """
        self._answer = answer
        self._heard = b""
        self.closes = False

    def feed(self, data: bytes) -> bytes:
        """Take what arrived and return the answer once the request is whole."""
        self._heard += data
        heard = self._heard.rstrip(b"\0\r\n\t ")
        if not heard.endswith(b"}"):
            waits = heard.startswith(b"{") or not heard
            return b"" if waits and len(heard) < _LARGEST else self._finish(None)
        try:
            request = msgspec.json.decode(heard)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            # a brace within a request that is still on its way looks like its end
            return b"" if "truncated" in str(error) else self._finish(None)
        return self._finish(request if isinstance(request, dict) else None)

    def _finish(self, request: Request | None) -> bytes:
        self.closes = True
        return self._answer(request)


def word_of(request: Request) -> str:
    """Return the command of a request; firmware takes either key."""
    word = request.get("command", request.get("cmd", ""))
    return word if isinstance(word, str) else ""


def head(
    machine: SimulatedMachine, code: int, message: str, who: str, *, status: str = "S"
) -> Answer:
    """Return an answer with nothing but its status.

    Args:
        machine: Who answers.
        code: Number of the message.
        message: The message.
        who: Name and version of the program that answers.
        status: "S" for success, "E" for an error.
    """
    told = {
        "STATUS": status,
        "When": int(machine.utc_s()),
        "Code": code,
        "Msg": message,
        "Description": who,
    }
    return {"STATUS": [told], "id": 1}


def pool_rows(machine: SimulatedMachine) -> list[Answer]:
    """Return the pools of a machine as cgminer lists them."""
    sample = machine.sample()
    hashing = sample.hashrate_th > 0
    return [
        {
            "POOL": number,
            "URL": pool.url,
            "Status": "Disabled" if sample.phase == "asleep" else "Alive",
            "Priority": number,
            "Quota": 1,
            "Getworks": 0,
            "Accepted": 0,
            "Rejected": 0,
            "Discarded": 0,
            "Stale": 0,
            "Get Failures": 0,
            "Remote Failures": 0,
            "User": pool.user,
            "Stratum Active": hashing and number == 0,
            "Stratum Difficulty": 65_536,
        }
        for number, pool in enumerate(machine.pools)
    ]
