# SPDX-License-Identifier: Apache-2.0
"""Bills that somebody else has worked out, and rules that somebody else has written."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from loadstone.model.grid import TimeGrid
from loadstone.model.tariff import (
    BandedLevy,
    CoincidentPeak,
    DemandCharge,
    FixedCharge,
    FlatLevy,
    FlatPrice,
    Load,
    MinimumCharge,
    Prohibition,
    Tiers,
    TimeOfUse,
    site_card,
)
from loadstone.model.tariff.calendar import WEEKDAYS, Window
from loadstone.model.tariff.energy import PricedWindow
from loadstone.model.tariff.tiers import TieredWindow

WORKDAY = WEEKDAYS[:5]


def imported(grid, import_mw, mining_mw=None):
    power = np.broadcast_to(np.asarray(import_mw, dtype=float), grid.count).copy()
    none = np.zeros(grid.count)
    mining = power if mining_mw is None else mining_mw
    return Load(
        grid=grid,
        import_mw=power,
        export_mw=none,
        mining_mw=mining,
        ai_mw=none,
        auxiliary_mw=power - mining,
    )


# SAM, the System Advisor Model of NREL, through NREL-PySAM's Utilityrate5, module
# `utilityrate5`; its year starts on a Monday and has no zone: 2018 in UTC.
SAM_YEAR = TimeGrid.planning_year(2018)
USD = {"currency": "USD", "zone": "UTC"}
DAY_AND_EVENING = Window(weekdays=WORKDAY, hours=((7, 10), (18, 20)))
NO_END = 1e38


def sam_load_mw():
    return 5 + 20 * np.random.default_rng(3).random(SAM_YEAR.count)


def sam(energy, *, flat_demand=(), window_demand=(), fixed=0.0, minimum=0.0):
    """Return the bill of the first year, USD. Rates are per kWh and per kW."""
    model = pytest.importorskip("PySAM.Utilityrate5").new()
    workday = [[1] * 7 + [2] * 3 + [1] * 8 + [2] * 2 + [1] * 4] * 12
    model.Lifetime.assign(
        {"analysis_period": 1, "system_use_lifetime_output": 0, "inflation_rate": 0}
    )
    model.SystemOutput.assign({"degradation": [0], "gen": [0.0] * SAM_YEAR.count})
    model.Load.load = (1000 * sam_load_mw()).tolist()
    model.ElectricityRates.assign(
        {
            "rate_escalation": [0],
            "ur_metering_option": 0,  # under 2, net billing, tiers fill hour by hour
            "ur_monthly_fixed_charge": fixed,
            "ur_monthly_min_charge": minimum,
            "ur_annual_min_charge": 0,
            "ur_en_ts_buy_rate": 0,
            "ur_en_ts_sell_rate": 0,
            "ur_sell_eq_buy": 0,
            "ur_nm_yearend_sell_rate": 0,
            "ur_nm_credit_month": 0,
            "ur_nm_credit_rollover": 0,
            "ur_nb_credit_expire": 0,
            "ur_nb_apply_credit_current_month": 0,
            "ur_ec_sched_weekday": workday,
            "ur_ec_sched_weekend": [[1] * 24] * 12,
            "ur_ec_tou_mat": energy,
            "ur_dc_enable": int(bool(flat_demand or window_demand)),
            "ur_dc_sched_weekday": workday,
            "ur_dc_sched_weekend": [[1] * 24] * 12,
            "ur_dc_flat_mat": flat_demand or [[k, 1, NO_END, 0] for k in range(12)],
            "ur_dc_tou_mat": window_demand or [[1, 1, NO_END, 0], [2, 1, NO_END, 0]],
            "ur_enable_billing_demand": 0,
        }
    )
    model.execute()
    return model.Outputs.utility_bill_wo_sys_year1


def our_bill(*entries):
    return site_card(entries, SAM_YEAR, {}).charge(imported(SAM_YEAR, sam_load_mw()))


TWO_PRICES = TimeOfUse(
    **USD,
    windows=(
        PricedWindow(name="peak", per_mwh=120.0, when=(DAY_AND_EVENING,)),
        PricedWindow(name="rest", per_mwh=50.0),
    ),
)
SAM_TWO_PRICES = [[1, 1, NO_END, 0, 0.05, 0], [2, 1, NO_END, 0, 0.12, 0]]


def test_time_of_use_and_fixed_charges_agree_with_sam():
    fixed = FixedCharge(**USD, per_month=500.0)
    expected = sam(SAM_TWO_PRICES, fixed=500.0)
    assert our_bill(TWO_PRICES, fixed) == pytest.approx(expected, rel=1e-7)


def test_demand_charges_by_month_and_by_window_agree_with_sam():
    rates = [8.0 + month for month in range(12)]
    expected = sam(
        SAM_TWO_PRICES,
        flat_demand=[[month, 1, NO_END, rate] for month, rate in enumerate(rates)],
        window_demand=[[1, 1, NO_END, 0.0], [2, 1, NO_END, 4.0]],
    )
    by_month = DemandCharge(**USD, rates=tuple(1000 * rate for rate in rates))
    in_window = DemandCharge(**USD, rates=(4000.0,), when=(DAY_AND_EVENING,))
    assert our_bill(TWO_PRICES, by_month, in_window) == pytest.approx(expected, rel=1e-7)


def test_tiers_on_the_total_of_the_month_agree_with_sam():
    # in SAM each window holds its share of every tier of the month: 5 GWh here
    expected = sam(
        [
            [1, 1, 5e6, 0, 0.05, 0],
            [1, 2, NO_END, 0, 0.07, 0],
            [2, 1, 5e6, 0, 0.12, 0],
            [2, 2, NO_END, 0, 0.20, 0],
        ]
    )
    tiers = Tiers(
        **USD,
        edges_mwh=(5000.0,),
        windows=(
            TieredWindow(name="peak", per_mwh=(120.0, 200.0), when=(DAY_AND_EVENING,)),
            TieredWindow(name="rest", per_mwh=(50.0, 70.0)),
        ),
        scope="month_total_prorated",
    )
    assert our_bill(tiers) == pytest.approx(expected, rel=1e-7)


def test_a_least_amount_of_the_month_agrees_with_sam():
    expected = sam(SAM_TWO_PRICES, minimum=650_000.0)
    minimum = MinimumCharge(**USD, per_month=650_000.0)
    assert our_bill(TWO_PRICES) < expected
    assert our_bill(TWO_PRICES, minimum) == pytest.approx(expected, rel=1e-7)


# REopt: billed demand is at least `demand_lookback_percent` times the highest demand of the
# previous `demand_lookback_range` months, wrapping over the year end, or else of
# `demand_lookback_months`. NREL/REopt.jl, src/constraints/electric_utility_constraints.jl,
# add_demand_lookback_constraints, rows 12e and 12f.
MONTHLY_PEAK_MW = [10, 12, 9, 8, 14, 20, 18, 16, 11, 7, 6, 13]


def reopt_billed(percent, months_back=0, named=()):
    billed = []
    for month, actual in enumerate(MONTHLY_PEAK_MW):
        looked = [MONTHLY_PEAK_MW[m - 1] for m in named]
        looked += [MONTHLY_PEAK_MW[(month - lag) % 12] for lag in range(1, months_back + 1)]
        billed.append(max(actual, percent * max(looked)))
    return billed


@pytest.mark.parametrize(
    ("rule", "reference"),
    [
        ({"lookback_previous": 11}, {"months_back": 11}),
        ({"lookback_previous": 3}, {"months_back": 3}),
        ({"lookback_months": (6, 7, 8)}, {"named": (6, 7, 8)}),
        ({"lookback_months": (1, 12)}, {"named": (1, 12)}),
    ],
)
def test_look_back_is_the_one_of_reopt(rule, reference):
    grid = TimeGrid.planning_year(2027)
    month = grid.local_month("UTC")
    first = np.append(True, month[1:] != month[:-1])
    power = np.where(first, np.array(MONTHLY_PEAK_MW, dtype=float)[month - 1], 1.0)
    charge = DemandCharge(**USD, rates=(1.0,), lookback_share=0.8, **rule)
    term = charge.rate_card(grid, {}).terms[0]
    billed = term.billed_mw(imported(grid, power))
    np.testing.assert_allclose(billed, reopt_billed(0.8, **reference))


def test_four_coincident_peaks_are_the_published_510_kw():
    # Arcadia, "Determine System Peak Demand" (docs.arcadia.com): Oncor, ERCOT 2017; peak
    # intervals 23 June 4:30, 28 July 4:45, 16 August 4:45 and 20 September 4:30 p.m. with
    # 510, 510, 520 and 500 kW: a system peak demand of 510 kW.
    starts = [(6, 23, 30), (7, 28, 45), (8, 16, 45), (9, 20, 30)]  # 4 p.m. CDT is 21:00 UTC
    actual = tuple(datetime(2017, m, d, 21, minute, tzinfo=UTC) for m, d, minute in starts)
    grid = TimeGrid(start=datetime(2017, 1, 1, tzinfo=UTC), count=35_040, step_minutes=15)
    power = np.full(grid.count, 0.9)
    for start, kw in zip(actual, (510, 510, 520, 500), strict=True):
        power[grid.utc() == np.datetime64(start.replace(tzinfo=None))] = kw / 1000
    charge = CoincidentPeak(
        currency="USD", zone="America/Chicago", per_mw=1.0, expected=(Window(),), actual=actual
    )
    bill = charge.rate_card(grid, {}).charge(imported(grid, power))
    assert bill == pytest.approx(0.510)


# Eskom's Megaflex windows from April 2025: weekday peak 06-08 and 17-20 in the high-demand
# season, June to August, 07-09 and 18-21 in the low one; Sunday evening is standard.
# Eskom, Tariffs and Charges Booklet 2025/26. The prices are invented, in the ratio 1 to 6
# that it keeps between the dearest and the cheapest.
HIGH, LOW = (6, 7, 8), (1, 2, 3, 4, 5, 9, 10, 11, 12)
SATURDAY, SUNDAY = 5, 6


def megaflex():
    peak = (
        Window(months=HIGH, weekdays=WORKDAY, hours=((6, 8), (17, 20))),
        Window(months=LOW, weekdays=WORKDAY, hours=((7, 9), (18, 21))),
    )
    standard = (
        Window(months=HIGH, weekdays=WORKDAY, hours=((8, 17), (20, 22))),
        Window(months=LOW, weekdays=WORKDAY, hours=((6, 7), (9, 18), (21, 22))),
        Window(weekdays=(SATURDAY,), hours=((7, 12), (18, 20))),
        Window(months=HIGH, weekdays=(SUNDAY,), hours=((17, 19),)),
        Window(months=LOW, weekdays=(SUNDAY,), hours=((18, 20),)),
    )
    return TimeOfUse(
        currency="ZAR",
        zone="Africa/Johannesburg",
        windows=(
            PricedWindow(name="peak", per_mwh=6000.0, when=peak),
            PricedWindow(name="standard", per_mwh=1600.0, when=standard),
            PricedWindow(name="off-peak", per_mwh=1000.0),
        ),
        holidays=(date(2026, 6, 16),),  # Youth Day, a Tuesday
    )


@pytest.mark.parametrize(
    ("local", "price"),
    [
        ((2026, 6, 1, 6), 6000.0),  # Monday of the high season
        ((2026, 6, 1, 8), 1600.0),
        ((2026, 6, 1, 19), 6000.0),
        ((2026, 6, 1, 22), 1000.0),
        ((2026, 5, 29, 6), 1600.0),  # Friday of the low season
        ((2026, 5, 29, 7), 6000.0),
        ((2026, 5, 29, 20), 6000.0),
        ((2026, 6, 6, 8), 1600.0),  # Saturday
        ((2026, 6, 6, 13), 1000.0),
        ((2026, 6, 7, 17), 1600.0),  # Sunday
        ((2026, 6, 7, 7), 1000.0),
        ((2026, 6, 16, 7), 1000.0),  # a holiday counts as Sunday
    ],
)
def test_megaflex_windows_fall_where_eskom_puts_them(local, price):
    grid = TimeGrid.planning_year(2026)
    card = megaflex().rate_card(grid, {})
    year, month, day, hour = local
    at = np.datetime64(datetime(year, month, day, hour)) - np.timedelta64(2, "h")  # noqa: DTZ001
    assert card.per_mwh("residual")[grid.utc() == at] == price


# Kazakhstan 2023, levy on mining by the average price of power in the period, bands of the
# bill: 5 to 10 KZT/kWh pays 10, 10 to 15 pays 7, 20 to 25 pays 3, from 24 (as enacted) 1.
# PwC Kazakhstan, "Tax on digital mining"; below 5 and from 15 to 20 are invented here.
KZ = {"currency": "KZT", "zone": "Asia/Almaty"}
KZ_LEVY = BandedLevy(
    **KZ,
    use="mining",
    edges_per_mwh=(5e3, 10e3, 15e3, 20e3, 24e3),
    rates_per_mwh=(10e3, 10e3, 7e3, 5e3, 3e3, 1e3),
    assessed="quarter",
)


@pytest.mark.parametrize(
    ("price_kwh", "levy_kwh"), [(6, 10), (10, 7), (14.99, 7), (21, 3), (23.99, 3), (24, 1)]
)
def test_the_average_price_sets_one_levy_for_every_kwh(price_kwh, levy_kwh):
    grid = TimeGrid.planning_year(2023)
    base = FlatPrice(**KZ, per_mwh=1000.0 * price_kwh)
    card = site_card([base, KZ_LEVY], grid, {})
    mining = np.full(grid.count, 8.0)
    bill = card.charge(imported(grid, 10.0, mining))
    mwh = 8760 * 10.0
    assert bill == pytest.approx(1000.0 * (price_kwh * mwh + levy_kwh * 0.8 * mwh))
    assert card.planner_cost(imported(grid, 10.0, mining)) == pytest.approx(bill)


def test_a_dear_demand_charge_lifts_the_average_into_a_cheaper_band():
    # 9.5 KZT/kWh of energy and 1.2 KZT/kWh of demand: 10.7 is in the band of 7, not of 10
    grid = TimeGrid.planning_year(2023)
    base = FlatPrice(**KZ, per_mwh=9500.0)
    demand = DemandCharge(**KZ, rates=(1200.0 * 730,))
    card = site_card([base, demand, KZ_LEVY], grid, {})
    steady = imported(grid, 10.0)
    levy = card.terms[-1]
    assert levy.charge(steady) == pytest.approx(7000.0 * 87_600)
    assert levy.planner_cost(steady) == pytest.approx(10_000.0 * 87_600)
    assert levy.bounds(steady) == pytest.approx((1000.0 * 87_600, 10_000.0 * 87_600))


def test_the_swedish_levy_steps_up_inside_an_invoice():
    # SEK 0.006 per kWh until 30 June 2023, SEK 0.36 from 1 July: Lag (1994:1776) om skatt
    # på energi as amended by SFS 2022:1775. Invoice of 15 June to 14 July, 30 days at 10 MW.
    grid = TimeGrid(start=datetime(2023, 6, 14, 22, tzinfo=UTC), count=30 * 24)
    low = FlatLevy(
        currency="SEK",
        zone="Europe/Stockholm",
        use="mining",
        per_mwh=6.0,
        valid_to=date(2023, 7, 1),
    )
    high = replace(low, per_mwh=360.0, valid_from=date(2023, 7, 1), valid_to=None)
    card = site_card([low, high], grid, {})
    # 16 days of 240 MWh at 6, 14 days at 360
    assert card.charge(imported(grid, 10.0)) == pytest.approx(16 * 240 * 6 + 14 * 240 * 360)
    assert [line.quantity for line in card.lines(imported(grid, 10.0))] == [3840.0, 3360.0]


def test_a_winter_ban_holds_from_15_november_to_15_march_on_the_local_clock():
    # the season of the Russian regional bans: Government Decree 1869 of 23 December 2024
    ban = Prohibition(
        currency="RUB",
        zone="Asia/Chita",
        use="mining",
        valid_from=date(2025, 1, 1),
        valid_to=date(2031, 3, 16),
        when=(Window(first_day="11-15", last_day="03-15"),),
        source="Government Decree 1869 of 23 December 2024",
    )
    grid = TimeGrid.planning_year(2026)
    mask = ban.rate_card(grid, {}).prohibited("mining")
    assert mask.sum() == 24 * (31 + 28 + 15 + 16 + 31)
    first = np.flatnonzero(mask & (grid.local_month("Asia/Chita") == 11))[0]
    assert str(grid.local("Asia/Chita")[first]) == "2026-11-15T00:00:00"
    later = ban.rate_card(TimeGrid.planning_year(2031), {}).prohibited("mining")
    assert later.sum() == 24 * (31 + 28 + 15)  # the last winter ends the rule
