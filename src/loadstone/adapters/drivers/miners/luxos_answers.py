# SPDX-License-Identifier: Apache-2.0
"""What LuxOS answers, and what that means."""

import msgspec

from loadstone.adapters.drivers.calls import Sample
from loadstone.adapters.drivers.cgminer import Number, Status, hottest, mac, number, terahash
from loadstone.model.operations.machine import Identity
from loadstone.model.operations.reading import Detail, Pool, Reason, State


class Summary(msgspec.Struct, frozen=True):
    """Of `summary`."""

    ghs: Number = msgspec.field(name="GHS 5s", default=None)
    elapsed: Number = msgspec.field(name="Elapsed", default=None)


class Power(msgspec.Struct, frozen=True):
    """Of `power`."""

    watts: Number = msgspec.field(name="Watts", default=None)


class Config(msgspec.Struct, frozen=True):
    """Of `config`."""

    curtail: str = msgspec.field(name="CurtailMode", default="")
    psu_on: bool | None = msgspec.field(name="IsPowerSupplyOn", default=None)
    profile: str = msgspec.field(name="Profile", default="")
    mac: str = msgspec.field(name="MACAddr", default="")
    serial: str = msgspec.field(name="SerialNumber", default="")
    model: str = msgspec.field(name="Model", default="")


class Version(msgspec.Struct, frozen=True):
    """Of `version`."""

    firmware: str = msgspec.field(name="LUXminer", default="")
    type: str = msgspec.field(name="Type", default="")


class Profile(msgspec.Struct, frozen=True):
    """Of `profiles`: a level of power, frequency and hashrate."""

    name: str = msgspec.field(name="Profile Name", default="")
    watts: Number = msgspec.field(name="Watts", default=None)


class Atm(msgspec.Struct, frozen=True):
    """Of `atm`: thermal management, which moves between profiles by itself."""

    enabled: bool = msgspec.field(name="Enabled", default=False)
    highest: str = msgspec.field(name="MaxProfile", default="")


class PoolRow(msgspec.Struct, frozen=True):
    """Of `pools`. It does not tell passwords."""

    id: int = msgspec.field(name="POOL", default=-1)
    url: str = msgspec.field(name="URL", default="")
    user: str = msgspec.field(name="User", default="")


class Board(msgspec.Struct, frozen=True):
    """Of `devs`."""

    status: str = msgspec.field(name="Status", default="")
    mhs: Number = msgspec.field(name="MHS 5s", default=None)


class Fan(msgspec.Struct, frozen=True):
    """Of `fans`."""

    rpm: Number = msgspec.field(name="RPM", default=None)


class Event(msgspec.Struct, frozen=True):
    """Of `events`: what it complains of now."""

    code: str | int = msgspec.field(name="Code", default="")
    words: str = msgspec.field(name="Description", default="")


class Session(msgspec.Struct, frozen=True):
    """Of `session` and `logon`."""

    id: str = msgspec.field(name="SessionID", default="")


class Answer(msgspec.Struct, frozen=True):
    """The answer to one command, whichever it was; sections that are not there are empty."""

    status: list[Status] = msgspec.field(name="STATUS", default_factory=list)
    summary: list[Summary] = msgspec.field(name="SUMMARY", default_factory=list)
    power: list[Power] = msgspec.field(name="POWER", default_factory=list)
    config: list[Config] = msgspec.field(name="CONFIG", default_factory=list)
    version: list[Version] = msgspec.field(name="VERSION", default_factory=list)
    profiles: list[Profile] = msgspec.field(name="PROFILES", default_factory=list)
    atm: list[Atm] = msgspec.field(name="ATM", default_factory=list)
    pools: list[PoolRow] = msgspec.field(name="POOLS", default_factory=list)
    boards: list[Board] = msgspec.field(name="DEVS", default_factory=list)
    fans: list[Fan] = msgspec.field(name="FANS", default_factory=list)
    temperatures: list[dict[str, Number]] = msgspec.field(name="TEMPS", default_factory=list)
    events: list[Event] = msgspec.field(name="EVENTS", default_factory=list)
    session: list[Session] = msgspec.field(name="SESSION", default_factory=list)

    def joined(self, other: "Answer") -> "Answer":
        """Return this answer with what another adds."""
        parts = {
            name: getattr(self, name) or getattr(other, name) for name in self.__struct_fields__
        }
        return Answer(**parts)


