# SPDX-License-Identifier: Apache-2.0

from dataclasses import fields

import numpy as np
import pytest

from loadstone.engines.value.futures import kernels
from loadstone.engines.value.futures.book import Found
from loadstone.engines.value.futures.many import Valuer
from loadstone.engines.value.futures.plain import (
    given_up,
    shifted,
    tax_of,
    value_plainly,
)
from tests.engines.value.futures.books import small_book, small_paths


def assert_same(one: Found, other: Found):
    for field in fields(Found):
        first, second = getattr(one, field.name), getattr(other, field.name)
        size = np.abs(second[np.isfinite(second)]).max(initial=1.0)
        np.testing.assert_allclose(
            first, second, rtol=1e-12, atol=1e-12 * size, err_msg=field.name
        )


@pytest.mark.parametrize("retire", [0, 6])
@pytest.mark.parametrize("seed", range(4))
def test_the_kernel_equals_its_definition(seed, retire):
    book = small_book(seed=seed, retire=retire)
    paths = small_paths(book, seed=seed + 10)
    hedge = np.random.default_rng(seed).normal(0, 1, (paths.count, book.months))
    assert_same(Valuer(book).of(paths, hedge), value_plainly(book, paths, hedge))
    assert_same(Valuer(book).of(paths), value_plainly(book, paths))


def test_a_future_is_worth_the_same_alone_and_among_others():
    book = small_book()
    paths = small_paths(book, count=9)
    valuer = Valuer(book)
    whole = valuer.of(paths)
    alone = valuer.value(
        np.ascontiguousarray(paths.values[:, 4:5]),
        np.ascontiguousarray(paths.happens[:, 4:5]),
        paths.weather[4:5],
    )
    assert alone.npv[0] == whole.npv[4]
    assert np.array_equal(alone.cash[0], whole.cash[4])


def test_what_is_late_goes_on_as_before_and_then_follows():
    # starts in month 14, 6 months late: months 14 to 19 show those of a year before
    shown = shifted(30, 14, 6).tolist()
    assert shown == [*range(14), *range(2, 8), *range(14, 24)]


def test_what_had_nothing_before_has_nothing_until_it_comes():
    assert shifted(6, 0, 2).tolist() == [-1, -1, 0, 1, 2, 3]


def test_connection_on_time_moves_nothing():
    assert shifted(5, 2, 0).tolist() == [0, 1, 2, 3, 4]


def test_losses_wait_for_profits_up_to_their_limit():
    # loss of 100; 80 % of 50 and then of 100 may be wiped out: 40, then the last 60
    tax = tax_of(np.array([-100.0, 50.0, 100.0]), 0.2, 0.8, 10)
    np.testing.assert_allclose(tax, [0, 0.2 * 10, 0.2 * 40])


def test_losses_are_lost_after_their_years():
    tax = tax_of(np.array([-100.0, 0.0, 50.0]), 0.2, 1.0, 1)
    assert tax.tolist() == [0, 0, 10]


def test_a_unit_is_given_up_after_months_of_losses_but_never_before_it_earned():
    earned = np.array([-5.0, -5, -5, 3, 3, -1, -1, -1, -1])
    # it earns from month 3; months 3 to 5 bring 5, 4 to 6 bring 1, 5 to 7 lose 3
    assert given_up(earned, 3) == 8
    assert given_up(np.full(9, -1.0), 3) == -1


def test_tax_in_the_kernel_is_the_same():
    random = np.random.default_rng(3)
    for _ in range(20):
        profit, rate = random.normal(0, 10, 8), float(random.uniform(0, 0.4))
        tax = np.empty(8)
        kernels.tax_of(profit, rate, 0.5, 3, np.empty(8), tax)
        np.testing.assert_allclose(tax, tax_of(profit, rate, 0.5, 3), rtol=1e-13)
