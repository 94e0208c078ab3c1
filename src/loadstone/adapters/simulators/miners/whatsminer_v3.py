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
from hashlib import blake2b, sha256
from typing import Any

import msgspec

from loadstone.adapters.simulators.conversation import Conversation
from loadstone.adapters.simulators.faults import FaultKind
from loadstone.adapters.simulators.machine import Phase, SimulatedMachine
from loadstone.adapters.simulators.miners.crypt import open_sealed
from loadstone.adapters.simulators.miners.payload import Answer, encoded, life_s
from loadstone.adapters.simulators.miners.whatsminer_v2 import CHIPS, V3
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Pool

_DEFAULT = Credential(user="super", password="super")
_LARGEST = 65_536  # bytes of a request
_SALT_LIVES_S = 1e12  # until the next reboot
_CLOCKS_APART_S = 300.0
_OK, _FAILED, _INVALID, _DENIED = 0, -1, -2, -4


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
    except (msgspec.DecodeError, KeyError, TypeError):
        return _told(machine, _INVALID, "invalid json", "")
    shown = _SHOWN.get(word)
    if shown is not None:
        code, message = shown(machine, request.get("param"))
        return _told(machine, code, message, word)
    written = _WRITTEN.get(word)
    if written is None:
        return _told(machine, _INVALID, "invalid command", str(word))
    key = _key(machine, request)
    if key is None:
        return _told(machine, _DENIED, "no permission", word)
    done = written(machine, request.get("param"), key)
    return _told(machine, _OK if done else _FAILED, "ok" if done else "invalid param", word)


def _told(machine: SimulatedMachine, code: int, message: Any, word: str) -> Answer:
    return {"code": code, "when": int(machine.utc_s()), "msg": message, "desc": word}


# ---- who asks ----


def _salt(machine: SimulatedMachine) -> str:
    """Return the salt, a new one where the old one has had its time."""
    now_s = machine.world.now_s()
    kept = machine.kept.get("salt")
    if isinstance(kept, tuple) and now_s - kept[1] <= life_s(machine, _SALT_LIVES_S):
        return str(kept[0])
    salt = blake2b(f"{machine.id} {now_s}".encode(), digest_size=4).hexdigest()
    machine.kept["salt"] = (salt, now_s)
    return salt


def _key(machine: SimulatedMachine, request: dict[str, Any]) -> bytes | None:
    """Return the hash that a request is signed with; None where it is not allowed."""
    owner = machine.credential or _DEFAULT
    at = request.get("ts")
    if request.get("account") != owner.user or not isinstance(at, int):
        return None
    if machine.has(FaultKind.CLOCK_SKEW) and abs(at - machine.utc_s()) > _CLOCKS_APART_S:
        return None
    text = f"{request['cmd']}{owner.password}{_salt(machine)}{at}"
    key = sha256(text.encode()).digest()
    return key if request.get("token") == b64encode(key)[:8].decode() else None


# ---- what is shown ----


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
        "salt": _salt(machine),
        "error-code": [{str(540 + one): "2026-01-01 00:00:00"} for one in lost],
    }
    if part is None:
        return _OK, parts
    if part not in parts:
        return _INVALID, f"invalid param: {part}"
    return _OK, {part: parts[part]}


def _miner_status(machine: SimulatedMachine, asked: Any) -> tuple[int, Any]:
    if not asked:
        return -3, "param item is null"
    told = {}
    for part in str(asked).split("+"):
        made = _STATUS.get(part)
        if made is None:
            return _INVALID, f"invalid param: {part}"
        told[part] = made(machine)
    return _OK, told


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
    return _OK, {
        "power-mode": "normal",
        "power-limit": round(limit_w),
        "power": 0,
        "power-percent": round(100 * limit_w / machine.rated_w),
        "upfreq-speed": 0,
        "target-freq": 0,
        "fast-hash": "disable",
    }


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


_STATUS: dict[str, Callable[[SimulatedMachine], Any]] = {
    "summary": _summary,
    "pools": _pools,
    "edevs": _edevs,
}
_SHOWN: dict[str, Callable[[SimulatedMachine, Any], tuple[int, Any]]] = {
    "get.device.info": _device_info,
    "get.miner.status": _miner_status,
    "get.miner.setting": _miner_setting,
}
_WRITTEN: dict[str, Callable[[SimulatedMachine, Any, bytes], bool]] = {
    "set.miner.service": _service,
    "set.miner.power_limit": _power_limit,
    "set.miner.power_percent": _power_percent,
    "set.miner.pools": _set_pools,
    "set.system.reboot": _reboot,
    "set.system.led": _led,
}
