# SPDX-License-Identifier: Apache-2.0
"""LuxOS: the command port. Commands that change anything but pools need a session.

There is one session at a time; it ends a minute after its last use. Several commands without
parameters may be asked at once: `summary+power`. A stop outlives a reboot. Answers end with
the connection, with no zero byte. Code and words of refusals are not verified.

Source:
    docs.luxor.tech/firmware/api: sessions, logon, session, curtail, profileset.
    Fields: 256foundation/asic-rs, asic-rs-firmwares/luxminer; UpstreamData/pyasic, luxminer.
"""

from collections.abc import Callable
from hashlib import blake2b

from loadstone.adapters.simulators.conversation import Conversation
from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.miners.command_port import CommandPort, Request, word_of
from loadstone.adapters.simulators.miners.luxos.answers import (
    SHOWN,
    atm_terms,
    profile_name,
    refused,
    told,
)
from loadstone.adapters.simulators.miners.payload import Answer, encoded, life_s
from loadstone.model.operations.reading import Pool

_SESSION_LIVES_S = 60.0
_Words = tuple[str, ...]


def open_commands(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation on the command port."""
    return CommandPort(lambda request: encoded(machine, _answered(machine, request)))


def _answered(machine: SimulatedMachine, request: Request | None) -> Answer:
    if request is None:
        return refused(machine, 23, "Invalid JSON")
    word, parameter = word_of(request), request.get("parameter", "")
    if "+" not in word:
        return _one(machine, word, tuple(str(parameter).split(",")) if parameter else ())
    if parameter:
        return refused(machine, 14, "Several commands take no parameters")
    return {one: [_one(machine, one, ())] for one in word.split("+")} | {"id": 1}


def _one(machine: SimulatedMachine, word: str, words: _Words) -> Answer:
    shown = SHOWN.get(word) or _SESSIONS.get(word)
    if shown is not None:
        return shown(machine)
    pools = _POOLS.get(word)
    if pools is not None:
        return pools(machine, words)
    changed = _CHANGED.get(word)
    if changed is None:
        return refused(machine, 14, f"Invalid command '{word}'")
    if not words or words[0] != _session(machine):
        return refused(machine, 316, "Invalid session")
    machine.kept["session"] = (words[0], machine.world.now_s())
    return changed(machine, words[1:])


# ---- sessions ----


def _session(machine: SimulatedMachine) -> str:
    """Return the session there is; "" for none."""
    kept = machine.kept.get("session")
    if not isinstance(kept, tuple):
        return ""
    name, used_s = kept
    if machine.world.now_s() - used_s > life_s(machine, _SESSION_LIVES_S):
        del machine.kept["session"]
        return ""
    return str(name)


def _show_session(machine: SimulatedMachine) -> Answer:
    session = {"SessionID": _session(machine)}
    return told(machine, 319, "Session information") | {"SESSION": [session]}


def _logon(machine: SimulatedMachine) -> Answer:
    if _session(machine):
        return refused(machine, 402, "Another session is active")
    now_s = machine.world.now_s()
    count = machine.kept.get("sessions", 0)
    assert isinstance(count, int)
    name = blake2b(f"{machine.id} {now_s} {count}".encode(), digest_size=4).hexdigest()
    machine.kept["session"], machine.kept["sessions"] = (name, now_s), count + 1
    return told(machine, 316, "Session created") | {"SESSION": [{"SessionID": name}]}


def _logoff(machine: SimulatedMachine, words: _Words) -> Answer:
    del machine.kept["session"]
    return told(machine, 317, "Session terminated")


# ---- what is changed ----


def _curtail(machine: SimulatedMachine, words: _Words) -> Answer:
    action = words[0] if words else ""
    if action == "sleep":
        machine.sleep()
    elif action == "wakeup":
        machine.wake()
    else:
        return refused(machine, 14, f"Invalid action '{action}'")
    row = {"Action": "sleep mode" if action == "sleep" else "wake up"}
    return told(machine, 335, "Curtailment command sent") | {"CURTAIL": [row]}


def _profileset(machine: SimulatedMachine, words: _Words) -> Answer:
    name = words[0] if words else ""
    count = len(machine.levels_w)
    steps = {profile_name(machine, number + 1 - count): number for number in range(count)}
    if name not in steps:
        return refused(machine, 321, f"Unknown profile '{name}'")
    machine.cap(machine.levels_w[steps[name]])
    row = {"Board": 0, "FrequencyStep": 5, "Profile": name, "VoltageStep": 0.05}
    return told(machine, 321, "Profile Set") | {"PROFILE": [row]}


def _atmset(machine: SimulatedMachine, words: _Words) -> Answer:
    said = dict(word.partition("=")[::2] for word in words)
    machine.kept["atm"] = atm_terms(machine) | said
    return told(machine, 340, "Advanced Thermal Management configuration updated")


def _rebootdevice(machine: SimulatedMachine, words: _Words) -> Answer:
    machine.reboot()
    return told(machine, 328, "Rebooting device")


def _addpool(machine: SimulatedMachine, words: _Words) -> Answer:
    if len(words) < 2:
        return refused(machine, 52, "Missing url or user")
    pool = Pool(url=words[0], user=words[1], password=words[2] if len(words) > 2 else "")
    machine.write_config(pools=[*machine.pools, pool])
    return told(machine, 55, f"Added pool {len(machine.pools) - 1}: '{pool.url}'")


def _removepool(machine: SimulatedMachine, words: _Words) -> Answer:
    number = words[0] if words else ""
    if number not in {str(one) for one in range(len(machine.pools))}:
        return refused(machine, 50, f"Invalid pool id '{number}'")
    left = [pool for one, pool in enumerate(machine.pools) if one != int(number)]
    gone = machine.pools[int(number)]
    machine.write_config(pools=left)
    return told(machine, 68, f"Removed pool {number}:'{gone.url}'")


_SESSIONS: dict[str, Callable[[SimulatedMachine], Answer]] = {
    "logon": _logon,
    "session": _show_session,
}
_CHANGED: dict[str, Callable[[SimulatedMachine, _Words], Answer]] = {
    "atmset": _atmset,
    "curtail": _curtail,
    "logoff": _logoff,
    "profileset": _profileset,
    "rebootdevice": _rebootdevice,
}
_POOLS: dict[str, Callable[[SimulatedMachine, _Words], Answer]] = {
    "addpool": _addpool,
    "removepool": _removepool,
}
