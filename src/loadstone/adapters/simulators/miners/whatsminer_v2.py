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
from loadstone.adapters.simulators.machine import Phase, Sample, SimulatedMachine
from loadstone.adapters.simulators.miners.command_port import (
    CommandPort,
    Request,
    pool_rows,
    word_of,
)
from loadstone.adapters.simulators.miners.crypt import key_of, md5_crypt, open_sealed, seal
from loadstone.adapters.simulators.miners.payload import Answer, encoded, life_s
from loadstone.model.operations.machine import Credential
from loadstone.model.operations.reading import Pool

CHIPS = 111  # of a board
_DEFAULT = Credential(user="admin", password="admin")
_SALT = "BQ5hoXV9"
_TOKEN_LIVES_S = 1800.0
_TOKENS = 32
_MHS = 1e6  # MH/s of one TH/s


class Token(msgspec.Struct, frozen=True):
    """A token that was given out, and when, virtual seconds."""

    time: str
    newsalt: str
    at_s: float


class Release(msgspec.Struct, frozen=True):
    """A release of the firmware."""

    firmware: str
    api: str
    sealed_writes: bool = True

    @property
    def who(self) -> str:
        """Its name as answers tell it."""
        return f"whatsminer v{self.api}"


V2 = Release("20230714.15.REL", "2.0.5")
V3 = Release("20250214.16.Rel", "3.0.2", sealed_writes=False)


