# SPDX-License-Identifier: Apache-2.0

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pytest

from loadstone.engines.value.futures import many
from loadstone.engines.value.futures.many import Outcomes, Stated, Valuer, value_many
from tests.engines.value.futures.books import small_book, small_paths

COUNT = 3 * many.CHUNK + 7


def outcomes(**how) -> Outcomes:
    book = small_book()
    return value_many(Valuer(book), Stated(small_paths(book, count=COUNT)), COUNT, **how)


def test_the_result_is_the_same_to_the_bit_whatever_the_number_of_threads():
    alone = outcomes()
    for workers in (1, 2, 3):
        with ThreadPoolExecutor(workers) as executor:
            beside = outcomes(executor=executor, workers=workers)
        for field in fields(Outcomes):
            one, other = getattr(alone, field.name), getattr(beside, field.name)
            if isinstance(one, np.ndarray):
                assert np.array_equal(one, other, equal_nan=True), field.name
            else:
                assert one == other


def test_means_are_of_all_futures():
    found = outcomes()
    assert found.means["npv"] == pytest.approx(found.npv.mean())
    assert found.means["npv below 0"] == pytest.approx((found.npv < 0).mean())


def test_units_sum_to_the_whole():
    found = outcomes()
    np.testing.assert_allclose(found.units.sum(axis=1), found.cash[: len(found.units)])


def test_yearly_factors_are_means_of_months():
    book = small_book(months=30)
    paths = small_paths(book, count=5)
    found = value_many(Valuer(book), Stated(paths), 5)
    np.testing.assert_allclose(found.factors[:, 0, 2], paths.values[0, :, 24:].mean(axis=1))


def test_more_futures_than_are_kept_are_thinned_evenly():
    thin, full, every = outcomes(most_kept=50), outcomes(), -(-COUNT // 50)
    assert np.array_equal(thin.npv, full.npv[::every])
    assert thin.means == full.means
    assert len(thin.npv) <= 50
