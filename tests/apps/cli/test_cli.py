# SPDX-License-Identifier: Apache-2.0

import csv
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.apps.cli.commands import answer, run
from tests.network_folders import campus, edit

SITE = "sites/araguari.toml"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a network folder with a run in it."""
    folder = campus(tmp_path_factory.mktemp("cli"))
    answer("plan", folder, "--out", folder / "runs" / "first", "--gap", "1e-3", "--alone")
    return folder


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_new_copies_a_starter_network(tmp_path):
    result = run("new", tmp_path / "mine")
    assert result.exit_code == 0
    assert "invented" in result.stdout
    assert (tmp_path / "mine" / "network.toml").is_file()


def test_new_does_not_write_over_anything(tmp_path):
    run("new", tmp_path / "mine")
    result = run("new", tmp_path / "mine", "--from", "brics")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: DIR = ")
    assert len(tree(tmp_path / "mine" / "sites")) == 1


def test_new_knows_the_starters(tmp_path):
    found = answer("new", tmp_path / "mine", "--from", "nowhere", code=2)
    assert found["errors"][0]["rule"] == "must be one of brics, campus"
    assert not (tmp_path / "mine").exists()


def test_check_prints_limits_and_provenance(made):
    result = run("check", made)
    assert result.exit_code == 0
    for words in ("nothing wrong", "araguari", "BR-SE", "100 %", "facts to doubt"):
        assert words in result.stdout
    table = answer("check", made)
    assert table["sites"][0]["max_mw"] == 150.0
    assert {row["zone"] for row in table["series"]} == {"BR-SE", "BR-UBERLANDIA", "araguari"}
    assert table["warnings"][0]["reasons"]


def test_check_prints_every_error_at_once_and_writes_nothing(tmp_path):
    folder = campus(tmp_path)
    edit(folder / SITE, "max_mw = 150.0", "max_mw = -1.0")
    edit(folder / "network.toml", "pool_fee", "fool_pee")
    before = tree(folder)
    for command in ("check", "plan"):
        result = run(command, folder)
        assert result.exit_code == 2
        lines = result.stderr.strip().splitlines()
        assert len(lines) == 2
        assert all(line.startswith(f"error: {folder}") for line in lines)
        assert "Traceback" not in result.output
    assert tree(folder) == before


def test_plan_prints_the_answer_and_names_its_files(made, tmp_path):
    result = run("plan", made, "--out", tmp_path / "run", "--alone")
    assert result.exit_code == 0
    for words in ("Araguari", "USD", "proven", "Verified at level 0", "What limits the plan"):
        assert words in result.stdout
    for name in ("plan.json", "report.html", "plan.xlsx", "manifest.json"):
        assert f"wrote {tmp_path / 'run' / name}" in result.stdout
        assert (tmp_path / "run" / name).is_file()
    assert result.stderr == ""  # progress is silent when nobody watches


def test_a_run_is_complete(made):
    folder = made / "runs" / "first"
    plan = json.loads((folder / "plan.json").read_text())
    manifest = json.loads((folder / "manifest.json").read_text())
    assert plan["status"] == "optimal"
    assert plan["gap"] <= 1e-3
    assert sum(site["npv"] for site in plan["sites"]) == pytest.approx(plan["objective"])
    assert manifest["seeds"]["prices BR-SE"] == 1
    assert manifest["versions"]["loadstone"]
    assert manifest["wall_s"] > 0
    assert manifest["verification"]["ok"]
    assert [row["path"] for row in manifest["inputs"]] == sorted(
        ["network.toml", "series/series.toml", SITE]
    )


def test_both_methods_agree(tmp_path):
    folder = campus(tmp_path)
    edit(folder / "network.toml", "[[phases]]\nyear = 2028\nbudget = 300_000_000.0\n\n", "")
    edit(folder / "network.toml", "year = 2027\n", "year = 2027\nyears = 2\n")
    text = (folder / "network.toml").read_text()
    for name, keep in [
        ("btc_price = [105_000.0, 120_000.0, 145_000.0]", "btc_price = [105_000.0, 145_000.0]"),
        ("network_eh = [1_150.0, 1_180.0, 1_220.0]", "network_eh = [1_150.0, 1_220.0]"),
        ("fee_share = [0.01, 0.02, 0.03]", "fee_share = [0.01, 0.03]"),
        ("ai_price_factor = [0.90, 0.78, 0.66]", "ai_price_factor = [0.90, 0.66]"),
        ("power_price_factor = [1.0, 1.0, 1.0]", "power_price_factor = [1.0, 1.0]"),
        ("max_mw = [4.0, 6.0, 8.0]", "max_mw = [4.0, 8.0]"),
        ("max_mw = [5.0, 10.0, 14.0]", "max_mw = [5.0, 14.0]"),
    ]:
        assert name in text
        text = text.replace(name, keep)
    (folder / "network.toml").write_text(text)
    edit(folder / SITE, "solar_mw = 80.0\nbattery_mw = 20.0\nbattery_mwh = 80.0\n", "")
    exact = answer("plan", folder, "--out", tmp_path / "exact", "--gap", "1e-7", "--alone")
    lp = answer("plan", folder, "--out", tmp_path / "lp", "--method", "lp")
    assert lp["objective"] == pytest.approx(exact["objective"], rel=1e-6)


def test_wrong_options_are_one_line(made, tmp_path):
    found = answer("plan", made, "--gap", "2", code=2)
    assert found["errors"][0]["field"] == "--gap"
    assert run("plan", made, "--method", "magic").exit_code == 2
    assert run("plan", made, "--on", "mainframe").exit_code == 2
    assert answer("plan", made, "--workers", "0", code=2)["errors"][0]["field"] == "--workers"
    assert (
        answer("plan", made, "--risk", "0.3", code=2)["errors"][0]["rule"] == "needs --futures"
    )
    found = answer("plan", made, "--futures", "0", code=2)
    assert found["errors"][0]["field"] == "--futures"
    found = answer("plan", made, "--futures", "2", code=2)
    assert "needs a futures.toml" in found["errors"][0]["rule"]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("dear")
    found = answer("plan", made, "--out", tmp_path / "full", code=2)
    assert found["errors"][0]["field"] == "--out"


@pytest.mark.parametrize("level", [0, 1, 2])
def test_verify_holds_at_each_level(level, made):
    found = answer("verify", made / "runs" / "first", "--level", level)
    assert found["ok"]
    assert found["level"] == level
    assert all(check["ok"] for check in found["checks"])


def test_verify_says_no_where_somebody_changed_the_inputs(made, tmp_path):
    broken = tmp_path / "run"
    shutil.copytree(made / "runs" / "first", broken)
    edit(broken / "inputs" / SITE, "max_mw = 150.0", "max_mw = 120.0")
    result = run("verify", broken)
    assert result.exit_code == 1
    assert "FAILS  bounds" in result.stdout


def test_report_writes_the_report_again(made):
    folder = made / "runs" / "first"
    (folder / "plan.xlsx").unlink()
    found = answer("report", folder)
    assert [Path(path).name for path in found["files"]] == ["report.html", "plan.xlsx"]
    assert (folder / "plan.xlsx").is_file()


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # PyPSA's reader under pandas 3
def test_export_says_what_pypsa_cannot_hold(made, tmp_path):
    pypsa = pytest.importorskip("pypsa")
    found = answer("export", made / "runs" / "first", "--to", "pypsa", tmp_path / "model.nc")
    assert found["not_in_file"]
    network = pypsa.Network(tmp_path / "model.nc")
    assert len(network.snapshots) == 8760


@pytest.mark.parametrize("command", ["verify", "report"])
def test_a_folder_that_is_no_run_is_wrong_input(command, tmp_path):
    found = answer(command, tmp_path, code=2)
    assert "must be a run" in found["errors"][0]["rule"]


def test_a_promise_that_a_ban_forbids_is_infeasible(tmp_path):
    folder = campus(tmp_path)
    promise = '[[obligations]]\nuse = "mining"\nmw = 5.0\nsource = "a hosting contract"\n\n'
    clause = '[[clauses]]\nmonths = [7]\nsource = "the connection contract"\n\n[limits]'
    edit(folder / SITE, "[limits]", promise + clause)
    found = answer("plan", folder, "--out", tmp_path / "run", code=1)
    [error] = found["errors"]
    assert any("a hosting contract" in rule for rule in error["conflict"])
    assert any("the connection contract" in rule for rule in error["conflict"])
    assert error["relax"]
    assert not (tmp_path / "run").exists()
    result = run("plan", folder, "--out", tmp_path / "run")
    assert result.stderr.startswith("error: ")


def test_a_promise_above_what_the_connection_gives_is_infeasible(tmp_path):
    folder = campus(tmp_path)
    promise = '[[obligations]]\nuse = "ai"\nmw = 60.0\nsource = "a lease"\n\n[limits]'
    edit(folder / SITE, "[limits]", promise)  # 40 MW are connected in 2027
    edit(folder / "network.toml", 'currency = "USD"', 'currency = "USD"\nfirmness = false')
    [error] = answer("plan", folder, "--out", tmp_path / "run", code=1)["errors"]
    assert "a lease" in error["conflict"][0]
    assert "MW less" in error["relax"]
    assert not (tmp_path / "run").exists()


def test_a_cap_below_what_stands_is_infeasible(tmp_path):
    folder = campus(tmp_path)
    edit(folder / "network.toml", "carbon_price = 0.0", "country_mw = { BR = 20.0 }")
    errors = answer("plan", folder, "--out", tmp_path / "run", code=1)["errors"]
    assert errors[0]["relax"] == "raise it to 40 MW"


def prices(path: Path, hours: int = 8760, **cells: str) -> Path:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["utc", "price"])
        for i in range(hours):
            writer.writerow([(start + timedelta(hours=i)).isoformat(), 100 + i % 24])
    return path


def test_imported_prices_take_the_place_of_the_typical_year(tmp_path):
    folder = campus(tmp_path)
    file = prices(tmp_path / "mine.csv")
    result = run("import", "prices", file, folder, "--zone", "BR-SE", "--currency", "BRL")
    assert result.exit_code == 0, result.output
    assert "wrote" in result.stdout
    rows = {row["zone"]: row for row in answer("check", folder)["series"]}
    assert rows["BR-SE"]["observed"] == 1.0
    assert rows["BR-SE"]["mean"] == pytest.approx(111.5)


def test_imported_prices_in_the_wrong_currency_are_found_by_check(tmp_path):
    folder = campus(tmp_path)
    file = prices(tmp_path / "mine.csv")
    answer("import", "prices", file, folder, "--zone", "BR-SE", "--currency", "EUR")
    [error] = answer("check", folder, code=2)["errors"]
    assert "EUR" in error["rule"]


def test_a_short_year_is_refused_and_nothing_is_written(tmp_path):
    folder = campus(tmp_path)
    before = tree(folder)
    file = prices(tmp_path / "mine.csv", hours=8759)
    result = run("import", "prices", file, folder, "--zone", "BR-SE", "--currency", "BRL")
    assert result.exit_code == 2
    assert "2025-12-31 23:00" in result.stderr
    assert tree(folder) == before


def test_where_needs_an_equals_sign(tmp_path):
    file = prices(tmp_path / "mine.csv", hours=1)
    found = answer("import", "prices", file, tmp_path, "--zone", "X", "--where", "a", code=2)
    assert found["errors"][0]["rule"] == "must be COL=X"


def test_calibrate_tells_the_shape_of_a_file(tmp_path):
    file = prices(tmp_path / "mine.csv")
    result = run("calibrate", file, "--currency", "BRL")
    assert result.exit_code == 0, result.output
    assert "mean by month" in result.stdout
    found = answer("calibrate", file, "--currency", "BRL")
    assert found["statistics"]["level"] == pytest.approx(111.5, rel=1e-3)


def test_demo_plans_the_network_that_stands_in_demo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    campus(tmp_path).rename(tmp_path / "demo")
    found = answer("demo")
    assert Path(found["run"]).parent == Path("demo") / "runs"
    assert Path(found["run"], "report.html").is_file()
