# SPDX-License-Identifier: Apache-2.0
"""What each party of each deal has in each future, by the rules of its deal, year by year."""

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.waterfall import sharing
from loadstone.engines.value.futures.book import Book
from loadstone.engines.value.futures.opening import Case

Floats = NDArray[np.float64]


def party_values(
    book: Book, case: Case, units: Floats, base: Floats, owners: Floats | None = None
) -> dict[str, Floats]:
    """Return what each party's money is worth in each future, network currency.

    Cash of owners by site is that of the base case, moved by what the project brings more in
    its unit; exchange rates of the base case hold between parties.

    Args:
        book: The plan.
        case: Its base case.
        units: Cash of the project by unit and year in each future. Shape (N, U, Y).
        base: The same in the base case. Shape (U, Y).
        owners: Cash of all owners by year, hedges included; None where nothing but the
            project changes. Shape (N, Y).

    Returns:
        By party, summed over deals. Shapes (N,).
    """
    first = np.searchsorted(book.year, np.arange(book.years))
    worth = book.discount[first]
    places = [(unit.site, unit.country) for unit in book.units]
    ready = sharing(case.table, case.network, places, base)
    found: dict[str, Floats] = {}
    for (_, party), amounts in ready.of(units, owners).items():
        found[party] = found.get(party, np.zeros(len(units))) + amounts @ worth
    return found
