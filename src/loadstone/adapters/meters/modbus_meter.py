# SPDX-License-Identifier: Apache-2.0
"""A meter behind Modbus TCP."""

from collections.abc import Callable
from math import isfinite

from pymodbus.client import AsyncModbusTcpClient

from loadstone.adapters.meters.line import ModbusLine
from loadstone.model.errors import DeviceError
from loadstone.model.operations.meter import MeterReading
from loadstone.model.operations.reading import Reason
from loadstone.model.operations.terms import ModbusMeter
from loadstone.model.ports import Meter

_TYPES = AsyncModbusTcpClient.DATATYPE
_FORMATS = {
    "float32": (_TYPES.FLOAT32, 2),
    "int16": (_TYPES.INT16, 1),
    "int32": (_TYPES.INT32, 2),
    "uint32": (_TYPES.UINT32, 2),
    "int64": (_TYPES.INT64, 4),
}


class ModbusMeterReader:
    """Reads one meter; power and energy counter are two requests, power first."""

    def __init__(
        self, terms: ModbusMeter, line: ModbusLine, *, now_s: Callable[[], float]
    ) -> None:
        self._terms, self._line, self._now_s = terms, line, now_s

    async def read(self) -> MeterReading:
        """Return power and energy; a meter that fails gives no power and the reason."""
        terms, began_s = self._terms, self._now_s()
        try:
            power = await self._number(terms.power_register)
        except DeviceError as error:
            return MeterReading(meter=terms.id, began_s=began_s, reason=Reason(error.reason))
        return MeterReading(
            meter=terms.id,
            began_s=began_s,
            power_mw=power * terms.power_unit_w / 1e6,
            energy_mwh=await self._energy_mwh(),
        )

    async def _energy_mwh(self) -> float | None:
        """Return the counter; None where there is none, or it fails while power is read."""
        terms = self._terms
        if terms.energy_register is None:
            return None
        try:
            return await self._number(terms.energy_register) * terms.energy_unit_wh / 1e6
        except DeviceError:
            return None

    async def close(self) -> None:
        """Hang up."""
        await self._line.close()

    async def _number(self, first: int) -> float:
        kind, count = _FORMATS[self._terms.format]
        registers = await self._line.registers(
            self._terms.table, first, count, self._terms.unit
        )
        value = AsyncModbusTcpClient.convert_from_registers(
            registers, kind, word_order=self._terms.word_order
        )
        if not isinstance(value, int | float) or not isfinite(value):
            raise DeviceError(self._terms.id, Reason.GARBAGE, f"register {first} holds {value}")
        return float(value)


_: type[Meter] = ModbusMeterReader
