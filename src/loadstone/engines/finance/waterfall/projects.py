# SPDX-License-Identifier: Apache-2.0
"""Cash of a plan by site and deal: each row ends at a site, each site in one deal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.model.finance.cash import OPERATING, CashRow, CashTable

Floats = NDArray[np.float64]

# rows that follow what was spent on building; the others follow operating cash
_BUILDING = ("capex", "duty", "refresh", "vat", "draw", "fees")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SiteCash:
    """What owners of one site pay and receive.

    Attributes:
        site: Its id.
        country: ISO 3166-1 code.
        amounts: Reporting currency: received above 0, paid below. Shape (M,).
    """

    site: str
    country: str
    amounts: Floats


def site_cash(table: CashTable) -> tuple[SiteCash, ...]:
    """Return the cash of owners by site; the sites together have all of it.

    Rows of a country are shared among its sites, rows of the whole among all sites: loans and
    purchases by what was spent on building there, all else by operating cash over the whole
    time, or evenly where there is none.

    Args:
        table: All cash.
    """
    country = {row.site: row.country for row in table.rows if row.site}
    sites = sorted(country)
    if not sites:
        return ()
    found = {site: table.total(site=site) for site in sites}
    built = {site: float(np.abs(table.total("capex", site=site)).sum()) for site in sites}
    earned = {site: max(float(table.total(*OPERATING, site=site).sum()), 0.0) for site in sites}
    for row in table.select(site=""):
        here = [site for site in sites if row.country in {"", country[site]}] or sites
        for site, share in _shares(row, here, built, earned).items():
            found[site] = found[site] + share * row.amounts
    return tuple(
        SiteCash(site=site, country=country[site], amounts=found[site]) for site in sites
    )


def _shares(
    row: CashRow, sites: Sequence[str], built: Mapping[str, float], earned: Mapping[str, float]
) -> dict[str, float]:
    first, second = (built, earned) if row.group in _BUILDING else (earned, built)
    for weights in (first, second):
        total = sum(weights[site] for site in sites)
        if total > 0:
            return {site: weights[site] / total for site in sites}
    return {site: 1 / len(sites) for site in sites}


def called_and_paid(amounts: Floats, every_months: int) -> tuple[Floats, Floats]:
    """Return what a site's owners are called for and what is paid out. Shapes (M,).

    Args:
        amounts: What it gives above 0 and needs below. Shape (M,).
        every_months: Months between distributions, for which cash waits.
    """
    called, paid, waits = np.zeros(len(amounts)), np.zeros(len(amounts)), 0.0
    for m, amount in enumerate(amounts.tolist()):
        waits += amount
        if waits < 0:
            called[m], waits = -waits, 0.0
        if (m + 1) % every_months == 0 or m + 1 == len(amounts):
            paid[m], waits = waits, 0.0
    return called, paid
