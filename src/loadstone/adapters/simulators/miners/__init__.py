# SPDX-License-Identifier: Apache-2.0
"""What simulated machines speak: a file or two for each family of firmware."""

from typing import Final

from loadstone.adapters.simulators.conversation import Face
from loadstone.adapters.simulators.miners import (
    antminer,
    antminer_web,
    braiins,
    braiins_rest,
    luxos,
    whatsminer_v2,
    whatsminer_v3,
)

FACES: Final[dict[str, tuple[Face, ...]]] = {
    "antminer": (
        Face(default_port=4028, open=antminer.open_commands),
        Face(default_port=80, open=antminer_web.open_pages),
    ),
    "braiins": (
        Face(default_port=4028, open=braiins.open_commands),
        Face(default_port=80, open=braiins_rest.open_pages),
    ),
    "luxos": (Face(default_port=4028, open=luxos.open_commands),),
    "whatsminer-v2": (Face(default_port=4028, open=whatsminer_v2.open_commands),),
    "whatsminer-v3": (
        Face(default_port=4433, open=whatsminer_v3.open_commands),
        Face(default_port=4028, open=whatsminer_v2.open_old_commands),
    ),
}
"""Ports of each family: the one of its commands first, then that of its pages."""
