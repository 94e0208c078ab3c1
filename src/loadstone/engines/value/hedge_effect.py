# SPDX-License-Identifier: Apache-2.0
"""What hedges do to the base case, and to what loans it carries."""

from collections.abc import Sequence

import numpy as np

from loadstone.engines.value.financing import Financed, financed
from loadstone.engines.value.hedging import HedgeLine
from loadstone.model.finance.cash import CashTable
from loadstone.model.finance.returns import HedgeEffect
from loadstone.model.network import Network


def hedge_effect(
    operating: CashTable, found: Financed, lines: Sequence[HedgeLine], network: Network
) -> HedgeEffect | None:
    """Return what hedges do to the base case; None where there are none.

    Args:
        operating: Operating cash without hedges.
        found: Cash with hedges and debt.
        lines: The hedges.
        network: Its debts, which are sized again without hedges.
    """
    if not lines:
        return None
    with_, without = (
        sum(float(row.amounts.sum()) for row in table.select("revenue", contracted=True))
        for table in (found.before_tax, operating)
    )
    debts = financed(operating, network).debts if network.deals.debts else ()
    return HedgeEffect(
        payoff=sum(float(line.payoff.sum()) for line in lines),
        fees=sum(float(line.fee.sum()) for line in lines),
        margin=float(np.sum([line.margin() for line in lines], axis=0).max()),
        contracted=with_ - without,
        debt=sum(debt.amount for debt in found.debts),
        debt_without=sum(debt.amount for debt in debts),
    )
