# SPDX-License-Identifier: Apache-2.0
import tomllib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loadstone.adapters.sources.folder import read_series_folder, write_series
from loadstone.adapters.sources.importing import import_series
from loadstone.adapters.sources.series_toml import with_block
from loadstone.model.errors import InputError, InputErrors, OutsideError
from loadstone.model.grid import TimeGrid
from loadstone.model.series import Provenance
from tests.adapters.sources.made import PRICES, UTC_2023, csv_file, rows

ENTRY = {"kind": "prices", "zone": "X", "year": 2023, "path": "x.parquet", "source": "me"}


def imported(folder, zone="X", kind="prices", **options):
    currency = "EUR" if kind == "prices" else ""
    file = csv_file(folder, rows(), name="observed.csv")
    return import_series(
        file, kind=kind, zone=zone, currency=currency, value_column="price", **options
    )


def network(folder, text="", table=None, name="x.parquet"):
    """Make a network folder with a series.toml and one file, and return it."""
    (folder / "series").mkdir(exist_ok=True)
    (folder / "series" / "series.toml").write_text(text, "utf-8")
    if table is not None:
        pq.write_table(pa.table(table), folder / "series" / name)
    return folder


def entry(**changes):
    fields = ENTRY | {"currency": "EUR"} | changes
    lines = [f"{name} = {value!r}" for name, value in fields.items() if value is not None]
    return "\n".join(["[[file]]", *lines]).replace("'", '"') + "\n"


def columns(**changes):
    return {
        "utc": pa.array(UTC_2023, pa.timestamp("s", "UTC")),
        "price": PRICES,
        "provenance": np.zeros(8760, np.uint8),
    } | changes


def problem(folder):
    with pytest.raises(InputErrors) as caught:
        read_series_folder(folder, typical_year=2027)
    (error,) = caught.value.errors
    return str(error)


def test_what_is_written_is_read_back(tmp_path):
    found = imported(tmp_path)
    files = write_series(tmp_path, found)
    assert [file.name for file in files] == ["prices_X_2023.parquet", "series.toml"]
    library = read_series_folder(tmp_path, typical_year=2027)
    series = library.find("prices", "X", "price")
    np.testing.assert_array_equal(series.values, found.series[0].values)
    assert (series.currency, series.source) == ("EUR", "observed.csv")
    assert series.share(Provenance.OBSERVED) == 1
    block = tomllib.loads(files[-1].read_text())["file"][0]
    assert block["sha256"] == found.sha256
    assert block["columns"] == ["time=time", "price=price"]
    assert block["observed"] == 1.0


def test_a_second_import_replaces_its_own_block_and_keeps_the_rest(tmp_path):
    network(
        tmp_path, '# mine\n[[typical]]  # wind\nkind = "wind"\nzone = "w"\ntime_zone = "UTC"\n'
    )
    write_series(tmp_path, imported(tmp_path))
    write_series(tmp_path, imported(tmp_path, zone="Y"))
    write_series(tmp_path, imported(tmp_path))
    text = (tmp_path / "series" / "series.toml").read_text()
    assert text.startswith("# mine\n[[typical]]  # wind\n")
    assert [block["zone"] for block in tomllib.loads(text)["file"]] == ["Y", "X"]


