# SPDX-License-Identifier: Apache-2.0
"""Meters and switches of a simulated site behind Modbus TCP gateways.

A register is worked out when it is asked for; nothing is pushed. A device that refuses or hangs
is one that its gateway does not reach: exception 11, or no answer at all while it lasts.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from loadstone.adapters.simulators.faults import FaultKind
from loadstone.adapters.simulators.site import SimulatedSite
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.terms import ModbusMeter, ModbusSwitch

_ENCODE = AsyncModbusTcpClient.convert_to_registers
_TYPES = AsyncModbusTcpClient.DATATYPE
_FORMATS = {  # type, registers, lowest and highest number
    "float32": (_TYPES.FLOAT32, 2, -inf, inf),
    "int16": (_TYPES.INT16, 1, -(2**15), 2**15 - 1),
    "int32": (_TYPES.INT32, 2, -(2**31), 2**31 - 1),
    "uint32": (_TYPES.UINT32, 2, 0, 2**32 - 1),
    "int64": (_TYPES.INT64, 4, -(2**63), 2**63 - 1),
}
_COILS, _INPUTS = frozenset({1, 5, 15}), frozenset({2})
_TABLES = {3: "holding", 4: "input"}  # by function
_BITS = 16  # of a register
_LOOK_S = 0.2  # between two looks at whether a device still hangs


@dataclass(frozen=True, slots=True)
class _Span:
    """Some registers of one value, and whose they are."""

    device: str
    table: str
    first: int
    count: int
    read: Callable[[], list[int]]


@dataclass(slots=True)
class _Bit:
    """A coil or an input, and the switch that it is of."""

    switch: str
    writes: bool


@dataclass(slots=True)
class _Unit:
    """One unit of a gateway."""

    site: SimulatedSite
    spans: list[_Span] = field(default_factory=list)
    coils: dict[int, _Bit] = field(default_factory=dict)
    inputs: dict[int, _Bit] = field(default_factory=dict)
    last: dict[tuple[str, int], list[int]] = field(default_factory=dict)

    async def act(self, function: int, start: int, address: int, *rest: Any) -> ExcCodes | None:
        """Answer one request: fill the registers that it reads, or turn what it writes.

        Args:
            function: Code of the request.
            start: Address of the first register there is.
            address: First address that is asked for.
            rest: How many are asked for, all registers there are, and what is to be written.
        """
        count, registers, written = rest
        if function in _COILS or function in _INPUTS:
            bits = self.coils if function in _COILS else self.inputs
            return await self._bits(bits, start, address, registers, written)
        if written is not None:
            return ExcCodes.ILLEGAL_FUNCTION
        asked = [
            span
            for span in self.spans
            if span.table == _TABLES.get(function)
            and span.first < address + count
            and address < span.first + span.count
        ]
        for span in asked:
            trouble = await self._trouble(span.device)
            if trouble:
                return trouble
            at = span.first - start
            registers[at : at + span.count] = self._values(span)
        return None if asked else ExcCodes.ILLEGAL_ADDRESS

    def _values(self, span: _Span) -> list[int]:
        key = span.device, span.first
        if not (self.site.has(span.device, FaultKind.STALE) and key in self.last):
            self.last[key] = span.read()
        return self.last[key]

    async def _bits(
        self,
        bits: dict[int, _Bit],
        start: int,
        address: int,
        registers: list[int],
        written: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        asked = range(address, address + (len(written) if written else 1))
        for number in asked:
            if number not in bits:
                return ExcCodes.ILLEGAL_ADDRESS
            trouble = await self._trouble(bits[number].switch)
            if trouble:
                return trouble
        for place, number in enumerate(asked):
            if written is not None:
                self.site.turn(bits[number].switch, bool(written[place]))
        for number, bit in bits.items():
            word, mask = number // _BITS - start, 1 << number % _BITS
            on = self.site.is_on(bit.switch)
            registers[word] = registers[word] | mask if on else registers[word] & ~mask
        return None

    async def _trouble(self, device: str) -> ExcCodes | None:
        """Wait as long as a device is slow or hangs; return what its gateway says instead."""
        slow = self.site.has(device, FaultKind.SLOW)
        if slow:
            await asyncio.sleep(slow.size)
        while self.site.has(device, FaultKind.HANG):
            await asyncio.sleep(_LOOK_S)
        refuses = self.site.has(device, FaultKind.REFUSE)
        return ExcCodes.GATEWAY_NO_RESPONSE if refuses else None

    def device(self, number: int) -> SimDevice:
        """Return it as the server knows it, by its unit number."""
        blocks = (
            _bits(self.coils),
            _bits(self.inputs),
            self._registers("holding"),
            self._registers("input"),
        )
        return SimDevice(id=number, simdata=blocks, action=self.act)

    def _registers(self, table: str) -> list[SimData]:
        spans = (span for span in self.spans if span.table == table)
        known = {span.first + one for span in spans for one in range(span.count)}
        kind = DataType.REGISTERS
        return [SimData(one, values=0, datatype=kind) for one in sorted(known or {0})]


@asynccontextmanager
async def serving_modbus(
    site: SimulatedSite,
    meters: Iterable[ModbusMeter] = (),
    switches: Iterable[ModbusSwitch] = (),
) -> AsyncIterator[None]:
    """Serve meters and switches at their hosts and ports while a block runs.

    Args:
        site: What they show and turn; switches are known to it by their ids.
        meters: Meters. All show the whole site.
        switches: Switches.

    Raises:
        InputError: Two things share registers or bits of one unit.
        OutsideError: A port is taken.
    """
    gateways = _gateways(site, tuple(meters), tuple(switches))
    async with AsyncExitStack() as stack:
        for (host, port), devices in gateways.items():
            server = ModbusTcpServer(devices, address=(host, port))
            try:
                await server.serve_forever(background=True)
            except RuntimeError as error:
                raise OutsideError(f"cannot listen on {host}:{port}") from error
            stack.push_async_callback(server.shutdown)
        yield


def _gateways(
    site: SimulatedSite, meters: Sequence[ModbusMeter], switches: Sequence[ModbusSwitch]
) -> dict[tuple[str, int], list[SimDevice]]:
    units: dict[tuple[str, int, int], _Unit] = {}
    for meter in meters:
        place = meter.host, meter.port, meter.unit
        unit = units.setdefault(place, _Unit(site))
        for span in _spans(site, meter):
            _check_free(unit, span)
            unit.spans.append(span)
    for switch in switches:
        place = switch.host, switch.port, switch.unit
        unit = units.setdefault(place, _Unit(site))
        _put_bit(unit.coils, "coil", switch.coil, _Bit(switch.id, writes=True))
        if switch.state_input is not None:
            bit = _Bit(switch.id, writes=False)
            _put_bit(unit.inputs, "state_input", switch.state_input, bit)
    gateways: dict[tuple[str, int], list[SimDevice]] = {}
    for (host, port, number), unit in units.items():
        gateways.setdefault((host, port), []).append(unit.device(number))
    return gateways


def _spans(site: SimulatedSite, meter: ModbusMeter) -> list[_Span]:
    kind, count, low, high = _FORMATS[meter.format]

    def encoded(value: float) -> list[int]:
        if site.has(meter.id, FaultKind.GARBAGE):
            value = nan if high == inf else low
        whole = value if high == inf else int(min(max(round(value), low), high))
        return _ENCODE(whole, kind, word_order=meter.word_order)

    def power() -> list[int]:
        return encoded(1e6 * site.power_mw() / meter.power_unit_w)

    def energy() -> list[int]:
        return encoded(1e6 * site.energy_mwh() / meter.energy_unit_wh)

    spans = [_Span(meter.id, meter.table, meter.power_register, count, power)]
    if meter.energy_register is not None:
        spans.append(_Span(meter.id, meter.table, meter.energy_register, count, energy))
    return spans


def _check_free(unit: _Unit, span: _Span) -> None:
    taken = range(span.first, span.first + span.count)
    for other in unit.spans:
        theirs = range(other.first, other.first + other.count)
        shares = other.first in taken or span.first in theirs
        if other.table == span.table and shares:
            rule = f"must be apart from registers {other.first} of {other.device}"
            raise InputError("power_register, energy_register", span.first, rule)


def _put_bit(bits: dict[int, _Bit], name: str, number: int, bit: _Bit) -> None:
    if number in bits:
        raise InputError(name, number, f"is that of {bits[number].switch} already")
    bits[number] = bit


def _bits(known: Iterable[int]) -> list[SimData]:
    numbers = sorted(known) or [0]  # a table may not be empty
    return [SimData(one, values=False, datatype=DataType.BITS) for one in numbers]
