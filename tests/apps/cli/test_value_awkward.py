# SPDX-License-Identifier: Apache-2.0
"""Value of plans that nobody would show: nothing built, a short phase, money lost, no files."""

import json
import re
import shutil

import pytest

from loadstone.adapters.files.value_file import read_valuation
from tests.apps.cli.commands import answer, run
from tests.network_folders import campus

DEALS = """
[cash]
dividend_months = 3
paid_after_days = { revenue = 15.0, energy = 30.0 }

[cash.inflation]
USD = { value = 0.02, source = "invented", date = 2026-11-21 }

[[debts]]
id = "machines"
kind = "machine"
currency = "USD"
rate = 0.11
starts = 2027-01-01
draw_years = 0.25
tenor_years = 0.75
ltv = 0.5
source = "invented"

[[deals]]
id = "whole"
style = "european"
commitment = 1_500_000_000.0
source = "invented"

[[deals.tranches]]
investor = "fund"
country = "LU"
commitment = 1_500_000_000.0

[[deals.hurdles]]
rate = 0.08
carry = 0.2
catch_up = 1.0
"""
FUTURES = """
source = "invented"
date = 2026-11-21

[btc]
volatility = 0.6
source = "invented"
"""
LEASE = """
[[leases]]
id = "tenant"
must = true
tenant = "Tenant"
site = "araguari"
hall = "ai_hall_liquid"
mw = 15.0
rent_per_kw_month = 20.0
currency = "USD"
term_years = 12.0
ready = 2029-01-01
longstop = 2031-06-30
damages_per_mw_day = 1_000.0
credit = "BBB-"
credit_spread = 0.01
share_drawn = 0.75
power = "tenant"
undrawn_usable = false
firm_share = 1.0
source = "invented"
"""
ONE_PHASE = "[[phases]]\nyear = 2027\nbudget = {}\n\n"


def one_year(folder, budget):
    """Return a run of one phase of one year."""
    network = campus(folder)
    study = network / "network.toml"
    text = re.sub(
        r"\[\[phases\]\].*(?=\[fx\])", ONE_PHASE.format(budget), study.read_text(), flags=re.S
    )
    text = re.sub(r"^(\w+ = \[[\d._]+), .*\]$", r"\1]", text, flags=re.M)
    study.write_text(text)
    (network / "deals.toml").write_text(DEALS)
    (network / "futures.toml").write_text(FUTURES)
    result = run("plan", network, "--alone", "--gap", "1e-3", "--out", folder / "run")
    assert result.exit_code == 0, result.output
    return folder / "run"


@pytest.fixture(scope="module")
def losing(tmp_path_factory):
    """A year is too short for anything to come back."""
    return one_year(tmp_path_factory.mktemp("losing"), "350_000_000.0")


@pytest.fixture
def copied(losing, tmp_path):
    shutil.copytree(losing, tmp_path / "run")
    return tmp_path / "run"


def parts_sum(valuation):
    """Assert that what parties get is what the network's rows bring, month by month."""
    table = valuation.cash
    whole = float(table.total().sum())
    (deal,) = valuation.deals
    shared = sum(sum(p.counted_received) - sum(p.counted_called) for p in deal.parties) / 100
    assert shared == pytest.approx(whole, abs=1.0)
    sites = {row.site for row in table.rows}
    assert sum(float(table.total(site=site).sum()) for site in sites) == pytest.approx(whole)


@pytest.mark.long
def test_a_year_that_loses_money_has_a_reason_and_no_rate(copied):
    found = answer("value", copied, "--futures", "64")
    project, equity = found["returns"]
    for one in (project, equity):
        assert one["npv"] < 0
        assert one["irr"] == []
        assert one["payback_years"] is None
        assert one["irr_reason"] == "no period brings more than it takes"
    valuation = read_valuation(copied)
    bought = -float(sum(valuation.cash.total(group).sum() for group in ("capex", "duty")))
    assert 0 < found["debts"]["machines"] <= 0.5 * bought  # half of machines' price is lent
    assert found["risk"]["mean"]["equity_irr"] is None
    assert found["risk"]["loss"] == 1.0
    parts_sum(valuation)
    assert run("report", copied).exit_code == 0


