# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with cash, loans, hedges and deals: file, field, value and rule."""

from pathlib import Path

import pytest

from loadstone.adapters.files import copy_starter
from tests.apps.cli.commands import answer
from tests.network_folders import edit

DEALS, STUDY, OFFERS, SITE = "deals.toml", "network.toml", "offers.toml", "sites/araguari.toml"
TAX = "facts/countries/BR.toml"
HEDGE = """[[hedges]]
id = "forward"
kind = "hashprice"
traded = 2026-12-01
starts = 2027-06-01
ends = 2028-01-01
price = 40.0
ph = 100.0
source = "invented"

"""
FIRST_LOAN = '[[debts]]\nid = "lease-loan"'
OF_LOAN = 'currency = "USD"\nrate = 0.085'
OF_DEAL = 'scope = "site:araguari"\nstyle'
INVESTOR = '[[investors]]\nid = "fund"\nname = "Fund"\ncountry = "US"\ncapital = 1e9\n\n[fx]'


def hedge(before, after):
    return FIRST_LOAN, HEDGE.replace(before, after) + FIRST_LOAN


# words, what stands in their place, field, part of the rule
WRONG = {
    "debt above its cost": (
        "gearing = 0.6", "gearing = 1.2",
        "debts.lease-loan.gearing", "from 0 to 1: no debt is above its cost",
    ),
    "negative debt": (
        "gearing = 0.6", "gearing = -0.6", "debts.lease-loan.gearing", "at least 0",
    ),
    "a loan without a limit on what is lent": (
        "gearing = 0.6", "geering = 0.6", "debts.lease-loan.geering", "is not a known field",
    ),
    "a rate that is not a number": (
        "rate = 0.085", "rate = nan", "debts.lease-loan.rate", "must be a finite number",
    ),
    "a rate in words": (
        "rate = 0.085", 'rate = "8.5 %"', "debts.lease-loan.rate", "must be a number",
    ),
    "a loan in a currency without a rate": (
        OF_LOAN, OF_LOAN.replace("USD", "CHF"),
        "debts.lease-loan.currency", "must have a rate: fx.CHF in network.toml",
    ),
    "a loan on a site that is not there": (
        'scope = "site:araguari"\nlender', 'scope = "site:atlantis"\nlender',
        "debts.lease-loan.scope", "must be a site of the network: araguari",
    ),
    "a lender of no country": (
        'lender = "Bank A"', 'lender_country = "Luxembourg"',
        "debts.lease-loan.lender_country", "ISO 3166-1 code of two letters",
    ),
    "a loan before there is cash": (
        "starts = 2027-01-01", "starts = 2020-01-01",
        "debts.lease-loan.starts", "not be before the first month of cash, 2026-12-01",
    ),
    "a loan that outlives the plan": (
        "tenor_years = 9.0", "tenor_years = 40.0",
        "debts.lease-loan.tenor_years", "repaid before the last phase ends, 2036-01-01",
    ),
    "a loan repaid before it is drawn": (
        "tenor_years = 9.0", "tenor_years = 2.5",
        "debts.lease-loan.tenor_years", "must end after drawing and grace, 2.5 years",
    ),
    "a loan from the middle of a month": (
        "starts = 2027-01-01", "starts = 2027-01-15",
        "debts.lease-loan.starts", "first day of a month",
    ),
    "covenants in the wrong order": (
        "default_dscr = 1.05", "default_dscr = 1.2",
        "debts.lease-loan.default_dscr", "must not be above lockup_dscr 1.15",
    ),
    "a covenant above what the loan is sized by": (
        "lockup_dscr = 1.15\ndefault_dscr = 1.05", "default_dscr = 1.5",
        "debts.lease-loan.default_dscr", "must not be above dscr 1.35",
    ),
    "a reserve of a thousand years": (
        "reserve_months = 6", "reserve_months = 12_000",
        "debts.lease-loan.reserve_months", "must be at most 600",
    ),
    "a hedge twice": (
        FIRST_LOAN, HEDGE + HEDGE + FIRST_LOAN, "hedges[1].id", "must be given once",
    ),
    "tranches that do not sum": (
        "commitment = 280_000_000.0", "commitment = 280_000_000.01",
        "deals.campus.commitment", "must be what the tranches sum to, 1400000000.01",
    ),
    "a sponsor that takes more than there is": (
        "carry = 0.20", "carry = 1.2", "deals.campus.hurdles[0].carry", "below 1",
    ),
    "a catch-up of twice what there is": (
        "catch_up = 1.0", "catch_up = 2.0",
        "deals.campus.hurdles[0].catch_up", "above the carry, 0.2, and at most 1",
    ),
    "hurdles that fall": (
        "[[deals.hurdles]]", "[[deals.hurdles]]\nrate = 0.1\ncarry = 0.1\n\n[[deals.hurdles]]",
        "deals.campus.hurdles[1].rate", "must be above that of the hurdle before",
    ),
    "a clawback of a deal that never pays early": (
        "[[deals.hurdles]]", "[deals.clawback]\ninterest = 0.0\n\n[[deals.hurdles]]",
        "deals.campus.clawback", "must be of an American deal",
    ),
    "a deal for a country without sites": (
        OF_DEAL, 'scope = "country:ZA"\nstyle',
        "deals.campus.scope", "is not known; there are BR",
    ),
    "a deal for a zone": (
        OF_DEAL, 'scope = "zone:BR-SE"\nstyle',
        "deals.campus.scope", 'must be "portfolio", "country:" and a code',
    ),
    "a deal in a currency without a rate": (
        'style = "european"', 'style = "european"\ncurrency = "CHF"',
        "deals.campus.currency", "must have a rate: fx.CHF",
    ),
    "an investor of nowhere": (
        'country = "LU"\n', "", "deals.campus.tranches[0].investor", "say their country",
    ),
    "an investor twice": (
        'investor = "owner"', 'investor = "fund"',
        "deals.campus.tranches[1].investor", "must be given once",
    ),
    "months of a hedge after the plan": (
        *hedge("ends = 2028", "ends = 2099"),
        "hedges.forward.ends", "must not be after the last phase ends, 2036-01-01",
    ),
    "months of a hedge before the plan": (
        *hedge("traded = 2026-12-01\nstarts = 2027", "traded = 2020-01-01\nstarts = 2020"),
        "hedges.forward.starts", "must not be before the first month of cash, 2026-12-01",
    ),
    "a hedge that ends before it starts": (
        *hedge("ends = 2028", "ends = 2027"), "hedges.forward.ends", "must come after",
    ),
    "a hedge of power in an unknown zone": (
        *hedge('"hashprice"', '"power"\nzone = "BR-XX"\nmw = 5.0'),
        "hedges.forward.ph", 'with kind = "hashprice" only',
    ),
    "inflation that eats the discount rate": (
        "USD = { value = 0.02", "USD = { value = -0.4",
        "cash.inflation.USD.value", "no nominal discount rate below 0 beside 0.1",
    ),
    "inflation of an unknown currency": (
        "BRL = { value", "CHF = { value", "cash.inflation", "is not known; there are BRL, USD",
    ),
    "growth of a lease that is not offered": (
        '"lease:tenant-a" = 0.02', '"lease:tenant-b" = 0.02',
        "cash.escalation", "is no offer; there are tenant-a",
    ),
    "cash from another century": (
        "[cash]\n", "[cash]\nstart = 1900-01-01\n",
        "cash.start", "at most 10 years before the first phase",
    ),
    "cash that starts too late": (
        "[cash]\n", "[cash]\nstart = 2027-02-01\n",
        "cash.start", "must not be after the first phase begins, 2027-01-01",
    ),
    "a table of deals that is not known": (
        "[[deals]]", "[[swaps]]\nmw = 1.0\n\n[[deals]]", "swaps", "is not a known field",
    ),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    copy_starter("campus", tmp_path / "campus")
    return tmp_path / "campus"


def told(folder):
    """Return file, field and rule of all errors of a network folder."""
    errors = answer("check", folder, code=2)["errors"]
    assert all(error.keys() == {"file", "field", "value", "rule"} for error in errors)
    return [(Path(error["file"]).name, error["field"], error["rule"]) for error in errors]


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_each_is_told_by_file_field_and_rule(case, folder):
    before, after, field, rule = case
    edit(folder / DEALS, before, after)
    found = told(folder)
    assert {file for file, _, _ in found} == {DEALS}
    assert [f for _, f, r in found if f == field and rule in r] == [field], found


def test_an_investor_has_the_country_that_the_network_says(folder):
    edit(folder / STUDY, "[fx]", INVESTOR)
    (error,) = told(folder)
    assert error[1:] == (
        "deals.campus.tranches[0].country",
        "must be US, as network.toml says, or left out",
    )


@pytest.mark.parametrize(
    ("table", "field", "rule"),
    [
        ('kind = "table"\nshares = [0.6, 0.6]', "shares", "must add up to at most 1"),
        ('kind = "table"\nyears = 5.0\nshares = [1.0]', "years", 'not be given with "table"'),
        ('kind = "declining"\nrate = 1.5', "rate", "must be above 0 and at most 1"),
        ('kind = "straight-line"\nyears = -5.0', "years", "must be above 0"),
    ],
)
def test_a_tax_schedule_takes_no_more_than_was_paid(folder, table, field, rule):
    (folder / TAX).parent.mkdir(parents=True)
    said = 'source = "own-choice"\ndate = 2026-01-01\nconfidence = "low"\n'
    (folder / TAX).write_text(f"[finance.depreciation.machines]\n{table}\n{said}")
    (error,) = told(folder)
    assert error[:2] == ("BR.toml", f"BR.finance.depreciation.machines.{field}")
    assert rule in error[2]


def test_negative_discount_rates_are_refused(folder):
    edit(folder / STUDY, "discount_rate = 0.10", "discount_rate = -0.10")
    assert told(folder) == [("network.toml", "discount_rate", "must be between 0 and 1")]


def test_mistakes_of_all_files_come_at_once_and_only_they(folder):
    edit(folder / DEALS, "gearing = 0.6", "gearing = 1.6")
    edit(folder / DEALS, OF_DEAL, 'scope = "site:atlantis"\nstyle')
    edit(folder / OFFERS, "mw = 100.0", "mw = -1.0")
    edit(folder / STUDY, "discount_rate = 0.10", "discount_rate = -0.10")
    edit(folder / "futures.toml", 'country = "BR"', 'country = "RU"')
    edit(folder / "futures.toml", "together = 0.7", "together = 2.0")
    assert sorted(error[:2] for error in told(folder)) == [
        ("deals.toml", "deals.campus.scope"),
        ("deals.toml", "debts.lease-loan.gearing"),
        ("futures.toml", "ai.together"),
        ("futures.toml", "hazards[0].country"),
        ("network.toml", "discount_rate"),
        ("offers.toml", "leases.tenant-a.mw"),
    ]


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        (STUDY, "years = 4", "years = 4.25"),
        (STUDY, "fee_share = [0.01, ", "fee_share = ["),
        (STUDY, 'name = "Campus"', "name = = "),
        (SITE, 'country = "BR"', 'contry = "BR"'),
        (SITE, 'country = "BR"', "country = = "),
        (OFFERS, "mw = 100.0", "mws = 100.0"),
    ],
)
def test_what_only_follows_from_a_mistake_elsewhere_is_not_told(folder, file, before, after):
    edit(folder / file, before, after)
    assert {error[0] for error in told(folder)} == {Path(file).name}


@pytest.mark.parametrize("content", [b"= =", b"\xff\xfe\x00", b"\x00"])
def test_files_that_are_no_toml(folder, content):
    for file in (DEALS, "futures.toml"):
        (folder / file).write_bytes(content)
    found = told(folder)
    assert [(file, field) for file, field, _ in found] == [
        (DEALS, "file"),
        ("futures.toml", "file"),
    ]
    assert all(rule.startswith("must be TOML") for _, _, rule in found)


def test_a_mark_of_an_editor_before_the_first_line_is_no_mistake(folder):
    path = folder / DEALS
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert answer("check", folder)
