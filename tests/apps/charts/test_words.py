# SPDX-License-Identifier: Apache-2.0

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.apps.charts.words import (
    asset_name,
    figures,
    listed,
    money,
    number,
    percent,
    use_of,
)
from loadstone.model.plan import phase_name
from tests.apps.example_plan import facts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.234e9, "USD 1.23 bn"),
        (642.3e6, "USD 642 m"),
        (-2.5e6, "USD −2.50 m"),
        (12_345.0, "USD 12.3 k"),
        (0.62, "USD 0.62"),
        (0.0, "USD 0"),
        (float("nan"), "not known"),
        (999_600.0, "USD 1 m"),
    ],
)
def test_money_is_short_enough_for_a_sentence(value, text):
    assert money(value, "USD") == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0123, "0.0123"), (9.876, "9.88"), (98.76, "98.8"), (12345, "12,345")]
)
def test_three_figures_count(value, text):
    assert figures(value) == text


@given(st.floats(-1e15, 1e15), st.integers(1, 5))
def test_figures_are_as_close_as_they_claim(value, count):
    shown = float(figures(value, count).replace(",", "").replace("−", "-"))
    assert shown == pytest.approx(value, rel=0.5 * 10 ** (1 - count) * 1.001, abs=1e-6)


def test_a_negative_number_that_rounds_to_zero_has_no_sign():
    assert number(-0.2) == "0"
    assert number(-0.26, 1) == "−0.3"


def test_a_small_share_never_reads_as_nothing():
    assert percent(0.0) == "0%"
    assert percent(0.002) == "under 1%"
    assert percent(0.482) == "48%"


def test_names_are_listed_as_in_a_sentence():
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip


def test_assets_have_names_for_people():
    names = [
        "miner:antminer-s21-xp",
        "server:dgx-b200",
        "connection",
        "miner:new-one",
        "ice_rink",
    ]
    assert [asset_name(name, facts()) for name in names] == [
        "Antminer S21 XP", "DGX B200", "Grid connection", "new-one", "Ice rink",
    ]  # fmt: skip
    assert [use_of(name) for name in names[:3]] == ["mining", "ai", ""]


@pytest.mark.parametrize(
    ("asset", "name"),
    [
        ("lease:acme", "Lease acme"),
        ("hosting:north", "Hosting north"),
        ("miner:antminer-s21-xp:used", "Antminer S21 XP, used"),
        ("miner:antminer-s21-xp:low_power", "Antminer S21 XP, low power"),
        ("conversion:ai_hall_liquid", "Conversion to AI hall, liquid"),
        ("transformer", "Transformer"),
        ("connection_non_firm", "Non-firm connection"),
    ],
)
def test_what_stands_at_an_investment_grade_site_has_names(asset, name):
    assert asset_name(asset, facts()) == name


def test_leases_compute_for_ai_and_hosted_miners_mine():
    assert use_of("lease:acme") == "ai"
    assert use_of("hosting:north") == "mining"


def test_half_years_read_as_the_middle_of_a_year():
    assert [phase_name(year) for year in (2027, 2027.0, 2027.5)] == ["2027", "2027", "mid-2027"]


def test_power_that_was_promised_belongs_to_its_use():
    assert use_of("promised:ai") == "ai"
    assert asset_name("promised:mining", facts()) == "Promised mining"
