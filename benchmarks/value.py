# SPDX-License-Identifier: Apache-2.0
"""Value a fixed plan over futures in a process of its own and print what it took, as JSON.

    python -m benchmarks.value three 100000 --plain 500
    python -m benchmarks.value full 100000

An invented plan of 31 sites in five countries over 240 months: miners whose idling follows a
curve a site and month, AI that sells by the hour, its power, fixed costs, tax with losses
carried forward and debt service. three: hashprice, AI prices and the level of power, sites
pre-summed by country. full: all factors and events of the starter network brics, with 31
fleets of their own zones. Times count the drawing of the futures. --plain values so many
futures in clear numpy, drawn in numpy, site by site and month by month, on one core, for
the ratio and the largest difference.
"""

import argparse
import json
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from benchmarks.futures import FIRST, MONTHS, drawing

from loadstone.engines.finance.losses import TaxRules, tax_by_year
from loadstone.engines.outlook import Drawing, draw_plainly
from loadstone.engines.value.futures.book import NONE, Book, Fleets, Loans, Taxes, Terms, Unit
from loadstone.engines.value.futures.many import Valuer, value_many

SITES, COUNTRIES, KNOTS, STEP, YEARS = 31, 5, 385, 0.5, MONTHS // 12
RATE = 0.10


class Plan:
    """An invented plan of 31 sites: what each earns and pays. Money is USD a month."""

    def __init__(self, seed: int = 31) -> None:
        random = np.random.default_rng(seed)
        at = np.arange(KNOTS) * STEP
        self.country = np.arange(SITES) % COUNTRIES
        cost = random.uniform(20, 60, (SITES, 12, 2, 1)) * (
            1 + 0.4 * random.standard_normal((SITES, 12, 2, 730))
        )
        earns = np.array([2.6, 1.9])  # USD/MWh for each USD/PH/day: 16 and 22 J/TH
        mw = random.uniform(5, 60, (SITES, 2))
        self.curve = np.zeros((SITES, 12, KNOTS))
        for s in range(SITES):
            for month in range(12):
                for k in range(2):
                    margin = at[:, None] * earns[k] - cost[s, month, k]
                    self.curve[s, month] += mw[s, k] * np.maximum(margin, 0).sum(axis=1)
        grows = random.uniform(0.5, 1.5, (SITES, 1)) * np.ones(MONTHS)
        self.ai = 1.2e6 * grows
        self.power = -2e5 * grows
        self.fixed = -1.5e5 * grows
        self.capex = np.zeros((SITES, MONTHS))
        self.capex[:, 0] = -2e7 * random.uniform(0.5, 1.5, SITES)
        self.capex[:, 48::48] = -6e6
        self.profit = random.uniform(1e7, 4e7, (COUNTRIES, YEARS))


def book(plan: Plan, made: Drawing, *, by_site: bool) -> Book:
    """Return the plan as a book: a unit a country, fleets by country or by site."""
    names = list(made.factors)
    group = np.arange(SITES) if by_site else plan.country
    count = int(group.max()) + 1

    def summed(rows: np.ndarray) -> np.ndarray:
        total = np.zeros((count, *rows.shape[1:]))
        np.add.at(total, group, rows)
        return total

    zones = [k for k, name in enumerate(names) if name.startswith("power")]
    ai = [k for k, name in enumerate(names) if name.startswith("ai")]
    power = np.array([zones[g % len(zones)] for g in range(count)])
    selling = np.array([ai[g % len(ai)] for g in range(count)])
    unit = np.array([plan.country[g] if by_site else g for g in range(count)])
    none = np.full(count, NONE)
    late = [j for j, name in enumerate(made.events) if name.startswith("delay:")]
    late = late[:10] if by_site else []
    delay = np.array([g if g < len(late) else NONE for g in range(count)])
    kinds = [
        (selling, 1, summed(plan.ai) / made.nominal[selling]),
        (power, 1, summed(plan.power) / made.nominal[power]),
        (none, 1, summed(plan.fixed)),
        (none, 0, summed(plan.capex)),
    ]
    middle = made.nominal[names.index("hashprice")]
    price = 45.0 / middle
    months = np.arange(MONTHS)
    row = np.array([12 * g + months % 12 for g in range(count)])
    bans = [j for j, name in enumerate(made.events) if name.startswith("mining_ban:")]
    return Book(
        first=FIRST, months=MONTHS, factors=made.factors, events=made.events,
        units=tuple(Unit(country=str(c)) for c in range(COUNTRIES)),
        pool=np.arange(COUNTRIES), hashprice=names.index("hashprice"), year=months // 12,
        delays=np.array(late, dtype=np.int64), starts=np.full(len(late), 12),
        losses=np.full(COUNTRIES, NONE), vacant=MONTHS, retire=np.zeros(COUNTRIES, dtype=int),
        discount=(1 + RATE) ** (-months / 12), fixed=np.full(MONTHS, -1e6), base=made.nominal,
        unlevered=0.0,
        terms=Terms(
            unit=np.tile(unit, 4), factor=np.concatenate([kind[0] for kind in kinds]),
            currency=np.tile(none, 4), delay=np.concatenate([delay, delay, delay, none]),
            ends=np.tile(none, 4), again=np.tile(none, 4),
            operating=np.repeat([kind[1] for kind in kinds], count),
            stops=np.zeros(4 * count, dtype=int),
            amount=np.concatenate([kind[2] for kind in kinds]),
        ),
        fleets=Fleets(
            unit=unit, power=power, currency=none, share=np.ones(count), delay=delay,
            ban=np.array([bans[g % len(bans)] if bans else NONE for g in range(count)]),
            nominal=made.nominal[power], row=row, scale=np.ones((count, MONTHS)),
            rest=np.zeros((count, MONTHS)), curve=summed(plan.curve).reshape(-1, KNOTS),
            weathers=1, step=STEP, price=price,
        ),
        taxes=Taxes(
            profit=plan.profit, rate=np.full(COUNTRIES, 0.25), loss_limit=np.ones(COUNTRIES),
            loss_years=np.full(COUNTRIES, 10),
            paid=np.tile(12 * np.arange(YEARS) + 11, (COUNTRIES, 1)),
            per=np.ones((COUNTRIES, YEARS)), per_paid=np.ones((COUNTRIES, YEARS)),
            earned=plan.profit,
        ),
        loans=Loans(
            units=np.ones((1, COUNTRIES)), cash=np.full((1, YEARS), 4e8),
            service=np.full((1, YEARS), 2e8), due=np.ones((1, YEARS)), covenant=np.array([1.1]),
        ),
    )  # fmt: skip


