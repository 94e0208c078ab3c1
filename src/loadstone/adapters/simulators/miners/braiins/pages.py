# SPDX-License-Identifier: Apache-2.0
"""Braiins OS: its public REST interface, and as much of GraphQL as says who it is.

A login gives a token that lives an hour from its last use; it stands in the header with or
without "Bearer". Caps are watts between the bounds that it tells; the answer to others, 400, is
not verified. A paused machine stays paused over a reboot, as its traits say.

Source:
    Braiins OS Public REST API 1.7.0, developer.braiins-os.com/latest/openapi.json, as kept in
    api-evangelist/braiins-academy; 256foundation/asic-rs, asic-rs-firmwares/braiins.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec

from loadstone.adapters.simulators.conversation import Conversation
from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.miners.braiins.answers import (
    SHOWN,
    bounds_w,
    graphql,
    pool_group,
)
from loadstone.adapters.simulators.miners.http import HttpConversation, Request, Response
from loadstone.adapters.simulators.miners.payload import encoded, life_s
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Pool

_DEFAULT = Credential(user="root", password="root")
_TOKEN_LIVES_S = 3600.0
_FRONT = b"<!DOCTYPE html><html><head><title>Braiins OS</title></head><body></body></html>"
_Made = tuple[int, Any]  # status, and what is sent; None for nothing


def open_pages(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation on the web port."""
    return HttpConversation(lambda request: _answered(machine, request))


def _answered(machine: SimulatedMachine, request: Request) -> Response:
    path = request.path.rstrip("/")
    if not path:
        return Response(200, _FRONT, "text/html")
    if path == "/graphql":
        return Response(200, encoded(machine, graphql(machine, request.body)))
    body, whole = _body(request)
    if path == "/api/v1/auth/login":
        status, answer = _login(machine, body)
    elif not _allowed(machine, request):
        status, answer = 401, {"message": "Unauthorized"}
    elif not whole:
        status, answer = 400, {"message": "Invalid JSON"}
    else:
        status, answer = _routed(machine, request.method, path, body)
    sent = b"" if answer is None else encoded(machine, answer)
    return Response(status, sent)


def _body(request: Request) -> tuple[Any, bool]:
    if not request.body:
        return None, True
    try:
        return msgspec.json.decode(request.body), True
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None, False


def _routed(machine: SimulatedMachine, method: str, path: str, body: Any) -> _Made:
    name = path.removeprefix("/api/v1/")
    if method == "GET":
        shown = SHOWN.get(name)
        return (404, {"message": "Not found"}) if shown is None else (200, shown(machine))
    done = _DONE.get((method, name))
    if done is not None:
        return done(machine, body)
    if name in SHOWN or any(name == one for _, one in _DONE):
        return 405, {"message": "Method not allowed"}
    return 404, {"message": "Not found"}


# ---- who asks ----


def _login(machine: SimulatedMachine, body: Any) -> _Made:
    owner = machine.credential or _DEFAULT
    said = body if isinstance(body, dict) else {}
    if (said.get("username"), said.get("password")) != (owner.user, owner.password):
        return 401, {"message": "Invalid credentials"}
    now_s = machine.world.now_s()
    tokens = _tokens(machine)
    token = blake2b(f"{machine.id} {now_s} {len(tokens)}".encode(), digest_size=8).hexdigest()
    tokens[token] = now_s
    return 200, {"token": token, "timeout_s": int(life_s(machine, _TOKEN_LIVES_S))}


def _tokens(machine: SimulatedMachine) -> dict[str, float]:
    """Return the tokens that are alive, with the time of their last use."""
    lives_s, now_s = life_s(machine, _TOKEN_LIVES_S), machine.world.now_s()
    kept = machine.kept.get("tokens", {})
    assert isinstance(kept, dict)
    alive = {token: used_s for token, used_s in kept.items() if now_s - used_s <= lives_s}
    machine.kept["tokens"] = alive
    return alive


def _allowed(machine: SimulatedMachine, request: Request) -> bool:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    tokens = _tokens(machine)
    if token not in tokens:
        return False
    tokens[token] = machine.world.now_s()
    return True


# ---- what is done ----


def _pause(machine: SimulatedMachine, body: Any) -> _Made:
    was = machine.asleep
    machine.sleep()
    return 200, was


def _resume(machine: SimulatedMachine, body: Any) -> _Made:
    was = not machine.asleep
    machine.wake()
    return 200, was


def _reboot(machine: SimulatedMachine, body: Any) -> _Made:
    machine.reboot()
    return 204, None


def _power_target(machine: SimulatedMachine, body: Any) -> _Made:
    watts = body.get("watt") if isinstance(body, dict) else None
    low, high = bounds_w(machine)
    if isinstance(watts, bool) or not isinstance(watts, int) or not low <= watts <= high:
        return 400, {"message": f"Power target must be between {low} W and {high} W"}
    return 200, {"watt": round(machine.cap(float(watts)))}


def _default_target(machine: SimulatedMachine, body: Any) -> _Made:
    return 200, {"watt": round(machine.cap(machine.rated_w))}


def _set_pools(machine: SimulatedMachine, body: Any) -> _Made:
    try:
        pools = [
            Pool(url=pool["url"], user=pool["user"], password=pool.get("password") or "")
            for group in body
            for pool in group["pools"]
        ]
    except (AttributeError, KeyError, TypeError):
        return 400, {"message": "Invalid pool groups"}
    machine.write_config(pools=pools)
    return 200, [pool_group(machine, shown=False)]


def _set_locate(machine: SimulatedMachine, body: Any) -> _Made:
    machine.kept["locate"] = body is True
    return 200, body is True


_DONE: dict[tuple[str, str], Callable[[SimulatedMachine, Any], _Made]] = {
    ("PUT", "actions/locate"): _set_locate,
    ("PUT", "actions/pause"): _pause,
    ("PUT", "actions/reboot"): _reboot,
    ("PUT", "actions/resume"): _resume,
    ("PUT", "performance/power-target"): _power_target,
    ("PUT", "performance/power-target/default"): _default_target,
    ("PUT", "pools/batch"): _set_pools,
}
