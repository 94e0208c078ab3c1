# SPDX-License-Identifier: Apache-2.0

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.outlook.reduce import (
    phase_means,
    read_factors,
    reduced,
    seen_before,
    stretched,
)
from loadstone.model.errors import InputError
from loadstone.model.futures.paths import Paths
from loadstone.model.network import Phase

FIRST = date(2026, 7, 1)
PHASES = (Phase(year=2027), Phase(year=2028, years=2.0))
NAMES = ("hashprice", "network_eh", "ai:blackwell", "power:A", "power:B")


def paths(values, names=NAMES, weight=None):
    """Return futures from values by factor, future and month."""
    values = np.asarray(values, dtype=float)
    count = values.shape[1]
    return Paths(
        first=FIRST, factors=tuple(names), values=values, events=(),
        happens=np.empty((0, count)), weather=np.zeros((count, 4), dtype=np.int64),
        weight=np.full(count, 1 / count) if weight is None else np.asarray(weight), seed=0,
    )  # fmt: skip


def drawn(count, seed=0):
    steps = np.random.default_rng(seed).normal(0, 0.1, (len(NAMES), count, 42))
    return paths(np.exp(np.cumsum(steps, axis=2)))


def level(*levels, names=("hashprice",)):
    """Return futures in which one factor stays at a level."""
    return paths(np.array([[np.full(42, x) for x in levels]]), names)


def test_phases_are_told_by_their_mean_and_by_what_is_seen_before_them():
    path = np.arange(42.0)[None, None, :]  # July 2026 is 0, January 2027 is 6
    found = paths(np.repeat(path, 5, axis=0) + 1)
    assert read_factors(found) == ("hashprice", "ai:blackwell", "power:A", "power:B")
    # months 0 to 17, those before the first phase with it, and 18 to 41, told from 1 on
    assert phase_means(found, PHASES)[0, :, 0].tolist() == [9.5, 30.5]
    assert seen_before(found, PHASES)[0, :, 0].tolist() == [6.0, 18.0]


def test_a_phase_beyond_the_months_has_the_last_month():
    later = (*PHASES, Phase(year=2040))
    assert phase_means(paths(np.ones((5, 1, 42))), later)[0, 2, 0] == 1.0


def test_two_crowds_are_told_by_their_middles():
    found = reduced(level(9.0, 10.0, 11.0, 38.0, 40.0, 42.0), PHASES, 2)
    assert sorted(found.chosen) == [1, 4]
    assert sorted(found.weight) == pytest.approx([0.5, 0.5])
    assert found.lost < 0.1


def test_weights_are_those_of_what_a_future_stands_for():
    given = replace(level(10.0, 10.5, 40.0), weight=np.array([0.1, 0.2, 0.7]))
    found = reduced(given, PHASES, 2)
    by_place = dict(zip(found.chosen.tolist(), found.weight, strict=True))
    assert by_place == pytest.approx({1: 0.3, 2: 0.7})


def test_the_same_future_twice_is_kept_once():
    found = reduced(level(10.0, 10.0, 10.0, 40.0), PHASES, 4)
    assert sorted(found.weight) == [0.25, 0.75]
    assert found.distance == 0.0


def test_kinds_of_factors_count_alike_however_many_zones_there_are():
    # hashprice falls apart in two; nine zones of power follow one another
    rng = np.random.default_rng(1)
    power = np.exp(0.1 * rng.normal(size=(1, 40, 1))) * np.ones((9, 40, 42))
    hashprice = np.where(np.arange(40) < 20, 10.0, 40.0)[None, :, None] * np.ones((1, 40, 42))
    names = ("hashprice", *(f"power:{i}" for i in range(9)))
    found = reduced(paths(np.concatenate([hashprice, power]), names), PHASES, 2)
    assert len({hashprice[0, i, 0] for i in found.chosen}) == 2


@settings(max_examples=20)
@given(st.integers(1, 60), st.integers(1, 80))
def test_kept_futures_are_different_weigh_one_and_tell_more_the_more_there_are(count, kept):
    every = drawn(count, seed=count)
    found = reduced(every, PHASES, kept)
    assert len(set(found.chosen)) == len(found.chosen) <= min(kept, count)
    assert found.weight.sum() == pytest.approx(1)
    assert (found.weight > 0).all()
    assert found.distance <= found.of_one + 1e-12
    if kept >= count:
        assert found.distance == pytest.approx(0, abs=1e-6)


def test_more_futures_lose_less():
    every = drawn(300)
    lost = [reduced(every, PHASES, count).lost for count in (1, 5, 20, 80)]
    assert lost[0] == pytest.approx(1)
    assert lost == sorted(lost, reverse=True)


def test_futures_that_are_all_alike_are_one():
    found = reduced(level(10.0, 10.0), PHASES, 2)
    assert found.weight.tolist() == [1.0]
    assert found.lost == 0.0


@pytest.mark.parametrize(("count", "futures"), [(0, 5), (3, 4001)])
def test_too_few_and_too_many_are_refused(count, futures):
    with pytest.raises(InputError):
        reduced(paths(np.ones((5, futures, 1))), PHASES, count)


def test_kept_futures_have_the_mean_and_the_spread_of_all():
    every = drawn(400)
    found = reduced(every, PHASES, 12)
    few = stretched(every, found)
    assert few.count == len(found.chosen)
    for name in read_factors(every):
        logs, kept = np.log(every.factor(name)), np.log(few.factor(name))
        assert found.weight @ kept == pytest.approx(logs.mean(axis=0))
        spread = np.sqrt(found.weight @ (kept - found.weight @ kept) ** 2)
        assert spread == pytest.approx(logs.std(axis=0))
    # what a planner does not read stays as it was drawn
    assert np.array_equal(few.factor("network_eh"), every.factor("network_eh")[found.chosen])
    # middles alone tell of a calmer world
    calm = np.log(every.factor("hashprice")[found.chosen])
    assert np.sqrt(found.weight @ (calm - found.weight @ calm) ** 2).mean() < 0.9 * (
        np.log(every.factor("hashprice")).std(axis=0).mean()
    )


def test_one_future_for_all_is_their_middle():
    few = stretched(level(10.0, 40.0), reduced(level(10.0, 40.0), PHASES, 1))
    assert few.factor("hashprice") == pytest.approx(20.0)  # sqrt(10 x 40)
