# SPDX-License-Identifier: Apache-2.0
"""What the table of drivers holds of each family."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from loadstone.model.operations.machine import Address, Credential
from loadstone.model.ports import LoadDriver


class Make(Protocol):
    """How a driver is made: nothing is sent yet."""

    def __call__(
        self,
        address: Address,
        credential: Credential | None,
        *,
        deadline_s: float,
        now_s: Callable[[], float],
    ) -> LoadDriver:
        """Return a driver of the machine at an address.

        Args:
            address: Where it answers.
            credential: What it asks for; None for what it has from the factory.
            deadline_s: Seconds within which each call ends.
            now_s: Seconds of the agent's clock.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverKind:
    """A family of machines that speak one protocol.

    Attributes:
        port: Port of its command socket, as shipped; of its web pages where it has no socket.
        web_port: Port of its web pages, as shipped, where the driver uses both; else None.
        marks: Words, in small letters, of which one stands in its answer to `version` on that
            port; none where it has no such command. They say whom to ask, not who it is.
        make: How its driver is made.
    """

    port: int
    web_port: int | None = None
    marks: tuple[bytes, ...] = ()
    make: Make