class Joined(msgspec.Struct, frozen=True):
    """The answer to several commands joined by "+", each in a section of its own."""

    status: list[Status] = msgspec.field(name="STATUS", default_factory=list)
    version: list[Answer] = []
    config: list[Answer] = []
    summary: list[Answer] = []
    devs: list[Answer] = []
    fans: list[Answer] = []
    temps: list[Answer] = []
    pools: list[Answer] = []
    profiles: list[Answer] = []
    atm: list[Answer] = []
    events: list[Answer] = []

    def whole(self) -> Answer | None:
        """Return all sections as one answer; None where there is none."""
        found = [getattr(self, name) for name in self.__struct_fields__ if name != "status"]
        whole = None
        for section in found:
            if section:
                whole = section[0].joined(whole) if whole else section[0]
        return whole


class HotPart(msgspec.Struct, frozen=True):
    """One section of the hot answer. A type of few fields is decoded twice as fast."""

    summary: list[Summary] = msgspec.field(name="SUMMARY", default_factory=list)
    power: list[Power] = msgspec.field(name="POWER", default_factory=list)
    config: list[Config] = msgspec.field(name="CONFIG", default_factory=list)


class Hot(msgspec.Struct, frozen=True):
    """The answer to `summary+power+config`."""

    status: list[Status] = msgspec.field(name="STATUS", default_factory=list)
    summary: list[HotPart] = []
    power: list[HotPart] = []
    config: list[HotPart] = []


def sample(
    summary: Summary, power: Power | None, config: Config, watts: dict[str, float]
) -> Sample:
    """Return what a machine's own words come to.

    A machine is stopped when it says that it is curtailed and does not hash: with its power
    supply off, or at no hashrate. One that is curtailed and hashes is running, and one that
    does not hash but is not curtailed is running too: it starts, or waits for a pool.

    Args:
        summary: Its `summary`.
        power: Its `power`; None where that was refused.
        config: Its `config`.
        watts: Power of its profiles, W, as far as known.
    """
    hashrate_th = terahash(summary.ghs)
    state = _state(config, hashrate_th)
    return Sample(
        state,
        Reason.INCOMPLETE if state is State.UNKNOWN else Reason.NONE,
        power_w=number(power.watts) if power else None,
        hashrate_th=hashrate_th,
        limit_w=watts.get(config.profile),
    )


def _state(config: Config, hashrate_th: float | None) -> State:
    mode = config.curtail.lower()
    if mode == "none":
        return State.RUNNING
    if hashrate_th and config.psu_on is not False:
        return State.RUNNING
    if mode not in {"sleep", "idle"} or (hashrate_th is None and config.psu_on is not False):
        return State.UNKNOWN
    return State.STOPPED


def identity(answer: Answer) -> Identity:
    """Return who it is, from `version` and `config`."""
    config = answer.config[0] if answer.config else Config()
    version = answer.version[0] if answer.version else Version()
    return Identity(
        family="luxos",
        mac=mac(config.mac),
        serial=config.serial,
        model=config.model or version.type,
        firmware=version.firmware,
    )


def detail(answer: Answer, began_s: float) -> Detail:
    """Return everything else worth knowing, from all that `detail` asks for."""
    summary = answer.summary[0] if answer.summary else Summary()
    warmest = [
        hottest(row[k] for k in row if k not in {"ID", "TEMP"}) for row in answer.temperatures
    ]
    return Detail(
        identity=identity(answer),
        began_s=began_s,
        boards=sum(1 for board in answer.boards if number(board.mhs))
        if answer.boards
        else None,
        boards_expected=len(answer.boards) or None,
        fan_rpm=tuple(
            rpm for rpm in (number(fan.rpm) for fan in answer.fans) if rpm is not None
        ),
        temperatures_c=tuple(t for t in warmest if t is not None),
        uptime_s=number(summary.elapsed),
        errors=tuple(event.words or str(event.code) for event in answer.events),
        pools=pools_of(answer) if answer.pools else None,
    )


def pools_of(answer: Answer) -> tuple[Pool, ...]:
    """Return its pools in their order."""
    return tuple(Pool(url=row.url, user=row.user) for row in answer.pools if row.url)


def levels(answer: Answer) -> dict[str, float]:
    """Return the power of each profile that tells it, W."""
    found = {row.name: number(row.watts) for row in answer.profiles if row.name}
    return {name: watts for name, watts in found.items() if watts is not None and watts > 0}
