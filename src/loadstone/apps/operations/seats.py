# SPDX-License-Identifier: Apache-2.0
"""The sites that are to be run: as operate.toml has them, or simulated."""

from dataclasses import replace

from loadstone.apps.operations.agents import Seat
from loadstone.apps.operations.pace import paced
from loadstone.apps.operations.places import Place
from loadstone.apps.operations.simulated import simulated_terms
from loadstone.model.errors import OutsideError
from loadstone.model.operations.terms import SiteTerms


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
