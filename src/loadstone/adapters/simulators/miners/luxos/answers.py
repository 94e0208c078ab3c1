# SPDX-License-Identifier: Apache-2.0
"""What LuxOS shows."""

from collections.abc import Callable
from typing import Final

from loadstone.adapters.simulators.machine import Phase, SimulatedMachine
from loadstone.adapters.simulators.miners.antminer.commands import (
    CHIPS,
    chip_temperatures,
    rates_gh,
)
from loadstone.adapters.simulators.miners.command_port import head, pool_rows
from loadstone.adapters.simulators.miners.payload import Answer

_VERSION = "2025.4.8.220305"
_WHO = f"LUXminer {_VERSION}-57b389c7"
_FULL_MHZ = 600


def told(machine: SimulatedMachine, code: int, message: str) -> Answer:
    """Return an answer with its status alone."""
    return head(machine, code, message, _WHO)


def refused(machine: SimulatedMachine, code: int, message: str) -> Answer:
    """Return a refusal."""
    return head(machine, code, message, _WHO, status="E")


def _about(machine: SimulatedMachine) -> Answer:
    return {
        "API": "3.7",
        "CompileTime": "Tue Apr 08 22:03:05 UTC 2025",
        "LUXminer": f"{_VERSION}-57b389c7",
        "Miner": _VERSION,
        "Type": machine.model,
    }


def _version(machine: SimulatedMachine) -> Answer:
    return told(machine, 22, "LUXminer versions") | {"VERSION": [_about(machine)]}


