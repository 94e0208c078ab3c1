# SPDX-License-Identifier: Apache-2.0
"""Meters and switches of a site, as operate.toml has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from loadstone.model.operations.terms.rules import (
    MOST_REGISTERS,
    filled,
    hosts,
    not_zero,
    ports,
    refuse,
    topics,
    within,
)

RegisterFormat = Literal["float32", "int32", "uint32", "int64", "int16"]
REGISTERS: Mapping[RegisterFormat, int] = MappingProxyType(
    {"float32": 2, "int32": 2, "uint32": 2, "int64": 4, "int16": 1}
)
MOST_UNIT = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusMeter:
    """A meter read over Modbus TCP.

    Attributes:
        kind: "modbus".
        id: Name, unique within the site.
        main: Whether it is the meter of the site's connection.
        host: Name or address.
        port: Port.
        unit: Unit number.
        power_register: First input or holding register of active power.
        energy_register: First register of the energy counter; None for none.
        table: Which table the registers are in.
        format: How a number is written in the registers.
        word_order: Whether its first register holds the high half ("big") or the low one.
        power_unit_w: W of one unit of the power register, below 0 where export counts up.
        energy_unit_wh: Wh of one unit of the energy register.
    """

    kind: Literal["modbus"] = "modbus"
    id: str
    main: bool = True
    host: str
    port: int = 502
    unit: int = 1
    power_register: int
    energy_register: int | None = None
    table: Literal["input", "holding"] = "holding"
    format: RegisterFormat = "float32"
    word_order: Literal["big", "little"] = "big"
    power_unit_w: float = 1.0
    energy_unit_wh: float = 1.0

    def __post_init__(self) -> None:
        last = MOST_REGISTERS - REGISTERS[self.format]
        refuse(
            filled(self, "id"),
            hosts(self, "host"),
            ports(self, "port"),
            within(self, 0, MOST_UNIT, "unit"),
            within(self, 0, last, "power_register", "energy_register"),
            not_zero(self, "power_unit_w", "energy_unit_wh"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttMeter:
    """A meter that publishes its readings over MQTT as JSON objects.

    Attributes:
        kind: "mqtt".
        id: Name, unique within the site.
        main: Whether it is the meter of the site's connection.
        host: Broker.
        port: Its port.
        topic: Topic of the readings.
        power_field: Name of active power in the object.
        energy_field: Name of the energy counter; "" for none.
        time_field: Name of the time of measurement, seconds since 1970 or ISO 8601; "" none.
        power_unit_w: W of one unit.
        energy_unit_wh: Wh of one unit.
    """

    kind: Literal["mqtt"] = "mqtt"
    id: str
    main: bool = True
    host: str
    port: int = 1883
    topic: str
    power_field: str = "power_w"
    energy_field: str = ""
    time_field: str = ""
    power_unit_w: float = 1.0
    energy_unit_wh: float = 1.0

    def __post_init__(self) -> None:
        refuse(
            filled(self, "id", "power_field"),
            hosts(self, "host"),
            ports(self, "port"),
            topics(self, "topic"),
            not_zero(self, "power_unit_w", "energy_unit_wh"),
        )


MeterTerms = ModbusMeter | MqttMeter


@dataclass(frozen=True, slots=True, kw_only=True)
class ModbusSwitch:
    """Something turned on and off over Modbus TCP: fans, an outlet, a run-back relay.

    Attributes:
        id: Name, unique within the site.
        role: "fans" of a group, an "outlet" of a power strip, or the arming of a "run-back".
        host: Name or address.
        port: Port.
        unit: Unit number.
        coil: Coil that turns it on.
        state_input: Discrete input that says whether it is on; None to read the coil back.
    """

    id: str
    role: Literal["fans", "outlet", "run-back"] = "fans"
    host: str
    port: int = 502
    unit: int = 1
    coil: int
    state_input: int | None = None

    def __post_init__(self) -> None:
        refuse(
            filled(self, "id"),
            hosts(self, "host"),
            ports(self, "port"),
            within(self, 0, MOST_UNIT, "unit"),
            within(self, 0, MOST_REGISTERS - 1, "coil", "state_input"),
        )
