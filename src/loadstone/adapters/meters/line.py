# SPDX-License-Identifier: Apache-2.0
"""One Modbus TCP connection, shared by what stands behind it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from loadstone.model.errors import DeviceError
from loadstone.model.operations.reading import Reason

Table = Literal["input", "holding", "coil", "discrete"]
_Ask = Callable[[AsyncModbusTcpClient], Awaitable[Any]]


class ModbusLine:
    """A connection that is dialled when needed and dialled again after a failure.

    Requests go one after the other, as gateways expect. Every call ends within the deadline,
    the wait for its turn included, and raises nothing but `DeviceError`. A request has half of
    it, so that one unit that is silent does not silence what waits behind it.
    """

    def __init__(self, host: str, port: int, *, deadline_s: float) -> None:
        self._name = f"{host}:{port}"
        self._deadline_s = deadline_s
        self._turn = asyncio.Lock()
        # the line dials again by itself; a request that fails is told, not repeated
        self._client = AsyncModbusTcpClient(
            host, port=port, timeout=deadline_s / 2, retries=0, reconnect_delay=0
        )

    async def registers(
        self, table: Literal["input", "holding"], first: int, count: int, unit: int
    ) -> list[int]:
        """Return registers, 16 bits each."""

        def ask(client: AsyncModbusTcpClient) -> Awaitable[Any]:
            if table == "input":
                return client.read_input_registers(first, count=count, device_id=unit)
            return client.read_holding_registers(first, count=count, device_id=unit)

        answer = await self._call(ask)
        registers: list[int] = answer.registers
        if len(registers) != count:
            raise self._error(Reason.INCOMPLETE, f"{len(registers)} of {count} registers")
        return registers

    async def bit(self, table: Literal["coil", "discrete"], address: int, unit: int) -> bool:
        """Return a coil or discrete input."""

        def ask(client: AsyncModbusTcpClient) -> Awaitable[Any]:
            if table == "coil":
                return client.read_coils(address, count=1, device_id=unit)
            return client.read_discrete_inputs(address, count=1, device_id=unit)

        answer = await self._call(ask)
        if not answer.bits:
            raise self._error(Reason.INCOMPLETE, "no bit")
        return bool(answer.bits[0])

    async def write_coil(self, address: int, unit: int, *, on: bool) -> None:
        """Write a coil."""
        await self._call(lambda client: client.write_coil(address, on, device_id=unit))

    async def close(self) -> None:
        """Hang up."""
        self._client.close()

    async def _call(self, ask: _Ask) -> Any:
        try:
            async with asyncio.timeout(self._deadline_s), self._turn:
                return await self._ask(ask)
        except TimeoutError as error:
            raise self._error(Reason.TIMEOUT) from error

    async def _ask(self, ask: _Ask) -> Any:
        if not self._client.connected and not await self._client.connect():
            raise self._error(Reason.REFUSED)
        try:
            answer = await ask(self._client)
        except (ModbusException, OSError) as error:
            self._client.close()
            text = str(error)
            reason = Reason.TIMEOUT if "No response" in text else Reason.RESET
            raise self._error(reason, text) from error
        except asyncio.CancelledError:
            self._client.close()  # an answer that comes late must not answer the next request
            raise
        if answer.isError():
            raise self._error(Reason.DENIED, f"Modbus exception {answer.exception_code}")
        return answer

    def _error(self, reason: Reason, message: str = "") -> DeviceError:
        return DeviceError(self._name, reason, message)
