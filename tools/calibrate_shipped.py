# SPDX-License-Identifier: Apache-2.0
"""Compute the calibration statistics that are shipped in src/loadstone/data/typical.

Usage: python tools/calibrate_shipped.py SHARED_DATA [--out FOLDER]

SHARED_DATA is a folder with observed hourly series that are not part of this repository:
electricity/hourly_prices_2021_2023.parquet, electricity/russia_ues_hourly_2017.parquet,
electricity/russia_pricezones_hourly_2008_2010.parquet and
climate/weather_hourly_2021_2023.parquet. Only the statistics leave it.

Method
- Prices of markets with three observed years: each year over its own mean, 2022 and 2023
  pooled, the level of 2023, the shape checked against 2021. Hour-end labels (India) are moved
  to the start. Doubled hours are averaged; missing hours stay out.
- Brazil: 2021, a dry year, and 2022, a wet one, pooled as they are; the level is their mean,
  the shape checked against 2023.
- Russia: day-ahead prices of one united energy system in 2017 (Center for RU-1, Siberia for
  RU-2), checked against the price zones in 2008 to 2010. No level: the user states it.
- Weather: air temperature, and dry bulb less psychrometric wet bulb at the place's height, of
  2021 and 2022; checked against 2023.
- Parameters of the price shapes of China are printed, not written; data/typical/shapes.toml
  states them with their reasons.
"""

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loadstone.adapters.sources.statistics_file import to_table, write_text
from loadstone.engines.series import (
    Calibration,
    Subject,
    calibrate,
    follow,
    shape_check,
    wetbulb_c,
)

DATE = "2026-11-21"
PACKAGED = "copy in HewlettPackard/green-dcc at 3f6ea95 (MIT)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """An observed market: its currency, clock, and how its hours are labelled."""

    zone: str
    currency: str
    time_zone: str
    source: str
    shift_hours: int = 0
    check_year: int = 2021
    keep_levels: bool = False
    note: str = ""


MARKETS = (
    Market(
        zone="BR",
        currency="BRL",
        time_zone="America/Sao_Paulo",
        source="CCEE hourly PLD, submarket Sudeste/Centro-Oeste",
        check_year=2023,
        keep_levels=True,
        note="a dry year and a wet one, pooled at their own prices: 41 % of the hours at the "
        "regulated floor; in the wet 2023 it was 98 %; runs at the floor and dry spells are "
        "shorter than observed, where they last for months",
    ),
    Market(
        zone="IN",
        currency="INR",
        time_zone="Asia/Kolkata",
        source="IEX day-ahead market clearing price",
        shift_hours=-1,
        note="prices are capped: 12,000 and 10,000 INR/MWh in 2022 and 2023",
    ),
    Market(
        zone="DE-LU",
        currency="EUR",
        time_zone="Europe/Berlin",
        source="day-ahead price, bidding zone DE-LU",
        note="hours of clock changes uncertain by 1 h; 2021 fell in the gas crisis",
    ),
    Market(
        zone="US-TEX-ERCO",
        currency="USD",
        time_zone="America/Chicago",
        source="ERCOT day-ahead price of one hub",
        note="2021 holds the scarcity of February at 9,000 USD/MWh",
    ),
    Market(
        zone="US-CAL-CISO",
        currency="USD",
        time_zone="America/Los_Angeles",
        source="CAISO day-ahead price",
    ),
)

PLACES = {
    "BR-SP": ("Sao Paulo", "America/Sao_Paulo", 760),
    "IN-WE": ("Mumbai", "Asia/Kolkata", 10),
    "ZA": ("Johannesburg", "Africa/Johannesburg", 1730),
    "CA-ON": ("Toronto", "America/Toronto", 100),
    "US-TEX-ERCO": ("Dallas", "America/Chicago", 150),
    "DE-LU": ("Frankfurt", "Europe/Berlin", 110),
    "SG": ("Singapore", "Asia/Singapore", 10),
}


def main() -> int:
    """Write all statistics, and print the checks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("shared", type=Path)
    default = Path(__file__).parents[1] / "src/loadstone/data/typical"
    parser.add_argument("--out", type=Path, default=default)
    options = parser.parse_args()
    for made in price_statistics(options.shared):
        _write(options.out / "prices" / f"{made.zone}.json", {"price": made})
    for air, depression in weather_statistics(options.shared):
        name = air.zone.replace(" ", "-")
        tables = {"drybulb_c": air, "wetbulb_depression_k": depression}
        _write(options.out / "weather" / f"{name}.json", tables)
    for line in shape_parameters(options.shared):
        sys.stdout.write(line + "\n")
    return 0


def price_statistics(shared: Path) -> list[Calibration]:
    """Return the price statistics of all markets."""
    table = pq.read_table(shared / "electricity/hourly_prices_2021_2023.parquet")
    found = []
    for market in MARKETS:
        values, utc = _market(table, market)
        year = utc.astype("datetime64[Y]").astype(int) + 1970
        used = (year != market.check_year) & (year <= 2023)
        years = " and ".join(str(y) for y in (2021, 2022, 2023) if y != market.check_year)
        subject = Subject(
            zone=market.zone,
            currency=market.currency,
            time_zone=market.time_zone,
            source=f"{market.source}, {years}; {PACKAGED}",
            date=DATE,
            note=market.note,
            keep_levels=market.keep_levels,
        )
        made = calibrate(values[used], utc[used], subject)
        unused = year == market.check_year
        check = shape_check(made, values[unused], utc[unused])
        found.append(replace(made, checks=(check,)))
    return found + _russia(shared / "electricity")