def _summary(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rate_gh = rates_gh(sample)
    row = {
        "Accepted": 0,
        "Best Share": 0,
        "Device Hardware%": 0.0,
        "Device Rejected%": 0.0,
        "Difficulty Accepted": 0.0,
        "Difficulty Rejected": 0.0,
        "Elapsed": int(sample.uptime_s),
        "Found Blocks": 0,
        "GHS 30m": rate_gh,
        "GHS 5s": rate_gh,
        "GHS av": rate_gh,
        "Hardware Errors": 0,
        "Pool Rejected%": 0.0,
        "Pool Stale%": 0.0,
        "Rejected": 0,
        "Stale": 0,
        "Total MH": 0.0,
        "Utility": 0.0,
    }
    return told(machine, 11, "Summary") | {"SUMMARY": [row]}


def _power(machine: SimulatedMachine) -> Answer:
    row = {"PSU": True, "Watts": round(machine.sample().power_w)}
    return told(machine, 311, "Power consumption") | {"POWER": [row]}


def _stats(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    rate_gh = rates_gh(sample)
    row: Answer = {
        "Elapsed": int(sample.uptime_s),
        "GHS 5s": rate_gh,
        "GHS av": rate_gh,
        "ID": "LUX_SOC",
        "Mode": 0,
        "STATS": 0,
        "fan_num": len(sample.fan_rpm),
        "frequency": _mhz(machine),
        "miner_count": sample.boards,
        "rate_unit": "GH",
        "temp_max": round(sample.temperature_c),
        "total_acn": CHIPS * sample.boards,
        "total_rate": rate_gh,
        "total_rateideal": 1000 * machine.build.hashrate_th,
    }
    row |= {f"fan{one}": int(rpm) for one, rpm in enumerate(sample.fan_rpm, 1)}
    shown = "-".join(map(str, chip_temperatures(sample)))
    for one in range(1, machine.board_count + 1):
        works = one <= sample.boards
        row[f"chain_acn{one}"] = CHIPS if works else 0
        row[f"chain_rate{one}"] = round(rate_gh / sample.boards, 2) if works else 0.0
        row[f"freq{one}"] = row["frequency"] if works else 0
        row[f"temp_chip{one}"] = row[f"temp_pcb{one}"] = shown if works else "0-0-0-0"
    return told(machine, 70, "LUXminer stats") | {"STATS": [_about(machine), row]}


def _config(machine: SimulatedMachine) -> Answer:
    asleep = machine.sample().phase is Phase.ASLEEP
    step = _step(machine)
    row = {
        "ASC Count": machine.board_count,
        "ControlBoardType": "CVITek",
        "Cooling": "Air",
        "CurtailMode": "Sleep" if asleep else "None",
        "DHCP": True,
        "GreenLed": "auto",
        "Hostname": f"lux-{machine.serial[-4:]}",
        "IPAddr": machine.address.host if machine.address else "",
        "IsAtmEnabled": _atm_on(machine),
        "IsPowerSupplyOn": not asleep,
        "IsTuning": False,
        "MACAddr": machine.mac,
        "Model": machine.model,
        "NameplateTHS": machine.build.hashrate_th,
        "OS": "LuxOS",
        "Pool Count": len(machine.pools),
        "Profile": profile_name(machine, step),
        "ProfileStep": str(step),
        "RedLed": "auto",
        "SerialNumber": machine.serial,
        "SystemStatus": "LuxOS: sleeping" if asleep else "LuxOS: running",
    }
    return told(machine, 33, "LUXminer config") | {"CONFIG": [row]}


def _profiles(machine: SimulatedMachine) -> Answer:
    rows = []
    for number, watts in enumerate(machine.levels_w):
        step = number + 1 - len(machine.levels_w)
        share = watts / machine.rated_w
        row = {
            "Frequency": round(_FULL_MHZ * share),
            "Hashrate": round(machine.build.hashrate_th * share**0.8, 1),
            "IsDynamic": True,
            "IsTuned": False,
            "Profile Name": profile_name(machine, step),
            "Step": str(step),
            "Voltage": round(12.0 + 1.5 * share, 2),
            "Watts": round(watts),
        }
        rows.append(row)
    return told(machine, 323, "Profile list") | {"PROFILES": rows}


def _step(machine: SimulatedMachine) -> int:
    """Return the profile in force: 0 for the default one, -1 for the next lower."""
    if machine.limit_w is None:
        return 0
    below = [level for level in machine.levels_w if level <= machine.limit_w]
    return len(below) - len(machine.levels_w)


def profile_name(machine: SimulatedMachine, step: int) -> str:
    """Return the name of a profile, 0 for the default one, -1 for the next lower."""
    if not step:
        return "default"
    share = machine.levels_w[step - 1] / machine.rated_w
    return f"{round(_FULL_MHZ * share)}MHz"


def _mhz(machine: SimulatedMachine) -> int:
    name = profile_name(machine, _step(machine))
    return _FULL_MHZ if name == "default" else int(name.removesuffix("MHz"))


def atm_terms(machine: SimulatedMachine) -> dict[str, str]:
    """Return what thermal management was set to, by name."""
    kept = machine.kept.get("atm", {})
    assert isinstance(kept, dict)
    return kept


def _atm_on(machine: SimulatedMachine) -> bool:
    return atm_terms(machine).get("enabled") == "true"


def _atm(machine: SimulatedMachine) -> Answer:
    terms = atm_terms(machine)
    row = {
        "Enabled": _atm_on(machine),
        "MaxProfile": terms.get("max_profile", "default"),
        "MinProfile": terms.get("min_profile", ""),
        "PostRampMinutes": 15,
        "StartupMinutes": 15,
        "TempWindow": 5,
    }
    return told(machine, 339, "ATM configuration values") | {"ATM": [row]}


def _pools(machine: SimulatedMachine) -> Answer:
    rows = [row | {"GROUP": 0} for row in pool_rows(machine)]
    return told(machine, 7, f"{len(rows)} Pool(s)") | {"POOLS": rows}


def _groups(machine: SimulatedMachine) -> Answer:
    rows = [{"GROUP": 0, "Name": "default", "Quota": 1}]
    return told(machine, 325, "Group list") | {"GROUPS": rows}


def _fans(machine: SimulatedMachine) -> Answer:
    rows = [
        {"FAN": f"FAN{one}", "ID": one, "RPM": int(rpm), "Speed": min(100, int(rpm / 60))}
        for one, rpm in enumerate(machine.sample().fan_rpm)
    ]
    control = {"FanMaxSpeed": 100, "FanMinSpeed": 0, "MinFans": 1, "PowerOffSpeed": 0}
    answer = told(machine, 202, f"{len(rows)} Fan(s)")
    return answer | {"FANS": rows, "FANCTRL": [control]}


def _temps(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    cool, _, _, hot = chip_temperatures(sample)
    rows = [
        {
            "ID": one,
            "TEMP": one,
            "BottomLeft": hot,
            "BottomRight": cool,
            "TopLeft": hot,
            "TopRight": cool,
        }
        for one in range(sample.boards)
    ]
    return told(machine, 201, f"{len(rows)} Temp(s)") | {"TEMPS": rows}


def _tempctrl(machine: SimulatedMachine) -> Answer:
    row = {"Dangerous": 80.0, "Hot": 70.0, "Mode": "Automatic", "Target": 55.0}
    return told(machine, 200, "Temperature control") | {"TEMPCTRL": [row]}


def _devs(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    each_mh = 1000 * rates_gh(sample) / max(1, sample.boards)
    rows = [
        {
            "ASC": one,
            "Name": "LUX",
            "ID": one,
            "Enabled": "Y" if one < sample.boards else "N",
            "Status": "Alive" if one < sample.boards else "Dead",
            "SerialNumber": f"{machine.serial}B{one}",
            "Temperature": round(sample.temperature_c, 1),
            "MHS 5s": each_mh if one < sample.boards else 0.0,
            "MHS av": each_mh if one < sample.boards else 0.0,
            "Nominal MHS": 1e6 * machine.build.hashrate_th / machine.board_count,
        }
        for one in range(machine.board_count)
    ]
    return told(machine, 9, f"{len(rows)} ASC(s)") | {"DEVS": rows}


def _events(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    codes = ["SLEEP"] if sample.phase is Phase.ASLEEP else []
    codes += ["BOARD_NOT_DETECTED"] * (machine.board_count - sample.boards)
    rows = [{"Code": code, "Description": code} for code in codes]
    return told(machine, 352, "Events") | {"EVENTS": rows}


SHOWN: Final[dict[str, Callable[[SimulatedMachine], Answer]]] = {
    "atm": _atm,
    "config": _config,
    "devs": _devs,
    "edevs": _devs,
    "events": _events,
    "fans": _fans,
    "groups": _groups,
    "pools": _pools,
    "power": _power,
    "profiles": _profiles,
    "stats": _stats,
    "summary": _summary,
    "tempctrl": _tempctrl,
    "temps": _temps,
    "version": _version,
}
"""Answers by command."""
