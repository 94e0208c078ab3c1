# SPDX-License-Identifier: Apache-2.0
"""The history of readings: nothing doubled, nothing lost in silence, energy kept."""

import json
import resource
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from math import nan
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.adapters.store.telemetry import History, ParquetTelemetry, open_telemetry, shelf
from loadstone.model.errors import InputError, OutsideError
from loadstone.model.operations.fleet import Seen
from loadstone.model.operations.history import Loss
from loadstone.model.operations.meter import MeterReading
from loadstone.model.operations.reading import Reason
from loadstone.model.ports import TraceRow

DAY_S = 86_400.0
DAY = 1_795_046_400.0 // DAY_S * DAY_S  # the beginning of a day


def opened(folder: Path, days: float = 3.0, **more) -> ParquetTelemetry:
    return open_telemetry(folder, {"north": days}, **more)


def reading(power_mw: float | None, energy_mwh: float | None = None) -> MeterReading:
    reason = Reason.TIMEOUT if power_mw is None else Reason.NONE
    return MeterReading(
        meter="main", began_s=0.0, power_mw=power_mw, energy_mwh=energy_mwh, reason=reason
    )


def sweep(telemetry: ParquetTelemetry, at_s: float, **columns) -> None:
    values = {
        "machines": ("a", "b", "c"),
        "seen": [Seen.RUNNING, Seen.STOPPED, Seen.UNKNOWN],
        "power_w": [3500.0, 20.0, nan],
        "hashrate_th": [200.0, 0.0, nan],
    }
    telemetry.add_sweep("north", at_s, **{**values, **columns})


def meter(telemetry: ParquetTelemetry, began_s: float, powers, step_s: float = 10.0) -> None:
    for number, power in enumerate(powers):
        telemetry.add_meter("north", reading(power), began_s + step_s * number)


def files(folder: Path, kind: str) -> list[str]:
    return sorted(path.name for path in folder.glob(f"site=north/{kind}/*/*.parquet"))


