# SPDX-License-Identifier: Apache-2.0
"""What hedges do, in sentences."""

from collections.abc import Iterator

from loadstone.apps.charts.words import money, number
from loadstone.model.valuation import Valuation


def hedge_words(valuation: Valuation) -> Iterator[str]:
    """Yield what hedges bring and bind, and what they do to debt and to risk."""
    currency, effect = valuation.currency, valuation.hedging
    if effect is None:
        return
    yield (
        f"Hedges bring {money(effect.payoff, currency)} in the base case, less "
        f"{money(effect.fees, currency)} of fees, and bind at most "
        f"{money(effect.margin, currency)} of margin."
    )
    if effect.contracted:
        sentence = f"They make {money(effect.contracted, currency)} of mining contracted"
        more = effect.debt - effect.debt_without
        if abs(more) >= 1:
            word = "more" if more > 0 else "less"
            sentence += f", and loans {money(abs(more), currency)} {word}"
        yield sentence + "."
    risk = valuation.risk.hedging if valuation.risk else None
    if risk is not None:
        yield (
            f"In the same {number(risk.futures)} futures the value of equity spreads by "
            f"{money(risk.sd, currency)} with them and {money(risk.sd_without, currency)} "
            f"without (one standard deviation), and the worst twentieth is worth "
            f"{money(risk.worst, currency)} with them and "
            f"{money(risk.worst_without, currency)} without."
        )
