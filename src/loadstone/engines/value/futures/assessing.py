# SPDX-License-Identifier: Apache-2.0
"""Risk: a plan over many futures, told in numbers."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.returns import REASONS
from loadstone.engines.outlook import prepare, stated
from loadstone.engines.value.base_case import BaseCase
from loadstone.engines.value.futures.book import Book
from loadstone.engines.value.futures.case import case_of, curves_of, settled_book, sold_mw
from loadstone.engines.value.futures.drivers import drivers_of
from loadstone.engines.value.futures.exactness import measured
from loadstone.engines.value.futures.investors import party_values
from loadstone.engines.value.futures.many import (
    Outcomes,
    Source,
    Stated,
    Valuer,
    value_many,
)
from loadstone.engines.value.futures.opening import Case, Middle
from loadstone.engines.value.futures.options import option_values
from loadstone.engines.value.futures.redispatch import Redispatch
from loadstone.engines.value.futures.spreads import fan_of, spread_of
from loadstone.engines.value.futures.stresses import stress_cases
from loadstone.engines.value.futures.unhedged import hedge_risk
from loadstone.engines.value.futures.weathered import Weathered, price_levels
from loadstone.engines.value.hedging import hedge_cash
from loadstone.engines.value.operating.timeline import Timeline
from loadstone.model.errors import InputError
from loadstone.model.finance.cash import CashTable
from loadstone.model.futures.named import NamedFuture
from loadstone.model.futures.risk import Fan, Risk, Spread
from loadstone.model.network import Network
from loadstone.model.plan import Plan, SiteDispatch

Floats = NDArray[np.float64]
Tell = Callable[[str], None]

NO_SERVICE = "no debt is served"
FANNED = ("hashprice", "ai", "power", "lease")
"""First words of factors whose fans are told."""
UNITS = {"hashprice": "USD/PH/day"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """Where futures come from.

    Attributes:
        source: Draws them, or has them as stated.
        middle: Their middle.
        count: How many.
        weight: Of each; None where all count alike. Shape (N,).
        text: Who says so.
        seed: What they are drawn with.
    """

    source: Source
    middle: Middle
    count: int
    weight: Floats | None
    text: str
    seed: int


def drawn(case: Case, count: int, seed: int) -> Drawn:
    """Return the futures of a network: drawn from parameters, or else those that are named.

    Raises:
        InputError: The network states none.
    """
    network, table = case.network, case.table
    futures = network.futures
    if futures is None:
        raise InputError("--futures", count, "needs a futures.toml")
    vacant = None if futures.default is None else round(futures.default.vacant_months)
    if not futures.drawable:
        paths = stated(futures, network, months=table.months, first=table.first)
        outlook = NamedFuture(name="outlook", weight=1.0, source=futures.source)
        calm = replace(futures, named=(outlook,))
        still = stated(calm, network, months=table.months, first=table.first)
        middle = Middle(
            factors=paths.factors,
            nominal=np.array([still.factor(name)[0] for name in paths.factors]),
            events=paths.events,
            vacant=vacant,
        )
        return Drawn(
            source=Stated(paths),
            middle=middle,
            count=paths.count,
            weight=paths.weight,
            text=futures.source,
            seed=seed,
        )
    own = own_hashrate(case.plan, network, table.months)
    drawing = prepare(
        futures, network, months=table.months, first=table.first, seed=seed, own_eh=own
    )
    middle = Middle(
        factors=drawing.factors, nominal=drawing.nominal, events=drawing.events, vacant=vacant
    )
    return Drawn(
        source=drawing,
        middle=middle,
        count=count,
        weight=None,
        text=futures.source,
        seed=seed,
    )


def in_weather(futures: Drawn, case: Case, weather: Sequence[Network]) -> Drawn:
    """Return futures whose power prices also have the level of their weather years."""
    table, names = case.table, futures.middle.factors
    levels = price_levels(names, weather)
    if not levels:
        return futures
    months = [table.month(m) for m in range(table.months)]
    source = Weathered(
        source=futures.source,
        levels=levels,
        year=table.year_of_month,
        month=np.array([day.month - 1 for day in months]),
    )
    return replace(futures, source=source)


def own_hashrate(plan: Plan, network: Network, months: int) -> Floats:
    """Return the hashrate of the plan's own miners by month, EH/s. Shape (M,)."""
    timeline, found = Timeline.of(network), np.zeros(months)
    index = {phase.at: p for p, phase in enumerate(network.study.phases)}
    miners = network.facts.miners
    for year in plan.site_years:
        eh = sum(
            mw / miners[asset.split(":")[1]].j_per_th
            for asset, mw in year.capacities.items()
            if asset.startswith("miner:")
        )
        found += eh * timeline.spread(index[year.phase], np.ones(12))
    return found


