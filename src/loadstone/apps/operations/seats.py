# SPDX-License-Identifier: Apache-2.0
"""The sites that are to be run: as operate.toml has them, or simulated; and their drivers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from loadstone.adapters.drivers.miners import DRIVERS, FURTHER
from loadstone.apps.operations.pace import paced
from loadstone.apps.operations.places import Place
from loadstone.apps.operations.simulated import simulated_terms
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.machine import Credential, Machine
from loadstone.model.operations.terms import SiteTerms
from loadstone.model.ports import LoadDriver

_KINDS = DRIVERS | FURTHER


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seat:
    """A site that is to be run.

    Attributes:
        terms: Its part of operate.toml, or what is simulated in its place.
        machines: Its machines, at the addresses where they answer.
    """

    terms: SiteTerms
    machines: tuple[Machine, ...]


def seat_of(place: Place, terms: SiteTerms) -> Seat:
    """Return a site that is to be run.

    Raises:
        OutsideError: It is to be simulated, and nobody serves its fleet.
    """
    if not place.simulated:
        return Seat(terms=terms, machines=place.machines(terms))
    served = place.served(terms.site)
    if served is None:
        raise OutsideError(f"{terms.site}: its simulated fleet is not served")
    found, machines = simulated_terms(place, terms, served)
    return Seat(
        terms=replace(found, timing=paced(found.timing, served.speed)), machines=machines
    )


def check_families(machines: Sequence[Machine]) -> None:
    """Raise `InputError` where no driver speaks to a machine."""
    for machine in machines:
        if machine.family not in _KINDS:
            rule = f"has no driver here; there are {', '.join(sorted(_KINDS))}"
            raise InputError("machines.family", machine.family, rule)


def opener(
    deadline_s: float, now_s: Callable[[], float]
) -> Callable[[Machine, Credential | None], LoadDriver]:
    """Return what makes the driver of a machine."""

    def driver(machine: Machine, credential: Credential | None) -> LoadDriver:
        kind = _KINDS[machine.family]
        return kind.make(machine.address, credential, deadline_s=deadline_s, now_s=now_s)

    return driver
