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
from loadstone.adapters.simulators.machine import Phase, Sample, SimulatedMachine
from loadstone.adapters.simulators.miners.braiins import VERSION
from loadstone.adapters.simulators.miners.http import HttpConversation, Request, Response
from loadstone.adapters.simulators.miners.payload import Answer, encoded, life_s
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Pool

_DEFAULT = Credential(user="root", password="root")
_TOKEN_LIVES_S = 3600.0
_NORMAL, _PAUSED = 2, 3
_API = {"major": 1, "minor": 7, "patch": 0}
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
        return Response(200, encoded(machine, _graphql(machine, request.body)))
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
    except msgspec.DecodeError:
        return None, False


def _routed(machine: SimulatedMachine, method: str, path: str, body: Any) -> _Made:
    name = path.removeprefix("/api/v1/")
    if method == "GET":
        shown = _SHOWN.get(name)
        return (404, {"message": "Not found"}) if shown is None else (200, shown(machine))
    done = _DONE.get((method, name))
    if done is not None:
        return done(machine, body)
    if name in _SHOWN or any(name == one for _, one in _DONE):
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


# ---- what is shown ----


def _graphql(machine: SimulatedMachine, body: bytes) -> Answer:
    """Return who it is: the two queries by which others tell Braiins OS and its release."""
    if b"modelName" in body:
        return {"data": {"bosminer": {"info": {"modelName": machine.model}}}}
    if b"version" in body:
        return {"data": {"bos": {"info": {"version": {"full": VERSION}}}}}
    return {"data": None, "errors": [{"message": "not simulated"}]}


def _gigahash(sample: Sample, boards: int = 1) -> Answer:
    return {"gigahash_per_second": round(1000 * sample.hashrate_th / max(1, boards), 3)}


def _real(sample: Sample, boards: int = 1) -> Answer:
    spans = ("last_5s", "last_15s", "last_30s", "last_1m", "last_5m", "last_15m", "last_1h")
    return dict.fromkeys(spans, _gigahash(sample, boards))


def _limit_w(machine: SimulatedMachine, sample: Sample) -> int:
    return round(machine.rated_w if sample.limit_w is None else sample.limit_w)


