# SPDX-License-Identifier: Apache-2.0
"""Mining machines: a file per firmware protocol, and the table of them."""

from typing import Final

from loadstone.adapters.drivers.kind import DriverKind
from loadstone.adapters.drivers.miners.antminer import Antminer
from loadstone.adapters.drivers.miners.asic_rs import AsicRs
from loadstone.adapters.drivers.miners.braiins import Braiins
from loadstone.adapters.drivers.miners.luxos import LuxOs
from loadstone.adapters.drivers.miners.whatsminer.v2 import WhatsminerV2
from loadstone.adapters.drivers.miners.whatsminer.v3 import WhatsminerV3

DRIVERS: Final[dict[str, DriverKind]] = {
    "luxos": DriverKind(port=4028, marks=(b"luxminer",), make=LuxOs),
    "whatsminer-v3": DriverKind(port=4433, make=WhatsminerV3),
    "whatsminer-v2": DriverKind(
        port=4028, marks=(b"btminer", b"bitmicro", b"whatsminer"), make=WhatsminerV2
    ),
    "braiins": DriverKind(port=80, make=Braiins),
    "antminer": DriverKind(
        port=4028, web_port=80, marks=(b"antminer", b"bmminer"), make=Antminer
    ),
}
"""Drivers by the key of their family. Others also call themselves Antminer, so it is last."""

FURTHER: Final[dict[str, DriverKind]] = {"asic-rs": DriverKind(port=80, make=AsicRs)}
"""Drivers that need an extra, and are used only where a machine is said to be of the family.

They have no simulator of their own, and ranges of addresses are not searched with them."""
