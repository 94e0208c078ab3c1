# SPDX-License-Identifier: Apache-2.0
"""Further makes of machines through `pyasic_rs`, an extra, kept behind the same promises.

It knows many makes, and tells failure and an empty answer alike. What was seen of 0.8.6
against simulators, and what is done about it here:

- A machine that is gone reads as `is_mining` False with Braiins OS and as True with others;
  a stopped LuxOS machine reads as True. So a state needs more than that word: the operating
  state where it is told, or a hashrate above zero, or False together with a hashrate of zero.
- `pause` and the like say False for no, and for no answer: neither is a yes, nor a no.
- It has no deadline of its own that can be set, and no ports: calls are cut off, and other
  ports than the usual are refused.
- `pause` writes the whole configuration of a stock Antminer: such machines are left to the
  driver of their own. No configuration is written through it at all.

Source:
    pyasic_rs 0.8.6 (Apache-2.0), its types and its behaviour; read and tried 2026-11-21.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import Any, TypeVar

from loadstone.adapters.drivers.calls import Caller, Sample, Told
from loadstone.adapters.drivers.cgminer import mac, number
from loadstone.adapters.drivers.miners.telling import text
from loadstone.adapters.drivers.wire import cut
from loadstone.model.errors import DeviceError, InputError, OutsideError
from loadstone.model.operations.command import Capability, CapKind, Outcome
from loadstone.model.operations.machine import Address, Credential, Identity
from loadstone.model.operations.reading import Detail, Pool, Reading, Reason, State
from loadstone.model.ports import LoadDriver

PORTS = (80, 4028, 4433)
_WORKS = {
    "Mining",
    "DegradedMining",
    "Stable",
    "Tuning",
    "AdjustingClockVoltage",
    "AdjustingFrequency",
    "AdjustingVoltage",
    "Starting",
    "Initializing",
    "Restricted",
}
_RESTS = {"Paused", "Stopped", "Idling", "Suspended"}
_HOT = ("IsMining", "OperatingState", "Hashrate", "Wattage", "TuningTarget")
_OWN_DRIVER = ("antminer", "stock")

T = TypeVar("T")

# seconds and watts are estimates of our own: no machine was measured
_CAPABILITY = Capability(
    cap=CapKind.NONE, stop_s=30.0, resume_s=300.0, idle_w=50.0, cap_restarts=True
)


class AsicRs:
    """A machine that `pyasic_rs` speaks to."""

    __slots__ = (
        "_caller",
        "_capability",
        "_cold",
        "_credential",
        "_library",
        "_machine",
    )

    def __init__(
        self,
        address: Address,
        credential: Credential | None,
        *,
        deadline_s: float,
        now_s: Callable[[], float],
    ) -> None:
        """Make a driver; nothing is sent yet.

        Raises:
            InputError: The address has another port than the usual.
            OutsideError: The extra is not installed.
        """
        if address.port not in PORTS or address.web_port not in {None, 80}:
            rule = "must be a usual one, 80, 4028 or 4433: pyasic_rs knows no others"
            raise InputError("port", address.port, rule)
        try:
            self._library: Any = import_module("pyasic_rs")
        except ImportError as error:
            message = "pyasic_rs is not installed: pip install 'loadstone[asicrs]'"
            raise OutsideError(message) from error
        self._caller = Caller(address, deadline_s=deadline_s, now_s=now_s)
        self._credential = credential
        self._capability = _CAPABILITY
        fields = self._library.data.DataField
        names = [name for name in dir(fields) if name[0].isupper() and name not in _HOT]
        self._cold = [getattr(fields, name) for name in names]
        self._machine: Any = None

    @property
    def capability(self) -> Capability:
        """See `LoadDriver`. Before the machine was first reached it says no cap."""
        return self._capability

    async def identify(self) -> Identity:
        """See `LoadDriver`."""
        async with self._caller.within():
            return self._identity(await self._all())

    async def read(self) -> Reading:
        """See `LoadDriver`."""
        return await self._caller.reading(self._sample())

    async def detail(self) -> Detail:
        """See `LoadDriver`."""
        began_s = self._caller.now_s()
        async with self._caller.within():
            data = await self._all()
        self._learn(data.tuning_capabilities)
        boards = data.hashboards
        pools = _pools(data.pools)
        return Detail(
            identity=self._identity(data),
            began_s=began_s,
            boards=sum(1 for board in boards if board.active) if boards else None,
            boards_expected=data.expected_hashboards,
            fan_rpm=tuple(fan.rpm for fan in data.fans if fan.rpm is not None),
            temperatures_c=tuple(
                heat for board in boards for heat in (board.board_temperature,) if heat
            ),
            uptime_s=data.uptime.total_seconds() if data.uptime else None,
            errors=tuple(cut(f"{one.code} {one.message}".strip()) for one in data.messages),
            pools=pools or None,
        )

    async def warm(self) -> None:
        """See `LoadDriver`. Finds out what kind of machine it is."""
        with suppress(DeviceError):  # the command itself will tell
            async with self._caller.within():
                await self._found()

    async def stop(self) -> Outcome:
        """See `LoadDriver`."""
        return await self._caller.outcome(self._act("pause"))

    async def resume(self) -> Outcome:
        """See `LoadDriver`."""
        return await self._caller.outcome(self._act("resume"))

    async def cap(self, limit_w: float) -> Outcome:
        """See `LoadDriver`. Only where the firmware is said to have one."""
        return await self._caller.outcome(self._cap(float(int(limit_w))))

    async def pools(self) -> tuple[Pool, ...]:
        """See `LoadDriver`. None at all is a failure: it cannot be told from one."""
        async with self._caller.within():
            machine = await self._found()
            found = _pools(await self._safely(machine.get_pools()))
        if not found:
            raise self._caller.error(Reason.INCOMPLETE, "it tells no pools")
        return found

    async def set_pools(self, pools: Sequence[Pool]) -> Outcome:
        """See `LoadDriver`. Always refused: see the module."""
        return await self._caller.outcome(self._refuse())

    async def close(self) -> None:
        """See `LoadDriver`."""
        self._machine = None

    # asking

    async def _safely(self, call: Awaitable[T]) -> T:
        """Wait for the library; whatever it raises is a `DeviceError`."""
        try:
            return await call
        except Exception as error:  # errors of compiled code are of any kind; none may pass
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> DeviceError:
        message = f"{type(error).__name__}: {error}"
        if self._credential is not None and self._credential.password:
            message = message.replace(self._credential.password, "***")
        refused = "authenticat" in message.lower() or "unauthorized" in message.lower()
        reason = Reason.AUTH if refused else Reason.INCOMPLETE
        return self._caller.error(reason, cut(message))

    async def _found(self) -> Any:
        """Return the library's machine; it is found out once what it is."""
        if self._machine is not None:
            return self._machine
        await self._caller.knock()
        try:
            asking = self._library.MinerFactory().get_miner(self._caller.address.host)
        except ValueError:
            message = "pyasic_rs takes an address, not a name"
            raise self._caller.error(Reason.UNSUPPORTED, message) from None
        machine = await self._safely(asking)
        if machine is None:
            message = "pyasic_rs does not know what answers here"
            raise self._caller.error(Reason.UNSUPPORTED, message)
        firmware = str(machine.firmware).lower()
        if all(word in firmware for word in _OWN_DRIVER):
            message = "stock Antminers have a driver of their own: antminer"
            raise self._caller.error(Reason.UNSUPPORTED, message)
        if self._credential is not None:
            try:
                machine.set_auth(self._credential.user, self._credential.password)
            except Exception as error:
                raise self._failed(error) from None
        if machine.supports_set_power_limit:
            self._capability = replace(self._capability, cap=CapKind.PRESET)
        self._machine = machine
        return machine

    async def _all(self) -> Any:
        machine = await self._found()
        data = await self._safely(machine.get_data())
        if not _tells(data):
            await self._gone()
        return data

    async def _gone(self) -> None:
        """Raise why it told nothing: nobody is there, or it does not say."""
        await self._caller.knock()
        raise self._caller.error(Reason.INCOMPLETE, "it tells nothing")

    async def _refuse(self) -> Told:
        message = "no configuration is written through pyasic_rs"
        raise self._caller.error(Reason.UNSUPPORTED, message)

    def _identity(self, data: Any) -> Identity:
        info = data.device_info
        return Identity(
            family="asic-rs",
            mac=mac(text(data.mac)),
            serial=text(data.serial_number),
            model=f"{info.make} {info.model}".strip(),
            firmware=f"{info.firmware} {text(data.firmware_version)}".strip(),
        )

    async def _sample(self) -> Sample:
        machine = await self._found()
        data = await self._safely(machine.get_data(exclude=self._cold))
        if not _tells(data):
            await self._gone()
        rate = data.hashrate
        terahash = self._library.data.HashRateUnit.TeraHash
        hashrate_th = None if rate is None else number(rate.as_unit(terahash).value)
        state = state_of(data.operating_state, data.is_mining, hashrate_th)
        target = data.tuning_target
        return Sample(
            state,
            Reason.INCOMPLETE if state is State.UNKNOWN else Reason.NONE,
            power_w=number(data.wattage),
            hashrate_th=hashrate_th,
            limit_w=number(target.watts) if target is not None else None,
        )

    # writing

    async def _act(self, action: str) -> Told:
        machine = await self._found()
        if not getattr(machine, f"supports_{action}"):
            raise self._caller.error(Reason.UNSUPPORTED, f"has no {action}")
        if await self._safely(getattr(machine, action)()):
            return Told(action)
        return Told(f"{action}: no, or no answer", reason=Reason.UNVERIFIED)

    async def _target(self, machine: Any) -> float | None:
        target = await self._safely(machine.get_tuning_target())
        return number(target.watts) if target is not None else None

    async def _cap(self, asked_w: float) -> Told:
        machine = await self._found()
        if not machine.supports_set_power_limit:
            raise self._caller.error(Reason.UNSUPPORTED, "has no cap in watts")
        before_w = await self._target(machine)
        if before_w is not None and abs(before_w - asked_w) <= 1.0:
            return Told("already so", before_w)
        said = await self._safely(machine.set_power_limit(asked_w))
        in_force_w = await self._target(machine)
        if said and in_force_w is not None and _taken(asked_w, in_force_w, before_w):
            return Told("ok", in_force_w)
        words = "yes" if said else "no, or no answer"
        return Told(f"{words}; read back: {in_force_w} W", in_force_w, Reason.UNVERIFIED)

    def _learn(self, capabilities: Any) -> None:
        power = capabilities.power if capabilities is not None else None
        if power is None:
            return
        least, most = power.minimum, power.maximum
        self._capability = replace(
            self._capability,
            min_w=number(least.watts) if least is not None else None,
            max_w=number(most.watts) if most is not None else None,
        )


