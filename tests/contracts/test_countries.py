# SPDX-License-Identifier: Apache-2.0
"""Every country file keeps these promises; a new one is tested on arrival."""

import tomllib
from datetime import date
from importlib.resources import files
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from loadstone.adapters.facts import read_facts
from loadstone.model.grid import TimeGrid

FACTS = read_facts()
COMPLETE = sorted(code for code, country in FACTS.countries.items() if country.complete)
TODAY = date(2026, 11, 21)

every_country = pytest.mark.parametrize("code", sorted(FACTS.countries))
complete_country = pytest.mark.parametrize("code", COMPLETE)


def test_the_five_countries_are_complete():
    assert {"BR", "RU", "IN", "CN", "ZA"} <= set(COMPLETE)


@every_country
def test_zones_are_of_the_country_and_know_their_time(code):
    for id_, zone in FACTS.countries[code].zones.items():
        assert id_ == zone.id
        assert id_.split("-")[0] == code
        assert ZoneInfo(zone.time_zone).key == zone.time_zone
        assert 0 < zone.carbon.value < 1200  # kg/MWh; lignite is near 1,100


def test_a_zone_names_only_typical_prices_that_are_shipped():
    typical = files("loadstone") / "data" / "typical"
    shapes = tomllib.loads((typical / "shapes.toml").read_text(encoding="utf-8"))["shapes"]
    shipped = {item.name.removesuffix(".json") for item in (typical / "prices").iterdir()}
    zones = [zone for country in FACTS.countries.values() for zone in country.zones.values()]
    assert {zone.prices for zone in zones if zone.prices} <= shipped | set(shapes)


@every_country
def test_rules_and_figures_are_not_read_before_they_were_said(code):
    country = FACTS.countries[code]
    for row in (*country.rules, *country.incentives, *country.texts):
        assert row.date <= TODAY
    for figure in country.figures.values():
        assert figure.date <= TODAY


@complete_country
def test_taxes_are_within_reason(code):
    country = FACTS.countries[code]
    assert 0.05 <= country.vat.value <= 0.30
    assert country.vat.in_force(TODAY)
    assert 1 <= country.depreciation.value <= 10
    for treatment in filter(None, (country.mining, country.ai)):
        assert 0.1 <= treatment.rate.value <= 0.45


@complete_country
def test_a_country_without_a_treatment_of_mining_forbids_it(code):
    country = FACTS.countries[code]
    mask = country.bans(
        "mining",
        "",
        off_grid=True,
        grid=TimeGrid.planning_year(2027),
        time_zone=next(iter(country.zones.values())).time_zone,
    )
    assert mask.all() == (country.mining is None)


@complete_country
def test_ai_is_forbidden_nowhere(code):
    assert not [rule for rule in FACTS.countries[code].rules if rule.use == "ai"]


@every_country
def test_an_incentive_that_is_law_has_a_linear_form(code):
    for row in FACTS.countries[code].incentives:
        if row.status == "law":
            assert row.power_bill_share or row.profit_tax_rate
        assert set(row.zones) <= set(FACTS.countries[code].zones)


def banned_hours(code, region, year, *, off_grid=False):
    country = FACTS.countries[code]
    return country.bans(
        "mining",
        region,
        off_grid=off_grid,
        grid=TimeGrid.planning_year(year),
        time_zone="Asia/Irkutsk" if code == "RU" else "Asia/Shanghai",
    )


def test_all_sixteen_rows_of_the_russian_bans_are_here():
    regions = sorted(rule.region for rule in FACTS.countries["RU"].rules)
    full = ["RU-CE", "RU-DA", "RU-IN", "RU-KB", "RU-KC", "RU-SE"]
    listed = ["UA-09", "UA-14", "UA-23", "UA-65"]
    parts = ["RU-BU", "RU-IRK", "RU-ZAB"] * 2
    assert regions == sorted(full + listed + parts)


@pytest.mark.parametrize("region", ["RU-DA", "RU-IRK/south", "RU-BU", "UA-65"])
def test_full_bans_hold_all_year_and_exempt_own_generation(region):
    assert banned_hours("RU", region, 2027).all()
    assert not banned_hours("RU", region, 2027, off_grid=True).any()


@pytest.mark.parametrize("region", ["RU-IRK/north", "RU-KYA", "RU-MUR", ""])
def test_other_regions_are_free(region):
    assert not banned_hours("RU", region, 2027).any()


def test_the_bans_end_in_the_middle_of_march_2031():
    mask = banned_hours("RU", "RU-DA", 2031)
    # to 15 March 24:00 in Irkutsk, which is 16:00 UTC: 73 days and 16 hours
    assert mask.sum() == 73 * 24 + 16
    assert mask[: mask.sum()].all()
    assert not banned_hours("RU", "RU-DA", 2032).any()


def test_buryatia_was_banned_in_two_winters_of_2025_and_all_of_2026():
    year = banned_hours("RU", "RU-BU", 2025)
    # from 1 January 08:00 local to 15 March, and from 15 November over the new year
    assert year.sum() == 74 * 24 - 8 + 47 * 24 + 8
    assert banned_hours("RU", "RU-BU", 2026).all()


def test_mining_in_china_is_forbidden_even_off_the_grid():
    assert banned_hours("CN", "CN-SC", 2027, off_grid=True).all()


def test_the_bans_of_two_years_meet_without_a_gap():
    for region in ("RU-DA", "RU-IRK/south", "RU-BU"):
        mask = np.concatenate([banned_hours("RU", region, y) for y in (2027, 2028, 2029)])
        assert mask.all()


def test_brazil_lets_only_lean_and_strong_miners_in_free():
    brazil, miners = FACTS.countries["BR"], FACTS.miners

    def duty(id_):
        miner = miners[id_]
        rate = brazil.miner_duty(
            hashrate_th=miner.hashrate_th, j_per_th=miner.j_per_th, on=TODAY
        )
        return rate.value

    assert duty("antminer-s21-pro") == 0  # 234 TH/s at 15 J/TH
    assert duty("antminer-s21") > 0  # 200 TH/s is not above 200
    assert duty("antminer-s19-xp") > 0  # 21.5 J/TH


def test_india_taxes_mining_on_revenue_and_gives_ai_a_holiday():
    india = FACTS.countries["IN"]
    assert india.mining.deductible_share.value == 0
    assert india.ai.deductible_share.value == 1
    holiday = india.incentives[0]
    assert holiday.profit_tax_rate.value == 0
    assert holiday.holds(zone="IN-WE", chip_country="US", on=TODAY)


def test_china_pays_bills_back_for_its_own_chips_only():
    grant = FACTS.countries["CN"].incentives[0]
    ascend, hopper = FACTS.servers["cloudmatrix-384"], FACTS.servers["dgx-h100"]
    assert grant.holds(zone="CN-GS", chip_country=ascend.chip_country, on=TODAY)
    assert not grant.holds(zone="CN-GS", chip_country=hopper.chip_country, on=TODAY)
    assert not grant.holds(zone="CN-GD", chip_country=ascend.chip_country, on=TODAY)


def test_redata_is_not_in_force():
    for row in FACTS.countries["BR"].incentives:
        assert not row.holds(zone="BR-NE", chip_country="US", on=TODAY)


def test_what_nobody_publishes_is_not_given():
    russia, africa = FACTS.countries["RU"], FACTS.countries["ZA"]
    assert not russia.figures  # neither prices nor a rouble rate
    assert not [name for name in africa.figures if "rate" in name or "price" in name]
