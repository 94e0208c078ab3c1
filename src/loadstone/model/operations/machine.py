# SPDX-License-Identifier: Apache-2.0
"""Machines that stand at a site, and how to reach them."""

from dataclasses import dataclass

from loadstone.model.errors import InputError


def check_port(field: str, port: int) -> None:
    """Raise `InputError` unless `port` is one that can be dialled."""
    if not 0 < port < 65_536:
        raise InputError(field, port, "must be a port, 1 to 65535")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a machine answers.

    Attributes:
        host: Name or IP address.
        port: Port of its command socket; for firmware that speaks only HTTP, its web port.
        web_port: Port of its web pages, where the firmware has both.
    """

    host: str
    port: int
    web_port: int | None = None

    def __post_init__(self) -> None:
        if not self.host:
            raise InputError("host", self.host, "must not be empty")
        check_port("port", self.port)
        if self.web_port is not None:
            check_port("web_port", self.web_port)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What a machine says that it is.

    Attributes:
        family: Key of the driver that speaks to it, e.g. "luxos".
        mac: Hardware address in small letters with colons; "" where it does not say.
        serial: Serial number of the control board; "" where it does not say.
        model: What it calls its model, e.g. "Antminer S21".
        firmware: Version of its firmware.
    """

    family: str
    mac: str = ""
    serial: str = ""
    model: str = ""
    firmware: str = ""

    @property
    def key(self) -> str:
        """What stays when the address changes: the MAC, else the serial; "" with neither."""
        return self.mac or self.serial


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine that can be steered: its name, its place and its address.

    Attributes:
        id: Name that stays for life: its MAC or serial where known, else a name given by hand.
        site: Site where it stands.
        group: Group of machines that share cooling, a transformer or a rule.
        family: Key of its driver.
        address: Where it answers now.
        identity: What it said when it was last identified; None before.
        rated_w: Power at the wall at full load, W.
        hashrate_th: Hashrate at full load, TH/s.
    """

    id: str
    site: str
    group: str
    family: str
    address: Address
    identity: Identity | None = None
    rated_w: float
    hashrate_th: float

    def __post_init__(self) -> None:
        for name in ("rated_w", "hashrate_th"):
            value = getattr(self, name)
            if not value > 0:
                raise InputError(name, value, "must be above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a machine asks before it obeys. It never appears in a log, a table or a repr.

    Attributes:
        user: User name; "" where the firmware has none.
        password: Password.
    """

    user: str
    password: str

    def __repr__(self) -> str:
        return f"Credential(user={self.user!r}, password=***)"
