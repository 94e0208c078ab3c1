# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.engines.measurement.intervals import (
    Trace,
    held_between,
    interval_means,
    trace_of,
)
from loadstone.model.errors import InputError

NAN = float("nan")


def held(at_s, power, energy, hold_s: float = 60.0) -> Trace:
    return Trace(
        at_s=np.array(at_s, dtype=float),
        power_mw=np.array(power, dtype=float),
        energy_mwh=np.array(energy, dtype=float),
        hold_s=np.full(len(at_s), hold_s),
    )


def trace(*rows: tuple[float, ...], hold_s: float = 60.0) -> Trace:
    whole = [(*row, NAN)[:3] for row in rows]
    return held(*zip(*whole, strict=True), hold_s=hold_s)


def means(given: Trace, *edges_s: float):
    found = interval_means(given, np.array(edges_s, dtype=float))
    return found.mw.tolist(), found.covered.tolist()


def test_a_reading_holds_until_the_next():
    # 10 MW for 30 s, then 4 MW for 30 s: a mean of 7
    mw, covered = means(trace((0, 10.0), (30, 4.0), (60, 4.0)), 0, 60)
    assert (mw, covered) == ([7.0], [1.0])


def test_a_reading_from_before_the_edge_counts_inside():
    mw, _ = means(trace((-10, 6.0), (30, 8.0)), 0, 60)  # 30 s of 6, 30 s of 8
    assert mw == [7.0]


def test_an_interval_that_is_little_known_is_not_known():
    mw, covered = means(trace((0, 10.0), hold_s=30), 0, 60, 120)
    assert np.isnan(mw).all()
    assert covered == [0.5, 0.0]


def test_unknown_power_is_a_gap_and_not_zero():
    mw, covered = means(trace((0, 10.0), (57, NAN), (60, 10.0)), 0, 60)
    assert mw == [10.0]
    assert covered == pytest.approx([0.95])


def test_the_counter_knows_what_happened_between_two_readings():
    # power read at both ends is 0, and 1 MWh went through in the hour: 1 MW in the mean
    given = trace((0, 0.0, 5.0), (3_600, 0.0, 6.0), hold_s=3_600)
    assert means(given, 0, 3_600)[0] == [1.0]


def test_the_counter_is_read_between_its_readings():
    given = trace((0, NAN, 0.0), (60, NAN, 0.6), (120, NAN, 0.6))
    # 0.3 MWh until second 30, 0.3 until 60, nothing after
    assert means(given, 0, 30, 60, 90)[0] == pytest.approx([36.0, 36.0, 0.0])


def test_a_counter_that_falls_says_nothing_and_power_does():
    given = trace((0, 3.0, 9.0), (30, 3.0, 0.0), (60, 3.0, 0.1))
    assert means(given, 0, 60)[0] == [3.0]


def test_a_counter_far_from_the_edge_says_nothing():
    given = trace((0, 2.0, 9.0), (50, 2.0, NAN), (100, 2.0, NAN), (300, 2.0, 9.5), hold_s=50)
    mw, covered = means(given, 0, 120)
    assert (mw, covered) == ([2.0], [1.0])


def test_no_reading_at_all_is_no_mean():
    assert np.isnan(means(held([], [], []), 0, 60)[0]).all()


def test_readings_out_of_order_are_refused():
    with pytest.raises(InputError, match="rise"):
        trace((10, 1.0), (10, 2.0))


def test_of_two_readings_at_one_time_the_last_counts():
    at_s, mw, nothing = np.array([10.0, 0.0, 10.0]), np.array([1.0, 2.0, 3.0]), np.full(3, NAN)
    given = trace_of(at_s, mw, nothing, np.zeros(3), hold_s=60.0)
    assert (given.at_s.tolist(), given.power_mw.tolist()) == ([0.0, 10.0], [2.0, 3.0])
    empty = np.zeros(0)
    assert trace_of(empty, empty, empty, empty, hold_s=60.0).at_s.size == 0


def test_a_mean_stands_for_its_own_time_and_a_reading_for_as_long_as_is_said():
    at_s, mw, nothing = np.array([0.0, 300.0]), np.array([4.0, 6.0]), np.full(2, NAN)
    given = trace_of(at_s, mw, nothing, np.array([200.0, 0.0]), hold_s=30.0)
    held_mws, known_s = held_between(given, np.array([0.0, 300.0, 600.0]))
    # 200 s of 4 MW in the first five minutes, 30 s of 6 MW in the next
    assert (held_mws.tolist(), known_s.tolist()) == ([800.0, 180.0], [200.0, 30.0])


powers = st.lists(st.floats(0, 100), min_size=2, max_size=30)


@given(powers, st.data())
def test_the_energy_of_parts_is_the_energy_of_the_whole(power, data):
    at_s = np.arange(len(power)) * 10.0
    given_trace = held(at_s, power, [NAN] * len(power))
    cut = data.draw(st.floats(1.0, at_s[-1] - 1.0))
    end = float(at_s[-1])
    whole = interval_means(given_trace, np.array([0.0, end])).mw
    parts = interval_means(given_trace, np.array([0.0, cut, end])).mw
    assert whole[0] * end == pytest.approx(parts[0] * cut + parts[1] * (end - cut), abs=1e-6)


@given(powers)
def test_a_counter_that_agrees_with_power_gives_the_same_mean(power):
    at_s = np.arange(len(power)) * 10.0
    energy = np.concatenate(([0.0], np.cumsum(power[:-1]))) * 10.0 / 3_600
    both, only = held(at_s, power, energy), held(at_s, power, [NAN] * len(power))
    edges = at_s[[0, -1]]
    np.testing.assert_allclose(
        interval_means(both, edges).mw,
        interval_means(only, edges).mw,
        atol=1e-6,
    )
