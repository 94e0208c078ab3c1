# SPDX-License-Identifier: Apache-2.0
"""Loans name places, currencies and times that the network knows."""

import pytest

from tests.network_folders import campus, wrong

LOAN = """
[[debts]]
id = "term"
kind = "term"
scope = "site:araguari"
currency = "USD"
rate = 0.08
starts = 2027-01-01
draw_years = 1.0
tenor_years = 1.5
gearing = 0.5
source = "test"
"""


@pytest.fixture
def folder(tmp_path):
    return campus(tmp_path)


def test_a_loan_that_fits_is_read(folder):
    (folder / "deals.toml").write_text(LOAN)
    assert wrong(folder) == []


@pytest.mark.parametrize(
    ("before", "after", "field", "rule"),
    [
        ("site:araguari", "site:nowhere", "scope", "must be a site of the network: araguari"),
        ("site:araguari", "country:ZA", "scope", "must be a country of the network: BR"),
        ('"USD"', '"CHF"', "currency", "must have a rate: fx.CHF in network.toml"),
        ("2027-01-01", "2020-01-01", "starts", "must not be before the first month of cash"),
        ("= 1.5", "= 40.0", "tenor_years", "must be repaid before the last phase ends"),
        (
            'source = "test"',
            'source = "test"\nlender_country = "IN"\n[cash]\ninterest_abroad = 1.0',
            "lender_country",
            "must not be given with cash.interest_abroad: it would be withheld twice",
        ),
    ],
)
def test_what_the_network_does_not_know_is_told(folder, before, after, field, rule):
    assert before in LOAN
    (folder / "deals.toml").write_text(LOAN.replace(before, after))
    ((file, found, told),) = wrong(folder)
    assert (file, found) == ("deals.toml", f"debts.term.{field}")
    assert told.startswith(rule)


def test_all_wrong_loans_are_told_at_once(folder):
    other = LOAN.replace('"term"\nkind', '"other"\nkind').replace("rate = 0.08", "rate = -0.08")
    (folder / "deals.toml").write_text(LOAN.replace("gearing = 0.5", "gearing = 1.5") + other)
    found = {field for _, field, _ in wrong(folder)}
    assert found == {"debts.term.gearing", "debts.other.rate"}
