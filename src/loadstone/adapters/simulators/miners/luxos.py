# SPDX-License-Identifier: Apache-2.0
"""LuxOS: the command port. Commands that change anything but pools need a session.

There is one session at a time; it ends a minute after its last use. Several commands without
parameters may be asked at once: `summary+power`. A stop outlives a reboot. Answers end with
the connection, with no zero byte. Code and words of refusals are not verified.

Source:
    docs.luxor.tech/firmware/api: sessions, logon, session, curtail, profileset.
    Fields: 256foundation/asic-rs, asic-rs-firmwares/luxminer; UpstreamData/pyasic, luxminer.
"""

from collections.abc import Callable
from hashlib import blake2b

from loadstone.adapters.simulators.conversation import Conversation
from loadstone.adapters.simulators.machine import Phase, SimulatedMachine
from loadstone.adapters.simulators.miners.antminer import CHIPS, chip_temperatures, rates_gh
from loadstone.adapters.simulators.miners.command_port import (
    CommandPort,
    Request,
    head,
    pool_rows,
    word_of,
)
from loadstone.adapters.simulators.miners.payload import Answer, encoded, life_s
from loadstone.model.operations.reading import Pool

_VERSION = "2025.4.8.220305"
_WHO = f"LUXminer {_VERSION}-57b389c7"
_SESSION_LIVES_S = 60.0
_FULL_MHZ = 600
_Words = tuple[str, ...]


def open_commands(machine: SimulatedMachine) -> Conversation:
    """Begin a conversation on the command port."""
    return CommandPort(lambda request: encoded(machine, _answered(machine, request)))


def _answered(machine: SimulatedMachine, request: Request | None) -> Answer:
    if request is None:
        return _refused(machine, 23, "Invalid JSON")
    word, parameter = word_of(request), request.get("parameter", "")
    if "+" not in word:
        return _one(machine, word, tuple(str(parameter).split(",")) if parameter else ())
    if parameter:
        return _refused(machine, 14, "Several commands take no parameters")
    return {one: [_one(machine, one, ())] for one in word.split("+")} | {"id": 1}


def _one(machine: SimulatedMachine, word: str, words: _Words) -> Answer:
    shown = _SHOWN.get(word)
    if shown is not None:
        return shown(machine)
    pools = _POOLS.get(word)
    if pools is not None:
        return pools(machine, words)
    changed = _CHANGED.get(word)
    if changed is None:
        return _refused(machine, 14, f"Invalid command '{word}'")
    if not words or words[0] != _session(machine):
        return _refused(machine, 316, "Invalid session")
    machine.kept["session"] = (words[0], machine.world.now_s())
    return changed(machine, words[1:])


def _told(machine: SimulatedMachine, code: int, message: str) -> Answer:
    return head(machine, code, message, _WHO)


def _refused(machine: SimulatedMachine, code: int, message: str) -> Answer:
    return head(machine, code, message, _WHO, status="E")


# ---- sessions ----


def _session(machine: SimulatedMachine) -> str:
    """Return the session there is; "" for none."""
    kept = machine.kept.get("session")
    if not isinstance(kept, tuple):
        return ""
    name, used_s = kept
    if machine.world.now_s() - used_s > life_s(machine, _SESSION_LIVES_S):
        del machine.kept["session"]
        return ""
    return str(name)


def _show_session(machine: SimulatedMachine) -> Answer:
    session = {"SessionID": _session(machine)}
    return _told(machine, 319, "Session information") | {"SESSION": [session]}


def _logon(machine: SimulatedMachine) -> Answer:
    if _session(machine):
        return _refused(machine, 402, "Another session is active")
    now_s = machine.world.now_s()
    count = machine.kept.get("sessions", 0)
    assert isinstance(count, int)
    name = blake2b(f"{machine.id} {now_s} {count}".encode(), digest_size=4).hexdigest()
    machine.kept["session"], machine.kept["sessions"] = (name, now_s), count + 1
    return _told(machine, 316, "Session created") | {"SESSION": [{"SessionID": name}]}


