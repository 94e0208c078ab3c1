# SPDX-License-Identifier: Apache-2.0
"""Meters and switches against a Modbus server written from the specification, byte by byte.

Source: Modbus Application Protocol V1.1b3 and Modbus Messaging on TCP/IP V1.0b, modbus.org.
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest

from loadstone.adapters.meters import Metering, open_metering
from loadstone.adapters.meters.modbus_meter import ModbusMeterReader
from loadstone.model.operations.reading import Reason
from loadstone.model.operations.terms import ModbusMeter, ModbusSwitch

pytestmark = pytest.mark.anyio


@dataclass
class Peer:
    """A server of registers, coils and inputs, which can be told to misbehave."""

    registers: dict[int, int] = field(default_factory=dict)
    coils: dict[int, bool] = field(default_factory=dict)
    inputs: dict[int, bool] = field(default_factory=dict)
    silent: bool = False
    silent_unit: int = -1
    late_s: float = 0.0
    numbered: bool = True
    hang_up: bool = False
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                number, protocol, length = struct.unpack(">HHH", await reader.readexactly(6))
                unit, *request = await reader.readexactly(length)
                if self.hang_up:
                    return
                if not self.silent and unit != self.silent_unit:
                    number = number if self.numbered else 0
                    await asyncio.sleep(self.late_s)
                    answer = bytes([unit]) + self.answer(bytes(request))
                    writer.write(struct.pack(">HHH", number, protocol, len(answer)) + answer)
        except asyncio.IncompleteReadError:
            return
        finally:
            writer.close()

    def answer(self, request: bytes) -> bytes:
        function, first, count = struct.unpack(">BHH", request)
        if function in {3, 4}:
            wanted = range(first, first + count)
            if not all(one in self.registers for one in wanted):
                return bytes([function | 0x80, 2])  # illegal data address
            values = [self.registers[one] for one in wanted]
            return struct.pack(f">BB{count}H", function, 2 * count, *values)
        if function in {1, 2}:
            table = self.coils if function == 1 else self.inputs
            return bytes([function, 1, int(table.get(first, False))])
        assert function == 5
        self.coils[first] = count == 0xFF00
        return request


def words(format_: str, value: float) -> list[int]:
    raw = struct.pack(format_, value)
    return list(struct.unpack(f">{len(raw) // 2}H", raw))


def registers(first: int, values: Iterable[int]) -> dict[int, int]:
    return dict(enumerate(values, first))


@asynccontextmanager
async def opened(
    peer: Peer,
    *meters: ModbusMeter,
    switches: tuple[ModbusSwitch, ...] = (),
    deadline_s: float = 0.3,
) -> AsyncIterator[Metering]:
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clock = iter(range(100, 10_000))
    metering = open_metering(
        [placed(one, port) for one in meters],
        [placed(one, port) for one in switches],
        deadline_s=deadline_s,
        now_s=lambda: float(next(clock)),
        utc_s=lambda: 0.0,
    )
    try:
        yield metering
    finally:
        await metering.close()
        server.close()


def placed(terms, port):
    return type(terms)(
        **{name: getattr(terms, name) for name in terms.__slots__} | {"port": port}
    )


METER = ModbusMeter(id="main", host="127.0.0.1", power_register=3059, power_unit_w=1e3)


async def test_a_float_in_two_registers_is_read_in_its_unit():
    peer = Peer(registers(3059, words(">f", 12_500.0)))  # kW
    async with opened(peer, METER) as site:
        reading = await site.meters["main"].read()
    assert (reading.power_mw, reading.reason, reading.began_s) == (12.5, "", 100.0)


async def test_the_low_word_may_come_first():
    high, low = words(">i", -70_000)
    meter = ModbusMeter(
        id="main", host="127.0.0.1", power_register=0, format="int32", word_order="little"
    )
    async with opened(Peer({0: low, 1: high}), meter) as site:
        reading = await site.meters["main"].read()
    assert reading.power_mw == pytest.approx(-0.07)  # -70,000 W: the site feeds in


async def test_a_counter_is_read_beside_power_and_its_loss_does_not_lose_power():
    meter = ModbusMeter(
        id="main",
        host="127.0.0.1",
        table="input",
        power_register=10,
        energy_register=20,
        format="int64",
        energy_unit_wh=1e3,
    )
    peer = Peer(registers(10, words(">q", 5_000_000)) | registers(20, words(">q", 7_000)))
    async with opened(peer, meter) as site:
        reading = await site.meters["main"].read()
        assert (reading.power_mw, reading.energy_mwh) == (5.0, 7.0)
        del peer.registers[20]
        reading = await site.meters["main"].read()
        assert (reading.power_mw, reading.energy_mwh) == (5.0, None)


async def test_no_number_is_unknown_and_never_zero():
    async with opened(Peer(registers(3059, words(">f", float("nan")))), METER) as site:
        reading = await site.meters["main"].read()
    assert (reading.power_mw, reading.reason) == (None, Reason.GARBAGE)


async def test_a_register_that_does_not_exist_is_denied():
    async with opened(Peer(), METER) as site:
        reading = await site.meters["main"].read()
    assert (reading.power_mw, reading.reason) == (None, Reason.DENIED)


async def test_a_silent_meter_costs_its_deadline_and_is_read_again_after():
    peer = Peer(registers(3059, words(">f", 1_000.0)), silent=True)
    async with opened(peer, METER) as site:
        reading = await site.meters["main"].read()
        assert (reading.power_mw, reading.reason) == (None, Reason.TIMEOUT)
        peer.silent = False
        reading = await site.meters["main"].read()
        assert reading.power_mw == 1.0


async def test_a_silent_unit_behind_a_gateway_does_not_silence_the_others():
    peer = Peer(registers(3059, words(">f", 12_500.0)), silent_unit=9)
    dead = ModbusMeter(id="dead", host="127.0.0.1", unit=9, power_register=3059)
    async with opened(peer, METER, dead, deadline_s=3.0) as site:
        for _ in range(2):
            lost, read = await asyncio.gather(
                site.meters["dead"].read(), site.meters["main"].read()
            )
            assert (lost.reason, read.power_mw) == (Reason.TIMEOUT, 12.5)


async def test_the_answer_to_a_call_that_was_cut_off_is_never_that_of_the_next():
    peer = Peer(registers(3059, words(">f", 1.0)), late_s=0.05, numbered=False)
    async with opened(peer, METER, deadline_s=2.0) as site:
        cut_off = asyncio.ensure_future(site.meters["main"].read())
        await asyncio.sleep(0.03)
        cut_off.cancel()
        other = replace(METER, power_register=0)
        peer.registers |= registers(0, words(">f", 2_000.0))
        line = site.meters["main"]._line
        reading = await ModbusMeterReader(other, line, now_s=lambda: 0.0).read()
    assert reading.power_mw == 2.0


async def test_a_broken_connection_is_dialled_again():
    peer = Peer(registers(3059, words(">f", 1_000.0)), hang_up=True)
    async with opened(peer, METER) as site:
        reading = await site.meters["main"].read()
        assert reading.power_mw is None
        assert reading.reason in {Reason.RESET, Reason.TIMEOUT}
        peer.hang_up = False
        assert (await site.meters["main"].read()).power_mw == 1.0


async def test_nobody_there_is_refused():
    meter = ModbusMeter(id="main", host="127.0.0.1", port=1, power_register=0)
    site = open_metering([meter], [], deadline_s=0.3, now_s=lambda: 0.0, utc_s=lambda: 0.0)
    assert (await site.meters["main"].read()).reason is Reason.REFUSED
    await site.close()


FANS = ModbusSwitch(id="fans", host="127.0.0.1", coil=4)
WIRED = ModbusSwitch(id="wired", host="127.0.0.1", coil=5, state_input=9)


async def test_a_switch_is_turned_and_read_back_over_one_connection():
    peer = Peer()
    async with opened(peer, switches=(FANS, WIRED)) as site:
        assert (await site.switches["fans"].read()).on is False
        assert (await site.switches["fans"].turn(True)).on is True
        assert (await site.switches["fans"].turn(False)).on is False
        await site.switches["wired"].read()
    assert peer.connections == 1


async def test_a_contactor_that_stays_open_is_not_taken_for_closed():
    peer = Peer()
    async with opened(peer, switches=(WIRED,)) as site:
        assert (await site.switches["wired"].turn(True)).on is False
        assert peer.coils[5] is True
        peer.inputs[9] = True
        assert (await site.switches["wired"].read()).on is True


async def test_a_switch_that_does_not_answer_is_unknown():
    async with opened(Peer(silent=True), switches=(FANS,)) as site:
        reading = await site.switches["fans"].turn(True)
    assert (reading.on, reading.reason) == (None, Reason.TIMEOUT)
