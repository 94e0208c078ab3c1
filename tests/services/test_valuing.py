# SPDX-License-Identifier: Apache-2.0

import json
import shutil
from dataclasses import replace

import pytest

import loadstone
from loadstone.adapters.files.value_file import read_valuation
from loadstone.apps.wiring import valuing_doors
from loadstone.model.errors import InputError, InputErrors
from loadstone.services.valuing import Order, value_run
from tests.network_folders import campus

FUTURES = """
source = "A test"
date = 2026-11-21

[hashprice]
volatility = 0.5
half_life_months = 24.0
source = "a test"

[power]
together = 1.0

[power.level]
volatility = 0.3
half_life_months = 9.0
source = "a test"
"""


def no_report(run, plan, dispatch, network, valuation):
    (run / "report.html").write_text(f"{plan.network}: {valuation.returns[0].npv:.0f}")
    return [run / "report.html"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a run of a network that states neither deals nor futures."""
    folder = campus(tmp_path_factory.mktemp("valuing"))
    return loadstone.plan(folder, gap=1e-3, beside=False).folder


@pytest.fixture
def run(made, tmp_path):
    return shutil.copytree(made, tmp_path / "run")


def valued(run, **order):
    return value_run(run, valuing_doors(no_report), order=Order(**order))


def test_without_futures_the_base_case_is_valued_and_said_to_be_alone(run):
    found = valued(run)
    assert found.valuation.risk is None
    assert any("futures.toml" in note for note in found.valuation.notes)
    assert [path.name for path in found.files] == [
        "value.json", "report.html", "manifest.json",
    ]  # fmt: skip
    kept = read_valuation(run)
    assert kept.returns == found.valuation.returns


def test_the_manifest_says_how_it_was_valued(run):
    (run / "inputs" / "futures.toml").write_text(FUTURES)
    found = valued(run, futures=300, seed=7)
    made = json.loads((run / "manifest.json").read_text())["value"]
    assert (made["futures"], made["seed"]) == (300, 7)
    assert made["seconds"] > 0
    assert found.valuation.risk.futures == 300
    assert found.valuation.risk.error.samples >= 200
    assert read_valuation(run).risk == found.valuation.risk


def test_the_same_seed_gives_the_same_value(run):
    (run / "inputs" / "futures.toml").write_text(FUTURES)
    one, other = (valued(run, futures=200).valuation.risk for _ in range(2))
    assert replace(one, seconds=0.0) == replace(other, seconds=0.0)


def test_what_was_changed_since_the_plan_was_made_is_noted_first(run):
    assert not any("changed" in note for note in valued(run).valuation.notes)
    inputs = run / "inputs"
    (inputs / "notes.md").write_text("nobody reads this")
    (inputs / "deals.toml").write_text("")
    said = "The plan was made before deals.toml in its inputs was changed."
    assert valued(run).valuation.notes[0] == said
    assert read_valuation(run).notes[0] == said
    with (inputs / "network.toml").open("a") as study:
        study.write("# another word\n")
    assert valued(run).valuation.notes[0] == (
        "The plan was made before deals.toml and network.toml in its inputs were changed. "
        "The plan does not fit network.toml; plan again."
    )


def test_a_file_that_is_gone_was_changed(run):
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["inputs"].append({"path": "offers.toml", "bytes": 1, "sha256": "0"})
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert "does not fit offers.toml" in valued(run).valuation.notes[0]


def test_a_few_of_many_changed_files_are_named(run):
    for i in range(8):
        (run / "inputs" / "series" / f"{i}.txt").write_text("")
    found = valued(run).valuation.notes[0]
    assert found.endswith(
        "The plan does not fit series/0.txt, series/1.txt, series/2.txt, series/3.txt, "
        "series/4.txt and 3 more; plan again."
    )


def test_futures_that_nobody_states_cannot_be_valued(run):
    with pytest.raises(InputError, match=r"--futures = 100: needs a futures\.toml"):
        valued(run, futures=100)
    assert not (run / "value.json").exists()


@pytest.mark.parametrize("order", [{"futures": 0}, {"seed": -1}], ids=str)
def test_orders_that_make_no_sense_are_refused(run, order):
    with pytest.raises(InputError):
        valued(run, **order)


def test_what_is_no_run_is_not_valued(tmp_path):
    with pytest.raises(InputErrors, match="must be a run"):
        valued(tmp_path)
