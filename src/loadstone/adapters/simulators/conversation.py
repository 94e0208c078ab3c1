# SPDX-License-Identifier: Apache-2.0
"""What a face of a simulated machine is: bytes in, bytes out. Sockets are the listener's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from loadstone.adapters.simulators.machine import SimulatedMachine


class Conversation(Protocol):
    """One connection with a machine, from its accepting to its closing."""

    @property
    def closes(self) -> bool:
        """Whether the connection is closed once what was last returned is sent."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Take what arrived and return what to send back now; b"" while more is needed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One port of a family of firmware.

    Attributes:
        default_port: Port where real machines answer.
        open: Begins a conversation with a machine.
    """

    default_port: int
    open: Callable[[SimulatedMachine], Conversation]
