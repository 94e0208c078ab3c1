# SPDX-License-Identifier: Apache-2.0
"""How far the fast valuation is from hours dispatched anew, measured on the plan at hand."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.outlook import outlook_in
from loadstone.engines.plan.lower.economy import Economy
from loadstone.engines.value.futures.book import NONE, Book, Terms
from loadstone.engines.value.futures.fleets import phase_of_months
from loadstone.engines.value.futures.many import Source, Valuer
from loadstone.engines.value.futures.opening import Case, Middle, open_book
from loadstone.engines.value.futures.redispatch import Redispatch, SiteTimeKey
from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.finance.terms import MONTHS
from loadstone.model.futures.paths import Paths
from loadstone.model.futures.risk import FastError
from loadstone.model.network import Network, Outlook
from loadstone.model.plan import SiteYear, phase_name

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Changes = dict[SiteTimeKey, float]

LEAST_SAMPLES = 240
LEAST_FUTURES = 8
MOST_FUTURES = LEAST_SAMPLES
KINDS: tuple[tuple[str, str], ...] = (
    ("batteries", "battery"),
    ("power contracts", "ppa"),
    ("curtailment and reserves", "flexibility"),
    ("AI servers", "server:"),
    ("miners alone", ""),
)


class Fast:
    """What the fast valuation says of site-years under an outlook.

    The planner lets the price of AI under contract follow the outlook, which contracts do not:
    so it is here, too, where the two are compared.
    """

    def __init__(self, case: Case, middle: Middle) -> None:
        """Open a book of operating cash by site and phase.

        Args:
            case: The base case.
            middle: What futures move.
        """
        self.case, self.middle, self.network = case, middle, case.network
        book = open_book(_contracts_follow(case), middle, by_site=True)
        phase = phase_of_months(case.network, case.table.months)
        self.book = operating_only(book, np.maximum(phase, 0))
        self.valuer = Valuer(self.book)
        timeline = Timeline.of(case.network)
        terms, reporting = case.network.deals.cash, case.table.currency
        self.growth = (1 + terms.inflation_of(reporting, reporting)) ** timeline.elapsed
        self.years = np.array(
            [self.growth[phase == p].sum() / MONTHS for p in range(self.book.years)]
        )
        self.phase = phase
        self.before = self._margins(middle.nominal[:, None, :])

    def _margins(self, values: Floats) -> Floats:
        """Return nominal margins by future, unit and phase, over nominal years of one."""
        count = values.shape[1]
        happens = np.array(
            [[0.0 if name.startswith("delay:") else np.inf] for name in self.book.events]
        ).reshape(-1, 1) * np.ones(count)
        weather = np.zeros((count, self.book.years), dtype=np.int64)
        found = self.valuer.value(np.ascontiguousarray(values), happens, weather)
        return np.asarray(found.cash / self.years)

    def changes(self, outlook: Outlook, wanted: Sequence[SiteTimeKey]) -> Changes:
        """Return how margins of site-years change under an outlook, real, a year."""
        values = self.middle.nominal.copy()
        for k, name in enumerate(self.middle.factors):
            values[k] *= self._ratio(name, outlook)
        more = (self._margins(values[:, None, :]) - self.before)[0]
        by_site: dict[str, Floats] = {}
        for unit, row in zip(self.book.units, more, strict=True):
            by_site[unit.site] = by_site.get(unit.site, np.zeros(len(row))) + row
        none = np.zeros(self.book.years)
        return {key: float(by_site.get(key[0], none)[key[1]]) for key in wanted}

    def corrected(self, book: Book, missed: Changes) -> Book:
        """Return a book by site that also has what the fast valuation misses.

        Args:
            book: With every site as units of its own.
            missed: Real, a year, by site and phase.
        """
        rows: dict[int, Floats] = {}
        for (site, phase), amount in missed.items():
            unit = next((u for u, one in enumerate(book.units) if one.site == site), None)
            if unit is not None:
                monthly = np.where(self.phase == phase, amount * self.growth / MONTHS, 0.0)
                rows[unit] = rows.get(unit, np.zeros(book.months)) + monthly
        terms, count = book.terms, len(rows)

        def more(values: Ints, added: Sequence[int] | int) -> Ints:
            return np.concatenate([values, np.full(count, added, dtype=np.int64)])

        return replace(
            book,
            terms=Terms(
                unit=more(terms.unit, list(rows)),
                factor=more(terms.factor, NONE),
                currency=more(terms.currency, NONE),
                delay=more(terms.delay, NONE),
                ends=more(terms.ends, NONE),
                again=more(terms.again, NONE),
                operating=more(terms.operating, 1),
                stops=more(terms.stops, 0),
                amount=np.concatenate(
                    [terms.amount, np.array(list(rows.values())).reshape(-1, book.months)]
                ),
            ),
        )

    def _ratio(self, name: str, outlook: Outlook) -> Floats:
        """Return a factor under an outlook over that of the plan, by month. Shape (M,)."""
        kind, _, part = name.partition(":")
        before, count = self.network.study.outlook, self.book.years
        part = part or next(iter(_parts(self.network).get(kind, ())), "")
        if kind == "hashprice":
            there = replace(self.network, study=replace(self.network.study, outlook=outlook))
            pairs = [
                (Economy(there).hashprice(p), Economy(self.network).hashprice(p))
                for p in range(count)
            ]
        elif kind == "ai":
            pairs = [
                (outlook.ai_factor(part, p), before.ai_factor(part, p)) for p in range(count)
            ]
        elif kind == "power":
            pairs = [
                (outlook.power_factor(part, p), before.power_factor(part, p))
                for p in range(count)
            ]
        else:
            return np.ones(self.case.table.months)
        ratio = np.array([now / then if then else 1.0 for now, then in pairs])
        return np.asarray(ratio[np.maximum(self.phase, 0)])


def _contracts_follow(case: Case) -> Case:
    """Return a case in which AI under contract is paid what the outlook says."""
    servers = case.network.facts.servers
    rows = tuple(
        replace(row, driver=f"ai:{servers[row.line.removeprefix('ai:')].generation}")
        if row.group == "revenue" and row.line.startswith("ai:")
        else row
        for row in case.table.rows
    )
    return replace(case, table=replace(case.table, rows=rows))


def operating_only(book: Book, period: NDArray[np.int64]) -> Book:
    """Return a book of operating cash alone, untaxed, summed by periods instead of years."""
    terms, units = book.terms, len(book.units)
    kept = terms.operating.astype(bool)
    names = ("unit", "factor", "currency", "delay", "ends", "again", "operating", "stops")
    chosen = {name: getattr(terms, name)[kept] for name in (*names, "amount")}
    count = int(period.max()) + 1
    taxes = book.taxes
    nothing = np.zeros((0, count))
    return replace(
        book,
        year=period,
        terms=replace(terms, **chosen),
        pool=np.full(units, NONE),
        taxes=replace(
            taxes,
            profit=nothing,
            rate=np.zeros(0),
            loss_limit=np.zeros(0),
            loss_years=np.zeros(0, dtype=np.int64),
            paid=np.zeros((0, count), dtype=np.int64),
            per=nothing,
            per_paid=nothing,
            earned=np.zeros((units, count)),
        ),
        loans=replace(
            book.loans,
            units=np.zeros((0, units)),
            cash=nothing,
            service=nothing,
            due=nothing,
            covenant=np.zeros(0),
        ),
    )


def sampled(
    case: Case, middle: Middle, source: Source, count: int, seed: int
) -> Iterator[tuple[Outlook, list[SiteTimeKey]]]:
    """Yield futures as outlooks, each with some of the plan's site-years, drawn by lot.

    Args:
        case: The base case.
        middle: What futures move.
        source: Draws futures.
        count: How many futures there are.
        seed: Of the lots.
    """
    network = case.network
    index = {phase.at: p for p, phase in enumerate(network.study.phases)}
    by_site: dict[str, list[SiteTimeKey]] = {}
    for year in case.plan.site_years:
        by_site.setdefault(year.site, []).append((year.site, index[year.phase]))
    every = sum(len(keys) for keys in by_site.values())
    futures = min(count, MOST_FUTURES, max(LEAST_FUTURES, -(-LEAST_SAMPLES // every)))
    lots = np.random.default_rng(seed)
    chosen = np.sort(lots.choice(count, futures, replace=False))
    quota = -(-LEAST_SAMPLES // futures)
    for future in chosen.tolist():
        room = source.room(1)
        source.into(*room, future)
        paths = _named(Paths(
            first=case.table.first, factors=middle.factors, values=room[0],
            events=middle.events, happens=room[1], weather=room[2], weight=np.ones(1),
            seed=None, start=future,
        ), network)  # fmt: skip
        outlook = outlook_in(paths, 0, network)
        wanted: list[SiteTimeKey] = []
        for site in lots.permutation(sorted(by_site)).tolist():
            if len(wanted) < quota:
                wanted += by_site[site]
        yield outlook, wanted


def _named(paths: Paths, network: Network) -> Paths:
    """Return futures whose factors of all zones or generations are told one by one."""
    factors, rows = [], []
    each = _parts(network)
    for name, row in zip(paths.factors, paths.values, strict=True):
        told = [f"{name}:{part}" for part in each.get(name, ())] or [name]
        factors += told
        rows += [row] * len(told)
    return replace(paths, factors=tuple(factors), values=np.array(rows))


def _parts(network: Network) -> dict[str, list[str]]:
    """Return the zones of power prices and the generations of AI prices."""
    return {
        "power": sorted({site.zone for site in network.sites}),
        "ai": sorted({server.generation for server in network.facts.servers.values()}),
    }


def measured(
    case: Case,
    middle: Middle,
    again: Redispatch,
    source: Source,
    count: int,
    *,
    seed: int,
    executor: Executor | None = None,
) -> FastError:
    """Return how far the fast valuation is from exact dispatch, over site-years by lot.

    Args:
        case: The base case.
        middle: What futures move.
        again: Dispatches anew.
        source: Draws futures.
        count: How many futures there are.
        seed: Of the lots.
        executor: Runs sites side by side.
    """
    fast = Fast(case, middle)
    keys: list[SiteTimeKey] = []
    quick, exact, base = [], [], []
    for outlook, wanted in sampled(case, middle, source, count, seed):
        there = again.changes(outlook, wanted, executor)
        here = fast.changes(outlook, wanted)
        for key in wanted:
            keys.append(key)
            quick.append(here[key])
            exact.append(there[key])
            base.append(again.before[key])
    return _told(case, keys, *(np.array(one) for one in (quick, exact, base)))


def _told(
    case: Case, keys: Sequence[SiteTimeKey], quick: Floats, exact: Floats, base: Floats
) -> FastError:
    size = max(float(np.abs(base + exact).mean()), 1e-9)
    off = (quick - exact) / size
    worst = int(np.argmax(np.abs(off)))
    moved = quick.std() > 0 and exact.std() > 0
    site, phase = keys[worst]
    at = case.network.study.phases[phase].at
    name = next(one.name for one in case.network.sites if one.id == site)
    return FastError(
        samples=len(keys),
        bias=float(off.mean()),
        mean=float(np.abs(off).mean()),
        worst=float(np.abs(off[worst])),
        correlation=float(np.corrcoef(quick, exact)[0, 1]) if moved else 1.0,
        worst_at=f"{name} in {phase_name(at)}",
        text=_why(case, keys, np.abs(off)),
    )


def _why(case: Case, keys: Sequence[SiteTimeKey], off: Floats) -> str:
    """Return where the difference comes from, in a sentence."""
    kinds = _kinds(case)
    found: dict[str, list[float]] = {}
    for key, one in zip(keys, off.tolist(), strict=True):
        found.setdefault(kinds[key], []).append(one)
    parts = [
        f"{np.mean(found[name]):.1%} at sites with {name}"
        if name != KINDS[-1][0]
        else f"{np.mean(found[name]):.1%} where miners stand alone"
        for name, _ in KINDS
        if name in found
    ]
    return (
        "Mean difference over the mean margin: "
        + ", ".join(parts)
        + ". The fast form keeps the hours of batteries, of power under contract and of "
        "curtailment, lets AI run whatever it earns, and knows no floors; booked demand is "
        "held in both."
    )


def _kinds(case: Case) -> Mapping[SiteTimeKey, str]:
    """Return what each site-year has that the fast form keeps, the first of `KINDS`."""
    index = {phase.at: p for p, phase in enumerate(case.network.study.phases)}
    return {(year.site, index[year.phase]): _kind(year) for year in case.plan.site_years}


def _kind(year: SiteYear) -> str:
    for name, start in KINDS[:-1]:
        if start == "ppa":
            there = year.energy_mwh.get("ppa", 0.0) + year.energy_mwh.get("own", 0.0) > 0
        elif start == "flexibility":
            paid = (year.revenue.get("curtailment", 0.0), year.revenue.get("reserve", 0.0))
            there = sum(paid) > 0
        else:
            there = any(asset.startswith(start) for asset in year.capacities)
        if there:
            return name
    return KINDS[-1][0]
