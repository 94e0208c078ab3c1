# SPDX-License-Identifier: Apache-2.0
"""Fans, outlets and run-back relays behind Modbus TCP."""

from collections.abc import Callable

from loadstone.adapters.meters.line import ModbusLine
from loadstone.model.errors import DeviceError
from loadstone.model.operations.meter import SwitchReading
from loadstone.model.operations.reading import Reason
from loadstone.model.operations.terms import ModbusSwitch
from loadstone.model.ports import Switch


class ModbusSwitchDriver:
    """Turns one coil and reads back what says that it is on.

    That the coil is set says that the command was kept; only a discrete input that is wired to
    the contactor says that it closed. Terms without one read the coil.
    """

    def __init__(
        self, terms: ModbusSwitch, line: ModbusLine, *, now_s: Callable[[], float]
    ) -> None:
        self._terms, self._line, self._now_s = terms, line, now_s

    async def read(self) -> SwitchReading:
        """Return whether it is on; None and the reason where that cannot be read."""
        terms, began_s = self._terms, self._now_s()
        try:
            if terms.state_input is None:
                on = await self._line.bit("coil", terms.coil, terms.unit)
            else:
                on = await self._line.bit("discrete", terms.state_input, terms.unit)
        except DeviceError as error:
            return SwitchReading(switch=terms.id, began_s=began_s, reason=Reason(error.reason))
        return SwitchReading(switch=terms.id, began_s=began_s, on=on)

    async def turn(self, on: bool) -> SwitchReading:
        """Turn it on or off and return what it then says."""
        terms, began_s = self._terms, self._now_s()
        try:
            await self._line.write_coil(terms.coil, terms.unit, on=on)
        except DeviceError as error:
            return SwitchReading(switch=terms.id, began_s=began_s, reason=Reason(error.reason))
        return await self.read()

    async def close(self) -> None:
        """Hang up."""
        await self._line.close()


_: type[Switch] = ModbusSwitchDriver
