# SPDX-License-Identifier: Apache-2.0
"""operate.toml: how the sites of a network are run."""

from loadstone.model.operations.terms.meters import (
    REGISTERS,
    MeterTerms,
    ModbusMeter,
    ModbusSwitch,
    MqttMeter,
    RegisterFormat,
)
from loadstone.model.operations.terms.signals import (
    FileSignal,
    MqttSignal,
    OpenAdrSignal,
    SignalTerms,
    Silence,
    SilencePolicy,
    Strike,
)
from loadstone.model.operations.terms.site import (
    Group,
    MachineRow,
    Operation,
    Ramp,
    SafeState,
    SiteTerms,
    Timing,
    Window,
)

__all__ = [
    "REGISTERS",
    "FileSignal",
    "Group",
    "MachineRow",
    "MeterTerms",
    "ModbusMeter",
    "ModbusSwitch",
    "MqttMeter",
    "MqttSignal",
    "OpenAdrSignal",
    "Operation",
    "Ramp",
    "RegisterFormat",
    "SafeState",
    "SignalTerms",
    "Silence",
    "SilencePolicy",
    "SiteTerms",
    "Strike",
    "Timing",
    "Window",
]