def _logoff(machine: SimulatedMachine, words: _Words) -> Answer:
    del machine.kept["session"]
    return _told(machine, 317, "Session terminated")


# ---- what is shown ----


def _about(machine: SimulatedMachine) -> Answer:
    return {
        "API": "3.7",
        "CompileTime": "Tue Apr 08 22:03:05 UTC 2025",
        "LUXminer": f"{_VERSION}-57b389c7",
        "Miner": _VERSION,
        "Type": machine.model,
    }


def _version(machine: SimulatedMachine) -> Answer:
    return _told(machine, 22, "LUXminer versions") | {"VERSION": [_about(machine)]}


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
    return _told(machine, 11, "Summary") | {"SUMMARY": [row]}


def _power(machine: SimulatedMachine) -> Answer:
    row = {"PSU": True, "Watts": round(machine.sample().power_w)}
    return _told(machine, 311, "Power consumption") | {"POWER": [row]}


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
    return _told(machine, 70, "LUXminer stats") | {"STATS": [_about(machine), row]}


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
        "Profile": _name(machine, step),
        "ProfileStep": str(step),
        "RedLed": "auto",
        "SerialNumber": machine.serial,
        "SystemStatus": "LuxOS: sleeping" if asleep else "LuxOS: running",
    }
    return _told(machine, 33, "LUXminer config") | {"CONFIG": [row]}


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
            "Profile Name": _name(machine, step),
            "Step": str(step),
            "Voltage": round(12.0 + 1.5 * share, 2),
            "Watts": round(watts),
        }
        rows.append(row)
    return _told(machine, 323, "Profile list") | {"PROFILES": rows}


def _step(machine: SimulatedMachine) -> int:
    """Return the profile in force: 0 for the default one, -1 for the next lower."""
    if machine.limit_w is None:
        return 0
    below = [level for level in machine.levels_w if level <= machine.limit_w]
    return len(below) - len(machine.levels_w)


def _name(machine: SimulatedMachine, step: int) -> str:
    if not step:
        return "default"
    share = machine.levels_w[step - 1] / machine.rated_w
    return f"{round(_FULL_MHZ * share)}MHz"


def _mhz(machine: SimulatedMachine) -> int:
    name = _name(machine, _step(machine))
    return _FULL_MHZ if name == "default" else int(name.removesuffix("MHz"))


def _atm_terms(machine: SimulatedMachine) -> dict[str, str]:
    kept = machine.kept.get("atm", {})
    assert isinstance(kept, dict)
    return kept


def _atm_on(machine: SimulatedMachine) -> bool:
    return _atm_terms(machine).get("enabled") == "true"


def _atm(machine: SimulatedMachine) -> Answer:
    terms = _atm_terms(machine)
    row = {
        "Enabled": _atm_on(machine),
        "MaxProfile": terms.get("max_profile", "default"),
        "MinProfile": terms.get("min_profile", ""),
        "PostRampMinutes": 15,
        "StartupMinutes": 15,
        "TempWindow": 5,
    }
    return _told(machine, 339, "ATM configuration values") | {"ATM": [row]}


def _pools(machine: SimulatedMachine) -> Answer:
    rows = [row | {"GROUP": 0} for row in pool_rows(machine)]
    return _told(machine, 7, f"{len(rows)} Pool(s)") | {"POOLS": rows}


def _groups(machine: SimulatedMachine) -> Answer:
    rows = [{"GROUP": 0, "Name": "default", "Quota": 1}]
    return _told(machine, 325, "Group list") | {"GROUPS": rows}


def _fans(machine: SimulatedMachine) -> Answer:
    rows = [
        {"FAN": f"FAN{one}", "ID": one, "RPM": int(rpm), "Speed": min(100, int(rpm / 60))}
        for one, rpm in enumerate(machine.sample().fan_rpm)
    ]
    control = {"FanMaxSpeed": 100, "FanMinSpeed": 0, "MinFans": 1, "PowerOffSpeed": 0}
    told = _told(machine, 202, f"{len(rows)} Fan(s)")
    return told | {"FANS": rows, "FANCTRL": [control]}


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
    return _told(machine, 201, f"{len(rows)} Temp(s)") | {"TEMPS": rows}


