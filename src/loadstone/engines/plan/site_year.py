# SPDX-License-Identifier: Apache-2.0
"""A site's best year under given account prices, and the prices that prove it is best."""

import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.dispatch import kernels as store
from loadstone.engines.plan import kernels
from loadstone.engines.plan.price_search import search_price
from loadstone.engines.plan.problem import ONES, Block, Problem
from loadstone.engines.plan.solution import BlockDispatch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PASSES = 3  # walks around the year before the price at its turn is searched for
ROOM_PER_HOUR = 48  # pieces of a value function, on average; it grows where they are more
MOST_ROOM = 1 << 22  # pieces of all value functions of a year: 64 MiB a thread
ALIKE = (1e-9, 1e-5, 1e-3, 1e-1, 10.0, 1e9)  # currency/MWh: see `_Store.lists`
FINE_MWH = 1e-8  # energies of a store of 1 MW or more that are the same
MIXED_PARTS = 24  # parts of a year that are mixed apart: finer parts need fewer years
LOSS = 1e-13  # of the worth of a battery running at the shortage price: not worth a search


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Year:
    """A year under prices on accounts, in P parts that years may be mixed by; see `Oracle`.

    Attributes:
        earned: What each part earns, before what is beyond the accounts' limits, currency.
            Shape (P,).
        missing: Energy missing in each part, MWh. Shape (P,).
        usage: Amount of each part on each account. Shape (A, P).
        stored: Energy stored as each part begins, MWh; 0 without a store. Shape (P,).
        slope: Bounds of the parts of the year, as in `Valuation`.
        calm: The same from calmer prices, where energy is missing: see `SiteYears`.
        amiss: How far the store ends the year from where it began, MWh.
    """

    earned: Floats
    missing: Floats
    usage: Floats
    stored: Floats
    slope: Floats
    calm: Floats | None
    amiss: float

    @property
    def value(self) -> float:
        """What the year earns, before what is beyond the accounts' limits, currency."""
        return float(self.earned.sum())

    @property
    def shortage(self) -> float:
        """Energy missing, MWh."""
        return float(self.missing.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Coded:
    """A block as the arrays that the kernels read."""

    index: Ints
    factor: Floats
    rows: Ints
    share: Floats
    limit: Ints
    per_unit: Floats
    penalty: Floats
    battery: tuple[int, int, float, float]

    def limits(self, x: Floats) -> Floats:
        """Return the limit of each account at capacities x. Shape (A,)."""
        return self.per_unit * x[self.limit]


def coded(block: Block) -> Coded:
    """Return a block as arrays."""
    index = [
        (s.capacity, s.group, s.width.row, s.value.row, s.source, s.must_run)
        for s in block.segments
    ]
    factor = [(s.width.scale, s.value.scale, s.value.shift) for s in block.segments]
    share = np.zeros((len(block.accounts), len(block.segments)))
    for a, account in enumerate(block.accounts):
        for j, coefficient in zip(account.segments, account.coefficients, strict=True):
            share[a, j] += coefficient
    battery = (-1, -1, 1.0, 1.0)
    if (s := block.storage) is not None:
        battery = (s.power, s.energy, s.charge_efficiency, s.discharge_efficiency)
    return Coded(
        index=np.array(index, dtype=np.int64).reshape(-1, 6),
        factor=np.array(factor, dtype=float).reshape(-1, 3),
        rows=np.array([a.hours for a in block.accounts], dtype=np.int64),
        share=share,
        limit=np.array([a.limit for a in block.accounts], dtype=np.int64),
        per_unit=np.array([a.per_unit for a in block.accounts], dtype=float),
        penalty=np.array([a.penalty for a in block.accounts], dtype=float),
        battery=battery,
    )


def _reach(problem: Problem, block: Block) -> Floats:
    """Return the most of each account's amount per unit of each capacity. Shape (A, K)."""
    most = np.zeros((len(block.accounts), len(block.capacities)))
    for a, account in enumerate(block.accounts):
        weight = 1.0 if account.hours == ONES else np.abs(problem.series[account.hours])
        for j, coefficient in zip(account.segments, account.coefficients, strict=True):
            segment = block.segments[j]
            offset = 0 if segment.group == ONES else problem.groups[segment.group]
            capacity = np.full(problem.hours, segment.capacity) + offset
            np.add.at(
                most[a], capacity, abs(coefficient) * weight * problem.profile(segment.width)
            )
    return most


class _Room:
    """One thread's workspace for blocks of so many segments."""

    def __init__(self, hours: int, segments: int) -> None:
        T, places, longest = hours, hours * segments, hours * (segments + 6)
        self.value, self.unit, self.power = (np.empty((segments, T)) for _ in range(3))
        self.merit: kernels.Merit = (
            np.empty(places),
            np.empty(places),
            np.empty(places, dtype=np.int64),
            np.empty(T, dtype=np.int64),
            np.empty(T),
            np.empty(T),
        )
        self.releases = (np.empty(longest), np.empty(longest), np.empty(T, dtype=np.int64))
        self.path = (np.zeros(T), np.zeros(T), np.zeros(T))
        self.price = np.zeros(T)
        self.battery = (np.empty(T), np.empty(T), np.empty(T), np.empty(T))


class _Rooms(threading.local):
    """A thread's workspaces by number of segments, and one room for value lists."""

    def __init__(self, hours: int, most: int) -> None:
        self.hours, self.most, self.rooms = hours, most, dict[int, _Room]()
        self.worths = _worths(hours, min(ROOM_PER_HOUR * hours, most))

    def room(self, segments: int) -> _Room:
        if segments not in self.rooms:
            self.rooms[segments] = _Room(self.hours, segments)
        return self.rooms[segments]

    def grow(self) -> bool:
        """Double the room for value lists and tell whether that was possible."""
        pieces = 2 * len(self.worths[0])
        if pieces > self.most:
            return False
        self.worths = _worths(self.hours, pieces)
        return True


def _worths(hours: int, pieces: int) -> store.Worths:
    first, length = (np.empty(hours + 1, dtype=np.int64) for _ in range(2))
    return np.empty(pieces), np.empty(pieces), first, length


class _Store:
    """A battery of a given size against the release lists in a workspace."""

    def __init__(
        self, rooms: _Rooms, room: _Room, power: float, energy: float, charge: float
    ) -> None:
        self.rooms, self.room, self.power, self.energy = rooms, room, power, energy
        self.drop, self.fine = charge * power, FINE_MWH * min(1.0, max(power, 1e-12))
        self.alike = 0
        self.tried: dict[float, tuple[float, float, store.Path]] = {}

    def lists(self, terminal: float, passes: int) -> None:
        """Write the value lists.

        A store of weeks behind a weak grid has thousands of pieces. Where there is no room
        for them, joining pieces that are nearly alike keeps the path feasible and the bound
        valid; only their gap can grow, and the gap is what the search measures.
        """
        releases, sizes = self.room.releases, (self.drop, self.energy, terminal)
        while (
            store.value_lists(
                releases, *sizes, ALIKE[self.alike], self.fine, self.rooms.worths, passes
            )
            < 0
        ):
            self.alike += 0 if self.rooms.grow() else 1

    def close(self, shortage_price: float) -> float:
        """Find the best path that ends as it begins; return by how much it does not, MWh."""
        room = self.room
        self.lists(0.0, PASSES)
        sizes = (self.drop, self.energy, self.fine)
        amiss = float(store.close_cycle(room.releases, self.rooms.worths, *sizes, room.path))
        loss = float(store.turn_loss(self.energy, room.path))
        scale = shortage_price * len(room.price) * self.power
        return amiss if loss <= LOSS * scale else self._turn(scale)

    def _turn(self, scale: float) -> float:
        """Close a year whose lists do not repeat, because the store is never full or empty.

        What is stored as the year begins is bought at a price, and what is stored as it ends
        is sold at the same price: that is the Lagrangian of a closed cycle, convex in the
        price, so a mixture of the paths on either side of its least value is best.
        """
        room = self.room
        rv, _, rn = room.releases
        used = np.arange(len(rv)) % (len(rv) // len(rn)) < np.repeat(rn, len(rv) // len(rn))
        low, high = float(rv[used].min()) - 1.0, float(rv[used].max()) + 1.0
        guess = float(room.path[2][-1])
        least = search_price(self._tangent, low, high, guess=guess, tolerance=LOSS * scale)
        (first, one), (second, other) = (self.tried[p][1:] for p in (least.low, least.high))
        share = second / (second - first) if second > first else 1.0
        for path, a, b in zip(room.path, one, other, strict=True):
            path[:] = share * a + (1 - share) * b
        room.path[2][:] = self.tried[least.price][2][2]
        return abs(share * first + (1 - share) * second)

    def _tangent(self, price: float) -> tuple[float, float]:
        if price not in self.tried:
            room = self.room
            self.lists(price, 1)
            sizes = (self.drop, self.energy, self.fine)
            gain, worth = store.walk_once(
                room.releases, self.rooms.worths, *sizes, price, room.path
            )
            soc, rel, water = room.path
            self.tried[price] = (
                worth + price * gain,
                gain,
                (soc.copy(), rel.copy(), water.copy()),
            )
        return self.tried[price][:2]


class SiteYears:
    """Best years of the blocks of a problem. Threads may share it."""

    def __init__(
        self, problem: Problem, starts: tuple[Ints, ...], *, most_room: int = MOST_ROOM
    ) -> None:
        """Prepare the blocks.

        Args:
            problem: What is planned.
            starts: Per block the first hours of the parts of the year that are bounded apart.
            most_room: Most pieces of all value functions of a year that a thread keeps.
        """
        self.problem, self.starts = problem, starts
        self.coded = tuple(coded(block) for block in problem.blocks)
        parts = min(MIXED_PARTS, problem.hours)
        self.mixed_starts = np.arange(parts) * problem.hours // parts
        lengths = np.diff(self.mixed_starts, append=problem.hours)
        self.mixed_part = np.repeat(np.arange(parts), lengths)
        self._reach = tuple(_reach(problem, block) for block in problem.blocks)
        self._rooms = _Rooms(problem.hours, most_room)
        # a kernel needs an array of two dimensions even where there are no groups
        self._groups = problem.groups.reshape(-1, problem.hours)

    def _solve(self, code: Coded, x: Floats, mu: Floats) -> tuple[_Room, float]:
        """Find the best path; return the workspace and how far it fails to close, MWh."""
        p, room = self.problem, self._rooms.room(len(code.index))
        kernels.profiles(
            p.series, code.index, code.factor, code.rows, code.share, mu, room.value, room.unit
        )
        kernels.merit_lists(self._groups, code.index, x, room.value, room.unit, room.merit)
        at, size, charge, discharge = code.battery
        if at < 0:
            return room, 0.0
        slopes, widths, _, counts, start, _ = room.merit
        power = float(x[at])
        rates = (power, charge, discharge, p.shortage_price)
        store.release_lists(slopes, widths, counts, start, *rates, room.releases)
        year = _Store(self._rooms, room, power, float(x[size]), charge)
        return room, year.close(p.shortage_price)

    def at(self, b: int, x: Floats, mu: Floats, *, idle: bool = False) -> Year:
        """Return block b's year at capacities x and account prices mu.

        Args:
            b: Index of the block.
            x: Capacities, at least 0. Shape (K,).
            mu: Price of each account. Shape (A,).
            idle: Whether the battery has no power; `slope` is then no bound.
        """
        code = self._code(b, idle)
        room, amiss = self._solve(code, x, mu)
        _, rel, water = room.path
        value, short = kernels.clear_year(
            x, room.merit, code.battery, self.problem.shortage_price, rel, water, room.price
        )
        slope = self._slope(b, code, room, mu)
        calm = self._calm(b, code, room, mu) if short > 0 and not idle else None
        if len(mu):
            earned, missing, usage, stored = self._sums(code, x, mu, room)
        else:
            earned, missing = np.array([value]), np.array([short])
            usage, stored = np.zeros((0, 1)), np.zeros(1)
        return Year(
            earned=earned,
            missing=missing,
            usage=usage,
            stored=stored,
            slope=slope,
            calm=calm,
            amiss=amiss,
        )

    def _sums(
        self, code: Coded, x: Floats, mu: Floats, room: _Room
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the sums of the parts that years are mixed by, as in `Year`."""
        self._power(code, x, room)
        soc, rel, _ = room.path
        battery = room.battery
        kernels.battery_power(x, room.merit, code.battery, rel, soc, *battery)
        starts = self.mixed_starts
        earned, missing = np.empty(len(starts)), np.empty(len(starts))
        usage = np.empty((len(mu), len(starts)))
        kernels.part_sums(
            self.problem.series, code.index, code.rows, code.share, room.value, room.power,
            battery[3], self.problem.shortage_price, starts, earned, usage, missing,
        )  # fmt: skip
        stored = soc[starts] if code.battery[0] >= 0 else np.zeros(len(starts))
        return earned + mu @ usage, missing, usage, stored

    def reach(self, b: int, x: Floats) -> Floats:
        """Return an amount that no year of block b is beyond on each account. Shape (A,)."""
        return self._reach[b] @ x

    def _code(self, b: int, idle: bool) -> Coded:
        code = self.coded[b]
        return replace(code, battery=(-1, -1, 1.0, 1.0)) if idle else code

    def _slope(self, b: int, code: Coded, room: _Room, mu: Floats) -> Floats:
        starts = self.starts[b]
        width = len(self.problem.blocks[b].capacities) + (2 if len(starts) > 1 else 0)
        slope = np.empty((len(starts), width))
        kernels.bound_slopes(
            self._groups, code.index, room.value, room.unit, code.battery,
            room.path[2], room.price, starts, slope,
        )  # fmt: skip
        np.add.at(slope[0], code.limit, mu * code.per_unit)
        return slope

    def _calm(self, b: int, code: Coded, room: _Room, mu: Floats) -> Floats:
        """Return a bound from prices that are those of shortage in the worst hour alone.

        Where many hours lack power, their prices say how bad it is there, and little of how
        much more capacity is enough. The worst hour's says that, so a search needs both.
        The prices of the workspace are lost.
        """
        slopes, _, _, counts, start, _ = room.merit
        best = slopes[:: max(len(code.index), 1)][counts > 0]
        top = float(best.max(initial=0.0))
        worst = int(np.argmax(np.where(room.price > top, start, -np.inf)))
        np.minimum(room.price, top, out=room.price)
        np.minimum(room.path[2], top, out=room.path[2])
        room.price[worst] = self.problem.shortage_price
        return self._slope(b, code, room, mu)

    def _power(self, code: Coded, x: Floats, room: _Room) -> None:
        rel = room.path[1]
        kernels.segment_power(
            self._groups, code.index, x, room.unit, room.merit, code.battery, rel, room.power
        )

    def prices(
        self, b: int, x: Floats, mu: Floats, *, calm: bool = False
    ) -> tuple[Floats, Floats]:
        """Return the water values and hourly prices behind a bound at x and mu. Shape (T,)."""
        code = self.coded[b]
        room, _ = self._solve(code, x, mu)
        _, rel, water = room.path
        kernels.clear_year(
            x, room.merit, code.battery, self.problem.shortage_price, rel, water, room.price
        )
        if calm:
            self._calm(b, code, room, mu)
        has_store = code.battery[0] >= 0
        return water.copy() if has_store else np.zeros(len(water)), room.price.copy()

    def hours(self, b: int, x: Floats, mu: Floats, *, idle: bool = False) -> BlockDispatch:
        """Return the hours of block b's year at capacities x and account prices mu."""
        code = self._code(b, idle)
        room, _ = self._solve(code, x, mu)
        soc, rel, water = room.path
        kernels.clear_year(
            x, room.merit, code.battery, self.problem.shortage_price, rel, water, room.price
        )
        self._power(code, x, room)
        charge, discharge, stored, shortage = (np.empty(self.problem.hours) for _ in range(4))
        kernels.battery_power(
            x, room.merit, code.battery, rel, soc, charge, discharge, stored, shortage
        )
        return BlockDispatch(
            power=room.power.copy(),
            charge=charge,
            discharge=discharge,
            stored=stored,
            shortage=shortage,
            worth=room.price.copy(),
        )