def assess(
    base: BaseCase,
    plan: Plan,
    dispatch: Sequence[SiteDispatch],
    network: Network,
    *,
    columns: Floats,
    weather: Sequence[Network] = (),
    count: int,
    seed: int,
    clock: Callable[[], float],
    executor: Executor | None = None,
    workers: int = 1,
    tell: Tell = lambda _: None,
) -> Risk:
    """Return what a plan is worth over futures.

    Args:
        base: The base case.
        plan: The plan.
        dispatch: Its hours.
        network: The network.
        columns: The plan's columns in the problem of the network. Shape (C,).
        weather: The network in the prices of each weather year, the plan's first.
        count: How many futures are drawn.
        seed: What they are drawn with.
        clock: Wall time, seconds.
        executor: Runs workers side by side.
        workers: How many.
        tell: Told what is done.

    Raises:
        InputError: The network states no futures.
    """
    tell("laying out what futures move")
    case = case_of(base, plan, network, curves_of(base.times))
    futures = in_weather(drawn(case, count, seed), case, weather)
    middle = futures.middle
    book = settled_book(case, middle, base)
    hedge = None
    if base.hedges:

        def hedge(values: Floats) -> Floats:
            return hedge_cash(base.hedges, middle.factors, values, middle.nominal)

    tell(f"valuing {futures.count:,} futures")
    started = clock()
    found = value_many(
        Valuer(book),
        futures.source,
        futures.count,
        hedge=hedge,
        executor=executor,
        workers=workers,
        tell=lambda done: tell(f"valued {done:,} of {futures.count:,} futures"),
    )
    seconds = clock() - started
    tell("dispatching hours anew")
    again = Redispatch(network, plan, columns)
    stresses = stress_cases(base, case, again, executor)
    error = measured(
        case, middle, again, futures.source, futures.count, seed=seed, executor=executor
    )
    tell("finding what explains the spread")
    risk = _told(base, case, futures, book, found)
    options = option_values(
        base, case, middle, futures.source, futures.count, book=book, times=base.times
    )
    return replace(risk, seconds=seconds, stresses=stresses, error=error, options=options)


