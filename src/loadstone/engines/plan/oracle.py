# SPDX-License-Identifier: Apache-2.0
"""The site oracle: the exact value of one block's year, and a bound that holds everywhere.

`Oracle.evaluate` is a function of its arguments: workspaces are reused, nothing is remembered.
"""

import threading
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan import kernels
from loadstone.engines.plan.problem import SHORTAGE_PRICE, Block, Problem
from loadstone.engines.plan.solution import BlockDispatch, Cut

Floats = NDArray[np.float64]

PASSES = 3  # walks around the year before a start state is searched for
ROOM_PER_HOUR = 48  # pieces of a value function, on average
ALIKE = (1e-9, 1e-5, 1e-3, 1e-1, 10.0, 1e9)  # currency/MWh: see `Oracle._solve`
LEAST_BATTERY = 1e-5  # of the largest other capacity: prices a battery that does not exist yet
LONGEST_BATTERY_H = 1000.0  # with less power for its energy than this, power is lifted for a price
FINE_MWH = 1e-8  # energies of a store of 1 MW or more that are the same


@dataclass(frozen=True, slots=True, eq=False)
class Valuation:
    """What the oracle says of a block at capacities x.

    Attributes:
        value: A dispatch reaches it: F(x) is at least this, currency a year.
        ok: Whether that dispatch is feasible: the store ends the year as it began.
        shortage: Energy missing in that dispatch, MWh.
        slope: Bounds of the parts of the year: F(z) <= sum over parts of slope . z for every
            z of at least 0, with the energy stored as a part begins and as it ends behind the
            capacities, where there is more than one part. Shape (M, K) or (M, K + 2).
        mu: Prices of the accounts that prove it. Shape (A,).
        mix: Two account prices and the share of the first, where the value is a mixture.
    """

    value: float
    ok: bool
    shortage: float
    slope: Floats
    mu: Floats
    mix: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    """A block as the arrays that the kernels read."""

    index: NDArray[np.int64]
    factor: Floats
    rows: NDArray[np.int64]
    share: Floats
    limit: NDArray[np.int64]
    per_unit: Floats
    penalty: Floats
    power: int
    energy: int
    charge: float
    discharge: float


def _code(block: Block) -> _Coded:
    index = np.array(
        [
            (s.capacity, s.group, s.width.row, s.value.row, s.source, s.must_run)
            for s in block.segments
        ],
        dtype=np.int64,
    ).reshape(-1, 6)
    factor = np.array(
        [(s.width.scale, s.value.scale, s.value.shift) for s in block.segments], dtype=float
    ).reshape(-1, 3)
    share = np.zeros((len(block.accounts), len(block.segments)))
    for a, account in enumerate(block.accounts):
        for j, coefficient in zip(account.segments, account.coefficients, strict=True):
            share[a, j] += coefficient
    store = block.storage
    return _Coded(
        index=index,
        factor=factor,
        rows=np.array([a.hours for a in block.accounts], dtype=np.int64),
        share=share,
        limit=np.array([a.limit for a in block.accounts], dtype=np.int64),
        per_unit=np.array([a.per_unit for a in block.accounts], dtype=float),
        penalty=np.array([a.penalty for a in block.accounts], dtype=float),
        power=store.power if store else -1,
        energy=store.energy if store else -1,
        charge=store.charge_efficiency if store else 1.0,
        discharge=store.discharge_efficiency if store else 1.0,
    )


class _Room:
    """One thread's workspace, grown when a block needs more."""

    def __init__(self, hours: int) -> None:
        self.hours = hours
        self.segments = -1
        self.v, self.w = (np.empty(ROOM_PER_HOUR * hours) for _ in range(2))
        self.counts = np.empty(hours, dtype=np.int64)
        self.start, self.base = np.empty(hours), np.empty(hours)
        self.rn = np.empty(hours, dtype=np.int64)
        self.first = np.empty(hours, dtype=np.int64)
        self.length = np.empty(hours, dtype=np.int64)
        self.soc, self.rel = np.zeros(hours), np.zeros(hours)
        self.water, self.price = np.zeros(hours), np.zeros(hours)

    def fit(self, segments: int) -> None:
        if segments > self.segments:
            self.segments = segments
            places = self.hours * segments
            self.slopes, self.widths = np.empty(places), np.empty(places)
            self.which = np.empty(places, dtype=np.int64)
            self.rv = np.empty(self.hours * (segments + 6))
            self.rw = np.empty(self.hours * (segments + 6))


