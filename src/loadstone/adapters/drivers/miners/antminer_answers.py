# SPDX-License-Identifier: Apache-2.0
"""What stock Antminer firmware answers, and what that means."""

from typing import Any

import msgspec

from loadstone.adapters.drivers.calls import Sample
from loadstone.adapters.drivers.cgminer import Number, Status, hottest, mac, number, terahash
from loadstone.model.operations.machine import Identity
from loadstone.model.operations.reading import Detail, Pool, Reason, State

NORMAL, SLEEP = 0, 1
RUNS = frozenset({NORMAL, 2, 3})  # 2 and 3 draw more or less, by model
POOL_SLOTS = 3
MODE_KEYS = ("miner-mode", "bitmain-work-mode")
# what the page sends back as it was read, by the names it is read with; nothing is made up
_KEPT = {
    "bitmain-fan-ctrl": "bitmain-fan-ctrl",
    "bitmain-fan-pwm": "bitmain-fan-pwm",
    "bitmain-hashrate-percent": "bitmain-hashrate-percent",
    "bitmain-freq-level": "freq-level",
    "freq-level": "freq-level",
}
_UNITS = {"GH": 1e-3, "TH": 1.0, "PH": 1e3, "MH": 1e-6}  # to TH


class Chain(msgspec.Struct, frozen=True):
    """A board in the newer form of `stats`."""

    rate: Number = msgspec.field(name="rate_real", default=None)
    chips: list[Number] | Number = msgspec.field(name="temp_chip", default_factory=list)
    boards: list[Number] | Number = msgspec.field(name="temp_pcb", default_factory=list)


class Stats(msgspec.Struct, frozen=True):
    """A row of `stats`, in the newer form or the older."""

    mode: Number = msgspec.field(name="miner-mode", default=None)
    rate: Number = msgspec.field(name="rate_5s", default=None)
    unit: str = msgspec.field(name="rate_unit", default="GH/s")
    ghs: Number = msgspec.field(name="GHS 5s", default=None)
    watt: Number = msgspec.field(name="watt", default=None)
    power: Number = msgspec.field(name="power", default=None)
    chain_power: Number = msgspec.field(name="chain_power", default=None)
    elapsed: Number = None
    elapsed_old: Number = msgspec.field(name="Elapsed", default=None)
    chain: list[Chain] | Number = msgspec.field(default_factory=list)
    fan: list[Number] | Number = msgspec.field(default_factory=list)
    chips_1: Number = msgspec.field(name="temp_chip1", default=None)
    chips_2: Number = msgspec.field(name="temp_chip2", default=None)
    chips_3: Number = msgspec.field(name="temp_chip3", default=None)
    fan_1: Number = msgspec.field(name="fan1", default=None)
    fan_2: Number = msgspec.field(name="fan2", default=None)
    fan_3: Number = msgspec.field(name="fan3", default=None)
    fan_4: Number = msgspec.field(name="fan4", default=None)
    rate_1: Number = msgspec.field(name="chain_rate1", default=None)
    rate_2: Number = msgspec.field(name="chain_rate2", default=None)
    rate_3: Number = msgspec.field(name="chain_rate3", default=None)

    @property
    def hashrate_th(self) -> float | None:
        """Hashrate of the last seconds, TH/s; None where it is not told, or not a number."""
        if self.rate is None:
            return terahash(self.ghs)
        rate, factor = number(self.rate), _UNITS.get(self.unit[:2].upper())
        return None if rate is None or rate < 0 or factor is None else rate * factor

    @property
    def power_w(self) -> float | None:
        """Draw, W, where the firmware tells it."""
        for told in (self.watt, self.power, self.chain_power):
            text = told.strip().rstrip("wW").strip() if isinstance(told, str) else told
            found = number(text)
            if found is not None and found >= 0:
                return found
        return None

    @property
    def chains(self) -> list[Chain]:
        """Boards in the newer form; none in the older, which has a number there."""
        return self.chain if isinstance(self.chain, list) else []

    @property
    def chip_c(self) -> tuple[float, ...]:
        """Hottest chip of each board, deg C."""
        if self.chains:
            found = [
                hottest(_listed(c.chips)) or hottest(_listed(c.boards)) for c in self.chains
            ]
        else:
            found = [hottest(_listed(t)) for t in (self.chips_1, self.chips_2, self.chips_3)]
        return tuple(t for t in found if t is not None)


def _listed(told: list[Number] | Number) -> list[Number]:
    """Return temperatures of a list, or of a text such as "71-82-74-80"."""
    if isinstance(told, list):
        return told
    return list(told.split("-")) if isinstance(told, str) else [told]


class StatsAnswer(msgspec.Struct, frozen=True):
    """The answer to `stats`. The newer form has one status, the older a list of one."""

    stats: list[Stats] = msgspec.field(name="STATS", default_factory=list)
    status: list[Status] | Status = msgspec.field(name="STATUS", default_factory=list)

    @property
    def statuses(self) -> list[Status]:
        """The status as a list."""
        return self.status if isinstance(self.status, list) else [self.status]

    @property
    def row(self) -> Stats | None:
        """The row that tells a hashrate; the older form has a header row before it."""
        return next((s for s in self.stats if s.rate is not None or s.ghs is not None), None)


