# SPDX-License-Identifier: Apache-2.0

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loadstone.adapters.files import STARTERS, copy_starter, read_network
from loadstone.model.errors import InputErrors
from loadstone.model.grid import TimeGrid
from tests.network_folders import campus, edit, read, wrong

SITE, NETWORK = "sites/araguari.toml", "network.toml"
SITE_TEXT = """
name = "{name}"
country = "BR"
zone = "BR-SE"
latitude = -18.0
longitude = -48.0
station = "BR-UBERLANDIA"
status = "candidate"
status_date = 2026-11-01
supply = [{{ kind = "flat", currency = "BRL", zone = "America/Sao_Paulo", per_mwh = 300.0 }}]

[connection]
max_mw = 10.0
"""


@pytest.mark.parametrize("starter", STARTERS)
def test_a_starter_network_is_read_without_an_error(starter, tmp_path):
    copy_starter(starter, tmp_path / starter)
    network = read(tmp_path / starter)
    assert [site.id for site in network.sites] == sorted(site.id for site in network.sites)
    assert "nvented" in network.study.description


def test_brics_holds_what_it_promises(tmp_path):
    copy_starter("brics", tmp_path / "brics")
    network = read(tmp_path / "brics")
    sites = {site.id: site for site in network.sites}
    russian = [site for site in network.sites if site.country == "RU"]
    kinds = {id_: {entry.kind for entry in site.supply} for id_, site in sites.items()}
    assert len(russian) == 31
    assert sum(site.status == "operating" for site in russian) == 21
    assert all(site.standing for site in russian if site.status == "operating")
    assert sum(site.status == "planned" for site in russian) == 10
    assert len(network.sites) - len(russian) >= 12
    assert {site.country for site in network.sites} == {"BR", "CN", "IN", "RU", "ZA"}
    rules = network.facts.countries["RU"].rules
    assert any(rule.covers(sites["kizilyurt"].region) for rule in rules)
    assert sites["segezha"].clauses[0].months
    assert sites["zhigalovo"].connection.off_grid
    assert any(rule.covers(sites["zhigalovo"].region) for rule in rules)
    assert "take_or_pay" in kinds["bratsk-2"]
    assert any(getattr(entry, "lookback_share", 0) for entry in sites["balakovo"].supply)
    assert sites["ust-ilimsk"].connection.lead_time_years >= 3
    assert sites["verkhny-tagil"].flexibility


@pytest.mark.parametrize("starter", STARTERS)
def test_who_asks_for_no_hour_reads_a_network_without_its_series(starter, tmp_path):
    copy_starter(starter, tmp_path / starter)
    shutil.rmtree(tmp_path / starter / "series")
    network = read_network(tmp_path / starter, None)
    assert network.sites
    assert not network.prices
    assert not network.drybulb_c


def test_what_is_wrong_beside_the_series_is_told_without_them_as_well(tmp_path):
    folder = campus(tmp_path)
    edit(folder / NETWORK, "pool_fee = 0.015", "pool_fees = 0.015")
    edit(folder / SITE, 'country = "BR"', 'country = "XX"')
    shutil.rmtree(folder / "series")
    with pytest.raises(InputErrors) as found:
        read_network(folder, None)
    assert [error.field for error in found.value.errors] == ["pool_fees", "country"]


