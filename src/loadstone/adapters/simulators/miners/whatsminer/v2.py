# SPDX-License-Identifier: Apache-2.0
"""WhatsMiner with API 2: reads in plain text, writes sealed with a token.

Reads of one kind may be joined, `summary+pools`; those that begin with `get_`, and `status`,
may not. A token lives half an hour from its issue; a machine keeps 32 of them. What cannot be
opened with the password is answered in plain text with code 23, the rest sealed. A machine that
is off still answers; its rates are zero. `set_power_pct` takes percents of full power; every
cap here takes as long as `adjust_power_limit` does. The words of refusals, and that code 23,
are not verified.

Source:
    WhatsminerAPI V2.0.5 of MicroBT, as printed on buywhatsminer.com (codes, 32 tokens, 30
    minutes); UpstreamData/pyasic, rpc/btminer.py (sealing);
    tetherto/miningos-wrk-miner-whatsminer, mock/ (fields).
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec

from loadstone.adapters.simulators.conversation import Conversation
from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.miners.command_port import CommandPort, Request, word_of
from loadstone.adapters.simulators.miners.payload import Answer, encoded, life_s
from loadstone.adapters.simulators.miners.whatsminer.sealing import (
    key_of,
    md5_crypt,
    open_sealed,
    seal,
)
from loadstone.adapters.simulators.miners.whatsminer.v2_answers import (
    JOINED,
    READS,
    V2,
    V3,
    Release,
    error,
    told,
)
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Pool

_DEFAULT = Credential(user="admin", password="admin")
_SALT = "BQ5hoXV9"
_TOKEN_LIVES_S = 1800.0
_TOKENS = 32


class Token(msgspec.Struct, frozen=True):
    """A token that was given out, and when, virtual seconds."""

    time: str
    newsalt: str
    at_s: float


def open_commands(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation on the command port."""
    return CommandPort(lambda request: _answered(machine, V2, request))


def open_old_commands(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation on the port where firmware with API 3 still reads as before."""
    return CommandPort(lambda request: _answered(machine, V3, request))


def _answered(machine: SimulatedMachine, release: Release, request: Request | None) -> bytes:
    if request is None:
        return encoded(machine, error(machine, release, 23, "json format error"))
    if request.get("enc") == 1 and release.sealed_writes:
        return _opened(machine, request)
    word = word_of(request)
    if "+" in word:
        parts = word.split("+")
        if all(part in JOINED for part in parts):
            whole = {part: [_READS[part](machine, release)] for part in parts}
            return encoded(machine, whole | {"id": 1})
    elif word in _READS:
        return encoded(machine, _READS[word](machine, release))
    elif word in _WRITES:
        return encoded(machine, error(machine, release, 45, "permission denied"))
    return encoded(machine, error(machine, release, 14, "invalid cmd"))


# ---- writes ----


def _opened(machine: SimulatedMachine, request: Request) -> bytes:
    """Return the answer to a sealed request, sealed where it could be opened."""
    owner = machine.credential or _DEFAULT
    word = md5_crypt(owner.password.encode(), _SALT.encode())
    key = key_of(word)
    try:
        asked = msgspec.json.decode(open_sealed(key, request["data"]))
    except (KeyError, TypeError, ValueError):  # msgspec's errors are ValueErrors too
        return encoded(machine, error(machine, V2, 23, "enc json load err"))
    sealed = seal(key, encoded(machine, _written(machine, word, asked)))
    return msgspec.json.encode({"enc": sealed})


def _written(machine: SimulatedMachine, word: str, asked: Any) -> Answer:
    if not isinstance(asked, dict):
        return error(machine, V2, 23, "json format error")
    if not _known(machine, word, asked.get("token")):
        return error(machine, V2, 135, "check token err")
    command = word_of(asked)
    if command in _READS:
        return _READS[command](machine, V2)
    written = _WRITES.get(command)
    if written is None:
        return error(machine, V2, 14, "invalid cmd")
    if not written(machine, asked):
        return error(machine, V2, 132, "API command ERROR")
    return told(machine, V2, 131, "API command OK")


def _tokens(machine: SimulatedMachine) -> list[Token]:
    """Return the tokens that are alive."""
    lives_s, now_s = life_s(machine, _TOKEN_LIVES_S), machine.world.now_s()
    kept = machine.kept.get("tokens", ())
    assert isinstance(kept, list | tuple)
    alive = [token for token in kept if now_s - token.at_s <= lives_s]
    machine.kept["tokens"] = alive
    return alive


def _known(machine: SimulatedMachine, word: str, sign: object) -> bool:
    return any(
        sign == md5_crypt((word + token.time).encode(), token.newsalt.encode())
        for token in reversed(_tokens(machine))
    )


def _get_token(machine: SimulatedMachine, release: Release) -> Answer:
    tokens = _tokens(machine)
    if len(tokens) >= _TOKENS:
        return error(machine, release, 136, "over max connect")
    # machines asked in one second give one token, so that many signs are reckoned once
    time = f"{int(machine.utc_s()) % 10_000:04d}"
    newsalt = blake2b(f"{time} {len(tokens)}".encode(), digest_size=4).hexdigest()
    tokens.append(Token(time, newsalt, machine.world.now_s()))
    message = {"time": time, "salt": _SALT, "newsalt": newsalt}
    return told(machine, release, 134, message)


def _power_off(machine: SimulatedMachine, asked: Request) -> bool:
    return machine.sleep()


def _power_on(machine: SimulatedMachine, asked: Request) -> bool:
    return machine.wake()


def _number(asked: Request, name: str) -> float | None:
    """Return a number that clients write as text or as a number."""
    try:
        return float(asked[name])
    except (KeyError, TypeError, ValueError):
        return None


def _adjust_power_limit(machine: SimulatedMachine, asked: Request) -> bool:
    watts = _number(asked, "power_limit")
    if watts is None or watts <= 0:
        return False
    machine.cap(watts)
    return True


def _set_power_pct(machine: SimulatedMachine, asked: Request) -> bool:
    percent = _number(asked, "percent")
    if percent is None or not 0 <= percent <= 100:
        return False
    machine.cap(percent * machine.rated_w / 100)
    return True


def _update_pools(machine: SimulatedMachine, asked: Request) -> bool:
    pools = [
        Pool(
            url=str(asked[f"pool{one}"]),
            user=str(asked.get(f"worker{one}", "")),
            password=str(asked.get(f"passwd{one}", "")),
        )
        for one in (1, 2, 3)
        if asked.get(f"pool{one}")
    ]
    return bool(pools) and machine.write_config(pools=pools)


def _reboot(machine: SimulatedMachine, asked: Request) -> bool:
    return machine.reboot()


def _set_led(machine: SimulatedMachine, asked: Request) -> bool:
    machine.kept["led"] = "auto" if asked.get("param") == "auto" else "manual"
    return True


_READS = READS | {"get_token": _get_token}
_WRITES: dict[str, Callable[[SimulatedMachine, Request], bool]] = {
    "adjust_power_limit": _adjust_power_limit,
    "power_off": _power_off,
    "power_on": _power_on,
    "reboot": _reboot,
    "set_led": _set_led,
    "set_power_pct": _set_power_pct,
    "set_power_pct_v2": _set_power_pct,
    "update_pools": _update_pools,
}
