# SPDX-License-Identifier: Apache-2.0
"""B31: a public, seeded planning problem of 31 sites and 8,760 hours, to measure speed with.

Its economics are invented and are not an example. `b31` is one year; `b31_phases` adds build
years, vintages that retire and, if asked, sites that open or do not.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.plan.problem import Block, Label, Problem, Profile, Segment, Storage

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Openings = Literal["per_phase", "per_site"]

SITES = 31
HOURS = 8760
COUNTRIES = 5
CAPACITIES = (
    "grid",
    "miner_new",
    "miner_old",
    "gpu",
    "battery_power",
    "battery_energy",
    "solar",
)
UNITS = ("MW", "MW", "MW", "MW", "MW", "MWh", "MW")
GRID, MINER_NEW, MINER_OLD, GPU, POWER, ENERGY, SOLAR = range(7)
LIFE_YEARS = np.array([20, 4, 3, 5, 15, 15, 25])
MINER_REVENUE = (112.0, 90.0)  # per MWh of IT
MINER_PUE, AI_PUE = 1.05, 1.25
SERVICE_FLOOR = 0.85
EXPORT_SHARE = 0.4
EFFICIENCY = 0.94
BUDGET_PER_SITE = 150e6
OPENING_COST = 2e6
SMALLEST_OPEN_MW = 25.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Data:
    """The generated arrays; N is the number of sites asked for.

    Attributes:
        country: Country of each site. Shape (N,).
        import_cost, export_price: Currency/MWh. Shape (N, T).
        solar: Output per MW. Shape (N, T).
        ai_revenue: Currency per MWh of IT. Shape (N, T).
        unit_price: Price of one unit of each capacity. Shape (N, 7).
        annual: Yearly cost of one unit of each capacity. Shape (N, 7).
        upper: Largest capacity. Shape (N, 7).
        country_cap: Grid connection that each country allows, MW. Shape (5,).
        budget: Sum that may be spent on capacities.
    """

    country: Ints
    import_cost: Floats
    export_price: Floats
    solar: Floats
    ai_revenue: Floats
    unit_price: Floats
    annual: Floats
    upper: Floats
    country_cap: Floats
    budget: float


def annuity(rate: float, years: Floats) -> Floats:
    """Return the yearly payment that repays 1 over the years at the rate."""
    return np.asarray(rate / (1 - (1 + rate) ** -years))


def _noise(rng: np.random.Generator, memory: float, hours: int) -> Floats:
    shock = rng.normal(0, 1, hours)
    level = np.empty(hours)
    level[0] = 0
    for k in range(1, hours):
        level[k] = memory * level[k - 1] + shock[k]
    return level


def data(sites: int = SITES, *, seed: int = 31, hours: int = HOURS) -> Data:
    """Return the first `sites` of the 31 sites; the order of the draws is part of B31."""
    rng = np.random.default_rng(seed)
    t = np.arange(hours)
    h, d = t % 24, t / 24.0
    country = np.arange(SITES) % COUNTRIES
    base = np.array([34.0, 48.0, 62.0, 42.0, 55.0])
    carbon = np.array([0.05, 0.35, 0.40, 0.20, 0.45])
    network = np.array([18e3, 35e3, 28e3, 22e3, 40e3])
    season = np.cos(2 * np.pi * (d - 15) / 365)
    daily = (
        0.36 * np.exp(-(((h - 19) / 2.5) ** 2))
        + 0.20 * np.exp(-(((h - 8) / 2.0) ** 2))
        - 0.42 * np.exp(-(((h - 13) / 3.0) ** 2))
    )
    shape = (SITES, hours)
    price, solar, ai_revenue = np.empty(shape), np.empty(shape), np.empty(shape)
    common = np.array([_noise(rng, 0.93, hours) * 3.5 for _ in range(COUNTRIES)])
    for s in range(SITES):
        c = country[s]
        own = _noise(rng, 0.85, hours)
        level = base[c] + rng.normal(0, 5)
        p = level * (1 + 0.15 * season + daily * (1 + 0.5 * rng.random())) + common[c] + 3 * own
        spike = rng.random(hours) < 0.004
        p = p + spike * rng.uniform(80, 1200, hours)
        price[s] = np.round(p, 2)
        latitude = rng.uniform(0.7, 1.1)
        day = np.clip(np.sin(np.pi * (h - 6) / 12), 0, None) * (h >= 6) * (h <= 18)
        clear = rng.beta(4, 1.6, hours // 24 + 1).repeat(24)[:hours]
        clear = np.clip(clear + rng.normal(0, 0.05, hours), 0, 1)
        solar[s] = np.round(np.clip(day * latitude * (0.8 - 0.2 * season) * clear, 0, 1), 4)
        ai_shape = 1 + 0.12 * np.exp(-(((h - 15) / 5.0) ** 2)) + rng.normal(0, 0.04, hours)
        ai_revenue[s] = np.round(1120 * ai_shape * rng.uniform(0.9, 1.1), 2)
    largest_grid = rng.uniform(40, 200, SITES).round(1)
    largest_gpu = rng.uniform(1, 6, SITES).round(2)
    largest_solar = rng.uniform(0, 120, SITES).round(1)
    connection = rng.uniform(0.8, 1.6, SITES)
    prices = np.array([250e3 + 200e3, 1.05e6, 0.40e6, 26e6, 50e3, 60e3, 650e3])
    unit_price = np.tile(prices, (SITES, 1))
    unit_price[:, GRID] *= connection
    annual = unit_price * annuity(0.09, LIFE_YEARS.astype(float))[None, :]
    annual[:, GRID] += network[country]
    upper = np.tile(np.array([0.0, 300.0, 300.0, 0.0, 100.0, 600.0, 0.0]), (SITES, 1))
    upper[:, GRID], upper[:, GPU], upper[:, SOLAR] = largest_grid, largest_gpu, largest_solar
    first = slice(0, sites)
    caps = [0.6 * largest_grid[first][country[first] == c].sum() for c in range(COUNTRIES)]
    return Data(
        country=country[first],
        import_cost=(price + 8.0 + 20.0 * carbon[country][:, None])[first],
        export_price=(price - 3.0)[first],
        solar=solar[first],
        ai_revenue=ai_revenue[first],
        unit_price=unit_price[first],
        annual=annual[first] * (hours / HOURS),
        upper=upper[first],
        country_cap=np.array(caps),
        budget=BUDGET_PER_SITE * sites,
    )


@dataclass(slots=True)
class _Draft:
    """Columns and rows as they are written down, before they become arrays."""

    columns: list[Label] = field(default_factory=list)
    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[Label] = field(default_factory=list)
    start: list[int] = field(default_factory=lambda: [0])
    index: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    row_lower: list[float] = field(default_factory=list)
    row_upper: list[float] = field(default_factory=list)

    def column(self, label: Label, cost: float, upper: float, *, whole: bool = False) -> int:
        self.columns.append(label)
        self.cost.append(float(cost))
        self.upper.append(float(upper))
        self.whole.append(whole)
        return len(self.columns) - 1

    def row(
        self,
        label: Label,
        terms: list[tuple[int, float]],
        *,
        lower: float = -np.inf,
        upper: float = np.inf,
    ) -> None:
        self.rows.append(label)
        self.index.extend(column for column, _ in terms)
        self.value.extend(float(value) for _, value in terms)
        self.start.append(len(self.index))
        self.row_lower.append(float(lower))
        self.row_upper.append(float(upper))

    def problem(self, series: Floats, blocks: list[Block]) -> Problem:
        n = len(self.columns)
        return Problem(
            currency="USD",
            series=series,
            groups=np.zeros((0, series.shape[1]), dtype=np.int64),
            blocks=tuple(blocks),
            columns=tuple(self.columns),
            cost=np.array(self.cost),
            lower=np.zeros(n),
            upper=np.array(self.upper),
            whole=np.array(self.whole, dtype=np.bool_),
            rows=tuple(self.rows),
            row_start=np.array(self.start, dtype=np.int64),
            row_column=np.array(self.index, dtype=np.int64),
            row_value=np.array(self.value, dtype=np.float64),
            row_lower=np.array(self.row_lower),
            row_upper=np.array(self.row_upper),
        )


def _series(given: Data) -> Floats:
    """Stack the hourly rows: site i has rows i, N + i, 2 N + i and 3 N + i."""
    return np.concatenate(
        [given.import_cost, given.export_price, given.solar, given.ai_revenue]
    )


def _block(
    site: int,
    sites: int,
    phase: int,
    columns: Ints,
    *,
    weight: float = 1.0,
    yearly: bool = False,
) -> Block:
    """Return one site-year; with `yearly`, prices and revenues drift from phase to phase."""
    mining, ai, power = (0.95**phase, 0.93**phase, 1.02**phase) if yearly else (1.0, 1.0, 1.0)
    new, old = (revenue * mining / MINER_PUE for revenue in MINER_REVENUE)
    ai_value = Profile(row=3 * sites + site, scale=ai / AI_PUE)
    segments = (
        Segment(name="grid", source=True, capacity=GRID, value=Profile(row=site, scale=power)),
        Segment(name="solar", source=True, capacity=SOLAR, width=Profile(row=2 * sites + site)),
        Segment(
            name="export",
            capacity=GRID,
            width=Profile(scale=EXPORT_SHARE),
            value=Profile(row=sites + site, scale=power),
        ),
        Segment(
            name="mine:new",
            capacity=MINER_NEW,
            width=Profile(scale=MINER_PUE),
            value=Profile(scale=new),
        ),
        Segment(
            name="mine:old",
            capacity=MINER_OLD,
            width=Profile(scale=MINER_PUE),
            value=Profile(scale=old),
        ),
        Segment(
            name="ai:floor",
            capacity=GPU,
            width=Profile(scale=AI_PUE * SERVICE_FLOOR),
            value=ai_value,
            must_run=True,
        ),
        Segment(
            name="ai:free",
            capacity=GPU,
            width=Profile(scale=AI_PUE * (1 - SERVICE_FLOOR)),
            value=ai_value,
        ),
    )
    return Block(
        site=f"s{site:02}",
        phase=phase,
        weight=weight,
        capacities=CAPACITIES,
        columns=columns,
        segments=segments,
        storage=Storage(
            power=POWER,
            energy=ENERGY,
            charge_efficiency=EFFICIENCY,
            discharge_efficiency=EFFICIENCY,
        ),
    )


def _label(kind: str, site: int, asset: int, phase: int = -1) -> Label:
    return Label(
        kind=kind,
        subject=f"s{site:02}",
        phase=phase,
        asset=CAPACITIES[asset],
        unit=UNITS[asset],
    )


def b31(sites: int = SITES, *, hours: int = HOURS) -> Problem:
    """Return B31 with the first `sites` sites.

    Args:
        sites: Number of sites, 1 to 31.
        hours: Hours of the year. Fewer, with their share of the yearly costs, make a small
            problem for tests, which is not B31.
    """
    given = data(sites, hours=hours)
    draft, blocks = _Draft(), []
    for s in range(sites):
        columns = [
            draft.column(_label("capacity", s, k), given.annual[s, k], given.upper[s, k])
            for k in range(len(CAPACITIES))
        ]
        blocks.append(_block(s, sites, 0, np.array(columns, dtype=np.int64)))
    bought = [
        (int(c), float(p))
        for b, u in zip(blocks, given.unit_price, strict=True)
        for c, p in zip(b.columns, u, strict=True)
    ]
    draft.row(Label(kind="budget", unit="USD"), bought, upper=given.budget)
    _country_rows(draft, given, blocks, phase=-1)
    return draft.problem(_series(given), blocks)


def _country_rows(draft: _Draft, given: Data, blocks: list[Block], *, phase: int) -> None:
    for c in range(COUNTRIES):
        grids = [
            (int(block.columns[GRID]), 1.0)
            for block, country in zip(blocks, given.country, strict=True)
            if country == c
        ]
        if grids:
            label = Label(kind="country_cap", subject=f"c{c}", phase=phase, unit="MW")
            draft.row(label, grids, upper=given.country_cap[c])


def b31_phases(
    sites: int = SITES,
    phases: int = 5,
    *,
    binary: bool = False,
    openings: Openings = "per_phase",
    hours: int = HOURS,
) -> Problem:
    """Return B31 with build years: vintages live for their life, revenues fall, power rises.

    The annuity of a build is paid in each year it lives; a year counts 1.09 to the minus y.

    Args:
        sites: Number of sites, 1 to 31.
        phases: Number of build years.
        binary: Whether a site must be opened, at a fixed cost and with a smallest size.
        openings: One yes or no per site and phase, or one per site for all phases.
        hours: Hours of a year; fewer make a small problem for tests.
    """
    given = data(sites, hours=hours)
    draft = _Draft()
    discount = 1.09 ** -np.arange(phases, dtype=float)
    builds = np.empty((phases, sites, len(CAPACITIES)), dtype=np.int64)
    for y, s, k in np.ndindex(builds.shape):
        cost = given.annual[s, k] * discount[y : y + LIFE_YEARS[k]].sum()
        builds[y, s, k] = draft.column(_label("build", s, k, y), cost, given.upper[s, k])
    capacities = np.empty_like(builds)
    for y, s, k in np.ndindex(builds.shape):
        capacities[y, s, k] = draft.column(_label("capacity", s, k, y), 0.0, given.upper[s, k])
    blocks: list[Block] = []
    for y in range(phases):
        for s, k in np.ndindex(builds.shape[1:]):
            alive = [
                (int(builds[q, s, k]), -1.0) for q in range(y + 1) if q + LIFE_YEARS[k] > y
            ]
            terms = [(int(capacities[y, s, k]), 1.0), *alive]
            draft.row(_label("alive", s, k, y), terms, lower=0.0, upper=0.0)
        bought = [
            (int(builds[y, s, k]), given.unit_price[s, k])
            for s, k in np.ndindex(builds.shape[1:])
        ]
        label = Label(kind="budget", phase=y, unit="USD")
        draft.row(label, bought, upper=given.budget * 1.5 / phases)
        year = [
            _block(s, sites, y, capacities[y, s], weight=float(discount[y]), yearly=True)
            for s in range(sites)
        ]
        _country_rows(draft, given, year, phase=y)
        blocks.extend(year)
    if binary:
        for s in range(sites):
            _opening(
                draft, s, capacities[:, s], given.upper[s], discount=discount, openings=openings
            )
    return draft.problem(_series(given), blocks)


def _opening(
    draft: _Draft,
    site: int,
    capacities: Ints,
    upper: Floats,
    *,
    discount: Floats,
    openings: Openings,
) -> None:
    """Let a site have anything only once it is open, and then a grid of at least 25 MW."""
    name, phases = f"s{site:02}", len(capacities)
    opens = [
        draft.column(
            Label(kind="open", subject=name, phase=y, unit="1"),
            OPENING_COST * discount[y],
            1.0,
            whole=True,
        )
        for y in range(phases if openings == "per_phase" else 1)
    ]
    if len(opens) > 1:
        draft.row(Label(kind="open_once", subject=name), [(z, 1.0) for z in opens], upper=1.0)
    for y in range(phases):
        for k, largest in enumerate(upper):
            terms = [(int(capacities[y, k]), 1.0), *((z, -largest) for z in opens[: y + 1])]
            draft.row(_label("open_first", site, k, y), terms, upper=0.0)
    terms = [(int(capacities[-1, GRID]), 1.0), *((z, -SMALLEST_OPEN_MW) for z in opens)]
    draft.row(Label(kind="smallest", subject=name, unit="MW"), terms, lower=0.0)
