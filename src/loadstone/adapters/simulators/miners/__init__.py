# SPDX-License-Identifier: Apache-2.0
"""What simulated machines speak: a folder for each maker of firmware."""

from typing import Final

from loadstone.adapters.simulators.conversation import Face
from loadstone.adapters.simulators.miners.antminer import commands as antminer
from loadstone.adapters.simulators.miners.antminer import pages as antminer_pages
from loadstone.adapters.simulators.miners.braiins import commands as braiins
from loadstone.adapters.simulators.miners.braiins import pages as braiins_pages
from loadstone.adapters.simulators.miners.luxos import commands as luxos
from loadstone.adapters.simulators.miners.whatsminer import v2, v3

FACES: Final[dict[str, tuple[Face, ...]]] = {
    "antminer": (
        Face(default_port=4028, open=antminer.open_commands),
        Face(default_port=80, open=antminer_pages.open_pages),
    ),
    "braiins": (
        Face(default_port=4028, open=braiins.open_commands),
        Face(default_port=80, open=braiins_pages.open_pages),
    ),
    "luxos": (Face(default_port=4028, open=luxos.open_commands),),
    "whatsminer-v2": (Face(default_port=4028, open=v2.open_commands),),
    "whatsminer-v3": (
        Face(default_port=4433, open=v3.open_commands),
        Face(default_port=4028, open=v2.open_old_commands),
    ),
}
"""Ports of each family: the one of its commands first, then that of its pages."""