def _russia(folder: Path) -> list[Calibration]:
    ues = pq.read_table(folder / "russia_ues_hourly_2017.parquet")
    old = pq.read_table(folder / "russia_pricezones_hourly_2008_2010.parquet")
    zones = (
        ("RU-1", "da_Center", "price_eur", "Europe/Moscow", "Center"),
        ("RU-2", "da_Siberia", "price_sib", "Asia/Krasnoyarsk", "Siberia"),
    )
    found = []
    for zone, column, before, time_zone, system in zones:
        subject = Subject(
            zone=zone,
            currency="RUB",
            time_zone=time_zone,
            source=f"day-ahead price of the united energy system of {system} in 2017; copy in "
            "taimur9691/russianwholesale at 8ba235a, originally ATS",
            date=DATE,
            note="wholesale energy only; old, the level of today must be stated by the user",
        )
        made = calibrate(ues[column].to_numpy(), _from_moscow(ues), subject)
        utc, values = _from_moscow(old), old[before].to_numpy()
        year = (utc + np.timedelta64(3, "h")).astype("datetime64[Y]").astype(int) + 1970
        checks = tuple(
            shape_check(made, values[year == y], utc[year == y]) for y in (2008, 2009, 2010)
        )
        found.append(replace(made, level=None, checks=checks))
    return found


def weather_statistics(shared: Path) -> list[tuple[Calibration, Calibration]]:
    """Return the statistics of air temperature and wet-bulb depression of all places."""
    table = pq.read_table(shared / "climate/weather_hourly_2021_2023.parquet")
    return [_place(table, site, *place) for site, place in PLACES.items()]


def _place(
    table: Any, site: str, name: str, time_zone: str, height_m: float
) -> tuple[Calibration, Calibration]:
    rows = table.filter(pc.equal(table["site"], site))
    air, humidity = rows["drybulb_c"].to_numpy(), rows["rh_pct"].to_numpy()
    utc = rows["ts_utc"].to_numpy().astype("datetime64[s]")
    there = np.isfinite(air) & np.isfinite(humidity)
    air, humidity, utc = air[there], humidity[there], utc[there]
    below = air - wetbulb_c(air, humidity, height_m)
    early = utc < np.datetime64("2023-01-01")
    made = []
    for variable, unit, values in (
        ("drybulb_c", "degC", air),
        ("wetbulb_depression_k", "K", below),
    ):
        subject = Subject(
            zone=name,
            variable=variable,
            unit=unit,
            time_zone=time_zone,
            normalise=False,
            places=(0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0),
            source=f"Open-Meteo weather of {name}, 2021 and 2022 (CC BY 4.0); {PACKAGED}",
            date=DATE,
        )
        one = calibrate(values[early], utc[early], subject)
        made.append(replace(one, checks=(shape_check(one, values[~early], utc[~early]),)))
    return made[0], follow(made[1], below[early], air[early], utc[early])


def shape_parameters(shared: Path) -> list[str]:
    """Return the numbers that the shapes of China borrow, as text."""
    table = pq.read_table(shared / "electricity/hourly_prices_2021_2023.parquet")
    lines = []
    for zone in ("US-CAL-CISO", "BR"):
        market = next(m for m in MARKETS if m.zone == zone)
        values, utc = _market(table, market)
        year = utc.astype("datetime64[Y]").astype(int) + 1970
        over = np.concatenate(
            [values[year == y] / values[year == y].mean() for y in (2021, 2022, 2023)]
        )
        when = np.concatenate([utc[year == y] for y in (2021, 2022, 2023)])
        subject = Subject(zone=zone, time_zone=market.time_zone, normalise=False)
        made = calibrate(over, when, subject)
        lines.append(f"{zone} hours  {np.round(made.mean.mean(axis=0), 2).tolist()}")
        lines.append(f"{zone} months {np.round(made.mean.mean(axis=1), 2).tolist()}")
    return lines


def _market(table: Any, market: Market) -> tuple[np.ndarray, np.ndarray]:
    rows = table.filter(pc.equal(table["market"], market.zone))
    utc = rows["ts_utc"].to_numpy().astype("datetime64[s]") + np.timedelta64(
        market.shift_hours, "h"
    )
    values = rows["price_per_mwh"].to_numpy()
    there = np.isfinite(values) & ~np.isnat(utc)
    hours, place = np.unique(utc[there].astype("datetime64[h]"), return_inverse=True)
    mean = np.bincount(place, values[there]) / np.bincount(place)
    return mean, hours.astype("datetime64[s]")


def _from_moscow(table: Any) -> np.ndarray:
    # The files count Moscow winter time through the whole year, UTC+3.
    label = np.array(table["ts_msk"].to_pylist(), dtype="datetime64[s]")
    return label - np.timedelta64(3, "h")


def _write(path: Path, made: dict[str, Calibration]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(write_text({name: to_table(one) for name, one in made.items()}), "utf-8")
    for one in made.values():
        for check in one.checks:
            sys.stdout.write(f"{one.zone} {one.variable}: {check}\n")


if __name__ == "__main__":
    sys.exit(main())
