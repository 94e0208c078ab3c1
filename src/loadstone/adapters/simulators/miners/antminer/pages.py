# SPDX-License-Identifier: Apache-2.0
"""Stock Antminer firmware of 2025: its pages, behind HTTP digest.

A configuration is written whole: the pools of the request take the place of those there are,
slot by slot. Only `miner-mode` changes the mode; `bitmain-work-mode` is read, and a write of it
alone is answered with success and does nothing. Modes other than normal and sleep are refused:
what they draw is not simulated.

Source:
    Requests and answers: 256foundation/asic-rs, asic-rs-firmwares/antminer, and its pull
    request 249 (a machine of December 2022); tetherto/miningos-wrk-miner-antminer, mock/.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from loadstone.adapters.simulators.conversation import Conversation
from loadstone.adapters.simulators.machine import SimulatedMachine
from loadstone.adapters.simulators.miners.antminer.commands import (
    COMPILED,
    PLATFORM,
    mode_of,
    rates_gh,
    web_stats_row,
)
from loadstone.adapters.simulators.miners.antminer.digest import allowed, challenge
from loadstone.adapters.simulators.miners.http import HttpConversation, Request, Response
from loadstone.adapters.simulators.miners.payload import Answer, encoded
from loadstone.model.operations.reading import Pool

_SLOTS = 3  # for pools
_NORMAL, _SLEEP = "0", "1"


def open_pages(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation on the web port."""
    return HttpConversation(lambda request: _answered(machine, request))


