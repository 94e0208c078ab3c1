# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest

from loadstone.adapters.sources.importing import import_series
from loadstone.model.errors import InputErrors
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Provenance
from tests.adapters.sources.made import (
    PRICES,
    UTC_2023,
    csv_file,
    local_rows,
    parquet_file,
    rows,
)


def prices(file, **options):
    return import_series(file, **({"kind": "prices", "zone": "X", "currency": "EUR"} | options))


def problems(file, **options):
    with pytest.raises(InputErrors) as caught:
        prices(file, **options)
    return [str(error) for error in caught.value.errors]


def test_a_year_of_prices_comes_in_as_it_is(tmp_path):
    found = prices(csv_file(tmp_path, rows()))
    (series,) = found.series
    np.testing.assert_allclose(series.values, PRICES, atol=1e-6)
    assert series.share(Provenance.OBSERVED) == 1
    assert (series.kind, series.variable, series.unit) == ("prices", "price", "currency/MWh")
    assert (series.currency, series.year, series.source) == ("EUR", 2023, "prices.csv")
    assert len(found.sha256) == 64
    assert "column price taken for price" in found.said


def test_parquet_with_times_in_utc_comes_in_too(tmp_path):
    columns = {"ts_utc": pa.array(UTC_2023, pa.timestamp("s", "UTC")), "price": PRICES}
    found = prices(parquet_file(tmp_path, columns))
    np.testing.assert_allclose(found.series[0].values, PRICES)


def test_naive_times_of_a_utc_column_are_utc_and_others_need_a_zone(tmp_path):
    naive = rows(form="{}")
    found = prices(csv_file(tmp_path, naive, header="ts_utc,price"))
    assert "times of ts_utc taken for UTC" in found.said
    assert "--tz" in problems(csv_file(tmp_path, naive))[0]
    assert prices(csv_file(tmp_path, naive), tz="UTC").series[0].year == 2023


def test_a_wrong_zone_is_refused(tmp_path):
    assert "IANA" in problems(csv_file(tmp_path, rows(form="{}")), tz="Mars/Olympus")[0]


def test_columns_can_be_named_and_rows_chosen(tmp_path):
    lines = [(t, "north", v, "1") for t, v in rows()] + [
        (t, "south", "7", "2") for t, _ in rows()
    ]
    file = csv_file(tmp_path, lines, header="when,area,eur,other")
    options = {"time_column": "when", "value_column": "eur"}
    north = prices(file, where={"area": "north"}, **options).series[0].values
    np.testing.assert_allclose(north, PRICES, atol=1e-6)
    assert (prices(file, where={"area": "south"}, **options).series[0].values == 7).all()
    assert "north, south" in problems(file, where={"area": "west"}, **options)[0]
    assert "must be one of" in problems(file, where={"areas": "west"}, **options)[0]
    assert "must be one of" in problems(file, time_column="nix")[0]
    doubled = problems(file, **options)
    assert "comes twice" in doubled[0]
    assert doubled[-1].endswith("mend the first ones and import again")
    assert len(doubled) == 21


def test_the_only_column_of_numbers_is_taken_and_said(tmp_path):
    file = csv_file(tmp_path, rows(), header="time,whatever")
    assert any("the only one of numbers" in sentence for sentence in prices(file).said)
    two = csv_file(tmp_path, [(t, v, v) for t, v in rows()], header="time,one,two")
    assert "--value" in problems(two)[0]
    none = csv_file(tmp_path, [(v, v) for _, v in rows()], header="one,two")
    assert "--time" in problems(none)[0]


def test_every_wrong_cell_is_named_with_its_line(tmp_path):
    lines = [list(row) for row in rows()]
    lines[0][1], lines[10][1], lines[20][1], lines[30][1] = "abc", "", "1e9", "nan"
    text = "\n".join(problems(csv_file(tmp_path, lines)))
    for line, cell in ((2, "'abc'"), (12, "''"), (22, "1000000000.0"), (32, "'nan'")):
        assert f"line {line}, price = {cell}" in text
    assert text.count("\n") == 3