def _height(slope: Floats, x: Floats) -> float:
    """Return a bound of one part at x."""
    return float(slope[0] @ x)


class Oracle:
    """Values blocks of a problem. Threads may share it."""

    def __init__(self, problem: Problem, *, parts: int = 1) -> None:
        """Prepare the blocks.

        Args:
            problem: What is planned.
            parts: Parts of the year that get a bound of their own, where a block has no
                account, whose price holds the year together.
        """
        self.problem = problem
        self._coded = tuple(_code(block) for block in problem.blocks)
        self._local = threading.local()
        # a kernel needs an array of two dimensions even where there are no groups
        self.starts = tuple(
            np.arange(parts if code.limit.size == 0 else 1) * problem.hours // parts
            for code in self._coded
        )
        self._groups = problem.groups.reshape(-1, problem.hours)

    def _room(self, segments: int) -> _Room:
        room = getattr(self._local, "room", None)
        if room is None:
            room = self._local.room = _Room(self.problem.hours)
        room.fit(segments)
        return room

    def _solve(self, code: _Coded, x: Floats, mu: Floats, room: _Room) -> float:
        """Find the best path through the year and return how far it fails to close, MWh."""
        p = self.problem
        lists = (room.slopes, room.widths, room.which, room.counts, room.start, room.base)
        kernels.merit_lists(
            p.series, self._groups, code.index, code.factor, code.rows, code.share, mu, x, *lists
        )
        if code.power < 0:
            return 0.0
        power, energy = x[code.power], x[code.energy]
        segments = code.index.shape[0]
        released = (room.rv, room.rw, room.rn)
        kernels.release_lists(
            room.slopes, room.widths, room.counts, room.start, segments,
            power, code.charge, code.discharge, SHORTAGE_PRICE, *released,
        )  # fmt: skip
        lists_r = (*released, segments + 6)
        drop, fine = code.charge * power, FINE_MWH * min(1.0, max(power, 1e-12))
        packed = (room.v, room.w, room.first, room.length)
        # A store of weeks behind a weak grid has thousands of pieces. Joining pieces that are
        # nearly alike keeps the path feasible and the bound valid; only their gap can grow,
        # and the gap is what the search measures.
        for alike in ALIKE:
            if kernels.value_lists(*lists_r, drop, energy, alike, fine, *packed, PASSES) >= 0:
                break
        return float(
            kernels.close_cycle(*lists_r, *packed, drop, energy, fine, room.soc, room.rel, room.water)
        )

    def _at(
        self, b: int, x: Floats, mu: Floats, code: _Coded | None = None
    ) -> tuple[float, float, Floats, Floats, float]:
        """Return value, shortage, bound slope, account usage and closing error under prices mu."""
        code, p = code or self._coded[b], self.problem
        room = self._room(code.index.shape[0])
        amiss = self._solve(code, x, mu, room)
        starts = self.starts[b]
        width = x.shape[0] + (2 if len(starts) > 1 else 0)
        slope, usage = np.empty((len(starts), width)), np.empty(mu.shape[0])
        value, short = kernels.bound_year(
            p.series, self._groups, code.index, code.factor, code.rows, code.share, mu, x,
            room.slopes, room.widths, room.which, room.counts, room.start, room.base,
            code.power, code.energy, code.charge, code.discharge, SHORTAGE_PRICE,
            room.rel, room.water, starts, room.price, slope, usage,
        )  # fmt: skip
        np.add.at(slope[0], code.limit, mu * code.per_unit)
        return value + float(mu @ usage), short, slope, usage, amiss

    def _lifted(self, b: int, x: Floats) -> Floats:
        """Return x with a battery just large enough to have a price."""
        code = self._coded[b]
        x = np.maximum(x, 0.0)
        if code.power >= 0:
            others = np.delete(x, [code.power, code.energy])
            least = LEAST_BATTERY * others.max(initial=1e-3)
            energy = max(x[code.energy], 2 * least)
            x[code.power] = max(x[code.power], least, energy / LONGEST_BATTERY_H)
            x[code.energy] = energy
        return x

    def _idle(self, b: int, x: Floats, mu: Floats) -> tuple[float, float]:
        """Return value and shortage at x with the battery standing idle."""
        code = replace(self._coded[b], power=-1, energy=-1)
        value, short, _, usage, _ = self._at(b, np.maximum(x, 0.0), mu, code)
        for a in range(len(code.limit)):
            over = float(usage[a] - code.per_unit[a] * x[code.limit[a]])
            value -= float(code.penalty[a]) * max(0.0, over)
        return value, short

    def evaluate(self, b: int, x: Floats, hint: float = 0.0) -> Valuation:
        """Value block b at capacities x.

        Args:
            b: Index of the block; it has at most one account.
            x: Capacities. Shape (K,).
            hint: A guess of the account's price; it changes the effort, hardly the answer.
        """
        code = self._coded[b]
        lifted = self._lifted(b, x)
        if code.limit.shape[0] == 0:
            value, short, slope, _, amiss = self._at(b, lifted, np.empty(0))
            if not np.array_equal(lifted, x):
                value, short = self._idle(b, x, np.empty(0))
            return Valuation(value, amiss <= 1e-6 * self._size(b, x), short, slope, np.empty(0))
        return self._priced(b, lifted, hint)

    def _size(self, b: int, x: Floats) -> float:
        code = self._coded[b]
        return max(1.0, x[code.energy]) if code.power >= 0 else 1.0

    def _priced(self, b: int, x: Floats, hint: float) -> Valuation:
        """Find the account's price by cutting planes in one dimension.

        With price mu the dual bound is D(mu), convex, with slope limit - usage. The search
        ends where two dispatches on either side meet the limit as a mixture.
        """
        code = self._coded[b]
        limit = float(code.per_unit[0] * x[code.limit[0]])
        top = float(code.penalty[0])
        tried: dict[float, tuple[float, float, Floats, Floats, float]] = {}

        def at(mu: float) -> tuple[float, float]:
            if mu not in tried:
                tried[mu] = self._at(b, x, np.array([mu]))
            _, _, slope, usage, _ = tried[mu]
            return _height(slope, x), limit - float(usage[0])

        def single(mu: float) -> Valuation:
            value, short, slope, usage, amiss = tried[mu]
            value -= top * max(0.0, float(usage[0]) - limit)
            ok = amiss <= 1e-6 * self._size(b, x)
            return Valuation(value, ok, short, slope, np.array([mu]))

        low, high = 0.0, top
        if 0.0 < hint < top:
            # a good guess brackets the answer at once
            for guess in (hint * 0.97, hint * 1.03):
                if low < guess < high:
                    low, high = (low, guess) if at(guess)[1] >= 0 else (guess, high)
        if low not in tried and at(low)[1] >= 0:
            return single(low)
        if high not in tried and at(high)[1] <= 0:
            return single(high)
        for _ in range(40):
            (d_low, s_low), (d_high, s_high) = at(low), at(high)
            # where the tangents meet: the bound can be no lower there
            mu = (d_high - d_low + s_low * low - s_high * high) / (s_low - s_high)
            if not low < mu < high:
                break
            d, s = at(mu)
            floor = d_low + s_low * (mu - low)
            if s >= 0:
                high = mu
            else:
                low = mu
            if s == 0 or d - floor <= 1e-10 * max(1.0, abs(d)):
                break
        return self._mixture(b, x, limit, low, high, tried)

    def _mixture(
        self,
        b: int,
        x: Floats,
        limit: float,
        low: float,
        high: float,
        tried: dict[float, tuple[float, float, Floats, Floats, float]],
    ) -> Valuation:
        """Mix the dispatches at two prices so that the account meets its limit."""
        first, second = tried[low], tried[high]
        over, under = float(first[3][0]) - limit, limit - float(second[3][0])
        share = under / (over + under) if over + under > 0 else 0.0
        value = share * first[0] + (1 - share) * second[0]
        amiss = max(first[4], second[4])
        best = min((low, high), key=lambda mu: _height(tried[mu][2], x))
        return Valuation(
            value,
            amiss <= 1e-6 * self._size(b, x),
            share * first[1] + (1 - share) * second[1],
            tried[best][2],
            np.array([best]),
            (low, high, share),
        )

    def evaluate_all(
        self, points: Sequence[Floats], hints: Floats, executor: Executor | None = None
    ) -> list[Valuation]:
        """Value every block at its capacities, in threads where an executor is given."""
        blocks = range(len(points))
        if executor is None:
            return [self.evaluate(b, points[b], float(hints[b])) for b in blocks]
        return list(executor.map(self.evaluate, blocks, points, hints.tolist()))

    def proof(self, b: int, x: Floats, mu: Floats) -> Cut:
        """Return the water values and prices behind the bound found at x and mu."""
        self._at(b, self._lifted(b, x), mu)
        room = self._room(self._coded[b].index.shape[0])
        water = room.water.copy() if self._coded[b].power >= 0 else np.zeros(len(room.water))
        return Cut(block=b, water=water, price=room.price.copy(), multipliers=mu.copy())

    def exact_value(self, b: int, x: Floats, found: Valuation) -> tuple[float, float]:
        """Return value and shortage at x itself, where a valuation may have lifted the battery."""
        code = self._coded[b]
        if found.mix is not None or code.power < 0:
            return found.value, found.shortage
        value, short, _, usage, _ = self._at(b, np.maximum(x, 0.0), found.mu)
        for a in range(len(code.limit)):
            over = float(usage[a] - code.per_unit[a] * x[code.limit[a]])
            value -= float(code.penalty[a]) * max(0.0, over)
        return value, short

    def dispatch(self, b: int, x: Floats, found: Valuation) -> BlockDispatch:
        """Return the hours behind a valuation of block b at x."""
        if found.mix is None:
            return self._hours(b, x, found.mu)
        low, high, share = found.mix
        one, two = self._hours(b, x, np.array([low])), self._hours(b, x, np.array([high]))
        names = BlockDispatch.__slots__
        return BlockDispatch(
            **{n: share * getattr(one, n) + (1 - share) * getattr(two, n) for n in names}
        )

    def _hours(self, b: int, x: Floats, mu: Floats) -> BlockDispatch:
        code, p = self._coded[b], self.problem
        J, T = code.index.shape[0], p.hours
        room = self._room(J)
        x = np.maximum(x, 0.0)
        self._solve(code, x, mu, room)
        power = np.empty((J, T))
        charge, discharge, stored, shortage, worth = (np.empty(T) for _ in range(5))
        kernels.dispatch_year(
            p.series, self._groups, code.index, code.factor, code.rows, code.share, mu, x,
            room.slopes, room.widths, room.which, room.counts, room.start,
            code.power, code.charge, code.discharge, SHORTAGE_PRICE,
            room.rel, room.soc, room.water,
            power, charge, discharge, stored, shortage, worth,
        )  # fmt: skip
        return BlockDispatch(
            power=power,
            charge=charge,
            discharge=discharge,
            stored=stored,
            shortage=shortage,
            worth=worth,
        )


def accounts_fit(block: Block) -> bool:
    """Tell whether the oracle holds a block: it prices at most one account."""
    return len(block.accounts) <= 1
