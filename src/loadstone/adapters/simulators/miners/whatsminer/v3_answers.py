# SPDX-License-Identifier: Apache-2.0
"""What WhatsMiner with API 3 shows."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

from loadstone.adapters.simulators.machine import Phase, SimulatedMachine
from loadstone.adapters.simulators.miners.payload import Answer, life_s
from loadstone.adapters.simulators.miners.whatsminer.v2_answers import CHIPS, V3

OK, INVALID = 0, -2
_MISSING = -3
_SALT_LIVES_S = 1e12  # until the next reboot


def salt_of(machine: SimulatedMachine) -> str:
    """Return the salt, a new one where the old one has had its time."""
    now_s = machine.world.now_s()
    kept = machine.kept.get("salt")
    if isinstance(kept, tuple) and now_s - kept[1] <= life_s(machine, _SALT_LIVES_S):
        return str(kept[0])
    salt = blake2b(f"{machine.id} {now_s}".encode(), digest_size=4).hexdigest()
    machine.kept["salt"] = (salt, now_s)
    return salt


def _device_info(machine: SimulatedMachine, part: Any) -> tuple[int, Any]:
    sample = machine.sample()
    lost = range(sample.boards, machine.board_count)
    limit = "" if sample.limit_w is None else f"{sample.limit_w:.0f}"
    parts = {
        "network": {
            "ip": machine.address.host if machine.address else "",
            "proto": "dhcp",
            "netmask": "255.0.0.0",
            "dns": "",
            "mac": machine.mac.upper(),
            "gateway": "",
            "hostname": "WhatsMiner",
        },
        "miner": {
            "working": "false" if sample.phase is Phase.ASLEEP else "true",
            "type": machine.model,
            "cointype": "BTC",
            "pool-strategy": "FAILOVER",
            "fast-boot": "disable",
            "board-num": str(machine.board_count),
            "miner-sn": machine.serial,
            "power-limit-set": limit,
            **{f"pcbsn{one}": f"{machine.serial}B{one}" for one in range(sample.boards)},
        },
        "system": {
            "api": V3.api,
            "platform": "H616",
            "fwversion": V3.firmware,
            "control-board-version": "CB6V10",
            "apiswitch": "1",
            "ledstatus": "auto",
        },
        "power": {
            "type": "P564B",
            "mode": "normal",
            "model": "P564B",
            "iin": round(sample.power_w / 230, 2),
            "vin": 230.0,
            "pin": round(sample.power_w),
            "fanspeed": 6976,
            "sn": f"{machine.serial}P",
            "vendor": "1",
        },
        "salt": salt_of(machine),
        "error-code": [{str(540 + one): "2026-01-01 00:00:00"} for one in lost],
    }
    if part is None:
        return OK, parts
    if not isinstance(part, str) or part not in parts:
        return INVALID, f"invalid param: {part}"
    return OK, {part: parts[part]}


def _miner_status(machine: SimulatedMachine, asked: Any) -> tuple[int, Any]:
    if not asked:
        return _MISSING, "param item is null"
    told = {}
    for part in str(asked).split("+"):
        made = _STATUS.get(part)
        if made is None:
            return INVALID, f"invalid param: {part}"
        told[part] = made(machine)
    return OK, told


def _summary(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rate = round(sample.hashrate_th, 3)
    fans = [int(rpm) for rpm in sample.fan_rpm] or [0]
    return {
        "elapsed": int(sample.uptime_s),
        "bootup-time": int(sample.uptime_s),
        "freq-avg": 720 if rate else 0,
        "target-freq": 720,
        "factory-hash": machine.build.hashrate_th,
        "hash-average": rate,
        "hash-1min": rate,
        "hash-15min": rate,
        "hash-realtime": rate,
        "power-rate": round(sample.power_w / rate, 3) if rate else 0.0,
        "power-5min": round(sample.power_w, 3),
        "power-realtime": round(sample.power_w),
        "environment-temperature": round(sample.ambient_c, 1),
        "board-temperature": [round(sample.temperature_c - 10, 1)] * sample.boards,
        "chip-temp-min": round(sample.temperature_c - 8, 1),
        "chip-temp-avg": round(sample.temperature_c - 4, 1),
        "chip-temp-max": round(sample.temperature_c, 1),
        "power-limit": round(machine.rated_w if sample.limit_w is None else sample.limit_w),
        "up-freq-finish": int(sample.phase is Phase.HASHING),
        "fan-speed-in": fans[0],
        "fan-speed-out": fans[-1],
    }


def _pools(machine: SimulatedMachine) -> list[Answer]:
    rate = machine.sample().hashrate_th
    return [
        {
            "id": one,
            "url": pool.url,
            "status": "alive",
            "account": pool.user,
            "stratum-active": bool(rate) and one == 1,
            "reject-rate": 0.0,
            "last-share-time": int(machine.utc_s()),
        }
        for one, pool in enumerate(machine.pools, 1)
    ]


def _edevs(machine: SimulatedMachine) -> list[Answer]:
    sample = machine.sample()
    return [
        {
            "id": one,
            "slot": one,
            "hash-average": round(sample.hashrate_th / sample.boards, 3),
            "factory-hash": round(machine.build.hashrate_th / machine.board_count, 3),
            "freq": 720,
            "effective-chips": CHIPS,
            "chip-temp-min": round(sample.temperature_c - 8, 1),
            "chip-temp-avg": round(sample.temperature_c - 4, 1),
            "chip-temp-max": round(sample.temperature_c, 1),
        }
        for one in range(sample.boards)
    ]


def _miner_setting(machine: SimulatedMachine, asked: Any) -> tuple[int, Any]:
    sample = machine.sample()
    limit_w = machine.rated_w if sample.limit_w is None else sample.limit_w
    return OK, {
        "power-mode": "normal",
        "power-limit": round(limit_w),
        "power": 0,
        "power-percent": round(100 * limit_w / machine.rated_w),
        "upfreq-speed": 0,
        "target-freq": 0,
        "fast-hash": "disable",
    }


_STATUS: dict[str, Callable[[SimulatedMachine], Any]] = {
    "summary": _summary,
    "pools": _pools,
    "edevs": _edevs,
}
SHOWN: Final[dict[str, Callable[[SimulatedMachine, Any], tuple[int, Any]]]] = {
    "get.device.info": _device_info,
    "get.miner.status": _miner_status,
    "get.miner.setting": _miner_setting,
}
"""Answers by command: a code, and what is told."""
