# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import pytest

from loadstone.model.errors import InputError
from loadstone.model.finance.hedge import Hedge

FORWARD = Hedge(
    id="forward",
    kind="hashprice",
    traded=date(2026, 12, 1),
    starts=date(2027, 1, 1),
    ends=date(2028, 1, 1),
    price=40.0,
    ph=100.0,
    source="x",
)
BLOCK = replace(FORWARD, id="block", kind="power", ph=None, mw=10.0, zone="BR-SE")


@pytest.mark.parametrize(
    ("hedge", "changes", "field"),
    [
        (FORWARD, {"ph": -1.0}, "ph"),
        (FORWARD, {"ph": None}, "ph"),
        (FORWARD, {"price": -1.0}, "price"),
        (FORWARD, {"mw": 1.0}, "mw"),
        (FORWARD, {"zone": "BR-SE"}, "zone"),
        (FORWARD, {"currency": "EUR"}, "currency"),
        (FORWARD, {"traded": date(2027, 2, 1)}, "traded"),
        (FORWARD, {"ends": date(2027, 1, 1)}, "ends"),
        (FORWARD, {"starts": date(2027, 1, 2)}, "starts"),
        (FORWARD, {"initial_margin": 1.1}, "initial_margin"),
        (FORWARD, {"fee": -0.1}, "fee"),
        (BLOCK, {"mw": -1.0}, "mw"),
        (BLOCK, {"mw": None}, "mw"),
        (BLOCK, {"zone": ""}, "zone"),
        (BLOCK, {"currency": "real"}, "currency"),
    ],
)
def test_a_hedge_that_cannot_be_is_refused(hedge, changes, field):
    with pytest.raises(InputError) as found:
        replace(hedge, **changes)
    assert found.value.field == field


def test_a_hedge_names_the_factor_that_it_follows():
    assert FORWARD.factor == "hashprice"
    assert BLOCK.factor == "power:BR-SE"