def test_wrong_times_are_named_with_their_line(tmp_path):
    lines = [list(row) for row in rows()]
    lines[5][0], lines[6][0], lines[7][0] = (
        "soon",
        "2023-02-30 01:00+00:00",
        "2023-01-01 25:00Z",
    )
    found = problems(csv_file(tmp_path, lines))
    assert [error.split(",")[0] for error in found] == [
        f"prices.csv: line {n}" for n in (7, 8, 9)
    ]


def test_wrong_times_and_wrong_cells_come_together(tmp_path):
    lines = [list(row) for row in rows()]
    lines[5][0], lines[9][1] = "soon", "abc"
    assert len(problems(csv_file(tmp_path, lines))) == 2


def test_gaps_doubled_hours_and_wrong_cells_are_named_together(tmp_path):
    lines = [list(row) for row in rows()]
    lines[40][1] = "abc"
    lines.insert(101, lines[100])
    del lines[500:503]
    found = problems(csv_file(tmp_path, lines))
    assert len(found) == 3
    assert "line 42, price = 'abc'" in found[0]
    assert "line 103" in found[1]
    assert "comes twice: first on line 102" in found[1]
    assert "hours from 2023-01-21 19:00 UTC = '3 missing'" in found[2]


def test_a_year_short_of_one_hour_is_refused_with_the_place(tmp_path):
    assert problems(csv_file(tmp_path, rows()[:-1])) == [
        "prices.csv: hours from 2023-12-31 23:00 UTC = '1 missing': "
        "must be in the file; --fill fills short gaps"
    ]


def test_half_a_year_is_no_year(tmp_path):
    (found,) = problems(csv_file(tmp_path, rows()[:4000]))
    assert "2023 = '4000 hours'" in found
    assert "--fill" not in problems(csv_file(tmp_path, rows()[:4000]), fill="linear")[0]


def test_several_years_give_several_series_and_leap_days_are_dropped(tmp_path):
    utc = np.arange("2024-01-01", "2026-01-01", dtype="datetime64[h]")
    file = csv_file(tmp_path, rows(utc, np.arange(len(utc)) / 1000.0))
    first, second = prices(file).series
    assert (first.year, second.year) == (2024, 2025)
    assert first.values.size == 8760
    assert first.values[59 * 24] == pytest.approx(60 * 24 / 1000)  # 1 March follows 28 February


def test_gaps_are_filled_only_when_asked_and_flagged(tmp_path):
    lines = rows()
    del lines[500:503]
    found = prices(csv_file(tmp_path, lines), fill="linear")
    (series,) = found.series
    assert series.share(Provenance.FILLED) == pytest.approx(3 / 8760)
    assert (series.provenance[500:503] == Provenance.FILLED).all()
    step = (PRICES[503] - PRICES[499]) / 4
    np.testing.assert_allclose(
        series.values[500:503], PRICES[499] + step * np.arange(1, 4), atol=1e-5
    )
    assert "3 hours of 2023 filled: linear" in found.said


def test_blank_cells_are_gaps_when_filling_is_asked_for(tmp_path):
    lines = [list(row) for row in rows()]
    lines[300][1] = ""
    series = prices(csv_file(tmp_path, lines), fill="previous-day").series[0]
    assert series.provenance[300] == Provenance.FILLED
    assert series.values[300] == pytest.approx(PRICES[276], abs=1e-5)
    lines[310][1] = "abc"
    assert len(problems(csv_file(tmp_path, lines), fill="previous-day")) == 1


def test_gaps_that_are_too_long_or_have_nothing_before_are_refused(tmp_path):
    lines = rows()
    del lines[500:520]
    assert (
        "longer than the 6 hours that linear may fill"
        in problems(csv_file(tmp_path, lines), fill="linear")[0]
    )
    assert prices(csv_file(tmp_path, lines), fill="linear", longest_gap_hours=20)
    del lines[3]
    assert (
        "nothing 24 hours before" in problems(csv_file(tmp_path, lines), fill="previous-day")[0]
    )


