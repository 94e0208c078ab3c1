# SPDX-License-Identifier: Apache-2.0
import asyncio
from contextlib import aclosing

import pytest

from loadstone.adapters.signals import file_signal
from loadstone.adapters.signals.file_signal import FileFeed, read_rows
from loadstone.adapters.signals.moments import seconds_of, seconds_since_1970
from loadstone.model.errors import InputErrors, OutsideError
from loadstone.model.operations.terms import FileSignal

pytestmark = pytest.mark.anyio
NOON = seconds_since_1970("2026-11-21T12:00:00Z")
HOURS = "start,value\n2026-11-21T11:00Z,40\n2026-11-21T12:00Z,250\n2026-11-21T13:00Z,30\n"


def feed(folder, text, *, now=NOON + 600):
    (folder / "price.csv").write_text(text)
    terms = FileSignal(id="price", means="price", path="price.csv")
    return FileFeed(terms, folder, now_s=lambda: 7.0, utc_s=lambda: now)


async def first(given, count):
    values = given.values()
    found = [await anext(values) for _ in range(count)]
    await values.aclose()
    return found


async def test_what_holds_now_and_what_comes_is_told(tmp_path):
    now, after = await first(feed(tmp_path, HOURS), 2)
    assert (now.value, now.starts_s, now.ends_s, now.heard_s) == (250, NOON, NOON + 3_600, 7.0)
    assert (after.value, after.ends_s) == (30, None)  # the last holds until the file says more


async def test_a_row_may_say_when_it_ends(tmp_path):
    text = "start,end,value\n2026-11-21T12:00Z,2026-11-21T12:30Z,5\n2026-11-21T13:00Z,,6\n"
    now, after = await first(feed(tmp_path, text), 2)
    assert (now.ends_s, after.starts_s) == (NOON + 1_800, NOON + 3_600)


async def test_days_far_ahead_wait(tmp_path):
    text = HOURS + "2026-12-24T12:00Z,1\n"
    found = await first(feed(tmp_path, text), 2)
    assert [one.value for one in found] == [250, 30]


async def test_a_row_that_is_taken_out_ends_and_one_that_is_changed_is_told_anew(tmp_path):
    given = feed(tmp_path, HOURS + "2026-11-21T14:00Z,500\n2026-11-21T15:00Z,20\n")
    assert len(await first(given, 4)) == 4
    text = "start,value\n2026-11-21T12:00Z,250\n2026-11-21T13:00Z,35\n2026-11-21T15:00Z,20\n"
    (tmp_path / "price.csv").write_text("start,val")
    assert (await first(given, 1))[0].value == 250
    with pytest.raises(OutsideError, match="columns"):
        await first(given, 1)
    (tmp_path / "price.csv").write_text(text)
    assert (await first(given, 1))[0].value == 250
    *over, now, changed, last = await first(given, 5)
    assert [one.value for one in over] == [30, 500]
    assert all(one.starts_s == one.ends_s == NOON + 600 for one in over)
    assert over[0].reference != changed.reference  # else it would be the same event again
    told = [now, changed, last]
    assert [(one.value, one.ends_s) for one in told] == [
        (250, NOON + 3_600),
        (35, NOON + 10_800),
        (20, None),
    ]