def open_commands(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation on the command port."""
    return CommandPort(lambda request: _answered(machine, V2, request))


def open_old_commands(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation on the port where firmware with API 3 still reads as before."""
    return CommandPort(lambda request: _answered(machine, V3, request))


def _answered(machine: SimulatedMachine, release: Release, request: Request | None) -> bytes:
    if request is None:
        return encoded(machine, _error(machine, release, 23, "json format error"))
    if request.get("enc") == 1 and release.sealed_writes:
        return _opened(machine, request)
    word = word_of(request)
    if "+" in word:
        parts = word.split("+")
        if all(part in _JOINED for part in parts):
            told = {part: [_READS[part](machine, release)] for part in parts}
            return encoded(machine, told | {"id": 1})
    elif word in _READS:
        return encoded(machine, _READS[word](machine, release))
    elif word in _WRITES:
        return encoded(machine, _error(machine, release, 45, "permission denied"))
    return encoded(machine, _error(machine, release, 14, "invalid cmd"))


def _told(
    machine: SimulatedMachine, release: Release, code: int, message: Any, status: str = "S"
) -> Answer:
    return {
        "STATUS": status,
        "When": int(machine.utc_s()),
        "Code": code,
        "Msg": message,
        "Description": release.who,
    }


def _error(machine: SimulatedMachine, release: Release, code: int, message: str) -> Answer:
    return _told(machine, release, code, message, "E")


# ---- writes ----


def _opened(machine: SimulatedMachine, request: Request) -> bytes:
    """Return the answer to a sealed request, sealed where it could be opened."""
    owner = machine.credential or _DEFAULT
    word = md5_crypt(owner.password.encode(), _SALT.encode())
    key = key_of(word)
    try:
        asked = msgspec.json.decode(open_sealed(key, request["data"]))
    except (KeyError, TypeError, ValueError):  # msgspec's errors are ValueErrors too
        return encoded(machine, _error(machine, V2, 23, "enc json load err"))
    sealed = seal(key, encoded(machine, _written(machine, word, asked)))
    return msgspec.json.encode({"enc": sealed})


def _written(machine: SimulatedMachine, word: str, asked: Any) -> Answer:
    if not isinstance(asked, dict):
        return _error(machine, V2, 23, "json format error")
    if not _known(machine, word, asked.get("token")):
        return _error(machine, V2, 135, "check token err")
    command = word_of(asked)
    if command in _READS:
        return _READS[command](machine, V2)
    written = _WRITES.get(command)
    if written is None:
        return _error(machine, V2, 14, "invalid cmd")
    if not written(machine, asked):
        return _error(machine, V2, 132, "API command ERROR")
    return _told(machine, V2, 131, "API command OK")


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
        return _error(machine, release, 136, "over max connect")
    # machines asked in one second give one token, so that many signs are reckoned once
    time = f"{int(machine.utc_s()) % 10_000:04d}"
    newsalt = blake2b(f"{time} {len(tokens)}".encode(), digest_size=4).hexdigest()
    tokens.append(Token(time, newsalt, machine.world.now_s()))
    message = {"time": time, "salt": _SALT, "newsalt": newsalt}
    return _told(machine, release, 134, message)


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


# ---- reads ----


def _get_version(machine: SimulatedMachine, release: Release) -> Answer:
    message = {
        "api_ver": release.api,
        "fw_ver": release.firmware,
        "platform": "H616",
        "chip": "K88D02",
    }
    return _told(machine, release, 131, message)


def _get_miner_info(machine: SimulatedMachine, release: Release) -> Answer:
    message = {
        "ip": machine.address.host if machine.address else "",
        "proto": "dhcp",
        "netmask": "255.0.0.0",
        "gateway": "",
        "dns": "",
        "hostname": "WhatsMiner",
        "mac": machine.mac.upper(),
        "ledstat": machine.kept.get("led", "auto"),
        "minersn": machine.serial,
    }
    return _told(machine, release, 131, message)


def _get_psu(machine: SimulatedMachine, release: Release) -> Answer:
    power_w = machine.sample().power_w
    message = {
        "name": "P463B",
        "hw_version": "V01.00",
        "sw_version": "V01.00.V01.03",
        "model": "P463B",
        "enable": "0" if machine.asleep else "1",
        "iin": f"{power_w / 230:.2f}",
        "vin": "23000",
        "pin": f"{power_w:.0f}",
        "fan_speed": "6976",
        "serial_no": f"{machine.serial}P",
        "vendor": "1",
        "temp0": "36.0",
    }
    return _told(machine, release, 131, message)


def _get_error_code(machine: SimulatedMachine, release: Release) -> Answer:
    sample = machine.sample()
    lost = range(sample.boards, machine.board_count)
    codes = [{str(540 + one): "2026-01-01 00:00:00"} for one in lost]  # board not found
    return _told(machine, release, 131, {"error_code": codes})


def _status(machine: SimulatedMachine, release: Release) -> Answer:
    sample = machine.sample()
    off = sample.phase is Phase.ASLEEP
    message = {
        "mineroff": "true" if off else "false",
        "mineroff_reason": "user" if off else "",
        "mineroff_time": "",
        "FirmwareVersion": release.firmware,
        "power_mode": "sleep" if off else "normal",
        "power_limit_set": "" if sample.limit_w is None else f"{sample.limit_w:.0f}",
        "hash_percent": "0",
    }
    return _told(machine, release, 131, message)


def _heard(machine: SimulatedMachine, release: Release, message: str) -> Answer:
    row = {
        "STATUS": "S",
        "When": int(machine.utc_s()),
        "Code": 11,
        "Msg": message,
        "Description": "btminer",
    }
    return {"STATUS": [row], "id": 1}


def _rates(sample: Sample, share: float = 1.0) -> Answer:
    mhs = round(sample.hashrate_th * _MHS * share, 2)
    keys = ("MHS av", "MHS 5s", "MHS 1m", "MHS 5m", "MHS 15m", "HS RT")
    return dict.fromkeys(keys, mhs)


def _limit_w(machine: SimulatedMachine, sample: Sample) -> int:
    return round(machine.rated_w if sample.limit_w is None else sample.limit_w)


def _summary(machine: SimulatedMachine, release: Release) -> Answer:
    sample = machine.sample()
    fans = [int(rpm) for rpm in sample.fan_rpm] or [0]
    rate = sample.hashrate_th
    row = {
        "Elapsed": int(sample.uptime_s),
        **_rates(sample),
        "Accepted": 0,
        "Rejected": 0,
        "Total MH": 0.0,
        "Temperature": round(sample.temperature_c - 10, 2),
        "freq_avg": 720 if rate else 0,
        "Fan Speed In": fans[0],
        "Fan Speed Out": fans[-1],
        "Power": round(sample.power_w),
        "Power Rate": round(sample.power_w / rate, 2) if rate else 0.0,
        "Pool Rejected%": 0.0,
        "Pool Stale%": 0.0,
        "Last getwork": 0,
        "Uptime": int(sample.uptime_s),
        "Security Mode": 0,
        "Hash Stable": sample.phase is Phase.HASHING,
        "Hash Stable Cost Seconds": 0,
        "Hash Deviation%": 0.0,
        "Target Freq": 720,
        "Target MHS": round(machine.build.hashrate_th * _MHS),
        "Env Temp": round(sample.ambient_c, 1),
        "Power Mode": "Normal",
        "Factory GHS": round(1000 * machine.build.hashrate_th),
        "Power Limit": _limit_w(machine, sample),
        "Chip Temp Min": round(sample.temperature_c - 8, 1),
        "Chip Temp Max": round(sample.temperature_c, 1),
        "Chip Temp Avg": round(sample.temperature_c - 4, 1),
        "Error Code Count": machine.board_count - sample.boards,
        "Btminer Fast Boot": "disable",
        "Upfreq Complete": int(sample.phase is Phase.HASHING),
        "MAC": machine.mac.upper(),
        "Firmware Version": f"'{release.firmware}'",
        "Chip Data": "K88D02",
        "Power Fanspeed": 6976,
    }
    row |= {
        f"Error Code {one}": 540 + sample.boards + one
        for one in range(machine.board_count - sample.boards)
    }
    return _heard(machine, release, "Summary") | {"SUMMARY": [row]}


def _devs(machine: SimulatedMachine, release: Release) -> Answer:
    sample = machine.sample()
    share = 1 / max(1, sample.boards)
    rows = [
        {
            "ASC": one,
            "Slot": one,
            "Enabled": "Y",
            "Status": "Alive",
            "Temperature": round(sample.temperature_c - 10, 2),
            "Chip Frequency": 720,
            **_rates(sample, share),
            "Factory GHS": round(1000 * machine.build.hashrate_th / machine.board_count),
            "Upfreq Complete": int(sample.phase is Phase.HASHING),
            "Effective Chips": CHIPS,
            "PCB SN": f"{machine.serial}B{one}",
            "Chip Data": "K88D02",
            "Chip Temp Min": round(sample.temperature_c - 8, 1),
            "Chip Temp Max": round(sample.temperature_c, 1),
            "Chip Temp Avg": round(sample.temperature_c - 4, 1),
            "chip_vol_diff": 10,
        }
        for one in range(sample.boards)
    ]
    return _heard(machine, release, f"{len(rows)} ASC(s)") | {"DEVS": rows}


def _devdetails(machine: SimulatedMachine, release: Release) -> Answer:
    rows = [
        {
            "DEVDETAILS": one,
            "Name": "SM",
            "ID": one,
            "Driver": "bitmicro",
            "Kernel": "",
            "Model": machine.model,
        }
        for one in range(machine.board_count)
    ]
    return _heard(machine, release, "Device Details") | {"DEVDETAILS": rows}


def _pools(machine: SimulatedMachine, release: Release) -> Answer:
    rows = [row | {"POOL": one} for one, row in enumerate(pool_rows(machine), 1)]
    return _heard(machine, release, f"{len(rows)} Pool(s)") | {"POOLS": rows}


_READS: dict[str, Callable[[SimulatedMachine, Release], Answer]] = {
    "devdetails": _devdetails,
    "devs": _devs,
    "edevs": _devs,
    "get_error_code": _get_error_code,
    "get_miner_info": _get_miner_info,
    "get_psu": _get_psu,
    "get_token": _get_token,
    "get_version": _get_version,
    "pools": _pools,
    "status": _status,
    "summary": _summary,
}
_JOINED = frozenset({"devdetails", "devs", "edevs", "pools", "summary"})
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
