# SPDX-License-Identifier: Apache-2.0
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.drivers.miners.whatsminer.state import (
    CAPABILITY,
    Summary,
    Watch,
    learned,
    runs,
    taken,
)
from loadstone.model.operations.reading import Reason, State

numbers = st.none() | st.floats(0, 5000)
summaries = st.none() | st.builds(Summary, numbers, numbers, numbers, numbers, numbers)
watts = st.floats(0, 5000).map(float)


@given(summaries, st.sampled_from([None, False, True]), st.booleans())
def test_stopped_is_only_what_says_that_it_is_off(summary, off, stands_still):
    sample = Watch().sample(summary, off, stands_still)
    assert (sample.state is State.STOPPED) <= (off is True)
    assert (sample.state is State.RUNNING) <= (off is False)
    assert (sample.reason is Reason.NONE) == (sample.state is not State.UNKNOWN)


@given(summaries)
def test_what_says_that_it_is_off_and_hashes_is_never_stopped(summary):
    sample = Watch().sample(summary, True, False)
    assert (sample.state is State.STOPPED) == (not (summary and summary.hashrate_th))


def test_a_hashrate_below_zero_shows_no_work():
    assert not runs(Summary(hashrate_th=-1.0, power_w=3300.0))
    assert runs(Summary(hashrate_th=1.0, power_w=3300.0))


def test_a_summary_stands_still_when_its_seconds_do():
    watch = Watch()
    assert not watch.stands_still(Summary(elapsed_s=10.0), 100.0)
    assert not watch.stands_still(Summary(elapsed_s=10.0), 109.9)
    assert watch.stands_still(Summary(elapsed_s=10.0), 110.0)
    assert not watch.stands_still(Summary(elapsed_s=11.0), 111.0)
    assert not watch.stands_still(Summary(), 200.0)
    assert not watch.stands_still(Summary(), 300.0)


@given(watts, watts, st.none() | watts, watts)
def test_more_than_what_was_asked_is_never_taken(asked_w, in_force_w, before_w, most_w):
    if in_force_w > asked_w + 1.0:
        assert not taken(asked_w, in_force_w, before_w, most_w)
    assert taken(asked_w, asked_w, before_w, most_w)


def test_less_than_what_was_asked_is_taken_when_it_is_all_there_is():
    assert taken(5000.0, 3600.0, 3000.0, 0.0)  # it went up, and no further
    assert taken(5000.0, 3600.0, 3600.0, 3600.0)  # its highest is known
    assert not taken(5000.0, 3000.0, 3000.0, 0.0)  # it did not move


@given(watts, watts, watts)
def test_bounds_are_learned_only_from_a_machine_that_moved(asked_w, in_force_w, before_w):
    known = learned(CAPABILITY, asked_w, in_force_w, before_w)
    if in_force_w == before_w:
        assert known == CAPABILITY
    assert known.max_w is None or before_w < known.max_w < asked_w
    assert known.min_w is None or asked_w < known.min_w < before_w
