# SPDX-License-Identifier: Apache-2.0
"""Merit orders and one store: compiled and plain loops against the rules in plain words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.dispatch import kernels
from loadstone.engines.dispatch.kernels import (
    best_injection,
    close_cycle,
    injection,
    release_lists,
    serve,
    sort_descending,
    turn_loss,
    value_lists,
    walk_once,
    walk_year,
)

DEAR = 1e4
FINE = 1e-9


def forms(kernel):
    return pytest.mark.parametrize("kernel", [kernel, kernel.py_func])


pieces = st.lists(
    st.tuples(st.integers(-60, 120), st.floats(0.1, 20)), min_size=1, max_size=6
).map(lambda uses: sorted(uses, reverse=True))
efficiencies = st.sampled_from([0.85, 0.94, 1.0])


@st.composite
def hours(draw, *, most=6):
    """Return merit lists, starts, and a battery's power and efficiencies."""
    uses = draw(st.lists(pieces, min_size=2, max_size=most))
    # the right end of a list is at least 0: power need not be injected
    starts = [-draw(st.floats(0.0, 1.0)) * sum(w for _, w in u) for u in uses]
    forced = draw(st.sampled_from([0.0, 0.0, 3.0]))
    starts = [s + forced for s in starts]
    return uses, starts, (draw(st.floats(0.1, 30)), draw(efficiencies), draw(efficiencies))


def packed(uses, starts):
    stride = max(len(u) for u in uses)
    slopes, widths = np.zeros((len(uses), stride)), np.zeros((len(uses), stride))
    for t, u in enumerate(uses):
        slopes[t, : len(u)] = [v for v, _ in u]
        widths[t, : len(u)] = [w for _, w in u]
    counts = np.array([len(u) for u in uses], dtype=np.int64)
    return slopes.ravel(), widths.ravel(), counts, np.array(starts)


def releases_of(uses, starts, battery, kernel=release_lists):
    slopes, widths, counts, start = packed(uses, starts)
    stride = len(slopes) // len(uses) + 6
    lists = (
        np.zeros(stride * len(uses)),
        np.zeros(stride * len(uses)),
        np.zeros(len(uses), dtype=np.int64),
    )
    kernel(slopes, widths, counts, start, *battery, DEAR, lists)
    return lists


