# SPDX-License-Identifier: Apache-2.0

import pytest

import loadstone
from tests.apps.cli.commands import answer, run
from tests.network_folders import campus
from tests.services.test_valuing import FUTURES


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = campus(tmp_path_factory.mktemp("cli"))
    (folder / "futures.toml").write_text(FUTURES)
    return loadstone.plan(folder, gap=1e-3, beside=False).folder


def test_value_prints_what_a_plan_is_worth(made):
    result = run("value", made, "--futures", "200")
    assert result.exit_code == 0, result.output
    for words in ("Returns of the base case", "200 futures", "hashprice 15", "value.json"):
        assert words in result.stdout


def test_value_as_json_has_the_headlines(made):
    table = answer("value", made, "--futures", "100", "--seed", "3")
    assert table["risk"]["futures"] == 100
    assert table["risk"]["seed"] == 3
    assert {row["flow"] for row in table["returns"]} == {"project", "equity"}
    assert set(table["risk"]["stresses"]) >= {"hashprice 15", "power +50 %"}
    assert any(path.endswith("value.json") for path in table["files"])


def test_the_report_written_again_keeps_the_value(made):
    answer("value", made, "--futures", "100")
    answer("report", made)
    assert "100 futures" in (made / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [("--futures", "0"), ("--seed", "-1")], ids=str)
def test_orders_that_make_no_sense_are_wrong_input(made, words):
    assert answer("value", made, *words, code=2)["errors"]


def test_frames_of_a_valued_run(made):
    found = loadstone.open_run(made).value(100)
    table = found.valuation.cash
    assert found.cash().shape == (table.months, len(table.rows))
    assert found.years().to_numpy().sum() == pytest.approx(table.total().sum())
    assert list(found.returns()["flow"][:2]) == ["project", "equity"]
    assert "npv" in set(found.spreads()["name"])
    assert len(found.stresses()) == len(found.valuation.risk.stresses)
    assert not found.drivers().empty
    assert not found.options().empty
    assert found.bridge()["name"].iloc[0] == "plan"
    assert not found.region().empty
    assert found.debts().empty
    assert found.parties().empty
    assert "100 futures" in repr(found)
