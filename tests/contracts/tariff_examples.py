# SPDX-License-Identifier: Apache-2.0
"""An example of every kind of tariff and levy; a new kind needs a row here and no new test."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from loadstone.model.grid import TimeGrid
from loadstone.model.tariff import (
    BandedLevy,
    CapacityCharge,
    CoincidentPeak,
    CostShareLevy,
    DemandCharge,
    ExportPrice,
    FixedCharge,
    FlatLevy,
    FlatPrice,
    Load,
    Losses,
    MinimumCharge,
    NetworkCharge,
    OwnGeneration,
    PriceSeries,
    Prohibition,
    SpotPrice,
    TakeOrPay,
    Tiers,
    TimeOfUse,
)
from loadstone.model.tariff.calendar import WEEKDAYS, Window
from loadstone.model.tariff.energy import PricedWindow
from loadstone.model.tariff.tiers import TieredWindow

ZONE = "Europe/Berlin"  # 29 March 2026 has 23 hours, 25 October 2026 has 25
EUR = {"currency": "EUR", "zone": ZONE}
WORKDAY = WEEKDAYS[:5]
PEAK = Window(weekdays=WORKDAY, hours=((7, 10), (18, 20)))
NIGHT = Window(hours=((22, 6),))

BASE = FlatPrice(**EUR, name="base", per_mwh=50.0)
NETWORK = NetworkCharge(**EUR, per_mwh=7.5)

EXAMPLES = {
    "flat": FlatPrice(**EUR, per_mwh=61.5),
    "spot": SpotPrice(**EUR, series="spot", multiplier=1.02, adder_per_mwh=4.0),
    "export": ExportPrice(**EUR, series="spot", multiplier=0.9, per_mwh=-1.0),
    "time of use": TimeOfUse(
        **EUR,
        windows=(
            PricedWindow(name="peak", per_mwh=140.0, when=(PEAK,)),
            PricedWindow(name="night", per_mwh=30.0, when=(NIGHT,)),
            PricedWindow(name="day", per_mwh=70.0),
        ),
        holidays=(date(2026, 3, 6), date(2026, 10, 3)),
    ),
    "rising tiers": Tiers(
        **EUR,
        edges_mwh=(9_000.0, 20_000.0),
        windows=(
            TieredWindow(name="peak", per_mwh=(90.0, 110.0, 115.0), when=(PEAK,)),
            TieredWindow(name="rest", per_mwh=(40.0, 60.0, 65.0)),
        ),
        scope="month_total_prorated",
    ),
    "tiers that differ by window": Tiers(
        **EUR,
        edges_mwh=(15_000.0,),
        windows=(
            TieredWindow(name="peak", per_mwh=(90.0, 150.0), when=(PEAK,)),
            TieredWindow(name="rest", per_mwh=(40.0, 45.0)),
        ),
        scope="month_total_prorated",
    ),
    "rising tiers of each window": Tiers(
        **EUR,
        edges_mwh=(4_000.0,),
        windows=(
            TieredWindow(name="peak", per_mwh=(90.0, 150.0), when=(PEAK,)),
            TieredWindow(name="rest", per_mwh=(40.0, 45.0)),
        ),
        scope="per_period",
    ),
    "falling tiers": Tiers(
        **EUR,
        edges_mwh=(9_000.0,),
        windows=(TieredWindow(name="all", per_mwh=(80.0, 50.0)),),
        scope="per_period",
        expected_mw=30.0,
    ),
    "whole bracket": Tiers(
        **EUR,
        edges_mwh=(9_000.0, 20_000.0),
        windows=(TieredWindow(name="all", per_mwh=(40.0, 55.0, 50.0)),),
        scope="whole_bracket",
        expected_mw=20.0,
    ),
    "demand": DemandCharge(**EUR, rates=(9_000.0,)),
    "demand in a window, per MVA, with look-back": DemandCharge(
        **EUR,
        rates=(8e3, 8e3, 8e3, 8e3, 8e3, 12e3, 12e3, 12e3, 8e3, 8e3, 8e3, 8e3),
        per="MVA",
        power_factor=0.95,
        when=(PEAK,),
        lookback_share=0.8,
        lookback_previous=11,
        earlier_mw={"2025-07": 30.0},
    ),
    "contracted demand": DemandCharge(
        **EUR, rates=(6_000.0,), contract_mw=25.0, floor_share=0.85, excess_rate=12_000.0
    ),
    "demand of the connection": DemandCharge(**EUR, rates=(6_000.0,), floor_share=0.9),
    "yearly demand": DemandCharge(**EUR, rates=(90_000.0,), assessed="year"),
    "coincident peak, expected": CoincidentPeak(
        **EUR, per_mw=60_000.0, expected=(Window(hours=((16, 19),)),), share_inside=0.9
    ),
    "coincident peak, known": CoincidentPeak(
        **EUR,
        per_mw=60_000.0,
        expected=(Window(hours=((16, 19),)),),
        actual=tuple(datetime(2026, m, d, 15, tzinfo=UTC) for m, d in ((3, 12), (10, 20))),
    ),
    "fixed": FixedCharge(**EUR, per_month=12_000.0),
    "minimum": MinimumCharge(**EUR, per_month=800_000.0),
    "capacity": CapacityCharge(**EUR, per_mw_month=1_500.0),
    "network": NETWORK,
    "losses": Losses(**EUR, share=0.04),
    "take or pay": TakeOrPay(
        **EUR, name="ppa", limit_mw=20.0, per_mwh=42.0, minimum_share=0.7, settled="month"
    ),
    "own generation": OwnGeneration(**EUR, name="engine", limit_mw=15.0, per_mwh=95.0),
    "flat levy": FlatLevy(**EUR, use="mining", per_mwh=20.5),
    "banded levy": BandedLevy(
        **EUR,
        use="mining",
        edges_per_mwh=(40.0, 60.0),
        rates_per_mwh=(10.0, 7.0, 1.0),
        assessed="month",
    ),
    "share of cost": CostShareLevy(**EUR, use="mining", share=0.1),
    "prohibition": Prohibition(
        **EUR,
        use="mining",
        source="an invented rule",
        when=(Window(first_day="10-15", last_day="03-15"),),
    ),
}


def local_month(year: int, month: int, step_minutes: int = 60) -> TimeGrid:
    """Return the intervals of a month in ZONE."""
    zone = ZoneInfo(ZONE)
    start = datetime(year, month, 1, tzinfo=zone).astimezone(UTC)
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=zone).astimezone(UTC)
    count = int((end - start).total_seconds() // (60 * step_minutes))
    return TimeGrid(start=start, count=count, step_minutes=step_minutes)


def prices(grid: TimeGrid, seed: int = 1) -> dict[str, PriceSeries]:
    """Return a price series that is negative at times."""
    hours = np.arange(grid.count) * grid.step_minutes // 60
    by_hour = np.random.default_rng(seed).normal(55.0, 40.0, int(hours[-1]) + 1)
    return {"spot": PriceSeries(currency="EUR", per_mwh=by_hour[hours])}


def load(grid: TimeGrid, seed: int | None = None, scale: float = 1.0) -> Load:
    """Return a random load of 0 to 40 MW; without a seed one that never changes."""
    if seed is None:
        shape = np.ones((7, grid.count)) * 0.75
    else:
        shape = np.random.default_rng(seed).random((7, grid.count))
    shape = shape * scale
    ppa, residual = 20.0 * shape[0], 20.0 * shape[1]
    own, mining, ai = 15.0 * shape[2], 25.0 * shape[3], 12.0 * shape[4]
    return Load(
        grid=grid,
        import_mw=ppa + residual,
        export_mw=5.0 * shape[5],
        mining_mw=mining,
        ai_mw=ai,
        auxiliary_mw=3.0 * shape[6],
        ppa_mw={"ppa": ppa},
        own_mw={"engine": own},
        contracted_mw=45.0 * min(scale, 1.0),
    )
