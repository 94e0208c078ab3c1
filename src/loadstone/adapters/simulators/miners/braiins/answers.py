# SPDX-License-Identifier: Apache-2.0
"""What the REST interface of Braiins OS shows."""

from collections.abc import Callable
from typing import Any, Final

from loadstone.adapters.simulators.machine import Phase, Sample, SimulatedMachine
from loadstone.adapters.simulators.miners.braiins.commands import VERSION
from loadstone.adapters.simulators.miners.payload import Answer

_NORMAL, _PAUSED = 2, 3
_API = {"major": 1, "minor": 7, "patch": 0}


def graphql(machine: SimulatedMachine, body: bytes) -> Answer:
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


def bounds_w(machine: SimulatedMachine) -> tuple[int, int]:
    """Return the lowest and the highest power target, W."""
    traits = machine.traits
    low = round(traits.min_share * machine.rated_w)
    return low, round(traits.max_share * machine.rated_w)


def _constraints(machine: SimulatedMachine) -> Answer:
    low, high = bounds_w(machine)
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
        "pool_groups": [pool_group(machine, shown=False)],
        "tuner": {"enabled": True, "tuner_mode": 1, "power_target": limit},
        "dps": {"enabled": False},
    }


def pool_group(machine: SimulatedMachine, *, shown: bool) -> Answer:
    """Return the one group of pools: as it works (`shown`), or as it is configured."""
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
    return [pool_group(machine, shown=True)]


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


SHOWN: Final[dict[str, Callable[[SimulatedMachine], Any]]] = {
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
"""Answers by path."""
