# SPDX-License-Identifier: Apache-2.0
"""Where a simulated site answers, told by the process that serves it."""

from dataclasses import asdict, dataclass
from pathlib import Path

from loadstone.adapters.json_files import read_json, write_json
from loadstone.adapters.tables import checked
from loadstone.model.errors import InputErrors
from loadstone.model.operations.machine import Address
from loadstone.model.operations.terms import MeterTerms, ModbusSwitch

FLEET_FILE = "fleet.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Where the machines, meters and switches of a simulated site answer.

    Attributes:
        pid: Process that serves them.
        speed: Virtual seconds in a second.
        start_s: When virtual and real time were the same, seconds since 1970, UTC.
        machines: Addresses by the id of the machine.
        meters: Meters.
        switches: Switches.
        control_port: Port where faults are set; None for none.
    """

    pid: int
    speed: float
    start_s: float
    machines: dict[str, Address]
    meters: tuple[MeterTerms, ...]
    switches: tuple[ModbusSwitch, ...]
    control_port: int | None = None


def write_served(folder: Path, served: Served) -> Path:
    """Tell where a simulated site answers."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_json(folder / FLEET_FILE, asdict(served))


def forget_served(folder: Path) -> None:
    """Take back where a simulated site answered: nobody serves it any more."""
    (folder / FLEET_FILE).unlink(missing_ok=True)


def read_served(folder: Path) -> Served | None:
    """Return where a simulated site answers; None where nobody said."""
    path = folder / FLEET_FILE
    if not path.is_file():
        return None
    try:
        found: Served = checked(Served, read_json(path))
    except InputErrors:
        return None
    return found
