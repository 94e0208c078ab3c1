# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from loadstone.model.errors import InputError
from loadstone.model.grid import TimeGrid
from loadstone.model.tariff import CoincidentPeak, DemandCharge
from loadstone.model.tariff.calendar import WEEKDAYS, Window
from tests.contracts.tariff_examples import EUR, ZONE, load, local_month

JUNE = local_month(2026, 6)
DEMAND = DemandCharge(**EUR, rates=(1000.0,))


def importing(grid, power_mw, contracted_mw=0.0):
    power = np.broadcast_to(np.asarray(power_mw, dtype=float), grid.count).copy()
    return replace(load(grid, scale=0.0), import_mw=power, contracted_mw=contracted_mw)


def spike(grid, at, height_mw, rest_mw=1.0):
    power = np.full(grid.count, rest_mw)
    power[at] = height_mw
    return importing(grid, power)


def bill(charge, drawn):
    return charge.rate_card(drawn.grid, {}).charge(drawn)


def test_one_hour_sets_the_demand_of_the_month():
    assert bill(DEMAND, spike(JUNE, 333, 40.0)) == pytest.approx(40_000)


def test_each_month_has_its_own_peak():
    grid = TimeGrid(start=JUNE.start, count=61 * 24)  # June and July
    assert bill(DEMAND, spike(grid, 333, 40.0)) == pytest.approx(41_000)


def test_only_the_hours_of_the_window_count():
    charge = replace(DEMAND, when=(Window(weekdays=WEEKDAYS[:5], hours=((7, 10),)),))
    monday = 7 + 24 * 0  # 1 June 2026 is a Monday
    assert bill(charge, spike(JUNE, monday, 40.0)) == pytest.approx(40_000)
    assert bill(charge, spike(JUNE, monday + 3, 40.0)) == pytest.approx(1_000)
    assert bill(charge, spike(JUNE, monday + 5 * 24, 40.0)) == pytest.approx(1_000)  # Saturday


def test_a_rate_per_mva_is_divided_by_the_power_factor():
    charge = replace(DEMAND, per="MVA", power_factor=0.8)
    assert bill(charge, importing(JUNE, 40.0)) == pytest.approx(50_000)


def test_a_rate_may_change_by_month():
    charge = replace(DEMAND, rates=tuple(100.0 * month for month in range(1, 13)))
    assert bill(charge, importing(JUNE, 1.0)) == pytest.approx(600)
    year = TimeGrid.planning_year(2026)
    assert bill(charge, importing(year, 1.0)) == pytest.approx(100 * 78)


def test_a_yearly_peak_is_charged_once():
    charge = replace(DEMAND, assessed="year")
    year = TimeGrid.planning_year(2026)
    assert bill(charge, spike(year, 333, 40.0)) == pytest.approx(40_000)
    assert bill(charge, importing(JUNE, 12.0)) == pytest.approx(1_000)  # a twelfth in June


def test_a_contract_is_billed_at_least_and_its_excess_on_top():
    charge = replace(DEMAND, contract_mw=30.0, floor_share=0.8, excess_rate=500.0)
    assert bill(charge, importing(JUNE, 10.0)) == pytest.approx(24_000)
    assert bill(charge, importing(JUNE, 28.0)) == pytest.approx(28_000)
    assert bill(charge, importing(JUNE, 40.0)) == pytest.approx(40_000 + 10 * 500)
    lines = charge.rate_card(JUNE, {}).lines(importing(JUNE, 40.0))
    assert [(line.term, line.quantity) for line in lines] == [
        ("demand", 40.0),
        ("demand, excess", 10.0),
    ]


def test_a_floor_without_a_contract_is_of_the_connection():
    charge = replace(DEMAND, floor_share=0.5)
    assert bill(charge, importing(JUNE, 10.0, contracted_mw=50.0)) == pytest.approx(25_000)


def test_a_bill_looks_back_on_the_months_before_it_and_never_ahead():
    charge = replace(
        DEMAND,
        lookback_share=0.8,
        lookback_previous=2,
        earlier_mw={"2026-03": 90.0, "2026-04": 50.0, "2026-05": 30.0},
    )
    assert bill(charge, importing(JUNE, 10.0)) == pytest.approx(40_000)  # 80 % of April
    grid = TimeGrid(start=JUNE.start, count=92 * 24)  # June, July, August
    peaks = charge.rate_card(grid, {}).terms[0].billed_mw(spike(grid, 31 * 24, 35.0))
    np.testing.assert_allclose(peaks, [40.0, 35.0, 28.0])


