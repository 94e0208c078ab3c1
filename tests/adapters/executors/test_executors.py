# SPDX-License-Identifier: Apache-2.0

import gc
import os
import pickle
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadstone.adapters.executors import EXECUTORS, executor_of
from loadstone.adapters.executors.processes import read_function, write_function
from loadstone.adapters.executors.sending import MOST_KEPT, Kept, Sent, parcels
from loadstone.engines.plan.exact import Search
from loadstone.engines.plan.lower import lower
from loadstone.engines.plan.oracle import Oracle
from loadstone.model.errors import InputError, OutsideError
from tests.network_folders import campus, read


class Doubling:
    """Doubles numbers, and has arrays to send."""

    def __init__(self, hours):
        self.hours = hours

    def at(self, index, factor):
        return float(self.hours[index] * factor)

    def fails(self, index):
        raise InputError("index", index, "must not be asked")


@pytest.fixture(scope="module", params=["threads", "processes", "ray"])
def executor(request):
    if request.param == "ray":
        pytest.importorskip("ray")
    with executor_of(request.param, 2) as found:
        yield found


def test_answers_come_in_the_order_of_the_questions(executor):
    doubling = Doubling(np.arange(100.0))
    assert isinstance(executor, Executor)
    asked = executor.map(doubling.at, range(100), [2.0] * 100)
    assert list(asked) == [2.0 * index for index in range(100)]
    other = Doubling(np.ones(3))
    assert list(executor.map(other.at, range(3), [5.0] * 3)) == [5.0] * 3
    assert list(executor.map(doubling.at, [7], [1.0])) == [7.0]


def test_a_plan_is_the_same_to_the_bit_wherever_its_blocks_are_valued(tmp_path, executor):
    problem = lower(read(campus(tmp_path))).problem
    alone, there = planned(problem, None), planned(problem, executor)
    assert np.array_equal(alone.columns, there.columns)
    assert np.array_equal(alone.values, there.values)
    assert np.array_equal(alone.row_price, there.row_price)
    assert (alone.objective, alone.bound) == (there.objective, there.bound)
    assert alone.iterations == there.iterations


def planned(problem, executor):
    search = Search(problem, gap=1e-3, executor=executor)
    for _ in search.steps():
        pass
    return search.solution()


def test_an_error_of_a_worker_is_raised_where_it_was_asked(executor):
    with pytest.raises(InputError, match="must not be asked"):
        list(executor.map(Doubling(np.ones(2)).fails, [1]))


def test_processes_that_end_early_are_told_in_words():
    with executor_of("processes", 1) as executor, pytest.raises(OutsideError, match="ended"):
        list(executor.map(os._exit, [3]))


def test_a_place_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="must be one of threads, processes, ray"):
        executor_of("mainframe")
    assert set(EXECUTORS) == {"threads", "processes", "ray"}


def test_arrays_of_a_function_are_mapped_with_their_layout(tmp_path):
    fixed = np.arange(4.0)
    fixed.flags.writeable = False
    hours = {
        "c": np.arange(12.0).reshape(3, 4),
        "fortran": np.asfortranarray(np.arange(12).reshape(3, 4)),
        "fixed": fixed,
        "nothing": np.empty((0, 5)),
    }
    write_function(tmp_path / "f", Doubling(hours).at)
    found = read_function(tmp_path / "f").__self__.hours
    for name, array in hours.items():
        assert np.array_equal(found[name], array)
        assert found[name].dtype == array.dtype
        for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS", "ALIGNED", "WRITEABLE"):
            assert found[name].flags[flag] == array.flags[flag], (name, flag)


def test_what_was_written_for_workers_goes_with_its_problem_and_with_them():
    with executor_of("processes", 1) as executor:
        shelf = Path(executor._shelf.name)
        doubling = Doubling(np.ones(3))
        list(executor.map(doubling.at, [0], [1.0]))
        assert len(list(shelf.iterdir())) == 1
        del doubling
        gc.collect()
        assert not list(shelf.iterdir())
    assert not shelf.exists()


def test_an_oracle_that_was_sent_bounds_the_same_parts(tmp_path):
    oracle = Oracle(lower(read(campus(tmp_path))).problem, parts=3)
    again = pickle.loads(pickle.dumps(oracle))
    assert [list(s) for s in again.starts] == [list(s) for s in oracle.starts]


def test_a_function_is_sent_once_for_each_owner_and_kept_by_a_worker_while_it_is_used():
    sent = []
    shelf = Sent(lambda function: sent.append(function) or len(sent))
    one, other = Doubling(np.ones(1)), Doubling(np.ones(1))
    found = [shelf.get(f) for f in (one.at, other.at, one.at, one.fails, other.at)]
    assert found == [1, 2, 1, 3, 2]
    kept, read_again = Kept(), []
    for key in ("a", "b", "a", "b", "c", "a", "b"):
        kept.get(key, lambda key=key: read_again.append(key) or str)
    assert MOST_KEPT == 2
    assert read_again == ["a", "b", "c", "a", "b"]


@given(st.integers(0, 200), st.integers(1, 9))
def test_parcels_hold_every_question_once_in_its_order(count, workers):
    questions = [(n,) for n in range(count)]
    found = parcels(questions, workers)
    assert [one for parcel in found for one in parcel] == questions
    assert all(found)