PRODUCT = """[[flexibility]]
kind = "reserve"
name = "{name}"
mw = 5.0
{more}
currency = "BRL"
source = "x"

"""
CASES = {
    "an unknown field": (
        NETWORK,
        "pool_fee = 0.015",
        "pool_fees = 0.015",
        "pool_fees",
        "is not a known field",
    ),
    "a number that is none": (NETWORK, "value = 5.4", "value = nan", "fx.BRL.value", "finite"),
    "a rate out of range": (
        NETWORK,
        "discount_rate = 0.10",
        "discount_rate = 10.0",
        "discount_rate",
        "between 0 and 1",
    ),
    "text for a number": (
        NETWORK,
        "discount_rate = 0.10",
        'discount_rate = "0.1"',
        "discount_rate",
        "must be a number",
    ),
    "too few values for the phases": (
        NETWORK,
        "btc_price = [105_000.0, 120_000.0, 145_000.0]",
        "btc_price = [105_000.0, 120_000.0]",
        "outlook.network_eh",
        "must have 2 values",
    ),
    "an ASIC that does not exist": (
        NETWORK,
        '"antminer-s21-xp"]',
        '"antminer-s99"]',
        "miners[1]",
        "is not known; there are antminer",
    ),
    "an ASIC without a price": (
        NETWORK,
        '"antminer-s21-xp"]',
        '"antminer-s9"]',
        "miners[1]",
        "has no price",
    ),
    "no exchange rate": (
        NETWORK,
        "BRL = {",
        "EUR = {",
        "supply[0].currency",
        "must have a rate: fx.BRL",
    ),
    "a country without facts": (
        SITE,
        'country = "BR"',
        'country = "AQ"',
        "country",
        "is not known",
    ),
    "a country with too few facts": (
        SITE,
        'country = "BR"',
        'country = "NO"',
        "country",
        "has too few facts",
    ),
    "a zone of another country": (SITE, 'zone = "BR-SE"', 'zone = "RU-2"', "zone", "not known"),
    "a region of another country": (SITE, '"BR-MG"', '"RU-IRK"', "region", "ISO 3166-2"),
    "a station without weather": (
        SITE,
        '"BR-UBERLANDIA"',
        '"BR-NATAL"',
        "station",
        "loadstone import weather",
    ),
    "a missing price series": (
        SITE,
        'series = "BR-SE"',
        'series = "BR-N"',
        "supply[0].series",
        "loadstone import prices",
    ),
    "an unknown cooling plant": (
        SITE,
        '"ai-liquid"',
        '"mining-hydro"',
        "ai_cooling",
        "ai-chilled-water",
    ),
    "a negative capacity": (
        SITE,
        "existing_mw = 40.0",
        "existing_mw = -40.0",
        "connection.existing_mw",
        "at least 0",
    ),
    "more existing than ever allowed": (
        SITE,
        "existing_mw = 40.0",
        "existing_mw = 400.0",
        "connection.existing_mw",
        "at most max_mw",
    ),
    "an unknown kind of tariff": (
        SITE,
        '"losses"\nname',
        '"loss"\nname',
        "supply[3].kind",
        "one of",
    ),
    "an unknown field of a tariff": (
        SITE,
        "share = 0.025",
        "part = 0.025",
        "supply[3].part",
        "is not a known field",
    ),
    "a name that is not the file's": (
        SITE,
        'name = "Araguari"',
        'name = "Araguari"\nid = "other"',
        "id",
        "must be the name of the file",
    ),
    "a seasonal clause in no month": (
        SITE,
        "[limits]",
        '[[clauses]]\nmonths = [13]\nsource = "x"\n\n[limits]',
        "clauses[0].months",
        "1 to 12",
    ),
    "products that exclude and require each other": (
        SITE,
        "[limits]",
        PRODUCT.format(name="first", more='group = "a"\nrequires = "second"')
        + PRODUCT.format(name="second", more='group = "b"\nexcludes = ["a"]')
        + "[limits]",
        "flexibility[0].requires",
        "second excludes group a",
    ),
    "pay for stopping under its former name": (
        SITE,
        "[limits]",
        '[[curtailment]]\nname = "winter"\n\n[limits]',
        "curtailment",
        'now [[flexibility]], with kind = "curtailment"',
    ),
    "solar without a series": (
        "series/series.toml",
        'zone = "araguari"',
        'zone = "elsewhere"',
        "limits.solar_mw",
        "loadstone import solar",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_clear_error(case, tmp_path):
    name, before, after, field, rule = CASES[case]
    folder = campus(tmp_path)
    edit(folder / name, before, after)
    found = wrong(folder)
    assert [(place, words) for _, place, words in found if place == field and rule in words]
    assert len(found) <= 4  # one slip may break a rule for each tariff, not more


def test_a_price_series_in_the_wrong_currency_is_refused(tmp_path):
    folder = campus(tmp_path)
    edit(
        folder / "network.toml",
        "[fx]",
        '[fx]\nEUR = { value = 0.9, source = "x", date = 2026-01-01 }',
    )
    text = (folder / SITE).read_text().replace('currency = "BRL"', 'currency = "EUR"')
    (folder / SITE).write_text(text)
    [(file, field, rule)] = wrong(folder)
    assert (file, "supply" in field) == (SITE, True)
    assert "BRL" in rule


def test_a_lead_time_that_leaves_no_phase_is_refused(tmp_path):
    folder = campus(tmp_path)
    edit(folder / SITE, "existing_mw = 40.0\n", "")
    edit(folder / SITE, "lead_time_years = 1.0", "lead_time_years = 6.0")
    [(file, field, rule)] = wrong(folder)
    assert (file, field) == (SITE, "connection.lead_time_years")
    assert "2033" in rule  # decided in 2027; the last phase ends with 2032


def test_a_minimum_above_the_maximum_is_refused(tmp_path):
    folder = campus(tmp_path)
    edit(folder / SITE, "[limits]", "[opening]\nminimum_mw = 200.0\n\n[limits]")
    [(file, field, rule)] = wrong(folder)
    assert (file, field) == (SITE, "opening.minimum_mw")
    assert "150" in rule


def test_a_promise_above_the_connection_is_refused(tmp_path):
    folder = campus(tmp_path)
    promise = '[[obligations]]\nuse = "ai"\nmw = 200.0\nsource = "a contract"\n\n[limits]'
    edit(folder / SITE, "[limits]", promise)
    [(file, field, rule)] = wrong(folder)
    assert (file, field) == (SITE, "obligations[0].mw")
    assert "150" in rule


def test_all_errors_of_all_files_come_at_once(tmp_path):
    folder = campus(tmp_path)
    edit(folder / NETWORK, "discount_rate = 0.10", "discount_rate = 0.10\ncolour = 1")
    edit(folder / SITE, "share = 0.025", "share = 2.0")
    (folder / "sites" / "second.toml").write_text(SITE_TEXT.format(name="x") + "volts = 3\n")
    (folder / "sites" / "third.toml").write_text("name = ")
    files = {file for file, _, _ in wrong(folder)}
    assert files == {NETWORK, SITE, "sites/second.toml", "sites/third.toml"}


def test_all_errors_of_one_site_come_at_once(tmp_path):
    folder = campus(tmp_path)
    edit(folder / SITE, "existing_mw = 40.0", "existing_mw = -40.0")
    edit(folder / SITE, "latitude = -18.65", "latitude = -118.65")
    edit(folder / SITE, "share = 0.025", "share = 2.5")
    edit(folder / SITE, '"BR-UBERLANDIA"', '"NOWHERE"')
    edit(folder / SITE, "note = ", 'colour = "red"\nminers = ["abacus"]\nnote = ')
    assert {field for _, field, _ in wrong(folder)} == {
        "connection.existing_mw", "latitude", "supply[3].share", "station", "colour",
        "miners[0]",
    }  # fmt: skip


def test_all_errors_of_one_study_come_at_once(tmp_path):
    folder = campus(tmp_path)
    edit(folder / NETWORK, "discount_rate = 0.10", "discount_rate = 10.0")
    edit(folder / NETWORK, "pool_fee = 0.015", "pool_fee = 1.5\ncolour = 1")
    edit(folder / NETWORK, "year = 2029", "year = 2031")
    edit(folder / NETWORK, '"antminer-s21-xp"]', '"abacus"]')
    edit(folder / NETWORK, "value = 5.4", 'value = "much"')
    edit(folder / SITE, 'country = "BR"', 'country = "AQ"')
    assert {field for _, field, _ in wrong(folder)} == {
        "discount_rate", "pool_fee", "colour", "phases.year", "miners[1]", "fx.BRL.value",
        "country",
    }  # fmt: skip


def test_a_broken_series_hides_no_error_of_a_site(tmp_path):
    folder = campus(tmp_path)
    edit(folder / "series" / "series.toml", "level = 130.0", "level = -130.0")
    edit(folder / SITE, 'country = "BR"', 'country = "AQ"')
    assert {file for file, _, _ in wrong(folder)} == {"series/series.toml", SITE}


def test_errors_of_good_files_come_with_those_of_bad_ones(tmp_path):
    folder = campus(tmp_path)
    edit(folder / SITE, 'series = "BR-SE"', 'series = "BR-N"')
    (folder / "sites" / "second.toml").write_text(SITE_TEXT.format(name="x") + "volts = 3\n")
    assert {file for file, _, _ in wrong(folder)} == {SITE, "sites/second.toml"}


def test_a_folder_without_a_network_is_refused(tmp_path):
    with pytest.raises(InputErrors, match=r"network\.toml"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("deal", "deals"),
        ("future", "futures"),
        ("offer", "offers"),
        ("networks", "network"),
        ("operates", "operate"),
        ("Futures", "futures"),
    ],
)
def test_a_file_that_is_nearly_called_right_is_told_its_name(name, right, tmp_path):
    folder = campus(tmp_path)
    (folder / f"{name}.toml").write_text("")
    rule = f"must be called {right}.toml to be read, or else something less like it"
    found = wrong(folder)
    if name.lower() == right and not found:
        pytest.skip("this file system does not tell the two names apart")
    assert found == [(f"{name}.toml", "file", rule)]


def test_files_with_names_of_their_own_are_left_alone(tmp_path):
    folder = campus(tmp_path)
    for name in ("notes", "deals-old", "prices", "operate", "site"):
        (folder / f"{name}.toml").write_text("not even TOML")
    assert wrong(folder) == []


def test_a_study_that_is_nearly_called_right_is_told_its_name(tmp_path):
    folder = campus(tmp_path)
    (folder / "network.toml").rename(folder / "networks.toml")
    with pytest.raises(InputErrors, match=r"must be called network\.toml"):
        read(folder)


def test_a_network_without_sites_is_refused(tmp_path):
    folder = campus(tmp_path)
    (folder / SITE).unlink()
    [(_, field, rule)] = wrong(folder)
    assert field == "sites"
    assert "at least one file" in rule


def test_a_user_machine_is_laid_over_the_facts(tmp_path):
    folder = campus(tmp_path)
    machines = folder / "facts" / "machines"
    machines.mkdir(parents=True)
    fact = 'source = "me", date = 2026-11-01, confidence = "low"'
    (machines / "miners.toml").write_text(f"""
[my-miner]
manufacturer = "Invented"
model = "One"
hashrate_th = 300.0
power_w = 3000.0
j_per_th = 10.0
cooling = "hydro"
release = "2026-10"
price = {{ value = 2000.0, unit = "USD", {fact} }}
life = {{ value = 5.0, unit = "year", {fact} }}
source = "me"
date = 2026-11-01
confidence = "low"
""")
    (folder / "facts" / "sources.toml").write_text("""
[me]
title = "My own measurement"
publisher = "Me"
read = 2026-11-01
licence = "own"
light = "green"
""")
    edit(folder / NETWORK, '"antminer-s21-xp"]', '"my-miner"]')
    assert read(folder).facts.miners["my-miner"].provenance == "user"


def series_file(folder, values):
    """Put a user's price series in the place of the typical one."""
    utc = TimeGrid.planning_year(2025).utc()[: len(values)]
    table = pa.table({"utc": pa.array(utc, pa.timestamp("s", "UTC")), "price": values})
    pq.write_table(table, folder / "series" / "mine.parquet")
    with (folder / "series" / "series.toml").open("a") as file:
        file.write(
            '\n[[file]]\nkind = "prices"\nzone = "BR-SE"\nyear = 2025\npath = "mine.parquet"\n'
            'currency = "BRL"\nsource = "a test"\nprovenance = "observed"\n'
        )


def test_a_measured_series_takes_the_place_of_the_typical_year(tmp_path):
    folder = campus(tmp_path)
    series_file(folder, np.full(8760, 123.0))
    assert (read(folder).prices["BR-SE"].values == 123.0).all()


@pytest.mark.parametrize(
    "values",
    [np.full(8759, 123.0), np.where(np.arange(8760) == 17, np.nan, 123.0)],
    ids=["8,759 hours", "NaN"],
)
def test_a_year_that_is_not_whole_is_refused(values, tmp_path):
    folder = campus(tmp_path)
    series_file(folder, values)
    [(file, _, _)] = wrong(folder)
    assert file == "series/mine.parquet"
