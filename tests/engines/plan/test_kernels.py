# SPDX-License-Identifier: Apache-2.0
"""The planner's loops, compiled and plain, against numpy written from the definitions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadstone.engines.plan import kernels
from loadstone.engines.plan.certificate import slope as proven
from loadstone.engines.plan.problem import ONES, SHORTAGE_PRICE
from loadstone.engines.plan.site_year import coded
from loadstone.engines.plan.solution import Cut
from tests.strategies import problems

single = problems(most_blocks=1, whole=False, most_accounts=2)
seeds = st.integers(0, 2**32 - 1)


def forms(name):
    kernel = getattr(kernels, name)
    return pytest.mark.parametrize("kernel", [kernel, kernel.py_func])


class Sheet:
    """One block's arrays at random capacities and prices."""

    def __init__(self, problem, seed):
        self.problem, self.block = problem, problem.blocks[0]
        self.rng = np.random.default_rng(seed)
        share = self.rng.random(len(problem.lower)) * (
            self.rng.random(len(problem.lower)) < 0.8
        )
        columns = problem.lower + share * (problem.upper - problem.lower)
        self.x = columns[self.block.columns]
        self.code = coded(self.block)
        penalties = self.code.penalty
        self.mu = penalties * self.rng.random(len(penalties)).round()
        self.groups = problem.groups.reshape(-1, problem.hours)
        shape = (len(self.block.segments), problem.hours)
        self.value, self.unit = np.zeros(shape), np.zeros(shape)
        self.profiles(kernels.profiles)
        self.merit = self.lists(kernels.merit_lists)

    def profiles(self, kernel):
        code = self.code
        settings_ = (code.index, code.factor, code.rows, code.share, self.mu)
        kernel(self.problem.series, *settings_, self.value, self.unit)

    def lists(self, kernel):
        J, T = self.value.shape
        merit = (
            np.zeros(J * T),
            np.zeros(J * T),
            np.zeros(J * T, dtype=np.int64),
            np.zeros(T, dtype=np.int64),
            np.zeros(T),
            np.zeros(T),
        )
        kernel(self.groups, self.code.index, self.x, self.value, self.unit, merit)
        return merit

    def width(self, j):
        segment = self.block.segments[j]
        offset = 0 if segment.group == ONES else self.problem.groups[segment.group]
        return self.problem.profile(segment.width) * self.x[segment.capacity + offset]

    def path(self):
        """Return energy released and water values of no path in particular."""
        T, battery = self.problem.hours, self.code.battery
        water = self.rng.normal(60, 30, T)
        if battery[0] < 0:
            return np.zeros(T), np.zeros(T)
        power = self.x[battery[0]]
        rel = self.rng.uniform(-battery[2] * power, power / battery[3], T)
        _, widths, _, _, start, _ = self.merit
        J = len(self.block.segments)
        used = np.arange(J) < self.merit[3][:, None]
        end = start + np.where(used, widths.reshape(T, J), 0.0).sum(axis=1)
        return np.where(end >= power, rel, np.minimum(rel, 0.0)), water


