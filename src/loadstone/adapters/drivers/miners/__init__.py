# SPDX-License-Identifier: Apache-2.0
"""Mining machines: a file per firmware protocol, and the table of them."""

from typing import Final

from loadstone.adapters.drivers.kind import DriverKind

DRIVERS: Final[dict[str, DriverKind]] = {}
"""Drivers by the key of their family."""
