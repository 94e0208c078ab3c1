# SPDX-License-Identifier: Apache-2.0
"""Meters and switches: Modbus TCP and MQTT."""

from loadstone.adapters.meters.metering import Metering, open_metering

__all__ = ["Metering", "open_metering"]