@pytest.mark.parametrize(
    "zone", ["Europe/Berlin", "America/Chicago", "Australia/Sydney", "Asia/Irkutsk"]
)
@pytest.mark.parametrize("label", ["start", "end"])
def test_a_year_of_a_local_clock_with_23_and_25_hour_days_comes_in_right(tmp_path, zone, label):
    lines = local_rows(zone, label_end=label == "end")
    file = csv_file(tmp_path, lines)
    found = prices(file, tz=zone, label=label)
    (series,) = found.series
    # The value of each row is its own time: it must land on its own hour.
    hours = TimeGrid.planning_year(2023).utc().astype(np.int64) / 1e6
    observed = series.provenance == Provenance.OBSERVED
    np.testing.assert_allclose(series.values[observed], hours[observed], atol=1e-6)
    assert (~observed).sum() in {0, 1, 6, 8, 10, 11}
    assert any("local clock" in sentence for sentence in found.said)


def test_a_doubled_hour_that_comes_once_is_ambiguous_and_a_skipped_one_impossible(tmp_path):
    lines = local_rows("Europe/Berlin")
    twice = [i for i, (t, _) in enumerate(lines) if t == "2023-10-29 02:00"]
    assert len(twice) == 2
    del lines[twice[1]]
    lines.insert(2000, ("2023-03-26 02:00", "1.0"))
    text = "\n".join(problems(csv_file(tmp_path, lines), tz="Europe/Berlin"))
    assert "comes twice in Europe/Berlin and once in the file" in text
    assert "does not exist in Europe/Berlin" in text


def test_rows_may_run_backwards(tmp_path):
    lines = local_rows("Europe/Berlin")[::-1]
    series = prices(csv_file(tmp_path, lines), tz="Europe/Berlin").series[0]
    observed = series.provenance == Provenance.OBSERVED
    hours = TimeGrid.planning_year(2023).utc().astype(np.int64) / 1e6
    np.testing.assert_allclose(series.values[observed], hours[observed], atol=1e-6)


def test_an_end_label_is_moved_to_the_start(tmp_path):
    ends = rows(UTC_2023 + np.timedelta64(1, "h"))
    found = prices(csv_file(tmp_path, ends), label="end")
    np.testing.assert_allclose(found.series[0].values, PRICES, atol=1e-6)
    assert "times end their interval of 60 minutes" in found.said


def test_ends_by_the_wall_clock_of_the_end_itself_are_understood(tmp_path):
    start = datetime(2022, 12, 31, 23, tzinfo=UTC)
    ends = [start + timedelta(hours=k + 1) for k in range(8760)]
    lines = [
        (
            end.astimezone(ZoneInfo("Europe/Berlin")).strftime("%Y-%m-%d %H:%M"),
            f"{(end.timestamp() - 3600) / 1e6:.6f}",
        )
        for end in ends
    ]
    series = prices(csv_file(tmp_path, lines), tz="Europe/Berlin", label="end").series[0]
    observed = series.provenance == Provenance.OBSERVED
    hours = TimeGrid.planning_year(2023).utc().astype(np.int64) / 1e6
    np.testing.assert_allclose(series.values[observed], hours[observed], atol=1e-6)


def test_quarter_hours_are_averaged_only_where_all_four_are_there(tmp_path):
    utc = UTC_2023[0] + np.arange(8760 * 4) * np.timedelta64(900, "s")
    values = np.repeat(PRICES, 4) + np.tile([-3.0, -1.0, 1.0, 3.0], 8760)
    found = prices(csv_file(tmp_path, rows(utc, values)))
    np.testing.assert_allclose(found.series[0].values, PRICES, atol=1e-6)
    assert "15-minute values averaged to hours" in found.said
    lines = rows(utc, values)
    del lines[401]
    assert (
        "hours from 2023-01-05 04:00 UTC = '1 missing'"
        in problems(csv_file(tmp_path, lines))[0]
    )


def test_zones_of_half_hours_are_counted_from_the_full_utc_hour_and_it_is_said(tmp_path):
    found = prices(csv_file(tmp_path, rows(UTC_2023 + np.timedelta64(30, "m"))))
    np.testing.assert_allclose(found.series[0].values, PRICES, atol=1e-6)
    assert any("30 minutes past" in sentence for sentence in found.said)


def test_uneven_times_are_named(tmp_path):
    lines = [list(row) for row in rows()]
    lines[50][0] = "2023-01-03 02:20+00:00"
    assert any(
        "is not on the 60-minute interval" in p for p in problems(csv_file(tmp_path, lines))
    )
    two_hourly = rows(UTC_2023[::2], PRICES[::2])
    assert "hour apart" in problems(csv_file(tmp_path, two_hourly))[0]


