# SPDX-License-Identifier: Apache-2.0
import tomllib

import pytest

from tests.apps.cli.commands import answer, run


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "btc.csv"
    rows = [f"{2020 + m // 12}-{m % 12 + 1:02}-28,{100 + 7 * (m * 37 % 11)}" for m in range(48)]
    path.write_text("\n".join(["date,price_usd", *rows]) + "\n", encoding="utf-8")
    return path


def test_calibrate_as_a_factor_prints_lines_of_futures(file):
    result = run("calibrate", file, "--as", "btc", "--since", "2021-01")
    assert result.exit_code == 0, result.output
    table = tomllib.loads(result.stdout)
    assert table["btc"]["source"] == (
        "computed from btc.csv, price_usd, 2021-01 to 2023-12, 36 months"
    )
    found = answer("calibrate", file, "--as", "fx", "--zone", "BRL")
    assert found["table"] == "[fx.each.BRL]"
    assert found["months"] == 48


def test_calibrate_refuses_what_is_too_short_or_unknown(file):
    found = answer("calibrate", file, "--as", "hashrate", "--value", "price_usd", code=2)
    assert found["errors"][0]["field"] == "--value"
    found = answer("calibrate", file, "--as", "btc", "--since", "2023-06", code=2)
    assert "12 months" in found["errors"][0]["rule"]
    assert run("calibrate", file, "--as", "gold").exit_code == 2