async def test_rows_that_are_not_written_yet_are_not_taken_for_rows_taken_out(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(file_signal, "LOOK_S", 0.0)
    rows = HOURS + "2026-11-21T14:00Z,20\n"
    given = feed(tmp_path, rows)
    async with aclosing(given.values()) as values:
        assert [(await anext(values)).value for _ in range(3)] == [250, 30, 20]
        (tmp_path / "price.csv").write_text(rows[:60])  # another program is writing it
        assert (await anext(values)).value == 250
        (tmp_path / "price.csv").write_text(rows + "\n")
        found = [await anext(values) for _ in range(4)]
    assert [one.value for one in found] == [250, 250, 30, 20]
    assert all(one.ends_s is None or one.ends_s > NOON + 600 for one in found)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2026-11-21T12:00Z,,0\n2026-11-21T13:00Z,,1\n", "2026-11-21T12:00Z,,0\n"),
        ("2026-11-21T12:00Z,2026-11-21T13:00Z,0\n", "2026-11-21T12:00Z,2026-11-21T14:00Z,0\n"),
    ],
)
async def test_a_row_that_now_lasts_longer_is_told_anew(tmp_path, before, after):
    head = "start,end,value\n"
    given = feed(tmp_path, head + before)
    (was,) = await first(given, 1)
    (tmp_path / "price.csv").write_text(head + after)
    await first(given, 1)
    over, now = await first(given, 2)
    assert (over.reference, over.ends_s) == (was.reference, NOON + 600)
    assert now.reference != was.reference
    assert now.ends_s is None or now.ends_s > was.ends_s


async def test_local_times_carry_their_offset(tmp_path):
    (tmp_path / "p.csv").write_text("start,value\n2026-11-21T15:00+03:00,1\n")
    assert read_rows(tmp_path / "p.csv") == ((NOON, None, 1.0),)


async def test_everything_wrong_in_a_file_is_told_at_once(tmp_path):
    bad = "start,value\n2026-11-21T12:00,1\nyesterday,2\n2026-11-21T12:00Z,high\n"
    (tmp_path / "p.csv").write_text(bad)
    with pytest.raises(InputErrors) as told:
        read_rows(tmp_path / "p.csv")
    assert [error.field for error in told.value.errors] == ["line 2", "line 3", "line 4"]
    assert "offset" in str(told.value.errors[0])


async def test_two_rows_of_one_start_are_refused_unless_they_are_the_same(tmp_path):
    once = "2026-11-21T12:00Z,,1\n"
    (tmp_path / "p.csv").write_text("start,end,value\n" + once + once)
    assert read_rows(tmp_path / "p.csv") == ((NOON, None, 1.0),)
    for other in ("2026-11-21T12:00Z,,2\n", "2026-11-21T13:00+01:00,2026-11-21T14:00Z,1\n"):
        (tmp_path / "p.csv").write_text("start,end,value\n" + once + other)
        with pytest.raises(InputErrors, match=r"line 3.*another row starts"):
            read_rows(tmp_path / "p.csv")


async def test_a_field_without_end_is_wrong_input(tmp_path):
    (tmp_path / "p.csv").write_text('start,value\n2026-11-21T12:00Z,"1' + "\n0" * 100_000)
    with pytest.raises(InputErrors, match="field"):
        read_rows(tmp_path / "p.csv")


async def test_a_file_without_rows_says_nothing(tmp_path):
    given = feed(tmp_path, "start,value\n")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await first(given, 1)


async def test_a_file_without_the_columns_is_refused(tmp_path):
    (tmp_path / "p.csv").write_text("time,price\n")
    with pytest.raises(InputErrors, match='columns "start" and "value"'):
        read_rows(tmp_path / "p.csv")


async def test_a_file_that_is_spoilt_while_the_site_runs_breaks_the_signal_and_no_more(
    tmp_path,
):
    with pytest.raises(OutsideError, match="line 2"):
        await first(feed(tmp_path, "start,value\nyesterday,2\n"), 1)


async def test_a_file_that_is_gone_is_the_outside_world(tmp_path):
    given = feed(tmp_path, HOURS)
    (tmp_path / "price.csv").unlink()
    with pytest.raises(OutsideError, match=r"price\.csv"):
        await first(given, 1)


@pytest.mark.parametrize(
    ("length", "seconds"),
    [("PT15M", 900), ("PT1H30M", 5_400), ("P1D", 86_400), ("P1W", 604_800), ("P9999Y", None)],
)
def test_lengths_of_time_are_read(length, seconds):
    assert seconds_of(length) == seconds


@pytest.mark.parametrize("length", ["", "P", "PT", "1 hour", "P1M"])
def test_what_is_no_length_of_time_is_refused(length):
    with pytest.raises(ValueError, match="length of time"):
        seconds_of(length)