class SystemInfo(msgspec.Struct, frozen=True):
    """Of `get_system_info.cgi`."""

    type: str = msgspec.field(name="minertype", default="")
    mac: str = msgspec.field(name="macaddr", default="")
    serial: str = msgspec.field(name="serinum", default="")
    serial_no: str = ""
    firmware: str = msgspec.field(name="system_filesystem_version", default="")


class Finding(msgspec.Struct, frozen=True):
    """A line of health in `summary.cgi`; status "s" is well."""

    status: str = "s"
    type: str = ""
    message: str = msgspec.field(name="msg", default="")


class SummaryRow(msgspec.Struct, frozen=True):
    """Of `summary.cgi`."""

    findings: list[Finding] = msgspec.field(name="status", default_factory=list)


class SummaryPage(msgspec.Struct, frozen=True):
    """`summary.cgi`."""

    summary: list[SummaryRow] = msgspec.field(name="SUMMARY", default_factory=list)


class Written(msgspec.Struct, frozen=True):
    """The answer to `set_miner_conf.cgi`."""

    stats: str = ""
    code: str = ""
    message: str = msgspec.field(name="msg", default="")


Config = dict[str, Any]
"""`get_miner_conf.cgi`, whole, for what is not understood must survive a write as well."""


def mode_of(config: Config) -> int | None:
    """Return the work mode: 0 normal, 1 sleep, 2 and 3 more or less power; None for none."""
    for key in MODE_KEYS:
        value = config.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            continue
        found = number(value)
        if found is not None:
            return int(found)
    return None


def pools_of(config: Config) -> tuple[Pool, ...] | None:
    """Return the pools of a configuration without empty slots; None when they are not whole.

    Nothing is guessed: what is written back must be what was there. Slots that are not used
    are told empty, so that a list without any slot is not the whole of it.
    """
    rows = config.get("pools")
    if not isinstance(rows, list) or not rows:
        return None
    found = []
    for row in rows:
        match row:
            case {"url": ""}:
                continue
            case {"url": str(url), "user": str(user), "pass": str(password)}:
                found.append(Pool(url=url, user=user, password=password))
            case _:
                return None
    return tuple(found)


def written(config: Config, mode: int | None, pools: tuple[Pool, ...]) -> Config:
    """Return what the machine's own page would send to write a mode and pools.

    Firmware without modes is told none. The mode is told under both its names: firmware of
    2022 reads one and writes the other.
    Slots that are not used are sent empty, because those not sent keep what they have.
    """
    slots = [{"url": p.url, "user": p.user, "pass": p.password} for p in pools]
    slots += [{"url": "", "user": "", "pass": ""}] * (POOL_SLOTS - len(slots))
    kept = {name: config[key] for key, name in _KEPT.items() if key in config}
    modes = {} if mode is None else dict.fromkeys(MODE_KEYS, mode)
    return {**kept, **modes, "pools": slots}


def sample(row: Stats, mode: int | None) -> Sample:
    """Return what a machine's own words come to.

    The mode is what it was told, and the hashrate what it does. It is stopped when it was told
    to sleep and does not hash; it has been seen to hash for a minute after it was told.

    Args:
        row: Its `stats`.
        mode: Its work mode, from `stats` or its configuration; None where neither tells.
    """
    hashrate_th = row.hashrate_th
    if hashrate_th:
        state = State.RUNNING
    elif hashrate_th is None or (mode != SLEEP and mode not in RUNS):
        state = State.UNKNOWN
    else:
        state = State.STOPPED if mode == SLEEP else State.RUNNING
    return Sample(
        state,
        Reason.INCOMPLETE if state is State.UNKNOWN else Reason.NONE,
        power_w=row.power_w,
        hashrate_th=hashrate_th,
        temperature_c=max(row.chip_c, default=None),
    )


def identity(info: SystemInfo) -> Identity:
    """Return who it is."""
    return Identity(
        family="antminer",
        mac=mac(info.mac),
        serial=info.serial or info.serial_no,
        model=info.type,
        firmware=info.firmware,
    )


def detail(
    info: SystemInfo,
    row: Stats | None,
    page: SummaryPage,
    config: Config,
    began_s: float,
) -> Detail:
    """Return everything else worth knowing; `row` is None while the miner does not run."""
    row = row or Stats()
    rates = [c.rate for c in row.chains] or [row.rate_1, row.rate_2, row.rate_3]
    told = [rate for rate in map(number, rates) if rate is not None]
    old_fans = [row.fan_1, row.fan_2, row.fan_3, row.fan_4]
    fans = row.fan if isinstance(row.fan, list) else old_fans
    elapsed_s = number(row.elapsed)
    findings = [f for rows in page.summary for f in rows.findings if f.status != "s"]
    return Detail(
        identity=identity(info),
        began_s=began_s,
        boards=sum(1 for rate in told if rate > 0) if told else None,
        boards_expected=len(told) or None,
        fan_rpm=tuple(rpm for rpm in map(number, fans or old_fans) if rpm is not None),
        temperatures_c=row.chip_c,
        uptime_s=number(row.elapsed_old) if elapsed_s is None else elapsed_s,
        errors=tuple(f.message or f.type for f in findings),
        pools=pools_of(config),
    )
