# SPDX-License-Identifier: Apache-2.0
"""Reading facts: strict, all errors at once, and a user's laid over the shipped."""

from datetime import date
from pathlib import Path

import pytest

from loadstone.adapters.facts import read_facts
from loadstone.model.errors import InputErrors

SOURCE = """
[mine]
title = "Our own quotes"
publisher = "Ourselves"
read = 2026-11-01
licence = "ours"
light = "green"
"""
EVIDENCE = 'source = "mine"\ndate = 2026-11-01\nconfidence = "high"\n'
LIFE = f"life = {{ value = 4, unit = 'year', {EVIDENCE.strip().replace(chr(10), ', ')} }}\n"
MINER = (
    'manufacturer = "Us"\nmodel = "One"\nhashrate_th = 100\npower_w = 1500\n'
    f'j_per_th = 15\ncooling = "air"\nrelease = "2026-01"\n{LIFE}{EVIDENCE}'
)


def folder(root: Path, **tables: str) -> Path:
    """Write files by name, with double underscores for slashes, and return their folder."""
    for name, text in tables.items():
        path = root / f"{name.replace('__', '/')}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def refused(root: Path, **tables: str) -> list[str]:
    with pytest.raises(InputErrors) as caught:
        read_facts(folder(root, **tables))
    return [f"{Path(e.file).name}: {e.field}: {e.rule}" for e in caught.value.errors]


def test_the_shipped_facts_are_enough_for_a_plan():
    facts = read_facts()
    assert len(facts.miners) >= 25
    assert len(facts.servers) >= 10
    assert {"mining-air", "mining-hydro", "ai-chilled-water", "ai-liquid"} <= set(facts.cooling)
    assert {"connection", "solar", "wind", "battery-energy", "battery-power"} <= set(
        facts.costs
    )
    assert [halving.height for halving in facts.bitcoin.halvings][-1] == 1_050_000


def test_everything_shipped_is_marked_as_shipped():
    facts = read_facts()
    assert {getattr(value, "provenance", "shipped") for _, value in facts.sourced()} == {
        "shipped"
    }
    assert {source.provenance for source in facts.sources.values()} == {"shipped"}


def test_every_source_is_used_by_some_fact():
    facts = read_facts()
    used = {value.source for _, value in facts.sourced()}
    # behind our own sums and code, and behind the typical years
    spare = {"ember-owid", "zone-mix", "bitcoin-core", "clima-design-temperatures"}
    assert set(facts.sources) - used <= spare


def test_every_cost_is_an_assumption_with_a_range():
    for fact in read_facts().costs.values():
        assert fact.assumption
        assert fact.low < fact.high


def test_every_price_of_a_server_is_an_assumption_with_a_range():
    for server in read_facts().servers.values():
        assert server.price.assumption
        assert server.rental.assumption
        assert server.cap_curves or server.curve_absent


def test_a_users_machine_replaces_one_and_adds_one(tmp_path):
    mine = f"[antminer-s21]\n{MINER}\n[ours]\n{MINER}"
    facts = read_facts(folder(tmp_path, machines__miners=mine, sources=SOURCE))
    shipped = read_facts()
    assert facts.miners["antminer-s21"].power_w == 1500
    assert facts.miners["ours"].id == "ours"
    assert facts.miners["ours"].provenance == "user"
    assert facts.miners["ours"].life.provenance == "user"
    assert facts.sources["mine"].provenance == "user"
    assert facts.miners["antminer-s9"] == shipped.miners["antminer-s9"]
    assert facts.servers == shipped.servers


def test_a_users_country_file_changes_only_what_it_names(tmp_path):
    rule = f'[rules.buryatia]\nregion = "RU-BU"\neffective_from = 2027-01-01\n{EVIDENCE}'
    rule += 'exempt = ["off-grid own generation"]\n'
    vat = f'[vat]\nvalue = 0.25\nunit = "1"\n{EVIDENCE}'
    facts = read_facts(folder(tmp_path, countries__RU=f"{vat}\n{rule}", sources=SOURCE))
    russia, shipped = facts.countries["RU"], read_facts().countries["RU"]
    assert russia.vat.value == 0.25
    assert russia.mining == shipped.mining
    assert len(russia.rules) == len(shipped.rules)
    (changed,) = [rule for rule in russia.rules if rule.provenance == "user"]
    assert (changed.id, changed.effective_from) == ("buryatia", date(2027, 1, 1))


