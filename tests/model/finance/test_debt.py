# SPDX-License-Identifier: Apache-2.0
"""Loans that make no sense are refused, each with its field and rule."""

from datetime import date

import pytest

from loadstone.model.errors import InputError
from loadstone.model.finance.debt import Debt

TERM = {
    "id": "term",
    "kind": "term",
    "currency": "USD",
    "rate": 0.08,
    "starts": date(2027, 1, 1),
    "draw_years": 2.0,
    "tenor_years": 10.0,
    "gearing": 0.6,
    "source": "test",
}
MACHINE = {key: value for key, value in TERM.items() if key != "gearing"} | {
    "id": "machines",
    "kind": "machine",
    "tenor_years": 2.0,
    "ltv": 0.6,
}


def test_months_are_those_of_the_years():
    debt = Debt(**TERM, grace_years=0.25)
    assert (debt.draw_months, debt.grace_months, debt.tenor_months) == (24, 3, 120)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"rate": -0.01}, "rate = -0.01: must be finite and at least 0"),
        ({"rate": 8.0}, "rate = 8.0: must be a rate a year"),
        ({"gearing": 1.2}, "gearing = 1.2: must be from 0 to 1: no debt is above its cost"),
        ({"gearing": None}, "gearing = None: must be given"),
        ({"ltv": 0.5}, "ltv = 0.5: must not be given for a term loan"),
        ({"scope": "country"}, "scope = 'country': must be \"portfolio\""),
        ({"scope": "zone:RU-2"}, "scope = 'zone:RU-2': must be"),
        ({"use": "mining"}, "use = 'mining': must be given for machine loans only"),
        ({"starts": date(2027, 1, 15)}, "must be the first day of a month"),
        ({"draw_years": 0.0}, "draw_years = 0.0: must be above 0"),
        ({"draw_years": 0.3}, "draw_years = 0.3: must be whole months"),
        ({"tenor_years": 60.0}, "tenor_years = 60.0: must be whole months of at most 50 years"),
        ({"tenor_years": 2.0}, "tenor_years = 2.0: must end after drawing and grace, 2 years"),
        ({"repayment": "sculpted"}, "dscr = None: must be given with sculpted repayment"),
        ({"dscr": 0.9}, "dscr = 0.9: must be from 1 to 100"),
        (
            {"dscr": 1.3, "lockup_dscr": 1.1, "default_dscr": 1.2},
            "default_dscr = 1.2: must not be above lockup_dscr 1.1",
        ),
        ({"sweep_share": 1.5}, "sweep_share = 1.5: must be from 0 to 1"),
        ({"reserve_months": -1}, "reserve_months = -1: must be finite and at least 0"),
        ({"id": " "}, "id = ' ': must be one line of words"),
    ],
)
def test_a_term_loan_that_makes_no_sense_is_refused(wrong, rule):
    with pytest.raises(InputError) as error:
        Debt(**TERM | wrong)
    assert rule in str(error.value)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"ltv": None}, "ltv = None: must be given"),
        ({"gearing": 0.5}, "gearing = 0.5: must not be given for a machine loan"),
        ({"ltv": 1.01}, "ltv = 1.01: must be from 0 to 1"),
        ({"repayment": "sculpted"}, "dscr = None: must be given with sculpted repayment"),
        ({"grace_years": 2.0}, "tenor_years = 2.0: must end after drawing and grace, 2 years"),
    ],
)
def test_a_machine_loan_that_makes_no_sense_is_refused(wrong, rule):
    with pytest.raises(InputError) as error:
        Debt(**MACHINE | wrong)
    assert rule in str(error.value)
