# SPDX-License-Identifier: Apache-2.0
"""Stock Antminer firmware of 2025: the command port. Its pages are in `pages`.

Commands are read-only, one at a time: `a+b` is refused, as owners of such machines report.
While it sleeps the port answers, with rates of zero; this is not verified on a machine.
Power is told only to those who ask with `new_api`.

Source:
    Shapes: recorded answers in 256foundation/asic-rs (asic-rs-firmwares/antminer/src/test).
"""

from loadstone.adapters.simulators.conversation import Conversation
from loadstone.adapters.simulators.machine import Phase, Sample, SimulatedMachine
from loadstone.adapters.simulators.miners.command_port import (
    CommandPort,
    Request,
    head,
    pool_rows,
    word_of,
)
from loadstone.adapters.simulators.miners.payload import Answer, encoded

COMPILED = "Fri Feb 7 11:15:49 CST 2025"
PLATFORM = "platform[AML]"
CHIPS = 108  # of a board
_WHO = "cgminer 1.0.0"


def open_commands(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation on the command port."""
    return CommandPort(lambda request: encoded(machine, _answered(machine, request)) + b"\0")


def rates_gh(sample: Sample) -> float:
    """Return the hashrate, GH/s, as rounded by the firmware."""
    return round(1000.0 * sample.hashrate_th, 2)


def chip_temperatures(sample: Sample) -> list[int]:
    """Return the four temperatures that a board tells, deg C."""
    hot = round(sample.temperature_c)
    cool = round(0.5 * (sample.temperature_c + sample.ambient_c))
    return [cool, cool, hot, hot]


def mode_of(sample: Sample) -> int:
    """Return the work mode: 0 normal, 1 asleep."""
    return int(sample.phase is Phase.ASLEEP)


def web_stats_row(machine: SimulatedMachine, sample: Sample) -> Answer:
    """Return the one row of statistics as the pages and the new interface have it."""
    rate_gh = rates_gh(sample)
    temperatures = chip_temperatures(sample)
    chains = [
        {
            "index": number,
            "freq_avg": 490 if rate_gh else 0,
            "rate_ideal": round(1000 * machine.build.hashrate_th / machine.board_count, 1),
            "rate_real": round(rate_gh / sample.boards, 2),
            "asic_num": CHIPS,
            "temp_pic": temperatures,
            "temp_pcb": temperatures,
            "temp_chip": temperatures,
            "hw": 0,
            "eeprom_loaded": True,
            "sn": f"{machine.serial}B{number}",
        }
        for number in range(sample.boards)
    ]
    return {
        "elapsed": int(sample.uptime_s),
        "rate_5s": rate_gh,
        "rate_30m": rate_gh,
        "rate_avg": rate_gh,
        "rate_ideal": 1000 * machine.build.hashrate_th,
        "rate_unit": "GH/s",
        "chain_num": sample.boards,
        "fan_num": len(sample.fan_rpm),
        "fan": [int(rpm) for rpm in sample.fan_rpm],
        "hwp_total": 0.0,
        "miner-mode": mode_of(sample),
        "freq-level": 100,
        "watt": round(sample.power_w),
        "chain": chains,
    }


def _answered(machine: SimulatedMachine, request: Request | None) -> Answer:
    if request is None:
        return head(machine, 23, "Invalid JSON", _WHO, status="E")
    command = _COMMANDS.get(word_of(request))
    if command is None:
        return head(machine, 14, "Invalid command", _WHO, status="E")
    if command is _stats and request.get("new_api"):
        return _new_stats(machine)
    return command(machine)


def _about(machine: SimulatedMachine) -> Answer:
    return {
        "BMMiner": "1.0.0",
        "API": "3.1",
        "Miner": PLATFORM,
        "CompileTime": COMPILED,
        "Type": machine.model,
    }


def _version(machine: SimulatedMachine) -> Answer:
    return head(machine, 22, "CGMiner versions", _WHO) | {"VERSION": [_about(machine)]}


def _summary(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rate_gh = rates_gh(sample)
    row = {
        "Elapsed": int(sample.uptime_s),
        "GHS 5s": rate_gh,
        "GHS av": rate_gh,
        "GHS 30m": rate_gh,
        "Found Blocks": 0,
        "Getworks": 0,
        "Accepted": 0,
        "Rejected": 0,
        "Hardware Errors": 0,
        "Utility": 0.0,
        "Discarded": 0,
        "Stale": 0,
        "Total MH": 0.0,
        "Device Hardware%": 0.0,
        "Device Rejected%": 0.0,
        "Pool Rejected%": 0.0,
        "Pool Stale%": 0.0,
        "Last getwork": int(machine.utc_s()),
    }
    return head(machine, 11, "Summary", _WHO) | {"SUMMARY": [row]}


def _stats(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rate_gh = rates_gh(sample)
    row: Answer = {
        "STATS": 0,
        "ID": "BTM_SOC",
        "Elapsed": int(sample.uptime_s),
        "Calls": 0,
        "GHS 5s": rate_gh,
        "GHS av": rate_gh,
        "rate_30m": rate_gh,
        "Mode": mode_of(sample),
        "miner_count": sample.boards,
        "frequency": 490 if rate_gh else 0,
        "fan_num": len(sample.fan_rpm),
        "temp_num": sample.boards,
        "temp_max": round(sample.temperature_c),
        "total_rateideal": 1000 * machine.build.hashrate_th,
        "rate_unit": "GH",
        "total_acn": CHIPS * sample.boards,
        "total rate": rate_gh,
        "no_matching_work": 0,
        "miner_version": PLATFORM,
        "miner_id": machine.serial,
    }
    row |= {f"fan{one}": int(rpm) for one, rpm in enumerate(sample.fan_rpm, 1)}
    shown = "-".join(map(str, chip_temperatures(sample)))
    for one in range(1, machine.board_count + 1):
        works = one <= sample.boards
        row[f"chain_acn{one}"] = CHIPS if works else 0
        row[f"chain_acs{one}"] = " " + "o" * CHIPS if works else ""
        row[f"chain_hw{one}"] = 0
        row[f"chain_rate{one}"] = f"{rate_gh / sample.boards:.2f}" if works else ""
        row[f"freq{one}"] = row["frequency"] if works else 0
        row[f"temp_chip{one}"] = row[f"temp_pcb{one}"] = shown if works else "0-0-0-0"
    rows = [_about(machine), row]
    return head(machine, 70, "CGMiner stats", _WHO) | {"STATS": rows}


def _new_stats(machine: SimulatedMachine) -> Answer:
    row = web_stats_row(machine, machine.sample())
    return head(machine, 70, "CGMiner stats", _WHO) | {"STATS": [row]}


def _pools(machine: SimulatedMachine) -> Answer:
    rows = pool_rows(machine)
    return head(machine, 7, f"{len(rows)} Pool(s)", _WHO) | {"POOLS": rows}


def _devs(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rate_gh = rates_gh(sample)
    rows = [
        {
            "ASC": number,
            "Name": "BTM_SOC",
            "ID": number,
            "Enabled": "Y",
            "Status": "Alive",
            "Temperature": round(sample.temperature_c, 1),
            "GHS 5s": round(rate_gh / sample.boards, 2),
            "GHS av": round(rate_gh / sample.boards, 2),
        }
        for number in range(sample.boards)
    ]
    return head(machine, 9, f"{len(rows)} ASC(s)", _WHO) | {"DEVS": rows}


_COMMANDS = {
    "version": _version,
    "summary": _summary,
    "stats": _stats,
    "pools": _pools,
    "devs": _devs,
}
