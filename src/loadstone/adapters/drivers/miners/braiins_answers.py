# SPDX-License-Identifier: Apache-2.0
"""What the REST interface of Braiins OS answers, and what that means."""

from collections.abc import Sequence
from typing import Any

import msgspec

from loadstone.adapters.drivers.cgminer import hottest, mac
from loadstone.adapters.drivers.miners.telling import dig, number_at, text
from loadstone.model.errors import DeviceError
from loadstone.model.operations.machine import Identity
from loadstone.model.operations.reading import Pool, Reason, State

# braiins/bos-plus-api, proto/bos/v1/miner.proto: MinerStatus
_STATES = {
    1: State.STOPPED,  # not started
    2: State.RUNNING,  # normal
    3: State.STOPPED,  # paused
    4: State.STOPPED,  # suspended
    5: State.RUNNING,  # restricted
}
_SHORT = ("last_5s", "last_15s", "last_30s", "last_1m")


class Details(msgspec.Struct):
    """Of `miner/details`, for the state."""

    status: int | None = None
    uptime: float | None = msgspec.field(name="system_uptime_s", default=None)


class _Watt(msgspec.Struct):
    watt: float | None = None


class _Power(msgspec.Struct):
    approximated_consumption: _Watt | None = None


class _Gigahash(msgspec.Struct):
    gigahash_per_second: float | None = None


class _Real(msgspec.Struct):
    last_5s: _Gigahash | None = None
    last_15s: _Gigahash | None = None


class _Work(msgspec.Struct):
    real_hashrate: _Real | None = None


class Stats(msgspec.Struct):
    """Of `miner/stats`."""

    miner_stats: _Work | None = None
    power_stats: _Power | None = None

    @property
    def power_w(self) -> float | None:
        """Draw as it reckons it, W."""
        drawn = self.power_stats and self.power_stats.approximated_consumption
        return drawn.watt if drawn else None

    @property
    def hashrate_th(self) -> float | None:
        """Hashrate of the last seconds, TH/s."""
        real = self.miner_stats and self.miner_stats.real_hashrate
        rate = real and (real.last_5s or real.last_15s)
        told = rate.gigahash_per_second if rate else None
        return None if told is None else told / 1000.0


class _Tuned(msgspec.Struct):
    current_target: _Watt | None = None


class _Mode(msgspec.Struct):
    powertargetmodestate: _Tuned | None = None


class Target(msgspec.Struct):
    """Of `performance/tuner-state`."""

    mode_state: _Mode | None = None

    @property
    def watts(self) -> float | None:
        """Power target in force, W; None where the tuner has another target, or rests."""
        tuned = self.mode_state and self.mode_state.powertargetmodestate
        target = tuned and tuned.current_target
        return target.watt if target else None


def state_of(status: int | None) -> State:
    """Return what a number of `status` means; one that is not known is unknown."""
    return _STATES.get(status or 0, State.UNKNOWN)


def identity_of(device: str, details: dict[str, Any]) -> Identity:
    """Return who it is, by `miner/details`.

    Raises:
        DeviceError: INCOMPLETE: it does not say that it is Braiins OS.
    """
    firmware = text(dig(details, "bos_version", "current"))
    if not firmware:
        raise DeviceError(device, Reason.INCOMPLETE, "it does not say that it is Braiins OS")
    named = dig(details, "miner_identity")
    return Identity(
        family="braiins",
        mac=mac(text(details.get("mac_address"))),
        serial=text(details.get("serial_number")),
        model=text(dig(named, "miner_model")) or text(dig(named, "name")),
        firmware=firmware,
    )


def working_boards(rows: list[Any]) -> int:
    """Return how many boards are on and hash."""
    return sum(1 for row in rows if dig(row, "enabled") is True and _rate(row))


def _rate(row: Any) -> float:
    real = dig(row, "stats", "real_hashrate")
    told = (number_at(real, span, "gigahash_per_second") for span in _SHORT)
    return max((rate for rate in told if rate is not None), default=0.0)


def board_heat(rows: list[Any]) -> tuple[float, ...]:
    """Return the hottest chip of each board that tells it, deg C."""
    found = (
        hottest(
            [
                number_at(row, "highest_chip_temp", "temperature", "degree_c"),
                number_at(row, "board_temp", "degree_c"),
            ]
        )
        for row in rows
    )
    return tuple(heat for heat in found if heat is not None)


def fan_speeds(cooling: Any) -> tuple[float, ...]:
    """Return the speed of each fan, per minute."""
    fans = dig(cooling, "fans")
    found = (number_at(fan, "rpm") for fan in (fans if isinstance(fans, list) else []))
    return tuple(rpm for rpm in found if rpm is not None)


def words_of_errors(said: Any) -> tuple[str, ...]:
    """Return codes and words of its errors."""
    listed = dig(said, "errors")
    found = []
    for row in listed if isinstance(listed, list) else []:
        code = text(dig(row, "error_codes", 0, "code"))
        found.append(f"{code} {text(dig(row, 'message'))}".strip())
    return tuple(words for words in found if words)


def pools_of(groups: list[Any]) -> tuple[Pool, ...]:
    """Return the pools of all groups in their order; those switched off are left out."""
    listed = [dig(group, "pools") for group in groups]
    rows = [row for told in listed if isinstance(told, list) for row in told]
    return tuple(
        Pool(url=text(dig(row, "url")), user=text(dig(row, "user")))
        for row in rows
        if text(dig(row, "url")) and dig(row, "enabled") is not False
    )


def group_as_written(group: Any, pools: Sequence[Pool]) -> dict[str, Any]:
    """Return a group as `pools/batch` takes it: its name and share kept, its pools new."""
    written = [
        {
            "enabled": True,
            "url": pool.url,
            "user": pool.user,
            "password": pool.password or None,
        }
        for pool in pools
    ]
    strategy = dig(group, "strategy")
    return {
        "name": text(dig(group, "name")) or "default",
        "pools": written,
        "load_balance_strategy": strategy if isinstance(strategy, dict) else None,
    }
