# SPDX-License-Identifier: Apache-2.0
"""What a sponsor gives back at the end of an American deal."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from loadstone.engines.finance.waterfall.account import CARRIES, Account
from loadstone.engines.finance.waterfall.posting import Posting, year_part
from loadstone.model.finance.deal import Clawback, Days, Hurdle
from loadstone.model.money import EXACT, whole


def given_back(
    accounts: Sequence[Account],
    overall: Account,
    hurdles: Sequence[Hurdle],
    terms: Clawback,
    years: Decimal,
) -> int:
    """Return what is given back to one investor, minor units.

    Owed is the larger of the carry beyond its highest share of all profit, and of what the
    investor lacks of its capital and first preferred return over the whole deal, but no more
    than the carry less the tax on it. Interest comes on top.

    Args:
        accounts: Of the investor, by project.
        overall: Its account as if all projects were one, with what it really had.
        hurdles: From the lowest.
        terms: Interest and tax.
        years: How long ago carry was paid, on the mean.
    """
    carry = sum(account.carry for account in accounts)
    if not carry:
        return 0
    profit = carry + sum(account.profit - account.capital for account in accounts)
    share = Decimal(repr(hurdles[-1].carry))
    beyond = carry - whole(EXACT.multiply(max(profit, 0), share))
    lacking = overall.capital + whole(overall.preferred[0])
    kept = 1 - Decimal(repr(terms.tax_share))
    owed = min(max(beyond, lacking, 0), whole(EXACT.multiply(carry, kept)))
    rate = Decimal(repr(terms.interest))
    return owed + whole(EXACT.multiply(EXACT.multiply(owed, rate), years))


def mean_years(postings: Sequence[Posting], days: Sequence[date], rule: Days) -> Decimal:
    """Return how many years before the last day carry was paid, weighed by what was paid."""
    weighed, units = Decimal(0), 0
    for posting in postings:
        if posting.tier in CARRIES:
            years = year_part(days[posting.month], days[-1], rule)
            weighed += EXACT.multiply(posting.units, years)
            units += posting.units
    return EXACT.divide(weighed, units) if units else Decimal(0)