def _answered(machine: SimulatedMachine, request: Request) -> Response:
    if not allowed(machine, request):
        return Response(401, b"", "text/html", {"WWW-Authenticate": challenge(machine)})
    page = request.path.removeprefix("/cgi-bin/").removesuffix(".cgi")
    shown = _PAGES.get(page)
    if shown is not None:
        return Response(200, encoded(machine, shown(machine)))
    written = _FORMS.get(page)
    if written is None:
        return Response(404, b"", "text/html")
    try:
        body = msgspec.json.decode(request.body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = None
    return Response(200, encoded(machine, written(machine, body)))


# ---- what is shown ----


def _titled(machine: SimulatedMachine, what: str) -> Answer:
    return {
        "STATUS": {
            "STATUS": "S",
            "when": int(machine.utc_s()),
            "Msg": what,
            "api_version": "1.0.0",
        },
        "INFO": {
            "miner_version": PLATFORM,
            "CompileTime": COMPILED,
            "type": machine.model,
        },
    }


def _summary(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rate_gh = rates_gh(sample)
    broken = sample.boards < machine.board_count
    problem = f"{machine.board_count - sample.boards} board(s) missing" if broken else ""
    row = {
        "elapsed": int(sample.uptime_s),
        "rate_5s": rate_gh,
        "rate_30m": rate_gh,
        "rate_avg": rate_gh,
        "rate_ideal": 1000 * machine.build.hashrate_th,
        "rate_unit": "GH/s",
        "hw_all": 0,
        "bestshare": 0,
        "status": [
            {"type": kind, "status": "s", "code": 0, "msg": ""}
            for kind in ("network", "fans", "temp")
        ]
        + [{"type": "rate", "status": "e" if broken else "s", "code": 0, "msg": problem}],
    }
    return _titled(machine, "summary") | {"SUMMARY": [row]}


def _stats(machine: SimulatedMachine) -> Answer:
    row = web_stats_row(machine, machine.sample())
    return _titled(machine, "stats") | {"STATS": [row]}


def _pools(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rows = [
        {
            "index": number,
            "url": pool.url,
            "user": pool.user,
            "status": "Disabled" if mode_of(sample) else "Alive",
            "priority": number,
            "accepted": 0,
            "rejected": 0,
            "stale": 0,
        }
        for number, pool in enumerate(machine.pools)
    ]
    return _titled(machine, "pools") | {"POOLS": rows}


def _system_info(machine: SimulatedMachine) -> Answer:
    return {
        "minertype": machine.model,
        "nettype": "DHCP",
        "netdevice": "eth0",
        "macaddr": machine.mac.upper(),
        "hostname": "Antminer",
        "ipaddress": machine.address.host if machine.address else "",
        "netmask": "255.0.0.0",
        "gateway": "",
        "dnsservers": "",
        "system_mode": "GNU/Linux",
        "system_kernel_version": "Linux 4.9.113",
        "system_filesystem_version": COMPILED,
        "firmware_type": "Release",
        "Algorithm": "sha256d",
        "serinum": machine.serial,
    }


def _miner_type(machine: SimulatedMachine) -> Answer:
    return {"miner_type": machine.model, "subtype": "AMLCtrl", "fw_version": COMPILED}


def _miner_conf(machine: SimulatedMachine) -> Answer:
    slots = [*machine.pools, *[Pool(url="", user="")] * _SLOTS][:_SLOTS]
    return {
        "pools": [
            {"url": pool.url, "user": pool.user, "pass": pool.password} for pool in slots
        ],
        "api-listen": True,
        "api-network": True,
        "api-groups": "A:stats:pools:devs:summary:version",
        "api-allow": "A:0/0,W:*",
        "bitmain-fan-ctrl": False,
        "bitmain-fan-pwm": "100",
        "bitmain-use-vil": True,
        "bitmain-freq": "490",
        "bitmain-voltage": "1370",
        "bitmain-ccdelay": "0",
        "bitmain-pwth": "0",
        "bitmain-work-mode": str(mode_of(machine.sample())),
        "bitmain-freq-level": "100",
    }


def _blink_status(machine: SimulatedMachine) -> Answer:
    return {"blink": machine.kept.get("blinks", False)}


def _reboot(machine: SimulatedMachine) -> Answer:
    machine.reboot()
    return {"stats": "success", "code": "B000", "msg": "OK!"}


# ---- what is written ----


def _set_miner_conf(machine: SimulatedMachine, body: Any) -> Answer:
    if not isinstance(body, dict):
        return {"stats": "error", "code": "M001", "msg": "Invalid JSON!"}
    pools = _pools_of(machine, body.get("pools"))
    if pools is None:
        return {"stats": "error", "code": "M001", "msg": "Invalid pool!"}
    mode = str(body.get("miner-mode", ""))
    if mode not in {"", _NORMAL, _SLEEP}:
        return {"stats": "error", "code": "M002", "msg": "Invalid mode!"}
    machine.write_config(pools=pools)
    if mode == _SLEEP:
        machine.sleep()
    elif mode == _NORMAL:
        machine.wake()
    return {"stats": "success", "code": "M000", "msg": "OK!"}


def _pools_of(machine: SimulatedMachine, written: Any) -> tuple[Pool, ...] | None:
    """Return the pools after a write of some slots; None where they cannot be read."""
    if written is None:
        return machine.pools
    try:
        asked = [
            Pool(url=one["url"], user=one["user"], password=one.get("pass", ""))
            for one in written
        ]
    except (AttributeError, KeyError, TypeError):
        return None
    slots = [*asked, *machine.pools[len(asked) :]][:_SLOTS]
    return tuple(pool for pool in slots if pool.url)


def _blink(machine: SimulatedMachine, body: Any) -> Answer:
    blinks = isinstance(body, dict) and str(body.get("blink")).lower() == "true"
    machine.kept["blinks"] = blinks
    return {"code": "B000" if blinks else "B100"}


_PAGES: dict[str, Callable[[SimulatedMachine], Answer]] = {
    "summary": _summary,
    "stats": _stats,
    "pools": _pools,
    "get_system_info": _system_info,
    "get_network_info": _system_info,
    "miner_type": _miner_type,
    "get_miner_conf": _miner_conf,
    "get_blink_status": _blink_status,
    "reboot": _reboot,
}
_FORMS: dict[str, Callable[[SimulatedMachine, Any], Answer]] = {
    "set_miner_conf": _set_miner_conf,
    "blink": _blink,
}
