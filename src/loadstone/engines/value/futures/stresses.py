# SPDX-License-Identifier: Apache-2.0
"""The base case where something named goes wrong."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loadstone.engines.finance.returns import irr_of_many
from loadstone.engines.plan.decide.stress import stressed
from loadstone.engines.value.base_case import BaseCase
from loadstone.engines.value.futures.book import Found
from loadstone.engines.value.futures.case import middle_paths, settled_book
from loadstone.engines.value.futures.exactness import Fast
from loadstone.engines.value.futures.fleets import planned_hashprice
from loadstone.engines.value.futures.many import Valuer
from loadstone.engines.value.futures.opening import Case, Middle
from loadstone.engines.value.futures.redispatch import Redispatch
from loadstone.engines.value.hedging import hedge_cash
from loadstone.model.finance.cash import OPERATING
from loadstone.model.futures.paths import Paths
from loadstone.model.futures.risk import StressCase
from loadstone.model.stress import Stress

Ints = NDArray[np.int64]

HASHPRICE, POWER_MORE, AI_LESS, LATE_YEARS = 15.0, 0.5, 0.6, 2.0


@dataclass(frozen=True, slots=True, eq=False)
class _Stress:
    """A case that goes wrong.

    Attributes:
        name: Its name.
        text: It, in a sentence.
        change: What it does to the middle.
        stress: The same for the planner, where hours can be dispatched anew.
    """

    name: str
    text: str
    change: Callable[[Paths], None]
    stress: Stress | None = None


def stress_cases(
    base: BaseCase,
    case: Case,
    again: Redispatch | None = None,
    executor: Executor | None = None,
) -> tuple[StressCase, ...]:
    """Return the named cases: the plan is held, debt is paid as sized.

    Where only prices change, every site-year is dispatched anew, and what the fast valuation
    misses is added month by month; the others are valued fast.

    Args:
        base: The base case.
        case: The same as a book needs it.
        again: Dispatches anew; None for never.
        executor: Runs sites side by side.
    """
    middle = everything_moves(case)
    book = settled_book(case, middle, base, by_site=True)
    before = Valuer(book).of(middle_paths(middle, case))
    fast = Fast(case, middle) if again else None
    found = []
    for stress in _stresses(case, middle, book.starts):
        paths = middle_paths(middle, case)
        stress.change(paths)
        hedge = hedge_cash(base.hedges, middle.factors, paths.values, middle.nominal)
        valuer, exact = Valuer(book), False
        if again is not None and fast is not None and stress.stress is not None:
            outlook = stressed(case.network, stress.stress).study.outlook
            wanted = sorted(again.before)
            there = again.changes(outlook, wanted, executor)
            here = fast.changes(outlook, wanted)
            missed = {key: there[key] - here[key] for key in wanted}
            valuer, exact = Valuer(fast.corrected(book, missed)), True
        found.append(_told(stress, valuer.of(paths, hedge), before, exact=exact))
    return tuple(found)


def _told(stress: _Stress, worth: Found, before: Found, *, exact: bool) -> StressCase:
    rate, cover = float(irr_of_many(worth.owners).rates[0]), float(worth.dscr[0])
    return StressCase(
        name=stress.name,
        text=stress.text,
        npv=float(worth.npv[0]),
        change=float(worth.npv[0] - before.npv[0]),
        equity_irr=rate if np.isfinite(rate) else None,
        dscr_min=cover if np.isfinite(cover) else None,
        exact=exact,
    )


def everything_moves(case: Case) -> Middle:
    """Return a middle in which all that a stress may touch moves, whatever futures state."""
    network, months = case.network, case.table.months
    price = planned_hashprice(network, case.curves, months)
    names = ("hashprice", "ai", "power", "lease")
    nominal = np.ones((len(names), months))
    if (price > 0).any():
        nominal[0] = np.where(price > 0, price, price[price > 0][0])
    codes = sorted({site.country for site in network.sites})
    events = (
        *(f"delay:{site.id}" for site in network.sites),
        *(f"mining_ban:{code}" for code in codes),
        *(f"default:{lease.id}" for lease in network.offers.leases),
    )
    futures = network.futures
    vacant = futures.default.vacant_months if futures and futures.default else None
    return Middle(
        factors=names,
        nominal=nominal,
        events=events,
        vacant=None if vacant is None else round(vacant),
    )


def _stresses(case: Case, middle: Middle, starts: Ints) -> Iterator[_Stress]:
    def flat(name: str, amount: float, *, times: bool) -> Callable[[Paths], None]:
        def change(paths: Paths) -> None:
            k = middle.factors.index(name)
            paths.values[k] = paths.values[k] * amount if times else amount

        return change

    def event(kind: str, number: float, name: str = "") -> Callable[[Paths], None]:
        def change(paths: Paths) -> None:
            for j, one in enumerate(middle.events):
                if one.startswith(f"{kind}:") and name in ("", one.partition(":")[2]):
                    paths.happens[j] = number

        return change

    yield _Stress(
        f"hashprice {HASHPRICE:g}",
        f"Hashprice is {HASHPRICE:g} USD/PH/day in every month.",
        flat("hashprice", HASHPRICE, times=False),
        Stress(name="", hashprice=HASHPRICE),
    )
    yield _Stress(
        f"power +{POWER_MORE:.0%}".replace("%", " %"),
        f"Energy costs {POWER_MORE:.0%} more; grid charges and levies stay.",
        flat("power", 1 + POWER_MORE, times=True),
        Stress(name="", power_price_factor=1 + POWER_MORE),
    )
    yield _Stress(
        f"AI price -{AI_LESS:.0%}".replace("%", " %"),
        f"AI by the hour sells {AI_LESS:.0%} lower; contracts and rents stay.",
        flat("ai", 1 - AI_LESS, times=True),
        Stress(name="", ai_price_factor=1 - AI_LESS),
    )
    if len(starts):
        yield _Stress(
            "connection two years late",
            "Every new connection comes two years late; what is bought is paid on its day.",
            event("delay", LATE_YEARS),
        )
    country = _largest(case)
    if country:
        month = int(np.argmax(case.table.total("revenue", country=country) > 0))
        name = case.network.facts.countries[country].name
        yield _Stress(
            "mining ban",
            f"Mining is forbidden in {name}, where it earns most, from its first month on.",
            event("mining_ban", float(month), country),
        )
    tenant = _tenant(case, middle)
    if tenant:
        name, month = tenant
        yield _Stress(
            "tenant default",
            f"The largest tenant ({name}) pays no more a year after its lease begins.",
            event("default", float(month), name),
        )


def _largest(case: Case) -> str:
    """Return the country in which mining earns most before tax."""
    sums: dict[str, float] = {}
    for row in case.table.select(*OPERATING):
        if row.driver == "mining":
            sums[row.country] = sums.get(row.country, 0.0) + float(row.amounts.sum())
    return max(sums, key=lambda code: sums[code]) if sums else ""


def _tenant(case: Case, middle: Middle) -> tuple[str, int] | None:
    """Return the lease that pays most, and the month a year after it begins to."""
    leases = [row for row in case.table.select("revenue") if row.line.startswith("lease:")]
    if not leases:
        return None
    row = max(leases, key=lambda one: float(one.amounts.sum()))
    begins = int(np.argmax(row.amounts > 0))
    return row.line.removeprefix("lease:"), min(begins + 12, case.table.months - 1)