def test_nothing_half_is_left_behind(tmp_path):
    write_series(tmp_path, imported(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["observed.csv", "series"]
    assert len(list((tmp_path / "series").iterdir())) == 2


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="exists"):
        write_series(tmp_path / "none", imported(tmp_path))


def test_a_folder_that_cannot_be_written_is_the_outside_world(tmp_path):
    (tmp_path / "series").write_text("a file where the folder should be")
    with pytest.raises(OutsideError, match="check that it can be written"):
        write_series(tmp_path, imported(tmp_path))


def test_a_broken_index_is_refused_before_anything_is_written(tmp_path):
    network(tmp_path, "[[file]\n")
    with pytest.raises(InputError, match="must be valid"):
        write_series(tmp_path, imported(tmp_path))
    assert len(list((tmp_path / "series").iterdir())) == 1
    assert "must be valid" in problem(tmp_path)


def test_a_network_without_series_has_none(tmp_path):
    assert read_series_folder(tmp_path, typical_year=2027).series == ()


def test_the_newest_year_is_taken_unless_one_is_named(tmp_path):
    text = entry() + entry(year=2022, path="y.parquet")
    network(tmp_path, text, columns())
    older = columns(utc=pa.array(TimeGrid.planning_year(2022).utc(), pa.timestamp("s", "UTC")))
    network(tmp_path, text, older, name="y.parquet")
    library = read_series_folder(tmp_path, typical_year=2027)
    assert library.by_zone("prices", "price")["X"].year == 2023
    assert library.by_zone("prices", "price", 2022)["X"].year == 2022
    assert library.by_zone("prices", "price", 2021) == {}
    assert library.find("prices", "Z", "price") is None


def test_a_file_wins_over_a_typical_year(tmp_path):
    typical = '[[typical]]\nkind = "prices"\nzone = "X"\ntypical = "BR"\n'
    network(tmp_path, entry() + typical, columns())
    (series,) = read_series_folder(tmp_path, typical_year=2027).series
    assert series.share(Provenance.OBSERVED) == 1


def test_a_users_own_csv_counts_as_the_users_word(tmp_path):
    network(tmp_path, entry(path="x.csv"))
    lines = [(t.replace("+00:00", "Z"), v) for t, v in rows()]
    csv_file(tmp_path / "series", lines, header="utc,price", name="x.csv")
    (series,) = read_series_folder(tmp_path, typical_year=2027).series
    assert series.share(Provenance.USER) == 1


def test_provenance_may_be_written_in_words(tmp_path):
    words = ["observed"] * 8759 + ["filled"]
    network(tmp_path, entry(), columns(provenance=words))
    (series,) = read_series_folder(tmp_path, typical_year=2027).series
    assert series.provenance[-1] == Provenance.FILLED


def nan_at(hour):
    values = PRICES.copy()
    values[hour] = np.nan
    return values


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"price": nan_at(17)}, "price[17] = nan: must be a number in each hour; 1 hours"),
        ({"price": ["x"] * 8760}, "must be numbers"),
        ({"price": PRICES * 1e6}, "cannot be"),
        (
            {"utc": pa.array(UTC_2023 + np.timedelta64(1, "h"), pa.timestamp("s", "UTC"))},
            "utc[0]",
        ),
        ({"utc": ["noon"] * 8760}, "must be times in UTC"),
        ({"provenance": ["guess"] * 8760}, "provenance[0]"),
    ],
)
def test_each_fault_of_a_file_is_one_clear_error(tmp_path, change, says):
    message = problem(network(tmp_path, entry(), columns(**change)))
    assert says in message
    assert message.startswith("series/x.parquet: ")


def test_a_year_of_8759_hours_is_refused(tmp_path):
    short = {name: column[:-1] for name, column in columns().items()}
    message = problem(network(tmp_path, entry(), short))
    assert message == "series/x.parquet: hours = 8759: must be 8760, 29 February left out"


@pytest.mark.parametrize("name", ["utc", "price"])
def test_a_missing_column_is_refused(tmp_path, name):
    left = {key: column for key, column in columns().items() if key != name}
    assert f"{name} = None: must be" in problem(network(tmp_path, entry(), left))


def test_a_missing_or_unreadable_file_is_refused(tmp_path):
    assert "no such file; import it again" in problem(network(tmp_path, entry()))
    (tmp_path / "series" / "x.parquet").write_text("nothing")
    assert "must be readable" in problem(tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "red"}, "colour = 'red': is no field of a [[file]]"),
        ({"zone": None}, "zone = None: must be given"),
        ({"year": "2023"}, "year"),
        ({"kind": "water"}, "must be one of prices"),
        ({"currency": None}, "currency"),
        ({"unit": "EUR/kWh"}, "must be currency/MWh"),
        ({"provenance": "hearsay"}, "must be one of observed"),
        ({"path": "../x.parquet"}, "within the folder"),
    ],
)
def test_each_fault_of_an_entry_is_one_clear_error(tmp_path, change, says):
    message = problem(network(tmp_path, entry(**change), columns()))
    assert says in message
    assert message.startswith("series/series.toml: file[0].")


def test_all_faults_come_at_once(tmp_path):
    text = (
        entry(zone=None) + entry(year="x") + '[[typical]]\nkind = "rain"\nzone = "x"\n[other]\n'
    )
    with pytest.raises(InputErrors) as caught:
        read_series_folder(network(tmp_path, text), typical_year=2027)
    assert len(caught.value.errors) == 4


def test_the_same_series_twice_is_refused(tmp_path):
    message = problem(network(tmp_path, entry() + entry(), columns()))
    assert "prices of X, 2023" in message
    assert "given twice" in message


def test_texts_are_quoted_so_that_toml_reads_them_back():
    odd = 'a "quoted" back\\slash\nnew\tline'
    text = with_block(
        "", {"path": "p", "note": odd, "yes": True, "share": 0.5, "all": ("x", "y")}
    )
    block = tomllib.loads(text)["file"][0]
    assert block == {"path": "p", "note": odd, "yes": True, "share": 0.5, "all": ["x", "y"]}
