# SPDX-License-Identifier: Apache-2.0
import pytest

from tests.network_folders import everything, read, wrong

HEAD = 'source = "a test"\ndate = 2026-11-21\n'
LEVEL = 'level = { volatility = 0.2, source = "a test" }\n'


def stated(tmp_path, text):
    folder = everything(tmp_path)
    (folder / "futures.toml").write_text(HEAD + text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("", "named", "must have parameters to draw from"),
        ("weather_years = 3", "named", "weighted"),
        ('[btc]\nvolatility = -1.0\nsource = "x"', "btc.volatility", "at least 0"),
        ('[btc]\nvolatility = 0.5\nsource = "x"\nkurtosis = 1', "btc.kurtosis", ""),
        (f"[power]\ntogether = 0.5\n{LEVEL}each.BR-XX = "
         '{ volatility = 0.2, source = "x" }', "power.each", "must be one of this network"),
        ('[fx]\ntogether = 0.0\neach.BLR = { volatility = 0.2, source = "x" }',
         "fx.each", "did you mean BRL"),
        ('[[hazards]]\ncountry = "ZZ"\nmining_ban = 0.1\nsource = "x"',
         "hazards[0].country", "must be one of this network"),
        ('[default]\nsource = "x"\nyearly = { AAA = 0.1 }', "default.yearly", '"other"'),
        ('[[named]]\nname = "a"\nweight = 1.0\nsource = "x"\nbtc_price = [1.0, 2.0]',
         "named[0].btc_price", "must have 1 value, or 4"),
        ('[[named]]\nname = "a"\nweight = 0.9\nsource = "x"', "named.weight", "sum to 1"),
        ('[[named]]\nname = "a"\nweight = 1.0\nsource = "x"\nmining_ban = { ZZ = 2028-01-01 }',
         "named[0].mining_ban", "must be one of this network"),
        ('[correlation]\nnames = ["btc", "ai"]\nmatrix = [[1.0, 2.0], [2.0, 1.0]]\n'
         'source = "x"', "correlation.matrix[0][1]", "-1 to 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_futures_is_told(tmp_path, text, field, rule):
    found = wrong(stated(tmp_path, text))
    there = [(one, said) for file, one, said in found if file == "futures.toml"]
    assert any(one == field and rule in said for one, said in there), found


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    text = (
        '[btc]\nvolatility = -1.0\nsource = "x"\n[lease]\nvolatility = 9.0\nsource = "x"\n'
        '[[hazards]]\ncountry = "ZZ"\nmining_ban = 0.1\nsource = "x"'
    )
    fields = {field for _, field, _ in wrong(stated(tmp_path, text))}
    assert {"btc.volatility", "lease.volatility", "hazards[0].country"} <= fields


def test_futures_are_read_with_the_network(tmp_path):
    text = f'[btc]\nvolatility = 0.5\nsource = "x"\n[ai]\ntogether = 0.5\n{LEVEL}'
    futures = read(stated(tmp_path, text)).futures
    assert futures is not None
    assert futures.btc is not None
    assert futures.btc.volatility == 0.5
    assert read(everything(tmp_path / "other")).futures is None
