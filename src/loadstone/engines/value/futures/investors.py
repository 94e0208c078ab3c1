# SPDX-License-Identifier: Apache-2.0
"""What each party of each deal has in each future, by the rules of its deal, year by year."""

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.local_money import nominal_rates
from loadstone.engines.finance.waterfall import distribute, sharing
from loadstone.engines.value.futures.book import Book
from loadstone.engines.value.futures.opening import Case
from loadstone.model.money import exponent

Floats = NDArray[np.float64]


def party_values(
    book: Book, case: Case, units: Floats, base: Floats, owners: Floats | None = None
) -> dict[str, Floats]:
    """Return what each party's money is worth in each future, network currency.

    Cash of owners by site is that of the base case, moved by what the project brings more in
    its unit; exchange rates of the base case hold between parties. Money of a year is
    discounted as if it came evenly over its months, and the difference that this makes in the
    base case, where each month is known, is taken off everywhere.

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
    months = np.bincount(book.year, minlength=book.years)
    worth = np.bincount(book.year, weights=book.discount, minlength=book.years) / months
    places = [(unit.site, unit.country) for unit in book.units]
    ready = sharing(case.table, case.network, places, base)
    planned = ready.of(base[None])
    exact = _exactly(book, case)
    found: dict[str, Floats] = {}
    for key, amounts in ready.of(units, owners).items():
        off = exact[key] - float(planned[key][0] @ worth)
        before = found.get(key[1], np.zeros(len(units)))
        found[key[1]] = before + amounts @ worth + off
    return found


def _exactly(book: Book, case: Case) -> dict[tuple[str, str], float]:
    """Return what each party's money is worth in the base case, month by month."""
    rates, found = nominal_rates(case.network, case.table.months), {}
    for deal in distribute(case.table, case.network):
        worth = book.discount / rates[deal.currency] / 10 ** exponent(deal.currency)
        for party in deal.parties:
            net = np.subtract(party.counted_received, party.counted_called)
            found[deal.id, party.party] = float(net @ worth)
    return found