@contextmanager
def full_disk(most_bytes: int = 10):
    """No file of this process may grow beyond some bytes, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# what was read comes back


def test_a_meter_is_traced_with_what_is_written_and_what_still_waits(tmp_path):
    telemetry = opened(tmp_path)
    telemetry.add_meter("north", reading(1.5, 100.25), DAY)
    telemetry.flush()
    telemetry.add_meter("north", reading(None, 100.5), DAY + 5)
    telemetry.add_meter("north", reading(2.5), DAY + 10)
    telemetry.add_meter("south", reading(9.0), DAY + 6)
    trace = [
        TraceRow(DAY, 1.5, 100.25),
        TraceRow(DAY + 5, None, 100.5),
        TraceRow(DAY + 10, 2.5, None),
    ]
    assert telemetry.meter_trace("north", "main", DAY, DAY + 11) == trace
    assert telemetry.meter_trace("north", "main", DAY + 5, DAY + 10) == trace[1:2]
    assert telemetry.meter_trace("north", "other", DAY, DAY + 11) == []
    assert telemetry.meter_trace("nowhere", "main", DAY, DAY + 11) == []
    telemetry.flush()
    assert telemetry.meter_trace("north", "main", DAY, DAY + 11) == trace
    assert History(tmp_path).meter_trace("north", "main", DAY, DAY + 11) == trace


def test_a_machine_is_traced_and_what_is_unknown_stays_unknown(tmp_path):
    telemetry = opened(tmp_path)
    sweep(telemetry, DAY)
    sweep(
        telemetry,
        DAY + 5,
        machines=("c", "a"),
        seen=[1, 0],
        power_w=[7, nan],
        hashrate_th=[8, nan],
    )
    telemetry.flush()
    first, second = telemetry.machine_trace("north", "c", DAY, DAY + 10)
    assert (first.running, first.stopped, first.unknown) == (0, 0, 1)
    assert (first.power_w, first.hashrate_th) == (None, None)
    assert (second.running, second.power_w, second.hashrate_th) == (1, 7.0, 8.0)
    assert [one.power_w for one in telemetry.machine_trace("north", "b", DAY, DAY + 9)] == [
        20.0
    ]


def test_the_caller_may_go_on_with_its_arrays(tmp_path):
    telemetry = opened(tmp_path)
    power = np.array([1.0, 2.0, 3.0])
    sweep(telemetry, DAY, power_w=power)
    power[:] = 9.0
    telemetry.flush()
    assert telemetry.machine_trace("north", "a", DAY, DAY + 1)[0].power_w == 1.0


def test_columns_of_different_lengths_are_refused(tmp_path):
    with pytest.raises(InputError, match="columns of"):
        sweep(opened(tmp_path), DAY, seen=[1])


def test_a_sweep_of_no_machines_leaves_nothing(tmp_path):
    telemetry = opened(tmp_path)
    sweep(telemetry, DAY, machines=(), seen=[], power_w=[], hashrate_th=[])
    telemetry.close()
    assert list(tmp_path.rglob("*.parquet")) == []
    assert opened(tmp_path).losses("north") == ()


def test_days_are_kept_apart_and_read_together(tmp_path):
    telemetry = opened(tmp_path)
    meter(telemetry, DAY - 20, [1.0, 2.0, 3.0, 4.0])
    telemetry.flush()
    assert len(list(tmp_path.glob("site=north/meters/day=*"))) == 2
    trace = telemetry.meter_trace("north", "main", DAY - 100, DAY + 100)
    assert [row.power_mw for row in trace] == [1.0, 2.0, 3.0, 4.0]


def test_a_site_may_have_any_name(tmp_path):
    telemetry = open_telemetry(tmp_path, {"a/../b c": 3.0})
    telemetry.add_meter("a/../b c", reading(1.0), DAY)
    telemetry.close()
    assert len(History(tmp_path).meter_trace("a/../b c", "main", DAY, DAY + 1)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["site=a%2F..%2Fb%20c"]


def test_what_an_older_program_left_is_continued(tmp_path):
    for power in (1.0, 2.0):
        telemetry = opened(tmp_path)
        telemetry.add_meter("north", reading(power), DAY + power)
        telemetry.close()
    assert files(tmp_path, "meters") == [
        "00000001-00000001.parquet",
        "00000002-00000002.parquet",
    ]
    assert len(History(tmp_path).meter_trace("north", "main", DAY, DAY + 9)) == 2


# energy and peaks


def test_energy_is_power_held_until_the_next_reading(tmp_path):
    telemetry = opened(tmp_path)
    meter(telemetry, DAY, [36.0, 72.0, None, 36.0])
    # 36 MW x 10 s + 72 MW x 10 s; 10 s unknown; 36 MW for the minute that a reading holds
    energy = telemetry.energy("north", "main", DAY, DAY + 100)
    assert energy.mwh == pytest.approx((36 * 10 + 72 * 10 + 36 * 60) / 3600)
    assert energy.covered == pytest.approx(80 / 100)
    assert energy.counter_mwh is None
    # the reading before the time holds into it
    assert telemetry.energy("north", "main", DAY + 5, DAY + 10).mwh == pytest.approx(0.05)


def test_a_counter_tells_its_own_energy_unless_it_went_back(tmp_path):
    telemetry = opened(tmp_path)
    for number, counter in enumerate([100.0, None, 100.5, 101.25]):
        telemetry.add_meter("north", reading(1.0, counter), DAY + number)
    assert telemetry.energy("north", "main", DAY, DAY + 60).counter_mwh == 1.25
    telemetry.add_meter("north", reading(1.0, 0.0), DAY + 9)
    assert telemetry.energy("north", "main", DAY, DAY + 60).counter_mwh is None


def test_the_peak_is_that_of_means_and_says_how_much_of_it_is_known(tmp_path):
    telemetry = opened(tmp_path)
    meter(telemetry, DAY, [1.0] * 90 + [9.0] * 45 + [5.0] * 45 + [6.0] * 90)
    peak = telemetry.peak("north", "main", DAY, DAY + 3600)
    assert (peak.starts_s, peak.covered) == (DAY + 900, pytest.approx(1.0))
    assert peak.mw == pytest.approx(7.0)  # (9 + 5) / 2, although 9 stood for a while
    assert telemetry.peak("north", "main", DAY + DAY_S, DAY + 2 * DAY_S) is None


def test_an_empty_time_has_no_energy(tmp_path):
    with pytest.raises(InputError, match="after from_s"):
        opened(tmp_path).energy("north", "main", DAY, DAY)


def slow_energy(rows: list[tuple[float, float | None]], from_s: float, until_s: float):
    """The definition: second by second, what the last reading says, for a minute at most."""
    mwh = known_s = 0.0
    for second in range(int(from_s), int(until_s)):
        before = [row for row in rows if row[0] <= second]
        if before and before[-1][1] is not None and second - before[-1][0] < 60:
            mwh += before[-1][1] / 3600
            known_s += 1
    return mwh, known_s


@settings(max_examples=40)
@given(
    st.lists(st.integers(0, 700), min_size=1, max_size=12, unique=True).map(sorted),
    st.data(),
)
def test_energy_equals_its_definition_raw_and_after_only_means_are_kept(times, data):
    from tempfile import TemporaryDirectory

    powers = [data.draw(st.none() | st.integers(0, 50).map(float)) for _ in times]
    rows = [(DAY + at_s, power) for at_s, power in zip(times, powers, strict=True)]
    expected, known_s = slow_energy(rows, DAY, DAY + 900)
    with TemporaryDirectory() as folder:
        telemetry = opened(Path(folder))
        for at_s, power in rows:
            telemetry.add_meter("north", reading(power), at_s)
        raw = telemetry.energy("north", "main", DAY, DAY + 900)
        telemetry.flush()
        telemetry.compact(DAY + 500 * DAY_S)
        kept = telemetry.energy("north", "main", DAY, DAY + 900)
        telemetry.close()
    for energy in (raw, kept):
        assert energy.mwh == pytest.approx(expected, abs=1e-9)
        assert energy.covered * 900 == pytest.approx(known_s, abs=1e-6)


# joining and thinning


def test_small_files_are_joined_and_nothing_changes(tmp_path):
    telemetry = opened(tmp_path)
    for minute in range(30):
        meter(telemetry, DAY + 60 * minute, [float(minute)])
        sweep(telemetry, DAY + 60 * minute)
        telemetry.flush()
    before = (
        telemetry.meter_trace("north", "main", DAY, DAY + DAY_S),
        telemetry.machine_trace("north", "a", DAY, DAY + DAY_S),
    )
    telemetry.compact(DAY + 1800)
    assert files(tmp_path, "machines") == ["00000001-00000030.parquet"]
    sweep(telemetry, DAY + 1900)
    telemetry.flush()
    assert files(tmp_path, "machines")[1] == "00000031-00000031.parquet"
    telemetry.compact(DAY + 1900)  # two files of a day that goes on are few enough
    assert len(files(tmp_path, "machines")) == 2
    telemetry.compact(DAY + DAY_S + 1)
    assert files(tmp_path, "machines") == ["00000001-00000031.parquet"]
    assert telemetry.meter_trace("north", "main", DAY, DAY + DAY_S) == before[0]
    assert telemetry.machine_trace("north", "a", DAY, DAY + 1900) == before[1]


def test_of_old_days_means_of_machines_stay_and_readings_of_meters(tmp_path):
    telemetry = opened(tmp_path, days=2.0)
    for number in range(60):  # ten minutes
        meter(telemetry, DAY + 10 * number, [float(number)])
        sweep(telemetry, DAY + 10 * number, power_w=[number, 20.0, nan])
    telemetry.flush()
    before = telemetry.meter_trace("north", "main", DAY, DAY + DAY_S)
    telemetry.compact(DAY + 3 * DAY_S - 1)
    assert files(tmp_path, "machines-5min") == []
    telemetry.compact(DAY + 3 * DAY_S)
    assert files(tmp_path, "machines") == []
    assert not (tmp_path / "site=north/machines/day=2026-11-19").exists()
    assert telemetry.meter_trace("north", "main", DAY, DAY + DAY_S) == before
    first, second = telemetry.machine_trace("north", "a", DAY, DAY + DAY_S)
    assert (first.at_s, first.span_s, second.at_s) == (DAY, 300.0, DAY + 300)
    assert (first.running, first.unknown) == (30, 0)
    # 0 to 29 W: mean 14.5
    assert (first.power_w, first.power_min_w, first.power_max_w) == (14.5, 0.0, 29.0)
    (unknown, _) = telemetry.machine_trace("north", "c", DAY, DAY + DAY_S)
    assert (unknown.running, unknown.stopped, unknown.unknown) == (0, 0, 30)
    assert unknown.power_w is None


def test_old_meters_keep_means_their_time_and_the_first_counter(tmp_path):
    telemetry = opened(tmp_path)
    for number in range(30):
        power = None if number == 0 else 6.0
        telemetry.add_meter("north", reading(power, 100.0 + number), DAY + 10 * number)
    telemetry.flush()
    telemetry.compact(DAY + 402 * DAY_S)
    assert files(tmp_path, "meters") == []
    assert telemetry.meter_trace("north", "main", DAY, DAY + DAY_S) == [
        TraceRow(DAY, pytest.approx(6.0), 100.0, pytest.approx(290.0)),
        TraceRow(DAY + 300, pytest.approx(6.0), None, pytest.approx(50.0)),  # the last held on
    ]


def test_late_readings_of_a_day_that_is_kept_as_means_count_beside_them(tmp_path):
    telemetry = opened(tmp_path, days=1.0)
    sweep(telemetry, DAY)
    telemetry.flush()
    telemetry.compact(DAY + 9 * DAY_S)
    sweep(telemetry, DAY + 3600)
    telemetry.flush()
    assert [one.at_s for one in telemetry.machine_trace("north", "a", DAY, DAY + DAY_S)] == [
        DAY,
        DAY + 3600,
    ]
    telemetry.compact(DAY + 9 * DAY_S)
    assert files(tmp_path, "machines") == []
    again = opened(tmp_path)
    assert [one.span_s for one in again.machine_trace("north", "a", DAY, DAY + DAY_S)] == [
        300.0,
        300.0,
    ]


@pytest.mark.parametrize("now_s", [DAY + DAY_S + 1, DAY + 9 * DAY_S], ids=["joined", "means"])
def test_a_crash_between_the_new_file_and_the_removal_of_the_old_doubles_nothing(
    tmp_path, now_s
):
    telemetry = opened(tmp_path)
    for number in range(3):
        sweep(telemetry, DAY + number)
        telemetry.flush()
    old = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    telemetry.compact(now_s)
    after = telemetry.machine_trace("north", "a", DAY, DAY + DAY_S)
    left = {path.name for path in tmp_path.rglob("*.parquet")}
    for path, content in old.items():  # as if the removal had not come to be
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    assert telemetry.machine_trace("north", "a", DAY, DAY + DAY_S) == after
    telemetry.compact(now_s)
    assert {path.name for path in tmp_path.rglob("*.parquet")} == left
    assert telemetry.machine_trace("north", "a", DAY, DAY + DAY_S) == after


def test_a_new_batch_never_takes_a_number_that_means_hide(tmp_path):
    telemetry = opened(tmp_path, days=1.0)
    for _ in range(3):
        sweep(telemetry, DAY)
        telemetry.flush()
    telemetry.compact(DAY + 9 * DAY_S)
    telemetry.close()
    folder = shelf.site_folder(tmp_path, "north")
    assert shelf.next_number(folder, "machines", shelf.day_of(DAY)) == 4


def test_readers_and_writers_in_threads_see_every_row_once(tmp_path):
    telemetry = opened(tmp_path)
    stop = threading.Event()

    def read() -> int:
        reads = 0
        while not stop.is_set():
            times = [row.at_s for row in telemetry.meter_trace("north", "main", DAY, DAY + 999)]
            assert times == [DAY + number for number in range(len(times))]
            reads += 1
        return reads

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        for number in range(80):
            telemetry.add_meter("north", reading(1.0), DAY + number)
            if number % 2:
                telemetry.flush()
            if number % 4 == 3:
                telemetry.compact(DAY + DAY_S + 1)
        stop.set()
        assert all(reader.result() for reader in readers)


# losses


def test_a_program_that_ended_well_leaves_no_loss(tmp_path):
    telemetry = opened(tmp_path)
    sweep(telemetry, DAY)
    telemetry.close()
    assert opened(tmp_path).losses("north") == ()


def test_a_program_that_ended_before_it_wrote_leaves_a_loss_from_its_last_batch(tmp_path):
    telemetry = opened(tmp_path)
    sweep(telemetry, DAY)
    telemetry.flush()
    sweep(telemetry, DAY + 5)
    del telemetry
    again = opened(tmp_path)
    (loss,) = again.losses("north")
    assert (loss.site, loss.from_s, loss.until_s, loss.rows) == ("north", DAY, None, None)
    assert again.losses("north") == ()  # told once


def test_each_site_is_told_its_own_losses(tmp_path):
    days = {"north": 3.0, "south": 3.0}
    killed = open_telemetry(tmp_path, days)
    for site in days:
        killed.add_meter(site, reading(1.0), DAY)
    again = open_telemetry(tmp_path, days)
    for site in days:  # each has an agent, which asks for itself
        assert [loss.site for loss in again.losses(site)] == [site]


def test_a_loss_before_the_first_batch_is_told_from_its_first_reading(tmp_path):
    sweep(opened(tmp_path), DAY + 7)
    assert [loss.from_s for loss in opened(tmp_path).losses("north")] == [DAY + 7]


def test_a_note_that_cannot_be_read_is_a_loss_as_well(tmp_path):
    sweep(opened(tmp_path), DAY)
    (tmp_path / "site=north" / "open.json").write_text("{")
    assert [loss.from_s for loss in opened(tmp_path).losses("north")] == [0.0]


def test_half_written_files_are_never_read_and_are_removed_at_the_start(tmp_path):
    telemetry = opened(tmp_path)
    sweep(telemetry, DAY)
    telemetry.close()
    half = tmp_path / "site=north/machines/day=2026-11-19/00000002-00000002.parquet.part"
    half.write_bytes(b"PAR1")
    assert len(History(tmp_path).machine_trace("north", "a", DAY, DAY + 1)) == 1
    opened(tmp_path)
    assert not half.exists()


def test_a_full_disk_is_told_and_what_waits_is_written_when_there_is_room(tmp_path):
    telemetry = opened(tmp_path)
    sweep(telemetry, DAY)
    telemetry.flush()
    sweep(telemetry, DAY + 5)
    with full_disk(), pytest.raises(OutsideError, match=r"3 rows wait.*make room"):
        telemetry.flush()
    assert list(tmp_path.rglob("*.part")) == []
    telemetry.flush()
    assert len(telemetry.machine_trace("north", "a", DAY, DAY + 9)) == 2
    assert telemetry.losses("north") == ()


def test_more_than_can_wait_is_counted_as_lost_the_oldest_first(tmp_path):
    telemetry = opened(tmp_path, most_rows=7)  # two sweeps of three, and one
    with full_disk():
        for number in range(5):
            sweep(telemetry, DAY + 5 * number)
            with pytest.raises(OutsideError):
                telemetry.flush()
    assert telemetry.rows_waiting == 6
    telemetry.flush()
    assert [row.at_s for row in telemetry.machine_trace("north", "a", DAY, DAY + 99)] == [
        DAY + 15,
        DAY + 20,
    ]
    (loss,) = telemetry.losses("north")
    assert (loss.from_s, loss.until_s, loss.rows) == (DAY, DAY + 10, 9)
    assert telemetry.losses("north") == ()


def test_a_folder_that_is_gone_is_told_and_comes_back(tmp_path):
    telemetry = opened(tmp_path / "history")
    (tmp_path / "history").rename(tmp_path / "away")
    (tmp_path / "history").write_text("a file where the folder was")
    sweep(telemetry, DAY)
    with pytest.raises(OutsideError, match="history"):
        telemetry.flush()
    (tmp_path / "history").unlink()
    telemetry.flush()
    assert len(telemetry.machine_trace("north", "a", DAY, DAY + 1)) == 1


def test_a_folder_that_cannot_be_made_is_told_at_once(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutsideError, match="file"):
        opened(tmp_path / "file" / "history")


def test_a_full_disk_while_files_are_joined_loses_nothing(tmp_path):
    telemetry = opened(tmp_path)
    for number in range(3):
        sweep(telemetry, DAY + number)
        telemetry.flush()
    with full_disk(), pytest.raises(OutsideError):
        telemetry.compact(DAY + DAY_S + 1)
    with full_disk(), pytest.raises(OutsideError):
        telemetry.compact(DAY + 9 * DAY_S)
    assert len(telemetry.machine_trace("north", "a", DAY, DAY + DAY_S)) == 3


def test_a_file_that_is_not_parquet_is_told(tmp_path):
    telemetry = opened(tmp_path)
    sweep(telemetry, DAY)
    telemetry.flush()
    (path,) = tmp_path.rglob("*.parquet")
    path.write_bytes(b"something else, long enough to be looked at")
    with pytest.raises(OutsideError, match=path.name):
        telemetry.machine_trace("north", "a", DAY, DAY + 1)


def test_a_damaged_day_is_told_and_stays_while_other_days_are_tidied(tmp_path):
    telemetry = opened(tmp_path)
    for at_s in (DAY, DAY + 1, DAY + DAY_S, DAY + DAY_S + 1):
        sweep(telemetry, at_s)
        telemetry.flush()
    damaged = next(tmp_path.glob("site=north/machines/day=2026-11-19/00000002-*"))
    damaged.write_bytes(b"something else, long enough to be looked at")
    for now_s in (DAY + 2.5 * DAY_S, DAY + 9 * DAY_S):
        with pytest.raises(OutsideError):
            telemetry.compact(now_s)
        assert damaged.exists()
    assert files(tmp_path, "machines-5min") == ["00000001-00000002.parquet"]
    assert len(telemetry.machine_trace("north", "a", DAY + DAY_S, DAY + 2 * DAY_S)) == 1


def test_names_of_machines_are_written_once_a_file(tmp_path):
    telemetry = opened(tmp_path)
    names = tuple(f"machine-with-a-long-name-{number}" for number in range(1000))
    column = np.ones(1000)
    for number in range(12):
        sweep(
            telemetry,
            DAY + number,
            machines=names,
            seen=column,
            power_w=column,
            hashrate_th=column,
        )
    telemetry.flush()
    (path,) = tmp_path.rglob("*.parquet")
    assert pq.read_metadata(path).num_rows == 12_000
    assert path.stat().st_size < 2 * sum(map(len, names))


def test_the_agent_does_not_load_pandas_for_its_history(tmp_path):
    program = f"""
import sys
from pathlib import Path
from loadstone.adapters.store.telemetry import open_telemetry
from loadstone.model.operations.meter import MeterReading
t = open_telemetry(Path({str(tmp_path)!r}), {{"n": 1.0}})
t.add_sweep("n", 0.0, machines=("a",), seen=[1], power_w=[1.0], hashrate_th=[1.0])
t.add_meter("n", MeterReading(meter="m", began_s=0.0, power_mw=1.0), 0.0)
t.flush()
t.compact(86400.0 * 500)
t.energy("n", "m", 0.0, 60.0)
t.close()
print("pandas" in sys.modules)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"


def test_the_note_beside_the_history_is_plain(tmp_path):
    sweep(opened(tmp_path), DAY)
    note = json.loads((tmp_path / "site=north" / "open.json").read_text())
    assert note == {"written_until_s": DAY}
    assert isinstance(opened(tmp_path).losses("north")[0], Loss)
