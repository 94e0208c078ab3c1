# SPDX-License-Identifier: Apache-2.0
"""What every country says of cash in time; a new one is tested on arrival."""

import numpy as np
import pytest

from loadstone.adapters.facts import read_facts
from loadstone.engines.finance.depreciation import written_off
from loadstone.engines.finance.losses import TaxRules
from loadstone.model.finance.country_finance import ASSET_CLASSES

FACTS = read_facts()
COMPLETE = sorted(code for code, country in FACTS.countries.items() if country.complete)


@pytest.mark.parametrize("code", COMPLETE)
def test_a_country_with_sites_writes_off_every_class(code):
    assert set(FACTS.countries[code].finance.depreciation) == set(ASSET_CLASSES)


@pytest.mark.parametrize("code", COMPLETE)
def test_a_country_with_sites_says_what_leaves_it_and_when_tax_comes_back(code):
    finance = FACTS.countries[code].finance
    assert finance.withholding_dividends is not None
    assert finance.withholding_interest is not None
    assert finance.vat_refund_months is not None


@pytest.mark.parametrize("code", sorted(FACTS.countries))
def test_no_schedule_writes_off_more_than_the_price(code):
    for rule in FACTS.countries[code].finance.depreciation.values():
        for month in (0, 6, 11):
            shares = written_off(rule, month, 60)
            assert (shares >= 0).all()
            assert shares.sum() <= 1 + 1e-9
            assert (
                np.cumsum(shares)[40:] > 0.98
            ).all()  # what is left of a pool after 40 years


@pytest.mark.parametrize("code", sorted(FACTS.countries))
def test_losses_have_rules(code):
    rules = TaxRules.of(FACTS.countries[code], 0.25)
    assert 0 < rules.loss_limit <= 1
    assert rules.loss_years >= 1
