# SPDX-License-Identifier: Apache-2.0
"""Cash of a country in its own money."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from loadstone.engines.finance.local_money import in_local_money
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashRow, CashTable
from loadstone.model.finance.deals import Deals
from loadstone.model.finance.terms import CashTerms, Inflation
from loadstone.model.network import Stated
from tests.engines.plan.lower import tiny_network as tiny

MONTHS = 25


def row(line, unit="", country="AA"):
    return CashRow(
        group="memo" if unit else "revenue",
        line=line,
        amounts=np.full(MONTHS, 10.0),
        country=country,
        unit=unit,
    )


TABLE = CashTable(
    first=date(2027, 1, 1),
    months=MONTHS,
    currency="USD",
    rows=(
        row("mining"),
        row("depreciation:x", "USD"),
        row("mining", "BTC"),
        row("b", "", "BB"),
    ),
)


def network(rate=5.0, **inflation):
    stated = {
        code: Inflation(value=value, source="a test", date=tiny.DAY)
        for code, value in inflation.items()
    }
    facts = tiny.facts(countries={"AA": tiny.country(currency="BRL")})
    fx = {} if rate is None else {"BRL": Stated(value=rate, source="a test", date=tiny.DAY)}
    found = tiny.network(given=facts, fx=fx)
    return replace(found, deals=Deals(cash=CashTerms(inflation=stated)))


def test_money_is_changed_at_the_rate_and_units_stay():
    local = in_local_money(TABLE, network(), "AA")
    assert local.currency == "BRL"
    assert [one.amounts[0] for one in local.rows] == [50.0, 50.0, 10.0]
    assert [one.unit for one in local.rows] == ["", "BRL", "BTC"]


def test_the_rate_moves_with_the_difference_of_inflations():
    local = in_local_money(TABLE, network(BRL=0.21, USD=0.10), "AA")
    assert local.rows[0].amounts[24] == pytest.approx(50 * 1.1**2)


def test_a_currency_without_a_rate_is_told():
    with pytest.raises(InputError, match="must have a rate"):
        in_local_money(TABLE, network(rate=None), "AA")