def test_named_months_are_those_of_the_last_year():
    charge = replace(
        DEMAND,
        lookback_share=0.5,
        lookback_months=(7, 8),
        earlier_mw={"2025-05": 900.0, "2025-07": 60.0, "2024-08": 800.0},
    )
    assert bill(charge, importing(JUNE, 10.0)) == pytest.approx(30_000)


def test_a_planning_year_looks_back_over_the_year_end():
    year = TimeGrid.planning_year(2026)
    december = spike(year, 8760 - 100, 50.0)
    charge = replace(DEMAND, lookback_share=0.9, lookback_previous=2, zone="UTC")
    billed = charge.rate_card(year, {}).terms[0].billed_mw(december)
    np.testing.assert_allclose(billed, [45, 45, *[1] * 9, 50])


def test_half_a_month_in_force_is_charged_by_half():
    first = replace(DEMAND, valid_to=date(2026, 6, 16))
    second = replace(DEMAND, rates=(2000.0,), valid_from=date(2026, 6, 16))
    late = spike(JUNE, 700, 40.0)
    assert bill(first, late) == pytest.approx(500)
    assert bill(second, late) == pytest.approx(40_000)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"rates": (-1.0,)}, "at least 0"),
        ({"rates": (1.0, 2.0)}, "twelve by month"),
        ({"rates": (1.0,) * 12, "assessed": "year"}, "twelve by month"),
        ({"per": "MVA", "power_factor": 0.0}, "above 0"),
        ({"power_factor": 0.9}, 'per = "MVA"'),
        ({"floor_share": 1.1}, "from 0 to 1"),
        ({"excess_rate": 5.0}, "must come with contract_mw"),
        ({"contract_mw": -5.0}, "at least 0"),
        ({"lookback_share": 0.8}, "lookback_months or lookback_previous"),
        ({"lookback_previous": 3}, "lookback_months or lookback_previous"),
        ({"lookback_previous": 12}, "0 to 11"),
        ({"lookback_months": (13,)}, "1 to 12"),
        ({"lookback_share": 0.8, "lookback_previous": 3, "assessed": "year"}, "by the month"),
        ({"earlier_mw": {"May": 3.0}}, "YYYY-MM"),
        ({"earlier_mw": {"2026-05": -3.0}}, "at least 0"),
    ],
)
def test_a_demand_charge_that_cannot_be_is_refused(wrong, rule):
    with pytest.raises(InputError, match=rule):
        replace(DEMAND, **wrong)


FOUR = CoincidentPeak(
    **EUR, per_mw=60_000.0, expected=(Window(months=(6, 7, 8, 9), hours=((16, 17),)),)
)


def test_a_plan_pays_for_the_power_in_the_expected_hours():
    year = TimeGrid.planning_year(2026)
    hour = FOUR.expected[0].mask(FOUR.calendar(year))
    assert bill(FOUR, importing(year, 10.0)) == pytest.approx(600_000)
    assert bill(FOUR, importing(year, np.where(hour, 0.0, 10.0))) == 0
    assert bill(replace(FOUR, share_inside=0.5), importing(year, 10.0)) == pytest.approx(
        300_000
    )


def test_a_month_bears_its_part_of_the_expected_hours():
    june = bill(FOUR, importing(JUNE, 10.0))
    assert june == pytest.approx(600_000 * 30 / 122)


def test_a_bill_pays_for_the_power_in_the_systems_own_peaks():
    inside = JUNE.start + timedelta(hours=100, minutes=45)
    outside = datetime(2025, 7, 1, tzinfo=UTC)
    charge = replace(FOUR, actual=(inside, outside))
    assert bill(charge, spike(JUNE, 100, 40.0)) == pytest.approx(60_000 * 40 / 2)
    assert bill(charge, spike(JUNE, 101, 40.0)) == pytest.approx(60_000 * 1 / 2)


def test_a_peak_without_an_offset_is_refused():
    with pytest.raises(InputError, match="offset"):
        replace(FOUR, actual=(datetime(2026, 6, 1),))  # noqa: DTZ001


def test_the_zone_decides_which_month_an_hour_is_in():
    last = JUNE.count - 1
    assert str(JUNE.local(ZONE)[last]) == "2026-06-30T23:00:00"
    utc = replace(DEMAND, zone="UTC")
    # in UTC the first two hours are in May, and are charged as 2 of its 744
    assert bill(utc, importing(JUNE, 1.0)) == pytest.approx(1000 * (2 / 744 + 718 / 720))
