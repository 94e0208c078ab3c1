# SPDX-License-Identifier: Apache-2.0
"""What WhatsMiner with API 2 shows."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from loadstone.adapters.simulators.machine import Phase, Sample, SimulatedMachine
from loadstone.adapters.simulators.miners.command_port import pool_rows
from loadstone.adapters.simulators.miners.payload import Answer

CHIPS = 111  # of a board
_MHS = 1e6  # MH/s of one TH/s


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


def told(
    machine: SimulatedMachine, release: Release, code: int, message: Any, status: str = "S"
) -> Answer:
    """Return an answer with a code and a message, which may be an object."""
    return {
        "STATUS": status,
        "When": int(machine.utc_s()),
        "Code": code,
        "Msg": message,
        "Description": release.who,
    }


def error(machine: SimulatedMachine, release: Release, code: int, message: str) -> Answer:
    """Return a refusal."""
    return told(machine, release, code, message, "E")


def _get_version(machine: SimulatedMachine, release: Release) -> Answer:
    message = {
        "api_ver": release.api,
        "fw_ver": release.firmware,
        "platform": "H616",
        "chip": "K88D02",
    }
    return told(machine, release, 131, message)


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
    return told(machine, release, 131, message)


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
    return told(machine, release, 131, message)


def _get_error_code(machine: SimulatedMachine, release: Release) -> Answer:
    sample = machine.sample()
    lost = range(sample.boards, machine.board_count)
    codes = [{str(540 + one): "2026-01-01 00:00:00"} for one in lost]  # board not found
    return told(machine, release, 131, {"error_code": codes})


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
    return told(machine, release, 131, message)


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


READS: Final[dict[str, Callable[[SimulatedMachine, Release], Answer]]] = {
    "devdetails": _devdetails,
    "devs": _devs,
    "edevs": _devs,
    "get_error_code": _get_error_code,
    "get_miner_info": _get_miner_info,
    "get_psu": _get_psu,
    "get_version": _get_version,
    "pools": _pools,
    "status": _status,
    "summary": _summary,
}
"""Answers by command."""
JOINED: Final = frozenset({"devdetails", "devs", "edevs", "pools", "summary"})
"""Commands that may be joined by "+"."""
