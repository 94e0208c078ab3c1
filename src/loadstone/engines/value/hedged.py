# SPDX-License-Identifier: Apache-2.0
"""Cash of a plan with its hedges: their rows, and what they make contracted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.value.hedging import MINING, HedgeLine
from loadstone.model.finance.cash import CashRow, CashTable

Floats = NDArray[np.float64]


def hedged(table: CashTable, lines: Sequence[HedgeLine]) -> CashTable:
    """Return cash with the rows of hedges, and with hedged mining marked as contracted.

    Hashprice that is sold ahead turns as much of mining's revenue into contracted cash as its
    volume covers in the base case, and with it the same share of what mining pays for power
    and levies, so that a lender counts what is left. What is sold beyond the plan's own
    mining is no contract that a lender could count.

    Args:
        table: Operating cash.
        lines: Of the same months.
    """
    if not lines:
        return table
    mined = _by_site(table)
    total = sum(mined.values(), np.zeros(table.months))
    sold = -sum(
        (line.floating for line in lines if line.hedge.kind == "hashprice"),
        np.zeros(table.months),
    )
    share = _ratio(sold, total)
    rows = [part for row in table.rows for part in _marked(row, share)]
    cover = _ratio(total, sold)
    for line in lines:
        if line.hedge.kind == "hashprice":
            rows += _mining_rows(line, mined, total, cover, table)
        else:
            power = f"{line.hedge.id}:power"
            rows += _row(power, line.payoff, line.hedge.currency, country=line.country)
        rows += _row(f"{line.hedge.id}:fee", -line.fee, line.hedge.currency)
        bound = np.diff(line.margin(), prepend=0.0)
        rows += _row(f"{line.hedge.id}:margin", -bound, line.hedge.currency)
    return replace(table, rows=tuple(rows))


def _by_site(table: CashTable) -> dict[tuple[str, str], Floats]:
    """Return mining revenue by site and country."""
    found: dict[tuple[str, str], Floats] = {}
    for row in table.select("revenue"):
        if row.line == MINING:
            key = (row.site, row.country)
            found[key] = found.get(key, np.zeros(table.months)) + row.amounts
    return found


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Return one over the other, from 0 to 1; 0 where there is nothing."""
    found = np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
    return np.clip(found, 0.0, 1.0)


def _marked(row: CashRow, share: Floats) -> Iterator[CashRow]:
    """Yield a row, in two parts where hedges make one of them contracted."""
    is_mining = row.line == MINING or row.line.endswith(f":{MINING}")
    if not is_mining or row.group not in {"revenue", "energy", "levies"} or row.contracted:
        yield row
        return
    for part, contracted in ((share, True), (1.0 - share, False)):
        amounts = row.amounts * part
        if amounts.any():
            yield replace(row, amounts=amounts, contracted=contracted)


def _mining_rows(
    line: HedgeLine,
    mined: Mapping[tuple[str, str], Floats],
    total: Floats,
    cover: Floats,
    table: CashTable,
) -> Iterator[CashRow]:
    """Yield what a hashprice forward brings, at the sites that mine."""
    name, currency = f"{line.hedge.id}:{MINING}", line.hedge.currency
    spread = np.zeros(table.months)
    for (site, country), revenue in mined.items():
        part = _ratio(revenue, total)
        spread += part
        amounts = line.payoff * part
        yield from _row(name, amounts * cover, currency, site, country, contracted=True)
        yield from _row(name, amounts * (1 - cover), currency, site, country)
    yield from _row(name, line.payoff * (spread == 0.0), currency)


def _row(
    line: str,
    amounts: Floats,
    currency: str,
    site: str = "",
    country: str = "",
    *,
    contracted: bool = False,
) -> Iterator[CashRow]:
    if amounts.any():
        yield CashRow(
            group="hedge",
            line=line,
            amounts=amounts,
            site=site,
            country=country,
            currency=currency,
            contracted=contracted,
        )
