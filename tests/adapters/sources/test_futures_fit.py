# SPDX-License-Identifier: Apache-2.0
import tomllib

import numpy as np
import pytest

from loadstone.adapters.sources.futures_fit import fit_file
from loadstone.adapters.sources.history import read_history
from loadstone.adapters.tables import checked
from loadstone.model.errors import InputErrors
from loadstone.model.futures.terms import Futures
from tests.adapters.sources.made import csv_file
from tests.shared_data import SHARED, needs_shared

MONTHS = np.arange("2015-01", "2025-01", dtype="datetime64[M]")
WALK = np.exp(np.cumsum(np.random.default_rng(5).normal(size=120)) * 0.6 / 12**0.5) * 100


def walk(folder, header="date,price_usd", values=WALK):
    return csv_file(
        folder, [(f"{m}-15", f"{v:.9f}") for m, v in zip(MONTHS, values, strict=True)], header
    )


def test_months_are_told_by_their_last_value_mean_or_median(tmp_path):
    lines = [(f"2024-0{m}-{d:02}", str(10 * m + d)) for m in (1, 2) for d in (3, 5, 11)]
    file = csv_file(tmp_path, lines, "date,price_usd")
    found = {
        take: read_history(file, "btc", take=take).values.tolist()
        for take in ("last", "mean", "median")
    }
    assert found["last"] == [21, 31]
    assert found["mean"] == pytest.approx([10 + 19 / 3, 20 + 19 / 3])
    assert found["median"] == [15, 25]


def test_part_of_a_month_at_an_end_is_left_out_and_a_missing_month_is_refused(tmp_path):
    days = np.arange("2023-01-31", "2023-04-01", dtype="datetime64[D]")
    file = csv_file(tmp_path, [(str(day), "5") for day in days], "date,price_usd")
    history = read_history(file, "btc", take="last")
    assert (history.first, history.last) == ("2023-02", "2023-03")
    assert history.month.tolist() == [2, 3]
    gap = csv_file(tmp_path, [("2023-01-01", "5"), ("2023-03-01", "5")], "date,price_usd")
    with pytest.raises(InputErrors, match="2023-02"):
        read_history(gap, "btc", take="last")


def test_columns_and_months_that_are_not_there_are_refused(tmp_path):
    file = walk(tmp_path)
    for options, said in (
        ({"value": "open"}, "--value"),
        ({"since": "2030-01"}, "2030-01"),
        ({"since": "spring"}, "--since"),
        ({"time": "day"}, "column"),
    ):
        with pytest.raises(InputErrors, match=said):
            read_history(file, "btc", take="last", **options)


@pytest.mark.parametrize("factor", ["btc", "fx", "power", "ai"])
def test_the_lines_of_a_factor_are_read_as_futures(factor, tmp_path):
    made = fit_file(walk(tmp_path), factor, name="BRL", since="2016-01")
    table = tomllib.loads("\n".join(made.lines))
    if factor not in {"btc"}:
        table[factor]["together"] = 0.5
    futures = checked(Futures, {"source": "a test", "date": "2026-11-21"} | table)
    stated = getattr(futures, factor)
    stated = stated if factor == "btc" else stated.each["BRL"]
    assert stated.volatility == pytest.approx(made.found.volatility, rel=0.01)
    assert "price_usd, 2016-01 to 2024-12, 108 months" in stated.source
    assert made.months == 108


def test_hashrate_takes_two_columns_of_one_file(tmp_path):
    grown = np.exp(np.arange(120) / 40)
    lines = [
        (f"{m}-28", f"{a:.6f}", f"{b:.6f}") for m, a, b in zip(MONTHS, WALK, grown, strict=True)
    ]
    file = csv_file(tmp_path, lines, "date,hashprice,difficulty")
    made = fit_file(file, "hashrate", name="")
    table = tomllib.loads("\n".join(made.lines))
    futures = checked(Futures, {"source": "a test", "date": "2026-11-21"} | table)
    assert futures.hashrate is not None
    assert futures.hashrate.delivery_months == made.found.delivery_months
    with pytest.raises(InputErrors, match="hashrate"):
        fit_file(walk(tmp_path, "date,hashprice"), "hashrate", name="", value="hashprice")


def test_an_unknown_factor_is_refused(tmp_path):
    with pytest.raises(InputErrors, match="--as"):
        fit_file(walk(tmp_path), "gold", name="")


@needs_shared
def test_observed_histories_have_the_volatility_that_is_known_of_them():
    btc = SHARED / "bitcoin" / "btc_daily_2009_2024.parquet"
    found = fit_file(btc, "btc", name="", since="2021-01")
    assert 0.45 < found.found.volatility < 0.80
    real = fit_file(SHARED / "electricity" / "fx_monthly.csv", "fx", name="BRL",
                    where={"country": "Brazil"})  # fmt: skip
    assert 0.08 < real.found.volatility < 0.16
    spot = fit_file(SHARED / "electricity" / "hourly_prices_2021_2023.parquet", "power",
                    name="IN", where={"market": "IN"})  # fmt: skip
    assert 1 < spot.found.half_life_months < 6
    miners = fit_file(btc, "hashrate", name="", since="2018-01")
    assert 0.3 < miners.found.entry_speed < 3
