# SPDX-License-Identifier: Apache-2.0
"""WhatsMiner with API 3: JSON behind a length of four bytes, lowest first.

Everything that begins with `get.` is open. What begins with `set.` carries an account, a time
and a token: the first eight letters of the base64 of SHA-256 over command, password, salt and
time; the whole hash is the key that pools are sealed with. The salt stays until a reboot. What
the firmware makes of the time is not published: here it is looked at only by a machine whose
own clock is wrong, which refuses what is more than five minutes from it.

Source:
    WhatsMiner API 3.0, apidoc.whatsminer.com, as told by iaon/ya-whatsminer-cli and
    tetherto/miningos-wrk-miner-whatsminer (mock/cmds-v3, tests); UpstreamData/pyasic,
    rpc/btminer.py.
"""

from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec

from loadstone.adapters.simulators.conversation import Conversation
from loadstone.adapters.simulators.faults import FaultKind
from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.miners.payload import Answer, encoded
from loadstone.adapters.simulators.miners.whatsminer.sealing import open_sealed
from loadstone.adapters.simulators.miners.whatsminer.v3_answers import (
    INVALID,
    OK,
    SHOWN,
    salt_of,
)
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Pool

_DEFAULT = Credential(user="super", password="super")
_LARGEST = 65_536  # bytes of a request
_CLOCKS_APART_S = 300.0
_FAILED, _DENIED = -1, -4


class FramedConversation:
    """Requests and answers, each behind its length; the connection stays open."""

    closes = False

    def __init__(self, machine: SimulatedMachine) -> None:
        self._machine = machine
        self._heard = b""

    def feed(self, data: bytes) -> bytes:
        """Take what arrived and return all answers that can be given now."""
        self._heard += data
        sent = b""
        while len(self._heard) >= 4:
            size = int.from_bytes(self._heard[:4], "little")
            if size > _LARGEST:
                self.closes = True
                return sent
            if len(self._heard) < 4 + size:
                break
            asked, self._heard = self._heard[4 : 4 + size], self._heard[4 + size :]
            body = encoded(self._machine, _answered(self._machine, asked))
            sent += len(body).to_bytes(4, "little") + body
        return sent


def open_commands(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation."""
    return FramedConversation(machine)


def _answered(machine: SimulatedMachine, asked: bytes) -> Answer:
    try:
        request = msgspec.json.decode(asked)
        word = request["cmd"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        return _told(machine, INVALID, "invalid json", "")
    if not isinstance(word, str):
        return _told(machine, INVALID, "invalid command", "")
    shown = SHOWN.get(word)
    if shown is not None:
        code, message = shown(machine, request.get("param"))
        return _told(machine, code, message, word)
    written = _WRITTEN.get(word)
    if written is None:
        return _told(machine, INVALID, "invalid command", word)
    key = _key(machine, request)
    if key is None:
        return _told(machine, _DENIED, "no permission", word)
    done = written(machine, request.get("param"), key)
    return _told(machine, OK if done else _FAILED, "ok" if done else "invalid param", word)


def _told(machine: SimulatedMachine, code: int, message: Any, word: str) -> Answer:
    return {"code": code, "when": int(machine.utc_s()), "msg": message, "desc": word}


def _key(machine: SimulatedMachine, request: dict[str, Any]) -> bytes | None:
    """Return the hash that a request is signed with; None where it is not allowed."""
    owner = machine.credential or _DEFAULT
    at = request.get("ts")
    if request.get("account") != owner.user or not isinstance(at, int):
        return None
    if machine.has(FaultKind.CLOCK_SKEW) and abs(at - machine.utc_s()) > _CLOCKS_APART_S:
        return None
    text = f"{request['cmd']}{owner.password}{salt_of(machine)}{at}"
    key = sha256(text.encode()).digest()
    return key if request.get("token") == b64encode(key)[:8].decode() else None


# ---- what is written ----


def _service(machine: SimulatedMachine, asked: Any, key: bytes) -> bool:
    if asked == "stop":
        return machine.sleep()
    return asked in {"start", "restart"} and machine.wake()


def _power_limit(machine: SimulatedMachine, asked: Any, key: bytes) -> bool:
    if isinstance(asked, bool) or not isinstance(asked, int | float) or asked <= 0:
        return False
    machine.cap(float(asked))
    return True


def _power_percent(machine: SimulatedMachine, asked: Any, key: bytes) -> bool:
    """Cap at a percent of full power, written as text."""
    percent = asked.get("percent") if isinstance(asked, dict) else None
    if not isinstance(percent, str) or not percent.isdigit() or int(percent) > 100:
        return False
    machine.cap(int(percent) * machine.rated_w / 100)
    return True


def _set_pools(machine: SimulatedMachine, asked: Any, key: bytes) -> bool:
    try:
        rows = msgspec.json.decode(open_sealed(key, asked))
        pools = [
            Pool(url=row["pool"], user=row["worker"], password=row.get("passwd", ""))
            for row in rows
        ]
    except (AttributeError, KeyError, TypeError, ValueError):
        return False
    return machine.write_config(pools=pools)


def _reboot(machine: SimulatedMachine, asked: Any, key: bytes) -> bool:
    return machine.reboot()


def _led(machine: SimulatedMachine, asked: Any, key: bytes) -> bool:
    return True


_WRITTEN: dict[str, Callable[[SimulatedMachine, Any, bytes], bool]] = {
    "set.miner.service": _service,
    "set.miner.power_limit": _power_limit,
    "set.miner.power_percent": _power_percent,
    "set.miner.pools": _set_pools,
    "set.system.reboot": _reboot,
    "set.system.led": _led,
}