def test_dates_of_other_countries_are_read(tmp_path):
    local = [t.astype("datetime64[m]").item() for t in UTC_2023]
    cells = [f"{v:.3f}".replace(".", ",") for v in PRICES]
    german = [(t.strftime("%d.%m.%Y %H:%M"), c) for t, c in zip(local, cells, strict=True)]
    file = csv_file(tmp_path, german, header="Zeit;Preis", separator=";")
    found = prices(file, time_column="Zeit", tz="UTC")
    np.testing.assert_allclose(found.series[0].values, PRICES, atol=1e-3)
    american = [
        (t.strftime("%m/%d/%Y %H:%M"), f"{v:.3f}") for t, v in zip(local, PRICES, strict=True)
    ]
    found = prices(csv_file(tmp_path, american), tz="UTC")
    assert "dates read as month/day/year" in found.said
    assert found.series[0].values[31 * 24] == pytest.approx(PRICES[31 * 24], abs=1e-3)
    british = [
        (t.strftime("%d/%m/%Y %H:%M"), f"{v:.3f}") for t, v in zip(local, PRICES, strict=True)
    ]
    assert "dates read as day/month/year" in prices(csv_file(tmp_path, british), tz="UTC").said
    assert "day or month first" in problems(csv_file(tmp_path, british[:200]), tz="UTC")[0]


def test_hour_24_is_the_next_midnight(tmp_path):
    lines = [list(row) for row in rows(UTC_2023 + np.timedelta64(1, "h"))]
    for line in lines:
        if " 00:00" in line[0]:
            day = np.datetime64(line[0][:10]) - np.timedelta64(1, "D")
            line[0] = f"{day} 24:00+00:00"
    assert prices(csv_file(tmp_path, lines), label="end").series[0].year == 2023


@pytest.mark.parametrize(
    ("options", "factor", "currency"),
    [
        ({"unit": "EUR/kWh", "currency": ""}, 1000.0, "EUR"),
        ({"unit": "kWh", "currency": "BRL"}, 1000.0, "BRL"),
        ({"unit": "BRL/MWh", "currency": "BRL"}, 1.0, "BRL"),
        ({"unit": "currency/MWh", "currency": "INR"}, 1.0, "INR"),
    ],
)
def test_units_are_brought_to_money_per_megawatt_hour(tmp_path, options, factor, currency):
    series = prices(csv_file(tmp_path, rows(values=PRICES / 100)), **options).series[0]
    np.testing.assert_allclose(series.values, PRICES / 100 * factor, atol=1e-3)
    assert series.currency == currency


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"currency": ""}, "ISO 4217"),
        ({"currency": "euro"}, "ISO 4217"),
        ({"unit": "EUR/MWh", "currency": "BRL"}, "differs"),
        ({"unit": "EUR/MMBtu"}, "must be as EUR/MWh"),
        ({"kind": "water"}, "must be one of"),
        ({"kind": "carbon"}, "for prices only"),
        ({"zone": "../up"}, "letters"),
        ({"label": "middle"}, "start or end"),
        ({"fill": "guess"}, "must be one of"),
    ],
)
def test_wrong_requests_are_refused(tmp_path, options, rule):
    assert rule in problems(csv_file(tmp_path, rows()), **options)[0]


def test_the_currency_may_stand_in_a_column(tmp_path):
    lines = [(*row, "ZAR") for row in rows()]
    file = csv_file(tmp_path, lines, header="time,price,currency")
    found = prices(file, currency="")
    assert found.series[0].currency == "ZAR"
    assert "currency ZAR taken from the column currency" in found.said
    lines[5] = (*lines[5][:2], "USD")
    mixed = csv_file(tmp_path, lines, header="time,price,currency")
    assert "must be one" in problems(mixed, currency="")[0]


def test_weather_gets_its_wet_bulb_from_humidity(tmp_path):
    lines = [(t, "20.0", "50") for t, _ in rows()]
    file = csv_file(tmp_path, lines, header="time,temperature_2m,relative_humidity_2m")
    found = import_series(file, kind="weather", zone="HERE")
    air, wet = found.series
    assert (air.variable, wet.variable) == ("drybulb_c", "wetbulb_c")
    assert wet.values[0] == pytest.approx(13.7, abs=0.2)  # Stull (2011)
    assert any("wet bulb derived" in sentence for sentence in found.said)