def hour_of(releases, t):
    rv, rw, rn = releases
    at = t * (len(rv) // len(rn))
    return list(zip(rv[at : at + rn[t]], rw[at : at + rn[t]], strict=True))


def welfare(uses, start, y):
    """Return what an hour is worth at an injection y, over that at its start."""
    if y < start:
        return DEAR * (y - start)
    worth = 0.0
    for v, w in uses:
        worth += v * min(w, max(y - start, 0.0))
        start += w
    return worth


def best_welfare(uses, start, d, battery):
    """Return the best worth of releasing d: every way to charge and discharge is tried."""
    power, ec, ed = battery
    end = start + sum(w for _, w in uses)
    least = max(0.0, -d / ec)
    # dis = ed (d + ec ch) is at most the power
    most = min(power, (power / ed - d) / ec)
    best = -np.inf
    knots = [start, *(start + np.cumsum([w for _, w in uses]))]
    loss = 1 - ec * ed
    tried = [least, most] + ([(ed * d - y) / loss for y in knots] if loss > 0 else [])
    for charge in np.clip(tried, least, max(least, most)):
        y = ed * d - loss * charge
        if y <= end + 1e-9:
            best = max(best, welfare(uses, start, y))
    return best


def area(pieces_, width):
    """Return the worth of the first `width` of a list of slopes and widths."""
    worth = 0.0
    for v, w in pieces_:
        worth += v * min(w, max(width, 0.0))
        width -= w
    return worth


@forms(sort_descending)
@given(st.lists(st.integers(-5, 5), max_size=9))
def test_an_order_falls_and_ties_keep_theirs(kernel, values):
    order = np.arange(len(values))
    kernel(np.array(values, dtype=float), order, len(values))
    assert order.tolist() == sorted(range(len(values)), key=lambda i: (-values[i], i))


@forms(serve)
@given(pieces, st.floats(-5, 90))
def test_the_best_use_is_served_first(kernel, uses, power):
    values, widths = (np.array(column, dtype=float) for column in zip(*uses, strict=True))
    taken = np.zeros(len(uses))
    worth = kernel(values, widths, 0, len(uses), power, taken)
    left = max(power, 0.0)
    for i, (_, width) in enumerate(uses):
        assert taken[i] == pytest.approx(min(width, max(left, 0.0)), abs=1e-12)
        left -= width
    assert worth == pytest.approx(float(taken @ values))


@forms(best_injection)
def test_power_is_injected_until_it_is_worth_nothing(kernel):
    slopes, widths = np.array([40.0, 0.0, -5.0]), np.array([3.0, 2.0, 9.0])
    assert kernel(slopes, widths, 0, 3, -4.0) == 1.0  # -4 + 3 + 2; the last use pays nothing
    assert kernel(slopes, widths, 0, 2, -4.0) == 1.0


@forms(injection)
@pytest.mark.parametrize("ed", [0.9, 1.0])
def test_an_injection_burns_no_more_than_the_battery_can(kernel, ed):
    power, ec = 10.0, ed
    for best in (-50.0, -3.0, 0.0, 4.0, 50.0):
        for d in np.linspace(-ec * power, power / ed, 9):
            y = kernel(best, d, power, ec, ed)
            charges = np.linspace(max(0.0, -d / ec), min(power, (power / ed - d) / ec), 2001)
            reach = ed * d - (1 - ec * ed) * charges
            assert y == pytest.approx(np.clip(best, reach.min(), reach.max()), abs=1e-9)


@forms(release_lists)
@given(hours(), st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_releasing_energy_is_worth_the_best_way_to_do_it(kernel, case, shares):
    uses, starts, battery = case
    power, ec, _ = battery
    lists = releases_of(uses, starts, battery, kernel)
    for t, (u, start) in enumerate(zip(uses, starts, strict=True)):
        listed = hour_of(lists, t)
        slopes = [v for v, _ in listed]
        assert slopes == sorted(slopes, reverse=True)
        span = sum(w for _, w in listed)
        least = best_welfare(u, start, -ec * power, battery)
        for share in shares:
            d = -ec * power + share * span
            worth = best_welfare(u, start, d, battery)
            assert area(listed, share * span) == pytest.approx(
                worth - least, rel=1e-7, abs=1e-5
            )


@forms(release_lists)
def test_where_every_use_costs_charging_earns_and_burning_saves(kernel):
    # 30 MW come in whether wanted or not and each MW used costs 20: the battery takes 5
    # at full charge, and what it stores is worth less than nothing
    listed = hour_of(releases_of([[(-20, 60.0)]], [-30.0], (5.0, 0.9, 0.9), kernel), 0)
    assert listed[0][0] == -20 * 0.9  # charging less for each MWh stored, burning the rest
    assert all(v < 0 for v, _ in listed)


def merged(release, after, drop, energy):
    """Return what energy is worth an hour earlier: both lists in falling order, cut to size."""
    both = sorted([*release, *after], key=lambda piece: -piece[0])
    kept = []
    for v, w in both:
        skipped = min(drop, w)
        drop -= skipped
        width = min(w - skipped, energy)
        energy -= width
        if width > 0:
            kept.append((v, width))
    return kept


def room(T, pieces_=20_000):
    first, length = np.zeros(T + 1, dtype=np.int64), np.zeros(T + 1, dtype=np.int64)
    return np.zeros(pieces_), np.zeros(pieces_), first, length


def path_of(T):
    return np.zeros(T), np.zeros(T), np.zeros(T)


@forms(value_lists)
@given(hours(), st.floats(0.05, 60), st.floats(-50, 120))
def test_stored_energy_is_worth_the_merged_hours_that_follow(kernel, case, energy, terminal):
    uses, starts, battery = case
    power, ec, _ = battery
    T, lists = len(uses), releases_of(uses, starts, battery)
    worths = room(T)
    kernel(lists, ec * power, energy, terminal, 1e-9, FINE, worths, 1)
    v, w, first, length = worths
    after = [(terminal, energy)]
    for t in range(T - 1, -1, -1):
        after = merged(hour_of(lists, t), after, ec * power, energy)
        at = slice(*(first[t - 1] + np.array([0, length[t - 1]]))) if t else None
        at = at or slice(first[T], first[T] + length[T])
        found = list(zip(v[at], w[at], strict=True))
        for share in (0.1, 0.5, 1.0):
            expected = area(after, share * energy)
            assert area(found, share * energy) == pytest.approx(expected, rel=1e-6, abs=1e-3)


@forms(value_lists)
def test_lists_without_room_are_said_to_have_none(kernel):
    uses = [[(40 + t, 3.0), (10, 5.0)] for t in range(6)]
    lists = releases_of(uses, [-2.0] * 6, (2.0, 0.9, 0.9))
    assert kernel(lists, 1.8, 50.0, 0.0, 1e-9, FINE, room(6, 8), 3) == -1


@forms(value_lists)
def test_a_store_that_fills_each_day_has_lists_that_repeat(kernel):
    uses = [[(80.0 if t % 4 else 5.0, 10.0)] for t in range(12)]
    lists = releases_of(uses, [-5.0] * 12, (4.0, 0.9, 0.9))
    assert kernel(lists, 3.6, 3.0, 0.0, 1e-9, FINE, room(12), 3) == 1
    assert kernel(lists, 3.6, 900.0, 0.0, 1e-9, FINE, room(12), 1) == 0


@settings(max_examples=60)
@given(hours(most=8), st.floats(0.05, 40))
def test_plain_and_compiled_walks_agree(case, energy):
    uses, starts, battery = case
    power, ec, ed = battery
    T, lists = len(uses), releases_of(uses, starts, battery)
    worths, drop = room(T), ec * power
    sizes = (drop, energy, FINE)
    value_lists(lists, drop, energy, 20.0, 1e-9, FINE, worths, 3)
    for kernel, arguments in (
        (walk_year, (0.3 * energy, 5.0)),
        (walk_once, (20.0,)),
        (close_cycle, ()),
    ):
        one, other = path_of(T), path_of(T)
        last = (False,) if kernel is walk_year else ()
        found = kernel(lists, worths, *sizes, *arguments, one, *last)
        plain = kernel.py_func(lists, worths, *sizes, *arguments, other, *last)
        np.testing.assert_allclose(found, plain, atol=1e-12)
        np.testing.assert_allclose(one, other, atol=1e-12)
        soc, rel, _ = one
        assert (soc >= 0).all()
        assert (soc <= energy + 1e-9).all()
        assert (rel >= -drop - 1e-9).all()
        assert (rel <= power / ed + 1e-9).all()
        np.testing.assert_allclose(np.diff(soc), -rel[:-1], atol=1e-6)
        assert turn_loss(energy, one) == pytest.approx(turn_loss.py_func(energy, one))


def test_the_plain_steps_agree_with_the_compiled_ones():
    rng = np.random.default_rng(0)
    for _ in range(200):
        v = np.sort(rng.integers(-5, 9, 6)).astype(float)[::-1].copy()
        rv = np.sort(rng.integers(-5, 9, 5)).astype(float)[::-1].copy()
        w, rw = rng.uniform(0, 2, 6), rng.uniform(0, 2, 5)
        w[rng.random(6) < 0.2], rw[rng.random(5) < 0.2] = 0.0, 0.0
        total = float(w.sum() + rw.sum())
        target = rng.choice([0.0, rng.uniform(0, total), total])
        arguments = (rv, rw, 0, 5, v, w, 0, 6, target, FINE)
        found = kernels._step(*arguments)
        assert found == kernels._step.py_func(*arguments)
        taken, right, left = found
        assert right <= left
        # every release piece better than the place is taken, none that is worse
        assert taken <= rw[rv >= right].sum() + 1e-9
        assert taken >= rw[rv > left].sum() - 1e-9


def test_lists_are_the_same_but_for_rounding():
    v, w = np.array([3.0, 1.0, 3.0, 1.0]), np.array([1.0, 2.0, 1.0, 2.0 + 1e-12])
    for same in (kernels._same, kernels._same.py_func):
        assert same(v, w, 0, 2, 2, 2, 1e-9)
        assert not same(v, w, 0, 2, 2, 1, 1e-9)
        assert not same(v, w, 0, 2, 2, 2, 1e-15)
        assert not same(v + np.array([0, 0, 0, 1.0]), w, 0, 2, 2, 2, 1e-9)


@forms(close_cycle)
def test_a_path_that_meets_itself_is_closed(kernel):
    # the store is full after each cheap hour, whatever it held as the year began, and empty
    # after the dear ones: the second walk meets the first, which began half full
    uses = [[(float(5 + 13 * (t * t % 7)), 10.0)] for t in range(24)]
    lists, worths, path = releases_of(uses, [-5.0] * 24, (4.0, 0.9, 0.9)), room(24), path_of(24)
    value_lists(lists, 3.6, 3.0, 0.0, 1e-9, FINE, worths, 3)
    assert kernel(lists, worths, 3.6, 3.0, FINE, path) == 0.0
    assert path[0].max() == pytest.approx(3.0)
    for walk in (walk_year, walk_year.py_func):
        _, lam, joined = walk(lists, worths, 3.6, 3.0, FINE, path[0][0], 0.0, path, False)
        assert not joined
        assert walk(lists, worths, 3.6, 3.0, FINE, 1.0, lam, path, True)[2]
