# SPDX-License-Identifier: Apache-2.0
"""Dated rules, hour by hour; duties, incentives and treatments by their conditions."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.model.country import Country, ImportDuty, Treatment, Zone
from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.rule import Incentive, Levy, MiningRule, TextRule
from loadstone.model.source import Fact

IRKUTSK = "Asia/Irkutsk"  # UTC+8 all year
STATED = {"source": "s", "date": date(2026, 1, 1), "confidence": "high"}
SEASON = MiningRule(
    id="season",
    region="RU-BU",
    window="11-15..03-16",
    effective_from=date(2025, 1, 1),
    effective_to=date(2031, 3, 16),
    exempt=("off-grid own generation",),
    **STATED,
)
YEAR_2026 = TimeGrid.planning_year(2026)

month_days = st.dates(date(2025, 1, 1), date(2025, 12, 31)).map(lambda d: f"{d:%m-%d}")
windows = st.tuples(month_days, month_days).filter(lambda w: w[0] != w[1]).map("..".join)
starts = st.dates(date(2024, 1, 1), date(2027, 12, 31))
zones = st.sampled_from([IRKUTSK, "America/Sao_Paulo", "Europe/Berlin", "Asia/Kolkata"])


def fact(value=0.0, unit="1", **more):
    return Fact(value=value, unit=unit, **(STATED | more))


def bans(rule, grid=YEAR_2026, region="RU-BU", *, off_grid=False, zone=IRKUTSK):
    return rule.bans(region, off_grid=off_grid, grid=grid, time_zone=zone)


def local_days(grid, zone):
    info = ZoneInfo(zone)
    hours = grid.utc().tolist()
    return [hour.replace(tzinfo=UTC).astimezone(info).date() for hour in hours]


def banned_by_the_book(rule, day):
    """The rule as one would say it."""
    if day < rule.effective_from or (rule.effective_to and day >= rule.effective_to):
        return False
    if not rule.window:
        return True
    first, last = rule.window.split("..")
    today = f"{day:%m-%d}"
    return first <= today < last if first < last else today >= first or today < last


def test_a_winter_ban_wraps_the_year_end_in_local_time():
    mask = bans(SEASON)
    # 1 January to 15 March is 74 days, 15 November to 31 December is 47; the eight hours
    # by which the planning year overhangs into the local 2027 are banned in its place
    assert mask.sum() == (74 + 47) * 24
    first_free = datetime(2026, 3, 15, 16, tzinfo=UTC)  # midnight of 16 March in Irkutsk
    hour = int((first_free - YEAR_2026.start).total_seconds() // 3600)
    assert mask[hour - 1]
    assert not mask[hour]


@given(windows | st.just(""), starts, st.integers(1, 900), zones)
def test_the_mask_is_what_the_words_say_for_every_hour(window, start, days, zone):
    end = start + timedelta(days=days)
    rule = replace(SEASON, window=window, effective_from=start, effective_to=end)
    expected = [banned_by_the_book(rule, day) for day in local_days(YEAR_2026, zone)]
    np.testing.assert_array_equal(bans(rule, zone=zone), expected)


@given(windows, st.integers(2024, 2028))
def test_a_window_and_its_complement_make_a_whole_year(window, year):
    grid = TimeGrid.planning_year(year)
    always = replace(SEASON, effective_from=date(2020, 1, 1), effective_to=None)
    first, last = window.split("..")
    inside = bans(replace(always, window=window), grid)
    outside = bans(replace(always, window=f"{last}..{first}"), grid)
    assert (inside ^ outside).all()


@given(starts, st.integers(1, 900), st.integers(1, 900))
def test_a_later_end_never_bans_less(start, one, other):
    early, late = (start + timedelta(days=d) for d in sorted((one, other)))
    short = bans(replace(SEASON, effective_from=start, effective_to=early))
    long = bans(replace(SEASON, effective_from=start, effective_to=late))
    assert not (short & ~long).any()


def test_own_generation_off_the_grid_is_exempt_where_the_rule_says_so():
    assert not bans(SEASON, off_grid=True).any()
    assert bans(replace(SEASON, exempt=()), off_grid=True).any()


def test_a_proposal_does_not_ban():
    assert not bans(replace(SEASON, status="proposal")).any()


@pytest.mark.parametrize(
    ("rule_region", "part", "site", "covered"),
    [
        ("RU-BU", "", "RU-BU", True),
        ("RU-BU", "", "RU-IRK", False),
        ("RU-BU", "", "", False),
        ("CN", "", "CN-SC", True),
        ("CN", "", "", True),
        ("RU-IRK", "south", "RU-IRK", True),  # a part that is not known is taken to be covered
        ("RU-IRK", "south", "RU-IRK/south", True),
        ("RU-IRK", "south", "RU-IRK/north", False),
        ("RU-IRK", "", "RU-IRK/north", True),
    ],
)
def test_a_rule_covers_its_region_and_part(rule_region, part, site, covered):
    assert replace(SEASON, region=rule_region, part=part).covers(site) is covered


@pytest.mark.parametrize("window", ["winter", "13-01..02-01", "02-30..03-01", "05-01..05-01"])
def test_a_window_that_is_none_is_refused(window):
    with pytest.raises(InputError, match="window"):
        replace(SEASON, window=window)


def test_a_rule_that_ends_before_it_starts_is_refused():
    with pytest.raises(InputError, match="effective_to"):
        replace(SEASON, effective_to=date(2024, 1, 1))


TREATMENT = Treatment(
    rate=fact(0.3), deductible_share=fact(0.0), input_vat_recoverable_share=fact(1.0)
)
ZONE = Zone(id="X", name="X", time_zone=IRKUTSK, carbon=fact(400.0, "kg/MWh"))
LEAN = ImportDuty(
    id="lean", use="mining", rate=fact(0.0), above_th=200, below_j_per_th=20, **STATED
)
OTHER = ImportDuty(id="other", use="mining", rate=fact(0.16), **STATED)
SERVERS = ImportDuty(
    id="servers", use="ai", rate=fact(0.05, effective_from=date(2026, 2, 1)), **STATED
)
HOLIDAY = Incentive(
    id="holiday",
    name="Holiday",
    use="ai",
    zones=("X",),
    status="law",
    effective_from=date(2026, 4, 1),
    chip_country="CN",
    power_bill_share=fact(0.5),
    **STATED,
)
COUNTRY = Country(
    code="XX",
    name="Nowhere",
    currency="USD",
    complete=True,
    zones={"X": ZONE},
    ai=TREATMENT,
    vat=fact(0.2),
    duties=(LEAN, OTHER, SERVERS),
    depreciation=fact(5.0, "year"),
    rules=(SEASON, replace(SEASON, id="ai", use="ai", window="", effective_to=None)),
    incentives=(HOLIDAY,),
    levies=(Levy(id="l", name="L", use="all", status="law", rate=fact(1.0, "USD/kWh")),),
    texts=(TextRule(id="t", topic="register", text="Register.", **STATED),),
)


def test_a_country_bans_what_any_of_its_rules_bans():
    mining = COUNTRY.bans("mining", "RU-BU", off_grid=False, grid=YEAR_2026, time_zone=IRKUTSK)
    ai = COUNTRY.bans("ai", "RU-BU", off_grid=False, grid=YEAR_2026, time_zone=IRKUTSK)
    np.testing.assert_array_equal(mining, bans(SEASON))
    assert ai.all()


def test_the_first_duty_that_holds_is_used():
    day = date(2026, 6, 1)
    assert COUNTRY.miner_duty(hashrate_th=234, j_per_th=15, on=day) == LEAN.rate
    assert COUNTRY.miner_duty(hashrate_th=200, j_per_th=17.5, on=day) == OTHER.rate
    assert COUNTRY.miner_duty(hashrate_th=282, j_per_th=20, on=day) == OTHER.rate
    assert COUNTRY.server_duty(day) == SERVERS.rate


def test_a_duty_that_is_not_known_is_none():
    nothing = replace(COUNTRY, duties=(SERVERS,))
    assert nothing.miner_duty(hashrate_th=234, j_per_th=15, on=date(2026, 6, 1)) is None
    assert nothing.server_duty(date(2026, 1, 1)) is None  # before its first day


@pytest.mark.parametrize(
    ("changes", "asked", "holds"),
    [
        ({}, {}, True),
        ({}, {"on": date(2026, 3, 31)}, False),
        ({}, {"zone": "Y"}, False),
        ({}, {"chip_country": "US"}, False),
        ({"status": "proposal"}, {}, False),
        ({"zones": (), "chip_country": ""}, {"zone": "Y", "chip_country": "US"}, True),
    ],
)
def test_an_incentive_holds_where_all_its_conditions_do(changes, asked, holds):
    question = {"zone": "X", "chip_country": "CN", "on": date(2026, 4, 1)} | asked
    assert replace(HOLIDAY, **changes).holds(**question) is holds


@pytest.mark.parametrize(
    ("value", "changes", "field"),
    [
        (ZONE, {"carbon": fact(400.0, "g/kWh")}, "carbon"),
        (TREATMENT, {"rate": fact(30.0)}, "rate"),
        (TREATMENT, {"deductible_share": fact(0.5, "%")}, "deductible_share"),
        (LEAN, {"rate": fact(-0.1)}, "rate"),
        (HOLIDAY, {"power_bill_share": fact(50.0)}, "power_bill_share"),
        (HOLIDAY, {"effective_to": date(2026, 1, 1)}, "effective_to"),
        (COUNTRY, {"code": "Nowhere"}, "code"),
        (COUNTRY, {"currency": "US$"}, "currency"),
        (COUNTRY, {"vat": None}, "vat"),
        (COUNTRY, {"zones": {}}, "zones"),
        (COUNTRY, {"rules": (SEASON, SEASON)}, "rules.id"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused(value, changes, field):
    with pytest.raises(InputError) as caught:
        replace(value, **changes)
    assert caught.value.field == field


def test_a_country_of_which_little_is_known_says_so():
    assert replace(COUNTRY, complete=False, zones={}, vat=None, ai=None).vat is None