def test_a_measured_wet_bulb_is_preferred_and_fahrenheit_understood(tmp_path):
    lines = [(t, "68", "50", "59") for t, _ in rows()]
    file = csv_file(tmp_path, lines, header="time,temp,rh,wetbulb")
    air, wet = import_series(file, kind="weather", zone="HERE", unit="degF").series
    assert air.values[0] == pytest.approx(20.0)
    assert wet.values[0] == pytest.approx(15.0)


def test_weather_without_moisture_is_refused(tmp_path):
    file = csv_file(tmp_path, rows(), header="time,temp")
    with pytest.raises(InputErrors, match="relative humidity"):
        import_series(file, kind="weather", zone="HERE")


@pytest.mark.parametrize(
    ("kind", "unit", "cell", "value"),
    [
        ("carbon", "g/kWh", "445", 445.0),
        ("carbon", "t/MWh", "0.445", 445.0),
        ("solar", "%", "40", 0.4),
        ("wind", "", "0.4", 0.4),
        ("weather", "K", "293.15", 20.0),
    ],
)
def test_units_of_other_kinds(tmp_path, kind, unit, cell, value):
    lines = [(t, cell, "50") for t, _ in rows()]
    file = csv_file(tmp_path, lines, header="time,value,rh_pct")
    found = import_series(file, kind=kind, zone="X", unit=unit, value_column="value")
    assert found.series[0].values[0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("carbon", "-5"),
        ("solar", "1.7"),
        ("wind", "-0.1"),
        ("weather", "99"),
        ("weather", "-95"),
    ],
)
def test_values_that_cannot_be_are_named(tmp_path, kind, cell):
    lines = [[t, "0.5", "50"] for t, _ in rows()]
    lines[7][1] = cell
    file = csv_file(tmp_path, lines, header="time,value,rh_pct")
    with pytest.raises(InputErrors, match=r"line 9, value = .*cannot be"):
        import_series(file, kind=kind, zone="X", value_column="value")


@pytest.mark.parametrize(
    ("kind", "unit"), [("carbon", "lb"), ("solar", "MW"), ("weather", "degR")]
)
def test_unknown_units_are_refused(tmp_path, kind, unit):
    lines = [(t, "0.5", "50") for t, _ in rows()]
    file = csv_file(tmp_path, lines, header="time,value,rh_pct")
    with pytest.raises(InputErrors, match="--unit"):
        import_series(file, kind=kind, zone="X", value_column="value", unit=unit)


def test_files_that_are_no_table_are_refused(tmp_path):
    assert "exists" in problems(tmp_path / "none.csv")[0]
    (tmp_path / "empty.csv").write_text("")
    assert "column names" in problems(tmp_path / "empty.csv")[0]
    (tmp_path / "head.csv").write_text("time,price\n")
    assert "at least one row" in problems(tmp_path / "head.csv")[0]
    (tmp_path / "twice.csv").write_text("time,time\n1,2\n")
    assert "each column once" in problems(tmp_path / "twice.csv")[0]
    (tmp_path / "ragged.csv").write_text("time,price\n2023-01-01,1\n2023-01-02\n")
    assert "must be a CSV or Parquet table" in problems(tmp_path / "ragged.csv")[0]
    (tmp_path / "no.parquet").write_text("time,price\n")
    assert "must be a CSV or Parquet table" in problems(tmp_path / "no.parquet")[0]


def test_null_times_and_values_of_parquet_are_named_by_row(tmp_path):
    times = UTC_2023.tolist()
    times[3] = None
    values = PRICES.tolist()
    values[8] = None
    columns = {"ts_utc": pa.array(times, pa.timestamp("s", "UTC")), "price": values}
    text = "\n".join(problems(parquet_file(tmp_path, columns)))
    assert "row 4, ts_utc = None" in text
    assert "row 9, price = nan" in text or "row 9, price = None" in text


def test_thousands_commas_are_read(tmp_path):
    lines = [(t, '"1,234.50"') for t, _ in rows()]
    assert prices(csv_file(tmp_path, lines)).series[0].values[0] == 1234.5