def state_of(operating: object, mining: bool | None, hashrate_th: float | None) -> State:
    """Return the state that several words agree on; unknown where one is missing.

    Args:
        operating: The operating state, whose kind is its name; None where not told.
        mining: What the library makes of it: True or False also where nothing was read.
        hashrate_th: Hashrate, TH/s; None where not told.
    """
    if operating is not None:
        word = type(operating).__name__
        if word in _WORKS:
            return State.RUNNING
        return State.STOPPED if word in _RESTS and not hashrate_th else State.UNKNOWN
    if hashrate_th is None:
        return State.UNKNOWN
    if mining:
        return State.RUNNING if hashrate_th > 0 else State.UNKNOWN
    return State.STOPPED if hashrate_th == 0 and mining is False else State.UNKNOWN


def _tells(data: Any) -> bool:
    """Return whether anything at all was read."""
    told = (data.hashrate, data.wattage, data.uptime, data.mac, data.operating_state)
    return any(value is not None for value in told)


def _taken(asked_w: float, in_force_w: float, before_w: float | None) -> bool:
    """Return whether a cap was taken: as asked, or a level below that is not the old one."""
    if abs(in_force_w - asked_w) <= 1.0:
        return True
    return in_force_w < asked_w and in_force_w != before_w


def _pools(groups: Any) -> tuple[Pool, ...]:
    rows = [row for group in groups for row in group.pools if row.url is not None]
    return tuple(Pool(url=str(row.url), user=text(row.user)) for row in rows)


_: type[LoadDriver] = AsicRs