def _tempctrl(machine: SimulatedMachine) -> Answer:
    row = {"Dangerous": 80.0, "Hot": 70.0, "Mode": "Automatic", "Target": 55.0}
    return _told(machine, 200, "Temperature control") | {"TEMPCTRL": [row]}


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
    return _told(machine, 9, f"{len(rows)} ASC(s)") | {"DEVS": rows}


def _events(machine: SimulatedMachine) -> Answer:
    sample = machine.sample()
    codes = ["SLEEP"] if sample.phase is Phase.ASLEEP else []
    codes += ["BOARD_NOT_DETECTED"] * (machine.board_count - sample.boards)
    rows = [{"Code": code, "Description": code} for code in codes]
    return _told(machine, 352, "Events") | {"EVENTS": rows}


# ---- what is changed ----


def _curtail(machine: SimulatedMachine, words: _Words) -> Answer:
    action = words[0] if words else ""
    if action == "sleep":
        machine.sleep()
    elif action == "wakeup":
        machine.wake()
    else:
        return _refused(machine, 14, f"Invalid action '{action}'")
    row = {"Action": "sleep mode" if action == "sleep" else "wake up"}
    return _told(machine, 335, "Curtailment command sent") | {"CURTAIL": [row]}


def _profileset(machine: SimulatedMachine, words: _Words) -> Answer:
    name = words[0] if words else ""
    count = len(machine.levels_w)
    steps = {_name(machine, number + 1 - count): number for number in range(count)}
    if name not in steps:
        return _refused(machine, 321, f"Unknown profile '{name}'")
    machine.cap(machine.levels_w[steps[name]])
    row = {"Board": 0, "FrequencyStep": 5, "Profile": name, "VoltageStep": 0.05}
    return _told(machine, 321, "Profile Set") | {"PROFILE": [row]}


def _atmset(machine: SimulatedMachine, words: _Words) -> Answer:
    said = dict(word.partition("=")[::2] for word in words)
    machine.kept["atm"] = _atm_terms(machine) | said
    return _told(machine, 340, "Advanced Thermal Management configuration updated")


def _rebootdevice(machine: SimulatedMachine, words: _Words) -> Answer:
    machine.reboot()
    return _told(machine, 328, "Rebooting device")


def _addpool(machine: SimulatedMachine, words: _Words) -> Answer:
    if len(words) < 2:
        return _refused(machine, 52, "Missing url or user")
    pool = Pool(url=words[0], user=words[1], password=words[2] if len(words) > 2 else "")
    machine.write_config(pools=[*machine.pools, pool])
    return _told(machine, 55, f"Added pool {len(machine.pools) - 1}: '{pool.url}'")


def _removepool(machine: SimulatedMachine, words: _Words) -> Answer:
    number = words[0] if words else ""
    if not number.isdigit() or int(number) >= len(machine.pools):
        return _refused(machine, 50, f"Invalid pool id '{number}'")
    left = [pool for one, pool in enumerate(machine.pools) if one != int(number)]
    gone = machine.pools[int(number)]
    machine.write_config(pools=left)
    return _told(machine, 68, f"Removed pool {number}:'{gone.url}'")


_SHOWN: dict[str, Callable[[SimulatedMachine], Answer]] = {
    "atm": _atm,
    "config": _config,
    "devs": _devs,
    "edevs": _devs,
    "events": _events,
    "fans": _fans,
    "groups": _groups,
    "logon": _logon,
    "pools": _pools,
    "power": _power,
    "profiles": _profiles,
    "session": _show_session,
    "stats": _stats,
    "summary": _summary,
    "tempctrl": _tempctrl,
    "temps": _temps,
    "version": _version,
}
_CHANGED: dict[str, Callable[[SimulatedMachine, _Words], Answer]] = {
    "atmset": _atmset,
    "curtail": _curtail,
    "logoff": _logoff,
    "profileset": _profileset,
    "rebootdevice": _rebootdevice,
}
_POOLS: dict[str, Callable[[SimulatedMachine, _Words], Answer]] = {
    "addpool": _addpool,
    "removepool": _removepool,
}