def _details(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    return {
        "uid": f"sim-{machine.serial}",
        "miner_identity": {"brand": 1, "model": 0, "name": machine.model},
        "platform": 1,
        "bos_mode": 2,
        "bos_version": {"current": VERSION, "major": "2026-04-20-0", "bos_plus": True},
        "hostname": "Antminer",
        "mac_address": machine.mac,
        "system_uptime": int(sample.uptime_s),
        "system_uptime_s": int(sample.uptime_s),
        "bosminer_uptime_s": int(sample.uptime_s),
        "sticker_hashrate": {"gigahash_per_second": 1000 * machine.build.hashrate_th},
        "status": _PAUSED if sample.phase is Phase.ASLEEP else _NORMAL,
        "kernel_version": "Linux 4.9.113",
        "serial_number": machine.serial,
        "control_board_soc_family": 3,
    }


def _stats(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rate = sample.hashrate_th
    return {
        "pool_stats": {"accepted_shares": 0, "rejected_shares": 0, "stale_shares": 0},
        "miner_stats": {
            "real_hashrate": _real(sample),
            "nominal_hashrate": {"gigahash_per_second": 1000 * machine.build.hashrate_th},
            "error_hashrate": {"megahash_per_second": 0.0},
            "found_blocks": 0,
            "best_share": 0,
        },
        "power_stats": {
            "approximated_consumption": {"watt": round(sample.power_w)},
            "efficiency": {"joule_per_terahash": sample.power_w / rate} if rate else None,
        },
    }


def _hashboards(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rows = [
        {
            "id": str(one + 1),
            "enabled": sample.phase is not Phase.ASLEEP,
            "chips_count": 108,
            "current_voltage": {"volt": 13.7},
            "current_frequency": {"hertz": 490e6},
            "highest_chip_temp": {"temperature": {"degree_c": round(sample.temperature_c, 1)}},
            "board_temp": {"degree_c": round(sample.temperature_c - 10, 1)},
            "serial_number": f"{machine.serial}B{one}",
            "stats": {
                "real_hashrate": _real(sample, sample.boards),
                "nominal_hashrate": {
                    "gigahash_per_second": 1000
                    * machine.build.hashrate_th
                    / machine.board_count
                },
            },
        }
        for one in range(sample.boards)
    ]
    return {"hashboards": rows}


def _errors(machine: SimulatedMachine) -> Answer:
    lost = range(machine.sample().boards, machine.board_count)
    rows = [
        {
            "timestamp": "2026-01-01T00:00:00Z",
            "message": f"Hashboard {one + 1} not detected",
            "error_codes": [{"code": "M0006", "reason": "not detected", "hint": ""}],
            "components": [{"name": "hashboard", "index": one + 1}],
        }
        for one in lost
    ]
    return {"errors": rows}


def _cooling(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    fans = [
        {"position": one, "rpm": int(rpm), "target_speed_ratio": min(1.0, rpm / 6000)}
        for one, rpm in enumerate(sample.fan_rpm)
    ]
    heat = {"degree_c": round(sample.temperature_c, 1)}
    return {"fans": fans, "highest_temperature": {"temperature": heat}}


def _tuner_state(machine: SimulatedMachine) -> Answer:
    limit = {"watt": _limit_w(machine, machine.sample())}
    state = {"current_target": limit, "profile": {"target": limit}}
    return {"overall_tuner_state": 2, "mode_state": {"powertargetmodestate": state}}


def _mode(machine: SimulatedMachine) -> Answer:
    limit = {"watt": _limit_w(machine, machine.sample())}
    return {"tunermode": {"target": {"powertarget": {"power_target": limit}}}}


def _bounds_w(machine: SimulatedMachine) -> tuple[int, int]:
    traits = machine.traits
    low = round(traits.min_share * machine.rated_w)
    return low, round(traits.max_share * machine.rated_w)


def _constraints(machine: SimulatedMachine) -> Answer:
    low, high = _bounds_w(machine)
    target = {
        "default": {"watt": round(machine.rated_w)},
        "min": {"watt": low},
        "max": {"watt": high},
    }
    boards = [str(one + 1) for one in range(machine.board_count)]
    return {
        "tuner_constraints": {"power_target": target, "default_mode": 1},
        "hashboards_constraints": {"hashboard_ids": boards},
    }


def _configuration(machine: SimulatedMachine) -> Answer:
    limit = {"watt": _limit_w(machine, machine.sample())}
    return {
        "pool_groups": [_group(machine, shown=False)],
        "tuner": {"enabled": True, "tuner_mode": 1, "power_target": limit},
        "dps": {"enabled": False},
    }


def _group(machine: SimulatedMachine, *, shown: bool) -> Answer:
    sample = machine.sample()
    asleep, hashing = sample.phase is Phase.ASLEEP, sample.hashrate_th > 0
    pools = []
    for one, pool in enumerate(machine.pools):
        row: Answer = {"uid": f"pool{one}", "url": pool.url, "user": pool.user, "enabled": True}
        if shown:
            shares = {"accepted_shares": 0, "rejected_shares": 0, "stale_shares": 0}
            row |= {"alive": not asleep, "active": hashing and one == 0, "stats": shares}
        else:
            row["password"] = pool.password
        pools.append(row)
    key = "strategy" if shown else "load_balance_strategy"
    return {"uid": "group0", "name": "default", "pools": pools, key: {"quota": {"value": 1}}}


def _pools(machine: SimulatedMachine) -> list[Answer]:
    return [_group(machine, shown=True)]


def _network(machine: SimulatedMachine) -> Answer:
    return {
        "name": "eth0",
        "mac_address": machine.mac,
        "hostname": "Antminer",
        "protocol": 1,
        "networks": [],
        "dns_servers": [],
    }


def _version(machine: SimulatedMachine) -> Answer:
    return dict(_API)


def _locate(machine: SimulatedMachine) -> bool:
    return bool(machine.kept.get("locate", False))


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
    low, high = _bounds_w(machine)
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
    return 200, [_group(machine, shown=False)]


def _set_locate(machine: SimulatedMachine, body: Any) -> _Made:
    machine.kept["locate"] = body is True
    return 200, body is True


_SHOWN: dict[str, Callable[[SimulatedMachine], Any]] = {
    "actions/locate": _locate,
    "configuration/constraints": _constraints,
    "configuration/miner": _configuration,
    "cooling/state": _cooling,
    "miner/details": _details,
    "miner/errors": _errors,
    "miner/hw/hashboards": _hashboards,
    "miner/stats": _stats,
    "network": _network,
    "performance/mode": _mode,
    "performance/tuner-state": _tuner_state,
    "pools": _pools,
    "version": _version,
}
_DONE: dict[tuple[str, str], Callable[[SimulatedMachine, Any], _Made]] = {
    ("PUT", "actions/locate"): _set_locate,
    ("PUT", "actions/pause"): _pause,
    ("PUT", "actions/reboot"): _reboot,
    ("PUT", "actions/resume"): _resume,
    ("PUT", "performance/power-target"): _power_target,
    ("PUT", "performance/power-target/default"): _default_target,
    ("PUT", "pools/batch"): _set_pools,
}
