# SPDX-License-Identifier: Apache-2.0
"""Braiins OS: the command port of its miner program, which only reads.

What it does is asked for by REST, in `pages`. gRPC on port 50051 is left out: what it
tells is told by REST too.

Source:
    Fields: UpstreamData/pyasic, backends/braiins_os.py; a recorded answer to `version` in
    256foundation/asic-rs, asic-rs-firmwares/braiins/src/test. What `summary` tells of a paused
    machine is not verified: here rates of zero.
"""

from collections.abc import Callable

from loadstone.adapters.simulators.conversation import Conversation
from loadstone.adapters.simulators.machine import Phase, SimulatedMachine
from loadstone.adapters.simulators.miners.command_port import (
    CommandPort,
    Request,
    head,
    pool_rows,
    word_of,
)
from loadstone.adapters.simulators.miners.payload import Answer, encoded

VERSION = "2026-04-20-0-45f356ea-26.04-plus"
_WHO = "BOSer boser-buildroot 0.1.0-45f356ea"
_MHS = 1e6  # MH/s of one TH/s


def open_commands(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation on the command port."""
    return CommandPort(lambda request: encoded(machine, _answered(machine, request)) + b"\0")


def _answered(machine: SimulatedMachine, request: Request | None) -> Answer:
    if request is None:
        return head(machine, 23, "Invalid JSON", _WHO, status="E")
    word = word_of(request)
    if "+" in word:
        return {one: [_one(machine, one)] for one in word.split("+")} | {"id": 1}
    return _one(machine, word)


def _one(machine: SimulatedMachine, word: str) -> Answer:
    command = _COMMANDS.get(word)
    if command is None:
        return head(machine, 14, "Invalid command", _WHO, status="E")
    return command(machine)


def _told(machine: SimulatedMachine, code: int, message: str) -> Answer:
    return head(machine, code, message, _WHO)


def _version(machine: SimulatedMachine) -> Answer:
    row = {"API": "3.7", "BOSer": _WHO.removeprefix("BOSer ")}
    return _told(machine, 22, "BOSer versions") | {"VERSION": [row]}


def _rates(mhs: float) -> Answer:
    keys = ("MHS 5s", "MHS 1m", "MHS 5m", "MHS 15m", "MHS 24h", "MHS av")
    return dict.fromkeys(keys, mhs)


def _summary(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    row = {
        "Elapsed": int(sample.uptime_s),
        **_rates(round(sample.hashrate_th * _MHS, 2)),
        "Found Blocks": 0,
        "Accepted": 0,
        "Rejected": 0,
        "Hardware Errors": 0,
        "Stale": 0,
        "Total MH": 0.0,
        "Device Hardware%": 0.0,
        "Device Rejected%": 0.0,
        "Pool Rejected%": 0.0,
        "Pool Stale%": 0.0,
        "Last getwork": int(machine.utc_s()),
    }
    return _told(machine, 11, "Summary") | {"SUMMARY": [row]}


def _devs(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    if sample.phase is Phase.ASLEEP:  # its boards are off
        return _told(machine, 9, "0 ASC(s)") | {"DEVS": []}
    each = round(sample.hashrate_th * _MHS / max(1, sample.boards), 2)
    rows = [
        {
            "ASC": one,
            "Name": "",
            "ID": one + 1,
            "Enabled": "Y",
            "Status": "Alive",
            "Temperature": round(sample.temperature_c, 1),
            **_rates(each),
            "Nominal MHS": machine.build.hashrate_th * _MHS / machine.board_count,
        }
        for one in range(sample.boards)
    ]
    return _told(machine, 9, f"{len(rows)} ASC(s)") | {"DEVS": rows}


def _devdetails(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rows = [
        {
            "DEVDETAILS": one,
            "Name": "",
            "ID": one + 1,
            "Driver": "",
            "Kernel": "",
            "Model": machine.model,
            "Chips": 108,
            "Frequency": 490.0,
            "Voltage": 13.7,
        }
        for one in range(sample.boards)
    ]
    return _told(machine, 69, "Device Details") | {"DEVDETAILS": rows}


def _temps(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rows = [
        {
            "TEMP": one,
            "ID": one + 1,
            "Board": round(sample.temperature_c - 10, 1),
            "Chip": round(sample.temperature_c, 1),
        }
        for one in range(sample.boards)
    ]
    return _told(machine, 201, f"{len(rows)} Temp(s)") | {"TEMPS": rows}


def _fans(machine: SimulatedMachine) -> Answer:
    rows = [
        {"FAN": one, "ID": one, "RPM": int(rpm), "Speed": min(100, int(rpm / 60))}
        for one, rpm in enumerate(machine.sample().fan_rpm)
    ]
    return _told(machine, 202, f"{len(rows)} Fan(s)") | {"FANS": rows}


def _pools(machine: SimulatedMachine) -> Answer:
    rows = pool_rows(machine)
    return _told(machine, 7, f"{len(rows)} Pool(s)") | {"POOLS": rows}


def _tunerstatus(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    row = {
        "ApproximateChainPowerConsumption": round(0.95 * sample.power_w),
        "ApproximateMinerPowerConsumption": round(sample.power_w),
        "PowerLimit": round(machine.rated_w if sample.limit_w is None else sample.limit_w),
        "DynamicPowerScaling": "Inactive",
        "TunerChainStatus": [
            {"HashchainIndex": one + 1, "Status": "Stable", "TunerRunning": True}
            for one in range(sample.boards)
        ],
    }
    return _told(machine, 205, "Tuner Status") | {"TUNERSTATUS": [row]}


_COMMANDS: dict[str, Callable[[SimulatedMachine], Answer]] = {
    "devdetails": _devdetails,
    "devs": _devs,
    "fans": _fans,
    "pools": _pools,
    "summary": _summary,
    "temps": _temps,
    "tunerstatus": _tunerstatus,
    "version": _version,
}
