# SPDX-License-Identifier: Apache-2.0
"""The meters and switches of a site, opened from their terms."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from loadstone.adapters.meters.line import ModbusLine
from loadstone.adapters.meters.modbus_meter import ModbusMeterReader
from loadstone.adapters.meters.modbus_switch import ModbusSwitchDriver
from loadstone.adapters.meters.mqtt_meter import MqttMeterReader
from loadstone.model.operations.terms import MeterTerms, ModbusSwitch, MqttMeter
from loadstone.model.ports import Meter, Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class Metering:
    """What of a site is metered and switched, by id."""

    meters: Mapping[str, Meter]
    switches: Mapping[str, Switch]

    async def close(self) -> None:
        """Let go of all connections."""
        for meter in self.meters.values():
            await meter.close()
        for switch in self.switches.values():
            await switch.close()


def open_metering(
    meters: Iterable[MeterTerms],
    switches: Iterable[ModbusSwitch],
    *,
    deadline_s: float,
    now_s: Callable[[], float],
    utc_s: Callable[[], float],
) -> Metering:
    """Return readers of meters and drivers of switches; the first read dials.

    Many gateways take one connection or two: what shares a host and port shares a connection.

    Args:
        meters: Meters.
        switches: Switches.
        deadline_s: Longest wait for one call.
        now_s: Seconds of the agent, which never go back.
        utc_s: Seconds since 1970, UTC, to judge the age of what carries a time.
    """
    lines: dict[tuple[str, int], ModbusLine] = {}

    def line(host: str, port: int) -> ModbusLine:
        place = host, port
        if place not in lines:
            lines[place] = ModbusLine(host, port, deadline_s=deadline_s)
        return lines[place]

    def reader(terms: MeterTerms) -> Meter:
        if isinstance(terms, MqttMeter):
            return MqttMeterReader(terms, deadline_s=deadline_s, now_s=now_s, utc_s=utc_s)
        return ModbusMeterReader(terms, line(terms.host, terms.port), now_s=now_s)

    return Metering(
        meters={terms.id: reader(terms) for terms in meters},
        switches={
            terms.id: ModbusSwitchDriver(terms, line(terms.host, terms.port), now_s=now_s)
            for terms in switches
        },
    )