def clearly(plan: Plan, made: Drawing, count: int) -> np.ndarray:
    """Return values of futures of three factors in clear numpy, site by site. Shape (N,)."""
    paths = draw_plainly(made, count)
    names = list(made.factors)
    middle = made.nominal
    hashprice = paths.values[names.index("hashprice")] * 45.0 / middle[names.index("hashprice")]
    power = paths.values[names.index("power")] / middle[names.index("power")]
    ai = paths.values[names.index("ai")] / middle[names.index("ai")]
    knots = np.arange(KNOTS) * STEP
    worth = (1 + RATE) ** (-np.arange(MONTHS) / 12)
    value = np.zeros(count)
    for c in range(COUNTRIES):
        cash = np.zeros((count, MONTHS))
        for s in np.flatnonzero(plan.country == c):
            cash += plan.ai[s] * ai + plan.power[s] * power + plan.fixed[s]
            for m in range(MONTHS):
                curve, at = plan.curve[s, m % 12], hashprice[:, m] / power[:, m]
                mined = np.interp(at, knots, curve)
                over = np.maximum(at - knots[-1], 0.0) / STEP  # beyond the last knot
                cash[:, m] += power[:, m] * (mined + over * (curve[-1] - curve[-2]))
        profit = cash.reshape(count, YEARS, 12).sum(axis=2)
        rules = TaxRules(rate=0.25, loss_limit=1.0, loss_years=10)
        tax = tax_by_year(profit, rules) - tax_by_year(plan.profit[c : c + 1], rules)
        cash[:, 11::12] -= tax
        cash += plan.capex[plan.country == c].sum(axis=0)
        value += cash @ worth
    return value


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("which", choices=["three", "full"])
    parser.add_argument("count", type=int)
    parser.add_argument("--plain", type=int, default=0)
    given = parser.parse_args()
    plan, made = Plan(), drawing(given.which)
    held = book(plan, made, by_site=given.which == "full")
    valuer, workers = Valuer(held), os.cpu_count() or 1
    value_many(valuer, made, 256)  # compiles
    with ThreadPoolExecutor(workers) as executor:
        wall, cpu = time.perf_counter(), time.process_time()
        found = value_many(valuer, made, given.count, executor=executor, workers=workers)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    row = {
        "which": given.which, "futures": given.count, "factors": len(made.factors),
        "events": len(made.events), "wall_s": wall, "cpu_s": cpu, "workers": workers,
        "load": os.getloadavg()[0], "mean": found.means["npv"],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip
    if given.plain:
        start = time.process_time()
        clear = clearly(plan, made, given.plain)
        took = (time.process_time() - start) * given.count / given.plain
        ours = found.npv[: given.plain]
        by_site = value_many(Valuer(book(plan, made, by_site=True)), made, given.plain).npv
        size = float(np.abs(clear).max())
        row |= {
            "plain_s": took, "ratio": took / wall, "ratio_cpu": took / cpu,
            "apart": float(np.abs(ours - clear).max()) / size,
            "apart_by_site": float(np.abs(by_site - clear).max()) / size,
        }  # fmt: skip
    json.dump(row, sys.stdout)


if __name__ == "__main__":
    main()