def test_a_users_duty_comes_before_the_shipped(tmp_path):
    rate = "rate = { value = 0.02, unit = '1', source = 'mine', date = 2026-11-01, "
    mine = f'[duties.ours]\nuse = "mining"\n{rate}confidence = "high" }}\n{EVIDENCE}'
    facts = read_facts(folder(tmp_path, countries__BR=mine, sources=SOURCE))
    duty = facts.countries["BR"].miner_duty(hashrate_th=300, j_per_th=12, on=date(2026, 11, 21))
    assert duty.value == 0.02


def test_a_user_adds_a_country_and_a_day_of_the_market(tmp_path):
    country = 'name = "Paraguay"\ncurrency = "PYG"\ncomplete = false\n'
    day = f"[market.mine]\nprice_usd = 1e5\n{EVIDENCE}"
    facts = read_facts(folder(tmp_path, countries__PY=country, bitcoin=day, sources=SOURCE))
    assert facts.countries["PY"].name == "Paraguay"
    assert facts.bitcoin.market[-1].date == date(2026, 11, 1)


def test_all_errors_of_all_files_come_at_once(tmp_path):
    weak = MINER.replace("j_per_th = 15", "j_per_th = 30").replace('"air"', '"wind"')
    costs = f'[solar]\nvalue = "cheap"\nunit = "USD/MW"\n{EVIDENCE}'
    ban = f'[rules.dagestan]\nregion = "RU-DA"\nwindow = "winter"\n{EVIDENCE}'
    errors = refused(
        tmp_path,
        machines__miners=f"[weak]\n{weak}colour = 1\n",
        costs=costs,
        countries__RU=ban,
        sources=SOURCE,
    )
    assert errors == [
        "miners.toml: weak.cooling: must be 'air', 'hydro' or 'immersion'",
        "miners.toml: weak.colour: is not a known field",
        "costs.toml: solar.value: must be a valid number",
        "RU.toml: RU.rules.dagestan.effective_from: is missing",
    ]


def test_a_rule_of_the_value_itself_is_told_with_its_place(tmp_path):
    weak = MINER.replace("j_per_th = 15", "j_per_th = 30")
    assert refused(tmp_path, machines__miners=f"[weak]\n{weak}", sources=SOURCE) == [
        "miners.toml: weak.j_per_th: must be power_w / hashrate_th = 15.00 within 2 %"
    ]


def test_an_unknown_source_is_told_with_its_place(tmp_path):
    ban = f'[rules.tuva]\nregion = "RU-TY"\neffective_from = 2027-01-01\n{EVIDENCE}'
    assert refused(tmp_path, countries__RU=ban) == [
        "RU.toml: RU.rules.tuva.source: must be a key of sources.toml"
    ]


def test_a_table_that_should_not_be_one_is_refused(tmp_path):
    assert refused(tmp_path, machines__miners="weak = 1\n") == [
        "miners.toml: weak: must be an object"
    ]
    assert refused(tmp_path, machines__miners="", bitcoin="market = 1\n") == [
        "bitcoin.toml: bitcoin.market: must be a valid array"
    ]


def test_text_is_not_a_number_and_a_truth_is_not_one_either(tmp_path):
    for value in ('"5"', "true"):
        costs = f'[solar]\nvalue = {value}\nunit = "USD/MW"\n{EVIDENCE}'
        assert refused(tmp_path, costs=costs, sources=SOURCE) == [
            "costs.toml: solar.value: must be a valid number"
        ]


def test_a_file_that_is_not_toml_or_has_no_place_is_refused(tmp_path):
    errors = refused(tmp_path, costs="[solar\n", miners=MINER)
    assert errors[0].startswith("costs.toml: file: must be TOML")
    assert errors[1].startswith("miners.toml: file name: must be countries/<code>.toml")


def test_a_folder_without_files_changes_nothing(tmp_path):
    assert read_facts(tmp_path) == read_facts()