def _told(base: BaseCase, case: Case, futures: Drawn, book: Book, found: Outcomes) -> Risk:
    weight = futures.weight if futures.weight is not None else np.ones(len(found.npv))
    first = weight[: len(found.units)]
    drivers, explained = drivers_of(found.npv[: len(first)], _columns(book, found))
    table = case.table
    return Risk(
        futures=found.count,
        seed=futures.seed,
        seconds=0.0,
        spreads=tuple(_spreads(base, case, book, found, weight)),
        loss=float((found.npv < 0) @ weight / weight.sum())
        if futures.weight is not None
        else found.means["npv below 0"],
        breach=float(found.breach @ weight / weight.sum()) if len(case.scopes) else None,
        fans=tuple(_fans(book, found, weight, table)),
        drivers=drivers,
        hedging=hedge_risk(
            base.hedges,
            found.equity,
            source=futures.source,
            middle=futures.middle,
            discount=book.discount,
            weight=weight,
            every=-(-found.count // len(found.npv)),
        ),
        network_share=_network_share(case, book, found, first),
        ai_share=_ai_share(case.plan, case.network),
        source=f"{futures.text}. Factors explain {explained:.0%} of the variance of value in a "
        "regression on their discounted means and squares; the rest is their path in time "
        "and how they act together.",
    )


def _spreads(
    base: BaseCase, case: Case, book: Book, found: Outcomes, weight: Floats
) -> Iterator[Spread]:
    currency = case.table.currency
    for name, values, every in (
        ("npv", found.npv, found.means["npv"]),
        ("equity_npv", found.equity, found.means["equity"]),
    ):
        spread = spread_of(name, currency, values, weight)
        # of more futures than are kept, the mean is of all
        yield replace(spread, mean=every) if len(values) < found.count else spread
    counts = Counter(found.irr_codes.tolist())
    why = [REASONS[code] for code, _ in counts.most_common() if REASONS[code].value]
    yield spread_of("equity_irr", "1", found.irr, weight, why[0].value if why else "")
    if len(case.scopes):
        cover = np.where(np.isfinite(found.dscr), found.dscr, np.nan)
        yield spread_of("dscr_min", "", cover, weight, NO_SERVICE)
    yield spread_of("peak_equity", currency, found.peak, weight)
    if case.network.deals.deals:
        first = weight[: len(found.units)]
        still = _base_units(book)
        kept = found.count == len(found.npv)  # else owners are of other futures
        owners = found.owners[: len(first)] if kept else None
        for party, value in party_values(book, case, found.units, still, owners).items():
            yield spread_of(f"investor:{party}:npv", currency, value, first)


def _base_units(book: Book) -> Floats:
    """Return the cash of the project by unit and year in the base case. Shape (U, Y)."""
    shape = (book.base.shape[0], 1, book.months)
    happens = np.array(
        [[0.0 if name.startswith("delay:") else np.inf] for name in book.events]
    ).reshape(-1, 1)
    found = Valuer(book).value(
        book.base.reshape(shape), happens, np.zeros((1, book.years), dtype=np.int64)
    )
    return np.asarray(found.cash[0])


def _fans(book: Book, found: Outcomes, weight: Floats, table: CashTable) -> Iterator[Fan]:
    times, currency = tuple(float(year) for year in table.years), table.currency
    base = table.by_year(table.total())
    first = weight[: len(found.factors)]
    yield fan_of("cash", currency, times, values=found.owners, weight=weight, base=base)
    starts = np.searchsorted(book.year, np.arange(book.years))
    months = np.diff(starts, append=book.months)
    for k, name in enumerate(book.factors):
        kind = name.partition(":")[0]
        if kind in FANNED:
            middle = np.add.reduceat(book.base[k], starts) / months
            unit = UNITS.get(kind, "1")
            yield fan_of(
                name, unit, times, values=found.factors[:, k], weight=first, base=middle
            )


def _columns(book: Book, found: Outcomes) -> dict[str, Floats]:
    """Return one number a future by factor and event that the plan's cash knows.

    Of a factor its discounted mean, of a delay its years, of other events the months left.
    """
    starts = np.searchsorted(book.year, np.arange(book.years))
    worth = np.add.reduceat(book.discount, starts)
    worth /= worth.sum()
    terms, fleets = book.terms, book.fleets
    used = {book.hashprice, *fleets.power.tolist(), *fleets.currency.tolist()}
    used |= {*terms.factor.tolist(), *terms.currency.tolist()}
    columns = {
        name: np.log(np.maximum(found.factors[:, k] @ worth, 1e-12))
        for k, name in enumerate(book.factors)
        if k in used
    }
    for j, name in enumerate(book.events):
        if name.startswith("delay:") and j not in book.delays:
            continue
        when = found.happens[:, j]
        late = name.startswith("delay:")
        columns[name] = when if late else np.maximum(book.months - when, 0.0)
    return columns


def _network_share(
    case: Case, book: Book, found: Outcomes, weight: Floats
) -> tuple[float, float]:
    """Return own hashrate over the network's, largest of all years: mean and most."""
    own = own_hashrate(case.plan, case.network, book.months)
    starts = np.searchsorted(book.year, np.arange(book.years))
    yearly = np.add.reduceat(own, starts) / np.diff(starts, append=book.months)
    if "network_eh" in book.factors:
        network = found.factors[:, book.factors.index("network_eh")]
    else:
        outlook = case.network.study.outlook.network_eh
        network = np.full((len(weight), book.years), min(outlook))
    share = (yearly / network).max(axis=1)
    return float(share @ weight / weight.sum()), float(share.max(initial=0.0))


def _ai_share(plan: Plan, network: Network) -> dict[str, float]:
    """Return own AI power over what a region can sell, largest of all phases, by region."""
    found: dict[str, float] = {}
    for demand in network.study.ai_demand:
        for p, phase in enumerate(network.study.phases):
            own = sold_mw(plan, network, demand, phase)
            if demand.max_mw[p] > 0:
                name = ", ".join((*demand.countries, demand.generation)).removesuffix(", ")
                found[name] = max(found.get(name, 0.0), own / demand.max_mw[p])
    return found