@forms("profiles")
@settings(max_examples=25)
@given(problem=single, seed=seeds)
def test_a_segment_is_worth_its_value_less_what_accounts_charge(kernel, problem, seed):
    sheet = Sheet(problem, seed)
    sheet.profiles(kernel)
    for j, segment in enumerate(sheet.block.segments):
        expected = problem.profile(segment.value)
        for account, price in zip(sheet.block.accounts, sheet.mu, strict=True):
            hours = 1.0 if account.hours == ONES else problem.series[account.hours]
            for i, coefficient in zip(account.segments, account.coefficients, strict=True):
                if i == j:
                    charge = price * coefficient * hours
                    expected = expected + (charge if segment.source else -charge)
        np.testing.assert_allclose(sheet.value[j], expected, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(sheet.unit[j], problem.profile(segment.width), rtol=1e-12)


@forms("merit_lists")
@settings(max_examples=25)
@given(problem=single, seed=seeds)
def test_a_merit_list_is_the_segments_sorted_by_value(kernel, problem, seed):
    sheet = Sheet(problem, seed)
    slopes, widths, which, counts, start, base = sheet.lists(kernel)
    J = len(sheet.block.segments)
    widths_of = np.array([sheet.width(j) for j in range(J)])
    for t in range(problem.hours):
        listed, left, worth = [], 0.0, 0.0
        for j, segment in enumerate(sheet.block.segments):
            w, v = widths_of[j, t], sheet.value[j, t]
            if segment.source or segment.must_run:
                left += -w if segment.source else w
                worth += -v * w if segment.source else v * w
            if w > 0 and not segment.must_run:
                listed.append((v, w))
        n = counts[t]
        found = slice(t * J, t * J + n)
        assert n == len(listed)
        assert slopes[found].tolist() == sorted((v for v, _ in listed), reverse=True)
        assert widths[found].sum() == pytest.approx(sum(w for _, w in listed))
        np.testing.assert_allclose(widths[found], widths_of[which[found], t])
        assert start[t] == pytest.approx(left, abs=1e-9)
        assert base[t] == pytest.approx(worth, abs=1e-6)


def clearing_price(kernel, need, uses, battery):
    slopes, widths = (np.array(column, dtype=float) for column in zip(*uses, strict=True))
    return kernel(slopes, widths, 0, len(uses), need, *battery, 1e5)


@forms("_clearing")
def test_an_hour_clears_where_the_supply_is_used_up(kernel):
    uses = [(90.0, 10.0), (50.0, 10.0), (20.0, 10.0)]
    none = (0.0, 0.0, 0.0)
    assert clearing_price(kernel, 0.0, uses, none) == 1e5  # nothing to share: shortage
    assert clearing_price(kernel, 10.0, uses, none) == 90.0
    assert clearing_price(kernel, 10.5, uses, none) == 50.0
    assert clearing_price(kernel, 40.0, uses, none) == 20.0  # more than all can use
    # a battery of 10 MW buys at 60 and sells at 80: two more uses of 20 MW in all
    battery = (10.0, 60.0, 80.0)
    assert clearing_price(kernel, 20.0, uses, battery) == 80.0
    assert clearing_price(kernel, 30.0, uses, battery) == 60.0
    assert clearing_price(kernel, 40.0, uses, battery) == 50.0


@forms("clear_year")
@settings(max_examples=25)
@given(problem=single, seed=seeds)
def test_the_price_of_an_hour_proves_the_least_bound(kernel, problem, seed):
    sheet = Sheet(problem, seed)
    rel, water = sheet.path()
    price = np.zeros(problem.hours)
    kernel(sheet.x, sheet.merit, sheet.code.battery, SHORTAGE_PRICE, rel, water, price)
    assert (price <= SHORTAGE_PRICE).all()
    best = hourly_bound(sheet, water, price)
    for other in (price + 0.5, price - 0.5, sheet.rng.normal(60, 40, problem.hours)):
        worse = hourly_bound(sheet, water, np.minimum(other, SHORTAGE_PRICE))
        assert (best <= worse + 1e-6).all()


def hourly_bound(sheet, water, price):
    """Return what each hour is worth at most at these prices. Shape (T,)."""
    total = np.zeros(len(price))
    for j, segment in enumerate(sheet.block.segments):
        gain = price - sheet.value[j] if segment.source else sheet.value[j] - price
        total += sheet.width(j) * (gain if segment.must_run else np.maximum(gain, 0.0))
    p, _, ec, ed = sheet.code.battery
    if p >= 0:
        traded = np.maximum(ec * water - price, 0) + np.maximum(price - water / ed, 0)
        total += sheet.x[p] * traded
    return total


@forms("bound_slopes")
@settings(max_examples=25)
@given(problem=single, seed=seeds, parts=st.integers(1, 5))
def test_the_bounds_of_the_parts_make_that_of_the_year(kernel, problem, seed, parts):
    sheet = Sheet(problem, seed)
    _, water = sheet.path()
    price = sheet.rng.normal(60, 40, problem.hours)
    K, extra = len(sheet.x), 2 if parts > 1 else 0
    slope = np.zeros((parts, K + extra))
    starts = np.arange(parts) * problem.hours // parts
    code = sheet.code
    arrays = (sheet.groups, code.index, sheet.value, sheet.unit, code.battery)
    kernel(*arrays, water, price, starts, slope)
    total = slope[:, :K].sum(axis=0)
    if parts > 1 and code.battery[0] >= 0:
        # energy handed from part to part is worth at most the rise of the water value
        handed = slope[:, K] + np.roll(slope[:, K + 1], 1)
        total[code.battery[1]] += np.maximum(handed, 0.0).sum()
    for account, paid in zip(sheet.block.accounts, sheet.mu, strict=True):
        total[account.limit] += paid * account.per_unit
    cut = Cut(block=0, water=water, price=price, multipliers=sheet.mu)
    np.testing.assert_allclose(total, proven(problem, cut), rtol=1e-9, atol=1e-6)


@settings(max_examples=25)
@given(single, seeds, st.booleans())
def test_plain_and_compiled_hours_agree(problem, seed, lossless):
    block = problem.blocks[0]
    if lossless and block.storage is not None:
        storage = replace(block.storage, charge_efficiency=1.0, discharge_efficiency=1.0)
        problem = replace(problem, blocks=(replace(block, storage=storage),))
    sheet = Sheet(problem, seed)
    rel, _ = sheet.path()
    J, T = sheet.value.shape
    code, results = sheet.code, []
    for form in (lambda kernel: kernel, lambda kernel: kernel.py_func):
        power, usage = np.zeros((J, T)), np.zeros((len(sheet.mu), 5))
        earned, missing = np.zeros(5), np.zeros(5)
        arrays = (sheet.groups, code.index, sheet.x, sheet.unit, sheet.merit, code.battery)
        form(kernels.segment_power)(*arrays, rel, power)
        battery = [np.zeros(T) for _ in range(4)]
        arguments = (sheet.x, sheet.merit, code.battery, rel, np.cumsum(-rel))
        form(kernels.battery_power)(*arguments, *battery)
        year = (sheet.value, power, battery[3], SHORTAGE_PRICE, np.arange(5) * T // 5)
        accounts = (problem.series, code.index, code.rows, code.share)
        form(kernels.part_sums)(*accounts, *year, earned, usage, missing)
        results.append([power, *battery, usage, earned, missing])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)
    power, charge, discharge, _, shortage, usage, earned, missing = results[0]
    signs = np.array([1.0 if s.source else -1.0 for s in sheet.block.segments])
    balance = signs @ power + discharge - charge + shortage
    np.testing.assert_allclose(balance, 0.0, atol=1e-7)
    assert missing.sum() == pytest.approx(shortage.sum())
    value = -(signs @ (power * sheet.value)).sum() - SHORTAGE_PRICE * shortage.sum()
    assert earned.sum() == pytest.approx(value)
    for a, account in enumerate(sheet.block.accounts):
        hours = np.ones(T) if account.hours == ONES else problem.series[account.hours]
        pairs = zip(account.segments, account.coefficients, strict=True)
        assert usage[a].sum() == pytest.approx(sum(c * (power[j] @ hours) for j, c in pairs))


def test_plain_parts_of_loops_agree_with_the_compiled_ones():
    hourly = np.arange(6.0).reshape(2, 3)
    groups, index = np.array([[0, 1, 2]]), np.array([[4, 0, 0, 0, 0, 0], [2, -1, 0, 0, 0, 0]])
    assert [kernels._capacity.py_func(groups, index, 0, t) for t in range(3)] == [4, 5, 6]
    assert kernels._capacity.py_func(groups, index, 1, 2) == 2
    for row in (ONES, 1):
        for kernel in (kernels._profile, kernels._profile.py_func):
            out = np.zeros(3)
            kernel(hourly, row, 2.0, 1.0, out)
            np.testing.assert_array_equal(out, 2 * (np.ones(3) if row < 0 else hourly[1]) + 1)
        for kernel in (kernels._charge, kernels._charge.py_func):
            out = np.ones(3)
            kernel(hourly, row, 2.0, out)
            np.testing.assert_array_equal(out, 1 + 2 * (np.ones(3) if row < 0 else hourly[1]))
