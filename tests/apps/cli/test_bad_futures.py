# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with how futures are drawn or stated: file, field and rule."""

from pathlib import Path

import pytest

from loadstone.adapters.files import copy_starter
from tests.apps.cli.commands import answer, run
from tests.network_folders import edit

FUTURES = "futures.toml"
ROW = "[1.0, 0.1, 0.2, 0.1, 0.0, -0.1]"
NAMED = 'source = "x"\ndate = 2026-11-21\n'


def named(*rows):
    """Return a futures.toml that states futures alone."""
    start = '[[named]]\nsource = "x"\n'
    return NAMED + "\n".join(start + row + "\n" for row in rows)


WRONG = {
    "a volatility that is no number": (
        "volatility = 0.60", "volatility = nan", "btc.volatility", "must be a finite number",
    ),
    "a negative volatility": (
        "volatility = 0.60", "volatility = -0.60", "btc.volatility", "at least 0",
    ),
    "a typing mistake": (
        "volatility = 0.60", "volatilty = 0.60", "btc.volatilty", "is not a known field",
    ),
    "a correlation that is not symmetric": (
        ROW, ROW.replace("0.2", "0.3"), "correlation.matrix[0][2]", "must be as matrix[2][0]",
    ),
    "a correlation of something with itself": (
        ROW, ROW.replace("1.0", "0.9"), "correlation.matrix[0][0]", "must be 1",
    ),
    "a ragged correlation": (
        ROW, "[1.0, 0.1]", "correlation.matrix", "must have 6 rows of as many numbers",
    ),
    "a correlation of strangers": (
        'names = ["btc", "hashrate"', 'names = ["btc", "hash"',
        "correlation.names[1]", "must be one of btc, hashrate",
    ),
    "a zone of another network": (
        "[correlation]", '[power.each.BR-XX]\nvolatility = 0.1\nsource = "x"\n\n[correlation]',
        "power.each", "must be one of this network: BR-SE",
    ),
    "a generation that nobody makes": (
        "[correlation]", '[ai.each.blackwel]\nvolatility = 0.1\nsource = "x"\n\n[correlation]',
        "ai.each", "did you mean blackwell?",
    ),
    "a currency of another network": (
        "[fx.each.BRL]", "[fx.each.CHF]", "fx.each", "must be one of this network: BRL",
    ),
    "a country of another network": (
        'country = "BR"', 'country = "RU"', "hazards[0].country", "of this network: BR",
    ),
    "a certain ban": (
        "mining_ban = 0.005", "mining_ban = 1.0", "hazards[0].mining_ban", "below 1",
    ),
    "delays without measure": (
        "spread = 0.35", "spread = 1e6", "delay.spread", "must be at most 5",
    ),
    "halls that stay empty for ever": (
        "vacant_months = 9.0", "vacant_months = 1e15",
        "default.vacant_months", "must be at most 600",
    ),
    "fees beyond all measure": (
        "spike = 0.15", "spike = 1e9", "fees.spike", "must be at most 10",
    ),
    "hashrate beyond all measure": (
        "volatility = 0.10", "volatility = 1e9", "hashrate.volatility", "must be at most 5",
    ),
    "miners who leave before they enter": (
        "exit_usd_ph_day = 28.0", "exit_usd_ph_day = 280.0",
        "hashrate.exit_usd_ph_day", "must be at most entry_usd_ph_day 45",
    ),
    "a day that no calendar has": (
        "date = 2026-11-21", "date = 2026-02-30", "file", "must be TOML",
    ),
}  # fmt: skip

WRONG_NAMED = {
    "weights that do not sum": (
        ['name = "a"\nweight = 0.5', 'name = "b"\nweight = 0.4'],
        "named.weight", "must sum to 1, sum to 0.9",
    ),
    "no weights": (['name = "a"'], "named[0].weight", "is missing"),
    "a negative weight": (
        ['name = "a"\nweight = 1.5', 'name = "b"\nweight = -0.5'],
        "named[1].weight", "must be above 0 and at most 1",
    ),
    "one future twice": (
        ['name = "a"\nweight = 0.5', 'name = "a"\nweight = 0.5'],
        "named[1].name", "must be given once",
    ),
    "a future without a name": (['name = ""\nweight = 1.0'], "named[0].name", "words"),
    "numbers for some phases": (
        ['name = "a"\nweight = 1.0\nbtc_price = [0.5, 0.6]'],
        "named[0].btc_price", "must have 1 value, or 8, one a phase",
    ),
    "a price beyond all measure": (
        ['name = "a"\nweight = 1.0\npower_price = [1e30]'],
        "named[0].power_price", "must be at most 1000",
    ),
    "bitcoin for nothing": (
        ['name = "a"\nweight = 1.0\nbtc_price = [0.0]'], "named[0].btc_price", "above 0",
    ),
    "a delay of ages": (
        ['name = "a"\nweight = 1.0\ndelay_years = 1e9'], "named[0].delay_years", "at most 50",
    ),
    "a tenant that is not there": (
        ['name = "a"\nweight = 1.0\ntenant_default = { nobody = 2030-01-01 }'],
        "named[0].tenant_default", "must be one of this network: tenant-a",
    ),
    "nothing to draw from": ([], "named", "must have parameters to draw from"),
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    copy_starter("campus", tmp_path / "campus")
    return tmp_path / "campus"


def check(folder, field, rule):
    errors = answer("check", folder, code=2)["errors"]
    assert {Path(error["file"]).name for error in errors} == {FUTURES}
    found = [e for e in errors if e["field"] == field and rule in e["rule"]]
    assert len(found) == 1, errors


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_each_is_told_by_file_field_and_rule(case, folder):
    before, after, field, rule = case
    path = folder / FUTURES
    path.write_text(path.read_text().replace(before, after, 1))
    check(folder, field, rule)


@pytest.mark.parametrize("case", WRONG_NAMED.values(), ids=WRONG_NAMED)
def test_stated_futures_are_told_as_well(case, folder):
    rows, field, rule = case
    (folder / FUTURES).write_text(named(*rows))
    check(folder, field, rule)


def test_pairs_that_contradict_each_other_are_no_correlation(folder):
    path = folder / FUTURES
    for before, after in (
        (ROW, "[1.0, 0.9, 0.9, 0.1, 0.0, -0.1]"),
        ("[0.1, 1.0, 0.0, 0.0, -0.1, 0.0]", "[0.9, 1.0, -0.9, 0.0, -0.1, 0.0]"),
        ("[0.2, 0.0, 1.0, 0.5, 0.1, -0.1]", "[0.9, -0.9, 1.0, 0.5, 0.1, -0.1]"),
    ):
        edit(path, before, after)
    check(folder, "correlation.matrix", "its least eigenvalue must be at least 0")


@pytest.mark.parametrize("gone", [["deals.toml"], [FUTURES], ["deals.toml", FUTURES]])
def test_each_file_may_be_absent(folder, gone):
    for file in gone:
        (folder / file).unlink()
    assert run("check", folder).exit_code == 0