def test_twice_is_the_same(copied):
    texts = []
    for _ in range(2):
        assert run("value", copied, "--futures", "64", "--seed", 2**63 - 1).exit_code == 0
        texts.append((copied / "value.json").read_text())
    first, second = (re.sub(r'"seconds": [\d.e-]+', "", text) for text in texts)
    assert first == second


@pytest.mark.parametrize(
    ("words", "field", "rule"),
    [
        (["--futures", "0"], "--futures", "must be at least 1"),
        (["--futures", "-1"], "--futures", "must be at least 1"),
        (["--seed", "-1"], "--seed", "must be from 0 to 9223372036854775807"),
        (["--seed", str(2**63)], "--seed", "must be from 0 to 9223372036854775807"),
    ],
)
def test_sizes_that_mean_nothing_are_refused(copied, words, field, rule):
    before = tree(copied)
    (error,) = answer("value", copied, *words, code=2)["errors"]
    assert (error["field"], error["rule"]) == (field, rule)
    assert tree(copied) == before


def test_one_future_is_enough(copied):
    risk = answer("value", copied, "--futures", "1")["risk"]
    assert risk["futures"] == 1


@pytest.mark.parametrize("gone", ["plan.json", "dispatch.parquet", "certificate.parquet"])
def test_half_a_run_is_told_and_left_as_it_is(copied, gone):
    (copied / gone).write_bytes(b"{")
    before = tree(copied)
    (error,) = answer("value", copied, "--futures", "8", code=2)["errors"]
    assert gone in str(error)
    assert tree(copied) == before


def test_a_deal_that_commits_too_little_is_told_and_nothing_is_written(copied):
    path = copied / "inputs" / "deals.toml"
    path.write_text(path.read_text().replace("1_500_000_000.0", "1_000_000.0"))
    before = tree(copied)
    (error,) = answer("value", copied, "--futures", "8", code=2)["errors"]
    assert error["field"] == "deals.whole.tranches"
    assert "must cover the call of" in error["rule"]
    assert tree(copied) == before


@pytest.mark.parametrize(
    "gone", [["deals.toml"], ["futures.toml"], ["deals.toml", "futures.toml"]]
)
def test_value_needs_neither_deals_nor_futures(copied, gone):
    for file in gone:
        (copied / "inputs" / file).unlink()
    stated = "futures.toml" not in gone
    found = answer("value", copied, *(["--futures", "8"] if stated else []))
    assert (found["risk"] is not None) == stated
    assert bool(found["debts"]) == ("deals.toml" not in gone)


def test_futures_that_nobody_states_cannot_be_asked_for(copied):
    (copied / "inputs" / "futures.toml").unlink()
    (error,) = answer("value", copied, "--futures", "8", code=2)["errors"]
    assert error["field"] == "--futures"
    assert error["rule"] == "needs a futures.toml in the network that was planned"


def test_a_site_on_which_nothing_is_built(tmp_path):
    folder = one_year(tmp_path, "0.0")
    found = answer("value", folder, "--futures", "8")
    # 40 MW stand connected: 9,800 BRL a MW and month at 5.4 for a dollar
    charge = 40 * 9_800 * 12 / 5.4
    project = found["returns"][0]
    assert project["irr"] == []
    assert project["irr_reason"]
    assert -1.15 * charge < project["npv"] < -0.85 * charge
    assert found["debts"] == {"machines": 0.0}
    valuation = read_valuation(folder)
    assert any("nothing is lent" in note for note in valuation.notes)
    parts_sum(valuation)


def test_a_wide_gap_leaves_no_promised_power_out(tmp_path):
    network = campus(tmp_path)
    (network / "offers.toml").write_text(LEASE)
    study = network / "network.toml"
    text = re.sub(r"max_mw = .*", "max_mw = [0.0, 0.0, 0.0]", study.read_text())
    cheap = "btc_price = [20_000.0, 20_000.0, 20_000.0]"
    study.write_text(re.sub(r"btc_price = .*", cheap, text))
    words = ("--alone", "--gap", "1e-3", "--out", tmp_path / "run")
    assert answer("plan", network, *words)["status"]
    found = answer("value", tmp_path / "run")
    assert found["risk"] is None


def tree(folder):
    """Return all files of a folder with what is in them."""
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_what_is_kept_is_json_without_nan(copied):
    assert run("value", copied, "--futures", "8").exit_code == 0

    def refuse(name):
        raise AssertionError(name)

    assert json.loads((copied / "value.json").read_text(), parse_constant=refuse)
